"""``srbench leaderboard``: tables from stored records, nothing measured."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from srbench import store
from srbench.board.leaderboard import newest_of_nodes, of_one_machine, published_rows, rows_of
from srbench.board.measured import MeasuredBook, reference
from srbench.board.published import ClaimBook, load_claims
from srbench.board.rows import Row
from srbench.commands import say
from srbench.errors import InputError
from srbench.files import write_text
from srbench.quality import store as quality_store
from srbench.quality.datasets import some
from srbench.quality.results import QualityRecord
from srbench.records import Record
from srbench.render import formats, pivot, tables
from srbench.render.formats import Document
from srbench.render.grid import Section
from srbench.render.pivot import Axis

#: What makes records that differ in an axis alone.
_APART: dict[Axis, str] = {
    "size": "--lr 160x90,320x180",
    "threads": "--threads 1,2",
    "mode": "--dtype float32,bfloat16",
}


@dataclass(frozen=True)
class Shown:
    """What tables show.

    Attributes:
        published: networks outside the zoo, too.
        strict_ranks: whether the medians alone decide ranks.
        formats: of the files that are written.
        pivot: what stands across, one network a row; None for the usual table.
    """

    published: bool = False
    strict_ranks: bool = False
    formats: tuple[str, ...] = ("csv", "md")
    pivot: Axis | None = None


def leaderboard(output: Path, scales: Collection[int], machine: str | None, shown: Shown) -> int:
    """Rebuild and print the tables of the scales given, or of every scale that has records."""
    rows = rows_in(output, scales, machine, with_published=shown.published)
    store.prepare(output)
    sections = _sections(rows, shown)
    if shown.pivot is not None and not sections:
        made = f"'srbench profile {_APART[shown.pivot]}' makes some"
        raise InputError(f"--pivot {shown.pivot}: no two records differ in {shown.pivot} alone; {made}")
    print(formats.terminal(sections))
    files = _write(output, rows, shown)
    say(f"wrote {', '.join(map(str, files))}")
    return 0


def _sections(rows: Sequence[Row], shown: Shown) -> list[Section]:
    if shown.pivot is None:
        return tables.sections(rows, by_median=shown.strict_ranks)
    return pivot.sections(rows, shown.pivot, by_median=shown.strict_ranks)


def write_leaderboards(output: Path, scales: Collection[int], machine: str | None, shown: Shown) -> list[Path]:
    """Write ``leaderboard_x{S}.csv`` and ``.md`` from all records of the folder; the files written."""
    return _write(output, rows_in(output, scales, machine, with_published=shown.published), shown)


def rows_in(output: Path, scales: Collection[int], machine: str | None, *, with_published: bool) -> list[Row]:
    """The rows of a results folder; see :func:`records_in`."""
    records = records_in(output, scales, machine)
    claims = ClaimBook(load_claims())
    rows = rows_of(records, claims, measured_in(output))
    found = sorted({row.scale for row in rows})
    return rows + [row for scale in found for row in (published_rows(scale, claims) if with_published else [])]


def measured_in(*folders: Path) -> MeasuredBook:
    """Measured quality: of the results folders, and srbench's own."""
    return MeasuredBook(quality_in(*folders), reference())


def quality_in(*folders: Path) -> list[QualityRecord]:
    """The quality records of results folders, oldest first.

    What a network of the user's scored before its file was changed is that of another network, and left out.
    """
    own = [record for folder in folders for record in quality_store.read(folder, complain=say)]
    return sorted((record for record in own if not _stale(record)), key=lambda record: record.finished)


def _stale(record: QualityRecord) -> bool:
    """Whether a score is of a network that is no longer there under that name; it is said."""
    asked = record.evaluation
    if not asked.model.own or not record.complete:
        return False
    if asked.network is None:
        why = "an earlier srbench did not look at its weights"
    elif altered := asked.network.changed:
        why = f"{some([Path(path).name for path in altered])} changed since it was evaluated"
    else:
        return False
    say(f"{asked.model.variant} on {asked.dataset.name}: {why}; its score is left out, evaluate it again")
    return True


def records_in(output: Path, scales: Collection[int], machine: str | None) -> list[Record]:
    """The records of a results folder, of the scales given (all where there is none) and of one machine.

    Raises:
        InputError: no records, none of a scale asked for, or none of the machine.
    """
    records = store.read(output, complain=say)
    everywhere = records
    try:
        records = of_one_machine(everywhere, machine)
    except ValueError as error:
        raise InputError(f"--machine: {error}") from None
    if others := sorted({record.machine.name for record in everywhere} - {record.machine.name for record in records}):
        say(f"not shown: {len(everywhere) - len(records)} record(s) of {some(others)} (--machine NAME, or all)")
    present = {_scale(record) for record in records}
    for scale in scales:
        if scale not in present:
            have = ", ".join(f"x{s}" for s in sorted(present))
            raise InputError(f"no records of x{scale} in {output / store.RUNS}; there are {have}")
    asked = [record for record in records if not scales or _scale(record) in scales]
    found = newest_of_nodes(asked)
    if replicates := len(asked) - len(found):
        say(f"{replicates} record(s) are replicates of equal machines; of each case the newest is shown")
    return found


def _scale(record: Record) -> int:
    return record.case.size.scale


def _write(output: Path, rows: list[Row], shown: Shown) -> list[Path]:
    files = []
    for scale in sorted({row.scale for row in rows}):
        here = [row for row in rows if row.scale == scale]
        by = f"_by-{shown.pivot}" if shown.pivot else ""
        title = f"Leaderboard x{scale}{f' by {shown.pivot}' if shown.pivot else ''}"
        if not (sections := _sections(here, shown)):
            continue  # of this scale nothing differs in the axis
        document = Document(title, sections, partial(tables.frame, here))
        for name, text in formats.written(document, f"leaderboard_x{scale}{by}", shown.formats):
            write_text(output / name, text)
            files.append(output / name)
    return files
