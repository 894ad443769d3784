"""What a trade-off plot shows: rows become points, with their front and everything that must be said beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from srbench.board.figures import Good
from srbench.board.metric import Metric
from srbench.board.metrics import RUNTIME
from srbench.board.rows import Quality, QualityKind, Row
from srbench.measure.stats import Interval
from srbench.records import FAILURES
from srbench.render.columns import nearest
from srbench.render.plots import captions, naming
from srbench.render.plots.extents import Extent, extent_of
from srbench.render.plots.files import Cell
from srbench.render.plots.spec import PlotSpec, as_papers_write, of_a_machine, per_image, timed


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
        color: what its colour stands for; None where that is its architecture, or not known.
        on_front: whether no other point is better in one of x and y and at least as good in the other.
        dominated: whether another one is; neither holds of a point that is not compared.
        highlighted: whether it stands out.
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
    color: float | None = None
    on_front: bool = False
    dominated: bool = False
    highlighted: bool = False

    @property
    def is_published(self) -> bool:
        """Whether only papers know it."""
        return self.row.status == "PUBLISHED"


@dataclass(frozen=True)
class Chart:
    """Everything that a figure shows.

    Attributes:
        spec: the columns, in the units that the axes show.
        points: all networks, those beyond the axes included.
        x_extent, y_extent: what of the axes is shown.
        warnings: what a reader must know to read the figure right, each a sentence without its stop.
        notes: all else that there is to say of it.
    """

    spec: PlotSpec
    points: tuple[Point, ...]
    x_extent: Extent
    y_extent: Extent
    warnings: tuple[str, ...]
    notes: tuple[str, ...]

    def holds(self, point: Point) -> bool:
        """Whether a point lies within both axes."""
        return self.x_extent.holds(point.x) and self.y_extent.holds(point.y)

    @property
    def front(self) -> list[Point]:
        """The points of the front, from the best x to the worst; none where a column has no good direction."""
        best_first = 1 if self.spec.x.good == "low" else -1
        return sorted((p for p in self.points if p.on_front), key=lambda p: best_first * p.x)


def pareto_front(points: Sequence[tuple[float, float]], x_good: Good = "low", y_good: Good = "high") -> list[int]:
    """Indices of the points that no other one dominates, in order.

    A point dominates another if it is at least as good in x and in y and better in one of them; so of equal points
    either all are on the front or none.

    Args:
        points: (x, y) of each network.
        x_good: which end of x is better.
        y_good: which end of y is better.
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
        ValueError: no row has both x and y, none lies within the limits, or a highlighted one is not there.
    """
    rows = [row for row in rows if row.scale == spec.scale]
    spec = _in_readable_units(spec, [row for row in rows if not _reason_to_leave_out(row, spec)])
    marks = [naming.marks_of(row, _quality(row, spec)) for row in rows]
    names = naming.labels(rows, [_circumstances(row, spec) for row in rows], marks)
    left_out = {i: reason for i, row in enumerate(rows) if (reason := _reason_to_leave_out(row, spec))}
    missing = [(names[i][0], reason) for i, reason in left_out.items()]
    shining = _highlighted(rows, [name for name, _ in names], left_out, spec)
    points = [
        replace(_point(row, *names[i], spec), highlighted=i in shining)
        for i, row in enumerate(rows)
        if i not in left_out
    ]
    if not points:
        why = naming.listed(missing) or f"no row of x{spec.scale}"
        raise ValueError(f"nothing to plot as {spec.y.title} over {spec.x.title}: {why}")
    points = _with_front(_distinct(points), spec)
    shown = [point.row for point in points]
    kept = [point for point in points if point.highlighted]
    x_extent = extent_of(spec.x, [p.x for p in points], spec.xlim, [p.x for p in kept])
    y_extent = extent_of(spec.y, [p.y for p in points], spec.ylim, [p.y for p in kept])
    spreads = [s for p in points for s in (p.x_spread, p.y_spread) if s is not None]
    warnings = [
        *captions.sizes(shown, spec),
        *captions.papers(shown),
        *captions.marks(shown, [p.protocol for p in points]),
        *captions.care([(p.name, p.row) for p in points], timed=bool(spec.draws(of_a_machine))),
    ]
    notes = [
        *captions.conditions(shown, spec, measured=any(p.kind == "measured" for p in points)),
        *captions.bars(spreads),
        *_pale(points, spec),
        *captions.not_shown(missing),
    ]
    chart = Chart(spec, tuple(points), x_extent, y_extent, tuple(warnings), tuple(notes))
    if not any(map(chart.holds, points)):
        raise ValueError("no network lies within --xlim and --ylim")
    return chart


def csv_of(chart: Chart) -> tuple[list[str], list[list[Cell]]]:
    """Header and lines of the plotted numbers, raw, in the units of the leaderboard's CSV."""
    spec = chart.spec
    on_machine, with_runtime = bool(spec.draws(of_a_machine)), bool(spec.draws(timed))
    header = ["model", "variant", "form", *(["dtype", "device", "machine"] if on_machine else []), "kind"]
    header += [column.key for column in spec.columns]
    header += ["runtime_low_ms", "runtime_high_ms"] if with_runtime else []
    lines: list[list[Cell]] = []
    for point in chart.points:
        row, runtime = point.row, RUNTIME.spread(point.row)
        line: list[Cell] = [row.model, row.variant, row.form]
        line += [row.dtype, row.device, row.machine] if on_machine else []
        line += [point.kind, *(column.raw(row) for column in spec.columns)]
        if with_runtime:
            line += [runtime.low, runtime.high] if runtime else [None, None]
        how = [row.engine, row.layout] if on_machine else []
        lines.append([*line, point.on_front, point.source, *how])
    return [*header, "on_front", "source", *(["engine", "layout"] if on_machine else [])], lines


