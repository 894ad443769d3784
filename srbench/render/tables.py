"""Rows as CSV (raw numbers) and as tables for readers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from srbench.board import metrics
from srbench.board.counting import named
from srbench.board.leaderboard import QUALITY_METRICS, beside, own_sets
from srbench.board.metric import Metric
from srbench.board.metrics import MULTI_ADDS, RUNTIME
from srbench.board.published import QUALITY_SETS
from srbench.board.ranks import Ranking, ranking, ranks
from srbench.board.rows import Quality, Row
from srbench.board.summary import summary
from srbench.records import DISTURBED
from srbench.render.columns import quality_columns
from srbench.render.grid import DASH, Cell, Footnotes, Grid, Note, Section, transposed, with_best
from srbench.render.runtimes import runtime_text
from srbench.render.sentence import sentence
from srbench.render.text import escape_csv, shortened

if TYPE_CHECKING:
    import pandas as pd

BOUND = ">=: a lower bound, operators of unknown cost are not in it; it is not ranked."
QUALITY_TITLE = "PSNR [dB] / SSIM on Y, as published"
#: Beside those of metrics: a rank belongs to its runtime, and a status is what a row is worth.
_RANK_IMPORTANCE, _STATUS_IMPORTANCE = 9, 11
MEASURED_TITLE = "PSNR [dB] / SSIM on Y, measured (difference to the published PSNR)"


def frame(rows: Sequence[Row]) -> "pd.DataFrame":
    """The rows as CSV has them: raw numbers, one column each, empty where there is none."""
    import pandas as pd

    own = quality_columns(own_sets(rows))
    header = [*csv_header(), *(name for column in own for name in _cell_names(column.key))]
    measured = [group for group in groups(rows) if group[0].status != "PUBLISHED"]
    places = {id(row): place for group in measured for row, place in zip(group, ranking(group).places, strict=True)}
    lines = [_raw(row, own) | {"rank": places.get(id(row))} for row in rows]
    return pd.DataFrame(lines, columns=header, dtype=object)


def csv(rows: Sequence[Row]) -> str:
    """CSV text: the promised header, what came behind it, then sets of one's own; raw numbers in full precision."""
    return frame(rows).to_csv(index=False, lineterminator="\n")


_IDENTITY = ("model", "variant", "scale", "form", "colors")
_WORKLOAD = ("gt_width", "gt_height", "lr_width", "lr_height", "batch", "dtype", "device", "machine")
_BEHIND = ("threads", "engine", "layout", "node")
_RUNTIME = ("runtime_ms", "runtime_low_ms", "runtime_high_ms", "runtime_interval")
#: The promised ones; every other metric stands behind.
_COUNTED, _PEAK = ("params", "multi_adds", "activations", "convs"), "peak_memory_mib"


def _cell_names(key: str) -> tuple[str, str, str]:
    return key, f"{key}_kind", f"{key}_source"


def csv_header() -> tuple[str, ...]:
    """The promised columns, then what came behind them: metrics in the order of their table, a new one last."""
    promised = (*_COUNTED, *_RUNTIME, _PEAK)
    behind = [metric.key for metric in metrics.METRICS if metric.key not in promised]
    # What Multi-Adds leave out is no metric; it came before this one.
    behind.insert(behind.index(metrics.UNREAD.key), "uncounted")
    return (
        *_IDENTITY,
        *_WORKLOAD,
        *promised,
        "status",
        *(name for column in quality_columns() for name in _cell_names(column.key)),
        *("rank", *_BEHIND),
        *behind,
    )


def _raw(row: Row, own: Sequence[Metric]) -> dict[str, object]:
    cells = {key: _cell(getattr(row, key)) for key in (*_IDENTITY, *_WORKLOAD, *_BEHIND)}
    for column in metrics.METRICS:
        raw = column.raw(row)
        cells[column.key] = int(raw) if raw is not None and float(raw).is_integer() else raw
    if (interval := RUNTIME.spread(row)) is not None:
        cells |= dict(zip(_RUNTIME, (interval.median, interval.low, interval.high, interval.method), strict=True))
    cells["uncounted"] = escape_csv(named(row.uncounted)) or None
    cells["status"] = None if row.status == "PUBLISHED" else row.status
    for column in (*quality_columns(), *own):
        if column.cell is not None and (figure := row.own_quality(*column.cell)) is not None:
            source = escape_csv("; ".join(filter(None, (figure.source, figure.how))))
            cells |= zip(_cell_names(column.key), (figure.value, figure.kind, source), strict=True)
    return cells


