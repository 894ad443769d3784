"""Statistics of samples: pure functions of arrays.

What the samples of a runtime need; two runs are held against each other in :mod:`srbench.measure.comparing`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from statistics import fmean, median, quantiles, stdev
from typing import Literal

Method = Literal["t95_processes", "binomial95", "range"]

#: Below this the widest order-statistics interval covers the median with less than 95 % (1 - 2 * 0.5**5 = 0.9375).
MIN_SAMPLES_95 = 6
#: Below this a t interval over processes says little: its factor is 12.7 for two.
MIN_PROCESSES = 3
#: From so many values on a fifth is left out at either end before the mean is taken.
MIN_TRIMMED, TRIM = 8, 0.2
#: Block medians are taken as independent once their correlation is within what chance gives, at this many of them.
MIN_BLOCKS = 6


@dataclass(frozen=True)
class Interval:
    """A median with an interval, in the unit of the samples.

    ``method`` is ``t95_processes`` (95 % t interval over the logarithms of process medians, trimmed from 8 on),
    ``binomial95`` (distribution-free 95 % interval of the median of one process) or ``range`` (smallest and largest,
    which is no confidence interval).
    """

    median: float
    low: float
    high: float
    method: Method

    @property
    def relative(self) -> float:
        """Half the width as a share of the median."""
        return (self.high - self.low) / 2 / self.median if self.median else math.inf

    def overlaps(self, other: "Interval") -> bool:
        """Whether the two have a value in common."""
        return self.low <= other.high and other.low <= self.high


def process_interval(
    processes: Sequence[Sequence[float]], units: Sequence[float] | None = None, first: int | None = None
) -> Interval | None:
    """The median over process medians with its 95 % interval; None without samples.

    What a process adds (memory layout, algorithms picked, clocks of that minute) is common to all its samples, so the
    process is the unit of replication: with samples of one process alone an interval that claims 95 % covers 60 % once
    a process effect of 1 % exists. Three processes or more: t over the logarithms of their medians (a runtime is
    positive and disturbed by factors), widened to hold the median where it lies outside. One process:
    :func:`median_interval`. Two, or fewer than 6 samples in all: their range. From 8 on the t interval is that of the
    trimmed mean (:func:`spread_of`): a process that met a neighbour is slower by some tenths and says nothing of the
    network.

    Args:
        processes: samples of each.
        units: what is independent, where processes are not: one value for those of a round, which share its minute.
        first: how many of them were measured whatever they gave, where their spread then decided that more should be;
            see :func:`mean_error`.
    """
    processes = [samples for samples in processes if samples]
    if not processes:
        return None
    medians = [median(samples) for samples in processes] if units is None else list(units)
    middle = median(medians)
    samples = [sample for one in processes for sample in one]
    if len(samples) < MIN_SAMPLES_95:
        return Interval(middle, min(samples), max(samples), "range")
    if len(processes) == 1:
        return median_interval(samples)
    if len(medians) < MIN_PROCESSES:
        return Interval(middle, min(medians), max(medians), "range")
    logs = [math.log(value) for value in medians]
    centre, (error, freedom) = trimmed_mean(logs), mean_error(logs, first)
    half = t_quantile(freedom) * error
    low, high = math.exp(centre - half), math.exp(centre + half)
    return Interval(middle, min(middle, low), max(middle, high), "t95_processes")


def mean_error(values: Sequence[float], first: int | None = None) -> tuple[float, int]:
    """Standard error of a (trimmed) mean, and its degrees of freedom.

    Where the spread of the first values decided whether more should be taken, a t interval of all of them would promise
    too much: small spreads end early. Stein's two-stage rule (Ann. Math. Statist. 16:243, 1945) is exact however many
    follow: the spread and the degrees of freedom of the first ones, over the root of the number of all. Here the spread
    is the larger of that and of all, so later values can widen the interval, too. What it covers:
    ``scripts/simulate_patience.py``, docs/method/measuring.md.

    Args:
        values: at least two, in the order in which they were taken.
        first: how many were taken whatever they gave; None for all.
    """
    error, freedom = _mean_error(values)
    if first is None or first >= len(values):
        return error, freedom
    before, freedom = _mean_error(values[:first])
    return max(error, before * math.sqrt(first / len(values))), freedom


def _mean_error(values: Sequence[float]) -> tuple[float, int]:
    left = len(values) - 2 * trimmed(len(values))
    return spread_of(values) * math.sqrt((len(values) - 1) / (left * (left - 1))), left - 1


def trimmed(count: int) -> int:
    """How many of so many values are left out at either end."""
    return int(TRIM * count) if count >= MIN_TRIMMED else 0


def trimmed_mean(values: Sequence[float]) -> float:
    """Mean of what is left in the middle."""
    cut = trimmed(len(values))
    return fmean(sorted(values)[cut : len(values) - cut])


def spread_of(values: Sequence[float]) -> float:
    """Standard deviation, winsorised where means are trimmed (Yuen, Biometrika 61:165, 1974); 0 for one value."""
    cut = trimmed(len(values))
    inner = sorted(values)[cut : len(values) - cut]
    return stdev([inner[0]] * cut + inner + [inner[-1]] * cut) if len(values) > 1 else 0.0


def t_interval(values: Sequence[float]) -> tuple[float, float]:
    """Student's 95 % interval of the mean of at least three values."""
    centre, half = fmean(values), t_quantile(len(values) - 1) * stdev(values) / math.sqrt(len(values))
    return centre - half, centre + half


