"""What a trade-off plot shows: rows become points, with their front and everything that must be said beside them."""

import csv
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from srbench.board.leaderboard import PAPER_GT, QUALITY_METRICS, Quality, QualityKind, Row
from srbench.board.published import QUALITY_SETS
from srbench.measure.stats import Interval
from srbench.records import FAILURES
from srbench.render.columns import Column, quality_key
from srbench.render.text import escape_csv

Direction = Literal["low", "high"]

#: Papers count Multi-Adds for this GT size, in pixels; a row without one of its own is a paper's.
NAME_LIMIT = 24
NAMES_IN_A_NOTE = 6
_CELLS = {quality_key(metric, dataset): (metric, dataset) for metric in QUALITY_METRICS for dataset in QUALITY_SETS}
_PER_IMAGE = ("multi_adds", "activations")
_OF_A_MACHINE = ("runtime_ms", "peak_memory_mib")


@dataclass(frozen=True)
class PlotSpec:
    """Which columns span the plot, and at which scale; ``size`` is the area of a bubble, None for dots alone."""

    x: Column
    y: Column
    size: Column | None = None
    scale: int = 4

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that are drawn."""
        return (self.x, self.y) if self.size is None else (self.x, self.y, self.size)

    @property
    def dataset(self) -> str | None:
        """The test set of the first quality column, None where there is none."""
        cells = [_CELLS[column.key] for column in self.columns if column.key in _CELLS]
        return cells[0][1] if cells else None

    def draws(self, keys: Sequence[str]) -> list[Column]:
        """Those of the columns that are drawn."""
        return [column for column in self.columns if column.key in keys]


@dataclass(frozen=True)
class Point:
    """One network in the plot, in the columns' units.

    Attributes:
        row: where it is from.
        name: what readers call it.
        label: the name with its marks: ``*`` for a reconstruction, ``(Y)`` for luma alone, ``†`` for another protocol.
        kind: where its quality is from; where no quality is drawn, whether its costs are measured or published.
        source: the table or record of that quality.
        protocol: how that quality departs from the usual test protocol; empty where it does not.
        size: what the area of its bubble stands for; None where that is not known.
        x_spread, y_spread: the interval around a runtime.
        on_front: whether no other point is better in one of x and y and at least as good in the other.
    """

    row: Row
    name: str
    label: str
    kind: QualityKind
    source: str
    protocol: str
    x: float
    y: float
    size: float | None
    x_spread: Interval | None
    y_spread: Interval | None
    on_front: bool = False


@dataclass(frozen=True)
class Chart:
    """Everything that a figure shows. ``notes`` stand under it, in this order, each a sentence without its stop."""

    spec: PlotSpec
    points: tuple[Point, ...]
    notes: tuple[str, ...]

    @property
    def front(self) -> list[Point]:
        """The points of the front, from the best x to the worst; none where a column has no good direction."""
        best_first = 1 if self.spec.x.good == "low" else -1
        return sorted((p for p in self.points if p.on_front), key=lambda p: best_first * p.x)


def pareto_front(
    points: Sequence[tuple[float, float]], x_good: Direction = "low", y_good: Direction = "high"
) -> list[int]:
    """Indices of the points that no other one dominates, in order.

    A point dominates another if it is at least as good in x and in y and better in one of them; so of equal points
    either all are on the front or none.
    """
    x_sign, y_sign = (-1 if good == "high" else 1 for good in (x_good, y_good))
    costs = [(x_sign * x, y_sign * y) for x, y in points]
    return [
        i
        for i, (x, y) in enumerate(costs)
        if not any(other != (x, y) and other[0] <= x and other[1] <= y for other in costs)
    ]


def chart_of(rows: Sequence[Row], spec: PlotSpec) -> Chart:
    """Turn rows of one scale into a chart; what cannot be shown is named in a note.

    A figure of a sibling variant is never a point: x and y hold what belongs to the row's own variant.

    Raises:
        ValueError: no row has both x and y.
    """
    rows = [row for row in rows if row.scale == spec.scale]
    names = _names(rows, spec)
    left_out = {i: reason for i, row in enumerate(rows) if (reason := _reason_to_leave_out(row, spec))}
    points = [_point(row, *names[i], spec) for i, row in enumerate(rows) if i not in left_out]
    not_shown = listed([(names[i][0], reason) for i, reason in left_out.items()])
    if not points:
        why = not_shown or f"no row of x{spec.scale}"
        raise ValueError(f"nothing to plot as {spec.y.title} over {spec.x.title}: {why}")
    points = _with_front(_distinct(points), spec)
    notes = [
        *_conditions(points, spec),
        *_marks(points),
        *([f"Not shown: {not_shown}"] if not_shown else []),
        *_care(points, spec),
    ]
    return Chart(spec, tuple(points), tuple(notes))


def shorten(text: str, limit: int = NAME_LIMIT) -> str:
    """One line of at most ``limit`` characters, without control and direction characters, cut in the middle."""
    visible = "".join(c for c in " ".join(text.split()) if not unicodedata.category(c).startswith("C"))
    if len(visible) <= limit:
        return visible
    tail = limit // 3
    return f"{visible[: limit - tail - 1]}…{visible[-tail:]}"


def write_csv(chart: Chart, path: Path) -> None:
    """Write the plotted numbers, raw and in full precision, in the units of the leaderboard's CSV."""
    spec = chart.spec
    drawn = list(dict.fromkeys(spec.columns))
    on_machine, with_runtime = bool(spec.draws(_OF_A_MACHINE)), bool(spec.draws(["runtime_ms"]))
    header = ["model", "variant", "form", *(["dtype", "device", "machine"] if on_machine else []), "kind"]
    header += [column.key for column in drawn]
    header += ["runtime_low_ms", "runtime_high_ms"] if with_runtime else []
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*header, "on_front", "source"])
        for point in chart.points:
            row, runtime = point.row, point.row.runtime_ms
            words = [row.model, row.variant, row.form]
            words += [row.dtype, row.device, row.machine] if on_machine else []
            numbers = [column.raw(row) for column in drawn]
            if with_runtime:
                numbers += [runtime.low, runtime.high] if runtime else [None, None]
            ends = ["true" if point.on_front else "false", escape_csv(point.source)]
            writer.writerow([*map(escape_csv, words), point.kind, *map(_number, numbers), *ends])


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


