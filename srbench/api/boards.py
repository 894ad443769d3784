"""Leaderboards and pages from stored records; nothing is measured."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from srbench import store
from srbench.api.request import Tell, silent
from srbench.api.stored import measured_in, published_beside, records_in, rows_in
from srbench.board.leaderboard import rows_with_records
from srbench.board.published import ClaimBook, load_claims
from srbench.board.ranks import ranking
from srbench.board.rows import Row
from srbench.board.summary import summary
from srbench.errors import InputError
from srbench.files import write_text
from srbench.records import Record
from srbench.render import brief, formats, pivot, tables
from srbench.render.formats import Document
from srbench.render.grid import Section
from srbench.render.page import page
from srbench.render.pivot import Axis
from srbench.render.sentence import sentence
from srbench.render.terminal import terminal

if TYPE_CHECKING:
    import pandas as pd

#: What makes records that differ in an axis alone.
_APART: dict[Axis, str] = {
    "size": "--lr 160x90,320x180",
    "threads": "--threads 1,2",
    "mode": "--dtype float32,bfloat16",
}
#: What a page is called where nobody says otherwise.
PAGE = "report.html"


@dataclass(frozen=True)
class Leaderboard:
    """The tables of one or several scales.

    Attributes:
        rows: what the tables show, in order.
        strict_ranks: whether the medians alone decide ranks.
        pivot: what stands across, one network a row; None for the usual table.
    """

    rows: Sequence[Row] = field(repr=False)
    strict_ranks: bool = False
    pivot: Axis | None = None

    @property
    def sections(self) -> list[Section]:
        """The tables with their titles and notes."""
        return self._sections(self.rows)

    def __str__(self) -> str:
        """The tables as text, as wide as they are."""
        return self.text()

    def text(self, width: int | None = None, more: str = "") -> str:
        """The tables as a terminal of some width shows them: what matters most of them, sources and all else left out.

        Args:
            width: in columns; None for as many as it takes.
            more: the file that has the rest, to be named.
        """
        if self.pivot is not None:
            return terminal(self.sections, width, more)
        return terminal(brief.sections(self.rows, by_median=self.strict_ranks), width, more)

    def frame(self) -> "pd.DataFrame":
        """The rows as the CSV has them: raw numbers, None where there is none."""
        return tables.frame(self.rows)

    def write(self, folder: str | Path, forms: Sequence[str] = ("csv", "md")) -> list[Path]:
        """Write ``leaderboard_x{S}.csv``, ``.md`` and so on; the files written, one for each scale and format."""
        by = f"_by-{self.pivot}" if self.pivot else ""
        files = []
        for scale in sorted({row.scale for row in self.rows}):
            here = [row for row in self.rows if row.scale == scale]
            if not (sections := self._sections(here)):
                continue  # of this scale nothing differs in the axis
            title = f"Leaderboard x{scale}{f' by {self.pivot}' if self.pivot else ''}"
            document = Document(title, sections, partial(tables.frame, here))
            for name, text in formats.written(document, f"leaderboard_x{scale}{by}", forms):
                write_text(Path(folder) / name, text)
                files.append(Path(folder) / name)
        return files

    def _sections(self, rows: Sequence[Row]) -> list[Section]:
        if self.pivot is None:
            return tables.sections(rows, by_median=self.strict_ranks)
        return pivot.sections(rows, self.pivot, by_median=self.strict_ranks)


def leaderboard(
    folder: str | Path = "results",
    *,
    scale: int | Collection[int] = (),
    machine: str | None = None,
    published: bool = False,
    strict_ranks: bool = False,
    pivot: Axis | None = None,
    tell: Tell = silent,
) -> Leaderboard:
    """The leaderboard of a results folder.

    Args:
        folder: as given to ``srbench profile --output``.
        scale: upscaling factor, or several. [default: all that have records]
        machine: name of the machine whose records are shown, or ``all``. [default: that of the newest record]
        published: networks outside the zoo, too, by what papers print.
        strict_ranks: whether the medians alone decide ranks, where intervals overlap.
        pivot: ``size``, ``threads`` or ``mode`` across, one network a row.
        tell: gets lines on what is left out.

    Returns:
        Tables to print, to write or to take as a frame.

    Raises:
        InputError: no records, none of a scale or of the machine, or none that differ in the pivot's axis alone.
    """
    scales = (scale,) if isinstance(scale, int) else scale
    rows = rows_in(Path(folder), scales, machine, with_published=published, tell=tell)
    made = Leaderboard(rows, strict_ranks, pivot)
    if pivot is not None and not made.sections:
        cure = f"'srbench profile {_APART[pivot]}' makes some"
        raise InputError(f"--pivot {pivot}: no two records differ in {pivot} alone; {cure}")
    return made


def report(
    folder: str | Path = "results",
    output: str | Path | None = None,
    *,
    scale: int | Collection[int] = (),
    machine: str | None = None,
    published: bool = False,
    tell: Tell = silent,
) -> Path:
    """Write one HTML file that needs no network: table, plot, samples and layers to explore.

    Args:
        folder: as given to ``srbench profile --output``.
        output: the file. [default: report.html in the folder]
        scale: upscaling factor, or several. [default: all that have records]
        machine: name of the machine whose records are shown, or ``all``. [default: that of the newest record]
        published: networks outside the zoo, too, by what papers print.
        tell: gets lines on what is left out.

    Returns:
        The file.

    Raises:
        InputError: no records, none of a scale or of the machine, or a file that cannot be written.
    """
    scales = (scale,) if isinstance(scale, int) else scale
    records = records_in(Path(folder), scales, machine, tell)
    pairs = rows_with_records(records, ClaimBook(load_claims()), measured_in(Path(folder), tell=tell))
    rows: list[Row] = [row for row, _ in pairs]
    behind: list[Record | None] = [record for _, record in pairs]
    if published:
        others = published_beside(rows)
        rows, behind = [*rows, *others], [*behind, *([None] * len(others))]
    path = Path(output) if output is not None else Path(folder) / PAGE
    store.prepare(path.parent)
    write_text(path, page(rows, behind, _said(rows)))
    return path


def _said(rows: Sequence[Row]) -> str:
    """What the largest table of these rows says, which the page opens with; of which table, where there are several."""
    measured = tables.groups([row for row in rows if row.status != "PUBLISHED"])
    if not measured:
        return ""
    largest = max(measured, key=len)
    said = sentence(summary(largest, ranking(largest)))
    return f"{tables.caption(largest)}: {said}" if said and len(measured) > 1 else said
