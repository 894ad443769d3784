"""Documents as Markdown, LaTeX, HTML and as data: the only place that knows how each is written.

The one registry is :data:`FORMATS`, at the end: the files that are written and the help and checks of ``--format``
read it.
"""

import html as standard_html
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from srbench.render.grid import Cell, Grid, Section
from srbench.render.latex import latex
from srbench.render.text import escape_markdown
from srbench.render.word import word
from srbench.text import plain

if TYPE_CHECKING:
    import pandas as pd

    from srbench.board.challenge import Standing

Kind = Literal["leaderboard", "challenge", "paper"]


@dataclass(frozen=True)
class Document:
    """What is to be written.

    Attributes:
        title: of the page.
        sections: tables for readers.
        frame: gives the same as raw numbers, a row each.
        standings: of a challenge, for its scripts' own formats.
    """

    title: str
    sections: Sequence[Section]
    frame: "Callable[[], pd.DataFrame]"
    standings: "Sequence[Standing]" = ()


@dataclass(frozen=True)
class Format:
    """One way of writing documents to files.

    Attributes:
        name: as it is typed.
        ending: of its files, behind their stem.
        write: a document as text.
        kinds: of the documents that it is for.
    """

    name: str
    ending: str
    write: Callable[[Document], str]
    kinds: tuple[Kind, ...] = ("leaderboard", "challenge", "paper")


def markdown(sections: Sequence[Section], title: str) -> str:
    """A Markdown page; the best of a column is bold, the second underlined."""

    def emphasised(each: Cell) -> str:
        return {0: "{}", 1: "**{}**", 2: "<u>{}</u>"}[each.place].format(escape_markdown(each.text))

    def cell(each: Cell) -> str:
        text = emphasised(each) + (f"/{emphasised(each.pair)}" if each.pair is not None else "")
        text += f"<sub>({each.rank})</sub>" if each.rank else ""
        text += f" {escape_markdown(each.tail)}" if each.tail else ""
        return text + (f" <sup>{','.join(each.marks)}</sup>" if each.marks else "")

    def titled(title: str) -> str:
        """Units stay in plain brackets: they are no links."""
        return escape_markdown(title).replace("\\[", "[").replace("\\]", "]")

    blocks = [f"# {escape_markdown(title)}"]
    for section in sections:
        blocks += [escape_markdown(text) for text in (section.caption, section.summary) if text]
        for grid in section.grids:
            blocks += [f"{titled(grid.title)}:"] if grid.title else []
            cells = [[titled(title) for title in grid.head], *([cell(each) for each in row] for row in grid.rows)]
            blocks.append(markdown_table(cells, grid.left, grid.rules))
        if section.notes:
            blocks.append("\n".join(f"- {note.line(escape_markdown)}" for note in section.notes))
    return "\n\n".join(blocks) + "\n"


def markdown_table(cells: list[list[str]], left: Collection[int] = (0,), rules: Collection[int] = ()) -> str:
    """Cells, escaped already, as a Markdown table: the first row is the head.

    Args:
        cells: as many in each row.
        left: columns of text; the others are aligned at the right.
        rules: rows with an empty one above them, in place of a line, which Markdown does not have.
    """
    from tabulate import tabulate

    head, *body = cells
    align = tuple("left" if column in left else "right" for column in range(len(head)))
    empty = ["" for _ in head]
    lines = [line for row, each in enumerate(body) for line in ((empty, each) if row in rules else (each,))]
    return tabulate(lines, headers=head, tablefmt="pipe", colalign=align, disable_numparse=True)


def html(sections: Sequence[Section], title: str) -> str:
    """One page of plain HTML without scripts, to print or to paste from."""
    # The page's heading says the title already.
    captions = [section.caption.removeprefix(f"{title}: ") for section in sections]
    parts = [part for each in zip(sections, captions, strict=True) for part in _html_section(*each)]
    head = f'<meta charset="utf-8"><title>{_escape(title)}</title><style>{_CSS}</style>'
    top = ["<!doctype html>", f'<html lang="en"><head>{head}</head><body>', f"<h1>{_escape(title)}</h1>"]
    return "\n".join([*top, *parts, "</body></html>", ""])