def _cell(value: object) -> object:
    """Every text may be one that a user chose, or that a record has from somewhere."""
    return escape_csv(value) if isinstance(value, str) and value else value or None


def sections(rows: Sequence[Row], *, by_median: bool = False) -> list[Section]:
    """One set of tables for each workload and device; published-only rows join every table of their scale.

    ``by_median``: ranks by the medians alone, where overlapping intervals otherwise share one.
    """
    return [_section(group, by_median) for group in groups(rows)]


def _section(rows: Sequence[Row], by_median: bool) -> Section:
    """Costs of every row, quality on the five sets, and the notes that explain the marks."""
    footnotes = Footnotes()
    ranked = ranking(rows, by_median=by_median)
    costs = cost_grid(rows, ranked, footnotes)
    measured = _measured(rows, footnotes)
    quality = _quality(rows, footnotes) if any(row.quality for row in rows) else None
    notes = [f"No rank: {ranked.why}, so this run does not tell which is fastest."] if ranked.why else []
    notes += not_ranked(rows)
    if "Rank" in costs.head:
        rule = "the medians alone decide" if by_median else "1 + those whose whole interval lies below; ties share it"
        notes.append(f"Rank: by runtime; {rule}.")
    notes += [*_standing_notes(rows), *marks(rows), *_remarks(rows), *_reasons(rows)]
    grids = (costs, *(grid for grid in (measured, quality) if grid is not None))
    said = sentence(summary(rows, ranked))
    return Section(caption(rows), grids, (*map(Note, notes), *footnotes.notes()), said)


def cost_grid(rows: Sequence[Row], ranked: Ranking, footnotes: Footnotes | None = None) -> Grid:
    """What the networks cost, with ranks and statuses; sources of published costs become footnotes.

    Args:
        rows: one for each case.
        ranked: ranks, and what is best.
        footnotes: gets the sources; None where names carry no marks.
    """
    names = []
    for row in rows:
        sourced = row.status == "PUBLISHED" and row.reason
        marks = (footnotes.mark(row.reason),) if footnotes is not None and sourced else ()
        names.append(Cell(name_of(row), marks=marks))
    head, cells, importance = ["Model"], [names], [0]
    for column in _columns(rows):
        head.append(column.head)
        importance.append(column.importance)
        # Only what compares competes: networks on luma leave out the chroma, failed ones their work.
        competes = [row.colors != "y" and not row.failed for row in rows]
        values = [column.exact(row) if fit else None for row, fit in zip(rows, competes, strict=True)]
        good = column.good
        if any(column.spread(row) is not None for row in rows):
            # Of what has an interval, only what that tells apart: places, the lowest is the best.
            spreads = [column.spread(row) if fit else None for row, fit in zip(rows, competes, strict=True)]
            places = ranked.places if column is RUNTIME else ranks(spreads, good)
            values = [place if fit else None for place, fit in zip(places, competes, strict=True)]
            good = "low"
        cells.append(with_best([cost_cell(row, column) for row in rows], values, good))
        if column is RUNTIME and any(ranked.places):
            head.append("Rank")
            importance.append(_RANK_IMPORTANCE)
            cells.append([_place(row, place) for row, place in zip(rows, ranked.places, strict=True)])
    left = {0}
    if any(row.status not in ("VALID", "PUBLISHED") for row in rows):
        left.add(len(head))
        head.append("Status")
        importance.append(_STATUS_IMPORTANCE)
        cells.append([Cell(DASH if row.status == "PUBLISHED" else row.status) for row in rows])
    return Grid(tuple(head), transposed(cells), left=frozenset(left), importance=tuple(importance))


