"""Static counts: to the unit those of official classes and of hand counts, from shapes alone.

Official counts are those of the authors' own classes, counted by forward hooks (``facts/official_counts.csv`` of the
shared folder names each repository); Multi-Adds are bias-free. Hand counts have their arithmetic beside them.
"""

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules import module as hooks

import model_defs
from model_defs.bsrn import BSRN
from model_defs.rfdn import RFDN, Attention
from srbench import sizes
from srbench.counts import Complexity
from srbench.measure.complexity import count
from tests.shared_files import SHARED, needs_shared

OFFICIAL = "facts/official_counts.csv"


def count_on_meta(make: Callable[[], nn.Module], *shape: int, dtype: torch.dtype = torch.float32) -> Complexity:
    with torch.device("meta"):
        model = make().eval().to(dtype)
    return count(model, shape, dtype)[0]


# --- Official classes

#: (variant, form, scale, LR width, LR height): (parameters, Multi-Adds, activations, convolutions).
#: Papers print 694K/158.8G, 703K/71.5G and 715K/40.9G for IMDN, 352K for BSRN x4 and 498K for SPAN with 52 channels.
HEADLINES = {
    ("bsrn", "deploy", 2, 640, 360): (331_628, 71_935_320_448, 1_415_583_392, 206),
    ("bsrn", "deploy", 4, 320, 180): (352_400, 19_177_176_448, 355_881_376, 206),
    ("bsrn-s", "deploy", 4, 320, 180): (156_288, 8_287_816_320, 57_784_500, 43),
    ("rfdn", "deploy", 4, 320, 180): (433_448, 23_759_144_640, 98_459_280, 64),
    ("imdn", "deploy", 2, 640, 360): (694_404, 158_765_878_272, 423_014_808, 46),
    ("imdn", "deploy", 3, 427, 240): (703_059, 71_503_168_512, 189_690_888, 46),
    ("imdn", "deploy", 3, 426, 240): (703_059, 71_335_713_792, 189_246_648, 46),
    ("imdn", "deploy", 4, 320, 180): (715_176, 40_885_865_472, 107_827_608, 46),
    ("msrn", "deploy", 8, 160, 90): (6_225_755, 129_381_710_400, 137_361_600, 49),
    ("ecbsr", "deploy", 4, 320, 180): (601_808, 34_537_881_600, 63_590_400, 18),
    ("ecbsr", "train", 4, 320, 180): (2_235_968, 127_902_412_800, 635_904_000, 162),
    ("span", "deploy", 3, 427, 240): (417_195, 42_648_076_800, 106_066_800, 22),
    ("span", "train", 4, 320, 180): (2_236_728, 105_767_907_480, 333_958_920, 82),
    ("span-ch52", "deploy", 4, 320, 180): (498_208, 28_631_116_800, 65_664_000, 22),
}


def in_short(counts: Complexity) -> tuple[int, int, int, int]:
    return counts.params, counts.multi_adds, counts.activations, counts.convs


@pytest.mark.parametrize(("variant", "form", "scale", "width", "height"), HEADLINES)
def test_a_variant_counts_as_its_official_class(
    variant: str, form: model_defs.Form, scale: int, width: int, height: int
) -> None:
    channels = model_defs.get(variant).in_channels
    counts = count_on_meta(lambda: model_defs.build(variant, scale, form, "meta"), 1, channels, height, width)
    assert in_short(counts) == HEADLINES[variant, form, scale, width, height]


Row = dict[str, str]

#: RFDN's rows by layout: features, blocks, attention.
RFDN_LAYOUTS: dict[str, tuple[int, int, Attention]] = {
    "RFDN_AIM (nf50,4 blocks)": (50, 4, "esa"),
    "E-RFDN/AIM layout nf50 nb4": (50, 4, "esa"),
    "nf48 nb6 (paper RFDN layout, ESA)": (48, 6, "esa"),
    "nf52 nb6 (paper RFDN-L layout, ESA)": (52, 6, "esa"),
    "paper layout nf48 nb6 CCA(nf,r4 after c5)": (48, 6, "cca"),
    "paper layout nf52 nb6 CCA(nf,r4 after c5)": (52, 6, "cca"),
    "paper layout nf48 nb6 CCA(2nf,r16 before c5)": (48, 6, "cca-wide"),
    "paper layout nf52 nb6 CCA(2nf,r16 before c5)": (52, 6, "cca-wide"),
}
#: The other rows by (model, variant), where the name on the command line does not follow from them.
NAMES = {
    ("BSRN", "BSRN"): "bsrn",
    ("IMDN", "IMDN"): "imdn",
    ("IMDN", "IMDN_RTC"): "imdn-rtc",
    ("IMDN", "IMDN_RTE"): "imdn-rte",
    ("IMDN", "IMDN_AS"): "imdn-as",
    ("MSRN", "MSRN RGB (2019 code)"): "msrn",
    ("SPAN", "ch48"): "span",
    ("SPAN", "ch52"): "span-ch52",
}


