"""Pairs of records: the word, the reason, and what stands in the way. Records are scripted."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from srbench.board.comparison import ASSUMED, DEFAULT_FLOOR, Comparison, Floor, Pair, Side, compare, cycles
from srbench.records import Latency, Reading, Record, Status
from tests.builders import make_case, make_latency, make_record, make_visit

#: A little noise around 1, the same for everyone.
NOISE = (1.001, 0.999, 1.002, 0.998, 1.0, 1.0005, 0.9995, 1.0)


def timed(ms: float, variant: str = "bsrn", noise: Sequence[float] = NOISE, **changes: Any) -> Record:
    """Eight processes of three equal samples each, one after the other around ``ms``."""
    latency = make_latency(*([ms * factor] * 3 for factor in noise))
    return make_record(make_case(variant), latency=latency, **changes)


def pair(first: Record, second: Record, *, interleaved: bool = True) -> Pair:
    return Pair(Side("A", first), Side("B", second), interleaved)


def assumed(_: Record) -> Floor:
    return ASSUMED


def only(answers: Sequence[Comparison]) -> Comparison:
    [answer] = answers
    return answer


def test_the_first_is_judged() -> None:
    fast, slow = timed(50), timed(100, "rfdn")
    forth, back = (only(compare([p], assumed)) for p in (pair(fast, slow), pair(slow, fast)))
    assert (forth.word, back.word) == ("FASTER", "SLOWER")
    assert forth.effect is not None
    assert back.effect is not None
    assert forth.effect.ratio == pytest.approx(0.5)
    assert back.effect.ratio == pytest.approx(2.0)
    assert forth.effect.paired


def test_stored_runs_are_not_paired_by_round() -> None:
    noise = [1.0, 1.3, 0.8, 1.1, 0.9, 1.2, 1.0, 0.7]
    first, second = timed(50, noise=noise), timed(45, noise=noise)
    together, apart = (only(compare([pair(first, second, interleaved=i)], assumed)) for i in (True, False))
    assert together.word == "SLOWER"
    assert apart.word == "CANNOT TELL"
    assert apart.reason == "interval"
    assert apart.effect is not None
    assert not apart.effect.paired


def test_equal_ones_are_the_same() -> None:
    answer = only(compare([pair(timed(100), timed(100.1))], assumed))
    assert (answer.word, answer.reason, answer.further) == ("SAME", None, None)


def test_the_floor_of_the_noisier_side_counts() -> None:
    first, second = timed(104), timed(100, "rfdn")
    floors = {"bsrn": Floor(0.01, "measured"), "rfdn": Floor(0.1, "measured elsewhere")}
    answer = only(compare([pair(first, second)], lambda record: floors[record.case.model.variant]))
    assert answer.word == "SAME"
    assert answer.floor.source == "measured elsewhere"
    assert only(compare([pair(first, second)], assumed)).word == "SLOWER"
    assert DEFAULT_FLOOR == 0.02


def test_too_few_processes_cannot_tell() -> None:
    answer = only(compare([pair(timed(50, noise=(1.0, 1.0)), timed(100))], assumed))
    assert (answer.word, answer.reason, answer.p) == ("CANNOT TELL", "processes", None)
    assert answer.further == 1  # three rounds are needed, two are there
    assert answer.effect is not None
    assert answer.effect.method == "range"


def test_a_doubtful_one_says_how_many_more_rounds() -> None:
    # Log ratios 0.03 +- 0.01: see test_further_rounds_by_hand for four such rounds.
    logs = [0.03 + 0.01 * z for z in (-1.161895, -0.387298, 0.387298, 1.161895)]
    first = timed(100, noise=[math.exp(log) for log in logs])
    answer = only(compare([pair(first, timed(100, noise=[1.0] * 4))], assumed))
    assert (answer.word, answer.reason, answer.further) == ("CANNOT TELL", "interval", 3)


# --- Problems


@pytest.mark.parametrize(
    ("status", "reason", "said"),
    [("OOM", "it was too large", "A: OOM: it was too large"), ("CRASH", "", "A: CRASH"), ("TIMEOUT", "x", "TIMEOUT")],
)
def test_a_failed_row_is_named(status: Status, reason: str, said: str) -> None:
    answer = only(compare([pair(timed(50, status=status, reason=reason), timed(50))], assumed))
    assert said in answer.problem
    assert (answer.word, answer.effect) == (None, None)


def test_rows_without_a_runtime_are_named() -> None:
    nothing = make_record(latency=None)
    shapes = make_record(make_case(device="none"), latency=None, memory=None)
    assert only(compare([pair(nothing, timed(50))], assumed)).problem == "A: no timed pass"
    assert only(compare([pair(timed(50), shapes)], assumed)).problem == "B: counted from shapes, never timed"
    both = only(compare([pair(shapes, shapes)], assumed))
    assert both.problem == "A: counted from shapes, never timed; B: counted from shapes, never timed"


def test_records_of_shapes_are_no_problem_where_no_runtime_is_asked_for() -> None:
    shapes = make_record(make_case(device="none"), latency=None, memory=None)
    assert only(compare([pair(shapes, shapes)], assumed, timed=False)).problem == ""
    assert only(compare([pair(make_record(latency=None), shapes)], assumed, timed=False)).problem


@pytest.mark.parametrize("status", ["NOISY", "CONTENDED", "THROTTLED", "DRIFTING", "SHORT"])
def test_doubtful_rows_are_compared_all_the_same(status: Status) -> None:
    assert only(compare([pair(timed(50, status=status), timed(100))], assumed)).word == "FASTER"


# --- Several pairs


def test_an_answer_that_is_too_weak_for_one_of_several_is_taken_back() -> None:
    # Mean 0.06, spread 0.015, three rounds: half-width 4.303 * 0.015 / sqrt(3) = 0.0373, so 0.0227 to 0.0973, wholly
    # above log 1.02 = 0.0198. p at 2 degrees of freedom, where P(T > t) = (1 - t / sqrt(2 + t^2)) / 2: 0.0217 for
    # t = (0.06 - 0.0198) / 0.00866 = 4.64, and 0.0058 for (0.06 + 0.0198) / 0.00866 = 9.21; times 10: 0.275.
    logs = [0.045, 0.06, 0.075]
    weak = pair(timed(100, noise=[math.exp(log) for log in logs]), timed(100, noise=[1.0] * 3))
    alone = only(compare([weak], assumed))
    assert alone.word == "SLOWER"
    assert alone.p == pytest.approx(0.0275, abs=2e-4)
    equal = pair(timed(100), timed(100, noise=NOISE[::-1]))
    answer, *others = compare([weak, *[equal] * 9], assumed)
    assert (answer.word, answer.reason) == ("CANNOT TELL", "adjusted")
    assert answer.p_adjusted == pytest.approx(0.275, abs=2e-3)  # the smallest of ten (Benjamini & Hochberg)
    assert answer.further is not None
    assert {other.word for other in others} == {"SAME"}
    strong, *_ = compare([pair(timed(200), timed(100)), *[equal] * 9], assumed)
    assert strong.word == "SLOWER"


def test_failed_pairs_are_not_counted_among_the_several() -> None:
    broken = pair(timed(50, status="OOM"), timed(50))
    answer = compare([pair(timed(104), timed(100)), broken], assumed)[0]
    assert answer.p == answer.p_adjusted


# --- Clocks


def on_gpu(ms: float, mhz: int | None, noise: Sequence[float] = NOISE) -> Record:
    readings = (Reading(after=0, clock_mhz=mhz), Reading(after=3, clock_mhz=mhz))
    visits = tuple(make_visit(*[ms * f] * 3, round=i, readings=readings) for i, f in enumerate(noise))
    return make_record(make_case(device="cuda:0"), latency=Latency(visits=visits))


def test_a_difference_that_is_only_the_clock_is_none() -> None:
    # 10 ms at 1980 MHz and 11 ms at 1800 MHz are the same 19.8 million cycles.
    answer = only(compare([pair(on_gpu(10, 1980), on_gpu(11, 1800))], assumed))
    assert (answer.word, answer.reason, answer.further) == ("CANNOT TELL", "clock", None)
    assert only(compare([pair(on_gpu(10, 1980), on_gpu(11, 1980))], assumed)).word == "FASTER"


def test_the_same_time_at_another_clock_is_not_the_same() -> None:
    assert only(compare([pair(on_gpu(10, 1980), on_gpu(10, 1500))], assumed)).reason == "clock"


def test_without_clocks_on_both_sides_the_time_decides() -> None:
    assert only(compare([pair(on_gpu(10, 1980), on_gpu(11, None))], assumed)).word == "FASTER"


def test_cycles_are_time_times_clock() -> None:
    # 10 ms at 2000 MHz: 20 million cycles.
    assert cycles(on_gpu(10, 2000, noise=(1.0, 1.5))) == {0: 20_000, 1: 30_000}
    assert cycles(timed(10)) is None  # clocks of a CPU's cores say nothing of the work of all
    record = on_gpu(10, 2000)
    assert record.latency is not None
    without = replace_readings(record)
    assert cycles(without) is None


def replace_readings(record: Record) -> Record:
    """The same, with one process that was never asked."""
    assert record.latency is not None
    first, *others = record.latency.visits
    visits = (first.model_copy(update={"readings": ()}), *others)
    return record.model_copy(update={"latency": Latency(visits=visits)})


def test_answers_do_not_depend_on_names() -> None:
    here = pair(timed(50), timed(100))
    named = replace(here, first=Side("something else", here.first.record))
    assert only(compare([here], assumed)).effect == only(compare([named], assumed)).effect
