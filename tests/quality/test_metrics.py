"""PSNR and SSIM against scikit-image and arithmetic, and the published row of bicubic interpolation."""

from collections.abc import Callable
from math import inf, log10

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from skimage import metrics as oracle

from bench_quality import agreement, resize_by_pixels, resize_by_rows, usual_score
from srbench.quality.datasets import find, read
from srbench.quality.imresize import imresize
from srbench.quality.metrics import UnsuitableError, bicubic_score, luma, score, ssim
from srbench.quality.protocols import PRESETS, Image, Protocol
from tests.shared_files import SHARED, needs_shared

PAPER, ROUNDED, NTIRE, CLASSIC = (PRESETS[name] for name in ("paper", "paper-rounded", "ntire", "classic"))


def two_images(height: int, width: int, seed: int = 0) -> tuple[Image, Image]:
    dice = np.random.default_rng(seed)
    truth = dice.integers(0, 256, (height, width, 3), np.uint8)
    noisy = np.clip(truth + dice.normal(0, 12, truth.shape), 0, 255).astype(np.uint8)
    return noisy, truth


# --- Independent oracles


@pytest.mark.parametrize(("height", "width"), [(30, 41), (64, 74), (75, 140), (200, 91)])
def test_ssim_and_psnr_are_those_of_scikit_image(height: int, width: int) -> None:
    noisy, truth = two_images(height, width)
    found = score(noisy, truth, PAPER, 4)
    a, b = (luma(image[4:-4, 4:-4]) for image in (noisy, truth))
    expected = oracle.structural_similarity(
        a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
    )
    assert found.ssim == pytest.approx(expected, abs=1e-9)
    assert found.psnr == pytest.approx(oracle.peak_signal_noise_ratio(b, a, data_range=255), abs=1e-9)


def test_rgb_is_the_mean_over_the_channels() -> None:
    noisy, truth = two_images(50, 60)
    found = score(noisy, truth, NTIRE, 3)
    a, b = noisy[3:-3, 3:-3].astype(np.float64), truth[3:-3, 3:-3].astype(np.float64)
    expected = oracle.structural_similarity(
        a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255, channel_axis=2
    )
    assert found.ssim == pytest.approx(expected, abs=1e-9)
    assert found.psnr == pytest.approx(10 * log10(255**2 / ((a - b) ** 2).mean()), abs=1e-9)


def test_it_agrees_with_what_test_scripts_do() -> None:
    noisy, truth = two_images(90, 70)
    found = score(noisy, truth, PAPER, 4)
    assert (found.psnr, found.ssim) == pytest.approx(usual_score(noisy, truth, 4), abs=1e-9)


def test_the_benchmarks_sides_must_agree() -> None:
    a = np.array([1.0, 2.0])
    assert agreement("x", a, a + 1e-12) == pytest.approx(1e-12, rel=1e-3)
    for other in (a + np.array([0.0, 2e-9]), a * np.nan):
        with pytest.raises(AssertionError, match="x: srbench and the usual Python differ by"):
            agreement("x", a, other)


@pytest.mark.parametrize("factor", [1 / 4, 4.0])
@pytest.mark.parametrize("loop", [resize_by_rows, resize_by_pixels])
def test_resizing_agrees_with_the_loops_it_is_timed_against(
    loop: Callable[[NDArray[np.generic], float], NDArray[np.float64]], factor: float
) -> None:
    image = np.random.default_rng(0).uniform(0, 255, (24, 36, 3))
    assert agreement("resize", imresize(image, factor).astype(np.float64), loop(image, factor)) < 1e-9


#: Published bicubic rows of Set5 (facts/quality.md, point 4), x2, x3, x4.
BICUBIC = {2: ("33.66", "0.9299"), 3: ("30.39", "0.8682"), 4: ("28.42", "0.8104")}


@needs_shared("data/Set5")
@pytest.mark.parametrize("scale", BICUBIC)
def test_the_published_bicubic_row_to_its_last_digit(scale: int) -> None:
    dataset = find("set5", SHARED / "data", scale)
    pairs = [read(sample, scale) for sample in dataset.samples]
    scores = [bicubic_score(pair.lr, pair.gt, CLASSIC, scale) for pair in pairs]
    psnr, similarity = (float(np.mean([getattr(each, key) for each in scores])) for key in ("psnr", "ssim"))
    assert (f"{psnr:.2f}", f"{similarity:.4f}") == BICUBIC[scale]


@needs_shared("data/Set5")
def test_the_bicubic_row_by_the_protocol_of_today() -> None:
    # facts/quality.md, point 4: 33.67/.9303 at x2.
    dataset = find("set5", SHARED / "data", 2)
    pairs = [read(sample, 2) for sample in dataset.samples]
    scores = [bicubic_score(pair.lr, pair.gt, PAPER, 2) for pair in pairs]
    psnr, similarity = (float(np.mean([getattr(each, key) for each in scores])) for key in ("psnr", "ssim"))
    assert (f"{psnr:.2f}", f"{similarity:.4f}") == ("33.67", "0.9303")


# --- Arithmetic


@pytest.mark.parametrize(
    ("rgb", "y"),
    [
        ((0, 0, 0), 16.0),
        ((255, 255, 255), 235.0),
        ((255, 0, 0), 81.481),
        ((0, 255, 0), 144.553),
        ((0, 0, 255), 40.966),
    ],
)
def test_luma_is_that_of_bt_601(rgb: tuple[int, int, int], y: float) -> None:
    assert luma(np.array([[rgb]], np.uint8))[0, 0] == pytest.approx(y, abs=1e-12)


