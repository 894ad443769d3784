"""What is stored: records, and the table that they give."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from srbench import store
from srbench.api.request import Tell, silent
from srbench.board.leaderboard import newest_of_nodes, of_one_machine, published_rows, rows_of
from srbench.board.measured import MeasuredBook, reference
from srbench.board.published import ClaimBook, load_claims
from srbench.board.rows import Row
from srbench.errors import InputError
from srbench.models.typed import split
from srbench.quality import store as quality_store
from srbench.quality.datasets import some
from srbench.quality.results import QualityRecord
from srbench.records import Record
from srbench.render import tables
from srbench.render.columns import nearest

if TYPE_CHECKING:
    import pandas as pd


def load(folder: str | Path = "results", tell: Tell = silent) -> list[Record]:
    """The records of a results folder, oldest first.

    Args:
        folder: as given to ``srbench profile --output``.
        tell: gets a line for each file that cannot be read.

    Raises:
        InputError: there are none.
    """
    return store.read(Path(folder), complain=tell)


def table(records: Iterable[Record], quality: Iterable[QualityRecord] = ()) -> "pd.DataFrame":
    """The records as the CSV of a leaderboard has them: raw numbers, one row for each case.

    Args:
        records: what ``profile`` or ``load`` returned.
        quality: what ``evaluate`` returned; without it srbench's own measurements and the papers' figures stand there.

    Returns:
        A frame whose columns are those of the CSV (docs/reference/metrics.md), None where there is no number:
        parameters and Multi-Adds as counts, runtimes in ms, memory in MiB, PSNR in dB.
    """
    return tables.frame(rows_of(records, ClaimBook(load_claims()), MeasuredBook(quality, reference())))


def rows_in(
    folder: Path, scales: Collection[int], machine: str | None, *, with_published: bool, tell: Tell
) -> list[Row]:
    """The rows of a results folder; see ``records_in``.

    Args:
        folder: of results.
        scales: that are shown; all where there is none.
        machine: whose records are shown; None for that of the newest.
        with_published: networks outside the zoo, too, by what papers print.
        tell: gets lines on what is left out.
    """
    records = records_in(folder, scales, machine, tell)
    rows = rows_of(records, ClaimBook(load_claims()), measured_in(folder, tell=tell))
    return rows + (published_beside(rows) if with_published else [])


def measured_in(*folders: Path, tell: Tell) -> MeasuredBook:
    """Measured quality: of the results folders, and srbench's own."""
    return MeasuredBook(quality_in(*folders, tell=tell), reference())


def quality_in(*folders: Path, tell: Tell) -> list[QualityRecord]:
    """The quality records of results folders, oldest first.

    What a network of the user's scored before its file was changed is that of another network, and left out.
    """
    own = [record for folder in folders for record in quality_store.read(folder, complain=tell)]
    return sorted((record for record in own if not _stale(record, tell)), key=lambda record: record.finished)


def _stale(record: QualityRecord, tell: Tell) -> bool:
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
    tell(f"{asked.model.variant} on {asked.dataset.name}: {why}; its score is left out, evaluate it again")
    return True


def records_in(folder: Path, scales: Collection[int], machine: str | None, tell: Tell) -> list[Record]:
    """The records of a results folder, of the scales given (all where there is none) and of one machine.

    Args:
        folder: of results.
        scales: that are read; all where there is none.
        machine: its name, ``all``, or None for that of the newest record.
        tell: gets lines on what is left out.

    Raises:
        InputError: no records, none of a scale asked for, or none of the machine.
    """
    records = store.read(folder, complain=tell)
    everywhere = records
    try:
        records = of_one_machine(everywhere, machine)
    except ValueError as error:
        raise InputError(f"--machine: {error}") from None
    if others := sorted({record.machine.name for record in everywhere} - {record.machine.name for record in records}):
        tell(f"not shown: {len(everywhere) - len(records)} record(s) of {some(others)} (--machine NAME, or all)")
    present = {_scale(record) for record in records}
    for scale in scales:
        if scale not in present:
            have = ", ".join(f"x{s}" for s in sorted(present))
            raise InputError(f"no records of x{scale} in {folder / store.RUNS}; there are {have}")
    asked = [record for record in records if not scales or _scale(record) in scales]
    found = newest_of_nodes(asked)
    if replicates := len(asked) - len(found):
        tell(f"{replicates} record(s) are replicates of equal machines; of each case the newest is shown")
    return found


def _scale(record: Record) -> int:
    return record.case.size.scale


def published_beside(rows: Sequence[Row]) -> list[Row]:
    """Networks outside the zoo by what papers print, at every scale of some rows."""
    claims = ClaimBook(load_claims())
    return [row for scale in sorted({row.scale for row in rows}) for row in published_rows(scale, claims)]


def named(records: Sequence[Record], names: str | None) -> list[Record]:
    """Those of the networks that are named: ``span``, ``span@train``, ``span+compile``, or a user's file and class.

    Raises:
        InputError: one has no record.
    """
    if names is None:
        return list(records)
    known: dict[str, list[Record]] = {}
    for record in records:
        model = record.case.model
        words = [model.variant, *([f"{model.variant}@{model.form}"] if model.form else [])]
        words += [model.called, model.architecture] if model.own else []
        if not record.case.mode.plain:
            words += [f"{word}+{record.case.mode.typed}" for word in words]
        for word in dict.fromkeys(map(str.lower, words)):
            known.setdefault(word, []).append(record)
    wanted: dict[tuple[str, str, str], Record] = {}
    for name in split(names):
        if name.lower() not in known:
            raise InputError(f"--models: no record of '{name}'; {nearest(name.lower(), list(known))}")
        wanted |= {record.key: record for record in known[name.lower()]}
    if not wanted:
        raise InputError("--models names no network; leave it out for all")
    return list(wanted.values())
