"""From numbers to paper: axis ranges, ticks, and the area of bubbles. Lengths are in points, no drawing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median, quantiles

#: Values call for a logarithmic axis where their third quartile is more than this many times their first: those spread
#: evenly over an axis from 0 have 3, those spread evenly over the logarithms of a decade 3.2.
LOG_FROM = 4.0
#: How many distances of the quartiles beyond them a value is far out (Tukey), and of how few values none is.
FENCE, FEWEST = 3.0, 5
MAX_RADIUS_PT, MEDIAN_RADIUS_PT = 12.0, 3.0
#: The smallest bubble worth a place in the legend.
_LEGEND_RADIUS_PT = 1.2
_DIGIT_PT, _TICK_GAP_PT = 4.5, 7.0


@dataclass(frozen=True)
class Axis:
    """The range of an axis and its ticks."""

    low: float
    high: float
    log: bool
    ticks: tuple[float, ...]
    texts: tuple[str, ...]
    minor: tuple[float, ...] = ()

    def share(self, value: float) -> float:
        """Where a value stands: 0 at the low end, 1 at the high one."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class BubbleScale:
    """Area in pt² for each unit. Larger values than ``cut_at`` get the area of ``cut_at`` and must be marked."""

    area_per_unit: float
    cut_at: float

    def area(self, value: float) -> float:
        """Area of the bubble in pt²."""
        return self.area_per_unit * min(max(value, 0.0), self.cut_at)

    def radius(self, value: float) -> float:
        """Radius of the bubble in pt."""
        return math.sqrt(self.area(value) / math.pi)

    def is_cut(self, value: float) -> bool:
        """Whether the bubble is smaller than its value says."""
        return value > self.cut_at

    def legend(self, values: Sequence[float]) -> tuple[float, float, float]:
        """Three round numbers (1, 2 or 5 times a power of ten) that span the values, as far as they can be seen."""
        top = min(max(values), self.cut_at)
        visible = math.pi * _LEGEND_RADIUS_PT**2 / self.area_per_unit
        bottom = min(max(min(values), visible), top)
        rounds = round_numbers(bottom / 10, top * 10)
        last = max(i for i, r in enumerate(rounds) if r <= top)
        first = min(max((i for i, r in enumerate(rounds) if r <= bottom), default=0), last - 2)
        middle = math.sqrt(rounds[first] * rounds[last])
        # Of two equally near ones the larger, which is easier to see.
        between = min(rounds[last - 1 : first : -1], key=lambda r: round(abs(math.log(r / middle)), 1))
        return rounds[first], between, rounds[last]


def bubble_scale(values: Sequence[float]) -> BubbleScale | None:
    """Areas proportional to the values; None without a positive one.

    The largest bubble has 12 pt radius and the median at least 3 pt; both shrink in a crowd. Where a few values are
    so large that both cannot be, these few are cut: otherwise one network of 18 T beside forty of 40 G would leave
    forty specks.
    """
    positive = [value for value in values if value > 0]
    if not positive:
        return None
    cut_at = min(max(positive), median(positive) * (MAX_RADIUS_PT / MEDIAN_RADIUS_PT) ** 2)
    shrink = min(1.0, max(0.7, math.sqrt(12 / len(positive))))
    return BubbleScale(math.pi * (shrink * MAX_RADIUS_PT) ** 2 / cut_at, cut_at)


def calls_for_log(values: Sequence[float]) -> bool:
    """Whether a linear axis would crowd most of them at one end."""
    low, high = _quartiles(values)
    return min(values) > 0 and high / low > LOG_FROM


def within_fences(values: Sequence[float], *, log: bool, least: float = 0.0) -> tuple[float, float]:
    """From where to where an axis shows values; what is beyond is far out, and would squeeze all the others.

    The ends are infinite where nothing is far out, or where leaving it out would not even halve the axis.

    Args:
        values: of all.
        log: whether the axis is logarithmic.
        least: the fences stand no nearer to the quartiles.
    """
    everything = (-math.inf, math.inf)
    if len(values) < FEWEST:
        return everything
    places = [math.log10(value) for value in values] if log else list(values)
    first, third = _quartiles(places)
    reach = max(FENCE * (third - first), least)
    inside = [place for place in places if first - reach <= place <= third + reach]
    if reach == 0 or 2 * (max(inside) - min(inside)) > max(places) - min(places):
        return everything
    low, high = min(inside), max(inside)
    kept = [value for value, place in zip(values, places, strict=True) if low <= place <= high]
    return min(kept), max(kept)


