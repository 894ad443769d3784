"""``srbench plot``: the trade-off figure from stored records."""

from collections.abc import Sequence
from pathlib import Path

from srbench import store
from srbench.board.leaderboard import published_rows, rows_of
from srbench.board.published import ClaimBook, load_claims
from srbench.commands import say
from srbench.commands.leaderboard import records_in
from srbench.errors import InputError
from srbench.records import Record
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
    rows = rows_of(one_question(records), claims)
    if with_published:
        rows += published_rows(scale, claims)
    store.prepare(output)
    stem = output / f"plot_x{scale}_{y.key}_over_{x.key}"
    try:
        files = trade_off(rows, PlotSpec(x, y, size, scale), stem)
    except ValueError as error:
        raise InputError(str(error)) from None
    say(f"wrote {', '.join(map(str, files))}")
    return 0


def one_question(records: Sequence[Record]) -> list[Record]:
    """What may share a figure: the workload of the newest record, and of each network and form the newest record.

    Runtimes of other sizes or devices would be points that no axis tells apart.
    """
    newest = max(records, key=lambda r: r.finished)
    devices = {r.case.device for r in records if r.case.workload == newest.case.workload} - {"none"}
    device = newest.case.device if newest.case.device != "none" else next(iter(sorted(devices)), "none")
    kept: dict[tuple[str, str], Record] = {}
    for record in sorted(records, key=lambda r: (r.case.device != "none", r.finished)):
        if record.case.workload == newest.case.workload and record.case.device in (device, "none"):
            kept[record.case.model.variant, record.case.model.form] = record
    return list(kept.values())
