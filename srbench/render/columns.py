"""The one table of columns: what a number is called, its unit, which way is good, and where it lives in a row.

Terminal, CSV, Markdown, plots and the documentation all read it; a column is added here and nowhere else.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from srbench.board.leaderboard import QUALITY_METRICS, QualityMetric, Row
from srbench.board.published import QUALITY_SETS, quality_key
from srbench.measure.stats import Interval
from srbench.render.text import plain, shortened


@dataclass(frozen=True)
class Column:
    """A number of a row.

    Attributes:
        key: its name in CSV and on the command line.
        title: its name for readers.
        unit: what readers see it in; empty for pure numbers.
        good: which direction is better; None where neither is.
        digits: after the decimal point, for readers.
        divisor: raw value / divisor = value in ``unit``.
        raw: the value in a row, in CSV's unit.
        meaning: one sentence for the documentation.
        spread: the interval around it, where it is measured with one.
        short: its name over a table's column, where the title is too long for one.
        cell: of quality the metric and the set, None for all else.
    """

    key: str
    title: str
    unit: str
    good: Literal["low", "high"] | None
    digits: int
    divisor: float
    raw: Callable[[Row], float | None]
    meaning: str
    spread: Callable[[Row], Interval | None] = lambda _: None
    short: str = ""
    cell: tuple[QualityMetric, str] | None = None

    @property
    def head(self) -> str:
        """Name and unit over a column of a table."""
        return f"{self.short or self.title} [{self.unit}]" if self.unit else self.short or self.title

    @property
    def label(self) -> str:
        """Title and unit, as on an axis."""
        return f"{self.title} [{self.unit}]" if self.unit else self.title

    def value(self, row: Row) -> float | None:
        """The number in ``unit``."""
        raw = self.raw(row)
        return None if raw is None else raw / self.divisor

    def text(self, row: Row) -> str:
        """The number for readers; a dash where there is none."""
        value = self.value(row)
        if value is None:
            return "-"
        # A tiny network must not read 0.00.
        small = 0 < abs(value) < 10.0 ** (1 - self.digits)
        return f"{value:.2g}" if small else f"{value:,.{self.digits}f}"


def _median(row: Row) -> float | None:
    return row.runtime_ms.median if row.runtime_ms else None


def _megapixels_per_second(row: Row) -> Interval | None:
    """GT megapixels that a second gives, with the interval turned over: the shortest runtime is the highest rate."""
    runtime = row.runtime_ms
    if runtime is None or runtime.low <= 0 or row.gt_width is None or row.gt_height is None or row.batch is None:
        return None
    per_ms = row.gt_width * row.gt_height * row.batch / 1e3  # pixels a ms are 1e-3 megapixels a second
    return Interval(per_ms / runtime.median, per_ms / runtime.high, per_ms / runtime.low, runtime.method)


def _throughput(row: Row) -> float | None:
    rate = _megapixels_per_second(row)
    return rate.median if rate else None


COSTS = (
    Column(
        "params",
        "Params",
        "K",
        "low",
        1,
        1e3,
        lambda r: r.params,
        "All parameters of the form that is counted, biases and activation slopes included.",
    ),
    Column(
        "multi_adds",
        "Multi-Adds",
        "G",
        "low",
        2,
        1e9,
        lambda r: r.multi_adds,
        "Multiply-adds of convolutions and matrix products for one image, bias-free, 1 multiply-add = 1 (2 FLOPs).",
    ),
    Column(
        "activations",
        "Acts",
        "M",
        "low",
        2,
        1e6,
        lambda r: r.activations,
        "Output elements of all convolutions for one image.",
    ),
    Column("convs", "Convs", "", "low", 0, 1, lambda r: r.convs, "Convolutions run in one forward pass."),
    Column(
        "runtime_ms",
        "Runtime",
        "ms",
        "low",
        1,
        1,
        _median,
        "Median over the medians of fresh processes, with its interval: synchronised passes after warm-up, one batch "
        "each, input resident.",
        spread=lambda r: r.runtime_ms,
    ),
    Column(
        "peak_memory_mib",
        "Peak memory",
        "MiB",
        "low",
        1,
        1,
        lambda r: r.peak_memory_mib,
        "Weights, input and everything a forward pass holds at its peak, measured in a process of its own.",
        short="Peak",
    ),
    Column(
        "predicted_peak_mib",
        "Predicted peak memory",
        "MiB",
        "low",
        1,
        1,
        lambda r: r.predicted_peak_mib,
        "The same worked out from shapes alone: what answers 'does it fit' before anything runs.",
        short="Predicted",
    ),
)

#: Of what is measured too: no cost of its own beside that.
PREDICTED = "predicted_peak_mib"

#: Said by other columns already: for figures, not for tables.
DERIVED = (
    Column(
        "throughput_mp_s",
        "Throughput",
        "MP/s",
        "high",
        2,
        1,
        _throughput,
        "Megapixels of GT that a second of passes gives: GT width x height x batch / runtime.",
        spread=_megapixels_per_second,
    ),
)

_METRICS: dict[QualityMetric, tuple[str, str, int, str]] = {
    "psnr_y": ("PSNR", "dB", 2, "Peak signal-to-noise ratio"),
    "ssim_y": ("SSIM", "", 4, "Structural similarity"),
}


def quality_columns(sets: Iterable[str] = QUALITY_SETS) -> tuple[Column, ...]:
    """PSNR and SSIM on each set."""
    return tuple(_quality_column(metric, dataset) for dataset in sets for metric in QUALITY_METRICS)


def _quality_column(metric: QualityMetric, dataset: str) -> Column:
    title, unit, digits, meaning = _METRICS[metric]

    def raw(row: Row) -> float | None:
        found = row.own_quality(metric, dataset)
        return found.value if found else None

    return Column(
        quality_key(metric, dataset),
        f"{title} on {shortened(plain(dataset))}",
        unit,
        "high",
        digits,
        1,
        raw,
        f"{meaning} on the luma of {plain(dataset)}; only of this very variant.",
        cell=(metric, dataset),
    )


QUALITY = quality_columns()
COLUMNS = {column.key: column for column in (*COSTS, *QUALITY)}

#: A score belongs to a challenge: its column is made where one is named.
SCORE = "score"


def score_column(
    edition: str, rule: str, good: Literal["low", "high"], scores: Mapping[tuple[str, str], float]
) -> Column:
    """What a challenge makes of each network, for figures.

    Args:
        edition: its name, for the title.
        rule: in words, with the baseline.
        good: which way is better.
        scores: by network and form (:attr:`srbench.board.challenge.Entry.network`).
    """

    def raw(row: Row) -> float | None:
        return scores.get((row.network, row.form))

    return Column(SCORE, f"Score ({edition})", "", good, 2, 1, raw, rule)


#: What people type for a column.
_SPOKEN = {
    "runtime": "runtime_ms",
    "memory": "peak_memory_mib",
    "peak_memory": "peak_memory_mib",
    "predicted_memory": "predicted_peak_mib",
    "acts": "activations",
    "throughput": "throughput_mp_s",
}


def find(name: str, dataset: str = "set5", own: Sequence[str] = ()) -> Column:
    """A column by the name that people type: ``params``, ``multi-adds``, ``runtime``, ``psnr`` (of a data set).

    Args:
        name: as typed.
        dataset: of quality; of a set of one's own as it is called.
        own: such sets, where there are any.

    Raises:
        ValueError: no such column or data set; the message suggests the nearest.
    """
    key = name.strip().lower().replace("-", "_")
    key = _SPOKEN.get(key, key)
    if key.removesuffix("_y") in ("psnr", "ssim"):
        sets = {s: s for s in own} | {s.lower(): s for s in QUALITY_SETS}
        found = sets.get(dataset) or sets.get(dataset.lower())
        if found is None:
            raise ValueError(f"unknown data set '{dataset}'; {nearest(dataset.lower(), sets)}")
        key = quality_key(f"{key.removesuffix('_y')}_y", found)
    known = COLUMNS | {column.key: column for column in (*DERIVED, *quality_columns(own))}
    if key in known:
        return known[key]
    names = [*(c.key.replace("_", "-") for c in (*COSTS, *DERIVED)), *_SPOKEN, "psnr", "ssim"]
    raise ValueError(f"unknown column '{name}'; {nearest(key.replace('_', '-'), names)}")


def nearest(word: str, known: "dict[str, str] | list[str]") -> str:
    """What was perhaps meant, or else all that there is."""
    near = difflib.get_close_matches(word, list(known), n=2, cutoff=0.5)
    return f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(known)}"
