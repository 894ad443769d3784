"""The interval over processes, against Student's t by hand and by scipy, and by simulation against its promise."""

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import signal
from scipy import stats as scipy_stats

from srbench.measure.stats import Interval, median_interval, process_interval, t_interval, t_quantile

#: Runtimes in ns: a microsecond to an hour.
RUNTIMES = st.integers(1_000, 3_600 * 10**9)
VALUES = st.lists(st.integers(-(10**6), 10**6), min_size=3, max_size=30)
Draws = NDArray[np.float64]


def interval_of(*processes: list[float]) -> Interval:
    found = process_interval(processes)
    assert found is not None
    return found


def steady(*medians: float) -> list[list[float]]:
    """Processes of seven samples with those medians."""
    return [[0.5 * m, 0.9 * m, m, m, m, 1.1 * m, 9 * m] for m in medians]


# --- Student's t


def test_the_quantile_of_two_degrees_of_freedom_by_hand() -> None:
    # For 2 degrees of freedom the quantile of p is (2 p - 1) * sqrt(2 / (4 p (1 - p))).
    assert t_quantile(2) == pytest.approx(0.95 * math.sqrt(2 / (4 * 0.975 * 0.025)), rel=1e-12)


@pytest.mark.parametrize(("freedom", "printed"), [(2, 4.303), (4, 2.776), (9, 2.262), (30, 2.042)])
def test_the_quantiles_of_every_textbook(freedom: int, printed: float) -> None:
    assert t_quantile(freedom) == pytest.approx(printed, abs=5e-4)


@given(VALUES)
def test_the_t_interval_is_scipys(values: list[float]) -> None:
    centre, error = np.mean(values), scipy_stats.sem(values)
    equal = len(set(values)) == 1  # scipy has no interval for these
    expected = (centre, centre) if equal else scipy_stats.t.interval(0.95, len(values) - 1, loc=centre, scale=error)
    assert t_interval(values) == pytest.approx(expected, rel=1e-9, abs=1e-6)


# --- Three processes or more


def test_three_processes_by_hand() -> None:
    # Logarithms 1 % apart: mean ln 100, standard deviation ln 1.01, half the width 4.3027 * ln 1.01 / sqrt(3).
    found = interval_of(*steady(100 / 1.01, 100, 101))
    power = 4.302652729911275 / math.sqrt(3)
    assert found.median == 100
    assert (found.low, found.high) == pytest.approx((100 / 1.01**power, 100 * 1.01**power), rel=1e-12)
    assert found.method == "t95_processes"


@given(st.lists(st.lists(RUNTIMES, min_size=2, max_size=9), min_size=3, max_size=7))
def test_it_is_t_over_logarithms_that_holds_the_median(processes: list[list[float]]) -> None:
    found = interval_of(*processes)
    medians = [float(np.median(samples)) for samples in processes]
    low, high = t_interval([math.log(m) for m in medians])
    assert found.median == np.median(medians)
    assert found.low == pytest.approx(min(found.median, math.exp(low)), rel=1e-9)
    assert found.high == pytest.approx(max(found.median, math.exp(high)), rel=1e-9)
    assert found.low <= found.median <= found.high


def test_processes_that_lean_to_one_side_widen_the_interval_to_their_median() -> None:
    # 51 of 100 and 50 of 200, in units of ln 2 above ln 100. Trimmed by 20 at either end: mean 30 / 61, winsorised
    # variance 101 / 100 * (51 * 50) / 101**2, error sqrt(100 * 0.252475 / (61 * 60)), t of 60 degrees of freedom
    # 2.0003: from 0.3257 to 0.6579.
    found = interval_of(*steady(*[100] * 51, *[200] * 50))
    assert found.median == found.low == 100
    assert found.high == pytest.approx(100 * 2**0.657938, rel=1e-4)


