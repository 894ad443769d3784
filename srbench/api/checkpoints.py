"""Official checkpoints: which there are, which are at hand, and what a file is."""

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import model_defs
from srbench.errors import InputError
from srbench.quality import weights
from srbench.quality.fetch import fetch as _fetch
from srbench.quality.weights import Registered

#: ``VARIANT_xSCALE``, as a user names a checkpoint.
_OWN_NAME = re.compile(r"(.+)_x(\d{1,2})")


@dataclass(frozen=True)
class AtHand:
    """An official checkpoint, and whether the cache has it.

    Attributes:
        known: its entry in the registry.
        here: ``yes``, ``no``, or ``damaged`` where a file of its name has another sha256.
    """

    known: Registered
    here: Literal["yes", "no", "damaged"]


@dataclass(frozen=True)
class Cached:
    """What the cache has: of the registry, and further files, by name."""

    folder: Path
    official: Sequence[AtHand]
    own: Sequence[str]


@dataclass(frozen=True)
class Verified:
    """What a file is, in words, and whether that is what its name says."""

    file: Path
    told: str
    right: bool


def cached() -> Cached:
    """The registry with what is in the cache."""
    folder = weights.cache_folder()
    there = {weights.sha256(path): path for path in weights.files_in(folder)} if folder.is_dir() else {}
    found = []
    for each in weights.registry():
        damaged = (folder / each.file).is_file()
        found.append(AtHand(each, "yes" if each.sha256 in there else "damaged" if damaged else "no"))
    official = {each.sha256 for each in weights.registry()}
    return Cached(folder, found, [path.name for digest, path in there.items() if digest not in official])


def verify(folder: Path | None = None) -> list[Verified]:
    """What each checkpoint of a folder (the cache where there is none) is, by its sha256.

    Raises:
        InputError: it has none.
    """
    folder = folder if folder is not None else weights.cache_folder()
    by_hash = {each.sha256: each for each in weights.registry()}
    by_name = {each.file: each for each in weights.registry()}
    found = []
    for path in weights.files_in(folder):
        found.append(Verified(path, *_verdict(path, by_hash.get(weights.sha256(path)), by_name)))
    if not found:
        raise InputError(f"no checkpoints in {folder}")
    return found


def _verdict(path: Path, known: Registered | None, by_name: Mapping[str, Registered]) -> tuple[str, bool]:
    """What a file is, and whether its name says so."""
    named = _OWN_NAME.fullmatch(path.stem)
    if known is not None:
        told = f"{known.variant} x{known.scale}, official"
        if path.name in by_name:
            right = by_name[path.name] == known
        else:
            right = named is None or (named[1].lower(), int(named[2])) == (known.variant, known.scale)
        return (told, True) if right else (f"{told}: not what its name says", False)
    if path.name in by_name:
        return "not the official file of this name", False
    if named is None:
        return "not in the registry", True
    try:
        variant = model_defs.get(named[1])
    except model_defs.ZooError:
        return "not in the registry", True
    try:
        model_defs.load_checkpoint(variant.name, path, int(named[2]))
    except model_defs.ZooError:
        return f"not in the registry, and no checkpoint of {variant.name} x{named[2]}", False
    return f"{variant.name} x{named[2]}, not an official one", True


@dataclass(frozen=True)
class Added:
    """The file in the cache, the variant that it belongs to, and whether another stood there."""

    file: Path
    variant: str
    replaced: bool


def add(file: Path, model: str, scale: int) -> Added:
    """Put a checkpoint of one's own into the cache, where ``evaluate`` finds it.

    Args:
        file: the checkpoint.
        model: name of a network of the zoo.
        scale: upscaling factor.

    Raises:
        InputError: an unknown network, a file that does not fit it, or a cache that cannot be written.
    """
    try:
        variant = model_defs.get(model)
        model_defs.load_checkpoint(variant.name, file, scale)
    except model_defs.ZooError as error:
        raise InputError(str(error)) from None
    folder = weights.cache_folder()
    target = folder / f"{variant.name}_x{scale}{file.suffix.lower() or '.pth'}"
    temporary = folder / f".adding-{os.getpid()}"
    replaced = target.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(file, temporary)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"cannot write to {folder}: {error.strerror or error}; SRBENCH_CACHE names another") from None
    return Added(target, variant.name, replaced)


def fetch(known: Registered) -> Path:
    """Download an official checkpoint into the cache, where it is verified by its sha256; the file.

    Raises:
        InputError: it has no link, cannot be had, or is not what its hash says.
    """
    return _fetch(known, weights.cache_folder())


def wanted(names: Sequence[str], scales: Sequence[int]) -> list[Registered]:
    """Registered checkpoints of the networks and scales named.

    Raises:
        InputError: a name that has none.
    """
    found: list[Registered] = []
    for name in names:
        if name.lower() == "all":
            found += [each for each in weights.registry() if each.url and (not scales or each.scale in scales)]
            continue
        try:
            variant = model_defs.get(name).name
        except model_defs.ZooError as error:
            raise InputError(str(error)) from None
        mine = [each for each in weights.registry() if each.variant == variant]
        fitting = [each for each in mine if not scales or each.scale in scales]
        if not fitting:
            have = ", ".join(f"x{each.scale}" for each in mine) or "none at all"
            raise InputError(f"no official checkpoint of {variant} at the scales asked for; known: {have}")
        found += fitting
    if not found:
        raise InputError(
            "no official checkpoint at the scales asked for has a link; 'srbench weights list' has them all"
        )
    return list(dict.fromkeys(found))
