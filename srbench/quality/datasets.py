"""A data set is a folder of GT images, with LR images beside it or made here.

Layouts as they circulate are recognised by their folders' and files' names: BasicSR (``Set5/GTmod12``,
``Set5/LRbicx4``), KAIR and SwinIR (``Set5/HR``, ``Set5/LR_bicubic/X4``), EDSR (``Set5/HR/baby.png``,
``Set5/LR_bicubic/X4/babyx4.png``), IMDN (``Set5/baby.png``, ``Set5_LR/x4/baby.png``).
"""

import difflib
import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from srbench.errors import InputError
from srbench.files import may_be_read
from srbench.quality.images import SUFFIXES, cut_to_multiple, read_image
from srbench.quality.imresize import imresize
from srbench.quality.protocols import Image
from srbench.text import check_utf8

#: Names under which the field's test sets lie, in lower case and without signs -> the name in our tables.
KNOWN = {
    "set5": "Set5",
    "set14": "Set14",
    "b100": "B100",
    "bsd100": "B100",
    "bsds100": "B100",
    "urban100": "Urban100",
    "manga109": "Manga109",
}
GT_FOLDERS = ("HR", "GT", "GTmod12", "GTmod24", "original")
#: How many of a list of offending files an error names.
_SHOWN = 5
MADE = "imresize (MATLAB bicubic, uint8, mirror borders)"


@dataclass(frozen=True)
class Sample:
    """One image of a set: where its GT is, and its LR file if there is one."""

    name: str
    gt: Path
    lr: Path | None


@dataclass(frozen=True)
class Dataset:
    """Images of a set at a scale.

    Attributes:
        name: as in our tables (``Set5``), or the folder's own.
        folder: of the GT images.
        scale: that the LR images belong to.
        samples: in alphabetical order.
        lr_folder: of the LR images; None where they are made here.
    """

    name: str
    folder: Path
    scale: int
    samples: tuple[Sample, ...]
    lr_folder: Path | None

    @property
    def lr_source(self) -> str:
        """Where the LR images come from, in words."""
        return MADE if self.lr_folder is None else f"files in {self.lr_folder.name}"


@dataclass(frozen=True)
class Pair:
    """GT cut to a multiple of the scale, LR of the size that belongs to it, and what was done to the files."""

    gt: Image
    lr: Image
    notes: tuple[str, ...]


def find(typed: str, data: Path, scale: int) -> Dataset:
    """The data set of a name (``set5``, in any case) in the folder of all sets, or of a path.

    Args:
        typed: a name, or the path of a folder.
        data: folder of all sets.
        scale: upscaling factor.

    Raises:
        InputError: no such set, no images in it, two files of one name, a name that no record can hold, or LR files
            that do not match.
    """
    root = _root(typed, data)
    name = KNOWN.get(_plain(root.name), root.name)
    folder = next((root / sub for sub in _subfolders(root, GT_FOLDERS) if _images(root / sub)), root)
    truths = _one_of_each(_images(folder))
    if not truths:
        raise InputError(f"no images in {folder}; put GT images there, or into {root / 'HR'}")
    lr_folder = _lr_folder(root, scale)
    for path, what in ((root, "a data set"), *((truth, "an image") for truth in truths)):
        check_utf8(path.name, what)
    low = _matched(truths, lr_folder, scale) if lr_folder is not None else {}
    samples = tuple(Sample(path.stem, path, low.get(path.stem)) for path in truths)
    return Dataset(name, folder, scale, samples, lr_folder)


def read(sample: Sample, scale: int) -> Pair:
    """Read an image and its LR, or make that.

    Raises:
        InputError: a file cannot be read, or the sizes do not belong together.
    """
    picture = read_image(sample.gt)
    gt = cut_to_multiple(picture.pixels, scale)
    if 0 in gt.shape:
        raise InputError(f"{sample.gt}: {_size(picture.pixels)} is smaller than the scale {scale}")
    notes = [*picture.notes]
    if gt.shape != picture.pixels.shape:
        notes.append(f"GT {_size(picture.pixels)} was cut to {_size(gt)}")
    if sample.lr is None:
        return Pair(gt, imresize(gt, 1 / scale).astype(np.uint8, copy=False), tuple(notes))
    low = read_image(sample.lr)
    if low.pixels.shape[0] * scale != gt.shape[0] or low.pixels.shape[1] * scale != gt.shape[1]:
        raise InputError(
            f"{sample.lr}: LR {_size(low.pixels)} does not belong to GT {_size(picture.pixels)} at x{scale}; "
            f"expected {gt.shape[1] // scale}x{gt.shape[0] // scale}"
        )
    return Pair(gt, low.pixels, (*notes, *(f"LR: {note}" for note in low.notes)))


