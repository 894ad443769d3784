"""GT size + scale -> LR size."""

import re
from typing import Literal

from srbench.cases import MOST_SCALE, Size
from srbench.errors import InputError

#: The GT size for which papers state Multi-Adds.
HD720 = (1280, 720)
#: A side beyond this is a typing error, not an image (8K is 7680 wide).
MAX_SIDE = 65536

Rounding = Literal["half-up", "floor"]


def parse_size(text: str, option: str) -> tuple[int, int]:
    """``1280x720`` -> (width, height) in pixels.

    Raises:
        InputError: another form, zero, or a side that no image has.
    """
    match = re.fullmatch(r"\s*(\d{1,18})\s*[xX]\s*(\d{1,18})\s*", text, re.ASCII)
    if match is None:
        raise InputError(f"{option} {text!r} is not WIDTHxHEIGHT in pixels, such as 1280x720")
    width, height = int(match[1]), int(match[2])
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise InputError(f"{option} {text}: each side must be between 1 and {MAX_SIDE} pixels")
    return width, height


def plan(
    scale: int,
    *,
    gt: tuple[int, int] = HD720,
    lr: tuple[int, int] | None = None,
    rounding: Rounding = "half-up",
    batch: int = 1,
) -> Size:
    """Work out a size. ``lr`` wins over ``gt``, which then is LR times scale.

    Args:
        scale: upscaling factor.
        gt: (width, height) in pixels.
        lr: the same of LR; GT is then LR times scale.
        rounding: of an LR side where the scale does not divide GT.
        batch: images in a pass.

    Raises:
        InputError: a scale or a batch below 1 or beyond all bounds, or an LR side that rounds to nothing.
    """
    if scale < 1:
        raise InputError(f"--scale {scale} must be at least 1")
    if scale > MOST_SCALE:
        raise InputError(f"--scale {scale} is beyond all networks; it may be {MOST_SCALE} at most")
    if batch < 1:
        raise InputError(f"--batch {batch} must be at least 1")
    if batch > MAX_SIDE:
        raise InputError(f"--batch {batch} must be at most {MAX_SIDE}")
    if lr is not None:
        gt = (lr[0] * scale, lr[1] * scale)
    else:
        lr = (_divide(gt[0], scale, rounding), _divide(gt[1], scale, rounding))
        if min(lr) < 1:
            raise InputError(f"GT {gt[0]}x{gt[1]} leaves no LR pixel at x{scale}; give a larger --gt")
    return Size(
        scale=scale,
        gt_width=gt[0],
        gt_height=gt[1],
        lr_width=lr[0],
        lr_height=lr[1],
        lr_rounding=rounding,
        batch=batch,
    )


def _divide(side: int, scale: int, rounding: Rounding) -> int:
    """Whole-number division, rounded half up (as papers do: 1280 / 3 = 427) or down."""
    return (2 * side + scale) // (2 * scale) if rounding == "half-up" else side // scale
