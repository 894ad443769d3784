"""super_resolve: from an RGB image in [0, 1] to an RGB image in [0, 1], whatever the bare network takes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor, nn

from model_defs import ZooError, build, form_of, get, super_resolve, to_deploy, variants
from model_defs.inference import unclamped

RGB = [v.name for v in variants() if v.colors == "rgb"]
Y_ONLY = ["ecbsr-m4c8", "repsr-m4c16"]

#: BT.601 as MATLAB's rgb2ycbcr documents it: luma of pure colours, 16 + 65.481 R + 128.553 G + 24.966 B.
LUMA = {
    (0.0, 0.0, 0.0): 16.0,
    (1.0, 1.0, 1.0): 235.0,
    (1.0, 0.0, 0.0): 81.481,
    (0.0, 1.0, 0.0): 144.553,
    (0.0, 0.0, 1.0): 40.966,
}
#: Cb and Cr of the same source: 128 plus these times (R, G, B).
CHROMA = torch.tensor([[-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]], dtype=torch.float64)

unit = st.floats(0, 1)


def silent(name: str, scale: int = 2) -> nn.Module:
    """A Y network whose convolutions give nothing: its skip makes it a nearest-neighbour upscaler of the luma."""
    model = build(name, scale).double()
    for parameter in model.parameters():
        parameter.detach().zero_()
    return model


def inputs_of(model: nn.Module) -> list[Tensor]:
    """A list that collects what the bare network is fed."""
    seen: list[Tensor] = []
    model.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    return seen


def plain(*color: float, height: int = 4, width: int = 5) -> Tensor:
    """A (3, H, W) image of one colour."""
    return torch.tensor(color, dtype=torch.float64).view(3, 1, 1).expand(3, height, width).clone()


def noise(*shape: int, seed: int = 1) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("name", RGB)
def test_rgb_network_gets_the_image_in_its_range(name: str) -> None:
    variant = get(name)
    white = variant.value_range
    model = build(name, variant.scales[0]).double()
    seen = inputs_of(model)
    image = noise(2, 3, 16, 20)
    out = super_resolve(model, image)
    assert torch.equal(seen[0], image * white)
    with torch.inference_mode():
        expected = (model(image * white) / white).clamp(0, 1)
    torch.testing.assert_close(out, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("name", "white"), [("ecbsr-m4c8", 255), ("repsr-m4c16", 1)])
@pytest.mark.parametrize("color", LUMA, ids=str)
def test_y_network_gets_the_luma_in_its_range(name: str, white: int, color: tuple[float, float, float]) -> None:
    model = silent(name)
    seen = inputs_of(model)
    super_resolve(model, plain(*color))
    expected = torch.full((1, 1, 4, 5), LUMA[color] * white / 255, dtype=torch.float64)
    torch.testing.assert_close(seen[0], expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", Y_ONLY)
@settings(max_examples=20, deadline=None)
@given(red=unit, green=unit, blue=unit)
def test_plain_color_comes_back(name: str, red: float, green: float, blue: float) -> None:
    out = super_resolve(silent(name), plain(red, green, blue))
    torch.testing.assert_close(out, plain(red, green, blue, height=8, width=10), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", Y_ONLY)
def test_grey_stays_grey_through_a_y_network(name: str) -> None:
    """Whatever the network does to the luma, an image without colour gets none."""
    torch.manual_seed(2)
    out = super_resolve(build(name, 3).double(), noise(1, 6, 7).expand(3, 6, 7))
    assert out.shape == (3, 18, 21)
    assert out.std() > 0.01
    torch.testing.assert_close(out, out.mean(0, keepdim=True).expand_as(out), rtol=0, atol=1e-12)


def test_luma_and_chroma_of_a_y_network() -> None:
    """Luma comes from the network (here nearest neighbours), chroma from bicubic interpolation with a = -0.5."""
    image = 0.4 + 0.2 * noise(3, 6, 7)  # far from black and white: nothing is clamped
    out = super_resolve(silent("ecbsr-m4c8", 3), image)

    weights = torch.tensor([65.481, 128.553, 24.966], dtype=torch.float64)
    luma = torch.einsum("c,chw->hw", weights, image).repeat_interleave(3, 0).repeat_interleave(3, 1)
    torch.testing.assert_close(torch.einsum("c,chw->hw", weights, out), luma, rtol=0, atol=1e-9)

    chroma = torch.einsum("oc,chw->ohw", CHROMA, out)
    for ours, small in zip(chroma, torch.einsum("oc,chw->ohw", CHROMA, image), strict=True):
        # Pillow's bicubic has a = -0.5 as well; its "F" images are float32.
        resized = Image.fromarray(small.numpy().astype(np.float32)).resize((21, 18), Image.Resampling.BICUBIC)
        torch.testing.assert_close(ours, torch.from_numpy(np.array(resized)).double(), rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", ["imdn", "rfdn", "ecbsr-m4c8", "repsr-m4c16"])
def test_batch_equals_its_images(name: str) -> None:
    model = build(name, 2).double()
    batch = noise(3, 3, 16, 15)
    out = super_resolve(model, batch)
    assert out.shape == (3, 3, 32, 30)
    for image, single in zip(batch, out, strict=True):
        alone = super_resolve(model, image)
        assert alone.shape == (3, 32, 30)
        torch.testing.assert_close(alone, single, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", RGB)
@pytest.mark.parametrize(("level", "expected"), [(1e6, 1.0), (-1e6, 0.0)])
def test_result_is_clamped(name: str, level: float, expected: float) -> None:
    variant = get(name)
    model = build(name, variant.scales[0])
    model.register_forward_hook(lambda _, __, out: torch.full_like(out, level))
    assert (super_resolve(model, torch.rand(3, 16, 16)) == expected).all()


@pytest.mark.parametrize("name", Y_ONLY)
def test_result_of_a_y_network_is_clamped(name: str) -> None:
    model = silent(name)
    model.register_forward_hook(lambda _, __, out: torch.full_like(out, 1e6))
    assert (super_resolve(model, noise(3, 4, 4)) == 1).all()


@pytest.mark.parametrize("name", ["imdn-rtc", "span", "ecbsr-m4c8", "repsr-m4c16"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_dtype_is_kept(name: str, dtype: torch.dtype) -> None:
    image = torch.rand(3, 6, 6)
    torch.manual_seed(3)
    model = build(name, 2)
    exact = super_resolve(model, image)
    out = super_resolve(model.to(dtype), image.to(dtype))
    assert out.dtype == dtype
    # bfloat16 keeps 8 bits. A SPAN with random weights overshoots the range many times, so that a rounding can move a
    # single value far; the mean cannot move.
    assert (out.float() - exact).abs().mean() < 0.02


def test_both_forms_upscale_alike() -> None:
    for name in ("span", "ecbsr-m4c8", "repsr-m4c16"):
        model = build(name, 2, form="train").double()
        deployed = to_deploy(model)
        assert (form_of(model), form_of(deployed)) == ("train", "deploy")
        image = noise(3, 5, 6)
        torch.testing.assert_close(super_resolve(deployed, image), super_resolve(model, image), rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    ("image", "what"),
    [
        pytest.param(torch.rand(4, 8, 8), "(4, 8, 8)", id="four channels"),
        pytest.param(torch.rand(1, 4, 8, 8), "(1, 4, 8, 8)", id="batch of four channels"),
        pytest.param(torch.rand(1, 8, 8), "(1, 8, 8)", id="grey"),
        pytest.param(torch.rand(8, 8, 3), "(8, 8, 3)", id="channels last"),
        pytest.param(torch.rand(8, 8), "(8, 8)", id="no channels"),
        pytest.param(torch.rand(1, 1, 3, 8, 8), "(1, 1, 3, 8, 8)", id="video"),
        pytest.param(torch.randint(0, 255, (3, 8, 8), dtype=torch.uint8), "torch.uint8 (3, 8, 8)", id="bytes"),
    ],
)
@pytest.mark.parametrize("name", ["imdn-rtc", "ecbsr-m4c8"])
def test_wrong_image_is_refused(name: str, image: Tensor, what: str) -> None:
    with pytest.raises(ZooError) as caught:
        super_resolve(build(name, 2), image)
    message = str(caught.value)
    assert message.startswith("expected a float RGB image (3, H, W) or (N, 3, H, W), not ")
    assert message.endswith(what)


@pytest.mark.parametrize(
    ("name", "height", "width", "complaint"),
    [
        ("bsrn", 20, 14, "bsrn needs LR sides of at least 15 pixels, not 14x20"),
        ("rfdn", 3, 20, "rfdn needs LR sides of at least 15 pixels, not 20x3"),
        ("imdn-rte", 5, 6, "imdn-rte needs LR sides divisible by 2, not 6x5"),
        ("span", 0, 6, "span needs LR sides of at least 1 pixels, not 6x0"),
    ],
)
def test_wrong_size_is_refused(name: str, height: int, width: int, complaint: str) -> None:
    with pytest.raises(ZooError, match=f"^{complaint}$"):
        super_resolve(build(name, 2), torch.rand(3, height, width))


def test_module_from_elsewhere_is_refused() -> None:
    with pytest.raises(ZooError, match=r"Upsample was not made by model_defs\.build or model_defs\.load_checkpoint"):
        super_resolve(nn.Upsample(scale_factor=2), torch.rand(3, 8, 8))


def test_weights_stay_as_they_are_and_no_graph_is_kept() -> None:
    model = build("imdn-rtc", 2)
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    out = super_resolve(model, torch.rand(3, 8, 8))
    assert not out.requires_grad
    assert all(torch.equal(tensor, before[key]) for key, tensor in model.state_dict().items())


def test_a_built_network_can_be_saved_whole(tmp_path: Path) -> None:
    torch.save(build("ecbsr-m4c8", 2), tmp_path / "whole.pt")
    again = torch.load(tmp_path / "whole.pt", weights_only=False)
    assert super_resolve(again, torch.rand(3, 5, 6)).shape == (3, 10, 12)


def test_a_misspelt_form_is_refused() -> None:
    with pytest.raises(ZooError, match="unknown form 'training'; there are train and deploy"):
        build("span", 2, "training")  # type: ignore[arg-type]  # the mistake under test


@pytest.mark.parametrize("name", ["imdn-rtc", "ecbsr-m4c8"])
def test_what_a_network_gave_can_be_had_unclamped(name: str) -> None:
    model = build(name, 2)
    model.register_forward_hook(lambda _, __, out: torch.full_like(out, torch.inf))
    assert unclamped(model, torch.rand(3, 8, 8)).isinf().all()
    assert (super_resolve(model, torch.rand(3, 8, 8)) == 1).all()
