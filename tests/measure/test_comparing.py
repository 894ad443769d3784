"""Ratios of runtimes, their intervals and the four words."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as reference

from srbench.api.comparing import COMPARE_ROUNDS as ROUNDS
from srbench.measure import comparing
from srbench.measure.comparing import (
    Effect,
    Group,
    adjusted,
    further_rounds,
    half_width,
    judge,
    p_value,
    paired_effect,
    unpaired_effect,
)

#: Runtimes in ns: from 0.1 ms to 10 s.
TIMES = st.floats(1e5, 1e10)
#: 97.5 % points of Student's t, from the printed tables (e.g. Pearson & Hartley, table 12).
T = {2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306}


def rounds_of(logs: Sequence[float]) -> Effect:
    """The effect of rounds whose log ratios are these."""
    found = paired_effect({i: math.exp(log) for i, log in enumerate(logs)}, dict.fromkeys(range(len(logs)), 1.0))
    assert found is not None
    return found


def effect(low: float, high: float) -> Effect:
    """An interval around its geometric mean."""
    ratio = math.sqrt(low * high)
    return Effect(ratio, low, high, "t95", math.log(ratio), (Group(8, 0.01),))


# --- Intervals


def test_three_rounds_give_the_t_interval_of_their_log_ratios() -> None:
    # Mean 0.2, standard deviation 0.1: 4.303 * 0.1 / sqrt(3) = 0.2484 to either side.
    found = rounds_of([0.1, 0.2, 0.3])
    assert found.method == "t95"
    assert math.log(found.ratio) == pytest.approx(0.2)
    assert math.log(found.low) == pytest.approx(0.2 - T[2] * 0.1 / math.sqrt(3), abs=1e-4)
    assert math.log(found.high) == pytest.approx(0.2 + T[2] * 0.1 / math.sqrt(3), abs=1e-4)


def test_pairing_takes_out_what_drifts_from_round_to_round() -> None:
    drift = [1.0, 1.3, 1.7, 0.8, 2.0, 1.1]
    first = {i: 90.0 * d for i, d in enumerate(drift)}
    second = {i: 100.0 * d for i, d in enumerate(drift)}
    paired = paired_effect(first, second)
    assert paired is not None
    assert (paired.ratio, paired.low, paired.high) == pytest.approx((0.9, 0.9, 0.9))
    unpaired = unpaired_effect(list(first.values()), list(second.values()))
    assert unpaired is not None
    assert unpaired.low < 0.6
    assert unpaired.high > 1.3


def test_only_shared_rounds_count() -> None:
    found = paired_effect({0: 1.0, 1: 2.0, 5: 90.0}, {1: 4.0, 0: 2.0, 7: 1.0})
    assert found is not None
    assert (found.ratio, found.groups[0].count) == (0.5, 2)
    assert paired_effect({0: 1.0}, {1: 1.0}) is None


def test_the_unpaired_interval_is_welchs() -> None:
    # scipy's Welch interval of the logarithms is the reference; four processes a side keep the bootstrap out.
    first, second = [101.0, 108.0, 99.0, 104.0], [120.0, 131.0, 118.0, 150.0]
    found = unpaired_effect(first, second)
    assert found is not None
    expected = reference.ttest_ind(np.log(first), np.log(second), equal_var=False).confidence_interval()
    assert math.log(found.low) == pytest.approx(expected.low)
    assert math.log(found.high) == pytest.approx(expected.high)
    assert found.ratio == 102.5 / 125.5  # medians of an even number: between the middle two
    assert found.method == "t95"


@pytest.mark.parametrize("counts", [(1, 1), (2, 2), (2, 9), (9, 1)])
def test_fewer_than_three_processes_give_a_range(counts: tuple[int, int]) -> None:
    found = unpaired_effect([10.0 + i for i in range(counts[0])], [20.0 + i for i in range(counts[1])])
    assert found is not None
    assert found.method == "range"
    assert (found.low, found.high) == (10 / (19 + counts[1]), (9 + counts[0]) / 20)
    assert judge(found, 0.02) == "CANNOT TELL"
    assert p_value(found, 0.02) == 1


def test_no_process_gives_no_effect() -> None:
    assert unpaired_effect([], [1.0]) is None
    assert unpaired_effect([1.0], []) is None


def test_from_five_rounds_on_the_interval_holds_that_of_the_bootstrap() -> None:
    logs = [0.00, 0.01, 0.02, 0.03, 0.40]
    found = rounds_of(logs)
    assert found.method == "t95_bca95"
    # scipy's own, with its own resamples: the ends of a median of five are few values.
    expected = reference.bootstrap((logs,), np.median, n_resamples=20_000, random_state=1).confidence_interval
    assert math.log(found.low) <= expected.low
    assert math.log(found.high) >= expected.high
    assert math.log(found.low) <= 0.092 - T[4] * np.std(logs, ddof=1) / math.sqrt(5) + 1e-4


def test_equal_rounds_have_an_interval_of_no_width() -> None:
    # Logarithms and back: not to the last bit.
    found = rounds_of([math.log(0.5)] * 7)
    assert (found.low, found.ratio, found.high) == pytest.approx((0.5, 0.5, 0.5))
    assert judge(found, 0.02) == "FASTER"
    assert p_value(found, 0.02) == pytest.approx(0, abs=1e-12)
    assert p_value(rounds_of([0.0] * 8), 0.02) == 1


def test_ties_leave_the_bootstrap_out_and_the_t_interval_in() -> None:
    found = rounds_of([0.01, 0.01, 0.01, 0.01, 0.01, 0.02, 0.0])
    assert found.low < math.exp(0.01) < found.high


def test_from_eight_rounds_on_a_fifth_is_trimmed_at_either_end() -> None:
    # Ten values: two go at either end; the six that stay have the mean 0.045, and winsorised (0.02 three times, 0.03
    # to 0.06, 0.07 three times) a standard deviation of 0.0213. Yuen's standard error: its square times 9 / (6 * 5).
    logs = [0.00, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.30, 0.90]
    found = rounds_of(logs)
    assert found.method == "trimmed_t95_bca95"
    assert found.mean == pytest.approx(0.045)
    winsorised = float(np.std([0.02] * 3 + [0.03, 0.04, 0.05, 0.06] + [0.07] * 3, ddof=1))
    assert found.groups[0].spread == pytest.approx(winsorised)
    assert half_width(found.groups) == pytest.approx(T[5] * winsorised * math.sqrt(9 / 30), rel=1e-3)


def test_the_trimmed_interval_of_two_groups_is_yuens() -> None:
    first, second = (np.random.default_rng(seed).normal(0, 1, 12) ** 3 for seed in (1, 2))
    expected = reference.ttest_ind(first, second, equal_var=False, trim=0.2).confidence_interval()
    groups = [Group.of(values.tolist()) for values in (first, second)]
    assert half_width(groups) == pytest.approx((expected.high - expected.low) / 2)


@given(st.lists(st.tuples(TIMES, TIMES), min_size=1, max_size=9))
@settings(deadline=None, max_examples=60)
def test_the_ratio_lies_in_its_interval_and_turns_over_with_the_sides(times: list[tuple[float, float]]) -> None:
    first, second = ({i: pair[side] for i, pair in enumerate(times)} for side in (0, 1))
    one, other = paired_effect(first, second), paired_effect(second, first)
    assert one is not None
    assert other is not None
    assert one.low <= one.ratio * (1 + 1e-12)
    assert one.ratio <= one.high * (1 + 1e-12)
    assert one.ratio * other.ratio == pytest.approx(1)
    if one.method in ("t95", "range"):  # resamples differ
        assert one.low * other.high == pytest.approx(1)
        mirrored = {"FASTER": "SLOWER", "SLOWER": "FASTER"}
        words = judge(one, 0.02), judge(other, 0.02)
        edges = [abs(math.log(edge)) for edge in (one.low, one.high, other.low, other.high)]
        if min(abs(edge - math.log(1.02)) for edge in edges) > 1e-9:
            assert words[1] == mirrored.get(words[0], words[0])


@given(st.lists(TIMES, min_size=3, max_size=9), st.sampled_from((2.0, 0.5, 1024.0)))
@settings(deadline=None, max_examples=40)
def test_the_unit_does_not_matter(times: list[float], factor: float) -> None:
    others = times[::-1]
    one = unpaired_effect(times, others)
    scaled = unpaired_effect([t * factor for t in times], [t * factor for t in others])
    assert one is not None
    assert scaled is not None
    assert (scaled.ratio, scaled.low, scaled.high) == pytest.approx((one.ratio, one.low, one.high), rel=1e-6)


def test_the_same_seed_gives_the_same_interval() -> None:
    logs = [0.01 * i * i for i in range(9)]
    assert rounds_of(logs) == rounds_of(logs)


# --- Coverage: what 95 % is worth


def normal(generator: np.random.Generator, count: int) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return generator.normal(0, 0.02, count)


def heavy(generator: np.random.Generator, count: int) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return 0.02 * generator.standard_t(3, count)


def contended(generator: np.random.Generator, count: int) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """15 % of the processes are about 30 % slower."""
    hit = generator.random(count) < 0.15
    return generator.normal(0, 0.01, count) + hit * np.abs(generator.normal(0.3, 0.15, count))


@pytest.mark.parametrize("noise", [normal, heavy, contended])
@pytest.mark.parametrize("count", [3, 5, 8, 12])
def test_intervals_cover_the_truth(
    monkeypatch: pytest.MonkeyPatch,
    noise: Callable[[np.random.Generator, int], "np.ndarray[tuple[int], np.dtype[np.float64]]"],
    count: int,
) -> None:
    monkeypatch.setattr(comparing, "RESAMPLES", 499)
    generator, trials = np.random.default_rng(count), 400
    covered = {"paired": 0, "unpaired": 0}
    for _ in range(trials):
        first, second = (np.exp(noise(generator, count)) for _ in range(2))
        paired = paired_effect(dict(enumerate(first.tolist())), dict(enumerate(second.tolist())))
        unpaired = unpaired_effect(first.tolist(), second.tolist())
        assert paired is not None
        assert unpaired is not None
        covered["paired"] += paired.low <= 1 <= paired.high
        covered["unpaired"] += unpaired.low <= 1 <= unpaired.high
    # Three standard deviations of a share of 400 trials; the generator is seeded, so this never fails by chance.
    assert min(covered.values()) / trials >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / trials)


def neighbours(generator: np.random.Generator, count: int) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """15 % of the processes are slower, by 12 % on average: a shared host."""
    hit = generator.random(count) < 0.15
    return generator.normal(0, 0.007, count) + hit * generator.exponential(0.12, count)


@pytest.mark.parametrize("noise", [normal, neighbours])
def test_the_default_rounds_find_ten_percent_and_invent_nothing(
    monkeypatch: pytest.MonkeyPatch,
    noise: Callable[[np.random.Generator, int], "np.ndarray[tuple[int], np.dtype[np.float64]]"],
) -> None:
    monkeypatch.setattr(comparing, "RESAMPLES", 499)
    generator, trials = np.random.default_rng(8), 400

    def word(truth: float) -> str:
        ratios = noise(generator, ROUNDS) - noise(generator, ROUNDS)
        return judge(rounds_of((math.log(truth) + ratios).tolist()), 0.02)

    words = {truth: [word(truth) for _ in range(trials)] for truth in (1.0, 1.1)}
    assert sum(word in ("FASTER", "SLOWER") for word in words[1.0]) / trials <= 0.05
    assert sum(word == "SLOWER" for word in words[1.1]) / trials >= 0.9


# --- Words


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (1.03, 1.10, "SLOWER"),
        (0.50, 0.97, "FASTER"),
        (0.99, 1.01, "SAME"),
        (1.02, 1.10, "CANNOT TELL"),  # touches the edge
        (1.019, 1.10, "CANNOT TELL"),
        (1 / 1.02, 1.02, "SAME"),
        (0.90, 1 / 1.02, "CANNOT TELL"),
        (0.97, 1.00, "CANNOT TELL"),
        (0.50, 2.00, "CANNOT TELL"),
    ],
)
def test_the_whole_interval_decides(low: float, high: float, word: str) -> None:
    assert judge(effect(low, high), 0.02) == word


def test_a_wider_floor_turns_a_difference_into_none() -> None:
    found = effect(1.03, 1.04)
    assert [judge(found, floor) for floor in (0.02, 0.035, 0.05)] == ["SLOWER", "CANNOT TELL", "SAME"]


# --- P-values


def test_without_a_floor_it_is_the_two_sided_t_test() -> None:
    logs = [0.01, 0.03, -0.01, 0.02, 0.04]
    assert p_value(rounds_of(logs), 0.0) == pytest.approx(reference.ttest_1samp(logs, 0).pvalue)


def test_with_a_floor_the_distance_to_its_edge_counts() -> None:
    # Mean 0.05, standard deviation 0.01, 4 rounds: standard error 0.005. With a floor of log 1.02 = 0.0198:
    # t = (0.05 - 0.0198) / 0.005 = 6.04 and (0.05 + 0.0198) / 0.005 = 13.96, at 3 degrees of freedom.
    logs = [0.05 + 0.01 * z for z in (-1.2247449, 0.0, 0.0, 1.2247449)]
    found = rounds_of(logs)
    assert found.groups[0].spread == pytest.approx(0.01)
    edge = math.log(1.02)
    expected = reference.t.sf((0.05 - edge) / 0.005, 3) + reference.t.sf((0.05 + edge) / 0.005, 3)
    assert p_value(found, 0.02) == pytest.approx(expected)
    assert p_value(found, 0.04) > p_value(found, 0.02)


def test_at_the_edge_of_the_floor_one_in_twenty_is_called() -> None:
    """The share of p < 0.05 when the true effect is the floor itself, its least favourable value."""
    generator, trials = np.random.default_rng(5), 4000
    values = generator.normal(math.log(1.02), 0.01, (trials, 6))
    called = 0
    for row in values:
        found = Effect(1.0, 1.0, 1.0, "t95", float(row.mean()), (Group(6, float(row.std(ddof=1))),))
        called += p_value(found, 0.02) < 0.05
    assert called / trials == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / trials))


def test_adjusting_finds_what_benjamini_and_hochberg_found() -> None:
    # Their example (J. R. Statist. Soc. B 57:289, 1995, section 4): 15 comparisons, of which q = 0.05 keeps four.
    p_values = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344]
    p_values += [0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000]
    assert [p < 0.05 for p in adjusted(p_values)] == [True] * 4 + [False] * 11
    assert adjusted(p_values)[0] == pytest.approx(0.0001 * 15)
    assert adjusted([0.03]) == [0.03]
    assert adjusted([]) == []


# --- How many more


def centred(mean: float, spread: float, count: int) -> Effect:
    """Rounds with exactly this mean and standard deviation of their log ratios."""
    z = np.linspace(-1, 1, count)
    z = (z - z.mean()) / z.std(ddof=1)
    return rounds_of([mean + spread * float(value) for value in z])


def test_further_rounds_by_hand() -> None:
    # The centre lies 0.03 - log 1.02 = 0.0102 beyond the floor. Half-widths 0.01 t / sqrt(k) with the table's t:
    # k = 4: 0.0159, 5: 0.0124, 6: 0.0105, 7: 0.0092. The seventh round settles it.
    assert [T[k - 1] * 0.01 / math.sqrt(k) for k in (6, 7)] == pytest.approx([0.0105, 0.0092], abs=1e-4)
    assert further_rounds(centred(0.03, 0.01, 4), 0.02) == 3
    # The same inside: 0.0198 - 0.0096 = 0.0102 is left to the edge.
    assert further_rounds(centred(2 * math.log(1.02) - 0.03, 0.01, 4), 0.02) == 3


def test_what_lies_at_the_edge_is_never_settled() -> None:
    assert further_rounds(centred(math.log(1.02), 0.01, 6), 0.02) is None
    assert further_rounds(centred(0.0, 0.5, 6), 0.02) is None


def test_several_at_once_need_more() -> None:
    # Already beyond the floor by more than the half-width: one alone is settled, one of a hundred is not.
    found = centred(0.04, 0.01, 4)
    assert further_rounds(found, 0.02) == 1
    assert (further_rounds(found, 0.02, penalty=100) or 0) > 1


@pytest.mark.parametrize(("counts", "more"), [((1, 1), 2), ((2, 9), 1)])
def test_too_few_processes_need_three(counts: tuple[int, int], more: int) -> None:
    found = unpaired_effect([1.0] * counts[0], [1.0] * counts[1])
    assert found is not None
    assert further_rounds(found, 0.02) == more


def test_the_promise_is_kept() -> None:
    """As many rounds as it asks for do settle it, in most seeded repeats."""
    generator = np.random.default_rng(4)
    settled = []
    for _ in range(60):
        logs = generator.normal(0.035, 0.02, 6).tolist()
        found = rounds_of(logs)
        if judge(found, 0.02) == "CANNOT TELL" and (more := further_rounds(found, 0.02)):
            longer = rounds_of([*logs, *generator.normal(0.035, 0.02, more).tolist()])
            settled.append(judge(longer, 0.02) != "CANNOT TELL")
    assert len(settled) >= 20
    assert sum(settled) / len(settled) >= 0.5


def test_half_width_of_two_groups_is_welchs() -> None:
    first, second = [1.0, 2.0, 4.0], [1.0, 1.5, 1.1, 1.9]
    expected = reference.ttest_ind(first, second, equal_var=False).confidence_interval()
    groups = [Group(len(g), float(np.std(g, ddof=1))) for g in (first, second)]
    assert half_width(groups) == pytest.approx((expected.high - expected.low) / 2)