# --- Names


def _names(rows: Sequence[Row], spec: PlotSpec) -> list[tuple[str, str]]:
    """Name and label of each row; what tells rows of one name apart stands behind it, as far as it shows here."""
    groups: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        groups.setdefault(_name(row), []).append(i)
    found: dict[int, tuple[str, str]] = {}
    for name, group in groups.items():
        told = _told_apart([_circumstances(rows[i], spec) for i in group])
        for i, words in zip(group, told, strict=True):
            marks = _marks_of(rows[i], _quality(rows[i], spec))
            found[i] = " ".join([name, *words]), " ".join([name + marks, *words])
    return [found[i] for i in range(len(rows))]


def _told_apart(circumstances: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Of each row's circumstances, the first few that tell as many rows apart as all of them do."""
    kept: list[int] = []
    for k in range(len(circumstances[0])):
        before = {tuple(row[j] for j in kept) for row in circumstances}
        if len({tuple(row[j] for j in [*kept, k]) for row in circumstances}) > len(before):
            kept.append(k)
    return [tuple(row[j] for j in kept if row[j]) for row in circumstances]


def _name(row: Row) -> str:
    """``RFDN-paper`` for the zoo's rfdn-paper; the class for a user's ``path/to/net.py:Net``."""
    name, family = row.variant or row.model, row.model.lower()
    if name.endswith(f":{row.model}"):
        name = row.model
    elif name == family or name.startswith(f"{family}-"):
        suffix = name[len(family) :]
        name = row.model + (suffix.upper() if len(suffix) == 2 else suffix)  # BSRN-S, as papers write it
    return shorten(name) + (" train" if row.form == "train" else "")


def _circumstances(row: Row, spec: PlotSpec) -> tuple[str, ...]:
    size = f"{row.gt_width}x{row.gt_height}" if row.gt_width else ""
    file = shorten(Path(row.variant.rpartition(":")[0]).name) if ":" in row.variant else ""
    if spec.draws(_OF_A_MACHINE):
        return file, row.device, shorten(row.machine), row.dtype, size, f"batch {row.batch}"
    return (file, size) if spec.draws(_PER_IMAGE) else (file,)


def _marks_of(row: Row, quality: Quality | None) -> str:
    marks = "*" if row.note.startswith("reconstruction") else ""
    marks += "†" if quality is not None and quality.protocol else ""
    return marks + (" (Y)" if row.colors == "y" else "")


# --- Points


def _quality(row: Row, spec: PlotSpec) -> Quality | None:
    """The row's own figure in the first quality column that is drawn."""
    cells = [_CELLS[column.key] for column in (spec.y, spec.x, *spec.columns) if column.key in _CELLS]
    return row.own_quality(*cells[0]) if cells else None


def _point(row: Row, name: str, label: str, spec: PlotSpec) -> Point:
    quality = _quality(row, spec)
    x, y = spec.x.value(row), spec.y.value(row)
    assert x is not None  # rows without x or y have been left out
    assert y is not None
    return Point(
        row=row,
        name=name,
        label=label,
        kind=quality.kind if quality else "published" if row.status == "PUBLISHED" else "measured",
        source=quality.source if quality else row.reason if row.status == "PUBLISHED" else "",
        protocol=quality.protocol if quality else "",
        x=x,
        y=y,
        size=spec.size.value(row) if spec.size else None,
        x_spread=spec.x.spread(row),
        y_spread=spec.y.spread(row),
    )


def _reason_to_leave_out(row: Row, spec: PlotSpec) -> str | None:
    if row.status == "MISMATCH":
        return "MISMATCH"  # its numbers may be those of another network
    for column in (spec.x, spec.y):
        if column.raw(row) is not None:
            continue
        if column.key not in _CELLS:
            return row.status if row.status in FAILURES else f"no {column.title}"
        found = row.quality.get(_CELLS[column.key])
        return f"figure of {found.sibling}" if found and found.sibling else f"no {column.title}"
    return None


def _distinct(points: Sequence[Point]) -> list[Point]:
    """Drop what would be drawn twice: parameters are the same on every machine."""
    seen = {(p.label, p.x, p.y, p.size, p.x_spread, p.y_spread): p for p in reversed(points)}
    return list(reversed(seen.values()))


def _with_front(points: Sequence[Point], spec: PlotSpec) -> list[Point]:
    if spec.x.good is None or spec.y.good is None:
        return list(points)
    # What is not compared neither stands on the front nor pushes others off it: figures from another test protocol,
    # and beside RGB networks those that work on luma alone, whose costs leave the chroma out.
    mixed = len({point.row.colors == "y" for point in points}) > 1
    comparable = [i for i, p in enumerate(points) if not p.protocol and not (mixed and p.row.colors == "y")]
    found = pareto_front([(points[i].x, points[i].y) for i in comparable], spec.x.good, spec.y.good)
    best = {comparable[k] for k in found}
    return [replace(point, on_front=i in best) for i, point in enumerate(points)]


# --- Notes


def _conditions(points: Sequence[Point], spec: PlotSpec) -> list[str]:
    """What holds for the whole plot: data set, scale, PSNR convention, GT size, machine."""
    said = [f"{spec.dataset} x{spec.scale}" if spec.dataset else f"x{spec.scale}"]
    titles = {column.key: column.title.partition(" on ")[0] for column in spec.columns}
    quality = [titles[column.key] for column in spec.columns if column.key in _CELLS]
    if quality:
        measured = any(point.kind == "measured" for point in points)
        said.append(f"{' and '.join(dict.fromkeys(quality))} on Y{'' if measured else ' as published'}")
    if counted := spec.draws(_PER_IMAGE):
        rows = [p.row for p in points if any(c.raw(p.row) is not None for c in counted)]
        # One odd size spoils the comparison, so all sizes are said.
        sizes = dict.fromkeys((r.gt_width, r.gt_height) if r.gt_width else PAPER_GT for r in rows)
        wording = " and ".join(dict.fromkeys(column.title for column in counted))
        said.append(f"{wording} for a {_few([f'{w}x{h}' for w, h in sizes])} GT")
    if measured_here := spec.draws(_OF_A_MACHINE):
        said.append(
            f"{' and '.join(dict.fromkeys(c.title for c in measured_here))} on {_machine([p.row for p in points])}"
        )
    spreads = [s for p in points for s in (p.x_spread, p.y_spread) if s is not None]
    if spreads:
        ranges = [s.method == "range" for s in spreads]
        short = "range of fewer than 6 samples"
        bars = f"95\N{NO-BREAK SPACE}% interval of the median{f', or {short}' if any(ranges) else ''}"
        said.append(f"Bars: {short if all(ranges) else bars}")
    return said


def _machine(rows: Sequence[Row]) -> str:
    devices = [f"{row.device} of {shorten(row.machine, 60)}" for row in rows if row.device]
    batches = [f"batch {row.batch}" for row in rows if row.batch]
    sizes = [f"LR {row.lr_width}x{row.lr_height}" for row in rows if row.lr_width]
    parts = [devices, [row.dtype for row in rows if row.dtype], batches, sizes]
    return ", ".join(_few(list(dict.fromkeys(part))) for part in parts if part)


def _few(words: Sequence[str], limit: int = 3) -> str:
    return " / ".join(words[:limit]) + (f" / {len(words) - limit} more" if len(words) > limit else "")


def _marks(points: Sequence[Point]) -> list[str]:
    """What the marks behind the names mean, for those that occur."""
    said = ["*\N{NO-BREAK SPACE}reconstruction"] if any(p.row.note.startswith("reconstruction") for p in points) else []
    said += ["(Y)\N{NO-BREAK SPACE}works on luma alone"] if any(p.row.colors == "y" for p in points) else []
    protocols = dict.fromkeys(shorten(p.protocol, 60) for p in points if p.protocol)
    return said + ([f"†\N{NO-BREAK SPACE}{_few(list(protocols))}; not on the front"] if protocols else [])


def _care(points: Sequence[Point], spec: PlotSpec) -> list[str]:
    """Name plotted rows whose run failed, and on a machine's axis those whose run was not steady."""
    fine = ("VALID", "PUBLISHED")
    timed = bool(spec.draws(_OF_A_MACHINE))
    doubtful = [(p.name, p.row.status) for p in points if p.row.status not in fine]
    said = listed([(name, status) for name, status in doubtful if timed or status in FAILURES])
    return [f"Status: {said}"] if said else []


def listed(reasons: Sequence[tuple[str, str]]) -> str:
    """``RepSR, SPAN (no PSNR on Set5); RFDN (figure is rfdn-paper's)``."""
    groups: dict[str, list[str]] = {}
    for name, reason in reasons:
        groups.setdefault(reason, []).append(name)
    said = []
    for reason, named in groups.items():
        names = list(dict.fromkeys(named))
        more = len(names) - NAMES_IN_A_NOTE
        shown = names[:NAMES_IN_A_NOTE] if more > 1 else names  # "1 more" is no shorter than a name
        said.append(f"{', '.join(shown)}{f' and {more} more' if more > 1 else ''} ({reason})")
    return "; ".join(said)
