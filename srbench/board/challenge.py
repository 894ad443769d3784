"""Entries ranked as an edition ranks them: ranks from unrounded values, scores from their logarithms."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import prod
from statistics import median

from srbench.board.editions import Edition, ExpScore, Listed, RankSums, RealTime, Sum
from srbench.measure.stats import Interval

#: The key of the whole score among ``log_scores``.
MAIN = "main"
#: The runtime that is ranked.
TIME = "ave_time_ms"
#: Natural logarithm of what is still safely a float.
_LARGEST = math.log(1e308)
#: Of a score whose exponent nobody would read.
_UNPRINTABLE = 1e6 * math.log(10)
#: Below this share of what the others have, FLOPs are doubted; of fewer others nobody knows what is usual.
IMPLAUSIBLE, _ENOUGH = 0.5, 5


@dataclass(frozen=True)
class Entry:
    """A network in a challenge.

    Attributes:
        team: its name in the table.
        values: by metric (``srbench.board.editions.METRICS``), unrounded where that is known.
        given_ranks: by metric, where a published table orders values that it prints alike.
        runtime: the ranked runtime in ms with its interval, where it was measured here.
        remarks: what is to be said of it, one sentence each, such as two counters that disagree.
        claims: of values that are not measured: kind and source, by metric.
        network: identity and form, where it was measured here.
        listed_below: the source lists it without a rank.
    """

    team: str
    values: Mapping[str, float]
    given_ranks: Mapping[str, int] = field(default_factory=dict)
    runtime: Interval | None = None
    remarks: tuple[str, ...] = ()
    claims: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    listed_below: bool = False
    network: tuple[str, str] | None = None


@dataclass
class Standing:
    """What an edition makes of an entry.

    Attributes:
        ranked: whether it takes part in the ranking.
        baseline: whether scores are relative to it.
        ranks: by metric, and by the title of a sum.
        sums: of ranks, by title.
        log_scores: natural logarithms of scores, by metric and of the whole under :data:`MAIN`; -inf for a score of 0.
        rank: in the main track; None where it is not ranked.
        remarks: for footnotes.
    """

    entry: Entry
    ranked: bool
    baseline: bool = False
    ranks: dict[str, int] = field(default_factory=dict)
    sums: dict[str, int] = field(default_factory=dict)
    log_scores: dict[str, float] = field(default_factory=dict)
    rank: int | None = None
    remarks: list[str] = field(default_factory=list)


class MissingValueError(ValueError):
    """The rule needs a number that the baseline lacks."""


def rank(entries: Sequence[Entry], edition: Edition, baseline: Entry | None = None) -> list[Standing]:
    """The entries as the edition's table lists them: ranked ones by their place, the others below, the baseline last.

    Args:
        entries: without the baseline.
        edition: the rules.
        baseline: what scores are relative to, measured where the entries were; None for the published figures.

    Raises:
        MissingValueError: the baseline lacks a value that the rule needs. An entry that does is not ranked.
    """
    standings = [_admitted(entry, edition) for entry in entries]
    ranked = [each for each in standings if each.ranked]
    last = [Standing(baseline, False, True, remarks=list(baseline.remarks))] if baseline is not None else []
    rule = edition.rule
    published = edition.baseline.values if edition.baseline is not None else {}
    reference = baseline.values if baseline is not None else published
    if isinstance(rule, RankSums):
        _by_sums(ranked, rule)
        order = _by_metric(rule.main)
    elif isinstance(rule, ExpScore):
        _by_score([*standings, *last], ranked, rule, reference)
        order = _by_main(1)
    elif isinstance(rule, RealTime):
        _by_speed([*standings, *last], ranked, rule)
        order = _by_main(-1)
    else:
        order = _by_metric(rule.by)
    standings.sort(key=lambda each: (not each.ranked, each.rank or 0, order(each)))
    _say_what_noise_decides([each for each in standings if each.ranked], rule, reference)
    _doubt([*standings, *last], prod(edition.inputs.counts_lr))
    return [*standings, *last]


def _admitted(entry: Entry, edition: Edition) -> Standing:
    """Whether the floor lets an entry into the ranking, and by how little."""
    standing = Standing(entry, ranked=not entry.listed_below, remarks=list(entry.remarks))
    if missing := sorted(edition.rule.needs - entry.values.keys()):
        standing.ranked = False
        standing.remarks.append(f"not ranked: no {', '.join(missing)}")
    if edition.floor is None:
        return standing
    digits = edition.floor.round_to
    for metric, least in edition.floor.values.items():
        exact = entry.values.get(metric)
        where = {"val_psnr": "validation", "test_psnr": "test"}.get(metric, metric)
        if exact is None:
            standing.remarks.append(f"PSNR on {where} is not known: the floor of {least:.2f} is not applied")
        elif (round(exact, digits) if digits is not None else exact) < least:
            reason = edition.floor.admitted.get(entry.team)
            standing.ranked = standing.ranked and reason is not None
            standing.remarks.append(reason or f"{exact:.4f} on {where} is below the floor of {least:.2f}")
        elif exact < least:
            standing.remarks.append(f"passes the floor of {least:.2f} on {where} only by rounding: {exact:.4f}")
    return standing


def _by_metric(metric: str) -> Callable[[Standing], float]:
    return lambda each: each.entry.values.get(metric, math.inf)


def _by_main(sign: int) -> Callable[[Standing], float]:
    return lambda each: sign * each.log_scores.get(MAIN, sign * math.inf)


def _by_sums(ranked: Sequence[Standing], rule: RankSums) -> None:
    for metric in rule.ranked:
        # A published table may order values that it prints alike: it knew more digits, its own ranks tell.
        keys = {id(each): (each.entry.values[metric], each.entry.given_ranks.get(metric, 0)) for each in ranked}
        for each in ranked:
            each.ranks[metric] = 1 + sum(key < keys[id(each)] for key in keys.values())
    for total in rule.sums:
        for each in ranked:
            each.sums[total.title] = sum(each.ranks[metric] for metric in total.of)
        for each in ranked:
            mine = _sum_key(each, total)
            each.ranks[total.title] = 1 + sum(_sum_key(other, total) < mine for other in ranked)
    for each in ranked:
        each.rank = each.ranks[rule.main]


def _sum_key(standing: Standing, total: Sum) -> tuple[int, float]:
    """What sums are ordered by; equal keys share a rank."""
    if total.ties == "share":
        return standing.sums[total.title], 0
    decides = standing.sums.get(total.ties)
    return standing.sums[total.title], decides if decides is not None else standing.entry.values[total.ties]


def _by_score(
    everyone: Sequence[Standing], ranked: Sequence[Standing], rule: ExpScore, reference: Mapping[str, float]
) -> None:
    for metric in rule.weights:
        if metric not in reference:
            raise MissingValueError(f"the baseline has no {metric}")
    for each in everyone:
        if not rule.needs - each.entry.values.keys():
            each.log_scores.update(_scores(each.entry.values, rule, reference))
    for metric in (*rule.weights, MAIN):
        for each in ranked:
            each.ranks[metric] = 1 + sum(other.log_scores[metric] < each.log_scores[metric] for other in ranked)
    for each in ranked:
        each.rank = each.ranks.pop(MAIN)


def _scores(values: Mapping[str, float], rule: ExpScore, reference: Mapping[str, float]) -> dict[str, float]:
    """Logarithms of the score of each metric and of the whole one."""
    scores = {metric: rule.factor * values[metric] / reference[metric] for metric in rule.weights}
    weighted = [math.log(weight) + scores[metric] for metric, weight in rule.weights.items()]
    largest = max(weighted)
    # A published score reaches 1e49 and may go beyond what a float holds: its logarithm does not.
    return scores | {MAIN: largest + math.log(sum(math.exp(term - largest) for term in weighted))}


def _by_speed(everyone: Sequence[Standing], ranked: Sequence[Standing], rule: RealTime) -> None:
    for each in (each for each in everyone if not rule.needs - each.entry.values.keys()):
        each.log_scores[MAIN] = _speed(each.entry.values, rule)
    for each in ranked:
        each.rank = 1 + sum(other.log_scores[MAIN] > each.log_scores[MAIN] for other in ranked)


def _speed(values: Mapping[str, float], rule: RealTime) -> float:
    """The logarithm of the score; -inf below bicubic."""
    gain = values[rule.psnr] - rule.bicubic_psnr
    return gain * math.log(2) + math.log(2 / 0.1) - 0.5 * math.log(values[rule.time]) if gain >= 0 else -math.inf


def _say_what_noise_decides(
    ranked: Sequence[Standing], rule: RankSums | ExpScore | RealTime | Listed, reference: Mapping[str, float]
) -> None:
    """Neighbours whose order turns round somewhere within the intervals of their runtimes."""
    if isinstance(rule, Listed):
        return

    def cost(entry: Entry, time_ms: float) -> float:
        values = {**entry.values, TIME: time_ms}
        if isinstance(rule, ExpScore):
            return _scores(values, rule, reference)[MAIN]
        return -_speed(values, rule) if isinstance(rule, RealTime) else values[rule.main]

    for first, second in pairwise(ranked):
        one, other = first.entry.runtime, second.entry.runtime
        if one is not None and other is not None and cost(first.entry, one.high) > cost(second.entry, other.low):
            second.remarks.append(
                f"within the intervals of both runtimes its order and that of {first.entry.team} turns round: noise "
                "may have decided it"
            )


def _doubt(everyone: Sequence[Standing], pixels: int) -> None:
    """Say of counts from elsewhere where they are far below what the parameters make likely.

    A convolutional network meets each of its parameters at about every pixel once, so Multi-Adds over parameters and
    pixels are about 1 throughout a challenge. A counter that cannot look into an operator leaves all of it out.
    """
    shares = {
        id(each): each.entry.values["flops_g"] * 1e3 / (each.entry.values["params_m"] * pixels)
        for each in everyone
        if each.entry.values.get("params_m") and "flops_g" in each.entry.values
    }
    if len(shares) < _ENOUGH:
        return
    usual = median(shares.values())
    for each in everyone:
        share = shares.get(id(each))
        # What was counted here is sorted operator by operator, and says itself where it is a lower bound.
        if share is not None and each.entry.network is None and share < IMPLAUSIBLE * usual:
            each.remarks.append(
                f"{share:.3f} FLOPs for each parameter and pixel, where the others have {usual:.2f}: an operator that "
                "its counter does not know may be missing"
            )


def as_float(log_score: float) -> float | None:
    """A score; None where it is larger than a float."""
    return math.exp(log_score) if log_score < _LARGEST else None


def score_text(log_score: float) -> str:
    """A score as reports print it: two decimals, and from 1000 on three digits before the point with an exponent.

    2.61, 383.46e1, 241.07e31: what it is a logarithm of may be larger than any float.
    """
    if log_score > _UNPRINTABLE:
        return ">1e999999"
    if log_score == -math.inf:
        return "0.00"
    if log_score < math.log(999.995):
        return f"{math.exp(log_score):.2f}"
    decimal = log_score / math.log(10)
    exponent = math.floor(decimal) - 2
    mantissa = f"{10 ** (decimal - exponent):.2f}"
    return f"{mantissa}e{exponent}" if mantissa != "1000.00" else f"100.00e{exponent + 1}"
