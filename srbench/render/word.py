"""Tables as HTML that a word processor takes from the clipboard: every style stands in its cell."""

import html
from collections.abc import Sequence

from srbench.render.grid import Cell, Grid, Section
from srbench.text import plain

_FONT = "font-family:'Times New Roman',serif;font-size:10pt"
_THICK, _THIN = "1.5pt solid #000", "0.75pt solid #000"


def word(sections: Sequence[Section], title: str) -> str:
    """A page to open, select and paste; lines above, below the head and at the end, as papers have them."""
    parts = [part for section in sections for part in _section(section)]
    head = f'<meta charset="utf-8"><title>{_escape(title)}</title>'
    return "\n".join(["<!doctype html>", f'<html lang="en"><head>{head}</head><body>', *parts, "</body></html>", ""])


def _section(section: Section) -> list[str]:
    lines = [f'<p style="{_FONT}">{_escape(section.caption)}</p>']
    for grid in section.grids:
        lines += [f'<table style="border-collapse:collapse;{_FONT}">', *_rows(grid), "</table>"]
    return lines + [f'<p style="{_FONT};font-size:8pt">{note.line(_escape)}</p>' for note in section.notes]


def _rows(grid: Grid) -> list[str]:
    heads = [_cell("th", _escape(text), grid, place, top=_THICK, bottom=_THIN) for place, text in enumerate(grid.head)]
    lines = [f"<tr>{''.join(heads)}</tr>"]
    for number, row in enumerate(grid.rows):
        top = _THIN if number in grid.rules else ""
        bottom = _THICK if number == len(grid.rows) - 1 else ""
        cells = [_cell("td", _body(cell), grid, place, top=top, bottom=bottom) for place, cell in enumerate(row)]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return lines


def _cell(tag: str, body: str, grid: Grid, place: int, *, top: str, bottom: str) -> str:
    lines = (f"border-top:{top};" if top else "") + (f"border-bottom:{bottom};" if bottom else "")
    align = "left" if place in grid.left else "right"
    return f'<{tag} style="{lines}padding:1pt 4pt;text-align:{align};white-space:nowrap">{body}</{tag}>'


def _body(cell: Cell) -> str:
    text = _emphasised(cell) + (f"/{_emphasised(cell.pair)}" if cell.pair is not None else "")
    text += f" {_escape(cell.tail)}" if cell.tail else ""
    return text + (f"<sup>{','.join(map(_escape, cell.marks))}</sup>" if cell.marks else "")


def _emphasised(cell: Cell) -> str:
    return {0: "{}", 1: "<b>{}</b>", 2: "<u>{}</u>"}[cell.place].format(_escape(cell.text))


def _escape(text: str) -> str:
    return html.escape(plain(text))
