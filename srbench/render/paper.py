"""The one table of a paper: what each network costs and scores, a row each, scales below one another."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from srbench.board.leaderboard import QUALITY_METRICS, own_sets
from srbench.board.metric import Metric
from srbench.board.metrics import MULTI_ADDS, PARAMS, RUNTIME
from srbench.board.papers import key_of
from srbench.board.published import QUALITY_SETS
from srbench.board.rows import Quality, Row
from srbench.render.grid import DASH, Cell, Footnotes, Grid, Note, Section, is_number, transposed, with_best
from srbench.render.tables import BOUND, cost_cell
from srbench.render.text import shortened
from srbench.statuses import DISTURBED

Notes = Literal["none", "short", "full"]
#: Behind figures of the rarer kind.
_MARK = "†"
#: A table of so many columns stands in one column of a paper's two.
_NARROW = 5
#: Numbers in the names of sets.
_NUMBERS = {"14": "Fourteen", "100": "Hundred"}
_ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


@dataclass(frozen=True)
class Layout:
    """How the table is laid out.

    Attributes:
        columns: costs, in order.
        datasets: sets, in order; empty for those that any row has.
        sort: the cost by which rows of a scale stand, ascending; None for their names.
        caption: before what the table must say; empty for a plain one.
        label: what a paper refers to it by.
        notes: ``none`` for the caption alone, ``short`` for sizes and machine, ``full`` for every source.
    """

    columns: tuple[Metric, ...] = (PARAMS, MULTI_ADDS)
    datasets: tuple[str, ...] = ()
    sort: Metric | None = MULTI_ADDS
    caption: str = ""
    label: str = ""
    notes: Notes = "short"


def section(rows: Sequence[Row], layout: Layout) -> Section:
    """The table with its caption, which says the rule of its figures once, and its notes."""
    rows = ordered(rows, layout.sort)
    sets = _sets(rows, layout.datasets)
    rarer = _rarer(rows, sets)
    footnotes = Footnotes()
    grid = _grid(rows, layout, sets, rarer, footnotes)
    what = layout.caption or "Efficient super-resolution networks."
    said = " ".join(filter(None, (what.rstrip(".") + ".", _rule(rows, sets, rarer), _emphasis(grid))))
    notes: list[Note] = []
    if layout.notes != "none":
        notes += map(Note, _circumstances(rows, layout))
    if layout.notes == "full":
        notes += footnotes.notes()
    narrow = len(grid.head) <= _NARROW
    return Section(said, (grid,), tuple(notes), label=layout.label, narrow=narrow)


def ordered(rows: Sequence[Row], sort: Metric | None) -> list[Row]:
    """Scale by scale; within one by a cost, those without it last, or by name."""

    def place(row: Row) -> tuple[object, ...]:
        if sort is None:
            return row.scale, row.name.lower()
        value = sort.exact(row)
        return row.scale, value is None, value or 0.0, row.name.lower()

    return sorted(rows, key=place)


def _sets(rows: Sequence[Row], asked: Sequence[str]) -> list[str]:
    known = [*QUALITY_SETS, *own_sets(rows)]
    return list(asked) or [name for name in known if any(_quality(row, name)[0] is not None for row in rows)]


def _quality(row: Row, dataset: str) -> tuple[Quality | None, Quality | None]:
    """PSNR and SSIM of one kind: a measured one never stands beside a published one."""
    psnr, ssim = (row.own_quality(metric, dataset) for metric in QUALITY_METRICS)
    same = psnr is not None and ssim is not None and (psnr.kind == "measured") == (ssim.kind == "measured")
    return psnr, ssim if same else None


def _rarer(rows: Sequence[Row], sets: Sequence[str]) -> Literal["measured", "published"] | None:
    """The kind of which there are fewer figures, which is marked; None where all are of one kind."""
    kinds = [figure.kind == "measured" for row in rows for name in sets if (figure := _quality(row, name)[0])]
    if not kinds or all(kinds) or not any(kinds):
        return None
    return "published" if 2 * sum(kinds) >= len(kinds) else "measured"


def _grid(rows: Sequence[Row], layout: Layout, sets: Sequence[str], rarer: str | None, footnotes: Footnotes) -> Grid:
    full = layout.notes == "full"
    scales = [row.scale for row in rows]
    names = [
        Cell(
            shortened(row.name) + (" (Y)" if row.colors == "y" else ""),
            marks=(footnotes.mark(row.reason),) if full and row.status == "PUBLISHED" and row.reason else (),
            cite=key_of(row),
        )
        for row in rows
    ]
    head, cells = ["Method"], [names]
    if len(set(scales)) > 1:
        head.append("Scale")
        cells.append([Cell(f"x{scale}") for scale in scales])
    for column in layout.columns:
        head.append(column.head)
        cells.append(_costs(rows, column))
    for name in sets:
        head.append(shortened(name))
        cells.append(_scores(rows, name, rarer, footnotes if full else None))
    rules = frozenset(place for place in range(1, len(rows)) if scales[place] != scales[place - 1])
    left = frozenset({0, 1} if len(set(scales)) > 1 else {0})
    importance = (0, *range(len(head) - 1, 0, -1))
    return Grid(tuple(head), transposed(cells), left=left, rules=rules, importance=importance)


def _costs(rows: Sequence[Row], column: Metric) -> list[Cell]:
    """What was disturbed or failed has no runtime; networks on luma leave out the chroma and do not compete."""
    shown = [not row.failed and not (column.timed and row.status in DISTURBED) for row in rows]
    cells = [_cost(row, column) if fit else Cell(DASH) for row, fit in zip(rows, shown, strict=True)]
    values = [column.exact(row) if fit and row.colors != "y" else None for row, fit in zip(rows, shown, strict=True)]
    return _best_of_scales(rows, cells, values, column.good)


def _cost(row: Row, column: Metric) -> Cell:
    if column not in (PARAMS, MULTI_ADDS):
        return cost_cell(row, column)
    value = column.shown(row)
    return Cell(DASH if value is None else column.marked(row, significant(value)))


def significant(value: float) -> str:
    """A count as papers print it: three digits that say something, and all before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _scores(rows: Sequence[Row], dataset: str, rarer: str | None, footnotes: Footnotes | None) -> list[Cell]:
    pairs = [_quality(row, dataset) for row in rows]
    columns = []
    for place in (0, 1):
        figures = [pair[place] for pair in pairs]
        cells = [Cell(_printed(figure)) for figure in figures]
        values = [figure.value if figure is not None else None for figure in figures]
        columns.append(_best_of_scales(rows, cells, values, "high"))
    found = []
    for pair, psnr, ssim in zip(pairs, *columns, strict=True):
        figure = pair[0]
        if figure is None:
            found.append(Cell(DASH))
            continue
        measured = figure.kind == "measured"
        marks = [_MARK] if rarer is not None and (rarer == "measured") == measured else []
        if footnotes is not None:
            marks.append(footnotes.mark("; ".join(filter(None, (figure.source, figure.how or figure.protocol)))))
        found.append(Cell(psnr.text, place=psnr.place, marks=tuple(marks), pair=ssim))
    return found


