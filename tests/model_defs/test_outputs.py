"""Each network computes what the official code computes."""

import pytest
import torch
from torch import Tensor, nn

from model_defs import build, form_of, get, load_checkpoint, to_deploy
from model_defs.rfdn import RFDN
from tests.shared_files import (
    CHECKPOINTS,
    FILLER,
    MORE_OUTPUTS,
    OUTPUTS,
    SHARED,
    checkpoint,
    expected_output,
    keyed,
    names_in,
    needs_shared,
    output_of,
    read_image,
)

#: Official outputs at keyed weights that belong to a variant: file -> (variant, scale).
#: "_train" files come from the training form in train() mode, the others from eval().
KEYED = {
    "bsrn_s_x4": ("bsrn-s", 4),
    "bsrn_x2": ("bsrn", 2),
    "bsrn_x4": ("bsrn", 4),
    "ecbsr_m10c32_y_x4_train": ("ecbsr-m10c32", 4),
    "ecbsr_m16c64_y_x4_train": ("ecbsr", 4),
    "ecbsr_m4c16_y_x4_train": ("ecbsr-m4c16", 4),
    "ecbsr_m4c8_y_x2_train": ("ecbsr-m4c8", 2),
    "imdn_rtc_x2": ("imdn-rtc", 2),
    "imdn_x2": ("imdn", 2),
    "imdn_x4": ("imdn", 4),
    "msrn_x2": ("msrn", 2),
    "msrn_x4": ("msrn", 4),
    "msrn_x8": ("msrn", 8),
    "rfdn_aim_x4": ("rfdn", 4),
    "span_ch48_x3_train": ("span", 3),
    "span_ch48_x4_train": ("span", 4),
    "span_ch52_x4_train": ("span-ch52", 4),
}
#: Layouts of RFDN that no variant names; they test the class: file -> (features, scale).
RFDN_LAYOUTS = {
    "rfdn_nf48_nb6_x3": (48, 3),
    "rfdn_nf48_nb6_x4": (48, 4),
    "rfdn_nf52_nb6_x4": (52, 4),
}
#: Checkpoints of which the official code's output is not at hand; their PSNR is (tests/quality/test_evaluate.py).
UNCOMPARED = {"ECBSR_M4C16_RGB_x3_plain", "ECBSR_M6C40_RGB_x2_plain", "ECBSR_M6C40_RGB_x4_plain"}
TRAINED = [name for name in KEYED if name.endswith("_train")]


def tolerance(name: str) -> float:
    # The official mean colour of SPAN is a float32 constant; everything else is float64 throughout.
    return 1e-8 if name.startswith("span") else 1e-11


def assert_close(ours: Tensor, theirs: Tensor, relative: float) -> None:
    """Within ``relative`` of the largest value."""
    assert ours.shape == theirs.shape
    assert (ours - theirs).abs().max() <= relative * theirs.abs().max()


def run_keyed(model: nn.Module, channels: int) -> Tensor:
    with torch.no_grad():
        output: Tensor = model(keyed().keyed_input(channels, 24, 31))
    return output


def named(names: list[str], *also: str) -> list[object]:
    """One parameter for each file, skipped where the file is absent."""
    return [pytest.param(name, marks=needs_shared(f"{OUTPUTS}/{name}.npz", *also)) for name in names]


@needs_shared(OUTPUTS, MORE_OUTPUTS)
def test_every_official_output_is_compared() -> None:
    compared = {*KEYED, *RFDN_LAYOUTS, *(f"checkpoint_{name}" for name in set(CHECKPOINTS) - UNCOMPARED)}
    assert compared == names_in(OUTPUTS, ".npz") | names_in(MORE_OUTPUTS, ".npz")


@pytest.mark.parametrize("name", named(list(KEYED), FILLER))
def test_variant_at_keyed_weights(name: str) -> None:
    variant, scale = KEYED[name]
    model = keyed().keyed_fill(build(variant, scale, form="train"))
    if name in TRAINED:
        model.train()
    assert_close(run_keyed(model, get(variant).in_channels), expected_output(name), tolerance(name))


@pytest.mark.parametrize("name", named(TRAINED, FILLER))
def test_folded_variant_at_keyed_weights(name: str) -> None:
    variant, scale = KEYED[name]
    model = to_deploy(keyed().keyed_fill(build(variant, scale, form="train")))
    assert form_of(model) == "deploy"
    assert_close(run_keyed(model, get(variant).in_channels), expected_output(name), tolerance(name))


@pytest.mark.parametrize("name", named(list(RFDN_LAYOUTS), FILLER))
def test_rfdn_layout_at_keyed_weights(name: str) -> None:
    features, scale = RFDN_LAYOUTS[name]
    model = keyed().keyed_fill(RFDN(scale, features, blocks=6, attention="esa"))
    assert_close(run_keyed(model, 3), expected_output(name), tolerance(name))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=needs_shared(checkpoint(name), output_of(f"checkpoint_{name}"), "data/Set5"))
        for name in sorted(set(CHECKPOINTS) - UNCOMPARED)
    ],
)
def test_checkpoint_on_butterfly(name: str) -> None:
    variant, scale = CHECKPOINTS[name]
    model = load_checkpoint(variant, SHARED / checkpoint(name), scale)
    white = get(variant).value_range
    with torch.inference_mode():
        output = model(read_image(f"data/Set5/LRbicx{scale}/butterfly.png") * white) / white
    torch.testing.assert_close(output[..., :128, :128], expected_output(f"checkpoint_{name}"), rtol=0, atol=1e-5)