def _in_readable_units(spec: PlotSpec, rows: Sequence[Row]) -> PlotSpec:
    """Each column in the unit that suits what is not far out."""

    def readable(column: Metric) -> Metric:
        values = [value for row in rows if (value := column.raw(row)) is not None]
        extent = extent_of(column, values) if values else None
        return as_papers_write(column, [value for value in values if extent and extent.holds(value)])

    size, color = (readable(column) if column is not None else None for column in (spec.size, spec.color))
    return replace(spec, x=readable(spec.x), y=readable(spec.y), size=size, color=color)


def _highlighted(rows: Sequence[Row], names: Sequence[str], left_out: Mapping[int, str], spec: PlotSpec) -> set[int]:
    """The rows that are to stand out, by what readers or the records call them."""
    known: dict[str, set[int]] = {}
    for i, (row, name) in enumerate(zip(rows, names, strict=True)):
        for word in {name, row.name, row.label, row.variant or row.model}:
            known.setdefault(word.lower(), set()).add(i)
    found = set[int]()
    for typed in spec.highlight:
        if not (named := known.get(typed.lower())):
            raise ValueError(f"--highlight: no '{typed}' in the figure; {nearest(typed.lower(), list(known))}")
        if named <= left_out.keys():
            raise ValueError(f"--highlight: {names[min(named)]} is not in the figure ({left_out[min(named)]})")
        found |= named
    return found


def _circumstances(row: Row, spec: PlotSpec) -> tuple[str, ...]:
    size = f"{row.gt_width}x{row.gt_height}" if row.gt_width else ""
    if spec.draws(of_a_machine):
        return row.device, naming.shorten(row.machine), row.dtype, size, f"batch {row.batch}"
    return (size,) if spec.draws(per_image) else ()


def _quality(row: Row, spec: PlotSpec) -> Quality | None:
    """The row's own figure in the first quality column that is drawn."""
    cells = [column.cell for column in (spec.y, spec.x, *spec.columns) if column.cell is not None]
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
        size=spec.size.value(row) if spec.size and not spec.size.is_bound(row) else None,
        x_spread=spec.x.spread(row),
        y_spread=spec.y.spread(row),
        color=spec.color.value(row) if spec.color and not spec.color.is_bound(row) else None,
    )


def _reason_to_leave_out(row: Row, spec: PlotSpec) -> str | None:
    if row.status == "MISMATCH":
        return "MISMATCH"  # its numbers may be those of another network
    for column in (spec.x, spec.y):
        if column.is_bound(row):
            return f"{column.title} is a lower bound"
        if column.raw(row) is not None:
            continue
        if column.cell is None:
            return row.status if row.status in FAILURES else f"no {column.title}"
        found = row.quality.get(column.cell)
        return f"figure of {found.sibling}" if found and found.sibling else f"no {column.title}"
    return None


def _distinct(points: Sequence[Point]) -> list[Point]:
    """Drop what would be drawn twice: parameters are the same on every machine."""
    seen = {(p.label, p.x, p.y, p.size, p.color, p.x_spread, p.y_spread): p for p in reversed(points)}
    return list(reversed(seen.values()))


def _pale(points: Sequence[Point], spec: PlotSpec) -> list[str]:
    """What pale points are, where there are some; on a scale of colours only their names are."""
    if not any(point.dominated for point in points):
        return []
    return ["Grey names: dominated" if spec.color else "Pale: dominated"]


def _with_front(points: Sequence[Point], spec: PlotSpec) -> list[Point]:
    if spec.x.good is None or spec.y.good is None:
        return list(points)
    # What is not compared neither stands on the front nor pushes others off it: figures from another test protocol,
    # and beside RGB networks those that work on luma alone, whose costs leave the chroma out.
    mixed = len({point.row.colors == "y" for point in points}) > 1
    comparable = [i for i, p in enumerate(points) if not p.protocol and not (mixed and p.row.colors == "y")]
    found = pareto_front([(points[i].x, points[i].y) for i in comparable], spec.x.good, spec.y.good)
    best, beaten = {comparable[k] for k in found}, set(comparable) - {comparable[k] for k in found}
    return [replace(point, on_front=i in best, dominated=i in beaten) for i, point in enumerate(points)]
