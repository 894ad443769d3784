"""Comparisons as people and programs read them."""

import json
import math
from collections.abc import Sequence

import pytest

from srbench.board.comparison import ASSUMED, Comparison, Floor, Pair, Side, compare
from srbench.board.gates import check, parse_gates
from srbench.board.pairing import Alone
from srbench.measure.comparing import Effect, EffectMethod, Group
from srbench.records import Latency, Reading, Record
from srbench.render.comparison import as_json, ratio_text, sentence, terminal
from tests.builders import make_case, make_counts, make_latency, make_record, make_visit

STEADY = (1.0, 1.001, 0.999, 1.002, 0.998, 1.0)


def timed(ms: float, variant: str = "bsrn", noise: Sequence[float] = STEADY) -> Record:
    return make_record(make_case(variant), latency=make_latency(*([ms * factor] * 3 for factor in noise)))


def answered(first: Record, second: Record, *, interleaved: bool = True, floor: Floor = ASSUMED) -> Comparison:
    pair = Pair(Side("span", first), Side("rfdn", second), interleaved)
    [answer] = compare([pair], lambda _: floor)
    return answer


@pytest.mark.parametrize(
    ("ratio", "low", "high", "method", "text"),
    [
        (0.5321, 0.5149, 0.5512, "t95", "0.53 [0.51, 0.55]"),
        (0.5321, 0.5301, 0.5342, "t95_bca95", "0.532 [0.530, 0.534]"),
        (1.00021, 1.00012, 1.00034, "t95", "1.0002 [1.0001, 1.0003]"),
        (1.31, 0.72, 2.04, "t95", "1.31 [0.72, 2.04]"),
        (14.31, 13.72, 15.04, "t95", "14.3 [13.7, 15.0]"),
        (0.5, 0.4, 0.6, "range", "0.50 [0.40, 0.60] r"),
        (0.5, 0.5, 0.5, "range", "0.50"),
        (0.5, 0.5, 0.5, "t95", "0.5000"),
    ],
)
def test_a_ratio_has_the_digits_that_its_interval_supports(
    ratio: float, low: float, high: float, method: EffectMethod, text: str
) -> None:
    assert ratio_text(Effect(ratio, low, high, method, math.log(ratio), (Group(3, 0.1),))) == text


def test_the_four_sentences() -> None:
    # Log ratios 0, 0.003, -0.003, 0.003, -0.003, 0 around log 0.56: t reaches 2.571 * 0.0027 / sqrt(6) = 0.0028 to
    # either side, 0.5584 to 0.5616; the bootstrap at most from one end to the other, 0.5583 to 0.5617.
    other = STEADY[::-1]
    assert sentence(answered(timed(56), timed(100, noise=other))) == (
        "span is FASTER than rfdn at x4: runtime ratio 0.560 [0.558, 0.562] (span / rfdn)"
    )
    assert sentence(answered(timed(100), timed(56, noise=other))).startswith(
        "span is SLOWER than rfdn at x4: runtime ratio 1.786 ["
    )
    assert sentence(answered(timed(100), timed(100))).startswith("span takes the SAME time as rfdn at x4: ")
    # Log ratios 0.03 +- 0.01: three more rounds (tests/measure/test_comparing.py, by hand).
    noise = [math.exp(0.03 + 0.01 * z) for z in (-1.161895, -0.387298, 0.387298, 1.161895)]
    doubtful = sentence(answered(timed(100, noise=noise), timed(100, noise=[1.0] * 4)))
    assert doubtful == (
        "CANNOT TELL span from rfdn at x4: runtime ratio 1.03 [1.01, 1.05] (span / rfdn); "
        "the interval crosses the floor of ±2.0%; about 3 more rounds would settle it"
    )


def test_reasons_for_not_telling() -> None:
    few = answered(timed(50, noise=(1.0, 1.0)), timed(100, noise=(1.0, 1.0)), interleaved=False)
    assert sentence(few).endswith("2 and 2 processes on each side are too few, at least 3 are needed")
    one = answered(timed(50, noise=(1.0,)), timed(100, noise=(1.0,)))
    assert sentence(one).endswith("1 round is too few, at least 3 are needed")
    edge = [1.02 * math.exp(x) for x in (-0.01, 0.01, -0.01, 0.01)]
    never = sentence(answered(timed(100, noise=edge), timed(100, noise=[1.0] * 4)))
    assert "above 100 more rounds would be needed, so more will not settle it (it lies too near the floor's" in never


def test_a_clock_is_named() -> None:
    def on_gpu(ms: float, mhz: int) -> Record:
        reading = Reading(after=0, clock_mhz=mhz)
        visits = tuple(make_visit(*[ms * f] * 3, round=i, readings=(reading,)) for i, f in enumerate(STEADY))
        return make_record(make_case(device="cuda:0"), latency=Latency(visits=visits))

    assert "clock: counted in cycles the answer is another" in sentence(answered(on_gpu(10, 1980), on_gpu(11, 1800)))


