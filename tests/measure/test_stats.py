"""The median of samples and its distribution-free 95 % interval; blocks, spread and percentiles."""

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from srbench.measure.stats import (
    MIN_BLOCKS,
    Interval,
    block_medians,
    lag_correlation,
    median_interval,
    percentile,
    percentile_floor,
    relative_iqr,
)

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


# --- Blocks whose medians no longer tell of each other


def test_the_correlation_of_neighbours_by_hand() -> None:
    # Around 2.5: -1.5, -0.5, 0.5, 1.5; neighbours' products 0.75 - 0.25 + 0.75 over a sum of squares of 5.
    assert lag_correlation([1, 2, 3, 4]) == pytest.approx(0.25)
    assert lag_correlation([1, -1, 1, -1]) == pytest.approx(-0.75)
    assert lag_correlation([7, 7, 7]) == 0


@given(st.lists(st.integers(1, 10**9), max_size=300))
def test_blocks_are_of_one_length_and_of_all_samples_but_the_last_few(samples: list[int]) -> None:
    blocks = block_medians(samples)
    lengths = [n for n in (1, 2, 4, 8, 16, 32, 64) if len(samples) // n == len(blocks)]
    whole = [np.median(np.reshape(samples[: n * len(blocks)], (-1, n)), axis=1).tolist() for n in lengths]
    assert blocks in whole
    assert len(blocks) >= min(len(samples), MIN_BLOCKS)
    # Nothing is left to do: neighbours differ as by chance, or too few blocks are left.
    few = len(blocks) < 2 * MIN_BLOCKS
    around = np.asarray(blocks) - np.mean(blocks) if blocks else np.zeros(0)
    assert few or abs(around[:-1] @ around[1:]) < 2 / math.sqrt(len(blocks)) * (around @ around) or not around.any()


def test_a_steady_rise_is_halved_until_six_blocks_are_left() -> None:
    # 24 samples: neighbours correlate; twelve pairs still do; six blocks of four are not halved again.
    assert block_medians(range(1, 25)) == [2.5, 6.5, 10.5, 14.5, 18.5, 22.5]


def test_fewer_than_twelve_samples_stay_alone() -> None:
    assert block_medians(range(11)) == list(range(11))
    assert len(block_medians(range(12))) == 6


def noise(seed: int, samples: int, memory: float) -> list[float]:
    """Around 100; ``memory`` of each disturbance is left at the next sample."""
    dice, state = random.Random(seed), 0.0
    made = []
    for _ in range(samples):
        state = memory * state + math.sqrt(1 - memory**2) * dice.gauss(0, 3)
        made.append(100 + state)
    return made


def test_independent_samples_mostly_stay_alone() -> None:
    # By chance a correlation is beyond 2 / sqrt(n) in 4.6 % of cases: 18 of 400, plus four standard deviations.
    blocked = sum(len(block_medians(noise(seed, 300, 0.0))) < 300 for seed in range(400))
    assert blocked <= 400 * 0.046 + 4 * math.sqrt(400 * 0.046 * 0.954)


def test_lasting_disturbances_are_put_into_blocks() -> None:
    # Means of m neighbours correlate by r (1 - r**m)**2 / (m (1 - r**2) - 2 r (1 - r**m)): for r = 0.9 and m = 8 by
    # 0.59, far above 2 / sqrt(250); for m = 32 by 0.19, below 2 / sqrt(62).
    for seed in range(20):
        assert len(block_medians(noise(seed, 2000, 0.9))) <= 2000 / 16


def test_the_interval_of_blocks_covers_more_than_that_of_single_samples() -> None:
    # methods.md, section 3, autocorrelated 0.9: single samples cover 0.30, block medians 0.66 (both with early stops).
    trials = [noise(seed, 175, 0.9) for seed in range(500)]

    def covered(intervals: list[Interval]) -> float:
        return sum(found.low <= 100 <= found.high for found in intervals) / len(intervals)

    alone = covered([median_interval(samples) for samples in trials])
    blocks = covered([median_interval(block_medians(samples)) for samples in trials])
    assert alone < 0.5
    assert blocks > 0.66


# --- Spread


def test_the_spread_of_the_middle_half() -> None:
    # Quarters of 10 20 30 40 50 are 20, 30, 40 (linear interpolation, as numpy has it).
    assert relative_iqr([50, 10, 40, 20, 30]) == pytest.approx(20 / 30)
    assert relative_iqr([5, 5, 5, 5]) == 0


def test_fewer_than_four_samples_have_no_quarters() -> None:
    assert relative_iqr([1, 2, 3]) is None


# --- Percentiles, where there are enough samples to bound them


@pytest.mark.parametrize(("percent", "floor"), [(90, 64), (99, 662)])
def test_the_floors_that_mlperf_states(percent: int, floor: int) -> None:
    # mlcommons/endpoints, pull request 417; methods.md, section 2.8.
    assert percentile_floor(percent) == floor


@pytest.mark.parametrize("percent", [1, 10, 25, 50, 75, 80, 90, 95, 97, 99])
def test_the_floor_is_the_first_number_with_two_above_in_99_of_100_cases(percent: int) -> None:
    floor = percentile_floor(percent)
    assert binom.cdf(1, floor, 1 - percent / 100) <= 0.01
    assert floor == 2 or binom.cdf(1, floor - 1, 1 - percent / 100) > 0.01


@pytest.mark.parametrize("percent", [-1, 0, 100, 101])
def test_there_is_no_percentile_beyond_all_samples(percent: int) -> None:
    with pytest.raises(ValueError, match="percentile"):
        percentile_floor(percent)


@pytest.mark.parametrize("percent", [50, 90, 95, 99])
def test_a_percentile_stands_from_its_floor_on(percent: int) -> None:
    floor = percentile_floor(percent)
    samples = [float(n * n % 1009) for n in range(floor)]
    assert percentile(samples, percent) == pytest.approx(float(np.percentile(samples, percent)))
    assert percentile(samples[1:], percent) is None
