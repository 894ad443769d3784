"""A table before it is written in any format: cells with what is to be said of them, nothing escaped yet."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

DASH = "-"
#: Kept short in cells; the notes spell them out.
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        text: a number for readers, or a name; a dash where there is nothing.
        tail: what follows a number and is none, such as its interval.
        rank: its place among the column's numbers, set as a subscript; empty where it has none.
        place: 1 for the best of its column, 2 for the second, 0 for the others.
        marks: of footnotes.
        pair: a second number behind a slash, with a place of its own.
        cite: key of its paper, where the format has citations.
    """

    text: str
    tail: str = ""
    rank: str = ""
    place: Literal[0, 1, 2] = 0
    marks: tuple[str, ...] = ()
    pair: "Cell | None" = None
    cite: str = ""


@dataclass(frozen=True)
class Grid:
    """A table.

    Attributes:
        head: title of each column.
        rows: as many cells each.
        title: what it shows, where several stand below one caption.
        left: columns of text; the others are numbers, aligned at the right.
        rules: rows that a line separates from those above.
        importance: of each column: where room is short, the least important leave first; empty where all are alike.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""
    left: frozenset[int] = frozenset({0})
    rules: frozenset[int] = frozenset()
    importance: tuple[int, ...] = ()

    def stays(self, column: int) -> int:
        """How important a column is."""
        return self.importance[column] if self.importance else 0


@dataclass(frozen=True)
class Note:
    """A line below the tables: a footnote with its mark, or one that stands for itself."""

    text: str
    mark: str = ""

    def line(self, escape: Callable[[str], str]) -> str:
        """The note behind its mark, its text as ``escape`` gives it."""
        return f"{self.mark}: {escape(self.text)}" if self.mark else escape(self.text)


@dataclass(frozen=True)
class Section:
    """Tables of one workload on one device.

    Attributes:
        caption: what they are about.
        grids: the tables.
        notes: what explains them, what matters most first.
        summary: what they say in one sentence; empty where they say nothing more.
        label: what a paper refers to it by; empty for none.
        narrow: whether it stands in one column of a paper's two.
    """

    caption: str
    grids: tuple[Grid, ...]
    notes: tuple[Note, ...] = ()
    summary: str = ""
    label: str = ""
    narrow: bool = False


class Footnotes:
    """Marks in order of appearance, the same text one mark."""

    def __init__(self) -> None:
        self._marks: dict[str, str] = {}

    def mark(self, text: str) -> str:
        """The mark of a note: a, b, ... z, aa, ab, ... zz, aaa, ..."""
        if text not in self._marks:
            left, letters = len(self._marks) + 1, ""
            while left:
                left, letter = divmod(left - 1, len(_LETTERS))
                letters = _LETTERS[letter] + letters
            self._marks[text] = letters
        return self._marks[text]

    def notes(self) -> list[Note]:
        """Every note, in the order of the marks."""
        return [Note(text, mark) for text, mark in self._marks.items()]


def with_best(cells: Sequence[Cell], values: Sequence[float | None], good: Literal["low", "high"] | None) -> list[Cell]:
    """Cells of one column with the best and the second marked.

    Args:
        cells: of the column.
        values: the unrounded number of each; None for one that does not compete. With fewer than three that do, and
            where no direction is good, nothing is marked.
        good: which direction is better.
    """
    known = sorted({value for value in values if value is not None}, reverse=good == "high")
    if good is None or sum(value is not None for value in values) < 3:
        return list(cells)
    places: dict[float, Literal[1, 2]] = dict(zip(known, (1, 2), strict=False))
    return [
        cell if value is None or value not in places else replace(cell, place=places[value])
        for cell, value in zip(cells, values, strict=True)
    ]


def transposed(columns: Sequence[Sequence[Cell]]) -> tuple[tuple[Cell, ...], ...]:
    """Columns as rows."""
    return tuple(zip(*columns, strict=True))


def numeric(grid: Grid, column: int) -> bool:
    """Whether a column holds numbers and dashes alone."""
    cells = [row[column].text for row in grid.rows]
    if any(row[column].pair is not None for row in grid.rows):
        return False
    return column not in grid.left and any(map(is_number, cells)) and all(c == DASH or is_number(c) for c in cells)


def is_number(text: str) -> bool:
    """Whether a cell's text is a number; thousands may have commas."""
    try:
        float(text.replace(",", ""))
    except ValueError:
        return False
    return text.strip() not in ("nan", "inf")


def widest(texts: Collection[str]) -> tuple[int, int, int]:
    """The most digits before the decimal point (a minus counts), after it, and of an exponent."""
    before = after = exponent = 0
    for text in texts:
        mantissa, _, power = text.replace(",", "").lower().partition("e")
        whole, _, fraction = mantissa.partition(".")
        before, after, exponent = max(before, len(whole)), max(after, len(fraction)), max(exponent, len(power))
    return before, after, exponent
