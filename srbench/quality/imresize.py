"""MATLAB's bicubic ``imresize`` with antialiasing, by which the field makes its LR images.

Separable: along each axis an output pixel is a weighted mean of the input pixels around its centre, with Keys' cubic
kernel (a = -0.5), widened by the factor when shrinking. Weights are float64. Integer images are rounded (half up) and
clipped after *each* of the two passes, as MATLAB does for uint8; float images are not rounded at all. The axis that
shrinks more goes first, the height where both shrink alike.
"""

from functools import lru_cache
from math import ceil
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Border = Literal["mirror", "clamp"]

Floats = NDArray[np.float64]

#: Keys' kernel is zero beyond two pixels from its centre.
_REACH = 2.0


def imresize(
    image: NDArray[np.generic],
    scale: float | None = None,
    *,
    size: tuple[int, int] | None = None,
    border: Border = "mirror",
) -> NDArray[np.generic]:
    """Resize an image.

    Args:
        image: (H, W) or (H, W, C); uint8, uint16, float32 or float64.
        scale: factor of both sides; the new ones are rounded up, as MATLAB rounds them.
        size: new height and width in place of ``scale``; each side then has the factor that follows.
        border: what lies outside: the image mirrored at its edge pixels' outer sides (MATLAB, IMDN's and SwinIR's sets)
            or the edge pixels repeated (the LR sets of RCAN and SelfExSR).

    Returns:
        Integers of the same type, or float64 (neither rounded nor clipped) for a float image.

    Raises:
        ValueError: neither or both of scale and size, or one not positive; an empty image.
        TypeError: another dtype.
    """
    if (scale is None) == (size is None):
        raise ValueError("give either scale or size")
    if image.ndim not in (2, 3) or 0 in image.shape:
        raise ValueError(f"expected an image (H, W) or (H, W, C), not {image.shape}")
    if image.dtype.kind not in "uf" or image.dtype.itemsize not in ((1, 2) if image.dtype.kind == "u" else (4, 8)):
        raise TypeError(f"expected uint8, uint16, float32 or float64, not {image.dtype}")
    lengths = image.shape[:2]
    if scale is not None:
        if not 0 < scale < float("inf"):
            raise ValueError(f"scale {scale} is not positive")
        wanted, factors = [ceil(scale * length) for length in lengths], [float(scale)] * 2
    else:
        assert size is not None
        if min(size) < 1:
            raise ValueError(f"size {size} is not positive")
        wanted, factors = list(size), [new / old for new, old in zip(size, lengths, strict=True)]
    resized = image.astype(np.float64)
    for axis in sorted((0, 1), key=lambda axis: factors[axis]):
        resized = _along(resized, axis, _weights(lengths[axis], wanted[axis], factors[axis], border))
        if image.dtype.kind == "u":
            resized = round_half_up(resized, 2.0 ** (8 * image.dtype.itemsize) - 1)
    return resized.astype(image.dtype if image.dtype.kind == "u" else np.float64)


def round_half_up(values: Floats, highest: float = 255.0) -> Floats:
    """The nearest integer, the higher one of two, clipped to 0 ... ``highest``: MATLAB's conversion to integers."""
    rounded = values + 0.5
    np.floor(rounded, out=rounded)
    return np.clip(rounded, 0.0, highest, out=rounded)


def _along(image: Floats, axis: int, weights: csr_array) -> Floats:
    """Replace an axis by weighted sums over it."""
    first = np.moveaxis(image, axis, 0)
    sums: Floats = weights @ np.ascontiguousarray(first).reshape(first.shape[0], -1)
    return np.moveaxis(sums.reshape(-1, *first.shape[1:]), 0, axis)


@lru_cache(maxsize=64)
def _weights(length: int, wanted: int, factor: float, border: Border) -> csr_array:
    """Weights of the input pixels in each output pixel: (wanted, length), rows that sum to 1."""
    stretch = min(factor, 1.0)
    # Pixel i covers i - 0.5 to i + 0.5, so that the outer edges of both images coincide.
    centres = (np.arange(wanted) + 0.5) / factor - 0.5
    reach = _REACH / stretch
    taps = np.floor(centres - reach)[:, None] + np.arange(ceil(2 * reach) + 2)
    values = _cubic((centres[:, None] - taps) * stretch)
    values /= values.sum(axis=1, keepdims=True)
    rows = np.broadcast_to(np.arange(wanted)[:, None], taps.shape)
    columns = _folded(taps.astype(np.int64), length, border)
    weights = csr_array((values.ravel(), (rows.ravel(), columns.ravel())), shape=(wanted, length))
    weights.eliminate_zeros()
    return weights


def _folded(taps: NDArray[np.int64], length: int, border: Border) -> NDArray[np.int64]:
    """Positions beyond the border -> positions within."""
    if border == "clamp":
        return np.clip(taps, 0, length - 1)
    there_and_back = taps % (2 * length)
    return np.where(there_and_back < length, there_and_back, 2 * length - 1 - there_and_back)


def _cubic(x: Floats) -> Floats:
    """Keys' cubic convolution kernel, a = -0.5 (Keys 1981, equation 15)."""
    distance = np.abs(x)
    near = (1.5 * distance - 2.5) * distance**2 + 1.0
    far = ((-0.5 * distance + 2.5) * distance - 4.0) * distance + 2.0
    return np.where(distance <= 1, near, np.where(distance <= _REACH, far, 0.0))
