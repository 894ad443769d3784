"""Tables in a terminal of 80, 100 and 120 columns: nothing wider, no number broken, what is left out is named."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from srbench.api.boards import Leaderboard, leaderboard
from srbench.render.grid import Cell, Grid, Note, Section
from srbench.render.terminal import MOST_NOTE_LINES, fitted, terminal
from tests.builders import make_row

REFERENCE = Path(__file__).parents[2] / "results" / "reference"
WIDTHS = (80, 100, 120)


def grid_of(heads: tuple[str, ...], row: tuple[str, ...], importance: tuple[int, ...] = ()) -> Grid:
    return Grid(heads, (tuple(map(Cell, row)),), importance=importance)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("published", [False, True])
def test_the_reference_fits(width: int, *, published: bool) -> None:
    board = leaderboard(REFERENCE, scale=4, published=published)
    lines = board.text(width, "results/leaderboard_x4.md").splitlines()
    assert max(map(len, lines)) <= width
    # SPAN's runtime stands there whole, as the Markdown has it.
    whole = re.search(r"\| SPAN .*?(\d+)\*\* \\\[(\d+), (\d+)\\\]", board_markdown(board))
    assert whole is not None
    [line] = [line for line in lines if line.startswith("SPAN ") and "[" in line]
    assert f"{whole[1]} [{whole[2]}, {whole[3]}]" in line


def board_markdown(board: Leaderboard) -> str:
    from srbench.render import formats

    return formats.markdown(board.sections, "x4")


@pytest.mark.parametrize("width", WIDTHS)
def test_long_names_and_large_numbers_fit(width: int) -> None:
    rows = [
        make_row("a/very/long/path/to/some/network_of_mine.py:ANetworkWithAName", model="X", params=987_654_321_000),
        make_row("span", runtime_ms=123_456.7, status="NOISY", reason="word " * 60, advice="try again"),
    ]
    lines = Leaderboard(rows).text(width).splitlines()
    assert max(map(len, lines)) <= width
    assert any("987,654,321.0" in line for line in lines)


def test_the_least_important_columns_leave_first_and_are_named() -> None:
    grid = grid_of(("Model", "A", "B", "C"), ("x" * 10, "1" * 10, "2" * 10, "3" * 10), (0, 3, 1, 2))
    # Four columns of 10 and three gaps of 2 are 46 wide, three are 34.
    assert fitted(grid, 46) == (grid, [])
    shown, left_out = fitted(grid, 45)
    assert (shown.head, left_out) == (("Model", "A", "C"), ["B"])
    shown, left_out = fitted(grid, 33)
    assert (shown.head, left_out) == (("Model", "A"), ["B", "C"])


def test_units_go_below_their_titles_before_a_column_leaves() -> None:
    grid = grid_of(("Model", "Multi-Adds [G]"), ("net", "1"))
    shown, left_out = fitted(grid, 15)  # 5 + 2 + 10, where the one line is 21
    assert shown.head == ("Model", "Multi-Adds\n[G]")
    assert left_out == []


def test_signs_of_two_places_count_twice() -> None:
    text = terminal([Section("c", (grid_of(("Model", "N"), ("网络", "1")),))])
    head, _, row = text.split("\n\n")[1].splitlines()
    assert head == "Model  N"
    assert row == "网络   1"


@pytest.mark.parametrize("count", [3, 6, 7, 40])
def test_notes_take_six_lines_at_most_and_count_the_others(count: int) -> None:
    notes = tuple(Note(f"note {number}") for number in range(count))
    text = terminal([Section("c", (), notes)], 80, "file.md")
    lines = text.split("\n\n")[-1].splitlines()
    assert len(lines) == min(count, MOST_NOTE_LINES)
    more = f"{count - 5} more notes in file.md"
    assert (lines[-1] == more) == (count > MOST_NOTE_LINES)


def test_notes_break_between_words() -> None:
    note = "a-word-with-hyphens " * 12
    lines = terminal([Section("c", (), (Note(note),))], 60).split("\n\n")[-1].splitlines()
    assert len(lines) > 1
    assert {word for line in lines for word in line.split()} == {"a-word-with-hyphens"}


def test_what_every_table_would_say_is_said_once() -> None:
    section = Section("c", (), (Note("the same"),))
    assert terminal([section, replace(section, caption="d")], 80).count("the same") == 1


def test_without_a_width_nothing_is_left_out() -> None:
    grid = grid_of(tuple(f"Column {n}" for n in range(40)), tuple(str(n) for n in range(40)))
    text = terminal([Section("c", (grid,), tuple(Note(f"note {n}") for n in range(40)))])
    assert "Column 39" in text
    assert "note 39" in text
