"""What a table says in one sentence: scripted runtimes and PSNRs whose answer follows by hand."""

import pytest

from srbench.board.ranks import ranking
from srbench.board.rows import Row
from srbench.board.summary import summary
from srbench.measure.stats import Interval
from srbench.records import Status
from srbench.render.sentence import sentence
from tests.builders import make_quality, make_row


def row(name: str, low: float | None, high: float | None, psnr: float | None = None, status: Status = "VALID") -> Row:
    runtime = None if low is None or high is None else Interval((low + high) / 2, low, high, "t95_processes")
    measured = {} if psnr is None else {("psnr_y", "Set5"): make_quality(f"{psnr}", kind="measured")}
    return make_row(name, runtime_ms=runtime, status=status, measured=measured)


def said(*rows: Row) -> str:
    return sentence(summary(rows, ranking(rows)))


def test_one_is_the_fastest_and_says_by_how_much() -> None:
    text = said(row("span", 99, 101), row("rfdn", 169, 171), row("msrn", 399, 401))
    # 170 / 100 = 1.7.
    assert text == "SPAN is the fastest (100.0 ms; the next, RFDN, takes 1.7x as long)."


def test_overlapping_ones_are_the_fastest_together() -> None:
    text = said(row("span", 90, 110), row("rfdn", 100, 120), row("msrn", 399, 401), row("imdn", 299, 301))
    assert text == "SPAN and RFDN are the fastest (100 to 110 ms; which of them, this run does not tell)."


def test_where_most_overlap_nobody_is_the_fastest() -> None:
    text = said(row("span", 90, 110, 32.2), row("rfdn", 95, 120, 32.1), row("imdn", 100, 130, 32.0))
    assert text.startswith("Which is the fastest this run does not tell (the intervals of 3 of 3 overlap); ")
    # No front over runtimes that tell nothing; PSNRs have no noise.
    assert text.endswith("SPAN has the best PSNR on Set5 (32.20 dB).")


def test_what_was_disturbed_is_no_winner() -> None:
    text = said(row("span", 9, 11, status="CONTENDED"), row("rfdn", 169, 171), row("msrn", 399, 401))
    assert text.startswith("RFDN is the fastest of the 2 that nothing disturbed (170.0 ms; the next, MSRN, ")
    everything = said(row("span", 9, 11, status="CONTENDED"), row("rfdn", 19, 21, status="THROTTLED"))
    assert everything == "Which is the fastest this run does not tell (of 2 runtimes 1 CONTENDED, 1 THROTTLED)."


def test_the_front_is_what_the_intervals_tell() -> None:
    rows = [
        row("span", 99, 101, 32.20),
        row("bsrn-s", 95, 105, 32.10),  # as fast as far as this run tells, and worse
        row("imdn", 199, 201, 32.21),
        row("rfdn", 299, 301, 32.15),  # SPAN is faster and better
        row("bsrn", 399, 401, 32.35),
        row("msrn", 899, 901, 32.30),
    ]
    text = said(*rows)
    assert text.endswith("; on the front of PSNR over runtime: SPAN, IMDN, BSRN, perhaps BSRN-S.")
    assert "BSRN has the best PSNR on Set5 (32.35 dB)" in text


def test_equal_psnrs_share_the_first_place_and_the_unmeasured_are_counted() -> None:
    text = said(row("span", 99, 101, 32.204), row("imdn", 299, 301, 32.201), row("rfdn", 199, 201))
    assert "; SPAN and IMDN have the best PSNR on Set5 (32.20 dB, of the 2 measured)" in text


def test_published_figures_say_so_and_never_compete_with_measured_ones() -> None:
    published = {
        name: make_row(name, runtime_ms=None, quality={("psnr_y", "Set5"): make_quality(f"{psnr}")})
        for name, psnr in (("span", 32.2), ("imdn", 32.3))
    }
    assert "IMDN has the best published PSNR on Set5 (32.30 dB)" in said(*published.values())
    mixed = said(row("rfdn", 9, 11, 32.0), row("msrn", 19, 21, 32.1), published["imdn"])
    assert "MSRN has the best PSNR on Set5 (32.10 dB, of the 2 measured)" in mixed


def test_luma_networks_failed_ones_and_published_ones_do_not_compete() -> None:
    others = [make_row("ecbsr", colors="y", runtime_ms=Interval(1, 1, 1, "t95_processes"))]
    others += [row("imdn", 1, 2, status="OOM"), make_row("swin", status="PUBLISHED", runtime_ms=None)]
    text = said(*others, row("span", 99, 101), row("rfdn", 169, 171), row("msrn", 399, 401))
    assert text.startswith("SPAN is the fastest (100.0 ms;")


def test_without_runtimes_the_lightest_is_named() -> None:
    rows = [make_row("span", runtime_ms=None, multi_adds=20e9), make_row("rfdn", runtime_ms=None, multi_adds=30e9)]
    assert said(*rows) == "SPAN is the lightest (20.00 G, 352.4 K)."


@pytest.mark.parametrize(("status", "doubt"), [("VALID", ""), ("NOISY", " (NOISY)")])
def test_one_network_alone_has_its_figures(status: Status, doubt: str) -> None:
    text = said(row("span", 99, 101, status=status))
    assert text == f"SPAN: 100.0 [99.0, 101.0] ms, 150.2 MiB, 352.4 K, 19.18 G{doubt}."


def test_nothing_to_say_is_nothing() -> None:
    assert said(make_row(status="CRASH", runtime_ms=None)) == ""
    assert said() == ""


def test_equal_psnrs_at_equal_costs_are_both_on_the_front_and_a_dearer_one_is_not() -> None:
    quality = {("psnr_y", "Set5"): make_quality("32.20", kind="measured")}
    costs = {"span": 20e9, "imdn": 20e9, "rfdn": 30e9}
    rows = [make_row(name, runtime_ms=None, multi_adds=cost, measured=quality) for name, cost in costs.items()]
    assert said(*rows).endswith("on the front of PSNR over Multi-Adds: SPAN, IMDN.")


def test_the_best_are_those_that_print_as_one_number() -> None:
    # 32.206 prints as 32.21, 32.203 as 32.20, although they lie nearer than half a hundredth.
    text = said(row("span", 99, 101, 32.206), row("imdn", 299, 301, 32.203))
    assert "; SPAN has the best PSNR on Set5 (32.21 dB)" in text
