"""MATLAB's imresize: its published weights by arithmetic, its results by the LR images that it made."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from bench_quality import resize_by_rows
from srbench.quality.images import cut_to_multiple, read_image
from srbench.quality.imresize import imresize
from tests.shared_files import SHARED, needs_shared

SET5 = ("baby", "bird", "butterfly", "head", "woman")


def keys(distance: Fraction) -> Fraction:
    """Keys 1981, equation 15."""
    x = abs(distance)
    if x <= 1:
        return Fraction(3, 2) * x**3 - Fraction(5, 2) * x**2 + 1
    return Fraction(-1, 2) * x**3 + Fraction(5, 2) * x**2 - 4 * x + 2 if x <= 2 else Fraction(0)


@needs_shared("data/Set5")
@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("name", SET5)
def test_not_one_pixel_of_set5_differs(name: str, scale: int) -> None:
    # The LR images published with IMDN, which MATLAB made of uint8 images: facts/quality.md section 3.
    truth = cut_to_multiple(read_image(SHARED / f"data/Set5/HR/{name}.png").pixels, scale)
    made = read_image(SHARED / f"data/Set5/LRbicx{scale}/{name}.png").pixels
    assert np.array_equal(imresize(truth, 1 / scale), made)
    assert np.array_equal(imresize(truth, size=made.shape[:2]), made)


# --- Weights, by arithmetic


@pytest.mark.parametrize("border", ["mirror", "clamp"])
def test_the_weights_of_halving(border: str) -> None:
    # Output pixel 4 has its centre between the input pixels 8 and 9; the kernel is twice as wide, so that they are a
    # quarter, their neighbours three quarters ... of its step away.
    line = np.eye(20)
    weights = imresize(line, size=(10, 20), border="mirror" if border == "mirror" else "clamp")
    expected = [keys(Fraction(2 * k + 1, 4)) / 2 for k in range(4)]
    assert sum(expected) * 2 == 1
    assert weights[4, 5:13] == pytest.approx([float(w) for w in (*reversed(expected), *expected)], abs=1e-15)
    assert np.count_nonzero(weights[4]) == 8


def test_at_the_border_the_image_is_mirrored_or_its_edge_repeated() -> None:
    impulse = np.zeros((8, 1))
    impulse[1] = 1.0
    # Of the first output pixel's eight weights the inner four fall on pixels 0 to 3, the outer ones on -1 to -4.
    w = [float(keys(Fraction(2 * k + 1, 4)) / 2) for k in range(4)]
    mirrored = imresize(impulse, size=(4, 1), border="mirror")[0, 0]
    clamped = imresize(impulse, size=(4, 1), border="clamp")[0, 0]
    # Centre at 0.5: pixel 1 has the weight w[0]; mirrored, pixel -2 is pixel 1 again, with the weight w[2].
    assert mirrored == pytest.approx(w[0] + w[2], abs=1e-15)
    assert clamped == pytest.approx(w[0], abs=1e-15)


def test_integers_are_rounded_half_up_after_either_pass() -> None:
    # Two pixels become four. In row 1 (centre 0.25) the lower one has the weights keys(3/4) + keys(7/4), its mirror
    # image's, together 0.203125; in row 2 the rest, 0.796875; in rows 0 and 3, -0.09375 and 1.09375.
    column = np.array([[0], [128]], np.uint8)
    assert imresize(column, size=(4, 1))[:, 0].tolist() == [0, 26, 102, 140]  # -12 is clipped
    square = np.array([[0, 0], [0, 200]], np.uint8)
    # Height first: 200 * 0.203125 = 40.6 -> 41, then 41 * 0.796875 = 32.67 -> 33. Width first: 159 and 32.
    # With one rounding at the end: 32.37 -> 32.
    assert imresize(square, size=(4, 4))[1, 2] == 33


def test_floats_are_neither_rounded_nor_clipped() -> None:
    column = np.array([[0.0], [1.0]], np.float32)
    resized = imresize(column, size=(4, 1))[:, 0]
    assert resized.dtype == np.float64
    # Weights of pixel 1 in row 0 (centre -0.25, taps -2 to 1 and beyond): distances 3/4 mirrored and 5/4.
    assert resized[0] < 0
    assert resized.sum() == pytest.approx(2.0)


def test_the_axis_that_shrinks_more_goes_first() -> None:
    # 16 bits hide the rounding between the passes; 8 bits show it.
    dice = np.random.default_rng(1)
    image = dice.integers(0, 256, (24, 24), np.uint8)
    wide = imresize(image, size=(12, 6))
    assert np.array_equal(wide, imresize(image.T, size=(6, 12)).T)
    by_width_first = imresize(imresize(image, size=(24, 6)), size=(12, 6))
    assert np.array_equal(wide, by_width_first)


# --- Whatever the image and the scale

SCALES = st.sampled_from([1 / 8, 1 / 4, 1 / 3, 1 / 2, 0.7, 1.0, 1.5, 2.0, 3.0, 4.0])
IMAGES = arrays.arrays(np.float64, st.tuples(st.integers(1, 20), st.integers(1, 20)), elements=st.floats(-9, 300))


@given(IMAGES, SCALES)
def test_it_agrees_with_a_loop_over_rows(image: NDArray[np.float64], scale: float) -> None:
    assert imresize(image, scale) == pytest.approx(resize_by_rows(image, scale), abs=1e-9)


@given(st.integers(0, 255), st.integers(1, 30), st.integers(1, 30), SCALES, st.sampled_from(["mirror", "clamp"]))
def test_a_flat_image_stays_flat(value: int, height: int, width: int, scale: float, border: str) -> None:
    image = np.full((height, width, 3), value, np.uint8)
    resized = imresize(image, scale, border="mirror" if border == "mirror" else "clamp")
    assert resized.dtype == np.uint8
    assert (resized == value).all()


@given(st.integers(1, 300), st.integers(1, 300), SCALES)
def test_sides_are_rounded_up(height: int, width: int, scale: float) -> None:
    shape = imresize(np.zeros((height, width), np.uint8), scale).shape
    assert shape == (-int(-(height * scale) // 1), -int(-(width * scale) // 1))


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, "either"),
        ({"scale": 2.0, "size": (1, 1)}, "either"),
        ({"scale": 0.0}, "not positive"),
        ({"scale": float("nan")}, "not positive"),
        ({"size": (0, 4)}, "not positive"),
    ],
)
def test_wrong_sizes_are_refused(arguments: dict[str, object], error: str) -> None:
    with pytest.raises(ValueError, match=error):
        imresize(np.zeros((4, 4)), **arguments)  # type: ignore[arg-type]


def test_what_is_no_image_is_refused() -> None:
    with pytest.raises(ValueError, match="expected an image"):
        imresize(np.zeros((4, 0)), 2)
    with pytest.raises(TypeError, match="int64"):
        imresize(np.zeros((4, 4), np.int64), 2)
