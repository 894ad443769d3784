"""``srbench plot``: the trade-off figure from stored records."""

from collections.abc import Sequence
from pathlib import Path

from srbench import store
from srbench.board.leaderboard import beside, published_rows, rows_of
from srbench.board.published import ClaimBook, load_claims
from srbench.commands import say
from srbench.commands.leaderboard import measured_in, records_in
from srbench.errors import InputError
from srbench.records import Record, Workload
from srbench.render.columns import find
from srbench.render.plots import PlotSpec, trade_off


def plot(
    output: Path,
    scale: int,
    columns: tuple[str, str, str],
    dataset: str,
    machine: str | None,
    with_published: bool,
) -> int:
    """Draw one scale of the results in ``output``; the columns are those of x, y and area (``none`` for dots)."""
    try:
        x, y = (find(name, dataset) for name in columns[:2])
        size = None if columns[2].lower() == "none" else find(columns[2], dataset)
    except ValueError as error:
        raise InputError(str(error)) from None
    records = records_in(output, [scale], machine)
    claims = ClaimBook(load_claims())
    shown = one_question(records)
    others = {size_of(record) for record in records} - {size_of(shown[0])}
    if others:
        say(f"drawing {size_of(shown[0])}; not in the figure: records of {', '.join(sorted(others))}")
    rows = rows_of(shown, claims, measured_in(output))
    if with_published:
        gt = (rows[0].gt_width, rows[0].gt_height)
        rows += [beside(row, gt) for row in published_rows(scale, claims)]
    store.prepare(output)
    stem = output / f"plot_x{scale}_{y.key}_over_{x.key}"
    try:
        files = trade_off(rows, PlotSpec(x, y, size, scale), stem)
    except ValueError as error:
        raise InputError(str(error)) from None
    say(f"wrote {', '.join(map(str, files))}")
    return 0


def size_of(record: Record) -> str:
    """The workload in words."""
    load = record.case.workload
    return f"GT {load.gt_width}x{load.gt_height} batch {load.batch} {load.dtype}"


def one_question(records: Sequence[Record]) -> list[Record]:
    """What may share a figure: one workload on one device, and of each network and form the newest record.

    Runtimes of other sizes or devices would be points that no axis tells apart. The workload with the most networks is
    drawn, of equals the one with the newest record; so are its shapes-only records.
    """
    by_load: dict[Workload, list[Record]] = {}
    for record in sorted(records, key=lambda r: r.finished):
        by_load.setdefault(record.case.workload, []).append(record)
    here = max(by_load.values(), key=lambda group: (len({_name(r) for r in group}), group[-1].finished))
    devices = [record.case.device for record in here if record.case.device != "none"]
    device = max(dict.fromkeys(devices), key=devices.count, default="none")
    kept: dict[tuple[str, str], Record] = {}
    for record in sorted(here, key=lambda r: (r.case.device != "none", r.finished)):
        if record.case.device in (device, "none"):
            kept[_name(record)] = record
    return list(kept.values())


def _name(record: Record) -> tuple[str, str]:
    return record.case.model.variant, record.case.model.form
