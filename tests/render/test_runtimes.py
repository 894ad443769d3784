"""Runtimes as readers see them: digits, marks of the method, ranks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srbench.board.ranks import ranks
from srbench.board.rows import Row
from srbench.measure.stats import Interval
from srbench.render.grid import Section
from srbench.render.runtimes import runtime_text
from srbench.render.tables import sections
from tests.builders import make_row


def section(rows: list[Row], *, by_median: bool = False) -> Section:
    [only] = sections(rows, by_median=by_median)
    return only


def costs(rows: list[Row]) -> list[list[str]]:
    """Heads, then the cells of each row."""
    grid = section(rows).grids[0]
    return [list(grid.head), *([cell.text for cell in row] for row in grid.rows)]


def t95(median: float, low: float, high: float) -> Interval:
    return Interval(median, low, high, "t95_processes")


# --- Digits and marks


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        ((12345, 9000, 16000), "12,300 [9,000, 16,000]"),
        ((201.6, 1.63, 11000), "200 [1.6, 11,000]"),  # an error beyond the value leaves two digits of it
        ((38.3, 0.21, 2200), "38 [0.21, 2,200]"),
        ((1234.5678, 1000, 1300), "1,230 [1,000, 1,300]"),
        ((1234.5678, 1200, 1300), "1,235 [1,200, 1,300]"),
        ((104.25, 103.5, 105.75), "104.2 [103.5, 105.8]"),
        ((104.25, 104.125, 104.375), "104.25 [104.12, 104.38]"),
        ((104.25, 104.24, 104.26), "104.250 [104.240, 104.260]"),
        ((0.5, 0.4999, 0.5001), "0.500 [0.500, 0.500]"),
    ],
)
def test_a_runtime_has_the_digits_that_its_interval_supports(interval: tuple[float, float, float], text: str) -> None:
    assert runtime_text(t95(*interval)) == text


@given(st.floats(0.01, 1e5), st.floats(1e-4, 0.9))
def test_the_last_digit_is_a_tenth_of_the_interval_or_less(median: float, share: float) -> None:
    width = share * median
    shown = runtime_text(t95(median, median - width, median + width)).split(" ")[0]
    whole, _, fraction = shown.replace(",", "").partition(".")
    step = 10.0 ** -len(fraction)
    # A thousandth of slack: the ends, as floats, are not exactly that far from the median.
    assert step <= 1.001 * width / 10 or step == 0.001
    assert step >= 0.999 * width / 100 or step == 1
    if width > 100.2:
        assert int(whole) % 10 == 0  # a finer digit would be noise


@pytest.mark.parametrize(("method", "mark"), [("t95_processes", ""), ("binomial95", " p"), ("range", " r")])
def test_the_method_is_marked(method: str, mark: str) -> None:
    interval = Interval(104, 101, 130, method)  # type: ignore[arg-type]
    assert runtime_text(interval) == f"104 [101, 130]{mark}"
    notes = [note.text for note in section([make_row(runtime_ms=interval)]).notes]
    assert any(note.startswith("p: from one process alone") for note in notes) == (method == "binomial95")
    assert any(note.startswith("r: fewer than 6 passes, or two processes") for note in notes) == (method == "range")


def test_a_value_whose_interval_has_no_width() -> None:
    assert runtime_text(Interval(4431.926, 4431.926, 4431.926, "range")) == "4,432 r"


# --- Ranks


def test_what_overlaps_shares_a_rank() -> None:
    # b overlaps a and c; c lies above a alone.
    a, b, c = t95(10, 9, 11), t95(11.5, 10.5, 12.5), t95(13, 12, 14)
    assert ranks([a, b, c]) == [1, 1, 2]
    assert ranks([c, a, b]) == [2, 1, 1]


def test_medians_decide_where_asked() -> None:
    a, b, c = t95(10, 9, 11), t95(11.5, 10.5, 12.5), t95(10, 5, 14)
    assert ranks([a, b, None, c], by_median=True) == [1, 3, None, 1]


@given(st.lists(st.tuples(st.floats(1, 100), st.floats(0, 20)), min_size=1, max_size=8))
def test_ranks_are_never_better_than_by_median_allows(pairs: list[tuple[float, float]]) -> None:
    intervals = [t95(median, median - half, median + half) for median, half in pairs]
    shared, strict = ranks(intervals), ranks(intervals, by_median=True)
    assert min(rank for rank in shared if rank is not None) == 1
    # Whoever is surely faster has the smaller median, too.
    assert all(s is not None and m is not None and s <= m for s, m in zip(shared, strict, strict=True))


def test_a_table_shows_ranks_and_says_how_they_are_made() -> None:
    rows = [
        make_row("span", runtime_ms=t95(10, 9, 11)),
        make_row("rfdn", runtime_ms=t95(10.5, 9.8, 11.2)),
        make_row("bsrn", runtime_ms=t95(20, 19, 21)),
        make_row("imdn", runtime_ms=t95(30, 29, 31)),
        make_row("ecbsr", colors="y", runtime_ms=t95(5, 4, 6)),
        make_row("repsr", colors="y", runtime_ms=t95(8, 7, 9)),
        make_row("msrn", status="OOM", runtime_ms=None),
    ]
    head, *body = costs(rows)
    at = head.index("Rank")
    assert head[at - 1] == "Runtime [ms]"
    assert [line[at] for line in body] == ["1", "1", "3", "4", "1 (Y)", "2 (Y)", "-"]
    strict = section(rows, by_median=True)
    assert [row[at].text for row in strict.grids[0].rows] == ["1", "2", "3", "4", "1 (Y)", "2 (Y)", "-"]
    assert strict.notes[0].text == "Rank: by runtime; the medians alone decide."


def test_one_runtime_has_no_rank() -> None:
    assert "Rank" not in costs([make_row(), make_row(runtime_ms=None)])[0]


def test_the_predicted_peak_stands_beside_the_measured_one() -> None:
    head, cells = costs([make_row(predicted_peak_mib=145.04)])
    assert dict(zip(head, cells, strict=True))["Predicted [MiB]"] == "145.0"
    assert head.index("Predicted [MiB]") == head.index("Peak [MiB]") + 1
    assert "Predicted [MiB]" not in costs([make_row()])[0]
