"""``srbench weights``: which official checkpoints there are, and which of them are at hand."""

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import model_defs
from srbench.commands import say
from srbench.errors import InputError
from srbench.quality import weights
from srbench.quality.fetch import fetch
from srbench.quality.weights import Registered
from srbench.render.formats import tabulated
from srbench.render.grid import DASH
from srbench.render.text import plain

OK, FAILED = 0, 1
MB = 1e6
#: ``VARIANT_xSCALE``, as a user names a checkpoint.
_OWN_NAME = re.compile(r"(.+)_x(\d{1,2})")


def list_all() -> int:
    """Print the registry with what is in the cache."""
    cells = [["Model", "Scale", "File", "Size [MB]", "sha256", "At hand", "Licence", "Note"]]
    folder = weights.cache_folder()
    there = {weights.sha256(path): path for path in weights.files_in(folder)} if folder.is_dir() else {}
    for each in weights.registry():
        here = "yes" if each.sha256 in there else "damaged" if (folder / each.file).is_file() else DASH
        note = each.note if each.url else f"no direct link; {each.note}"
        size, digest = f"{each.bytes / MB:.1f}", each.sha256[:8]
        cells.append([each.variant, f"x{each.scale}", each.file, size, digest, here, each.licence, note])
    print(tabulated(cells, "simple", left=(0, 1, 2, 4, 5, 6, 7)))
    official = {each.sha256 for each in weights.registry()}
    if own := [path.name for digest, path in there.items() if digest not in official]:
        print(f"\nYour own: {plain(', '.join(own))}")
    print(
        f"\nCache: {folder} (SRBENCH_CACHE names another)\n"
        "'srbench weights fetch MODEL' downloads; nothing else touches the network."
    )
    return OK


def fetch_all(names: Sequence[str], scales: Sequence[int]) -> int:
    """Fetch the checkpoints of networks; 1 where one could not be had."""
    wanted = _wanted(names, scales)
    failed = 0
    for each in wanted:
        try:
            path = fetch(each, weights.cache_folder())
            say(f"{each.variant} x{each.scale}: {path} (licence: {each.licence})")
        except InputError as error:
            say(f"{each.variant} x{each.scale}: {error}")
            failed += 1
    return FAILED if failed else OK


def verify(folder: Path | None) -> int:
    """Compare every checkpoint of a folder with the registry; 1 where one is not what its name says."""
    folder = folder if folder is not None else weights.cache_folder()
    by_hash = {each.sha256: each for each in weights.registry()}
    by_name = {each.file: each for each in weights.registry()}
    cells, wrong = [["File", "Is"]], 0
    for path in weights.files_in(folder):
        known = by_hash.get(weights.sha256(path))
        told, right = _verdict(path, known, by_name)
        wrong += not right
        cells.append([plain(path.name), told])
    if len(cells) == 1:
        raise InputError(f"no checkpoints in {folder}")
    print(tabulated(cells, "simple", left=(0, 1)))
    return FAILED if wrong else OK


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


def add(file: Path, model: str, scale: int) -> int:
    """Put a checkpoint of one's own into the cache, once it is known to fit."""
    try:
        variant = model_defs.get(model)
        model_defs.load_checkpoint(variant.name, file, scale)
    except model_defs.ZooError as error:
        raise InputError(str(error)) from None
    folder = weights.cache_folder()
    target = folder / f"{variant.name}_x{scale}{file.suffix.lower() or '.pth'}"
    temporary = folder / f".adding-{os.getpid()}"
    replaced = " in place of an earlier one" if target.exists() else ""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(file, temporary)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"cannot write to {folder}: {error.strerror or error}; SRBENCH_CACHE names another") from None
    say(f"{variant.name} x{scale}: {target}{replaced}")
    return OK


def _wanted(names: Sequence[str], scales: Sequence[int]) -> list[Registered]:
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
