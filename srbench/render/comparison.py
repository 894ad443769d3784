"""Comparisons as text for a terminal, and as JSON."""

import json
import math
from collections.abc import Sequence
from typing import Any

from srbench.board import metrics
from srbench.board.comparison import Comparison, Floor, Pair, Side
from srbench.board.figures import median_of
from srbench.board.gates import GateResult
from srbench.board.metrics import figures_of
from srbench.board.pairing import Alone
from srbench.cases import Case
from srbench.measure.comparing import ALPHA, MAX_FURTHER, Effect
from srbench.measure.stats import Interval
from srbench.render.grid import DASH
from srbench.render.runtimes import runtime_text
from srbench.render.terminal import table, wrapped
from srbench.text import plain

NS_PER_MS = 1e6
#: Names in sentences are whole, in cells they are cut.
_MOST_IN_A_CELL = 40

#: Of First, Against, Answer, ratio, First, Against, and what may follow: what stays where room is short.
_IMPORTANCE = (0, 9, 10, 8, 5, 4, 6, 7)
METHODS = {
    "t95": "t on log ratios",
    "t95_bca95": "hull of t on log ratios and BCa bootstrap of the median",
    "trimmed_t95_bca95": "hull of t on trimmed log ratios and BCa bootstrap of the median",
    "range": "range, no interval",
}


def terminal(
    comparisons: Sequence[Comparison],
    gates: Sequence[GateResult] = (),
    alone: Sequence[Alone] = (),
    *,
    unpaired_fail: bool = False,
    width: int | None = None,
) -> str:
    """Table, one sentence for each pair, gates, notes.

    Args:
        comparisons: the answers.
        gates: their outcomes.
        alone: cases of one side alone.
        unpaired_fail: whether those fail the gates.
        width: of the terminal; None for as many columns as it takes.
    """
    several = sum(answer.p is not None for answer in comparisons) > 1
    captions = list(dict.fromkeys(_caption(answer.pair.first.record.case) for answer in comparisons))
    machines = list(dict.fromkeys(answer.pair.first.record.machine.name for answer in comparisons))
    blocks = [
        [*captions, *(f"on {machine}" for machine in machines)],
        [f"{sentence(answer)}." for answer in comparisons],
        [*(_gate(result) for result in gates), *(_unpaired(each) for each in alone if unpaired_fail)],
        [*_notes(comparisons, several), *(each.text for each in alone if not unpaired_fail)],
    ]
    texts = ["\n".join(wrapped(line, width, "  ") for line in lines) for lines in blocks if lines]
    texts.insert(1, table(_cells(comparisons, several), (0, 1, 2), width, _IMPORTANCE))
    return "\n\n".join(texts)


def _caption(case: Case) -> str:
    load = case.size
    size = f"GT {load.gt_width}x{load.gt_height}, LR {load.lr_width}x{load.lr_height}"
    where = "counted from shapes" if case.device == "none" else case.device
    threads = f" ({case.threads} thread{'s' if case.threads != 1 else ''})" if case.threads else ""
    return f"x{load.scale}: {size}, batch {load.batch}, {case.mode.label or case.mode.dtype}; {where}{threads}"


def _cells(comparisons: Sequence[Comparison], several: bool) -> list[list[str]]:
    """Scales stand in a column where there are several; the caption says the one that there is."""
    scales = len({answer.pair.first.record.case.size.scale for answer in comparisons}) > 1
    head = ["First", "Against", "Answer", "Runtime ratio", "First [ms]", "Against [ms]"]
    cells = [[*head, *(["Adjusted p"] if several else []), *(["Scale"] if scales else [])]]
    for answer in comparisons:
        first, second = answer.pair.first, answer.pair.second
        names = [_cut(plain(side.name)) for side in (first, second)]
        ratio = ratio_text(answer.effect) if answer.effect else DASH
        row = [*names, answer.word or DASH, ratio, _ms(first), _ms(second)]
        row += [_p(answer.p_adjusted)] if several else []
        cells.append([*row, *([f"x{first.record.case.size.scale}"] if scales else [])])
    return cells