@cache
def t_quantile(freedom: int) -> float:
    """97.5 % point of Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.975))


def median_interval(samples: Sequence[float]) -> Interval:
    """The median and its distribution-free 95 % interval from order statistics.

    The number of samples below the true median is binomial(n, 1/2) whatever the distribution; the interval runs from
    the k-th smallest to the k-th largest sample, with the largest k that still covers at least 95 % (David & Nagaraja,
    Order Statistics, 3rd ed., section 7.1). Holds for independent samples of one process; what a process itself adds
    it cannot see.

    Raises:
        ValueError: no samples.
    """
    if not samples:
        raise ValueError("no samples to take the median of")
    ordered = sorted(samples)
    n = len(ordered)
    if n < MIN_SAMPLES_95:
        return Interval(median(ordered), ordered[0], ordered[-1], "range")
    k = _order(n)
    return Interval(median(ordered), ordered[k - 1], ordered[n - k], "binomial95")


@cache
def _order(n: int) -> int:
    """Largest k with P(k <= X <= n - k) >= 0.95 for X ~ binomial(n, 1/2), in exact integer arithmetic."""
    total, tail, k = 2**n, 0, 0
    # Outside the k-th order statistics lie the outcomes 0..k-1 and their mirror; both tails may hold 5 % at most.
    while 40 * (tail + math.comb(n, k)) <= total:
        tail += math.comb(n, k)
        k += 1
    return k


def block_medians(samples: Sequence[float]) -> list[float]:
    """Medians of consecutive blocks, long enough that neighbours no longer tell of each other.

    Clocks and neighbours change slowly, so single samples repeat each other and their interval promises too much. The
    block length doubles until the correlation of neighbouring block medians is below 2/sqrt(n), what chance gives for
    n independent values, or until fewer than 2 * :data:`MIN_BLOCKS` are left to be halved.
    """
    blocks, length = list(samples), 1
    while len(blocks) >= 2 * MIN_BLOCKS and abs(lag_correlation(blocks)) >= 2 / math.sqrt(len(blocks)):
        length *= 2
        whole = len(samples) // length * length
        blocks = [median(samples[start : start + length]) for start in range(0, whole, length)]
    return blocks


def lag_correlation(values: Sequence[float]) -> float:
    """Correlation of each value with the one after it; 0 where all are equal."""
    centre = fmean(values)
    total = sum((value - centre) ** 2 for value in values)
    return sum((a - centre) * (b - centre) for a, b in pairwise(values)) / total if total else 0.0


def relative_iqr(samples: Sequence[float]) -> float | None:
    """Interquartile range over median; None for fewer than 4 samples."""
    if len(samples) < 4:
        return None
    lower, middle, upper = quantiles(samples, n=4, method="inclusive")
    return (upper - lower) / middle


def percentile(samples: Sequence[float], percent: int) -> float | None:
    """A whole percentile by linear interpolation; None where there are too few samples to bound it."""
    if len(samples) < percentile_floor(percent):
        return None
    return quantiles(samples, n=100, method="inclusive")[percent - 1]


@cache
def percentile_floor(percent: int) -> int:
    """Fewest samples for a percentile: at least two lie above it with a confidence of 99 %.

    The binomial rule of MLPerf's early stopping (loadgen, ``early_stopping.cc``): 64 samples for p90, 662 for p99.

    Raises:
        ValueError: a percentile that no number of samples bounds.
    """
    if not 0 < percent < 100:
        raise ValueError(f"no percentile {percent}: it must lie between 0 and 100")
    above, n = 1 - percent / 100, 2
    while (1 - above) ** n + n * above * (1 - above) ** (n - 1) > 0.01:
        n += 1
    return n
