"""Every shape rule lays its result out in memory as torch does on a CPU: channels side by side stay so."""

from typing import Any

import pytest
import torch
from torch import Tensor

from srbench.measure.shapes import output_of
from tests.measure.test_shapes import ELEMENTWISE

aten = torch.ops.aten


def nhwc(*shape: int) -> Tensor:
    """Channels side by side, as a linear layer on the channels of a permuted image gives them."""
    n, c, h, w = shape
    return torch.rand(n, h, w, c).permute(0, 3, 1, 2)


WEIGHT = torch.rand(16, 16, 3, 3)
CONVOLVED = (None, (1, 1), (1, 1), (1, 1), False, (0, 0), 1)


@pytest.mark.parametrize(
    ("operator", "arguments"),
    [
        *(pytest.param(op, (nhwc(1, 16, 40, 40), *rest), id=str(op)) for op, rest in ELEMENTWISE),
        pytest.param(aten.convolution.default, (nhwc(1, 16, 40, 40), WEIGHT, *CONVOLVED), id="convolution"),
        pytest.param(aten.add.Tensor, (nhwc(1, 16, 8, 8), nhwc(1, 16, 8, 8)), id="sum"),
        pytest.param(aten.add.Tensor, (nhwc(1, 16, 8, 8), torch.rand(1, 16, 8, 8)), id="first one decides"),
        pytest.param(aten.add.Tensor, (torch.rand(1, 16, 8, 8), nhwc(1, 16, 8, 8)), id="first one decides, plain"),
        pytest.param(aten.mul.Tensor, (nhwc(1, 16, 8, 8), torch.rand(1, 16, 1, 1)), id="a weight for each channel"),
        pytest.param(aten.mul.Tensor, (torch.rand(1, 16, 1, 1), nhwc(1, 16, 8, 8)), id="the larger one decides"),
        pytest.param(aten.mul.Tensor, (nhwc(1, 16, 8, 8), 2.0), id="scaled"),
        pytest.param(aten.cat.default, ([nhwc(1, 16, 8, 8), nhwc(1, 4, 8, 8)], 1), id="joined"),
        pytest.param(aten.cat.default, ([nhwc(1, 16, 8, 8), torch.rand(1, 4, 8, 8)], 1), id="joined with a plain one"),
        pytest.param(aten.constant_pad_nd.default, (nhwc(1, 16, 8, 8), [1, 1, 1, 1]), id="padded"),
        pytest.param(aten.upsample_bilinear2d.default, (nhwc(1, 16, 8, 8), [20, 20], False), id="bilinear"),
        pytest.param(aten.upsample_nearest2d.default, (nhwc(1, 16, 8, 8), [20, 20]), id="nearest"),
        pytest.param(aten.pixel_shuffle.default, (nhwc(1, 16, 8, 8), 2), id="shuffled"),
        pytest.param(aten.max_pool2d_with_indices.default, (nhwc(1, 16, 8, 8), [2, 2], [2, 2]), id="pooled"),
    ],
)
def test_channels_side_by_side_stay_so_where_they_do_on_a_cpu(operator: Any, arguments: tuple[Any, ...]) -> None:
    there = first_of(operator(*arguments))
    here = first_of(output_of(operator, with_strides(arguments), {}))
    assert here.shape == there.shape
    assert here.stride() == there.stride()


def first_of(out: object) -> Tensor:
    found = out[0] if isinstance(out, tuple) else out
    assert isinstance(found, Tensor)
    return found


def with_strides(value: Any) -> Any:
    if isinstance(value, Tensor):
        return torch.empty_strided(value.shape, value.stride(), dtype=value.dtype, device="meta")
    return type(value)(with_strides(v) for v in value) if isinstance(value, list | tuple) else value