def test_from_eight_processes_on_one_that_met_a_neighbour_is_left_out() -> None:
    # Yuen's interval of 10 values, a fifth trimmed at either end: logarithms 1 to 10 % in steps of 1 %, the last one
    # far out. Mean 5.5, winsorised values 3 3 3 4 5 6 7 8 8 8 with variance 4.722, error sqrt(9 * 4.722 / (6 * 5)),
    # t of 5 degrees of freedom 2.5706.
    for last in (0.10, 3.0):
        logs = [*(n / 100 for n in range(1, 10)), last]
        found = interval_of(*steady(*(100 * math.exp(value) for value in logs)))
        half = 2.570582 * math.sqrt(9 * 4.7222222 / 30)
        expected = [100 * math.exp((5.5 + way * half) / 100) for way in (-1, 1)]
        assert [found.low, found.high] == pytest.approx(expected, rel=1e-5)


def test_rounds_that_came_later_narrow_the_interval_by_their_number_alone() -> None:
    # Stein's rule: the spread and the two degrees of freedom of the first three, over the root of all.
    values = [100 / 1.01, 100, 101, 100, 100, 100]
    found = process_interval(steady(*values), first=3)
    assert found is not None
    power = 4.302652729911275 / math.sqrt(6)
    assert (found.low, found.high) == pytest.approx((100 / 1.01**power, 100 * 1.01**power), rel=1e-9)
    # A later spread that is larger counts.
    wider = process_interval(steady(*values[:3], 90, 110, 100), first=3)
    assert wider is not None
    logs = [math.log(value / 100) for value in (*values[:3], 90, 110, 100)]
    assert math.log(wider.high / wider.low) == pytest.approx(2 * power * float(np.std(logs, ddof=1)), rel=1e-9)
    # Taken whatever came, they all have their say.
    assert process_interval(steady(*values), first=6) == process_interval(steady(*values))


def test_a_process_counts_once_however_many_samples_it_has() -> None:
    few, many = interval_of(*steady(90, 100, 110)), interval_of([90] * 2000, [100] * 20, [110] * 2)
    assert few == many


@given(st.lists(RUNTIMES, min_size=3, max_size=7), st.floats(1e-3, 1e3))
def test_another_unit_scales_the_interval(medians: list[float], factor: float) -> None:
    here, there = interval_of(*steady(*medians)), interval_of(*steady(*(factor * m for m in medians)))
    assert (there.median, there.low, there.high) == pytest.approx(
        (factor * here.median, factor * here.low, factor * here.high), rel=1e-9
    )


@given(st.lists(RUNTIMES, min_size=1, max_size=7), st.randoms(use_true_random=False))
def test_the_order_of_processes_does_not_matter(medians: list[float], shuffler: random.Random) -> None:
    processes = steady(*medians)
    here = interval_of(*processes)
    shuffler.shuffle(processes)
    there = interval_of(*processes)
    assert there.method == here.method
    assert (there.median, there.low, there.high) == pytest.approx((here.median, here.low, here.high), rel=1e-12)


def test_equal_processes_have_no_width() -> None:
    found = interval_of(*steady(100, 100, 100))
    assert (found.low, found.high) == pytest.approx((100, 100), rel=1e-12)
    assert found.relative == pytest.approx(0, abs=1e-12)


# --- Where there is less


@pytest.mark.parametrize(
    "processes",
    [[[5, 1, 3]], [[1, 5], [3, 3]], [[1], [5], [3], [3], [3]], [[3], [1, 5], [3]], [[5, 4, 3, 2, 1]]],
)
def test_fewer_than_six_samples_in_all_give_the_range_of_the_samples(processes: list[list[float]]) -> None:
    assert process_interval(processes) == Interval(3, 1, 5, "range")


def test_two_samples_of_each_of_three_processes_are_enough() -> None:
    assert interval_of([1, 3], [2, 2], [1, 3]).method == "t95_processes"


def test_two_processes_give_the_range_of_their_medians() -> None:
    # t of one degree of freedom would stretch 12.7 times: no help to anyone.
    assert process_interval(steady(90, 110)) == Interval(100, 90, 110, "range")


@given(st.lists(RUNTIMES, min_size=6, max_size=60))
def test_one_process_gives_the_interval_of_its_own_median(samples: list[float]) -> None:
    assert process_interval([samples]) == median_interval(samples)


