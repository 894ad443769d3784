"""GT size and scale to LR size and LR tensor; sizes are those of the papers' tables."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from srbench import workload
from srbench.errors import InputError
from srbench.records import Dtype
from srbench.workload import make_input, parse_size, plan
from tests.builders import make_model

SIDES = st.integers(64, 8192)
SCALES = st.integers(1, 8)


@pytest.mark.parametrize(
    ("scale", "rounding", "width", "height"),
    [
        # The LR sizes of a 1280x720 GT; 1280 / 3 = 426.67, which papers round to 427.
        (1, "half-up", 1280, 720),
        (2, "half-up", 640, 360),
        (3, "half-up", 427, 240),
        (3, "floor", 426, 240),
        (4, "half-up", 320, 180),
        (4, "floor", 320, 180),
        (8, "half-up", 160, 90),
    ],
)
def test_lr_size_of_hd(scale: int, rounding: workload.Rounding, width: int, height: int) -> None:
    load = plan(scale, rounding=rounding)
    assert (load.gt_width, load.gt_height) == (1280, 720)
    assert (load.lr_width, load.lr_height) == (width, height)
    assert (load.scale, load.lr_rounding, load.batch, load.dtype) == (scale, rounding, 1, "float32")


def test_a_half_is_rounded_up() -> None:
    assert (plan(2, gt=(5, 7)).lr_width, plan(2, gt=(5, 7)).lr_height) == (3, 4)  # 2.5 and 3.5
    assert plan(4, gt=(10, 12)).lr_width == 3  # 2.5; rounding to even would give 2


@given(SIDES, SIDES, SCALES)
def test_rounding_is_to_the_nearest_or_down(width: int, height: int, scale: int) -> None:
    near, down = (plan(scale, gt=(width, height), rounding=rounding) for rounding in ("half-up", "floor"))
    for side, nearest, floor in ((width, near.lr_width, down.lr_width), (height, near.lr_height, down.lr_height)):
        assert -scale <= 2 * (nearest * scale - side) <= scale
        assert floor == side // scale


def test_a_given_lr_size_wins_and_gt_follows() -> None:
    load = plan(4, gt=(1280, 720), lr=(256, 192))
    assert (load.lr_width, load.lr_height) == (256, 192)
    assert (load.gt_width, load.gt_height) == (1024, 768)


def test_a_remainder_is_stated() -> None:
    assert plan(3).remainder == "x3: GT 1280x720 is not divisible; LR 427x240 gives 1281x720"
    assert plan(3, rounding="floor").remainder == "x3: GT 1280x720 is not divisible; LR 426x240 gives 1278x720"


@pytest.mark.parametrize("scale", [1, 2, 4, 8])
def test_no_remainder_no_sentence(scale: int) -> None:
    assert plan(scale).remainder is None


@given(st.integers(1, 500), st.integers(1, 500), SCALES)
def test_a_given_lr_size_has_no_remainder(width: int, height: int, scale: int) -> None:
    assert plan(scale, lr=(width, height)).remainder is None


@pytest.mark.parametrize("text", ["1280x720", "1280X720", " 1280 x 720 "])
def test_a_size(text: str) -> None:
    assert parse_size(text, "--gt") == (1280, 720)


@pytest.mark.parametrize("text", ["", "1280", "1280x", "x720", "1280*720", "1280x720x3", "-1x720", "12.5x720", "axb"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(InputError, match=r"--gt .* is not WIDTHxHEIGHT in pixels, such as 1280x720"):
        parse_size(text, "--gt")


@pytest.mark.parametrize("text", ["0x720", "1280x0", "65537x720", "1280x99999999999"])
def test_a_side_that_no_image_has(text: str) -> None:
    with pytest.raises(InputError, match=f"--lr {text}: each side must be between 1 and 65536 pixels"):
        parse_size(text, "--lr")


@pytest.mark.parametrize(("gt", "scale", "rounding"), [((1, 720), 4, "half-up"), ((3, 3), 4, "floor")])
def test_a_gt_that_leaves_no_pixel(gt: tuple[int, int], scale: int, rounding: workload.Rounding) -> None:
    with pytest.raises(InputError, match=f"GT {gt[0]}x{gt[1]} leaves no LR pixel at x{scale}; give a larger --gt"):
        plan(scale, gt=gt, rounding=rounding)


@pytest.mark.parametrize("batch", [0, -1])
def test_a_batch_is_at_least_one(batch: int) -> None:
    with pytest.raises(InputError, match=f"--batch {batch} must be at least 1"):
        plan(4, batch=batch)


def test_shapes_are_batch_channels_height_width() -> None:
    load = plan(4, batch=2)
    assert workload.input_shape(make_model("bsrn"), load) == (2, 3, 180, 320)
    assert workload.input_shape(make_model("ecbsr", colors="y"), load) == (2, 1, 180, 320)
    assert workload.output_shape(make_model("bsrn"), load) == (2, 3, 720, 1280)
    assert workload.output_shape(make_model("bsrn"), plan(3)) == (1, 3, 720, 1281)  # the network's, not the GT's


def test_the_input_is_reproducible() -> None:
    model, load = make_model("bsrn"), plan(4, gt=(64, 48))
    first = make_input(model, load, seed=1)
    torch.rand(7)  # whatever else draws numbers in between
    assert torch.equal(make_input(model, load, seed=1), first)
    assert not torch.equal(make_input(model, load, seed=2), first)


def test_the_input_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    make_input(make_model("bsrn"), plan(4, gt=(64, 48)), seed=1)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize(("colors", "channels"), [("rgb", 3), ("y", 1)])
@pytest.mark.parametrize("white", [1, 255])
def test_the_input_fills_the_range_of_the_network(colors: str, channels: int, white: int) -> None:
    model = make_model("any", colors=colors, value_range=white)
    image = make_input(model, plan(4, gt=(256, 192), batch=2), seed=0)
    assert image.shape == (2, channels, 48, 64)
    assert image.device.type == "cpu"
    # Thousands of uniform numbers come within 2 % of both ends.
    assert 0 <= image.min() < 0.02 * white
    assert 0.98 * white < image.max() <= white


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_the_input_has_the_dtype_of_the_workload(dtype: Dtype) -> None:
    image = make_input(make_model("bsrn"), plan(4, gt=(64, 48), dtype=dtype), seed=0)
    assert str(image.dtype) == f"torch.{dtype}"
    exact = make_input(make_model("bsrn"), plan(4, gt=(64, 48)), seed=0)
    assert torch.equal(image, exact.to(image.dtype))  # the same image, rounded