def _quality(rows: Sequence[Row], footnotes: Footnotes) -> Grid:
    cells = [[Cell(name_of(row)) for row in rows]]
    for dataset in QUALITY_SETS:
        values = [_value(row.published_quality("psnr_y", dataset)) for row in rows]
        cells.append(with_best([_figures(row, dataset, footnotes) for row in rows], values, "high"))
    return Grid(("Model", *QUALITY_SETS), transposed(cells), QUALITY_TITLE)


def _value(figure: Quality | None) -> float | None:
    return figure.value if figure is not None else None


def _columns(rows: Sequence[Row]) -> list[Metric]:
    """The metrics that a table shows: those that some row has something to say of."""
    return [m for m in metrics.METRICS if m.in_tables and any(m.shown(row) is not None for row in rows)]


def not_ranked(rows: Sequence[Row]) -> list[str]:
    """Which rows have a runtime and no rank, for it was disturbed."""
    disturbed: dict[str, list[str]] = {}
    for row in rows:
        if RUNTIME.raw(row) is not None and row.status in DISTURBED:
            disturbed.setdefault(row.status, []).append(name_of(row))
    return [f"Not ranked, {status}: {', '.join(names)}." for status, names in disturbed.items()]


def _place(row: Row, place: int | None) -> Cell:
    return Cell(DASH if place is None else f"{place} (Y)" if row.colors == "y" else str(place))


