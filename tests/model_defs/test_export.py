"""The networks outside plain float32 eager mode: exported graphs, bfloat16, channels-last memory."""

import pytest
import torch
from torch import Tensor, nn

from model_defs import DEFAULTS, build, form_of, get

SCALE = 2


@pytest.fixture(params=DEFAULTS)
def network(request: pytest.FixtureRequest) -> tuple[nn.Module, Tensor, Tensor]:
    """A default in deploy form, an input in its range, and its output."""
    torch.manual_seed(1)
    variant = get(request.param)
    model = build(variant, SCALE)
    assert form_of(model) == "deploy"
    x = torch.rand(1, variant.in_channels, 16, 17) * variant.value_range
    with torch.inference_mode():
        return model, x, model(x)


def largest_difference(one: Tensor, other: Tensor) -> float:
    return (one.float() - other.float()).abs().max().item()


def test_exported_graph_gives_the_same_output(network: tuple[nn.Module, Tensor, Tensor]) -> None:
    model, x, expected = network
    exported = torch.export.export(model, (x,)).module()
    with torch.inference_mode():
        assert largest_difference(exported(x), expected) <= 1e-6 * expected.abs().max().item()


def test_bfloat16_agrees_within_two_percent_of_the_range(network: tuple[nn.Module, Tensor, Tensor]) -> None:
    model, x, expected = network
    with torch.inference_mode():
        out = model.to(torch.bfloat16)(x.to(torch.bfloat16))
    assert out.dtype == torch.bfloat16
    assert largest_difference(out, expected) <= 0.02 * (expected.max() - expected.min()).item()


def test_channels_last_agrees(network: tuple[nn.Module, Tensor, Tensor]) -> None:
    model, x, expected = network
    with torch.inference_mode():
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # absent from torch's stubs
        out = model(x.contiguous(memory_format=torch.channels_last))
    assert largest_difference(out, expected) <= 1e-5 * expected.abs().max().item()
