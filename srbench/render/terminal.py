"""Tables as text for a terminal of some width: what has no room is left out by importance and named, never broken."""

import textwrap
from collections.abc import Collection, Sequence
from dataclasses import replace

from rich.cells import cell_len

from srbench.render.grid import Cell, Grid, Section
from srbench.render.text import shortened
from srbench.text import plain

#: Lines of notes below the tables, at most.
MOST_NOTE_LINES = 6
#: Between two columns.
_GAP = 2
#: A name is not cut to less, however narrow the terminal is.
_LEAST_NAME = 16


def terminal(sections: Sequence[Section], width: int | None = None, more: str = "") -> str:
    """Text for a terminal; the best are marked only where there is type to mark them with.

    Args:
        sections: tables with their captions and notes.
        width: columns of the terminal; None for as many as it takes, with every note.
        more: the file that has what is left out.
    """
    blocks: list[str] = []
    said: set[str] = set()
    for section in sections:
        blocks += [wrapped(text, width) for text in (section.caption, section.summary) if text]
        left_out: list[str] = []
        for grid in section.grids:
            blocks += [wrapped(f"{grid.title}:", width)] if grid.title else []
            shown, without = fitted(grid, width)
            left_out += without
            blocks.append(_table(shown))
        notes = [text for note in section.notes if (text := note.line(plain)) not in said]
        said.update(notes)
        if lines := _notes(notes, list(dict.fromkeys(left_out)), width, more):
            blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def table(
    cells: Sequence[Sequence[str]],
    left: Collection[int] = (0,),
    width: int | None = None,
    importance: Sequence[int] = (),
) -> str:
    """Cells as a table: the first row is the head, the columns in ``left`` are text; see :class:`Grid`.

    Args:
        cells: rows; the first is the head.
        left: columns of text.
        width: of the terminal in characters; None for no limit.
        importance: of the columns, the least important leaving first.
    """
    head, *body = cells
    rows = tuple(tuple(map(Cell, row)) for row in body)
    grid = Grid(tuple(head), rows, left=frozenset(left), importance=tuple(importance))
    shown, without = fitted(grid, width, names=2)
    lines = [_table(shown)]
    if without:
        lines.append(wrapped(f"not shown for want of room: {', '.join(without)}", width, "  "))
    return "\n\n".join(lines)


def fitted(grid: Grid, width: int | None, names: int = 4) -> tuple[Grid, list[str]]:
    """The grid with those columns that a width has room for, and the heads of the others.

    Units go below their titles; names are cut to one part of so many (``names``) of the width; then columns leave,
    the least important first.

    Args:
        grid: the whole table.
        width: of the terminal in characters; None for no limit.
        names: one part of so many of the width is for names.
    """
    if width is None or _width(grid) <= width:
        return grid, []
    shown = replace(grid, head=tuple(head.replace(" [", "\n[") for head in grid.head))
    shown = _with_names(shown, max(_LEAST_NAME, width // names))
    kept = list(range(len(grid.head)))
    while _width(_columns(shown, kept)) > width and len(kept) > 2:
        kept.remove(min(kept[1:], key=lambda column: (grid.stays(column), -column)))
    shown = _columns(shown, kept)
    if (over := _width(shown) - width) > 0:
        shown = _with_names(shown, max(_LEAST_NAME, _widths(shown)[0] - over))
    return shown, [grid.head[column] for column in range(len(grid.head)) if column not in kept]


def _with_names(grid: Grid, most: int) -> Grid:
    rows = ((replace(row[0], text=shortened(row[0].text, most)), *row[1:]) for row in grid.rows)
    return replace(grid, rows=tuple(rows))


def _columns(grid: Grid, kept: Sequence[int]) -> Grid:
    return replace(
        grid,
        head=tuple(grid.head[column] for column in kept),
        rows=tuple(tuple(row[column] for column in kept) for row in grid.rows),
        left=frozenset(place for place, column in enumerate(kept) if column in grid.left),
        importance=tuple(grid.stays(column) for column in kept),
    )


def _width(grid: Grid) -> int:
    return sum(_widths(grid)) + _GAP * (len(grid.head) - 1)


def _widths(grid: Grid) -> list[int]:
    """Of each column, in places of a terminal: some signs take two."""
    return [
        max(map(cell_len, [*map(plain, head.split("\n")), *(_text(row[place]) for row in grid.rows)]))
        for place, head in enumerate(grid.head)
    ]


def _text(cell: Cell) -> str:
    rank = f"({cell.rank})" if cell.rank else ""
    pair = f"/{plain(cell.pair.text)}" if cell.pair is not None else ""
    text = plain(cell.text) + pair + rank + (f" {plain(cell.tail)}" if cell.tail else "")
    return text + (f" {','.join(cell.marks)}" if cell.marks else "")


def _table(grid: Grid) -> str:
    """The grid as lines; where a table library pads heads, here each column is as wide as what stands in it."""
    heads = [[plain(line) for line in head.split("\n")] for head in grid.head]
    most = max(map(len, heads))
    above = [[*head, *[""] * (most - len(head))] for head in heads]
    body = [[_text(cell) for cell in row] for row in grid.rows]
    widths = _widths(grid)
    rule = ["-" * width for width in widths]
    lines = [[head[line] for head in above] for line in range(most)] + [rule]
    for number, row in enumerate(body):
        lines += [rule] if number in grid.rules else []
        lines.append(row)
    return "\n".join(_line(line, widths, grid) for line in lines)


def _line(texts: Sequence[str], widths: Sequence[int], grid: Grid) -> str:
    padded = [
        text + " " * (width - cell_len(text)) if place in grid.left else " " * (width - cell_len(text)) + text
        for place, (text, width) in enumerate(zip(texts, widths, strict=True))
    ]
    return (" " * _GAP).join(padded).rstrip()


def wrapped(text: str, width: int | None, indent: str = "") -> str:
    """Text broken between words.

    Args:
        text: of one line.
        width: of the terminal; None for no break.
        indent: of further lines.
    """
    if width is None:
        return plain(text)
    lines = textwrap.wrap(plain(text), width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines)


def _notes(notes: Sequence[str], left_out: Sequence[str], width: int | None, more: str) -> list[str]:
    """The notes in at most so many lines, the first ones first; what is left out is counted."""
    where = f" in {plain(more)}" if more else ""
    broken = [wrapped(note, width, "  ").split("\n") for note in notes]
    if width is None:
        return [line for lines in broken for line in lines]
    last = wrapped(f"not shown for want of room: {', '.join(left_out)}{where}", width, "  ") if left_out else ""
    room = MOST_NOTE_LINES - (len(last.split("\n")) if last else 0)
    shown: list[str] = []
    for place, lines in enumerate(broken):
        rest = len(broken) - place
        # The line that counts the others needs its place, but for the very last note.
        if len(shown) + len(lines) > (room if rest == 1 else room - 1):
            count = f"{rest} more note{'s' if rest > 1 else ''}"
            shown.append(wrapped(f"{count}{where}", width, "  "))
            break
        shown += lines
    return [*shown, *([last] if last else [])]