def groups(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows that may stand in one table: same scale, sizes, batch, device and machine. A mode is a mark behind a name.

    Published-only rows join every table of their scale.
    """
    keyed: dict[tuple[object, ...], list[Row]] = {}
    for row in (r for r in rows if r.status != "PUBLISHED"):
        keyed.setdefault(_workload(row), []).append(row)
    published = [r for r in rows if r.status == "PUBLISHED"]
    if not keyed and published:
        return [published]
    return [
        [*group, *(beside(p, (group[0].gt_width, group[0].gt_height)) for p in published if p.scale == group[0].scale)]
        for group in keyed.values()
    ]


def _workload(row: Row) -> tuple[object, ...]:
    size = (row.gt_width, row.gt_height, row.lr_width, row.lr_height)
    return row.scale, size, row.batch, row.device, row.machine


def caption(rows: Sequence[Row]) -> str:
    """What the rows of one table are of: scale, size, batch, device, machine."""
    row = rows[0]
    if row.status == "PUBLISHED":
        return f"x{row.scale}: published figures"
    size = f"GT {row.gt_width}x{row.gt_height}, LR {row.lr_width}x{row.lr_height}"
    unmarked = ", float32" if any(not each.mode for each in rows) else ""
    shape = f"x{row.scale}: {size}, batch {row.batch}{unmarked}"
    if not row.device:
        return f"{shape}; counted from shapes"
    return f"{shape}; {row.device} of {row.machine}"


def name_of(row: Row) -> str:
    """A row's name as tables have it, with what stands behind it."""
    return shortened(row.name) + marks_of(row)


def marks_of(row: Row) -> str:
    """What stands behind a name: ``(Y)`` of luma alone, ``*`` of a reconstruction."""
    return (" (Y)" if row.colors == "y" else "") + (" *" if "reconstruction" in row.note else "")


def cost_cell(row: Row, column: Metric) -> Cell:
    """A number of a row as tables have it, with the interval behind it that it was measured with."""
    interval = column.spread(row)
    if interval is not None:
        median, _, spread = runtime_text(interval).partition(" ")
        return Cell(median, spread)
    return Cell(column.text(row))


def _figures(row: Row, dataset: str, footnotes: Footnotes) -> Cell:
    psnr, ssim = (row.quality.get((metric, dataset)) for metric in QUALITY_METRICS)
    if psnr is None and ssim is None:
        return Cell(DASH)
    marks = dict.fromkeys(footnotes.mark(_explain(figure)) for figure in (psnr, ssim) if figure is not None)
    text = "/".join(digits(figure) for figure in (psnr, ssim))
    if any(figure is not None and figure.sibling for figure in (psnr, ssim)):
        text = f"({text})"
    return Cell(text, marks=tuple(marks))


def _measured(rows: Sequence[Row], footnotes: Footnotes) -> Grid | None:
    """What was measured, of the networks and sets that have it; None where none has."""
    sets = [each for each in QUALITY_SETS if any(("psnr_y", each) in row.measured for row in rows)] + own_sets(rows)
    having = [row for row in rows if row.measured]
    if not having:
        return None
    names = []
    for row in having:
        marks = dict.fromkeys(footnotes.mark(figure.source) for figure in row.measured.values())
        names.append(Cell(name_of(row), marks=tuple(marks)))
    cells = [names]
    for dataset in sets:
        values = [_value(row.measured.get(("psnr_y", dataset))) for row in having]
        cells.append(with_best([_measured_on(row, dataset) for row in having], values, "high"))
    return Grid(("Model", *map(shortened, sets)), transposed(cells), MEASURED_TITLE)


def _measured_on(row: Row, dataset: str) -> Cell:
    psnr, ssim = (row.measured.get((metric, dataset)) for metric in QUALITY_METRICS)
    if psnr is None:
        return Cell(DASH)
    published = row.published_quality("psnr_y", dataset)
    difference = f"({round(psnr.value - published.value, 2) + 0.0:+.2f})" if published is not None else ""
    return Cell(f"{psnr.printed}/{digits(ssim)}", difference)


def digits(figure: Quality | None) -> str:
    """A figure as its source prints it; ``~`` where it is read off a plot."""
    if figure is None:
        return DASH
    return f"~{figure.printed}" if figure.kind == "approximate" else figure.printed


def _explain(figure: Quality) -> str:
    kind = {"secondary": "secondary: ", "approximate": "approximate: "}.get(figure.kind, "")
    whose = f"belongs to {figure.sibling}, not to this row; " if figure.sibling else ""
    return f"{kind}{whose}{figure.source}" + (f"; {figure.protocol}" if figure.protocol else "")


def _standing_notes(rows: Sequence[Row]) -> list[str]:
    notes = []
    if not any(row.quality for row in rows):
        notes.append("No PSNR or SSIM is published for these networks.")
    ways = dict.fromkeys(figure.how for row in rows for figure in row.measured.values())
    notes += [f"Measured on {way}." for way in ways]
    methods = {spread.method for row in rows if (spread := RUNTIME.spread(row)) is not None}
    if methods:
        interval = ", with its 95 % interval (t over processes)" if "t95_processes" in methods else ""
        notes.append(f"Runtime: median over the medians of fresh processes{interval}.")
    if "binomial95" in methods:
        notes.append("p: from one process alone; what differs between processes is not in its interval.")
    if "range" in methods:
        notes.append("r: fewer than 6 passes, or two processes; the smallest and the largest, no 95 % interval.")
    return notes


def marks(rows: Sequence[Row]) -> list[str]:
    """What the marks at names and numbers mean."""
    notes = [bound for bound in (BOUND,) if any(MULTI_ADDS.is_bound(row) for row in rows)]
    if any(row.colors == "y" for row in rows):
        notes.append("(Y): works on luma only; its costs leave out the chroma and do not compare with RGB networks.")
    if any("reconstruction" in row.note for row in rows):
        notes.append("*: reconstruction, there is no official code of this network.")
    return notes


def _remarks(rows: Sequence[Row]) -> list[str]:
    """What users say of their networks, and with which weights they ran; those of one remark share a line."""
    said: dict[str, list[str]] = {}
    for row in rows:
        if row.remark:
            said.setdefault(row.remark, []).append(name_of(row))
    return [f"{', '.join(names)}: {remark}." for remark, names in said.items()]


def _reasons(rows: Sequence[Row]) -> list[str]:
    """Why a row is not simply valid, and what to do about it."""
    notes = []
    for row in rows:
        if row.reason and row.status != "PUBLISHED":
            what = row.reason if row.status == "VALID" else f"{row.status}: {row.reason}"
            cure = f"; {row.advice}" if row.advice else ""
            notes.append(f"{name_of(row)}: {what}{cure}")
    return notes