def official_rows() -> list[Row]:
    """Every row but those of SPAN folding anew in each pass, which no network of ours does."""
    path = SHARED / OFFICIAL
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["form"] != "official-eval"]


def ours(row: Row) -> Callable[[], nn.Module]:
    """What builds our network of a row."""
    scale, architecture, layout = int(row["scale"]), row["model"], row["variant"]
    if architecture == "RFDN":
        features, blocks, attention = RFDN_LAYOUTS[layout]
        return lambda: RFDN(scale, features, blocks, attention)
    if (architecture, layout) == ("BSRN", "BSRN-S"):
        return lambda: BSRN(scale, small=True)  # the name exists at x4 only
    if architecture in ("ECBSR", "RepSR"):
        size, colors = layout.lower().split()[:2]
        name = f"{architecture.lower()}-{size}" + {"y": "", "rgb": "-rgb"}[colors]
    else:
        name = NAMES[architecture, layout]
    form: model_defs.Form = "train" if row["form"] == "train" else "deploy"
    return lambda: model_defs.build(name, scale, form, "meta")


def label(row: Row) -> str:
    return f"{row['model']} {row['variant']} x{row['scale']} {row['form']} {row['lr_w']}x{row['lr_h']}"


@needs_shared(OFFICIAL)
def test_every_official_row_has_a_network_of_ours() -> None:
    rows = official_rows()
    assert len(rows) == 88
    for row in rows:
        assert callable(ours(row)), label(row)
    for name in NAMES.values():
        assert model_defs.get(name).name == name
    used = {(row["model"], row["variant"]) for row in rows}
    assert used >= {*NAMES, *(("RFDN", layout) for layout in RFDN_LAYOUTS)}


@needs_shared(OFFICIAL)
@pytest.mark.parametrize("row", official_rows() or [{}], ids=lambda row: label(row) if row else "absent")
def test_official_row(row: Row) -> None:
    counts = count_on_meta(ours(row), 1, int(row["in_ch"]), int(row["lr_h"]), int(row["lr_w"]))
    expected = tuple(int(row[key]) for key in ("params", "multi_adds", "conv_acts", "n_conv"))
    assert in_short(counts) == expected


@pytest.mark.parametrize(("rounding", "expected"), [("half-up", 71_503_168_512), ("floor", 71_335_713_792)])
def test_x3_counts_by_the_width_that_rounding_gives(rounding: sizes.Rounding, expected: int) -> None:
    # IMDN's paper prints 71.5 G, that of 427x240; 426x240 would print 71.3.
    load = sizes.plan(3, rounding=rounding)
    model = model_defs.build("imdn", 3, device="meta")
    assert count(model, (1, 3, load.lr_height, load.lr_width))[0].multi_adds == expected


@pytest.mark.parametrize("variant", ["bsrn", "bsrn-s", "ecbsr", "span"])
def test_a_batch_does_not_change_the_counts_of_an_image(variant: str) -> None:
    model = model_defs.build(variant, 4, device="meta")
    channels = model_defs.get(variant).in_channels
    one, four = (count(model, (batch, channels, 48, 64))[0] for batch in (1, 4))
    assert in_short(four) == in_short(one)
    assert four.input_bytes == 4 * one.input_bytes


# --- Networks small enough to count by hand

IMAGE = (1, 3, 16, 16)


class Function(nn.Module):
    """A network that is one function of its own weights and its input."""

    def __init__(self, function: Callable[..., Tensor], **weights: tuple[int, ...]) -> None:
        super().__init__()
        self.function = function
        for name, shape in weights.items():
            self.register_parameter(name, nn.Parameter(torch.empty(shape)))

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x, *self.parameters())


def attend(x: Tensor) -> Tensor:
    """(1, 16, 16, 16) -> 256 tokens of 16 features, each looking at each."""
    tokens = x.flatten(2).transpose(1, 2)
    return F.softmax(tokens @ tokens.transpose(1, 2), dim=-1) @ tokens