def _quartiles(values: Sequence[float]) -> tuple[float, float]:
    if len(values) < 2:
        return values[0], values[0]
    first, _, third = quantiles(values, method="inclusive")
    return first, third


def axis_of(
    spans: Sequence[tuple[float, float]],
    pads: Sequence[float],
    length: float,
    *,
    log: bool = False,
    least: float = 0.0,
    head: float = 0.0,
) -> Axis:
    """An axis of ``length`` pt on which each span (low, high) is at least its pad away from either end.

    Args:
        spans: what is drawn, from where to where; the same value twice for a point.
        pads: free length around each, in pt.
        length: of the axis, in pt.
        log: whether it is logarithmic, however near the values are; they must be positive.
        least: how far the axis reaches to both sides of a single value.
        head: more free length at the upper end, in pt.
    """
    lows, highs = [low for low, _ in spans], [high for _, high in spans]
    if log:
        lows, highs = [math.log10(v) for v in lows], [math.log10(v) for v in highs]
    low, high = min(lows), max(highs)
    # Of logarithms the difference itself is relative; that of 1 is 0.
    if high - low < (1e-9 if log else 1e-9 * max(abs(high), 1e-9)):
        widen = max(least, abs(high) * 0.2 if least == 0 else 0.0) or 1.0
        widen = max(widen, 0.1) if log else widen
        low, high = low - widen, high + widen
    for _ in range(40):  # a wider range makes a pad mean more, so widen until it stands
        per_pt = (high - low) / length
        low = min(low, *(v - pad * per_pt for v, pad in zip(lows, pads, strict=True)))
        high = max(high, *(v + (pad + head) * per_pt for v, pad in zip(highs, pads, strict=True)))
    return axis_between(10**low, 10**high, length, log=True) if log else axis_between(low, high, length)


def axis_between(low: float, high: float, length: float, *, log: bool = False) -> Axis:
    """An axis with given ends.

    Args:
        low: its one end.
        high: its other end.
        length: in points.
        log: whether it is logarithmic.
    """
    return _log_axis(low, high, length) if log else _linear_axis(low, high, length)


def round_numbers(low: float, high: float, leads: Sequence[int] = (1, 2, 5)) -> list[float]:
    """All of 1, 2, 5, 10, 20 ... from ``low`` to ``high``, both positive.

    Args:
        low: the smallest; positive.
        high: the largest; positive.
        leads: first digits.
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    # Written as text and read back, so that 0.1 is 0.1 and not 0.1 + 1e-17.
    numbers = [float(f"{lead}e{power}") for power in range(first, last + 1) for lead in leads]
    return [number for number in numbers if low <= number <= high]


def _log_axis(low: float, high: float, length: float) -> Axis:
    per_decade = length / math.log10(high / low)
    ticks: list[float] = []
    for leads in ((1, 2, 5), (1, 3), (1,)):
        ticks = round_numbers(low, high, leads)
        if all(math.log10(b / a) * per_decade >= _width(a, b) for a, b in pairwise(ticks)):
            break
    if len(ticks) < 2:  # less than a decade, and no two round numbers in it
        even = _linear_axis(low, high, length)
        return Axis(low, high, True, even.ticks, even.texts)
    minor = tuple(t for t in round_numbers(low, high, range(1, 10)) if t not in ticks)
    return Axis(low, high, True, tuple(ticks), tuple(f"{t:,g}" for t in ticks), minor)


def _linear_axis(low: float, high: float, length: float) -> Axis:
    wanted = (high - low) / max(2.0, length / 26)
    steps = round_numbers(wanted / 10, wanted * 20)
    at = next(i for i, r in enumerate(steps) if r >= wanted)
    # Of a step of up to 2.5 times what is wanted only one multiple may lie within; then the next smaller one.
    for step in (steps[at], steps[at - 1]):
        ticks = tuple(k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1))
        if len(ticks) > 1:
            break
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return Axis(low, high, False, ticks, tuple(f"{t:,.{digits}f}" for t in ticks))


def _width(a: float, b: float) -> float:
    """Room that two neighbouring tick labels need between their middles."""
    return _DIGIT_PT * (len(f"{a:,g}") + len(f"{b:,g}")) / 2 + _TICK_GAP_PT
