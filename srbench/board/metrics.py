"""The one table of metrics: what a number is called, its unit, which way is good, where it lives, how it is judged.

Tables, CSV, the page, axes of figures, ranks, gates, challenges, the command line's help and the documentation read
it. A metric is added here, and where it is measured. Nothing heavy is imported: the command line lists metrics too.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Literal

from srbench.measure.stats import Interval

if TYPE_CHECKING:
    from srbench.board.leaderboard import Row
    from srbench.records import Complexity, Record

NS_PER_MS = 1e6
MIB = 2**20
#: A number, or a median with its interval; in CSV's unit.
Figure = float | Interval
Good = Literal["low", "high"]
QualityMetric = Literal["psnr_y", "ssim_y"]


@dataclass(frozen=True)
class Exact:
    """A gate on a number that has no noise; two of them are compared as they are.

    Attributes:
        read: the number as it is stored; None for the metric's own.
        unit: behind the numbers in the answer.
        error: how far off a record's number may be, in the same unit.
    """

    read: "Callable[[Record], float | None] | None" = None
    unit: str = ""
    error: "Callable[[Record], float]" = lambda _: 0


@dataclass(frozen=True)
class OfRuntime:
    """A gate on the interval of the ratio of two runtimes; turned over for what is high where a runtime is low."""


@dataclass(frozen=True)
class ByRounds:
    """A gate on the interval of the ratio of two numbers that each process of a run gives anew.

    Attributes:
        read: round -> the number.
    """

    read: "Callable[[Record], Mapping[int, float]]"


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
        cost: whether it is a cost of its own, as the radar compares them.
        timed: whether it is a runtime or made of one: what disturbs a runtime disturbs it.
        when_failed: whether it says something of a network that failed.
        challenge: its name among the values of a challenge's entry, and raw value / this = value there.
        cell: of quality the metric and the set, None for all else.
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
    gate: Exact | OfRuntime | ByRounds | None = None
    in_tables: bool = True
    cost: bool = True
    timed: bool = False
    when_failed: bool = True
    challenge: tuple[str, float] | None = None
    cell: tuple[QualityMetric, str] | None = None

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
        figure = self.figure(row)
        return figure.median if isinstance(figure, Interval) else figure

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
        """The number for readers; a dash where there is none."""
        value = self.shown(row)
        if value is None:
            return "-"
        # A tiny network must not read 0.00.
        small = 0 < abs(value) < 10.0 ** (1 - self.digits)
        return f"{value:.2g}" if small else f"{value:,.{self.digits}f}"


def _counts(read: "Callable[[Complexity], float]") -> "Callable[[Record], float | None]":
    return lambda record: read(record.complexity) if record.complexity else None


def _runtime(record: "Record") -> Interval | None:
    interval = record.latency.interval if record.latency else None
    if interval is None:
        return None
    low, high = interval.low / NS_PER_MS, interval.high / NS_PER_MS
    return Interval(interval.median / NS_PER_MS, low, high, interval.method)


def _peak_bytes(record: "Record") -> int | None:
    return record.memory.peak_bytes if record.memory else None


def _peak(record: "Record") -> float | None:
    return record.memory.peak_bytes / MIB if record.memory else None


def _predicted(record: "Record") -> float | None:
    return record.complexity.predicted_peak_bytes(record.case.device) / MIB if record.complexity else None


def _build(record: "Record") -> float | None:
    built = record.latency.build_ns if record.latency else None
    return None if built is None else built / NS_PER_MS


def _builds(record: "Record") -> dict[int, float]:
    rounds: dict[int, list[int]] = {}
    for visit in record.latency.visits if record.latency else ():
        if visit.build_ns:
            rounds.setdefault(visit.round, []).append(visit.build_ns)
    return {number: median(each) for number, each in rounds.items()}


def _megapixels_per_second(row: "Row") -> Interval | None:
    """GT megapixels that a second gives, with the interval turned over: the shortest runtime is the highest rate."""
    runtime = RUNTIME.spread(row)
    if runtime is None or runtime.low <= 0 or row.gt_width is None or row.gt_height is None or row.batch is None:
        return None
    per_ms = row.gt_width * row.gt_height * row.batch / 1e3  # pixels a ms are 1e-3 megapixels a second
    return Interval(per_ms / runtime.median, per_ms / runtime.high, per_ms / runtime.low, runtime.method)


PARAMS = Metric(
    "params",
    "Params",
    "K",
    "low",
    1,
    1e3,
    "All parameters of the form that is counted, biases and activation slopes included.",
    "network",
    _counts(lambda c: c.params),
    gate=Exact(),
    challenge=("params_m", 1e6),
)
MULTI_ADDS = Metric(
    "multi_adds",
    "Multi-Adds",
    "G",
    "low",
    2,
    1e9,
    "Multiply-adds of convolutions and matrix products for one image, bias-free, 1 multiply-add = 1 (2 FLOPs).",
    "image",
    _counts(lambda c: c.multi_adds),
    gate=Exact(),
    challenge=("flops_g", 1e9),
)
ACTIVATIONS = Metric(
    "activations",
    "Acts",
    "M",
    "low",
    2,
    1e6,
    "Output elements of all convolutions for one image.",
    "image",
    _counts(lambda c: c.activations),
    names=("activations", "acts"),
    gate=Exact(),
    challenge=("acts_m", 1e6),
)
CONVS = Metric(
    "convs",
    "Convs",
    "",
    "low",
    0,
    1,
    "Convolutions run in one forward pass.",
    "network",
    _counts(lambda c: c.convs),
    gate=Exact(),
    challenge=("conv", 1),
)
RUNTIME = Metric(
    "runtime_ms",
    "Runtime",
    "ms",
    "low",
    1,
    1,
    "Median over the medians of fresh processes, with its interval: synchronised passes after warm-up, one batch "
    "each, input resident.",
    "machine",
    _runtime,
    names=("runtime",),
    gate=OfRuntime(),
    timed=True,
    challenge=("ave_time_ms", 1),
)
PEAK = Metric(
    "peak_memory_mib",
    "Peak memory",
    "MiB",
    "low",
    1,
    1,
    "Weights, input and everything a forward pass holds at its peak, measured in a process of its own.",
    "machine",
    _peak,
    short="Peak",
    names=("memory", "peak_memory"),
    gate=Exact(_peak_bytes, "bytes", lambda record: record.memory.error_bytes if record.memory else 0),
    # A peak of a network that failed is of whatever it did until then.
    when_failed=False,
    challenge=("mem_mb", 1),
)
#: In the order in which readers see them. Behind the promised columns of a CSV they stand in this order too: a new one
#: comes last.
METRICS: tuple[Metric, ...] = (
    PARAMS,
    MULTI_ADDS,
    ACTIVATIONS,
    CONVS,
    RUNTIME,
    PEAK,
    Metric(
        "predicted_peak_mib",
        "Predicted peak memory",
        "MiB",
        "low",
        1,
        1,
        "The same worked out from shapes alone: what answers 'does it fit' before anything runs.",
        "image",
        _predicted,
        short="Predicted",
        names=("predicted-memory",),
        cost=False,
    ),
    Metric(
        "agreement_db",
        "Agreement",
        "dB",
        "high",
        1,
        1,
        "PSNR of the mode's output against that of eager float32 on the same image; none where they are equal.",
        "machine",
        lambda record: record.agreement.psnr_db if record.agreement else None,
        names=("agreement",),
        cost=False,
    ),
    Metric(
        "build_ms",
        "Build",
        "ms",
        "low",
        1,
        1,
        "Median over processes of the time in which the engine makes the network ready, a first call included; none "
        "where it builds nothing (eager).",
        "machine",
        _build,
        names=("build",),
        gate=ByRounds(_builds),
    ),
    Metric(
        "throughput_mp_s",
        "Throughput",
        "MP/s",
        "high",
        2,
        1,
        "Megapixels of GT that a second of passes gives: GT width x height x batch / runtime.",
        "machine",
        of_row=_megapixels_per_second,
        names=("throughput",),
        gate=OfRuntime(),
        in_tables=False,
        cost=False,
        timed=True,
    ),
)
#: Of each set, where a network has it (:func:`srbench.render.columns.quality_columns`).
QUALITY: dict[QualityMetric, Metric] = {
    "psnr_y": Metric(
        "psnr_y",
        "PSNR",
        "dB",
        "high",
        2,
        1,
        "Peak signal-to-noise ratio on the luma of the set; only of this very variant.",
        "network",
        names=("psnr",),
    ),
    "ssim_y": Metric(
        "ssim_y",
        "SSIM",
        "",
        "high",
        4,
        1,
        "Structural similarity on the luma of the set; only of this very variant.",
        "network",
        names=("ssim",),
    ),
}


def named(word: str, among: Iterable[Metric]) -> Metric | None:
    """The metric that is called so: by its key, or as people say it."""
    key = word.strip().lower().replace("-", "_")
    return next((m for m in among if key in (m.key, *(name.replace("-", "_") for name in m.names))), None)


def gates() -> list[Metric]:
    """Those that a gate may be on."""
    return [metric for metric in METRICS if metric.gate is not None]


def axes() -> list[str]:
    """What people type for the axes of a figure, quality included."""
    return [metric.name for metric in (*METRICS, *QUALITY.values())]


def figures_of(record: "Record") -> dict[str, Figure]:
    """Every figure that a record has, by key."""
    found = {metric.key: metric.of_record(record) for metric in METRICS}
    return {key: figure for key, figure in found.items() if figure is not None}
