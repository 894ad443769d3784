"""Gates: read from the command line, checked on pairs."""

import math
from collections.abc import Sequence
from typing import Any

import pytest

from srbench.board.comparison import ASSUMED, Comparison, Floor, Pair, Side, compare
from srbench.board.gates import GateResult, check, parse_gates
from srbench.errors import InputError
from srbench.records import Record
from tests.builders import make_case, make_counts, make_latency, make_record

STEADY = (1.0, 1.0001, 0.9999, 1.0002, 0.9998, 1.0)


def timed(ms: float, noise: Sequence[float] = STEADY, **changes: Any) -> Record:
    return make_record(latency=make_latency(*([ms * factor] * 3 for factor in noise)), **changes)


def answers(*pairs: tuple[Record, Record], floor: Floor = ASSUMED) -> list[Comparison]:
    found = [Pair(Side("new", first), Side("old", second), interleaved=True) for first, second in pairs]
    return compare(found, lambda _: floor)


def one(gate: str, first: Record, second: Record, floor: Floor = ASSUMED) -> GateResult:
    [result] = check(parse_gates([gate]), answers((first, second), floor=floor))
    return result


def test_gates_are_read() -> None:
    found = parse_gates(["runtime:3%, params:0%", "Multi_Adds:2.5 %", "params:0%"])
    assert [gate.text for gate in found] == ["runtime:3%", "params:0%", "multi-adds:2.5%"]
    assert parse_gates([]) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("runtme:3%", "unknown metric 'runtme'; did you mean runtime?"),
        (
            "psnr:1%",
            "unknown metric 'psnr'; known are params, multi-adds, activations, convs, runtime, memory, throughput",
        ),
        ("3%", "unknown metric '3%'"),
        ("", "unknown metric ''"),
        ("runtime", "write metric:percent, such as runtime:3% or params:0%"),
        ("runtime:", "write metric:percent"),
        ("runtime:3", "write metric:percent"),
        ("runtime:-3%", "write metric:percent"),
        ("runtime:x%", "write metric:percent"),
        ("runtime:3%%", "write metric:percent"),
        ("runtime:nan%", "write metric:percent"),
        ("runtime:3%,", "unknown metric ''"),
    ],
)
def test_a_wrong_gate_is_one_line(text: str, said: str) -> None:
    with pytest.raises(InputError) as error:
        parse_gates([text])
    assert said in str(error.value)
    assert "\n" not in str(error.value)


# --- Runtime


def test_a_runtime_fails_only_with_its_whole_interval() -> None:
    assert one("runtime:3%", timed(110), timed(100)).outcome == "FAILS"
    assert one("runtime:3%", timed(100), timed(100)).outcome == "HOLDS"
    assert one("runtime:3%", timed(50), timed(100)).outcome == "HOLDS"
    assert one("runtime:15%", timed(110), timed(100)).outcome == "HOLDS"
    noisy = [math.exp(x) for x in (0.0, 0.06, -0.01, 0.05, 0.02, 0.07)]
    result = one("runtime:3%", timed(100, noise=noisy), timed(100))
    assert (result.outcome, result.why) == ("UNDECIDED", "the limit lies within the interval")


def test_a_limit_below_the_noise_floor_is_not_decided() -> None:
    result = one("runtime:3%", timed(104), timed(100), floor=Floor(0.06, "measured"))
    assert (result.outcome, result.why) == ("UNDECIDED", "the limit lies within the noise floor of 6.0%")


def test_an_interval_below_the_limit_holds_though_the_word_is_not_found() -> None:
    # Whether it is slower at all cannot be told; that it is slower by less than 10 % can.
    noisy = [math.exp(x) for x in (0.0, 0.03, -0.01, 0.02, 0.01, 0.03)]
    [answer] = answers((timed(100, noise=noisy), timed(100)))
    assert answer.word == "CANNOT TELL"
    assert check(parse_gates(["runtime:10%"]), [answer])[0].outcome == "HOLDS"


def test_too_few_processes_decide_nothing() -> None:
    assert one("runtime:3%", timed(200, noise=(1.0, 1.0)), timed(100)).outcome == "UNDECIDED"


def test_a_failed_row_fails_its_gate() -> None:
    result = one("runtime:3%", timed(100, status="OOM", reason="too large"), timed(100))
    assert (result.outcome, result.why) == ("FAILS", "new: OOM: too large")


# --- Counts and bytes


@pytest.mark.parametrize("metric", ["params", "multi-adds", "activations", "convs"])
def test_counts_are_exact(metric: str) -> None:
    field = metric.replace("-", "_")
    base = make_record()
    assert base.complexity is not None
    number = getattr(base.complexity, field)
    more, fewer = (make_record(complexity=make_counts(**{field: number + step})) for step in (1, -1))
    assert one(f"{metric}:0%", more, base).outcome == "FAILS"
    assert one(f"{metric}:0%", base, base).outcome == "HOLDS"
    assert one(f"{metric}:0%", fewer, base).outcome == "HOLDS"


