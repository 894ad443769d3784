"""Reading images: PNG, BMP, TIFF and JPEG of 8 or 16 bits, grey, palette, with alpha; all become 8-bit RGB.

Whatever had to be done to a file is said in words, since it is part of how a number was made.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, UnidentifiedImageError
from PIL import Image as Pillow

from srbench.errors import InputError
from srbench.quality.protocols import Image

#: What is taken as an image in a folder.
SUFFIXES = frozenset((".png", ".bmp", ".tif", ".tiff", ".jpg", ".jpeg"))
#: Colours of print and video: the decoder converts them.
_OTHER_COLOURS = frozenset(("CMYK", "YCbCr", "LAB"))
#: 65535 / 257 = 255: a 16-bit value's step in 8 bits.
_STEP_OF_16_BITS = 257


# A damaged file is said in our own words.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)


@dataclass(frozen=True)
class Picture:
    """An image as it is measured.

    Attributes:
        pixels: (H, W, 3), uint8, RGB.
        notes: what was done to the file's own pixels, one sentence each; empty for 8-bit RGB.
    """

    pixels: Image
    notes: tuple[str, ...] = ()


def read_image(path: Path) -> Picture:
    """Read an image file.

    Raises:
        InputError: missing, unreadable, no image, or of a kind that 8-bit RGB cannot stand for.
    """
    try:
        data = path.read_bytes()
        with Pillow.open(path) as header:
            notes = _notes_of(header)
            mode = header.mode
    except UnidentifiedImageError:
        raise InputError(f"{path} is not an image") from None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    # Pillow gives 8 bits where a colour PNG or TIFF has 16; OpenCV keeps them.
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None:
        raise InputError(f"cannot read {path}: the image is damaged or of an unknown kind")
    return Picture(_to_rgb(decoded, path, mode, notes), tuple(notes))


def _notes_of(header: Pillow.Image) -> list[str]:
    """What a reader should know of the file beside its bits and channels."""
    notes = ["a palette was resolved"] if header.mode == "P" else []
    if header.mode in _OTHER_COLOURS:
        notes.append(f"{header.mode} became RGB without a colour profile")
    if getattr(header, "n_frames", 1) > 1:
        notes.append("only the first of several pages counts")
    if header.getexif().get(ExifTags.Base.Orientation, 1) != 1:
        notes.append("it was not turned as its EXIF orientation says")
    return notes


def _to_rgb(decoded: NDArray[np.generic], path: Path, mode: str, notes: list[str]) -> Image:
    if decoded.dtype == np.uint16:
        notes.append("16 bits were rounded to 8")
        eight = ((decoded.astype(np.uint32) + _STEP_OF_16_BITS // 2) // _STEP_OF_16_BITS).astype(np.uint8)
    elif decoded.dtype == np.uint8:
        eight = decoded.astype(np.uint8, copy=False)
    else:
        raise InputError(f"{path} holds {decoded.dtype} values; srbench reads 8 and 16 bits")
    if eight.ndim == 2:
        notes.append("grey became RGB with three equal channels")
        return np.repeat(eight[..., None], 3, axis=2)
    if mode == "LA":
        notes.append("grey became RGB with three equal channels")
    if eight.shape[2] == 4 and mode not in _OTHER_COLOURS:
        notes.append("alpha was left out")
    return np.ascontiguousarray(eight[..., 2::-1])  # OpenCV has blue first


def cut_to_multiple(pixels: Image, scale: int) -> Image:
    """Cut rows and columns at the end so that the scale divides both sides."""
    height, width = (side - side % scale for side in pixels.shape[:2])
    return pixels[:height, :width]
