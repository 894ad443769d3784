"""fvcore and thop beside our counts: each difference has a name and an amount, and together they explain the totals.

Small inputs of 32x24 pixels. Amounts are those of the counters' own rules (fvcore/nn/jit_handles.py and
flop_count.py, thop/profile.py) or of official classes, whose counts grow with the LR pixels.
"""

import copy
from collections.abc import Callable, Iterator

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import model_defs
from srbench.counts import Complexity, Count
from srbench.measure.complexity import count
from srbench.measure.counters import by_fvcore, by_thop

WIDTH, HEIGHT = 32, 24
PIXELS = WIDTH * HEIGHT
UNSEEN = "convolutions or matrix products in functions or classes that it does not know"
AT_OUTPUT = "transposed convolutions, counted at the output's size"
#: Tracing, and both counters' age, give warnings that a worker does not show either.
pytestmark = pytest.mark.filterwarnings("ignore")

Counter = Callable[[nn.Module, Tensor, Complexity], Count]


@pytest.fixture(autouse=True)
def without_gradients() -> Iterator[None]:
    with torch.no_grad():
        yield


def counted(
    counter: Counter, variant: str, scale: int, form: model_defs.Form = "deploy", *, batch: int = 1
) -> tuple[Complexity, Count]:
    """Our counts and another's of one variant."""
    shape = (batch, model_defs.get(variant).in_channels, HEIGHT, WIDTH)
    ours = count(model_defs.build(variant, scale, form, "meta"), shape)[0]
    return ours, counter(model_defs.build(variant, scale, form), torch.rand(shape), ours)


def differences(found: Count) -> dict[str, int]:
    assert len({d.where for d in found.differences}) == len(found.differences)
    return {difference.where: difference.amount for difference in found.differences}


def assert_explained(ours: Complexity, found: Count) -> None:
    assert found.multi_adds == ours.multi_adds + sum(d.amount for d in found.differences)


# --- fvcore


def test_fvcore_adds_to_bsrn_its_resizing_and_pooling_and_nothing_else() -> None:
    ours, found = counted(by_fvcore, "bsrn", 4)
    # Official class at 320x180: 29,491,200 each, that is 512 a pixel. Bilinear resizing: 4 for each output element
    # of 16 channels in 8 blocks. Average pooling: 1 for each input element of 64 channels in 8 blocks.
    assert 29_491_200 / (320 * 180) == 4 * 16 * 8 == 64 * 8
    assert differences(found) == {
        "bilinear upsampling in B*.esa": 512 * PIXELS,
        "average pooling in B*.cca": 512 * PIXELS,
    }
    assert_explained(ours, found)