def test_the_limit_itself_holds() -> None:
    base = make_record(complexity=make_counts(params=1000))
    # 1.1 is no binary fraction: 1000 * 1.1 is 1100.0000000000002.
    exact, over = (make_record(complexity=make_counts(params=params)) for params in (1100, 1101))
    assert one("params:10%", exact, base).outcome == "HOLDS"
    result = one("params:10%", over, base)
    assert (result.outcome, result.why) == ("FAILS", "1,101 against 1,000 (+10.10%)")


def test_memory_is_the_peak() -> None:
    base = make_record()
    assert base.memory is not None
    more = make_record(memory=base.memory.model_copy(update={"peak_bytes": base.memory.peak_bytes * 2}))
    result = one("memory:5%", more, base)
    assert (result.outcome, result.why) == ("FAILS", "314,572,800 against 157,286,400 bytes (+100.00%)")


def test_a_peak_of_memory_is_no_surer_than_its_counter() -> None:
    # The kernel's counters: half a MiB on either side, so 0.5 + 1.05 x 0.5 MiB at a limit of 5 %.
    def new(added: int, **changes: object) -> Record:
        base = make_record().memory
        assert base is not None
        peak = base.peak_bytes * 105 // 100 + added
        return make_record(memory=base.model_copy(update={"peak_bytes": peak, **changes}))

    kib = 1024
    assert one("memory:5%", new(0), make_record()).outcome == "HOLDS"
    doubtful = one("memory:5%", new(1049 * kib), make_record())
    assert doubtful.outcome == "UNDECIDED"
    assert doubtful.why.endswith("beyond the limit by less than the kernel's counters tell apart (1,074,790 bytes)")
    assert one("memory:5%", new(1051 * kib), make_record()).outcome == "FAILS"


def test_an_allocator_knows_its_peak_to_the_byte() -> None:
    memory = make_record().memory
    assert memory is not None
    base, more = (
        make_record(memory=memory.model_copy(update={"peak_bytes": peak, "allocator_bytes": peak}))
        for peak in (1_000_000, 1_050_001)
    )
    assert one("memory:5%", more, base).outcome == "FAILS"


def test_a_figure_that_is_missing_fails() -> None:
    result = one("memory:5%", make_record(memory=None), make_record())
    assert (result.outcome, result.why) == ("FAILS", "no figure of new")
    assert one("params:0%", make_record(), make_record(complexity=None)).why == "no figure of old"


def test_every_gate_looks_at_every_pair() -> None:
    found = check(parse_gates(["params:0%,runtime:3%"]), answers(*[(timed(100), timed(100))] * 3))
    outcomes = [(result.gate.metric.name, result.outcome) for result in found]
    assert (
        outcomes
        == [
            ("params", "HOLDS"),
            ("runtime", "HOLDS"),
        ]
        * 3
    )
    shapes = make_record(make_case(device="none"), latency=None, memory=None)
    assert [r.outcome for r in check(parse_gates(["params:0%,runtime:3%"]), answers((shapes, shapes)))] == [
        "HOLDS",
        "FAILS",
    ]


# --- Throughput


def test_throughput_is_judged_by_the_runtime_turned_over() -> None:
    # 100 / 104 = 0.9615: lower by 3.85 %, beyond 3 % and within 4 %. A runtime of 104 is beyond 3 % and within 4 % too,
    # but one of 3.1 % more is a throughput that is lower by 3.007 %.
    assert one("throughput:3%", timed(104), timed(100)).outcome == "FAILS"
    assert one("throughput:4%", timed(104), timed(100)).outcome == "HOLDS"
    assert one("runtime:3.95%", timed(104), timed(100)).outcome != "HOLDS"
    assert one("throughput:3.95%", timed(104), timed(100)).outcome == "HOLDS"
    assert one("throughput:3%", timed(90), timed(100)).outcome == "HOLDS"
    assert one("throughput:100%", timed(1000), timed(100)).outcome == "HOLDS"
    result = one("throughput:3%", timed(104), timed(100))
    assert result.why == "the whole interval lies below the limit"
    assert result.effect is not None
    assert result.effect.ratio == pytest.approx(100 / 104)


def test_throughput_within_the_noise_floor_is_not_decided() -> None:
    result = one("throughput:3%", timed(104), timed(100), floor=Floor(0.06, "measured"))
    assert (result.outcome, result.why) == ("UNDECIDED", "the limit lies within the noise floor of 6.0%")