def test_the_whole_text() -> None:
    answer = answered(timed(53, "span"), timed(100, "rfdn"))
    text = terminal([answer], check(parse_gates(["runtime:3%,params:0%"]), [answer]), [Alone(make_case("bsrn"), "old")])
    lines = text.splitlines()
    assert lines[0] == "x4: GT 1280x720, LR 320x180, batch 1, float32; cpu (2 threads)"
    assert lines[1] == "on Test CPU, 2 cores, 8 GiB"
    assert "Adjusted p" not in text  # one pair needs no adjustment
    assert "gate runtime:3% HOLDS: span against rfdn at x4: the interval ends below the limit, ratio 0.530" in text
    assert "gate params:0% HOLDS: span against rfdn at x4: 352,400 against 352,400." in text
    assert "The first is the one that is judged; a ratio below 1 means that it is faster." in lines
    assert (
        "Ratio: median of the ratios of 6 rounds; 95 % interval: hull of t on log ratios and BCa bootstrap of the "
        "median." in lines
    )
    assert "Floor: ±2.0% (assumed; srbench doctor measures it)." in lines
    assert lines[-1] == "bsrn x4 (LR 320x180, batch 1, cpu) is in old only"
    assert "Stored runs" not in text


def test_an_undecided_gate_is_loud() -> None:
    noise = [math.exp(x) for x in (0.0, 0.06, -0.01, 0.05, 0.02, 0.07)]
    answer = answered(timed(100, noise=noise), timed(100))
    assert "gate runtime:3% UNDECIDED" in (text := terminal([answer], check(parse_gates(["runtime:3%"]), [answer])))
    assert "THIS IS NO PASS" in text


def test_notes_say_what_the_reader_must_know() -> None:
    pair = Pair(
        Side("bsrn of new", timed(50).model_copy(update={"status": "NOISY", "reason": "it was loud"})),
        Side("bsrn of old", timed(100)),
        interleaved=False,
        differences=("torch 2.6.0 against 2.7.0",),
    )
    text = terminal(compare([pair, pair], lambda _: Floor(0.012, "srbench doctor, 2024-05-17, cpu")))
    assert "compared by --force in spite of: torch 2.6.0 against 2.7.0" in text
    assert "bsrn of new: NOISY: it was loud" in text
    assert "Stored runs were measured apart in time" in text
    assert "Ratio: medians of 6 and 6 processes" in text
    assert "Floor: ±1.2% (srbench doctor, 2024-05-17, cpu)." in text
    assert "Adjusted p" in text
    assert "< 0.001" in text


def test_a_failed_row_has_dashes_and_a_reason() -> None:
    text = terminal([answered(timed(50).model_copy(update={"status": "OOM", "reason": "too large"}), timed(100))])
    assert "span against rfdn at x4: no runtime (span: OOM: too large)." in text
    row = next(line for line in text.splitlines() if line.startswith("span "))
    assert row.split()[:5] == ["span", "rfdn", "-", "-", "-"]


def test_names_cannot_move_the_cursor() -> None:
    pair = Pair(Side("evil\x1b[2J\nname", timed(50)), Side("rfdn", timed(100)), interleaved=True)
    text = terminal(compare([pair], lambda _: ASSUMED))
    assert "\x1b" not in text
    assert not any(line.startswith("name") for line in text.splitlines())


def test_json_holds_the_raw_numbers() -> None:
    answer = answered(timed(53), timed(100))
    data = json.loads(as_json([answer], check(parse_gates(["params:0%"]), [answer]), [Alone(make_case("bsrn"), "old")]))
    [found] = data["comparisons"]
    assert (found["word"], found["reason"], found["further"]) == ("FASTER", None, None)
    assert answer.effect is not None
    assert (found["ratio"], found["low"], found["high"]) == (
        answer.effect.ratio,
        answer.effect.low,
        answer.effect.high,
    )
    assert found["processes"] == [6, 6]
    assert found["floor"] == 0.02
    assert data["gates"] == [
        {"gate": "params:0%", "first": "span", "second": "rfdn", "scale": 4, "outcome": "HOLDS"}
        | {"why": "352,400 against 352,400"}
    ]
    assert data["unpaired_cases"] == ["bsrn x4 (LR 320x180, batch 1, cpu) is in old only"]
    assert data["unpaired_fail"] is False
    failed = answered(timed(50).model_copy(update={"status": "OOM"}), timed(100))
    assert "ratio" not in json.loads(as_json([failed]))["comparisons"][0]


def test_json_has_the_costs_of_both_sides_by_the_keys_of_the_csv() -> None:
    first, second = make_record(complexity=make_counts(params=300)), make_record(memory=None)
    [answer] = compare([Pair(Side("new", first), Side("old", second), interleaved=True)], lambda _: ASSUMED)
    costs = json.loads(as_json([answer]))["comparisons"][0]["costs"]
    assert costs["params"] == [300, 352_400]
    assert costs["peak_memory_mib"] == [150, None]
    # The samples of the builder's record go from 101 to 107 ms.
    assert costs["runtime_ms"] == [104, 104]
    assert "build_ms" not in costs
