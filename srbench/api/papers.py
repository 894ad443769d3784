"""The table for a paper, from stored records and published figures."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from srbench.api.request import Tell, silent
from srbench.api.stored import measured_in, named, published_beside, records_in
from srbench.board import metrics
from srbench.board.choosing import of_one_question
from srbench.board.leaderboard import beside, rows_of
from srbench.board.metric import Metric
from srbench.board.papers import bibliography
from srbench.board.published import ClaimBook, load_claims
from srbench.board.rows import Row
from srbench.errors import InputError
from srbench.files import write_text
from srbench.records import Record
from srbench.render import formats, paper, tables
from srbench.render.columns import nearest
from srbench.render.formats import Document
from srbench.render.grid import Section
from srbench.render.paper import Layout, Notes
from srbench.render.terminal import terminal

#: Stands for every published network.
ALL = "all"
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._-]{0,60}")
_STEM = "paper"


@dataclass(frozen=True)
class PaperTable:
    """The one table of a paper.

    Attributes:
        rows: what it shows.
        layout: how.
    """

    rows: Sequence[Row] = field(repr=False)
    layout: Layout

    @property
    def section(self) -> Section:
        """The table with its caption and notes."""
        return paper.section(self.rows, self.layout)

    def __str__(self) -> str:
        """The table as text, as wide as it is."""
        return self.text()

    def text(self, width: int | None = None, more: str = "") -> str:
        """The table as a terminal of some width shows it; ``more`` names the file that has the rest."""
        return terminal([self.section], width, more)

    def latex(self) -> str:
        """A float to paste, its first lines saying what it needs."""
        return self._written("latex")

    def html(self) -> str:
        """A page whose table can be pasted into a word processor."""
        return self._written("word")

    def macros(self) -> str:
        r"""``\newcommand`` lines, one for each number."""
        return paper.macros(self.section)

    def bibliography(self) -> str:
        r"""BibTeX entries of the papers that the table cites."""
        return bibliography(self.rows)

    def write(self, folder: str | Path, forms: Sequence[str] = ("latex", "md"), *, macros: bool = False) -> list[Path]:
        """Write ``paper.tex`` with its ``paper.bib``, ``paper.md`` and so on; the files written."""
        made = formats.written(self._document(), _STEM, forms)
        if "latex" in forms and (bib := self.bibliography()):
            made.append((f"{_STEM}.bib", bib))
        if macros:
            made.append((f"{_STEM}_macros.tex", self.macros()))
        for name, text in made:
            write_text(Path(folder) / name, text)
        return [Path(folder) / name for name, _ in made]

    def _written(self, form: str) -> str:
        [(_, text)] = formats.written(self._document(), _STEM, [form])
        return text

    def _document(self) -> Document:
        return Document("Table", [self.section], partial(tables.frame, self.rows))


def paper_table(
    folder: str | Path = "results",
    *,
    scale: int | Collection[int] = (),
    models: str | None = None,
    published: str | Sequence[str] = (),
    columns: str = "params,multi-adds",
    datasets: str = "",
    sort: str = "multi-adds",
    caption: str = "",
    label: str = "",
    notes: Notes = "short",
    machine: str | None = None,
    tell: Tell = silent,
) -> PaperTable:
    """One table for a paper: costs, then PSNR/SSIM of each set, scales below one another.

    A score is the measured one of that very network, else the published one; the rarer kind is marked and the caption
    says so. What was disturbed has no runtime.

    Args:
        folder: as given to ``srbench profile --output``.
        scale: upscaling factor, or several. [default: all that have records]
        models: comma-separated names as in the records. [default: all, in their plain mode]
        published: networks that papers know and the folder does not: ``LKDN,SAFMN``, or ``all``.
        columns: metrics of costs (docs: metrics), comma-separated.
        datasets: sets, comma-separated. [default: those that any network has]
        sort: the metric by which rows of a scale stand, or ``name``.
        caption: what the table is; the rule of its figures follows.
        label: for ``\\ref``: letters, digits and ``:._-``.
        notes: ``none``, ``short`` or ``full``.
        machine: name of the machine whose records are shown. [default: that of the newest record]
        tell: gets lines on what is left out.

    Returns:
        The table, to print or to write.

    Raises:
        InputError: no records, or a name of a network, metric or set that is not known.
    """
    if label and not _LABEL.fullmatch(label):
        raise InputError(f"--label {label!r}: letters, digits and : . _ - are what a label may have")
    scales = (scale,) if isinstance(scale, int) else scale
    records = records_in(Path(folder), scales, machine, tell)
    wanted = named(records, models) if models is not None else [r for r in records if r.case.mode.plain]
    chosen: list[Record] = []
    for each in sorted({record.case.size.scale for record in wanted}):
        here = [record for record in wanted if record.case.size.scale == each]
        shown = of_one_question(here, here, modes=models is not None)
        for left in shown.left_out:
            tell(f"not in the table: {left}")
        chosen += shown.records
    rows = rows_of(chosen, ClaimBook(load_claims()), measured_in(Path(folder), tell=tell))
    rows += _published(published, rows)
    layout = Layout(
        columns=tuple(map(_cost, _parts(columns))),
        datasets=_datasets(_parts(datasets), rows),
        sort=None if sort.strip().lower() == "name" else _cost(sort),
        caption=caption,
        label=label,
        notes=notes,
    )
    return PaperTable(rows, layout)


def _published(asked: str | Sequence[str], rows: Sequence[Row]) -> list[Row]:
    """Networks by what papers print, at every scale of the rows that has them.

    Raises:
        InputError: a name that no paper prints at these scales.
    """
    names = _parts(asked) if isinstance(asked, str) else list(asked)
    there = published_beside(rows)
    known = {row.model.lower(): row.model for row in there}
    everything = [name.lower() for name in names] == [ALL]
    for name in names if not everything else ():
        if name.lower() not in known:
            hint = nearest(name.lower(), known)
            raise InputError(f"--with: nothing is published here of '{name}' at these scales; {hint}")
    wanted = set(known) if everything else {name.lower() for name in names}
    sizes = {row.scale: (row.gt_width, row.gt_height) for row in rows}
    return [beside(row, sizes[row.scale]) for row in there if row.model.lower() in wanted]


def _cost(name: str) -> Metric:
    """A metric by its name; scores have columns of their own, which say whose they are."""
    found = metrics.named(name, metrics.METRICS)
    if found is None:
        raise InputError(f"unknown cost '{name}'; {nearest(name.lower(), [metric.name for metric in metrics.METRICS])}")
    return found


def _datasets(names: Sequence[str], rows: Sequence[Row]) -> tuple[str, ...]:
    known = {dataset.lower(): dataset for row in rows for _, dataset in (*row.measured, *row.quality)}
    for name in names:
        if name.lower() not in known:
            raise InputError(f"--datasets: no network has a figure on '{name}'; {nearest(name.lower(), known)}")
    return tuple(known[name.lower()] for name in names)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
