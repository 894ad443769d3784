"""Two runtimes held against each other: pure functions of process medians.

The unit is the process, as in :mod:`srbench.measure.stats`: samples of one process share its layout and its minute, so
more of them say nothing about the next process. Effects are ratios; intervals and spreads are taken of logarithms,
since runtimes are positive and disturbed by factors, and so that A / B and B / A give the same answer.
"""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

from srbench.measure.stats import MIN_PROCESSES, spread_of, trimmed, trimmed_mean

Word = Literal["FASTER", "SLOWER", "SAME", "CANNOT TELL"]
EffectMethod = Literal["t95", "t95_bca95", "trimmed_t95_bca95", "range"]

#: From this many rounds (or processes on each side) on the bootstrap joins: of fewer it can only repeat the range.
MIN_BOOTSTRAP = 5
RESAMPLES = 9999
#: An answer of several stands where its adjusted p-value is below this.
ALPHA = 0.05
#: Beyond this many further rounds it is the question that should change, not the patience.
MAX_FURTHER = 100


@dataclass(frozen=True)
class Group:
    """Independent log values: how many, and their standard deviation (0 for one; winsorised where trimmed)."""

    count: int
    spread: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Group":
        """The group of some values."""
        return cls(len(values), spread_of(values))


@dataclass(frozen=True)
class Effect:
    """A ratio of two runtimes, the first over the second: below 1 the first is faster.

    Attributes:
        ratio: median of the rounds' ratios (paired), or ratio of the medians of process medians (unpaired).
        low, high: its 95 % interval, or with ``range`` the smallest and largest ratio there is.
        method: ``t95`` (t on log ratios, Welch's where unpaired), ``t95_bca95`` (the hull of that and of the BCa
            bootstrap interval), ``trimmed_t95_bca95`` (the same with trimmed means), ``range`` (fewer than 3 processes
            on a side: no interval).
        mean: of the log ratio (trimmed from 8 values on), at the centre of the t interval.
        groups: the log ratios (paired), or the log medians of either side (unpaired).
    """

    ratio: float
    low: float
    high: float
    method: EffectMethod
    mean: float
    groups: tuple[Group, ...]

    @property
    def paired(self) -> bool:
        """Whether each ratio is of two neighbours in time."""
        return len(self.groups) == 1


def paired_effect(first: Mapping[int, float], second: Mapping[int, float], seed: int = 0) -> Effect | None:
    """The ratio of two runtimes that were measured in the same interleaved rounds; None where they share none.

    What drifts from round to round hits both sides of a round alike and leaves its ratio. With 5 rounds or more the
    interval is the hull of the t interval of the mean log ratio and of the BCa interval of the median (Efron 1987).
    From 8 rounds on the t interval is that of the trimmed mean (Yuen 1974). What either is worth on known noise:
    ``scripts/simulate_compare.py``, docs/method/measuring.md.

    Args:
        first: process median of each round (of several processes their geometric mean), any unit.
        second: the same of the other side.
        seed: of the bootstrap.
    """
    rounds = sorted(first.keys() & second.keys())
    if not rounds:
        return None
    logs = [math.log(first[number] / second[number]) for number in rounds]
    ratios = [math.exp(value) for value in logs]
    return _effect(median(logs), (logs,), trimmed_mean(logs), (min(ratios), max(ratios)), seed)


def unpaired_effect(first: Sequence[float], second: Sequence[float], seed: int = 0) -> Effect | None:
    """The ratio of two runtimes that were measured apart; None where a side has no process.

    Intervals as in :func:`paired_effect`, with Welch's t (Yuen's from 8 processes on) and a bootstrap over the
    processes of either side.

    Args:
        first: process medians, any unit.
        second: the same of the other side.
        seed: of the bootstrap.
    """
    if not first or not second:
        return None
    one, other = [math.log(value) for value in first], [math.log(value) for value in second]
    reach = (min(first) / max(second), max(first) / min(second))
    centre = math.log(median(first) / median(second))
    return _effect(centre, (one, other), trimmed_mean(one) - trimmed_mean(other), reach, seed)


def _effect(
    centre: float, values: tuple[Sequence[float], ...], mean: float, reach: tuple[float, float], seed: int
) -> Effect:
    groups = tuple(Group.of(group) for group in values)
    ratio = math.exp(centre)
    if min(group.count for group in groups) < MIN_PROCESSES:
        return Effect(ratio, *reach, "range", mean, groups)
    half = half_width(groups)
    # The median may lie outside the interval of the mean.
    low, high = min(mean - half, centre), max(mean + half, centre)
    method: EffectMethod = "t95"
    if min(group.count for group in groups) >= MIN_BOOTSTRAP:
        method = "trimmed_t95_bca95" if any(trimmed(group.count) for group in groups) else "t95_bca95"
        if (found := _bca(values, seed)) is not None:
            low, high = min(low, found[0]), max(high, found[1])
    return Effect(ratio, math.exp(low), math.exp(high), method, mean, groups)