def fingerprint(dataset: Dataset) -> str:
    """SHA-256 over names and pixels of all pairs, as they are compared.

    Copies of a set that differ in one pixel, of GT or of LR, have different ones, and their results are never mixed;
    PNG and BMP of the same image, or LR made here that equals the published one, do not differ.

    Raises:
        InputError: images cannot be read, or GT and LR do not belong together; the first few are named.
    """
    whole = hashlib.sha256()
    wrong: list[str] = []
    for sample in dataset.samples:
        try:
            pair = read(sample, dataset.scale)
        except InputError as error:
            wrong.append(str(error))
            continue
        for pixels in (pair.gt, pair.lr):
            whole.update(f"{sample.name}\0{pixels.shape}\0".encode())
            whole.update(np.ascontiguousarray(pixels).tobytes())
    if wrong:
        more = f"; and {len(wrong) - _SHOWN} more images" if len(wrong) > _SHOWN else ""
        raise InputError(f"{'; '.join(wrong[:_SHOWN])}{more}")
    return whole.hexdigest()


def _root(typed: str, data: Path) -> Path:
    direct = Path(typed)
    if direct.is_dir() and ("/" in typed or not data.is_dir() or _plain(typed) not in KNOWN):
        # "." and ".." are no names; a link keeps the name that was typed.
        return direct if direct.name not in ("", "..") else direct.resolve()
    if "/" in typed:
        raise InputError(f"no folder {typed} of GT images" + (": it is a file" if direct.is_file() else ""))
    if not data.is_dir():
        raise InputError(f"no folder {data} of data sets; name it with --data")
    # EDSR's root has its test sets in a folder of their own, beside DIV2K.
    places = [place for place in (data / "benchmark", data) if place.is_dir()]
    folders = {path.name: path for place in places for path in sorted(place.iterdir()) if path.is_dir()}
    wanted = KNOWN.get(_plain(typed))
    for name, path in folders.items():
        if _plain(name) == _plain(typed) or (wanted is not None and KNOWN.get(_plain(name)) == wanted):
            return path
    near = difflib.get_close_matches(typed.lower(), [name.lower() for name in folders], n=2)
    there = [name for name in folders if name.lower() in near] or sorted(folders)
    known = f"did you mean {' or '.join(there)}?" if near else f"it has {', '.join(there) or 'no folders'}"
    raise InputError(f"no data set '{typed}' in {data}; {known}")


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _subfolders(root: Path, names: Sequence[str]) -> list[str]:
    there = {path.name.lower(): path.name for path in root.iterdir() if path.is_dir()}
    return [there[name.lower()] for name in names if name.lower() in there]


def _images(folder: Path) -> list[Path]:
    try:
        there = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")]
    except OSError as error:
        raise InputError(f"cannot read {folder}: {error.strerror}") from None
    return sorted(path for path in there if may_be_read(path))


def _one_of_each(files: list[Path]) -> list[Path]:
    """The files of a folder, whose names differ by more than their endings: an image is known by the rest.

    Raises:
        InputError: some do not.
    """
    times = Counter(path.stem for path in files)
    again = [path for path in files if times[path.stem] > 1]
    if again:
        raise InputError(f"{again[0].parent} has several images of one name: {some([path.name for path in again])}")
    return files


def _lr_folder(root: Path, scale: int) -> Path | None:
    """The folder with the LR images of a scale, or None."""
    candidates = [
        root / f"LRbicx{scale}",
        *(root / parent / f"{x}{scale}" for parent in ("LR_bicubic", "LR") for x in ("X", "x")),
        *(root.with_name(f"{root.name}_LR") / f"{x}{scale}" for x in ("x", "X")),
    ]
    return next((folder for folder in candidates if folder.is_dir() and _images(folder)), None)


def _matched(truths: Sequence[Path], lr_folder: Path, scale: int) -> Mapping[str, Path]:
    """Each GT's LR file by the GT's stem.

    Raises:
        InputError: some have none, LR files are left over, or two have one name.
    """
    ending = re.compile(rf"(_?LR(BI)?)?_?x{scale}(m)?$", re.IGNORECASE)
    files = _one_of_each(_images(lr_folder))
    low = {ending.sub("", path.stem): path for path in files} | {path.stem: path for path in files}
    stems = [path.stem for path in truths]
    missing = [stem for stem in stems if stem not in low]
    matched = {stem: low[stem] for stem in stems if stem in low}
    over = sorted({path.name for path in low.values()} - {path.name for path in matched.values()})
    if missing:
        raise InputError(f"{lr_folder} lacks the LR of {some(missing)} ({len(missing)} of {len(stems)} GT images)")
    if over:
        raise InputError(f"{lr_folder} has LR images without a GT: {some(over)}")
    return matched


def some(names: Sequence[str]) -> str:
    """The first few of a list of names, and how many more there are."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"


def _size(pixels: Image) -> str:
    return f"{pixels.shape[1]}x{pixels.shape[0]}"