def _printed(figure: Quality | None) -> str:
    if figure is None:
        return DASH
    return f"~{figure.printed}" if figure.kind == "approximate" else figure.printed


def _best_of_scales(
    rows: Sequence[Row], cells: Sequence[Cell], values: Sequence[float | None], good: Literal["low", "high"] | None
) -> list[Cell]:
    """The best and the second of each scale marked."""
    found = list(cells)
    for scale in {row.scale for row in rows}:
        here = [place for place, row in enumerate(rows) if row.scale == scale]
        marked = with_best([cells[place] for place in here], [values[place] for place in here], good)
        for place, cell in zip(here, marked, strict=True):
            found[place] = cell
    return found


def _rule(rows: Sequence[Row], sets: Sequence[str], rarer: str | None) -> str:
    if not sets:
        return ""
    said = f"PSNR [dB]/SSIM on the Y channel of {', '.join(map(shortened, sets))}"
    kinds = {figure.kind for row in rows for name in sets if (figure := _quality(row, name)[0])}
    whole = "measured by srbench" if "measured" in kinds else "as published"
    if rarer == "published":
        return f"{said}: measured by srbench; {_MARK}as published."
    if rarer == "measured":
        return f"{said}: as published; {_MARK}measured by srbench."
    return f"{said}: {whole}."


def _emphasis(grid: Grid) -> str:
    places = {each.place for row in grid.rows for cell in row for each in (cell, cell.pair) if each is not None}
    return "Best in bold, second underlined." if places & {1, 2} else ""


def _circumstances(rows: Sequence[Row], layout: Layout) -> list[str]:
    ours = [row for row in rows if row.status != "PUBLISHED"]
    notes = []
    if MULTI_ADDS in layout.columns:
        sizes = {f"{row.gt_width}x{row.gt_height}" for row in ours if row.gt_width}
        notes.append(f"Multi-Adds at GT {' and '.join(sorted(sizes))}, 1 multiply-add = 1.")
        notes += [BOUND] if any(MULTI_ADDS.is_bound(row) for row in ours) else []
    timed = [row for row in ours if RUNTIME.raw(row) is not None]
    if RUNTIME in layout.columns and timed:
        places = dict.fromkeys(f"{row.device} of {row.machine}, batch {row.batch}" for row in timed)
        notes.append(f"Runtime: median and 95 % interval, LR to GT, on {'; '.join(places)}.")
        if disturbed := [row.name for row in timed if row.status in DISTURBED]:
            notes.append(f"No runtime, it was disturbed: {', '.join(map(shortened, disturbed))}.")
    if any(row.colors == "y" for row in rows):
        notes.append("(Y): works on luma only; its costs leave out the chroma.")
    return notes


def macros(shown: Section) -> str:
    """One LaTeX command for each number, named by method, scale and column, in letters alone."""
    [grid] = shown.grids
    taken: set[str] = set()
    lines = []
    for row in grid.rows:
        who = row[0].text + (row[1].text if "Scale" in grid.head[:2] else "")
        for title, cell in zip(grid.head[1:], row[1:], strict=True):
            numbers = [(f"{title} PSNR", cell), (f"{title} SSIM", cell.pair)] if cell.pair is not None else []
            for what, each in numbers or [(title.partition(" [")[0], cell)]:
                if each is not None and is_number(each.text):
                    name = _unique(f"{letters(who)}{letters(what)}", taken)
                    lines.append(f"\\newcommand{{\\{name}}}{{{each.text.replace(',', '')}}}")
    return "\n".join([*lines, ""])


def letters(text: str) -> str:
    """A name of letters alone, as TeX wants it: ``BSRN-S x4`` is BSRNSXFour."""
    words = re.findall(r"[A-Za-z]+|[0-9]+", text)
    return "".join(_spelled(word) if word.isdigit() else word[0].upper() + word[1:] for word in words) or "X"


def _spelled(number: str) -> str:
    return _NUMBERS.get(number) or "".join(_ONES[int(digit)].capitalize() for digit in number)


def _unique(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "X"
    taken.add(name)
    return name
