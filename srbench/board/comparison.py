"""Pairs of records held against each other: which is faster, and whether that may be said."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Literal

from srbench.measure import comparing
from srbench.measure.comparing import Effect, Word
from srbench.records import DISTURBED, Record

#: Without an A/A run of this machine: above what quiet desktops and servers show between processes.
DEFAULT_FLOOR = 0.02

#: Why there is no telling: too few processes; the interval crosses an edge of the floor; another answer once clocks are
#: taken out; too weak for one of several.
Reason = Literal["processes", "interval", "clock", "adjusted"]


@dataclass(frozen=True)
class Side:
    """A record under the name that the output gives it."""

    name: str
    record: Record


@dataclass(frozen=True)
class Pair:
    """Two records of one question; the first is the one that is judged.

    Attributes:
        interleaved: whether both come from the same rounds of one run.
        differences: what else differs between them, one phrase each; only ``--force`` lets such a pair through.
    """

    first: Side
    second: Side
    interleaved: bool
    differences: tuple[str, ...] = ()

    @property
    def shapes_only(self) -> bool:
        """Whether neither was meant to be timed."""
        return all(side.record.case.device == "none" for side in (self.first, self.second))


@dataclass(frozen=True)
class Floor:
    """A difference that does not count, as a share (0.02 is 2 %), and where it is from."""

    share: float
    source: str


ASSUMED = Floor(DEFAULT_FLOOR, "assumed; srbench doctor measures it")


@dataclass(frozen=True)
class Comparison:
    """What a pair says.

    Attributes:
        floor: that was applied.
        effect: runtime of the first over the second; None where one has no runtime.
        word: the answer; None where there is no runtime.
        reason: why it is CANNOT TELL; None for other answers.
        further: rounds (processes on each side) that would settle a CANNOT TELL; None where they would not, since
            something disturbed them, or since more than :data:`srbench.measure.comparing.MAX_FURTHER` would be needed.
        p, p_adjusted: of the effect lying within the floor; the second for all pairs at once.
        problem: why there is no runtime though one was asked for; empty where all is well.
    """

    pair: Pair
    floor: Floor
    effect: Effect | None = None
    word: Word | None = None
    reason: Reason | None = None
    further: int | None = None
    p: float | None = None
    p_adjusted: float | None = None
    problem: str = ""

    @property
    def disturbed(self) -> tuple[Side, ...]:
        """The sides that something disturbed while they were timed: more rounds will not settle what that did."""
        return tuple(side for side in (self.pair.first, self.pair.second) if side.record.status in DISTURBED)


def compare(
    pairs: Sequence[Pair], floor_of: Callable[[Record], Floor], *, seed: int = 0, timed: bool = True
) -> list[Comparison]:
    """Answer every pair; several at once must also pass the adjustment for their number.

    Args:
        pairs: what to compare.
        floor_of: noise floor of the machine and device of a record.
        seed: of the bootstrap.
        timed: whether a runtime is asked for; records counted from shapes have none, which then is no problem.
    """
    answers = [_compare(pair, floor_of, seed, timed) for pair in pairs]
    tested = [(index, answer.p) for index, answer in enumerate(answers) if answer.p is not None]
    adjusted = comparing.adjusted([p for _, p in tested])
    for (index, p), p_adjusted in zip(tested, adjusted, strict=True):
        answers[index] = _settle(answers[index], p, p_adjusted)
    return answers


def _compare(pair: Pair, floor_of: Callable[[Record], Floor], seed: int, timed: bool) -> Comparison:
    floor = max((floor_of(side.record) for side in (pair.first, pair.second)), key=lambda floor: floor.share)
    answer = Comparison(pair, floor)
    if pair.shapes_only and not timed:
        return answer
    times = [_by_round(side.record) for side in (pair.first, pair.second)]
    effect = effect_of(pair, times[0], times[1], seed)
    problems = [problem for side in (pair.first, pair.second) if (problem := problem_of(side))]
    if problems or effect is None:
        return replace(answer, problem="; ".join(problems))
    answer = replace(answer, effect=effect, word=comparing.judge(effect, floor.share))
    if effect.method == "range":
        return replace(answer, reason="processes", further=comparing.further_rounds(effect, floor.share))
    answer = replace(answer, p=comparing.p_value(effect, floor.share))
    if answer.word == "CANNOT TELL":
        return replace(answer, reason="interval")
    return answer if _holds_in_cycles(answer, seed) else replace(answer, word="CANNOT TELL", reason="clock")


def problem_of(side: Side) -> str:
    """Why a record has no runtime to compare; empty where it has one."""
    record = side.record
    if record.failed:
        return f"{side.name}: {record.status}" + (f": {record.reason}" if record.reason else "")
    if record.case.device == "none":
        return f"{side.name}: counted from shapes, never timed"
    return "" if _by_round(record) else f"{side.name}: no timed pass"


def _settle(answer: Comparison, p: float, p_adjusted: float) -> Comparison:
    """Take an answer back where it is too weak for one of several; say what would settle an open one."""
    answer = replace(answer, p_adjusted=p_adjusted)
    if answer.word in ("FASTER", "SLOWER") and p_adjusted != p and p_adjusted >= comparing.ALPHA:
        answer = replace(answer, word="CANNOT TELL", reason="adjusted")
    if answer.reason in ("interval", "adjusted") and answer.effect is not None and not answer.disturbed:
        penalty = p_adjusted / p if p else 1.0
        return replace(answer, further=comparing.further_rounds(answer.effect, answer.floor.share, penalty))
    return answer


def _by_round(record: Record) -> dict[int, float]:
    return record.latency.round_medians_ns if record.latency else {}


def effect_of(pair: Pair, first: Mapping[int, float], second: Mapping[int, float], seed: int = 0) -> Effect | None:
    """The ratio of two numbers that each side has by round, first over second; None where there is none.

    Args:
        pair: the two sides.
        first: round -> number of the first side.
        second: round -> number of the second side.
        seed: of the bootstrap.
    """
    if pair.interleaved:
        return comparing.paired_effect(first, second, seed)
    return comparing.unpaired_effect(list(first.values()), list(second.values()), seed)


def cycles(record: Record) -> dict[int, float] | None:
    """Cycles of a GPU, in thousands, that the median pass of each round took; None where a clock is missing.

    Time times clock takes out what a raised or lowered clock does (nvbench compares so).
    """
    if not record.case.device.startswith("cuda") or record.latency is None:
        return None
    clocks: dict[int, list[int]] = {}
    for visit in record.latency.visits:
        told = [reading.clock_mhz for reading in visit.readings if reading.clock_mhz]
        if not told and visit.median_ns is not None:
            return None
        clocks.setdefault(visit.round, []).extend(told)
    rounds = record.latency.round_medians_ns
    return {number: value * median(clocks[number]) / 1e6 for number, value in rounds.items()} or None


def _holds_in_cycles(answer: Comparison, seed: int) -> bool:
    """Whether clocks alone could have made the answer.

    FASTER and SLOWER must come out in cycles too. SAME must only not be contradicted: what waits for memory takes more
    cycles at a higher clock, and need not be the same in both units.
    """
    pair = answer.pair
    first, second = cycles(pair.first.record), cycles(pair.second.record)
    if first is None or second is None or (effect := effect_of(pair, first, second, seed)) is None:
        return True
    word = comparing.judge(effect, answer.floor.share)
    return word == answer.word if answer.word != "SAME" else word not in ("FASTER", "SLOWER")
