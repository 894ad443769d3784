"""GT size and scale to LR size; sizes are those of the papers' tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srbench import sizes
from srbench.errors import InputError
from srbench.sizes import parse_size, plan

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
def test_lr_size_of_hd(scale: int, rounding: sizes.Rounding, width: int, height: int) -> None:
    load = plan(scale, rounding=rounding)
    assert (load.gt_width, load.gt_height) == (1280, 720)
    assert (load.lr_width, load.lr_height) == (width, height)
    assert (load.scale, load.lr_rounding, load.batch) == (scale, rounding, 1)


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
def test_a_gt_that_leaves_no_pixel(gt: tuple[int, int], scale: int, rounding: sizes.Rounding) -> None:
    with pytest.raises(InputError, match=f"GT {gt[0]}x{gt[1]} leaves no LR pixel at x{scale}; give a larger --gt"):
        plan(scale, gt=gt, rounding=rounding)


@pytest.mark.parametrize("batch", [0, -1])
def test_a_batch_is_at_least_one(batch: int) -> None:
    with pytest.raises(InputError, match=f"--batch {batch} must be at least 1"):
        plan(4, batch=batch)
