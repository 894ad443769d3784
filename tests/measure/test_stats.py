"""The median of samples and its distribution-free 95 % interval."""

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from srbench.measure.stats import Interval, median_interval

#: Whole nanoseconds up to an hour: sums and products of them are exact.
NANOSECONDS = st.lists(st.integers(0, 3_600 * 10**9), min_size=1, max_size=80)
REALS = st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=80)


def order_of(n: int) -> tuple[int, int]:
    """Which order statistics the interval of n samples runs between, counted from 1."""
    interval = median_interval(range(1, n + 1))
    return int(interval.low), int(interval.high)


@given(REALS)
def test_low_median_high_are_in_this_order(samples: list[float]) -> None:
    interval = median_interval(samples)
    assert min(samples) <= interval.low <= interval.median <= interval.high <= max(samples)


@given(REALS)
def test_ends_are_samples(samples: list[float]) -> None:
    interval = median_interval(samples)
    assert {interval.low, interval.high} <= set(samples)


@given(NANOSECONDS, st.randoms(use_true_random=False))
def test_order_does_not_matter(samples: list[int], shuffler: random.Random) -> None:
    shuffled = samples.copy()
    shuffler.shuffle(shuffled)
    assert median_interval(shuffled) == median_interval(samples)


@given(NANOSECONDS, st.integers(0, 10**12))
def test_a_shift_shifts_the_interval(samples: list[int], shift: int) -> None:
    interval = median_interval(samples)
    assert median_interval([s + shift for s in samples]) == Interval(
        interval.median + shift, interval.low + shift, interval.high + shift, interval.method
    )


@given(NANOSECONDS, st.sampled_from((2, 4, 1024)))
def test_another_unit_scales_the_interval(samples: list[int], factor: int) -> None:
    interval = median_interval(samples)
    assert median_interval([s * factor for s in samples]) == Interval(
        interval.median * factor, interval.low * factor, interval.high * factor, interval.method
    )


@given(NANOSECONDS)
def test_mirrored_samples_give_the_mirrored_interval(samples: list[int]) -> None:
    interval = median_interval(samples)
    assert median_interval([-s for s in samples]) == Interval(
        -interval.median, -interval.high, -interval.low, interval.method
    )


@given(NANOSECONDS)
def test_samples_are_left_as_they_are(samples: list[int]) -> None:
    before = samples.copy()
    median_interval(samples)
    assert samples == before


@pytest.mark.parametrize(
    ("samples", "middle"),
    [([7], 7), ([3, 1], 2), ([9, 1, 5], 5), ([4, 1, 3, 2], 2.5), ([1, 2, 3, 4, 5, 6, 70], 4)],
)
def test_median(samples: list[int], middle: float) -> None:
    assert median_interval(samples).median == middle


def test_no_samples_have_no_median() -> None:
    with pytest.raises(ValueError, match="no samples"):
        median_interval([])


@pytest.mark.parametrize("n", range(1, 6))
def test_fewer_than_six_samples_give_their_range(n: int) -> None:
    # 1 - 2 * 0.5**5 = 0.9375: even from the smallest to the largest of five is less than 95 %.
    interval = median_interval(range(10, 10 + n))
    assert (interval.low, interval.high, interval.method) == (10, 9 + n, "range")


@pytest.mark.parametrize(
    ("n", "first", "last"),
    [
        # By hand: from the k-th smallest to the k-th largest covers 1 - 2 * P(X < k), X ~ binomial(n, 1/2).
        (6, 1, 6),  # 1 - 2 * 1 / 64 = 0.969
        (7, 1, 7),  # 0.984; second to sixth would cover 1 - 2 * (1 + 7) / 128 = 0.875
        (8, 1, 8),  # 0.992; 1 - 2 * (1 + 8) / 256 = 0.930
        (9, 2, 8),  # 1 - 2 * (1 + 9) / 512 = 0.961; third to seventh 1 - 2 * (1 + 9 + 36) / 512 = 0.820
        (10, 2, 9),  # 1 - 2 * (1 + 10) / 1024 = 0.979; 1 - 2 * (1 + 10 + 45) / 1024 = 0.891
        (20, 6, 15),  # 1 - 2 * (1 + 20 + 190 + 1140 + 4845 + 15504) / 2**20 = 0.959; with 38760 more 0.885
    ],
)
def test_order_statistics_by_hand(n: int, first: int, last: int) -> None:
    assert order_of(n) == (first, last)
    assert median_interval(range(n)).method == "binomial95"


def test_order_statistics_for_every_number_of_samples() -> None:
    for n in range(6, 301):
        # The largest k that leaves at most 5 % outside: X samples lie below the median, X ~ binomial(n, 1/2).
        k = max(k for k in range(1, n // 2 + 1) if 2 * binom.cdf(k - 1, n, 0.5) <= 0.05)
        assert order_of(n) == (k, n + 1 - k), n


def test_more_samples_narrow_the_interval() -> None:
    # For large n the interval holds about 1.96 * sqrt(n) samples (normal approximation of the binomial).
    low, high = order_of(2000)
    assert high - low == pytest.approx(1.96 * math.sqrt(2000), abs=2)


@pytest.mark.parametrize("n", [6, 9, 20, 51])
@pytest.mark.parametrize("shape", ["lognormal", "uniform", "exponential"])
def test_the_interval_covers_the_true_median(n: int, shape: str) -> None:
    generator = np.random.default_rng(n)
    trials = 2000
    draw, truth = {
        "lognormal": (generator.lognormal(0, 1, (trials, n)), 1.0),
        "uniform": (generator.uniform(0, 1, (trials, n)), 0.5),
        "exponential": (generator.exponential(1, (trials, n)), math.log(2)),
    }[shape]
    intervals = [median_interval(samples) for samples in draw.tolist()]
    covered = sum(i.low <= truth <= i.high for i in intervals) / trials
    # Four standard deviations of a share of 2000 trials; the generator is seeded, so this never fails by chance.
    assert covered >= 0.95 - 4 * math.sqrt(0.95 * 0.05 / trials)
