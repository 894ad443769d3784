"""What a network gives is looked at before anything is clamped: what is no image has no score."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import model_defs
from srbench.cases import Model
from srbench.errors import MismatchError
from srbench.quality.protocols import Image
from srbench.quality.upscale import runner_of, upscale
from tests.builders import make_model
from tests.command_line import Run
from tests.quality.test_evaluate import NETWORKS, evaluated, images_in, stored

LIKE = torch.empty(1, 3, 2, 2)
LOW: Image = np.random.default_rng(0).integers(0, 256, (6, 5, 3), np.uint8)


ZOO = make_model("imdn-rtc")
OWN = Model(architecture="Net", variant="net.py:Net", source="/nets/net.py")


def with_first(value: float) -> Callable[[nn.Module, object, Tensor], Tensor]:
    """A hook that gives an output whose first value is another one."""

    def hook(_module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
        changed = output.clone()
        changed.view(-1)[0] = value
        return changed

    return hook


@pytest.mark.parametrize("value", [torch.inf, -torch.inf, torch.nan], ids=str)
@pytest.mark.parametrize(("name", "bad"), [("imdn-rtc", 1), ("span", 1), ("ecbsr-m4c8", 3)])
def test_infinite_values_of_the_zoos_networks_are_no_image(name: str, bad: int, value: float) -> None:
    # A bad luma is bad in all three colours. 10x12 pixels of three channels are 360 values.
    network = model_defs.build(name, 2)
    network.register_forward_hook(with_first(value))
    with pytest.raises(MismatchError, match=f"^the output holds {bad} NaN or infinite values of 360$"):
        upscale(runner_of(network, ZOO), LOW, LIKE, 2)


@pytest.mark.parametrize("value", [torch.inf, -torch.inf, torch.nan], ids=str)
def test_infinite_values_of_a_network_of_ones_own_are_no_image(value: float) -> None:
    network = nn.Upsample(scale_factor=2)
    network.register_forward_hook(with_first(value))
    with pytest.raises(MismatchError, match="holds 1 NaN or infinite values of 360"):
        upscale(runner_of(network, OWN), LOW, LIKE, 2)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda image: (image,), "the output is a tuple, not a tensor"),
        (lambda image: (image * 255).long(), r"the output is torch\.int64, expected floats in \[0, 1\]"),
        (lambda image: image[..., 1:], "the output is 1x3x12x9, expected 1x3x12x10"),
    ],
    ids=["tuple", "integers", "size"],
)
def test_what_is_no_upscaled_image_is_named(made: Callable[[Tensor], object], said: str) -> None:
    network = nn.Upsample(scale_factor=2)
    network.register_forward_hook(lambda _module, _inputs, output: made(output))
    with pytest.raises(MismatchError, match=said):
        upscale(runner_of(network, OWN), LOW, LIKE, 2)


@pytest.mark.parametrize("own", [True, False])
def test_finite_values_beyond_the_range_are_black_and_white(own: bool) -> None:
    network = nn.Upsample(scale_factor=2) if own else model_defs.build("imdn-rtc", 2)
    network.register_forward_hook(lambda _module, _inputs, output: torch.full_like(output, 1e30))
    assert (upscale(runner_of(network, OWN if own else ZOO), LOW, LIKE, 2) == 255).all()
    network.register_forward_hook(lambda _module, _inputs, output: -output)
    assert (upscale(runner_of(network, OWN if own else ZOO), LOW, LIKE, 2) == 0).all()


BAD = """
class GivesInfinite(Tiny):
    def forward(self, x):
        return super().forward(x) + float("inf")
"""


def test_the_row_names_the_image_and_is_not_valid(run: Run, tmp_path: Path) -> None:
    images_in(tmp_path / "faces", "a")
    (tmp_path / "net.py").write_text(NETWORKS.read_text() + BAD)
    weights = model_defs.build("imdn-rtc", 2).state_dict()
    next(tensor for key, tensor in reversed(weights.items()) if key.endswith("bias")).fill_(torch.inf)
    torch.save(weights, tmp_path / "imdn-rtc_x2.pth")
    names = "net.py:GivesInfinite,net.py:GivesTuple,imdn-rtc"
    done = evaluated(
        run,
        "--models",
        names,
        "--data",
        ".",
        "--datasets",
        "faces",
        "--scale",
        "2",
        "--weights",
        "imdn-rtc=imdn-rtc_x2.pth",
    )
    assert done.code == 1
    said = {r["evaluation"]["model"]["architecture"]: (r["status"], r["reason"]) for r in stored()}
    # 48x40 pixels of three channels are 5,760 values.
    bad = ("MISMATCH", "a: the output holds 5760 NaN or infinite values of 5760")
    assert said == {
        "GivesInfinite": bad,
        "GivesTuple": ("MISMATCH", "a: the output is a tuple, not a tensor"),
        "IMDN": bad,
    }
