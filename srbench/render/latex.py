"""Sections as LaTeX: booktabs, numbers aligned at the decimal point by siunitx."""

from collections.abc import Sequence

from srbench.render.grid import DASH, Cell, Grid, Note, Section, numeric, widest
from srbench.render.text import escape_latex

_PREAMBLE = ("% Needs in the preamble: \\usepackage[T1]{fontenc} \\usepackage{booktabs,graphicx,siunitx}",)
#: A table that is wider than the text is made as wide as it.
_FITTED = "\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%"


def latex(sections: Sequence[Section], title: str) -> str:
    """Floats to paste into a paper, one a table, the notes below; the best is bold, the second underlined."""
    floats = [line for section in sections for line in _floats(section)]
    return "\n".join([f"% {escape_latex(title)}", *_PREAMBLE, *floats, ""])


def _floats(section: Section) -> list[str]:
    lines = []
    for number, grid in enumerate(section.grids):
        caption = section.caption + (f": {grid.title}" if grid.title else "")
        kind = "table" if section.narrow else "table*"
        label = [f"\\label{{{section.label}}}"] if section.label and number == 0 else []
        lines += ["", f"\\begin{{{kind}}}", "\\centering", f"\\caption{{{escape_latex(caption)}}}", *label]
        lines += [_FITTED, *_tabular(grid), "}", *(_notes(section.notes) if number == len(section.grids) - 1 else [])]
        lines.append(f"\\end{{{kind}}}")
    return lines


def _notes(notes: Sequence[Note]) -> list[str]:
    if not notes:
        return []
    texts = [(f"\\textsuperscript{{{note.mark}}}~" if note.mark else "") + escape_latex(note.text) for note in notes]
    return ["", "\\smallskip", "\\parbox{\\linewidth}{\\footnotesize", " \\\\\n".join(texts), "}"]


def _tabular(grid: Grid) -> list[str]:
    """Each column of numbers has one beside it, where needed, for ranks, intervals and marks."""
    columns = range(len(grid.head))
    aligned = [numeric(grid, column) for column in columns]
    tails = [column not in grid.left and any(_tail(row[column]) for row in grid.rows) for column in columns]
    digits = [widest([row[column].text for row in grid.rows if aligned[column]])[1:] for column in columns]
    specs = [_spec(grid, column, aligned=aligned[column], tail=tails[column]) for column in columns]
    heads = [
        f"\\multicolumn{{2}}{{c}}{{{escape_latex(title)}}}" if tails[column] else f"{{{escape_latex(title)}}}"
        for column, title in enumerate(grid.head)
    ]
    lines = [f"\\begin{{tabular}}{{{''.join(specs)}}}", "\\toprule", f"{' & '.join(heads)} \\\\", "\\midrule"]
    for number, row in enumerate(grid.rows):
        if number in grid.rules:
            lines.append("\\midrule")
        cells = []
        for column, cell in enumerate(row):
            tail = _tail(cell)
            body = _number(cell, *digits[column]) if aligned[column] else _text(cell)
            cells += [body, tail] if tails[column] else [body + tail]
        lines.append(f"{' & '.join(cells)} \\\\")
    return [*lines, "\\bottomrule", "\\end{tabular}"]


def _text(cell: Cell) -> str:
    pair = f"/{_emphasised(cell.pair, escape_latex(cell.pair.text))}" if cell.pair is not None else ""
    cite = f"~\\cite{{{cell.cite}}}" if cell.cite else ""
    return _emphasised(cell, escape_latex(cell.text)) + pair + cite


def _spec(grid: Grid, column: int, *, aligned: bool, tail: bool) -> str:
    beside = "@{\\,}l" if tail else ""
    if column in grid.left:
        return "l" + beside
    if not aligned:
        return "r" + beside
    before, after, exponent = widest([row[column].text for row in grid.rows if row[column].text != DASH])
    layout = f"{before}.{after}" + (f"e{exponent}" if exponent else "")
    return f"S[table-format={layout},table-number-alignment=right,table-text-alignment=right]{beside}"


def _number(cell: Cell, decimals: int, exponent: int) -> str:
    """A number that siunitx aligns at its point; one with a line under it it does not, so its room is made here."""
    if cell.text == DASH:
        return "{--}"
    number = cell.text.replace(",", "")
    if not cell.place:
        return number
    mantissa, _, power = number.partition("e")
    text = f"{mantissa}\\texttimes10\\textsuperscript{{{power}}}" if power else mantissa
    missing = "" if "." in mantissa else "." * (decimals > 0)
    missing += "0" * (decimals - len(mantissa.partition(".")[2]))
    if exponent and not power:
        missing += f"${{}}\\times10^{{{'0' * exponent}}}$"
    room = f"\\phantom{{{missing}}}" if missing and not power else ""
    return f"{{{_emphasised(cell, text)}{room}}}"


def _emphasised(cell: Cell, text: str) -> str:
    return {0: "{}", 1: "\\textbf{{{}}}", 2: "\\underline{{{}}}"}[cell.place].format(text)


def _tail(cell: Cell) -> str:
    rank = f"\\textsubscript{{({cell.rank})}}" if cell.rank else ""
    tail = escape_latex(cell.tail)
    marks = f"\\textsuperscript{{{','.join(map(escape_latex, cell.marks))}}}" if cell.marks else ""
    return f"{rank}{tail}{marks}"
