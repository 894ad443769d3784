"""Reading images: PNG, BMP, TIFF and JPEG of 8 or 16 bits, grey, palette, with alpha; all become 8-bit RGB.

Whatever had to be done to a file is said in words, since it is part of how a number was made.
"""

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, UnidentifiedImageError
from PIL import Image as Pillow

from srbench.errors import InputError
from srbench.files import read_bytes
from srbench.quality.protocols import Image

#: What is taken as an image in a folder.
SUFFIXES = frozenset((".png", ".bmp", ".tif", ".tiff", ".jpg", ".jpeg"))
#: Colours of print and video: the decoder converts them.
_OTHER_COLOURS = frozenset(("CMYK", "YCbCr", "LAB"))
#: 65535 / 257 = 255: a 16-bit value's step in 8 bits.
_STEP_OF_16_BITS = 257
_DAMAGED = "the image is damaged or of an unknown kind"
#: A file of a few KiB may be of 30000x30000 pixels, which take 2.5 GiB. So many take 0.6 GiB; the largest images of
#: the field's sets have a tenth of them.
MOST_PIXELS = 200_000_000
#: So many pixels of 16 bits with alpha, not compressed at all.
_MOST_BYTES = 8 * MOST_PIXELS + 2**20
#: Rows of 16 bits that are brought to 8 at once.
_STRIP = 256
#: Where a PNG may say how it is turned, perhaps behind its pixels.
_PNG_EXIF = (b"eXIf", b"Raw profile type exif", b"XML:com.adobe.xmp")

# A damaged file is said in our own words.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

# Pillow reads headers here; what may be decoded is said below.
Pillow.MAX_IMAGE_PIXELS = None


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
        InputError: missing, unreadable, no image, too large, or of a kind that 8-bit RGB cannot stand for.
    """
    try:
        data = read_bytes(path, _MOST_BYTES)
        with warnings.catch_warnings(action="ignore"), Pillow.open(io.BytesIO(data)) as header:
            width, height = header.size
            if width * height > MOST_PIXELS:
                raise InputError(f"{path} is of {width}x{height} pixels; srbench reads up to {MOST_PIXELS:,} of them")
            # A damaged PNG is found by its checksums, before the decoder complains of it on the terminal.
            if header.format == "PNG":
                with Pillow.open(io.BytesIO(data)) as checked:
                    checked.verify()
                # That of its last chunk is not asked for: four bytes behind the four of its name.
                if data.rfind(b"IEND") + 8 > len(data):
                    raise InputError(f"cannot read {path}: {_DAMAGED}")
            notes = _notes_of(header, data)
            mode = header.mode
    except (MemoryError, InputError):
        raise
    except UnidentifiedImageError:
        raise InputError(f"{path} is not an image") from None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    except Exception:  # noqa: BLE001 - Pillow lets out whatever a damaged header makes of its parsers
        raise InputError(f"cannot read {path}: {_DAMAGED}") from None
    # Pillow gives 8 bits where a colour PNG or TIFF has 16; OpenCV keeps them.
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        raise InputError(f"cannot read {path}: {_DAMAGED}") from None
    if decoded is None:
        raise InputError(f"cannot read {path}: {_DAMAGED}")
    return Picture(_to_rgb(decoded, path, mode, notes), tuple(notes))


def _notes_of(header: Pillow.Image, data: bytes) -> list[str]:
    """What a reader should know of the file beside its bits and channels."""
    notes = ["a palette was resolved"] if header.mode == "P" else []
    if header.mode in _OTHER_COLOURS:
        notes.append(f"{header.mode} became RGB without a colour profile")
    if getattr(header, "n_frames", 1) > 1:
        notes.append("only the first of several pages counts")
    # Of a PNG without EXIF before its pixels Pillow decodes them all to see what follows.
    may_be_turned = header.format != "PNG" or any(each in data for each in _PNG_EXIF)
    if may_be_turned and header.getexif().get(ExifTags.Base.Orientation, 1) != 1:
        notes.append("it was not turned as its EXIF orientation says")
    return notes


def _to_rgb(decoded: NDArray[np.generic], path: Path, mode: str, notes: list[str]) -> Image:
    if decoded.dtype == np.uint16:
        notes.append("16 bits were rounded to 8")
        eight: NDArray[np.uint8] = np.empty(decoded.shape, np.uint8)
        for top in range(0, len(decoded), _STRIP):
            strip = decoded[top : top + _STRIP].astype(np.uint32)
            eight[top : top + _STRIP] = (strip + _STEP_OF_16_BITS // 2) // _STEP_OF_16_BITS
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
