"""Statistics of samples: pure functions of arrays."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

Method = Literal["binomial95", "range"]

#: Below this the widest order-statistics interval covers the median with less than 95 % (1 - 2 * 0.5**5 = 0.9375).
MIN_SAMPLES_95 = 6


@dataclass(frozen=True)
class Interval:
    """A median with an interval, in the unit of the samples.

    ``method`` is ``binomial95`` (distribution-free 95 % interval of the median) or ``range`` (smallest and largest
    of fewer than 6 samples, which is no confidence interval).
    """

    median: float
    low: float
    high: float
    method: Method


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


def _order(n: int) -> int:
    """Largest k with P(k <= X <= n - k) >= 0.95 for X ~ binomial(n, 1/2), in exact integer arithmetic."""
    total, tail, k = 2**n, 0, 0
    # Outside the k-th order statistics lie the outcomes 0..k-1 and their mirror; both tails may hold 5 % at most.
    while 40 * (tail + math.comb(n, k)) <= total:
        tail += math.comb(n, k)
        k += 1
    return k
