"""Gates for CI: how much worse the first of a pair may be.

What is timed has noise: its gate fails only where the whole interval lies beyond the limit. Counts have none and are
compared exactly; a peak of memory is known as well as the counter that it was read from. Which metrics are gates, and
how each is judged, stands in :mod:`srbench.board.metrics`.
"""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from srbench.board import metrics
from srbench.board.comparison import Comparison
from srbench.board.counting import MOST_NAMED, named
from srbench.board.metric import Exact, Metric, OfRuntime
from srbench.counts import Uncounted
from srbench.errors import InputError
from srbench.measure.comparing import Effect

Outcome = Literal["HOLDS", "FAILS", "UNDECIDED"]

_EXAMPLE = "write metric:percent, such as runtime:3% or params:0%"


@dataclass(frozen=True)
class Gate:
    """A metric and by which share of the second's figure the first's may be worse."""

    metric: Metric
    limit: Fraction

    @property
    def text(self) -> str:
        """As it is typed."""
        return f"{self.metric.name}:{float(100 * self.limit):g}%"

    @property
    def of_runtime(self) -> bool:
        """Whether it needs the runtimes of a pair."""
        return isinstance(self.metric.gate, OfRuntime)


@dataclass(frozen=True)
class GateResult:
    """A gate on one pair.

    Attributes:
        outcome: UNDECIDED does not fail a run, but is no pass.
        why: a phrase with the figures.
        effect: the ratio that was judged, first over second; None for what has no interval.
    """

    gate: Gate
    comparison: Comparison
    outcome: Outcome
    why: str
    effect: Effect | None = None


def parse_gates(texts: Sequence[str]) -> list[Gate]:
    """``["runtime:3%,params:0%"]`` -> gates, each once.

    Raises:
        InputError: an unknown metric, or no percentage.
    """
    parts = [part.strip() for text in texts for part in text.split(",")]
    return list(dict.fromkeys(_parse(part) for part in parts))


def _parse(text: str) -> Gate:
    name, colon, limit = (part.strip() for part in text.partition(":"))
    metric = metrics.named(name, metrics.gates())
    if metric is None:
        known = [each.name for each in metrics.gates()]
        near = difflib.get_close_matches(name.lower().replace("_", "-"), known, n=2, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(known)}"
        raise InputError(f"--fail-on {text!r}: unknown metric '{name}'; {hint}")
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)\s*%", limit)
    if not colon or match is None:
        raise InputError(f"--fail-on {text!r}: {_EXAMPLE}")
    return Gate(metric, Fraction(match[1]) / 100)


def check(gates: Sequence[Gate], comparisons: Sequence[Comparison]) -> list[GateResult]:
    """Every gate on every pair."""
    return [_check(gate, comparison) for comparison in comparisons for gate in gates]


def _check(gate: Gate, comparison: Comparison) -> GateResult:
    how = gate.metric.gate
    if isinstance(how, OfRuntime):
        return _by_runtime(gate, comparison)
    assert how is not None, "parse_gates lets only gates through"
    return GateResult(gate, comparison, *_exact(gate, how, comparison))


def _exact(gate: Gate, how: Exact, comparison: Comparison) -> tuple[Outcome, str]:
    read, sides = how.read or gate.metric.of_record, (comparison.pair.first, comparison.pair.second)
    known = [value for side in sides if isinstance(value := read(side.record), int | float)]
    if len(known) < len(sides):
        return "FAILS", _missing(comparison, [read(side.record) is not None for side in sides])
    first, second = map(Fraction, known)
    change = f" ({float(first / second) - 1:+.2%})" if second and first != second else ""
    figures = f"{known[0]:,} against {known[1]:,}{f' {how.unit}' if how.unit else ''}{change}"
    beyond = second * (1 - gate.limit) - first if gate.metric.good == "high" else first - second * (1 + gate.limit)
    bounds = [how.uncounted(side.record) for side in sides]
    if any(bounds):
        return _of_bounds(gate, beyond > 0, bounds), f"{figures}; {_left_out(bounds)} not counted"
    if beyond <= 0:
        return "HOLDS", figures
    errors = [how.error(side.record) for side in sides]
    error = round(errors[0] + errors[1] * (1 + gate.limit))
    if beyond <= error:
        doubt = f"beyond the limit by less than the kernel's counters tell apart ({error:,} {how.unit})"
        return "UNDECIDED", f"{figures}, {doubt}"
    return "FAILS", figures


def _of_bounds(gate: Gate, beyond: bool, bounds: Sequence[tuple[Uncounted, ...]]) -> Outcome:
    """What holds whatever the operators of unknown cost do: the same ones on both sides cost the same."""
    first, second = bounds
    if first == second:
        return "UNDECIDED" if beyond and gate.limit else "FAILS" if beyond else "HOLDS"
    if beyond and not second:
        return "FAILS"
    return "HOLDS" if not beyond and not first else "UNDECIDED"


def _left_out(bounds: Sequence[tuple[Uncounted, ...]]) -> str:
    return named(tuple(dict.fromkeys(each for side in bounds for each in side)), MOST_NAMED)


def _missing(comparison: Comparison, known: Sequence[bool]) -> str:
    sides = zip((comparison.pair.first, comparison.pair.second), known, strict=True)
    return f"no figure of {' and '.join(side.name for side, has in sides if not has)}"


def _by_runtime(gate: Gate, comparison: Comparison) -> GateResult:
    if comparison.effect is None:
        return GateResult(gate, comparison, "FAILS", comparison.problem or "no runtime")
    # What is high where a runtime is low has the same interval, turned over.
    effect = _turned(comparison.effect) if gate.metric.good == "high" else comparison.effect
    if comparison.reason in ("processes", "clock"):
        return GateResult(gate, comparison, "UNDECIDED", "CANNOT TELL", effect)
    outcome, why = _within(gate, effect)
    if outcome == "FAILS" and comparison.word != "SLOWER":
        doubt = f"the limit lies within the noise floor of {comparison.floor.share:.1%}"
        if comparison.reason == "adjusted":
            doubt = f"{why}, but its adjusted p does not bear it out"
        outcome, why = "UNDECIDED", doubt
    return GateResult(gate, comparison, outcome, why, effect)


def _turned(effect: Effect) -> Effect:
    return replace(effect, ratio=1 / effect.ratio, low=1 / effect.high, high=1 / effect.low, mean=-effect.mean)


def _within(gate: Gate, effect: Effect) -> tuple[Outcome, str]:
    """Where an interval lies to the limit on its metric's bad side."""
    if gate.metric.good == "high":
        limit = 1 - float(gate.limit)
        if effect.low >= limit:
            return "HOLDS", "the interval begins above the limit"
        if effect.high < limit:
            return "FAILS", "the whole interval lies below the limit"
    else:
        limit = 1 + float(gate.limit)
        if effect.high <= limit:
            return "HOLDS", "the interval ends below the limit"
        if effect.low > limit:
            return "FAILS", "the whole interval lies above the limit"
    return "UNDECIDED", "the limit lies within the interval"
