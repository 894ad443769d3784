"""Cells as lines of text, and notes below them."""

from collections.abc import Callable, Collection

from srbench.render.grid import Note


def note_text(note: Note, text: Callable[[str], str]) -> str:
    """A note with its mark, escaped by ``text``."""
    return f"{note.mark}: {text(note.text)}" if note.mark else text(note.text)


def tabulated(cells: list[list[str]], style: str, left: Collection[int] = (0,), rules: Collection[int] = ()) -> str:
    """Cells as a table of ``tabulate``: the first row is the head, the columns in ``left`` are text.

    Rows in ``rules`` get a line above them, or an empty one where the format knows no line.
    """
    from tabulate import SEPARATING_LINE, tabulate

    head, *body = cells
    align = tuple("left" if column in left else "right" for column in range(len(head)))
    if style == "simple":
        lines = [
            line for row, each in enumerate(body) for line in ((SEPARATING_LINE, each) if row in rules else (each,))
        ]
    else:
        empty = ["" for _ in head]
        lines = [line for row, each in enumerate(body) for line in ((empty, each) if row in rules else (each,))]
    return tabulate(lines, headers=head, tablefmt=style, colalign=align, disable_numparse=True)
