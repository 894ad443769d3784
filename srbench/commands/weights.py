"""``srbench weights``: which official checkpoints there are, and which of them are at hand."""

import shutil
import tempfile
from collections.abc import Sequence
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


def list_all() -> int:
    """Print the registry with what is in the cache."""
    cells = [["Model", "Scale", "File", "Size [MB]", "At hand", "Licence", "Note"]]
    folder = weights.cache_folder()
    for each in weights.registry():
        path = folder / each.file
        here = DASH if not path.is_file() else "yes" if weights.sha256(path) == each.sha256 else "damaged"
        note = each.note if each.url else f"no direct link; {each.note}"
        cells.append([each.variant, f"x{each.scale}", each.file, f"{each.bytes / MB:.1f}", here, each.licence, note])
    print(tabulated(cells, "simple", left=(0, 1, 2, 4, 5, 6)))
    print(f"\nCache: {folder}\n'srbench weights fetch MODEL' downloads; nothing else touches the network.")
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
        if known is not None:
            told = f"{known.variant} x{known.scale}, official"
        elif path.name in by_name:
            told, wrong = "not the official file of this name", wrong + 1
        else:
            told = "not in the registry"
        cells.append([plain(path.name), told])
    if len(cells) == 1:
        raise InputError(f"no checkpoints in {folder}")
    print(tabulated(cells, "simple", left=(0, 1)))
    return FAILED if wrong else OK


def add(file: Path, model: str, scale: int) -> int:
    """Put a checkpoint of one's own into the cache, once it is known to fit."""
    try:
        variant = model_defs.get(model)
        model_defs.load_checkpoint(variant.name, file, scale)
    except model_defs.ZooError as error:
        raise InputError(str(error)) from None
    folder = weights.cache_folder()
    target = folder / f"{variant.name}_x{scale}{file.suffix.lower() or '.pth'}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".adding-", delete=False) as temporary:
            shutil.copyfile(file, temporary.name)
        Path(temporary.name).replace(target)
    except OSError as error:
        raise InputError(f"cannot write to {folder}: {error.strerror or error}; SRBENCH_CACHE names another") from None
    say(f"{variant.name} x{scale}: {target}")
    return OK


def _wanted(names: Sequence[str], scales: Sequence[int]) -> list[Registered]:
    """Registered checkpoints of the networks and scales named.

    Raises:
        InputError: a name that has none.
    """
    found: list[Registered] = []
    for name in names:
        if name.lower() == "all":
            found += [each for each in weights.registry() if each.url]
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
    return list(dict.fromkeys(found))
