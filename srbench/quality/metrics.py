"""PSNR and SSIM as the field's tables have them, each under the name of its protocol.

Papers on light-weight networks measure on luma: the output is clamped and rounded to 8-bit RGB, its BT.601 luma
(16 to 235, as MATLAB's rgb2ycbcr has it) is left unrounded, as many pixels as the scale are cut from each border.
SSIM is that of Wang et al. 2004, section III.C: a Gaussian window of 11x11 with sigma 1.5, only where it lies
within the image.
"""

from functools import cache
from math import inf, log10
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from srbench.facts import Frozen
from srbench.quality.imresize import Floats, imresize, round_half_up

Image = NDArray[np.uint8]

PEAK = 255.0
WINDOW, SIGMA = 11, 1.5
#: (0.01 L)^2 and (0.03 L)^2 of Wang et al.
C1, C2 = (0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2
#: Y = 16 + (65.481 R + 128.553 G + 24.966 B) / 255 for RGB in 0 ... 255 (ITU-R BT.601, as in MATLAB's rgb2ycbcr).
LUMA, LUMA_OFFSET = (65.481, 128.553, 24.966), 16.0
#: Output pixels of a tile of SSIM: its maps stay in a core's cache.
_TILE = 64


class Protocol(Frozen):
    """How a pair of 8-bit RGB images is compared.

    Attributes:
        name: of the preset.
        channel: ``y`` or ``rgb``; of RGB the three channels count alike.
        y_rounded: whether luma is rounded to whole numbers, as ``rgb2ycbcr`` of a uint8 image does.
        crop: pixels cut from each border; None for as many as the scale.
        grey: what a grey GT is, where the output is grey too: RGB with three equal channels, or luma as it stands.
        resized: what bicubic interpolation works on: the RGB images, or their luma, rounded first (the older habit, by
            which the bicubic rows of published tables were made).
    """

    name: str
    channel: Literal["y", "rgb"] = "y"
    y_rounded: bool = False
    crop: int | None = None
    grey: Literal["as rgb", "as y"] = "as rgb"
    resized: Literal["rgb", "y"] = "rgb"

    def border(self, scale: int) -> int:
        """Pixels cut from each border at a scale."""
        return scale if self.crop is None else self.crop

    def describe(self, metric: str, scale: int) -> str:
        """Its string, as in ``PSNR-Y(BT.601 16-235, crop 4, RGB uint8, Y float)``."""
        crop = f"crop {self.border(scale)}"
        if self.channel == "rgb":
            return f"{metric}-RGB({crop}, RGB uint8)"
        colours = f"RGB uint8, Y {'uint8' if self.y_rounded else 'float'}"
        if self.resized == "y":
            colours = "Y uint8 before resizing"
        grey = ", grey as Y" if self.grey == "as y" else ""
        return f"{metric}-Y(BT.601 16-235, {crop}, {colours}{grey})"


#: Of what papers print today; of IMDN's own script and older papers; of the challenges; of published bicubic rows.
PRESETS = {
    preset.name: preset
    for preset in (
        Protocol(name="paper"),
        Protocol(name="paper-rounded", y_rounded=True),
        Protocol(name="ntire", channel="rgb"),
        Protocol(name="classic", y_rounded=True, resized="y"),
    )
}


class Score(Frozen):
    """Mean squared error of values in 0 ... 255, and SSIM, of one pair of images."""

    mse: float = Field(ge=0)
    ssim: float

    @property
    def psnr(self) -> float:
        """Peak signal-to-noise ratio in dB for a peak of 255; infinite for equal images."""
        return inf if self.mse == 0 else 10 * log10(PEAK**2 / self.mse)


def score(image: Image, truth: Image, protocol: Protocol, scale: int) -> Score:
    """Compare an upscaled image with its GT.

    Args:
        image, truth: (H, W, 3), uint8, RGB.
        protocol: what is compared.
        scale: of the upscaling; the crop of most protocols.

    Raises:
        ValueError: unlike or unsuitable arrays, or sides that the crop leaves less than the window of SSIM.
    """
    for array in (image, truth):
        if array.ndim != 3 or array.shape[2] != 3 or array.dtype != np.uint8:
            raise ValueError(f"expected uint8 RGB (H, W, 3), not {array.dtype} {array.shape}")
    if image.shape != truth.shape:
        raise ValueError(f"{_size(image)} against a GT of {_size(truth)}")
    cut = protocol.border(scale)
    if min(truth.shape[:2]) < 2 * cut + WINDOW:
        raise ValueError(
            f"{_size(truth)} without {cut} pixels at each border is smaller than the {WINDOW}x{WINDOW} window of SSIM"
        )
    as_y = protocol.grey == "as y" and _is_grey(image) and _is_grey(truth)
    return _of_planes(*(_planes(array, protocol, cut, as_y=as_y) for array in (image, truth)))


def bicubic_score(low: Image, truth: Image, protocol: Protocol, scale: int) -> Score:
    """The score of bicubic interpolation, the row below which no network may fall.

    Args:
        low: LR, (H, W, 3); of no use where the protocol resizes luma, which makes its own LR.
        truth: GT, (scale*H, scale*W, 3).
        protocol, scale: as in :func:`score`.

    Raises:
        ValueError: as :func:`score`.
    """
    if protocol.resized == "rgb":
        return score(imresize(low, scale).astype(np.uint8), truth, protocol, scale)
    y = round_half_up(luma(truth))
    small = imresize(y, 1 / scale).astype(np.float64)
    again = round_half_up(imresize(small, scale).astype(np.float64))
    cut = protocol.border(scale)
    inner = slice(cut, y.shape[0] - cut), slice(cut, y.shape[1] - cut)
    return _of_planes([again[inner]], [y[inner]])


def _of_planes(image: list[Floats], truth: list[Floats]) -> Score:
    pairs = list(zip(image, truth, strict=True))
    mse = float(np.mean([mean_square(a, b) for a, b in pairs]))
    return Score(mse=mse, ssim=float(np.mean([ssim(a, b) for a, b in pairs])))


def mean_square(a: Floats, b: Floats) -> float:
    """Mean of the squared differences of two planes."""
    difference = (a - b).ravel()
    return float(difference @ difference) / difference.size


def luma(rgb: NDArray[np.uint8 | np.float64]) -> Floats:
    """BT.601 luma, 16 to 235, not rounded, of RGB in 0 ... 255: (..., 3) -> (...)."""
    weighted: Floats = rgb @ (np.array(LUMA) / PEAK)
    return weighted + LUMA_OFFSET


def _is_grey(image: Image) -> bool:
    return bool((image[..., :1] == image[..., 1:]).all())


def _planes(image: Image, protocol: Protocol, cut: int, *, as_y: bool) -> list[Floats]:
    inner = image[cut : image.shape[0] - cut, cut : image.shape[1] - cut]
    if protocol.channel == "rgb":
        return [inner[..., channel].astype(np.float64) for channel in range(3)]
    if as_y:
        return [inner[..., 0].astype(np.float64)]
    y = luma(inner)
    return [round_half_up(y) if protocol.y_rounded else y]


def ssim(a: Floats, b: Floats) -> float:
    """Mean structural similarity of two planes in 0 ... 255, both (H, W) with sides of 11 at least.

    The two variances only ever occur as their sum, so four smoothed maps serve (a, b, a^2 + b^2, ab), not five. The
    window is separable, and smoothing a tile along an axis is one product with a banded matrix.
    """
    height, width = (side - WINDOW + 1 for side in a.shape)
    total = 0.0
    for top in range(0, height, _TILE):
        rows = min(_TILE, height - top)
        x, y = a[top : top + rows + WINDOW - 1], b[top : top + rows + WINDOW - 1]
        smoothed = _band(rows) @ np.stack([x, y, x * x + y * y, x * y])
        for left in range(0, width, _TILE):
            columns = min(_TILE, width - left)
            total += _similarity(smoothed[..., left : left + columns + WINDOW - 1] @ _band(columns).T)
    return float(total / (height * width))


def _similarity(smoothed: Floats) -> float:
    """Sum over a tile of equation 13 of Wang et al., from the local means of a, b, a^2 + b^2 and ab."""
    mean_a, mean_b, squares, product = smoothed
    means = 2 * mean_a * mean_b
    mean_squares = mean_a**2 + mean_b**2
    upper = (means + C1) * (2 * product - means + C2)
    return float((upper / ((mean_squares + C1) * (squares - mean_squares + C2))).sum())


@cache
def _band(outputs: int) -> Floats:
    """Weighted means along an axis as a matrix: (outputs, outputs + 10)."""
    offsets = np.arange(WINDOW) - WINDOW // 2
    weights = np.exp(-(offsets**2) / (2 * SIGMA**2))
    weights /= weights.sum()
    band = np.zeros((outputs, outputs + WINDOW - 1))
    for row in range(outputs):
        band[row, row : row + WINDOW] = weights
    return band


def _size(image: Image) -> str:
    return f"{image.shape[1]}x{image.shape[0]}"
