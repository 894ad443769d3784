"""``srbench leaderboard``: tables from stored records, nothing measured."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from srbench import store
from srbench.board.leaderboard import Row, newest_of_nodes, of_one_machine, published_rows, rows_of
from srbench.board.measured import MeasuredBook, reference
from srbench.board.published import ClaimBook, load_claims
from srbench.commands import say
from srbench.errors import InputError
from srbench.files import write_text
from srbench.quality import store as quality_store
from srbench.quality.datasets import some
from srbench.quality.results import QualityRecord
from srbench.records import Record
from srbench.render import formats, tables
from srbench.render.formats import Format


@dataclass(frozen=True)
class Shown:
    """What tables show beside the records, ranks that the medians alone decide, and the files that are written."""

    published: bool = False
    strict_ranks: bool = False
    formats: tuple[Format, ...] = ("csv", "md")


def leaderboard(output: Path, scales: Collection[int], machine: str | None, shown: Shown) -> int:
    """Rebuild and print the tables of the scales given, or of every scale that has records."""
    rows = rows_in(output, scales, machine, with_published=shown.published)
    store.prepare(output)
    print(formats.terminal(tables.sections(rows, by_median=shown.strict_ranks)))
    files = _write(output, rows, shown)
    say(f"wrote {', '.join(map(str, files))}")
    return 0


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
        stem = output / f"leaderboard_x{scale}"
        sections = tables.sections(here, by_median=shown.strict_ranks)
        title = f"Leaderboard x{scale}"
        for form in shown.formats:
            path = stem.with_suffix(formats.SUFFIXES[form])
            write_text(path, tables.csv(here) if form == "csv" else formats.write(sections, title, form))
            files.append(path)
    return files