def _cut(name: str) -> str:
    return name if len(name) <= _MOST_IN_A_CELL else f"{name[:15]}...{name[-22:]}"


def _ms(side: Side) -> str:
    interval = side.record.latency.interval if side.record.latency and not side.record.failed else None
    if interval is None:
        return DASH
    low, high = interval.low / NS_PER_MS, interval.high / NS_PER_MS
    return runtime_text(Interval(interval.median / NS_PER_MS, low, high, interval.method))


def _p(p: float | None) -> str:
    if p is None:
        return DASH
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def ratio_text(effect: Effect) -> str:
    """``0.53 [0.51, 0.55]``: the digits that the interval supports, two at least, four at most."""
    width = effect.high - effect.low
    if not width:
        return f"{effect.ratio:.4f}" if effect.method != "range" else f"{effect.ratio:.2f}"
    # The width shows with one or two digits.
    digits = min(4, max(2, math.ceil(-math.log10(width / 2)))) if effect.ratio < 10 else 1
    mark = " r" if effect.method == "range" else ""
    return f"{effect.ratio:.{digits}f} [{effect.low:.{digits}f}, {effect.high:.{digits}f}]{mark}"


def sentence(answer: Comparison) -> str:
    """The answer in words."""
    pair = answer.pair
    first, second = pair.first.name, pair.second.name
    scale = f"x{pair.first.record.case.size.scale}"
    if answer.effect is None or answer.word is None:
        why = f"no runtime ({answer.problem})" if answer.problem else "counted from shapes, no runtime"
        return f"{first} against {second} at {scale}: {why}"
    ratio = f"runtime ratio {ratio_text(answer.effect)} ({first} / {second})"
    if answer.word == "SAME":
        return f"{first} takes the SAME time as {second} at {scale}: {ratio}"
    if answer.word == "CANNOT TELL":
        return f"CANNOT TELL {first} from {second} at {scale}: {ratio}; {_doubt(answer)}"
    return f"{first} is {answer.word} than {second} at {scale}: {ratio}"


def _doubt(answer: Comparison) -> str:
    assert answer.effect is not None
    unit = _units(answer)
    if answer.reason == "processes":
        counts = " and ".join(str(group.count) for group in answer.effect.groups)
        return f"{'1 round is' if counts == '1' else f'{counts} {unit} are'} too few, at least 3 are needed"
    if answer.reason == "clock":
        return "clock: counted in cycles the answer is another, more rounds will not settle it; lock the clocks"
    share = f"{answer.floor.share:.1%}"
    why = f"the interval crosses the floor of ±{share}"
    if answer.reason == "adjusted":
        why = f"one of several: its adjusted p of {_p(answer.p_adjusted)} is not below {ALPHA:g}"
    if answer.disturbed:
        who = " and ".join(f"{side.name} is {side.record.status}" for side in answer.disturbed)
        return f"{why}; {who}, which more {unit} will not settle"
    if answer.further is None:
        edge = " (it lies too near the floor's edge for its spread)" if answer.reason == "interval" else ""
        return f"{why}; above {MAX_FURTHER} more {unit} would be needed, so more will not settle it{edge}"
    return f"{why}; about {answer.further} more {unit} would settle it"


def _units(answer: Comparison) -> str:
    return "rounds" if answer.pair.interleaved else "processes on each side"


def _gate(result: GateResult) -> str:
    pair = result.comparison.pair
    where = f"{pair.first.name} against {pair.second.name} at x{pair.first.record.case.size.scale}"
    ratio = f", ratio {ratio_text(result.effect)}" if result.effect else ""
    loud = " THIS IS NO PASS." if result.outcome == "UNDECIDED" else ""
    return f"gate {result.gate.text} {result.outcome}: {where}: {result.why}{ratio}.{loud}"


def _unpaired(alone: Alone) -> str:
    return f"gates FAIL: {alone.text}, so nothing was held against it; --allow-unpaired lets it pass."