def test_processes_without_samples_are_left_out() -> None:
    assert process_interval([[], *steady(90, 110), []]) == process_interval(steady(90, 110))
    assert process_interval([[], *steady(90, 100, 110)]) == process_interval(steady(90, 100, 110))


@pytest.mark.parametrize("processes", [[], [[]], [[], [], []]])
def test_no_samples_no_interval(processes: list[list[float]]) -> None:
    assert process_interval(processes) is None


# --- What an interval says


def test_half_the_width_as_a_share_of_the_median() -> None:
    assert Interval(100, 98, 106, "range").relative == 0.04
    assert Interval(0, 0, 0, "range").relative == math.inf


@pytest.mark.parametrize(
    ("low", "high", "shared"), [(12, 20, False), (11, 20, True), (1, 8.9, False), (1, 9, True), (9.5, 10, True)]
)
def test_two_overlap_where_they_share_a_value(low: float, high: float, shared: bool) -> None:
    here, there = Interval(10, 9, 11, "range"), Interval((low + high) / 2, low, high, "range")
    assert here.overlaps(there) is there.overlaps(here) is shared


# --- The promise, by simulation: methods.md, section 3 (noise of 3 %, true median 1)

TRIALS = 2000


def lasting(generator: np.random.Generator, shape: tuple[int, ...], memory: float) -> Draws:
    """Normal noise of variance 1 of which ``memory`` is left at the next sample; the first is drawn like any other."""
    fresh = generator.standard_normal(shape)
    fresh[..., 1:] *= math.sqrt(1 - memory**2)
    filtered: Draws = signal.lfilter([1], [1, -memory], fresh, axis=-1)
    return filtered


def runtimes(processes: int, samples: int, effect: float, memory: float = 0.0) -> list[list[list[float]]]:
    """Trials of processes: each multiplies all its samples by a factor of its own."""
    generator = np.random.default_rng(1000 * processes + samples)
    noise = 0.03 * lasting(generator, (TRIALS, processes, samples), memory)
    own = effect * generator.standard_normal((TRIALS, processes, 1))
    trials: list[list[list[float]]] = np.exp(noise + own).tolist()
    return trials


def coverage(trials: list[list[list[float]]]) -> float:
    """How often the interval holds the true median."""
    intervals = [interval_of(*processes) for processes in trials]
    return sum(found.low <= 1 <= found.high for found in intervals) / len(intervals)


@pytest.mark.parametrize(("processes", "samples", "memory"), [(3, 43, 0.0), (5, 44, 0.0), (3, 278, 0.9), (5, 284, 0.9)])
def test_over_processes_it_covers_what_it_claims(processes: int, samples: int, memory: float) -> None:
    # Rows "independent + 1 % process effect" (130 / 220 samples: 0.95 / 0.94) and "both" (835 / 1420: 0.95 / 0.94).
    share = coverage(runtimes(processes, samples, effect=0.01, memory=memory))
    # Four standard deviations of a share of 2000 trials, and one hundredth, to which the table is rounded.
    assert share == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / TRIALS) + 0.01)


def test_of_one_process_it_covers_sixty_percent_once_processes_differ() -> None:
    # "independent + 1 % process effect, binomial CI, one process": 65 samples, covered 0.60.
    share = coverage(runtimes(1, 65, effect=0.01))
    assert share == pytest.approx(0.60, abs=4 * math.sqrt(0.6 * 0.4 / TRIALS) + 0.01)


def test_of_one_process_it_covers_thirty_percent_once_noise_lasts() -> None:
    # "autocorrelated 0.9, binomial CI, one process": 20 samples, covered 0.30. There sampling stopped once the interval
    # was narrow, which happens in quiet moments; 20 samples whatever comes cover a little more.
    assert coverage(runtimes(1, 20, effect=0, memory=0.9)) < 0.55


def test_without_either_one_process_is_enough() -> None:
    # "independent, binomial CI, one process": 60 samples, 0.93 with the stopping rule; without it what it claims.
    share = coverage(runtimes(1, 60, effect=0))
    assert share >= 0.95 - 4 * math.sqrt(0.95 * 0.05 / TRIALS)