_CSS = (
    ":root{color-scheme:light dark}"
    "body{font:16px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:min(96vw,120rem);padding:0 1rem}"
    "table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums;border-block:2px solid}"
    "caption{text-align:left;font-weight:600;padding:.4rem 0}thead tr{border-bottom:1px solid}"
    "th,td{padding:.15rem .5rem;text-align:right;white-space:nowrap}th.text,td.text{text-align:left}"
    "thead th{white-space:normal;vertical-align:bottom}"
    "tr>:first-child{position:sticky;left:0;background:Canvas}.notes{overflow-wrap:anywhere}"
    "tr.rule{border-top:1px solid}tbody tr:hover{background:color-mix(in srgb,currentColor 8%,transparent)}"
    ".scroll{overflow-x:auto;margin:1rem 0}.notes{font-size:.85em;padding-left:1.2rem}small{opacity:.75}"
    "sub,sup{line-height:0}"
)


def _html_section(section: Section, caption: str) -> list[str]:
    lines = [f"<h2>{_escape(caption)}</h2>", *([f"<p>{_escape(section.summary)}</p>"] if section.summary else [])]
    for grid in section.grids:
        lines += ['<div class="scroll"><table>', *([f"<caption>{_escape(grid.title)}</caption>"] if grid.title else [])]
        heads = (f'<th scope="col"{_class(grid, column)}>{_escape(text)}</th>' for column, text in enumerate(grid.head))
        lines.append(f"<thead><tr>{''.join(heads)}</tr></thead><tbody>")
        for number, row in enumerate(grid.rows):
            cells = (f"<td{_class(grid, column)}>{_html_cell(cell)}</td>" for column, cell in enumerate(row))
            ruled = ' class="rule"' if number in grid.rules else ""
            lines.append(f"<tr{ruled}>{''.join(cells)}</tr>")
        lines.append("</tbody></table></div>")
    notes = (f"<li>{note.line(_escape)}</li>" for note in section.notes)
    return [*lines, f'<ul class="notes">{"".join(notes)}</ul>'] if section.notes else lines


def _class(grid: Grid, column: int) -> str:
    return ' class="text"' if column in grid.left else ""


def _html_emphasised(cell: Cell) -> str:
    return {0: "{}", 1: "<strong>{}</strong>", 2: "<u>{}</u>"}[cell.place].format(_escape(cell.text))


def _html_cell(cell: Cell) -> str:
    text = _html_emphasised(cell) + (f"/{_html_emphasised(cell.pair)}" if cell.pair is not None else "")
    text += f"<sub>({cell.rank})</sub>" if cell.rank else ""
    text += f" <small>{_escape(cell.tail)}</small>" if cell.tail else ""
    return text + (f"<sup>{','.join(cell.marks)}</sup>" if cell.marks else "")


def _escape(text: str) -> str:
    return standard_html.escape(plain(text))


def csv(document: Document) -> str:
    """Raw numbers in full precision, a header first."""
    return document.frame().to_csv(index=False, lineterminator="\n")


def _results_json(document: Document) -> str:
    from srbench.render.challenge import results_json

    return results_json(document.standings)


def _results_text(document: Document) -> str:
    from srbench.render.challenge import results_text

    return results_text(document.standings)


#: Every format there is, in the order in which they are listed.
FORMATS: tuple[Format, ...] = (
    Format("md", ".md", lambda document: markdown(document.sections, document.title)),
    Format("csv", ".csv", csv),
    Format("latex", ".tex", lambda document: latex(document.sections, document.title)),
    Format("html", ".html", lambda document: html(document.sections, document.title)),
    Format("word", "_word.html", lambda document: word(document.sections, document.title), ("paper",)),
    Format("json", "_results.json", _results_json, ("challenge",)),
    Format("txt", "_results.txt", _results_text, ("challenge",)),
)


def names(kind: Kind) -> list[str]:
    """The formats that documents of a kind are written in."""
    return [each.name for each in FORMATS if kind in each.kinds]


def written(document: Document, stem: str, forms: Sequence[str]) -> list[tuple[str, str]]:
    """Name and text of one file for each format; ``stem`` is what their names begin with.

    Args:
        document: tables and raw numbers.
        stem: what the files' names begin with.
        forms: names of formats.
    """
    known = {each.name: each for each in FORMATS}
    return [(f"{stem}{known[form].ending}", known[form].write(document)) for form in forms]
