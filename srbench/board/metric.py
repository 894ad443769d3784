"""What a metric is: what it is called, its unit, which way is good, where it lives, how a gate judges it.

The table of them is :mod:`srbench.board.metrics`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from srbench.board.figures import Figure, Good, QualityMetric, median_of
from srbench.measure.stats import Interval

if TYPE_CHECKING:
    from srbench.board.rows import Row
    from srbench.counts import Uncounted
    from srbench.records import Record


@dataclass(frozen=True)
class Exact:
    """A gate on a number that has no noise; two of them are compared as they are.

    Attributes:
        read: the number as it is stored; None for the metric's own.
        unit: behind the numbers in the answer.
        error: how far off a record's number may be, in the same unit.
        uncounted: what a record's number leaves out, so that it is a lower bound; empty where it is whole.
    """

    read: "Callable[[Record], float | None] | None" = None
    unit: str = ""
    error: "Callable[[Record], float]" = lambda _: 0
    uncounted: "Callable[[Record], tuple[Uncounted, ...]]" = lambda _: ()


@dataclass(frozen=True)
class OfRuntime:
    """A gate on the interval of the ratio of two runtimes; turned over for what is high where a runtime is low."""


@dataclass(frozen=True)
class Metric:
    """A number of a network, of a record or of a row.

    Attributes:
        key: its name in CSV.
        title: its name for readers.
        unit: what readers see it in; empty for pure numbers.
        good: which direction is better; None where neither is.
        digits: after the decimal point, for readers.
        divisor: raw value / divisor = value in ``unit``.
        meaning: one sentence for the documentation.
        of: what it belongs to: the ``network`` alone, the network at an ``image`` size, or the ``machine`` as well.
        of_record: the raw value of a record; with its interval, where it is measured with one.
        of_row: the raw value of a row, where that follows from other cells of it and is no figure of the record.
        short: its name over a table's column, where the title is too long for one.
        names: what people type for it beside its key; the first one is listed.
        gate: how ``--fail-on`` judges it; None where it is no gate.
        in_tables: whether tables show it; what other columns say already is for figures and CSV.
        importance: of its column in a table: where room is short, the least important leave first.
        timed: whether it is a runtime or made of one: what disturbs a runtime disturbs it.
        when_failed: whether it says something of a network that failed.
        challenge: its name among the values of a challenge's entry, and raw value / this = value there.
        cell: of quality the metric and the set, None for all else.
        bounded: whether an operator of unknown cost, by its name, makes it a lower bound.
    """

    key: str
    title: str
    unit: str
    good: Good | None
    digits: int
    divisor: float
    meaning: str
    of: Literal["network", "image", "machine"]
    of_record: "Callable[[Record], Figure | None]" = lambda _: None
    of_row: "Callable[[Row], Figure | None] | None" = None
    short: str = ""
    names: tuple[str, ...] = ()
    gate: Exact | OfRuntime | None = None
    in_tables: bool = True
    importance: int = 0
    timed: bool = False
    when_failed: bool = True
    challenge: tuple[str, float] | None = None
    cell: tuple[QualityMetric, str] | None = None
    bounded: Callable[[str], bool] = lambda _: False

    @property
    def name(self) -> str:
        """What people type, as it is listed."""
        return self.names[0] if self.names else self.key.replace("_", "-")

    @property
    def head(self) -> str:
        """Name and unit over a column of a table."""
        return f"{self.short or self.title} [{self.unit}]" if self.unit else self.short or self.title

    @property
    def label(self) -> str:
        """Title and unit, as on an axis."""
        return f"{self.title} [{self.unit}]" if self.unit else self.title

    def figure(self, row: "Row") -> Figure | None:
        """What a row has of it."""
        return self.of_row(row) if self.of_row is not None else row.figures.get(self.key)

    def raw(self, row: "Row") -> float | None:
        """The number in CSV's unit."""
        return median_of(self.figure(row))

    def is_bound(self, row: "Row") -> bool:
        """Whether the number is a lower bound."""
        return self.figure(row) is not None and any(self.bounded(each.operator) for each in row.uncounted)

    def exact(self, row: "Row") -> float | None:
        """The number in CSV's unit, where it is whole: a lower bound is better than nothing else."""
        return None if self.is_bound(row) else self.raw(row)

    def spread(self, row: "Row") -> Interval | None:
        """The interval around it in CSV's unit, where it is measured with one."""
        figure = self.figure(row)
        return figure if isinstance(figure, Interval) else None

    def value(self, row: "Row") -> float | None:
        """The number in ``unit``."""
        raw = self.raw(row)
        return None if raw is None else raw / self.divisor

    def shown(self, row: "Row") -> float | None:
        """The number in ``unit`` for readers: of a network that failed only what says something of it."""
        return self.value(row) if self.when_failed or not row.failed else None

    def text(self, row: "Row") -> str:
        """The number for readers, ``>=`` before a lower bound; a dash where there is none."""
        value = self.shown(row)
        if value is None:
            return "-"
        # A tiny network must not read 0.00.
        small = 0 < abs(value) < 10.0 ** (1 - self.digits)
        return self.marked(row, f"{value:.2g}" if small else f"{value:,.{self.digits}f}")

    def marked(self, row: "Row", text: str) -> str:
        """A number as text, with ``>=`` before it where it is a lower bound."""
        return f">= {text}" if self.is_bound(row) else text