def _bca(values: tuple[Sequence[float], ...], seed: int) -> tuple[float, float] | None:
    """BCa interval of the median, or of the difference of two medians; None where most values are equal."""
    import numpy as np
    from scipy.stats import bootstrap

    def statistic(*samples: Any, axis: int) -> Any:
        medians = [np.median(sample, axis=axis) for sample in samples]
        return medians[0] if len(medians) == 1 else medians[0] - medians[1]

    with warnings.catch_warnings():
        # Ties make the acceleration 0 / 0; the answer then is NaN, which is looked for below.
        warnings.simplefilter("ignore")
        found = bootstrap(
            values, statistic, n_resamples=RESAMPLES, vectorized=True, random_state=np.random.default_rng(seed)
        ).confidence_interval
    low, high = float(found.low), float(found.high)
    return (low, high) if math.isfinite(low) and math.isfinite(high) else None


def half_width(groups: Sequence[Group], further: int = 0) -> float:
    """Half the 95 % t interval of the log ratio, had each group ``further`` more values.

    Of the mean, Welch's for two groups; from 8 values on of the trimmed mean (Yuen, Biometrika 61:165, 1974).
    """
    from scipy.special import stdtrit

    error, freedom = _error(groups, further)
    return float(stdtrit(freedom, 0.975)) * error


def _error(groups: Sequence[Group], further: int = 0) -> tuple[float, float]:
    """Standard error and degrees of freedom (Welch-Satterthwaite; h - 1 for one group of which h values are left)."""
    shares = []
    for group in groups:
        count = group.count + further
        left = count - 2 * trimmed(count)
        shares.append(((count - 1) * group.spread**2 / (left * (left - 1)), left - 1))
    total = math.fsum(share for share, _ in shares)
    if not total:
        return 0.0, float(sum(freedom for _, freedom in shares))
    # Shares, so that the square of a tiny variance does not underflow.
    return math.sqrt(total), 1 / math.fsum((share / total) ** 2 / freedom for share, freedom in shares)


def judge(effect: Effect, floor: float) -> Word:
    """One word: SAME if the whole interval lies within the floor, FASTER or SLOWER if wholly outside it.

    Args:
        effect: the ratio; without an interval there is no telling.
        floor: a difference that does not count, 0.02 for 2 %: the ratios from 1 / 1.02 to 1.02.
    """
    if effect.method == "range":
        return "CANNOT TELL"
    if effect.low > 1 + floor:
        return "SLOWER"
    if effect.high < 1 / (1 + floor):
        return "FASTER"
    if effect.low >= 1 / (1 + floor) and effect.high <= 1 + floor:
        return "SAME"
    return "CANNOT TELL"


def p_value(effect: Effect, floor: float, further: int = 0) -> float:
    """Chance of a log ratio this far out if the true one lay within the floor; 1 without an interval.

    The minimum-effect t test of McCarthy & Smyth (TREAT, Bioinformatics 25:765, 2009), of trimmed means where there are
    8 values or more; with a floor of 0 it is the two-sided t test. ``further`` as in :func:`half_width`.

    Args:
        effect: the ratio with its interval.
        floor: the noise floor, as a share.
        further: values that were added since the interval was too wide.
    """
    if effect.method == "range":
        return 1.0
    from scipy.special import stdtr

    error, freedom = _error(effect.groups, further)
    edge, distance = math.log1p(floor), abs(effect.mean)
    if not error:
        return 0.0 if distance > edge else 1.0
    tails = (stdtr(freedom, (edge - distance) / error), stdtr(freedom, -(edge + distance) / error))
    return min(1.0, float(sum(tails)))


def adjusted(p_values: Sequence[float]) -> list[float]:
    """P-values of one family, adjusted for their number (Benjamini & Hochberg 1995); a single one is left as it is."""
    if len(p_values) < 2:
        return list(p_values)
    from scipy.stats import false_discovery_control

    return [float(p) for p in false_discovery_control(p_values)]


def further_rounds(effect: Effect, floor: float, penalty: float = 1.0) -> int | None:
    """How many more rounds (or processes on each side) would settle an answer; None for more than 100.

    Takes the present spread and centre as they are: the half-width then shrinks with t(k) / sqrt(k) until the interval
    leaves the floor's edge. Where the centre lies too near that edge no number helps.

    Args:
        effect: what is known by now.
        floor: as in :func:`judge`.
        penalty: adjusted over plain p-value, where several are asked at once.
    """
    if effect.method == "range":
        return max(1, MIN_PROCESSES - min(group.count for group in effect.groups))
    edge = math.log1p(floor)
    room = abs(abs(effect.mean) - edge)
    now = half_width(effect.groups)
    # The hull may be wider than t alone, and stays so.
    reach = max(math.log(effect.high) - effect.mean, effect.mean - math.log(effect.low))
    wider = max(1.0, reach / now) if now else 1.0
    outside = abs(effect.mean) > edge
    for more in range(1, MAX_FURTHER + 1):
        narrow = wider * half_width(effect.groups, more) < room
        if narrow and (penalty == 1 or not outside or p_value(effect, floor, more) * penalty < ALPHA):
            return more
    return None
