"""What the scaling figure shows: a network's runtime and memory at several LR sizes, and how they grow."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from srbench.board.metric import Metric
from srbench.board.metrics import PEAK, RUNTIME
from srbench.board.rows import Row
from srbench.measure.stats import Interval
from srbench.records import DISTURBED, FAILURES
from srbench.render.plots import captions, naming
from srbench.render.plots.files import Cell

MEASURES: tuple[Metric, ...] = (RUNTIME, PEAK)
#: A runtime with one of these is known to be another than the network's own; a SHORT one is only less sure.
UNFIT: frozenset[str] = DISTURBED - {"SHORT"}
#: LR pixels are drawn in thousands.
KILO = 1e3


@dataclass(frozen=True)
class Spot:
    """One measure at one size: K LR pixels, and the column's unit; ``fitted``: it was not disturbed."""

    x: float
    y: float
    spread: Interval | None
    fitted: bool = True


@dataclass(frozen=True)
class Curve:
    """One network.

    Attributes:
        rows: the smallest size first.
        name, label: without and with its marks.
        orders: of each of :data:`MEASURES` the fitted order of growth in the pixels; None with fewer than two sizes.
    """

    rows: tuple[Row, ...]
    name: str
    label: str
    orders: tuple[float | None, ...]

    def spots(self, column: Metric) -> list[Spot]:
        """What is known of a column."""
        known = [(row, value) for row in self.rows if (value := column.value(row))]
        return [Spot(pixels_of(r) / KILO, value, column.spread(r), _fitted(r, column)) for r, value in known]


@dataclass(frozen=True)
class Scaling:
    """Everything that the figure shows."""

    curves: tuple[Curve, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


def order_of_growth(sizes: Sequence[float], values: Sequence[float]) -> tuple[float, float] | None:
    """Exponent p and factor c of the power law ``c * size**p`` through positive values, by least squares of logarithms.

    None where there are fewer than two sizes.
    """
    if len(set(sizes)) < 2:
        return None
    xs, ys = [math.log(size) for size in sizes], [math.log(value) for value in values]
    x, y = fmean(xs), fmean(ys)
    power = sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / sum((a - x) ** 2 for a in xs)
    return power, math.exp(y - power * x)


def pixels_of(row: Row) -> int:
    """LR pixels of one image."""
    return (row.lr_width or 0) * (row.lr_height or 0)


def scaling_of(rows: Sequence[Row], scale: int) -> Scaling:
    """Gather the rows of a scale by network; those with one size are only named.

    Raises:
        ValueError: no network has runtimes or peaks at two sizes or more; the message says which sizes there are.
    """
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        if row.scale == scale and row.lr_width and row.status != "MISMATCH":
            key = (row.network, row.form, row.mode, row.device, str(row.batch), row.machine)
            groups.setdefault(key, []).append(row)
    firsts = [group[0] for group in groups.values()]
    circumstances = [(r.device, r.dtype, naming.shorten(r.machine), f"batch {r.batch}") for r in firsts]
    names = naming.labels(firsts, circumstances, [naming.marks_of(row) for row in firsts])
    curves, missing = [], []
    for (name, label), group in zip(names, groups.values(), strict=True):
        group.sort(key=pixels_of)
        curve = Curve(tuple(group), name, label, tuple(_order(group, column) for column in MEASURES))
        if any(order is not None for order in curve.orders):
            curves.append(curve)
        else:
            missing.append((name, "one size" if _measured(group) else "not measured"))
    if not curves:
        sizes = dict.fromkeys(size_of(row) for group in groups.values() for row in group if _measured([row]))
        have = f"only {naming.few(list(sizes))}" if sizes else "none"
        raise ValueError(f"scaling needs one network measured at two LR sizes or more; of x{scale} there is {have}")
    return Scaling(tuple(curves), tuple(_warnings(curves)), tuple(_notes(curves, missing, scale)))


def size_of(row: Row) -> str:
    """``320x180``: its LR size."""
    return f"{row.lr_width}x{row.lr_height}"


def csv_of(scaling: Scaling) -> tuple[list[str], list[list[Cell]]]:
    """Header and lines of the plotted numbers, raw, with the fitted orders of each network."""
    header = ["model", "variant", "form", "dtype", "device", "machine", "batch", "lr_width", "lr_height"]
    header += ["runtime_ms", "runtime_low_ms", "runtime_high_ms", "peak_memory_mib", "status"]
    lines: list[list[Cell]] = []
    for curve in scaling.curves:
        for row in curve.rows:
            runtime = RUNTIME.spread(row)
            line: list[Cell] = [row.model, row.variant, row.form, row.dtype, row.device, row.machine, row.batch]
            line += [row.lr_width, row.lr_height]
            line += [runtime.median, runtime.low, runtime.high] if runtime else [None, None, None]
            lines.append([*line, PEAK.raw(row), row.status, *curve.orders])
    return [*header, "runtime_order", "peak_memory_order"], lines


def _measured(rows: Sequence[Row]) -> bool:
    return any(column.raw(row) for row in rows for column in MEASURES)


def _fitted(row: Row, column: Metric) -> bool:
    """Peaks do not depend on who else runs."""
    return not column.timed or row.status not in UNFIT


def _order(rows: Sequence[Row], column: Metric) -> float | None:
    known = [(float(pixels_of(row)), value) for row in rows if (value := column.raw(row)) and _fitted(row, column)]
    fit = order_of_growth([size for size, _ in known], [value for _, value in known])
    return fit[0] if fit else None


def _notes(curves: Sequence[Curve], missing: Sequence[tuple[str, str]], scale: int) -> list[str]:
    rows = [row for curve in curves for row in curve.rows]
    spreads = [spread for row in rows if (spread := RUNTIME.spread(row)) is not None]
    failed = [(name, row.status) for name, row in _named(curves) if row.status in FAILURES]
    return [
        f"x{scale} on {captions.machine(rows, with_size=False)}",
        "The order p is that of a power law pixels^p, fitted by least squares of logarithms",
        *captions.bars(spreads),
        *captions.not_shown([*missing, *failed]),
    ]


def _warnings(curves: Sequence[Curve]) -> list[str]:
    rows = [row for curve in curves for row in curve.rows]
    return [
        *(["Hollow: disturbed, not in the fit"] if any(row.status in UNFIT for row in rows) else []),
        *captions.marks(rows),
        *captions.care([each for each in _named(curves) if each[1].status not in FAILURES], timed=True),
    ]


def _named(curves: Sequence[Curve]) -> list[tuple[str, Row]]:
    """Each row by its network and size."""
    return [(f"{curve.name} {size_of(row)}", row) for curve in curves for row in curve.rows]