def _notes(comparisons: Sequence[Comparison], several: bool) -> list[str]:
    answered = [answer for answer in comparisons if answer.effect is not None]
    notes = [_method(answer) for answer in answered]
    if answered:
        notes.insert(0, "The first is the one that is judged; a ratio below 1 means that it is faster.")
    notes += [_floor(answer.floor) for answer in answered]
    if any(not answer.pair.interleaved for answer in answered):
        notes.append(
            "Stored runs were measured apart in time: what changed on the machine between them is part of the ratio."
        )
    if several:
        notes.append(
            f"Several pairs: FASTER and SLOWER also need an adjusted p (Benjamini-Hochberg; of a difference within the "
            f"floor) below {ALPHA:g}."
        )
    if any(answer.effect.method == "range" for answer in answered if answer.effect):
        notes.append("r: fewer than 3 processes on a side; the smallest and the largest ratio, no 95 % interval.")
    for answer in comparisons:
        notes += [f"compared by --force in spite of: {difference}" for difference in answer.pair.differences]
        for side in (answer.pair.first, answer.pair.second):
            record = side.record
            if record.status != "VALID":
                cure = f"; {record.advice}" if record.advice else ""
                notes.append(f"{side.name}: {record.status}: {record.reason}{cure}")
    return list(dict.fromkeys(notes))


def _method(answer: Comparison) -> str:
    effect = answer.effect
    assert effect is not None
    counts = " and ".join(str(group.count) for group in effect.groups)
    what = f"median of the ratios of {counts} rounds" if effect.paired else f"medians of {counts} processes"
    return f"Ratio: {what}; 95 % interval: {METHODS[effect.method]}."


def _floor(floor: Floor) -> str:
    return f"Floor: ±{floor.share:.1%} ({floor.source})."


def as_json(
    comparisons: Sequence[Comparison],
    gates: Sequence[GateResult] = (),
    alone: Sequence[Alone] = (),
    *,
    unpaired_fail: bool = False,
) -> str:
    """The same as data: raw ratios, words, reasons, gates.

    Args:
        comparisons: answers, one for each pair.
        gates: their outcomes.
        alone: stored cases without a partner.
        unpaired_fail: whether such a case fails the gates.
    """
    found = {
        "comparisons": [_data(answer) for answer in comparisons],
        "gates": [
            {
                "gate": result.gate.text,
                "first": result.comparison.pair.first.name,
                "second": result.comparison.pair.second.name,
                "scale": result.comparison.pair.first.record.case.size.scale,
                "outcome": result.outcome,
                "why": result.why,
            }
            for result in gates
        ],
        "unpaired_cases": [each.text for each in alone],
        "unpaired_fail": unpaired_fail,
    }
    return json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _data(answer: Comparison) -> dict[str, Any]:
    effect, pair = answer.effect, answer.pair
    data: dict[str, Any] = {
        "first": pair.first.name,
        "second": pair.second.name,
        "scale": pair.first.record.case.size.scale,
        "case_keys": [pair.first.record.case.key, pair.second.record.case.key],
        "statuses": [pair.first.record.status, pair.second.record.status],
        "word": answer.word,
        "reason": answer.reason,
        "problem": answer.problem,
        "further": answer.further,
        "floor": answer.floor.share,
        "floor_source": answer.floor.source,
        "interleaved": pair.interleaved,
        "differences": list(pair.differences),
        "p": answer.p,
        "p_adjusted": answer.p_adjusted,
        "costs": _costs(pair),
    }
    if effect is not None:
        counts = [group.count for group in effect.groups]
        data |= {"ratio": effect.ratio, "low": effect.low, "high": effect.high, "method": effect.method}
        data["processes"] = counts * 2 if effect.paired else counts
    return data


def _costs(pair: Pair) -> dict[str, list[float | None]]:
    """Every figure of either side, first and second, by the key that CSV has."""
    sides = [figures_of(side.record) for side in (pair.first, pair.second)]
    return {
        metric.key: [median_of(side.get(metric.key)) for side in sides]
        for metric in metrics.METRICS
        if any(metric.key in side for side in sides)
    }
