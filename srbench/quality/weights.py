"""Which checkpoint belongs to a network: the official ones by their hashes, a user's own by their names.

``checkpoints.csv`` lists official files with where they are from. Nothing here touches the network; files come from the
folder of ``--weights``, or from the cache that ``srbench weights fetch`` fills.
"""

import csv
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

import platformdirs
from pydantic import Field

from srbench.errors import InputError
from srbench.facts import Frozen
from srbench.records import Form

SUFFIXES = frozenset((".pth", ".pt", ".ckpt", ".bin"))
_CHUNK = 1 << 20


class Registered(Frozen):
    """An official checkpoint.

    Attributes:
        file: its name in the cache and, mostly, at its source.
        variant, scale, form: the network that it holds.
        bytes, sha256: of the file.
        url: where it is from; empty where its publisher offers no direct link.
        licence: what its source says of its use.
        note: what a user should know.
    """

    file: str
    variant: str
    scale: int = Field(ge=1)
    form: Form
    bytes: int = Field(ge=1)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    url: str
    licence: str
    note: str = ""


def cache_folder() -> Path:
    """Where fetched and added checkpoints lie: ``SRBENCH_CACHE``, or the user's own cache."""
    base = os.environ.get("SRBENCH_CACHE") or platformdirs.user_cache_dir("srbench")
    return Path(base) / "weights"


def folders(given: Path | None) -> list[Path]:
    """Where checkpoints are looked for: the folder given, then the cache."""
    cache = cache_folder()
    return [*([given] if given is not None else []), *([cache] if cache.is_dir() else [])]


@cache
def registry() -> tuple[Registered, ...]:
    """All official checkpoints known."""
    with Path(__file__).with_name("checkpoints.csv").open(newline="", encoding="utf-8") as file:
        return tuple(Registered.model_validate(row) for row in csv.DictReader(file))


def find(
    variant: str, scale: int, folders: Sequence[Path], tell: Callable[[str], None] = lambda _: None
) -> Path | None:
    """The checkpoint of a network in the first folder that has one: by hash, else by name; None where none has.

    By name means the file name of the registry, or ``VARIANT_xSCALE`` with a usual ending, in any case. Where both ways
    find one, ``tell`` hears which is taken.
    """
    known = [each for each in registry() if (each.variant, each.scale) == (variant, scale)]
    hashes = {each.sha256 for each in known}
    names = {f"{variant}_x{scale}", *(Path(each.file).stem.lower() for each in known)}
    for folder in folders:
        files = list(files_in(folder))
        by_hash = [path for path in files if hashes and sha256(path) in hashes]
        by_name = [path for path in files if path.stem.lower() in names and path not in by_hash]
        if found := [*by_hash, *by_name]:
            if len(found) > 1 and by_name:
                tell(f"{variant} x{scale}: {found[0]} is taken, not {found[1]}; leave one of them out of the folder")
            return found[0]
    return None


def files_in(folder: Path) -> Iterator[Path]:
    """Files of a folder that may be checkpoints, in alphabetical order.

    Raises:
        InputError: there is no such folder, or it cannot be read.
    """
    try:
        yield from sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
    except FileNotFoundError:
        raise InputError(f"no folder {folder} of checkpoints") from None
    except OSError as error:
        raise InputError(f"cannot read {folder}: {error.strerror}") from None


def sha256(*paths: Path) -> str:
    """Of a file's content, or of several one after another.

    Raises:
        InputError: it cannot be read.
    """
    digest = hashlib.sha256()
    for path in paths:
        try:
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror}") from None
    return digest.hexdigest()
