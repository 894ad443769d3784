"""A count that leaves something out is a lower bound everywhere: said, and never better than another."""

from typing import Any

import pytest

from srbench.board import ranks
from srbench.board.comparison import ASSUMED, Pair, Side, compare
from srbench.board.counting import named, remarks
from srbench.board.editions import find
from srbench.board.entries import from_rows
from srbench.board.gates import Outcome, check, parse_gates
from srbench.board.leaderboard import rows_of
from srbench.board.metrics import ACTIVATIONS, CONVS, MULTI_ADDS, PARAMS
from srbench.board.published import ClaimBook
from srbench.board.summary import summary
from srbench.counts import Content, Uncounted
from srbench.records import Record
from tests.builders import make_case, make_counts, make_quality, make_record, make_row

FFT = Uncounted(operator="aten::_fft_r2c", calls=2, shapes=((1, 3, 12, 16),))
SCAN = Uncounted(operator="mine::scan", calls=1, shapes=((8,), ()))


def test_operators_are_named_with_calls_and_shapes() -> None:
    assert named([FFT, SCAN]) == "aten::_fft_r2c x2 (1x3x12x16), mine::scan x1 (8 scalar)"
    assert named([FFT, SCAN, FFT], most=1) == "aten::_fft_r2c x2 (1x3x12x16), 2 more"


def test_plain_counts_need_no_words() -> None:
    assert remarks(make_counts(never_read=0, free_elements=12)) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"uncounted": (FFT,)},
            "lower bound: aten::_fft_r2c x2 (1x3x12x16) not counted (srbench.count_rule gives a cost)",
        ),
        ({"by_rule": ("mine::conv",)}, "counted by a rule of its own: mine::conv"),
        (
            {"content": Content(least=1_400_000_000, most=1_700_000_000)},
            "content-dependent: counted on two pictures, with 1.4 G to 1.7 G Multi-Adds",
        ),
        ({"content": Content(least=5, most=5)}, "content-dependent: counted on two pictures, alike"),
        # SPAN's training form as its authors publish it, run in evaluation mode.
        ({"params": 2_236_728, "never_read": 1_814_000}, "1.81 M of 2.24 M parameters are never read"),
        ({"params": 2_361_152, "never_read": 2_359_808}, "2,359,808 of 2,361,152 parameters are never read"),
        ({"folds_each_pass": 1}, "folds anew in each pass: weights of 1 convolution"),
        ({"folds_each_pass": 5}, "folds anew in each pass: weights of 5 convolutions"),
    ],
)
def test_what_a_reader_should_know(changes: dict[str, Any], said: str) -> None:
    assert remarks(make_counts(**changes)) == [said]


def test_a_row_says_it_and_keeps_what_is_left_out() -> None:
    record = make_record(complexity=make_counts(uncounted=(FFT,)))
    [row] = rows_of([record], ClaimBook(()))
    assert row.uncounted == (FFT,)
    assert row.reason.startswith("lower bound: aten::_fft_r2c x2")
    assert MULTI_ADDS.text(row) == ">= 19.18"
    assert (MULTI_ADDS.raw(row), MULTI_ADDS.exact(row)) == (19_177_176_448, None)


@pytest.mark.parametrize(("unknown", "bound"), [(FFT, False), (SCAN, True)])
def test_an_operator_that_is_none_of_torchs_may_hold_a_convolution(unknown: Uncounted, bound: bool) -> None:
    row = make_row(uncounted=(unknown,))
    assert [metric.is_bound(row) for metric in (MULTI_ADDS, ACTIVATIONS, CONVS, PARAMS)] == [True, bound, bound, False]
    assert CONVS.text(row) == (">= 206" if bound else "206")


def test_a_lower_bound_stands_behind_what_is_known() -> None:
    cases = {"bsrn": make_counts(multi_adds=10, uncounted=(FFT,)), "rfdn": make_counts(multi_adds=30)}
    cases["imdn"] = make_counts(multi_adds=20)
    records = [make_record(make_case(name, device="none"), complexity=counts) for name, counts in cases.items()]
    assert [row.variant for row in rows_of(records, ClaimBook(()))] == ["imdn", "rfdn", "bsrn"]


def test_a_lower_bound_is_neither_the_lightest_nor_on_a_front() -> None:
    quality = {("psnr_y", "Set5"): make_quality("32.30")}
    rows = [
        make_row(name, multi_adds=cost, runtime_ms=None, quality=quality)
        for name, cost in (("rfdn", 20), ("imdn", 30), ("span", 40))
    ]
    bound = make_row("bsrn", multi_adds=10, runtime_ms=None, quality=quality, uncounted=(FFT,))
    said = summary([bound, *rows], ranks.ranking([bound, *rows]))
    assert [row.variant for row in said.lightest] == ["rfdn"]
    assert said.front is not None
    assert "bsrn" not in [row.variant for row in (*said.front.sure, *said.front.perhaps)]


def test_a_challenge_gets_no_flops_of_it() -> None:
    edition = find("ntire2026")
    width, height = edition.inputs.counts_lr
    row = make_row("bsrn", scale=edition.scale, lr_width=width, lr_height=height, uncounted=(FFT,))
    [entry] = from_rows([row], edition, {})
    assert "flops_g" not in entry.values
    assert "params_m" in entry.values
    assert "no FLOPs: aten::_fft_r2c x2 (1x3x12x16) not counted" in entry.remarks


# --- Gates


def counted(multi_adds: int, *uncounted: Uncounted) -> Record:
    counts = make_counts(multi_adds=multi_adds, uncounted=uncounted)
    return make_record(make_case(device="none"), complexity=counts, latency=None, memory=None)


@pytest.mark.parametrize(
    ("first", "second", "limit", "outcome"),
    [
        (counted(90, FFT), counted(100), 0, "UNDECIDED"),  # it may cost 110
        (counted(110, FFT), counted(100), 5, "FAILS"),  # it costs more whatever the FFT does
        (counted(90), counted(100, FFT), 0, "HOLDS"),
        (counted(110), counted(100, FFT), 0, "UNDECIDED"),
        (counted(90, SCAN), counted(100, FFT), 0, "UNDECIDED"),
        (counted(110, SCAN), counted(100, FFT), 0, "UNDECIDED"),
        # The same on both sides costs the same.
        (counted(100, FFT), counted(100, FFT), 0, "HOLDS"),
        (counted(110, FFT), counted(100, FFT), 0, "FAILS"),
        (counted(110, FFT), counted(100, FFT), 5, "UNDECIDED"),  # 5 % of 100 and whatever the FFT costs
    ],
)
def test_a_gate_on_lower_bounds(first: Record, second: Record, limit: int, outcome: Outcome) -> None:
    pair = Pair(Side("new", first), Side("old", second), interleaved=True)
    [result] = check(parse_gates([f"multi-adds:{limit}%"]), compare([pair], lambda _: ASSUMED, timed=False))
    assert result.outcome == outcome
    assert "not counted" in result.why
