"""Who is first, and when nobody may be called so."""

from typing import Any

import pytest

from srbench.board.ranks import ranking
from srbench.board.rows import Row
from srbench.measure.stats import Interval
from srbench.render import formats, tables
from tests.builders import make_row


def row(low: float, high: float, **changes: Any) -> Row:
    return make_row(runtime_ms=Interval((low + high) / 2, low, high, "t95_processes"), **changes)


def test_overlapping_intervals_share_a_rank() -> None:
    assert ranking([row(10, 12), row(11, 13), row(20, 21), row(30, 31)]).places == (1, 1, 3, 4)


@pytest.mark.parametrize("status", ["RECOMPILED", "CONTENDED", "THROTTLED", "DRIFTING", "SHORT", "OOM", "CRASH"])
def test_what_was_disturbed_or_failed_has_no_rank(status: str) -> None:
    found = ranking([row(10, 11), row(1, 2, status=status), row(20, 21)])
    assert found.places == (1, None, 2)


def test_noisy_rows_are_ranked_as_far_as_their_intervals_tell() -> None:
    assert ranking([row(10, 15, status="NOISY"), row(20, 30, status="NOISY")]).places == (1, 2)


def test_where_most_would_be_first_nobody_is() -> None:
    # Eight of nine cannot be told apart: that is no result.
    blurred = ranking([*[row(10, 30)] * 8, row(40, 50)])
    assert blurred.places == (None,) * 9
    assert blurred.why == "the intervals of 8 of 9 overlap"
    assert ranking([row(10, 30), row(20, 40)]).places == (None, None)
    # Half of them on the first rank leave a ranking of the others.
    assert ranking([row(10, 30), row(20, 40), row(50, 60), row(70, 80)]).places == (1, 1, 3, 4)


def test_medians_alone_rank_everything_that_was_not_disturbed() -> None:
    found = ranking([row(10, 30), row(11, 31), row(1, 2, status="CONTENDED")], by_median=True)
    assert found.places == (1, 2, None)


def test_networks_on_luma_are_ranked_among_themselves() -> None:
    rows = [row(10, 11), row(20, 21), row(1, 2, colors="y"), row(5, 6, colors="y")]
    assert ranking(rows).places == (1, 2, 1, 2)
    assert ranking(rows[:3]).places == (1, 2, None)  # a rank among one says nothing


def test_a_table_says_why_there_are_no_ranks_and_marks_no_best() -> None:
    rows = [row(10, 30, variant=name, status="CONTENDED") for name in ("bsrn", "rfdn")]
    rows += [row(10, 30, variant=name) for name in ("span", "imdn", "msrn")]
    page = formats.markdown(tables.sections(rows), "x4")
    head = next(line for line in page.splitlines() if line.startswith("| Model"))
    assert "Rank" not in head
    assert "No rank: the intervals of 3 of 3 overlap, so this run does not tell which is fastest." in page
    assert "Not ranked, CONTENDED: BSRN, RFDN." in page
    runtime = head.split("|").index(next(cell for cell in head.split("|") if "Runtime" in cell))
    cells = [line.split("|")[runtime] for line in page.splitlines() if line.startswith("| ") and "352.4" in line]
    assert cells
    assert not any("**" in cell or "<u>" in cell for cell in cells)


def test_the_best_is_what_the_intervals_tell() -> None:
    names = ("bsrn", "rfdn", "span", "imdn")
    rows = [row(low, low + 1, variant=name) for name, low in zip(names, (30, 10, 10.5, 50), strict=True)]
    page = formats.markdown(tables.sections(rows), "x4")
    lines = {line.split("|")[1].strip(): line for line in page.splitlines() if line.startswith("| ")}
    # The first two overlap: both are the best. The next one is the second.
    assert "**10.50**" in lines["RFDN"]
    assert "**11.00**" in lines["SPAN"]
    assert "<u>30.50</u>" in lines["BSRN"]
    assert "**" not in lines["IMDN"].partition("50.50")[0].rpartition("|")[2]
