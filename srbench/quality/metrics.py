"""PSNR and SSIM as the field's tables have them.

Papers on light-weight networks measure on luma: the output is clamped and rounded to 8-bit RGB, its BT.601 luma
(16 to 235, as MATLAB's rgb2ycbcr has it) is left unrounded, as many pixels as the scale are cut from each border.
SSIM is that of Wang et al. 2004, section III.C: a Gaussian window of 11x11 with sigma 1.5, only where it lies
within the image.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from srbench.quality.imresize import Floats, imresize, round_half_up
from srbench.quality.protocols import PEAK, Image, Protocol, Score

Rows = NDArray[np.uint8 | np.float64]

WINDOW, SIGMA = 11, 1.5
#: (0.01 L)^2 and (0.03 L)^2 of Wang et al.
C1, C2 = (0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2
#: Y = 16 + (65.481 R + 128.553 G + 24.966 B) / 255 for RGB in 0 ... 255 (ITU-R BT.601, as in MATLAB's rgb2ycbcr).
LUMA, LUMA_OFFSET = (65.481, 128.553, 24.966), 16.0
#: Windows that are worked on together.
_STRIP = 1 << 17


class UnsuitableError(ValueError):
    """Images that a protocol cannot compare."""


def score(image: Image, truth: Image, protocol: Protocol, scale: int) -> Score:
    """Compare an upscaled image with its GT.

    Args:
        image: the output, (H, W, 3), uint8, RGB.
        truth: GT, likewise.
        protocol: what is compared.
        scale: of the upscaling; the crop of most protocols.

    Raises:
        UnsuitableError: unlike or unsuitable arrays, or sides that the crop leaves less than the window of SSIM.
    """
    inner = _inner(image, truth, protocol, scale)
    as_y = protocol.grey == "as y" and _is_grey(image) and _is_grey(truth)
    return _compare(image[inner], truth[inner], lambda rows: _planes(rows, protocol, as_y=as_y))


def bicubic_score(low: Image, truth: Image, protocol: Protocol, scale: int) -> Score:
    """The score of bicubic interpolation, the row below which no network may fall.

    Args:
        low: LR, (H, W, 3); of no use where the protocol resizes luma, which makes its own LR.
        truth: GT, (scale*H, scale*W, 3).
        protocol: what is compared.
        scale: of the upscaling; the crop of most protocols.

    Raises:
        UnsuitableError: as :func:`score`.
    """
    if protocol.resized == "rgb":
        return score(imresize(low, scale).astype(np.uint8), truth, protocol, scale)
    inner = _inner(truth, truth, protocol, scale)
    y = round_half_up(luma(truth))
    small = imresize(y, 1 / scale).astype(np.float64)
    again = round_half_up(imresize(small, scale).astype(np.float64))
    return _compare(again[inner], y[inner], lambda rows: [rows.astype(np.float64)])


def _inner(image: Image, truth: Image, protocol: Protocol, scale: int) -> tuple[slice, slice]:
    """What the crop leaves of two images; raises as :func:`score` does."""
    for array in (image, truth):
        if array.ndim != 3 or array.shape[2] != 3 or array.dtype != np.uint8:
            raise UnsuitableError(f"expected uint8 RGB (H, W, 3), not {array.dtype} {array.shape}")
    if image.shape != truth.shape:
        raise UnsuitableError(f"{_size(image)} against a GT of {_size(truth)}")
    cut = protocol.border(scale)
    if min(truth.shape[:2]) < 2 * cut + WINDOW:
        raise UnsuitableError(
            f"{_size(truth)} without {cut} pixels at each border is smaller than the {WINDOW}x{WINDOW} window of SSIM"
        )
    return slice(cut, truth.shape[0] - cut), slice(cut, truth.shape[1] - cut)


def ssim(a: Floats, b: Floats) -> float:
    """Mean structural similarity of two planes in 0 ... 255, both (H, W) with sides of 11 at least."""
    return _compare(a, b, lambda rows: [rows.astype(np.float64)]).ssim


def _compare(image: Rows, truth: Rows, planes: Callable[[Rows], list[Floats]]) -> Score:
    """Compare the planes of two arrays, strip by strip on all cores: what is derived of a strip stays in a cache."""
    height, width = image.shape[:2]
    windows = height - WINDOW + 1
    rows = max(1, _STRIP // width)

    def sums(top: int) -> list[tuple[float, float]]:
        stop = min(top + rows, windows)
        seen = slice(top, stop + WINDOW - 1)
        # The rows that the last window of the image sees belong to the last strip.
        own = stop - top if stop < windows else None
        pairs = zip(planes(image[seen]), planes(truth[seen]), strict=True)
        return [(float(np.square(a[:own] - b[:own]).sum()), _similarity(a, b)) for a, b in pairs]

    tops = range(0, windows, rows)
    of_strips = list(_pool().map(sums, tops)) if len(tops) > 1 else [sums(0)]
    squares, similarity = np.array(of_strips).sum(axis=0).mean(axis=0)
    return Score(mse=squares / (height * width), ssim=similarity / (windows * (width - WINDOW + 1)))


@cache
def _pool() -> ThreadPoolExecutor:
    """Kept from image to image: a thread that ends gives its memory back, and the next one faults it in again."""
    return ThreadPoolExecutor(os.cpu_count())


def luma(rgb: Rows) -> Floats:
    """BT.601 luma, 16 to 235, not rounded, of RGB in 0 ... 255: (..., 3) -> (...)."""
    weighted: Floats = rgb.astype(np.float64) @ (np.array(LUMA) / PEAK)
    return weighted + LUMA_OFFSET


def _is_grey(image: Image) -> bool:
    return bool((image[..., :1] == image[..., 1:]).all())


def _planes(rows: Rows, protocol: Protocol, *, as_y: bool) -> list[Floats]:
    """What is compared of some rows of an RGB image."""
    if protocol.channel == "rgb":
        return [rows[..., channel].astype(np.float64) for channel in range(3)]
    if as_y:
        return [rows[..., 0].astype(np.float64)]
    y = luma(rows)
    return [round_half_up(y) if protocol.y_rounded else y]


def _similarity(a: Floats, b: Floats) -> float:
    """Sum over two planes of equation 13 of Wang et al.

    The window is separable. The two variances only ever occur as their sum, so four smoothed maps serve
    (a, b, a^2 + b^2, ab), not five.
    """
    mean_a, mean_b, squares, product = (_smoothed(each) for each in (a, b, a * a + b * b, a * b))
    means = 2 * mean_a * mean_b
    mean_squares = mean_a * mean_a + mean_b * mean_b
    upper = (means + C1) * (2 * product - means + C2)
    return float((upper / ((mean_squares + C1) * (squares - mean_squares + C2))).sum())


def _smoothed(plane: Floats) -> Floats:
    """Local weighted means where the whole window lies within: (H, W) -> (H - 10, W - 10)."""
    line, cut = cv2.getGaussianKernel(WINDOW, SIGMA), WINDOW // 2
    smoothed = cv2.sepFilter2D(plane, cv2.CV_64F, line, line)
    return smoothed[cut:-cut, cut:-cut].astype(np.float64, copy=False)


def _size(image: Image) -> str:
    return f"{image.shape[1]}x{image.shape[0]}"