class Thrice(nn.Module):
    """One convolution used three times."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv(self.conv(self.conv(x)))
        return out


#: name: (network, shape of its input, (Multi-Adds, activations, convolutions))
BY_HAND: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...], tuple[int, int, int]]] = {
    "convolution, PReLU, pixel shuffle": (
        lambda: nn.Sequential(nn.Conv2d(3, 48, 3, padding=1), nn.PReLU(48), nn.PixelShuffle(4)),
        IMAGE,
        (331_776, 48 * 256, 1),  # 48 * 3*9 * 256
    ),
    "functional convolution with own weights": (
        lambda: Function(lambda x, w: F.conv2d(x, w, padding=1), w=(48, 3, 3, 3)),
        IMAGE,
        (331_776, 48 * 256, 1),
    ),
    "transposed convolution counts on its input": (
        lambda: nn.ConvTranspose2d(3, 3, 9, stride=4, padding=4, output_padding=3),
        IMAGE,
        (186_624, 3 * 64 * 64, 1),  # 3 * 3*81 * 256
    ),
    "head of FSRCNN": (
        lambda: nn.ConvTranspose2d(56, 3, 9, stride=4, padding=4, output_padding=3),
        (1, 56, 32, 32),
        (13_934_592, 3 * 128 * 128, 1),  # 56 * 3*81 * 1024
    ),
    "depthwise after pointwise": (
        lambda: nn.Sequential(nn.Conv2d(3, 48, 1), nn.Conv2d(48, 48, 3, padding=1, groups=48)),
        IMAGE,
        (147_456, 2 * 48 * 256, 2),  # (3*48 + 48*9) * 256
    ),
    "bilinear resizing costs nothing": (
        lambda: nn.Sequential(nn.Upsample(scale_factor=4, mode="bilinear"), nn.Conv2d(3, 3, 3, padding=1)),
        IMAGE,
        (331_776, 3 * 4096, 1),  # 3 * 3*9 * 64*64
    ),
    "one convolution used three times": (Thrice, IMAGE, (62_208, 3 * 3 * 256, 3)),  # 3 * 3*3*9 * 256
    "attention by matrix products": (
        lambda: nn.Sequential(nn.Conv2d(3, 16, 1), Function(attend)),
        IMAGE,
        (2_109_440, 16 * 256, 1),  # 3*16*256 + 2 * 256*256*16
    ),
    "torch's own attention": (
        lambda: Function(lambda x: F.scaled_dot_product_attention(x, x, x)),
        (1, 2, 64, 8),
        (131_072, 0, 0),  # 2 heads * 2 products * 64*64*8
    ),
    "transformer layer": (
        lambda: nn.TransformerEncoderLayer(16, 2, 32, batch_first=True),
        (1, 64, 16),
        (262_144, 0, 0),  # projections 64 * 4 * 16*16, attention 2 * 64*64*16, two linear layers 2 * 64 * 16*32
    ),
    "linear layer": (lambda: nn.Linear(16, 8), (1, 10, 16), (1_280, 0, 0)),  # 10 * 16*8
    "einsum": (
        lambda: Function(lambda x, w: torch.einsum("nchw,dc->ndhw", x, w), w=(8, 3)),
        IMAGE,
        (6_144, 0, 0),  # 8*3 * 256
    ),
    "grouped convolution": (
        lambda: nn.Conv2d(8, 16, 3, padding=1, groups=4),
        (1, 8, 10, 12),
        (34_560, 16 * 120, 1),  # 16 * 2*9 * 120
    ),
    "dilated convolution": (lambda: nn.Conv2d(3, 8, 3, dilation=2), IMAGE, (31_104, 8 * 144, 1)),  # 8*27 * 12*12
    "strided convolution": (lambda: nn.Conv2d(3, 8, 3, 2, 1), IMAGE, (13_824, 8 * 64, 1)),  # 8*27 * 8*8
    "padding by name": (
        lambda: nn.Conv2d(3, 8, 5, padding="same", padding_mode="reflect"),
        IMAGE,
        (153_600, 8 * 256, 1),  # 8 * 3*25 * 256
    ),
    "convolution of a volume": (lambda: nn.Conv3d(1, 2, 3), (1, 1, 4, 5, 6), (1_296, 48, 1)),  # 2*27 * 2*3*4
    "no arithmetic at all": (lambda: nn.Upsample(scale_factor=2), IMAGE, (0, 0, 0)),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_by_hand(name: str) -> None:
    make, shape, expected = BY_HAND[name]
    counts = count_on_meta(make, *shape)
    assert (counts.multi_adds, counts.activations, counts.convs) == expected


def test_parameters_are_all_that_the_module_has() -> None:
    model = Function(lambda x, w, *_: F.conv2d(x, w), w=(4, 3, 1, 1), unused=(100,))
    model.w.requires_grad_(False)
    assert count(model.to("meta"), (1, 3, 8, 8))[0].params == 112


# --- Layers


@pytest.mark.parametrize("variant", ["bsrn", "bsrn-s", "imdn", "ecbsr-m4c16", "span"])
@pytest.mark.parametrize("form", ["train", "deploy"])
def test_layers_add_up_and_carry_the_names_of_modules(variant: str, form: model_defs.Form) -> None:
    model = model_defs.build(variant, 4, form, "meta")
    counts = count(model, (1, model_defs.get(variant).in_channels, 48, 64))[0]
    assert sum(layer.multi_adds for layer in counts.layers) == counts.multi_adds
    assert sum(layer.activations for layer in counts.layers) == counts.activations
    assert sum(layer.operator.startswith("conv") for layer in counts.layers) == counts.convs
    assert {layer.name for layer in counts.layers} <= {name for name, _ in model.named_modules()}


def test_layers_say_what_ran_where() -> None:
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.Conv2d(8, 8, (1, 5), groups=4)),
        nn.ConvTranspose2d(8, 3, 4, 2),
    )
    layers = count(model.to("meta"), (1, 3, 16, 20))[0].layers
    assert [(layer.name, layer.operator, layer.params) for layer in layers] == [
        ("0", "conv 3x3", 8 * 27 + 8),
        ("1.0", "conv 3x3 depthwise", 8 * 9 + 8),
        ("1.1", "conv 1x5 4 groups", 8 * 2 * 5 + 8),
        ("2", "conv 4x4 transposed", 8 * 3 * 16 + 3),
    ]
    assert [(layer.in_shape, layer.out_shape) for layer in layers] == [
        ((3, 16, 20), (8, 16, 20)),
        ((8, 16, 20), (8, 16, 20)),
        ((8, 16, 20), (8, 16, 16)),
        ((8, 16, 16), (3, 34, 34)),  # (side - 1) * 2 + 4
    ]


def test_a_shared_module_owns_its_parameters_once() -> None:
    layers = count(Thrice().to("meta"), (1, 3, 16, 16))[0].layers
    assert [(layer.name, layer.params, layer.multi_adds) for layer in layers] == [
        ("conv", 84, 20_736),
        ("conv", 0, 20_736),
        ("conv", 0, 20_736),
    ]


# --- What counting costs


def resident_bytes() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/statm, which only Linux has")
def test_nothing_is_allocated_and_nothing_computed() -> None:
    model = model_defs.build("bsrn", 4, device="meta")
    count(model, (1, 3, 64, 64))  # torch loads what it needs at the first call
    before = resident_bytes()
    counts, output = count(model, (1, 3, 65536, 65536))
    assert resident_bytes() - before < 2**24
    assert counts.input_bytes == 3 * 4 * 65536**2  # 48 GiB, if it were real
    assert isinstance(output, Tensor)
    assert output.is_meta


def test_counting_loads_no_compiler() -> None:
    # torch's own meta functions, and its guard against compilation, load sympy and the compiler: above a second.
    code = (
        "import sys, model_defs\n"
        "from srbench.measure.complexity import count\n"
        "for name in model_defs.DEFAULTS:\n"
        "    channels = model_defs.get(name).in_channels\n"
        "    count(model_defs.build(name, 4, device='meta'), (1, channels, 180, 320))\n"
        "heavy = {'sympy', 'torch._dynamo', 'torch._inductor', 'torch.fx.experimental.symbolic_shapes'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_an_error_of_the_network_passes_through_and_leaves_nothing_behind() -> None:
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(4, 8, 3)).to("meta")
    with pytest.raises(RuntimeError, match="takes 4 channels, not 8"):
        count(model, IMAGE)
    # Neither a hook nor the counter is left: a real pass works and is seen by nobody.
    assert not hooks._global_forward_pre_hooks
    assert not hooks._global_forward_hooks
    assert Thrice()(torch.zeros(IMAGE)).shape == IMAGE
    assert in_short(count(Thrice().to("meta"), IMAGE)[0]) == (84, 62_208, 2_304, 3)


def test_the_output_is_handed_on() -> None:
    assert count(nn.PixelShuffle(2), (1, 4, 8, 8))[1].shape == (1, 1, 16, 16)  # type: ignore[attr-defined]
    assert count(Function(lambda _: "no image"), IMAGE)[1] == "no image"  # type: ignore[arg-type, return-value]