def test_a_difference_of_one_grey_level_everywhere() -> None:
    truth = np.full((40, 40, 3), 100, np.uint8)
    # On RGB the error is 1; on Y 219/255 of it, or 1 where Y is rounded (101.88 and 102.74 -> 102 and 103).
    assert score(truth + 1, truth, NTIRE, 4).psnr == pytest.approx(20 * log10(255))
    assert score(truth + 1, truth, PAPER, 4).psnr == pytest.approx(20 * log10(255 * 255 / 219))
    assert score(truth + 1, truth, ROUNDED, 4).psnr == pytest.approx(20 * log10(255))


def test_ssim_of_two_flat_images() -> None:
    # No variance: (2ab + C1) / (a^2 + b^2 + C1), equation 6 of Wang et al.
    a, b = np.full((20, 20), 100.0), np.full((20, 20), 120.0)
    assert ssim(a, b) == pytest.approx((2 * 100 * 120 + 2.55**2) / (100**2 + 120**2 + 2.55**2), abs=1e-9)


def test_what_the_crop_cuts_off_does_not_count() -> None:
    noisy, truth = two_images(40, 40)
    noisy[4:-4, 4:-4] = truth[4:-4, 4:-4]
    equal = score(noisy, truth, PAPER, 4)
    assert (equal.psnr, equal.mse) == (inf, 0)
    assert equal.ssim == pytest.approx(1.0)
    assert score(noisy, truth, PAPER, 3).psnr < inf
    assert score(noisy, truth, Protocol(name="own", crop=4), 2).psnr == inf


def test_a_grey_image_is_rgb_or_luma_as_it_stands() -> None:
    truth = np.full((40, 40, 3), 100, np.uint8)
    as_y = Protocol(name="own", grey="as y")
    assert score(truth + 1, truth, as_y, 4).psnr == pytest.approx(20 * log10(255))
    coloured, other = two_images(40, 40)
    assert score(coloured, other, as_y, 4) == score(coloured, other, PAPER, 4)


def test_a_network_that_makes_colour_of_grey_is_compared_by_luma() -> None:
    truth = np.full((40, 40, 3), 100, np.uint8)
    tinted = truth.copy()
    tinted[..., 0] += 2
    # GT is grey and stands as its luma; the output has a luma of its own, in the same range.
    with_grey = score(tinted, truth, Protocol(name="own", grey="as y"), 4)
    assert with_grey.psnr == score(tinted, truth, PAPER, 4).psnr


@pytest.mark.parametrize(
    ("protocol", "metric", "scale", "expected"),
    [
        (PAPER, "PSNR", 4, "PSNR-Y(BT.601 16-235, crop 4, RGB uint8, Y float)"),
        (ROUNDED, "SSIM", 2, "SSIM-Y(BT.601 16-235, crop 2, RGB uint8, Y uint8)"),
        (NTIRE, "PSNR", 4, "PSNR-RGB(crop 4, RGB uint8)"),
        (CLASSIC, "PSNR", 3, "PSNR-Y(BT.601 16-235, crop 3, Y uint8 before resizing)"),
    ],
)
def test_every_number_names_its_protocol(protocol: Protocol, metric: str, scale: int, expected: str) -> None:
    assert protocol.describe(metric, scale) == expected


# --- Whatever the images

PLANES = arrays.arrays(np.uint8, st.tuples(st.integers(11, 90), st.integers(11, 90)))


@given(PLANES, st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_ssim_is_symmetric_and_one_for_equals(plane: NDArray[np.uint8], seed: int) -> None:
    a = plane.astype(np.float64)
    b = np.random.default_rng(seed).permutation(a.ravel()).reshape(a.shape)
    assert ssim(a, a) == pytest.approx(1.0)
    assert ssim(a, b) == pytest.approx(ssim(b, a))
    assert ssim(a, b) <= 1.0 + 1e-12


# --- Bad input


def test_unlike_or_small_images_are_refused() -> None:
    noisy, truth = two_images(30, 30)
    with pytest.raises(ValueError, match="30x29 against a GT of 30x30"):
        score(noisy[:29], truth, PAPER, 4)
    with pytest.raises(ValueError, match="smaller than the 11x11 window"):
        score(noisy[:18, :18], truth[:18, :18], PAPER, 4)
    with pytest.raises(ValueError, match="uint8 RGB"):
        score(noisy.astype(np.float64), truth, PAPER, 4)


@pytest.mark.parametrize("protocol", [PAPER, ROUNDED, NTIRE, CLASSIC], ids=lambda each: each.name)
@pytest.mark.parametrize("side", [8, 14])
def test_bicubic_interpolation_of_small_images_is_refused_by_every_protocol(protocol: Protocol, side: int) -> None:
    # At x2 the crop leaves 4 and 10 pixels of a side, fewer than the 11 of a window.
    _, truth = two_images(side, side)
    with pytest.raises(UnsuitableError, match=f"{side}x{side} without 2 pixels at each border is smaller than the 11x"):
        bicubic_score(truth[::2, ::2], truth, protocol, 2)
    _, truth = two_images(16, 16)
    assert bicubic_score(truth[::2, ::2], truth, protocol, 2).psnr > 0


def test_bicubic_interpolation_of_another_array_is_refused_by_every_protocol() -> None:
    _, truth = two_images(30, 30)
    for protocol in (PAPER, CLASSIC):
        with pytest.raises(UnsuitableError, match="uint8 RGB"):
            bicubic_score(truth[::2, ::2], truth.astype(np.float64), protocol, 2)
