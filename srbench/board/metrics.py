"""The one table of metrics: everything that is measured or counted, and how it is called, shown and judged.

Tables, CSV, the page, axes of figures, ranks, gates, challenges, the command line's help and the documentation read
it. A metric is added here, and where it is measured. Nothing heavy is imported: the command line lists metrics too.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from srbench.board.figures import Figure, QualityMetric
from srbench.board.metric import Exact, Metric, OfRuntime
from srbench.measure.stats import Interval

if TYPE_CHECKING:
    from srbench.board.rows import Row
    from srbench.counts import Complexity, Uncounted
    from srbench.records import Record

NS_PER_MS = 1e6
MIB = 2**20


def _counts(read: "Callable[[Complexity], float]") -> "Callable[[Record], float | None]":
    return lambda record: read(record.complexity) if record.complexity else None


def _any(operator: str) -> bool:
    """Whatever it is, it may multiply."""
    return True


def _may_convolve(operator: str) -> bool:
    """Of torch's own operators the convolutions are known."""
    return not operator.startswith("aten::")


def _uncounted(matters: "Callable[[str], bool]") -> "Callable[[Record], tuple[Uncounted, ...]]":
    def left_out(record: "Record") -> "tuple[Uncounted, ...]":
        counts = record.complexity
        return tuple(each for each in counts.uncounted if matters(each.operator)) if counts else ()

    return left_out


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
    """Nobody predicts what another engine holds, or what a convolution library copies for another layout."""
    mode, counts = record.case.mode, record.complexity
    if counts is None or mode.engine != "eager" or mode.layout != "contiguous":
        return None
    return counts.predicted_peak_bytes(record.case.device) / MIB


def _build(record: "Record") -> float | None:
    return None if record.build_ns is None else record.build_ns / NS_PER_MS


def _megapixels_per_second(row: "Row") -> Interval | None:
    """GT megapixels that a second gives, with the interval turned over: the shortest runtime is the highest rate."""
    runtime = RUNTIME.spread(row)
    if runtime is None or runtime.low <= 0 or row.gt_width is None or row.gt_height is None or row.batch is None:
        return None
    per_ms = row.gt_width * row.gt_height * row.batch / 1e3  # pixels a ms are 1e-3 megapixels a second
    return Interval(per_ms / runtime.median, per_ms / runtime.high, per_ms / runtime.low, runtime.method)


def _params(record: "Record") -> float | None:
    return record.complexity.params if record.complexity else record.params


PARAMS = Metric(
    "params",
    "Params",
    "K",
    "low",
    1,
    1e3,
    "All parameters of the form that is counted, biases and activation slopes included.",
    "network",
    _params,
    gate=Exact(),
    challenge=("params_m", 1e6),
    importance=8,
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
    gate=Exact(uncounted=_uncounted(_any)),
    bounded=_any,
    challenge=("flops_g", 1e9),
    importance=7,
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
    gate=Exact(uncounted=_uncounted(_may_convolve)),
    bounded=_may_convolve,
    challenge=("acts_m", 1e6),
    importance=2,
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
    gate=Exact(uncounted=_uncounted(_may_convolve)),
    bounded=_may_convolve,
    challenge=("conv", 1),
    importance=1,
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
    importance=10,
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
    importance=6,
)
UNREAD = Metric(
    "unread_params",
    "Unread params",
    "K",
    "low",
    1,
    1e3,
    "Parameters that no operator of a forward pass gets: weight without use.",
    "network",
    lambda record: record.complexity.never_read if record.complexity else None,
    names=("unread",),
    in_tables=False,
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
        importance=3,
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
        importance=5,
    ),
    Metric(
        "build_ms",
        "Build",
        "s",
        "low",
        1,
        1e3,
        "Wall time in which the engine makes the network ready with nothing kept from before, a first pass included; "
        "none where it builds nothing (eager).",
        "machine",
        _build,
        names=("build",),
        importance=4,
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
        timed=True,
    ),
    UNREAD,
    Metric(
        "free_elements",
        "Free elements",
        "M",
        "low",
        2,
        1e6,
        "Elements that operators give which papers leave out of Multi-Adds: elementwise, pooling, resizing, "
        "normalisation, shuffles; for one image.",
        "image",
        lambda record: record.complexity.free_elements if record.complexity else None,
        names=("free",),
        in_tables=False,
    ),
    Metric(
        "energy_mj",
        "Energy",
        "mJ",
        "low",
        1,
        1,
        "Energy of one image by the device's counter, over a window of passes, idle power included: that of the whole "
        "GPU, or of all processors.",
        "machine",
        lambda record: record.energy.per_image_mj if record.energy else None,
        names=("energy",),
        gate=Exact(error=lambda record: record.energy.error_mj if record.energy else 0),
        when_failed=False,
        importance=5,
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
