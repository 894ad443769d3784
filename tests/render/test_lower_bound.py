"""A lower bound in every format: marked where it stands, named below, in a column of its own."""

import csv
import io
from typing import Any

from srbench.board.leaderboard import rows_of
from srbench.board.published import ClaimBook
from srbench.board.rows import Row
from srbench.counts import Count, Uncounted
from srbench.records import Record
from srbench.render import tables
from srbench.render.details import counters_text, layers_text
from srbench.render.formats import html, markdown
from srbench.render.latex import latex
from srbench.render.page.rows import rows_data
from srbench.render.paper import Layout, section
from tests.builders import make_case, make_counts, make_record

NASTY = Uncounted(operator="=mine::<b>|scan$", calls=3, shapes=((1, 3, 12, 16),))


def record(variant: str, multi_adds: int, *uncounted: Uncounted, **changes: Any) -> Record:
    counts = make_counts(multi_adds=multi_adds, uncounted=uncounted, never_read=7)
    return make_record(make_case(variant), complexity=counts, **changes)


def rows() -> list[Row]:
    whole = [record(name, cost * 10**9) for name, cost in (("rfdn", 2), ("imdn", 3), ("span", 4))]
    return rows_of([record("bsrn", 10**9, NASTY), *whole], ClaimBook(()))


def test_a_table_marks_it_names_it_and_prints_others_bold() -> None:
    [shown] = tables.sections(rows())
    column = shown.grids[0].head.index("Multi-Adds [G]")
    cells = {row[0].text: row[column] for row in shown.grids[0].rows}
    assert (cells["BSRN"].text, cells["BSRN"].place) == (">= 1.00", 0)
    assert (cells["RFDN"].text, cells["RFDN"].place) == ("2.00", 1)
    notes = [note.text for note in shown.notes]
    assert tables.BOUND in notes
    assert any(note.startswith("BSRN: lower bound: =mine::<b>|scan$ x3 (1x3x12x16)") for note in notes)


def test_whole_counts_have_no_such_note() -> None:
    [shown] = tables.sections(rows_of([record("rfdn", 10**9)], ClaimBook(())))
    assert tables.BOUND not in [note.text for note in shown.notes]


def test_a_csv_has_the_number_and_what_is_not_in_it() -> None:
    found = {row["variant"]: row for row in csv.DictReader(io.StringIO(tables.csv(rows())))}
    assert found["bsrn"]["multi_adds"] == "1000000000"
    # A spreadsheet must not run it.
    assert found["bsrn"]["uncounted"] == "'=mine::<b>|scan$ x3 (1x3x12x16)"
    assert found["rfdn"]["uncounted"] == ""
    assert found["rfdn"]["unread_params"] == "7"


def test_the_page_shows_it_and_takes_it_for_no_number() -> None:
    data, _ = rows_data(rows())
    costs = {row.bare: row.costs["multi_adds"] for row in data}
    assert (costs["BSRN"].text, costs["BSRN"].bound) == (">= 1.00", True)
    assert (costs["RFDN"].text, costs["RFDN"].bound) == ("2.00", False)


def test_a_paper_marks_it() -> None:
    shown = section(rows(), Layout())
    assert ">= 1.00" in [cell.text for row in shown.grids[0].rows for cell in row]
    assert tables.BOUND in [note.text for note in shown.notes]


def test_an_operators_name_is_harmless_in_every_format() -> None:
    shown = tables.sections(rows())
    assert "=mine::<b>" not in html(shown, "")
    assert "&gt;= 1.00" in html(shown, "")
    assert "\\textgreater{}= 1.00" in latex(shown, "")
    assert "\\textbar{}scan\\$" in latex(shown, "")
    assert r"&lt;b&gt;\|scan\$" in markdown(shown, "")


def test_layers_name_what_has_no_row() -> None:
    text = layers_text(record("bsrn", 10**9, NASTY))
    assert text.endswith("Not counted, of unknown cost: =mine::<b>|scan$ x3 (1x3x12x16)")


def of_fvcore(**changes: Any) -> Count:
    return Count(counter="fvcore", version="0", multi_adds=10**9).model_copy(update=changes)


def test_no_counter_agrees_over_what_nobody_counts() -> None:
    text = counters_text([record("bsrn", 10**9, NASTY, counts=(of_fvcore(unsupported=(("mine::scan", 3),)),))])
    assert "agrees" not in text
    assert ">= 1.000 G" in text
    assert "fvcore gives the same without =mine::<b>|scan$ x3 (1x3x12x16), of unknown cost" in text
    assert "fvcore has no rule for mine::scan x3" in text
    assert "fvcore agrees" in counters_text([record("rfdn", 10**9, counts=(of_fvcore(),))])
