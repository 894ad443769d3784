"""The catalog: which networks there are, what is true of each, and what happens to wrong names, scales and sizes."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

import model_defs
from model_defs import DEFAULTS, Form, Variant, ZooError, build, form_of, get, super_resolve, variants
from tests.model_defs.random_weights import same_state

Row = tuple[str, str, tuple[int, ...], str, int]

#: name, architecture, scales, colours, value of white. Source: the table of variants that the zoo was specified by;
#: ranges and colours are those of the official code (BSRN, RFDN, IMDN, MSRN 2019, ECBSR, SPAN) or, for the -rgb forms,
#: of third-party re-trainings (ETDS). RepSR has no official code.
TABLE: list[Row] = [
    ("bsrn", "BSRN", (2, 3, 4), "rgb", 1),
    ("bsrn-s", "BSRN", (4,), "rgb", 1),
    ("rfdn", "RFDN", (2, 3, 4), "rgb", 255),
    ("rfdn-paper", "RFDN", (2, 3, 4), "rgb", 255),
    ("imdn", "IMDN", (2, 3, 4), "rgb", 1),
    ("imdn-rtc", "IMDN", (2,), "rgb", 1),
    ("imdn-rte", "IMDN", (2,), "rgb", 255),
    ("imdn-as", "IMDN", (1,), "rgb", 1),
    ("msrn", "MSRN", (2, 3, 4, 8), "rgb", 255),
    ("ecbsr", "ECBSR", (2, 3, 4), "y", 255),
    ("ecbsr-m4c8", "ECBSR", (2, 3, 4), "y", 255),
    ("ecbsr-m4c16", "ECBSR", (2, 3, 4), "y", 255),
    ("ecbsr-m10c32", "ECBSR", (2, 3, 4), "y", 255),
    ("ecbsr-m4c16-rgb", "ECBSR", (2, 3, 4), "rgb", 1),
    ("repsr", "RepSR", (2, 3, 4), "y", 1),
    ("repsr-m4c16", "RepSR", (2, 3, 4), "y", 1),
    ("repsr-m10c32", "RepSR", (2, 3, 4), "y", 1),
    ("repsr-m16c64-rgb", "RepSR", (2, 3, 4), "rgb", 1),
    ("span", "SPAN", (2, 3, 4), "rgb", 1),
    ("span-ch52", "SPAN", (2, 3, 4), "rgb", 1),
]
UNLISTED: list[Row] = [
    ("ecbsr-m7c24-rgb", "ECBSR", (2, 3, 4), "rgb", 1),
    ("ecbsr-m6c40", "ECBSR", (2, 3, 4), "y", 255),
    ("repsr-m1c1", "RepSR", (2, 3, 4), "y", 1),
    ("repsr-m10c32-rgb", "RepSR", (2, 3, 4), "rgb", 1),
]
RECONSTRUCTIONS = {"rfdn-paper", "repsr", "repsr-m4c16", "repsr-m10c32", "repsr-m16c64-rgb"}
FORMS: tuple[Form, ...] = ("train", "deploy")
LISTED = [v.name for v in variants()]


def refusal_of(name: str, scale: int = 4) -> str:
    with pytest.raises(ZooError) as caught:
        build(name, scale)
    message = str(caught.value)
    assert "\n" not in message
    return message


def tensors_of(model: nn.Module) -> Iterator[Tensor]:
    yield from model.parameters()
    yield from model.buffers()


def test_listed_variants() -> None:
    assert [name for name, *_ in TABLE] == LISTED


@pytest.mark.parametrize(("name", "architecture", "scales", "colors", "white"), TABLE + UNLISTED)
def test_variant(name: str, architecture: str, scales: tuple[int, ...], colors: str, white: int) -> None:
    variant = get(name)
    assert variant.name == name
    assert variant.architecture == architecture
    assert variant.scales == scales
    assert (variant.colors, variant.value_range) == (colors, white)
    assert variant.in_channels == {"rgb": 3, "y": 1}[colors]


def test_seven_defaults_one_of_each_architecture() -> None:
    assert DEFAULTS == ("bsrn", "rfdn", "imdn", "msrn", "ecbsr", "repsr", "span")
    assert len({get(name).architecture for name in DEFAULTS}) == 7


@pytest.mark.parametrize(
    ("alias", "name"),
    [("span-ch48", "span"), ("ecbsr-m16c64", "ecbsr"), ("repsr-m16c64", "repsr"), (" BSRN\n", "bsrn")],
)
def test_alias(alias: str, name: str) -> None:
    assert get(alias) is get(name)


def test_sized_name_gives_depth_and_width() -> None:
    state = build("ecbsr-m7c24-rgb", 3, "deploy", "meta").state_dict()
    convolutions = [tuple(t.shape) for key, t in state.items() if key.endswith("conv3x3.weight")]
    assert convolutions == [(24, 3, 3, 3), *[(24, 24, 3, 3)] * 7, (27, 24, 3, 3)]


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("bsnr", "bsrn"),
        ("spam", "span"),
        ("imdn_rtc", "imdn-rtc"),
        ("span-ch50", "span-ch52"),
        ("ecbsr-m4", "ecbsr-m4c16"),
    ],
)
def test_unknown_name_suggests(wrong: str, meant: str) -> None:
    message = refusal_of(wrong)
    assert f"'{wrong}'" in message
    assert "did you mean" in message
    assert f"'{meant}'" in message


@pytest.mark.parametrize("wrong", ["", "waifu2x", "x\ny"])
def test_name_like_no_other_lists_what_is_known(wrong: str) -> None:
    message = refusal_of(wrong)
    assert "unknown model" in message
    assert all(name in message for name in LISTED)


def test_all_is_no_network_and_never_its_own_suggestion() -> None:
    """``all`` names the seven defaults on the command line; for :func:`build` it is unknown like any other word."""
    assert "did you mean 'all'" not in refusal_of("all")


@pytest.mark.parametrize("malformed", ["ecbsr-m0c16", "ecbsr-m4c0", "repsr-m04c16", "ecbsr-m4c16-bgr", "span-m4c16"])
def test_malformed_size_is_unknown(malformed: str) -> None:
    assert "unknown model" in refusal_of(malformed)


@pytest.mark.parametrize(
    ("name", "scale", "have"),
    [
        ("bsrn", 8, "x2, x3, x4"),
        ("bsrn-s", 2, "x4"),
        ("imdn-rtc", 4, "x2"),
        ("imdn-as", 4, "x1"),
        ("msrn", 1, "x2, x3, x4, x8"),
        ("ecbsr-m7c24-rgb", 0, "x2, x3, x4"),
    ],
)
def test_missing_scale_names_those_there_are(name: str, scale: int, have: str) -> None:
    assert refusal_of(name, scale).endswith(f"{name} has no x{scale}; it has {have}")


def test_reconstructions_say_so() -> None:
    assert {v.name for v in variants() if v.reconstruction} == RECONSTRUCTIONS
    assert get("repsr-m2c8").reconstruction
    for name in RECONSTRUCTIONS:
        assert "reconstruction" in get(name).note


@pytest.mark.parametrize("name", LISTED)
def test_every_variant_names_its_paper(name: str) -> None:
    assert get(name).paper


@pytest.mark.parametrize("name", ["bsrn", "bsrn-s", "rfdn"])
def test_spatial_attention_needs_fifteen_pixels(name: str) -> None:
    # The strided 3x3 leaves floor((n - 3) / 2) + 1 and the 7x7 pooling needs 7, so n >= 15.
    variant = get(name)
    model = build(name, 4)
    assert variant.min_size == 15
    assert super_resolve(model, torch.rand(3, 15, 15)).shape == (3, 60, 60)
    for height, width in ((14, 15), (15, 14)):
        with pytest.raises(ZooError, match=f"{name} needs LR sides of at least 15 pixels, not {width}x{height}"):
            super_resolve(model, torch.rand(3, height, width))


@pytest.mark.parametrize(("name", "scale", "multiple"), [("imdn-rte", 2, 2), ("imdn-as", 1, 4)])
def test_strided_networks_need_multiples(name: str, scale: int, multiple: int) -> None:
    model = build(name, scale)
    fits = torch.rand(3, 3 * multiple, 2 * multiple)
    assert super_resolve(model, fits).shape == (3, 3 * multiple * scale, 2 * multiple * scale)
    for odd in (fits[:, 1:], fits[:, :, 1:]):
        with pytest.raises(ZooError, match=f"{name} needs LR sides divisible by {multiple}"):
            super_resolve(model, odd)


@pytest.mark.parametrize("name", LISTED)
def test_smallest_size_works(name: str) -> None:
    variant = get(name)
    side = max(variant.min_size, variant.size_multiple)
    scale = variant.scales[0]
    with torch.inference_mode():
        out = build(name, scale)(torch.rand(1, variant.in_channels, side, side))
    assert out.shape == (1, variant.in_channels, scale * side, scale * side)


@pytest.mark.parametrize("name", LISTED)
def test_every_variant_builds_without_allocating(name: str) -> None:
    variant = get(name)
    for scale in variant.scales:
        for form in FORMS:
            model = build(variant, scale, form, device="meta")
            assert {tensor.device.type for tensor in tensors_of(model)} == {"meta"}
            assert not model.training
            assert form_of(model) == (form if variant.folds else "deploy")
            out = model(torch.empty(1, variant.in_channels, 24, 32, device="meta"))
            assert out.shape == (1, variant.in_channels, 24 * scale, 32 * scale)


@pytest.mark.parametrize("name", LISTED)
def test_seed_makes_weights_reproducible(name: str) -> None:
    def build_from(seed: int) -> dict[str, Tensor]:
        torch.manual_seed(seed)
        return build(name, get(name).scales[0], "train").state_dict()

    assert same_state(build_from(1), build_from(1))
    assert not same_state(build_from(1), build_from(2))


def test_variant_itself_serves_as_name() -> None:
    tiny = Variant("tiny", "Tiny", (2,), lambda scale, _: nn.Upsample(scale_factor=scale), "this test")
    assert super_resolve(build(tiny, 2), torch.rand(3, 4, 5)).shape == (3, 8, 10)
    with pytest.raises(ZooError, match="tiny has no x4; it has x2"):
        build(tiny, 4)


def test_public_names_exist() -> None:
    assert all(hasattr(model_defs, name) for name in model_defs.__all__)
