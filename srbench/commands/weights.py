"""``srbench weights``: which official checkpoints there are, and which of them are at hand."""

from collections.abc import Sequence
from pathlib import Path

from srbench.api import checkpoints
from srbench.commands import say, width
from srbench.errors import InputError
from srbench.render.grid import DASH
from srbench.render.terminal import table
from srbench.text import plain

OK, FAILED = 0, 1
MB = 1e6
#: Of Model, Scale, File, Size, sha256, At hand, Licence, Note: what stays where room is short.
_IMPORTANCE = (0, 9, 8, 4, 2, 7, 5, 3)


def list_all() -> int:
    """Print the registry with what is in the cache."""
    cells = [["Model", "Scale", "File", "Size [MB]", "sha256", "At hand", "Licence", "Note"]]
    found = checkpoints.cached()
    for each in found.official:
        known = each.known
        note = known.note if known.url else f"no direct link; {known.note}"
        size, digest = f"{known.bytes / MB:.1f}", known.sha256[:8]
        here = DASH if each.here == "no" else each.here
        cells.append([known.variant, f"x{known.scale}", known.file, size, digest, here, known.licence, note])
    print(table(cells, (0, 1, 2, 4, 5, 6, 7), width(), _IMPORTANCE))
    if found.own:
        print(f"\nYour own: {plain(', '.join(found.own))}")
    print(
        f"\nCache: {found.folder} (SRBENCH_CACHE names another)\n"
        "'srbench weights fetch MODEL' downloads; nothing else touches the network."
    )
    return OK


def fetch_all(names: Sequence[str], scales: Sequence[int]) -> int:
    """Fetch the checkpoints of networks; 1 where one could not be had."""
    failed = 0
    for each in checkpoints.wanted(names, scales):
        try:
            path = checkpoints.fetch(each)
            say(f"{each.variant} x{each.scale}: {path} (licence: {each.licence})")
        except InputError as error:
            say(f"{each.variant} x{each.scale}: {error}")
            failed += 1
    return FAILED if failed else OK


def verify(folder: Path | None) -> int:
    """Compare every checkpoint of a folder with the registry; 1 where one is not what its name says."""
    found = checkpoints.verify(folder)
    cells = [["File", "Is"], *([plain(each.file.name), each.told] for each in found)]
    print(table(cells, (0, 1), width()))
    return OK if all(each.right for each in found) else FAILED


def add(file: Path, model: str, scale: int) -> int:
    """Put a checkpoint of one's own into the cache, once it is known to fit.

    Args:
        file: the checkpoint.
        model: name of a network of the zoo.
        scale: upscaling factor.
    """
    added = checkpoints.add(file, model, scale)
    say(f"{added.variant} x{scale}: {added.file}{' in place of an earlier one' if added.replaced else ''}")
    return OK
