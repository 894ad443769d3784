"""Gates for CI: how much worse the first of a pair may be.

A runtime has noise: its gate fails only where the whole interval lies beyond the limit. Counts have none and are
compared exactly; a peak of memory is known as well as the counter that it was read from.
"""

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from srbench.board.comparison import Comparison
from srbench.errors import InputError
from srbench.records import Complexity, Record

Outcome = Literal["HOLDS", "FAILS", "UNDECIDED"]

RUNTIME = "runtime"
_EXAMPLE = "write metric:percent, such as runtime:3% or params:0%"


def _counts(read: Callable[[Complexity], int]) -> Callable[[Record], int | None]:
    return lambda record: read(record.complexity) if record.complexity else None


#: What is one figure in a record; None where it has none.
FIGURES: dict[str, Callable[[Record], int | None]] = {
    "params": _counts(lambda c: c.params),
    "multi-adds": _counts(lambda c: c.multi_adds),
    "activations": _counts(lambda c: c.activations),
    "convs": _counts(lambda c: c.convs),
    "memory": lambda record: record.memory.peak_bytes if record.memory else None,
}
METRICS = (RUNTIME, *FIGURES)


@dataclass(frozen=True)
class Gate:
    """A metric and by which share of the second's figure the first's may exceed it."""

    metric: str
    limit: Fraction

    @property
    def text(self) -> str:
        """As it is typed."""
        return f"{self.metric}:{float(100 * self.limit):g}%"


@dataclass(frozen=True)
class GateResult:
    """A gate on one pair; ``why`` is a phrase with the figures. UNDECIDED does not fail a run, but is no pass."""

    gate: Gate
    comparison: Comparison
    outcome: Outcome
    why: str


def parse_gates(texts: Sequence[str]) -> list[Gate]:
    """``["runtime:3%,params:0%"]`` -> gates, each once.

    Raises:
        InputError: an unknown metric, or no percentage.
    """
    parts = [part.strip() for text in texts for part in text.split(",")]
    return list(dict.fromkeys(_parse(part) for part in parts))


def _parse(text: str) -> Gate:
    name, colon, limit = (part.strip() for part in text.partition(":"))
    metric = name.lower().replace("_", "-")
    if metric not in METRICS:
        near = difflib.get_close_matches(metric, METRICS, n=2, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(METRICS)}"
        raise InputError(f"--fail-on {text!r}: unknown metric '{name}'; {hint}")
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)\s*%", limit)
    if not colon or match is None:
        raise InputError(f"--fail-on {text!r}: {_EXAMPLE}")
    return Gate(metric, Fraction(match[1]) / 100)


def check(gates: Sequence[Gate], comparisons: Sequence[Comparison]) -> list[GateResult]:
    """Every gate on every pair."""
    return [_check(gate, comparison) for comparison in comparisons for gate in gates]


def _check(gate: Gate, comparison: Comparison) -> GateResult:
    outcome, why = _runtime(gate, comparison) if gate.metric == RUNTIME else _figure(gate, comparison)
    return GateResult(gate, comparison, outcome, why)


def _figure(gate: Gate, comparison: Comparison) -> tuple[Outcome, str]:
    read, pair = FIGURES[gate.metric], comparison.pair
    first, second = read(pair.first.record), read(pair.second.record)
    if first is None or second is None:
        missing = " and ".join(s.name for s, v in ((pair.first, first), (pair.second, second)) if v is None)
        return "FAILS", f"no figure of {missing}"
    change = f" ({first / second - 1:+.2%})" if second and first != second else ""
    unit = " bytes" if gate.metric == "memory" else ""
    figures = f"{first:,} against {second:,}{unit}{change}"
    beyond = first - second * (1 + gate.limit)
    if beyond <= 0:
        return "HOLDS", figures
    if gate.metric == "memory" and beyond <= (error := _counting_error(gate, comparison)):
        return (
            "UNDECIDED",
            f"{figures}, beyond the limit by less than the kernel's counters tell apart ({error:,} bytes)",
        )
    return "FAILS", figures


def _counting_error(gate: Gate, comparison: Comparison) -> int:
    first, second = (side.record.memory for side in (comparison.pair.first, comparison.pair.second))
    assert first is not None
    assert second is not None
    return round(first.error_bytes + second.error_bytes * (1 + gate.limit))


def _runtime(gate: Gate, comparison: Comparison) -> tuple[Outcome, str]:
    effect, limit = comparison.effect, 1 + float(gate.limit)
    if effect is None:
        return "FAILS", comparison.problem or "no runtime"
    if comparison.reason in ("processes", "clock"):
        return "UNDECIDED", "CANNOT TELL"
    if effect.high <= limit:
        return "HOLDS", "the interval ends below the limit"
    if effect.low > limit and comparison.word == "SLOWER":
        return "FAILS", "the whole interval lies above the limit"
    return "UNDECIDED", _doubt(limit, comparison)


def _doubt(limit: float, comparison: Comparison) -> str:
    assert comparison.effect is not None
    if comparison.effect.low <= limit:
        return "the limit lies within the interval"
    if comparison.reason == "adjusted":
        return "the whole interval lies above the limit, but its adjusted p does not bear it out"
    return f"the limit lies within the noise floor of {comparison.floor.share:.1%}"