@pytest.mark.parametrize(
    ("variant", "where", "at_x4"),
    [
        # Official classes at x4, LR 320x180.
        ("rfdn", "bilinear upsampling in B*.esa", 11_059_200),
        ("bsrn-s", "bilinear upsampling in B*.esa", 13_824_000),
        ("imdn", "average pooling in IMDB*.cca", 22_118_400),
    ],
)
def test_fvcore_adds_to_other_networks(variant: str, where: str, at_x4: int) -> None:
    ours, found = counted(by_fvcore, variant, 4)
    assert differences(found) == {where: at_x4 * PIXELS // (320 * 180)}
    assert_explained(ours, found)


def test_fvcore_counts_batch_norm_by_its_mode() -> None:
    # 4 blocks with 2 branches of 32 channels: 256 elements a pixel, at 2 each in evaluation mode. The nearest skip
    # gives one channel at x2: 4 output elements a pixel, at 1 each.
    ours, found = counted(by_fvcore, "repsr-m4c16", 2, "train")
    norm, skip = "batch norm in body.*.*.branch*.norm", "nearest upsampling in the network"
    assert differences(found) == {norm: 2 * 256 * PIXELS, skip: 4 * PIXELS}
    assert_explained(ours, found)

    # In training mode 5 each, as counted at 640x360: 294,912,000.
    model = model_defs.build("repsr-m4c16", 2, "train").train()
    found = by_fvcore(model, torch.rand(1, 1, HEIGHT, WIDTH), ours)
    assert differences(found)[norm] == 294_912_000 // (640 * 360) * PIXELS


@pytest.mark.parametrize(("variant", "form"), [("ecbsr-m4c16", "train"), ("ecbsr-m4c16", "deploy"), ("span", "deploy")])
def test_fvcore_agrees(variant: str, form: model_defs.Form) -> None:
    # Official classes: fvcore's total is conv alone, in functions (ecbsr's training form) or modules.
    ours, found = counted(by_fvcore, variant, 4, form)
    assert (found.multi_adds, found.differences, found.error) == (ours.multi_adds, (), "")


def test_fvcore_counts_resizing_before_a_convolution() -> None:
    # 331,776 of the convolution, 4 * 3 * 64 * 64 = 49,152 of the resizing.
    model = nn.Sequential(nn.Upsample(scale_factor=4, mode="bilinear"), nn.Conv2d(3, 3, 3, padding=1))
    ours = count(copy.deepcopy(model).to("meta"), (1, 3, 16, 16))[0]
    found = by_fvcore(model, torch.rand(1, 3, 16, 16), ours)
    assert found.multi_adds == 380_928
    assert differences(found) == {"bilinear upsampling in *": 49_152}


def test_what_fvcore_says_it_leaves_out_is_kept() -> None:
    class Spectral(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 3, padding=1)

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = F.gelu(self.conv(torch.fft.rfft2(x).abs()))  # gelu is free, whether fvcore knows it or not
            return out

    model = Spectral()
    ours = count(copy.deepcopy(model).to("meta"), (1, 3, 16, 16))[0]
    found = by_fvcore(model, torch.rand(1, 3, 16, 16), ours)
    assert found.unsupported == (("aten::fft_rfft2", 1),)


# --- thop


def test_thop_misses_what_is_called_as_a_function() -> None:
    ours, found = counted(by_thop, "ecbsr-m4c16", 2, "train")
    # Official counts at 640x360: 9,458,380,800 in training form. thop sees the five 3x3 modules alone, which are the
    # deploy form's 2,289,254,400; and it counts PReLU, 1 for each element of 5 times 16 channels.
    missed = (9_458_380_800 - 2_289_254_400) // (640 * 360) * PIXELS
    assert differences(found) == {UNSEEN: -missed, "PReLU in backbone.*.act": 5 * 16 * PIXELS}
    assert found.multi_adds == 2_289_254_400 // (640 * 360) * PIXELS + 5 * 16 * PIXELS
    assert_explained(ours, found)


def test_thop_misses_subclasses_of_linear() -> None:
    # BSRN-S at 320x180: its linear layers are 6,514,188,480 of 8,287,816,320; most of them run on every pixel.
    ours, found = counted(by_thop, "bsrn-s", 4)
    assert list(differences(found)) == [UNSEEN]
    linear = sum(layer.multi_adds for layer in ours.layers if layer.operator == "matmul")
    assert differences(found)[UNSEEN] == -linear < 0
    assert_explained(ours, found)


@pytest.mark.parametrize("variant", ["imdn", "rfdn"])
def test_thop_agrees(variant: str) -> None:
    # Convolutions in modules, pooling and resizing in functions, which it does not see.
    ours, found = counted(by_thop, variant, 4)
    assert (found.multi_adds, found.differences, found.error) == (ours.multi_adds, (), "")


class FunctionalConv(nn.Module):
    """A convolution with weights of its own beside one that is a module."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(48, 3, 3, 3))
        self.conv = nn.Conv2d(48, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv(F.conv2d(x, self.weight, padding=1))
        return out


def test_each_counter_of_a_functional_convolution() -> None:
    model = FunctionalConv()
    ours = count(copy.deepcopy(model).to("meta"), (1, 3, 16, 16))[0]
    assert ours.multi_adds == 331_776 + 48 * 3 * 256
    image = torch.rand(1, 3, 16, 16)
    assert by_fvcore(model, image, ours).differences == ()
    assert differences(by_thop(model, image, ours)) == {UNSEEN: -331_776}


def test_thop_overcounts_transposed_convolutions() -> None:
    # thop counts on the output: 186,624 * 16 = 2,985,984.
    model = nn.Sequential(nn.ConvTranspose2d(3, 3, 9, stride=4, padding=4, output_padding=3))
    ours = count(copy.deepcopy(model).to("meta"), (1, 3, 16, 16))[0]
    found = by_thop(model, torch.rand(1, 3, 16, 16), ours)
    assert (ours.multi_adds, found.multi_adds) == (186_624, 2_985_984)
    assert differences(found) == {AT_OUTPUT: 2_985_984 - 186_624}
    assert_explained(ours, found)


def test_thops_excess_and_what_it_misses_are_told_apart() -> None:
    class Both(nn.Module):
        """A transposed convolution, called twice on one side, behind a convolution in a function."""

        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.rand(3, 3, 3, 3))
            self.up = nn.ConvTranspose2d(3, 3, 2, stride=2)

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.up(self.up(F.conv2d(x, self.weight, padding=1)))
            return out

    model = Both()
    ours = count(copy.deepcopy(model).to("meta"), (2, 3, 16, 16))[0]
    found = by_thop(model, torch.rand(2, 3, 16, 16), ours)
    # 3*3 * 2*2 weights at each of 16*16 and 32*32 pixels of the input; thop has four times as many of the output.
    up = 36 * (16 * 16 + 32 * 32)
    assert differences(found) == {AT_OUTPUT: 3 * up, UNSEEN: -81 * 16 * 16}
    assert_explained(ours, found)


# --- Both


@pytest.mark.parametrize("counter", [by_fvcore, by_thop])
def test_a_batch_is_counted_for_one_image(counter: Counter) -> None:
    _, one = counted(counter, "repsr-m4c16", 2, "train")
    _, three = counted(counter, "repsr-m4c16", 2, "train", batch=3)
    assert three == one


@pytest.mark.parametrize(("counter", "name"), [(by_fvcore, "fvcore"), (by_thop, "thop")])
def test_a_count_names_its_counter(counter: Counter, name: str) -> None:
    _, found = counted(counter, "ecbsr-m4c8", 2)
    assert found.counter == name
    assert found.version[0].isdigit()
