"""The page: one self-contained HTML file with everything that the records hold."""

import json
from collections.abc import Sequence
from importlib.metadata import version

from srbench.board.rows import Row
from srbench.records import Record
from srbench.render import tables
from srbench.render.page.details import details_of
from srbench.render.page.document import document
from srbench.render.page.facts import machine_lines
from srbench.render.page.libraries import LIBRARIES
from srbench.render.page.meanings import MARKS, VERDICTS, notes_of
from srbench.render.page.rows import cost_columns, quality_columns, rows_data
from srbench.render.page.values import LibraryData, PageData
from srbench.text import plain


def page(rows: Sequence[Row], records: Sequence[Record | None], sentence: str = "") -> str:
    """The page of these rows as HTML.

    Args:
        rows: of a leaderboard, in its order.
        records: what each row came from, None for a row that only papers know.
        sentence: what the rows say, to stand on top.
    """
    data, colors = rows_data(rows)
    newest = max((record.finished for record in records if record is not None), default=None)
    content = PageData(
        version=version("srbench"),
        newest=f"{newest:%Y-%m-%d %H:%M}" if newest else "",
        sentence=plain(sentence),
        machines=machine_lines([record.machine for record in records if record is not None]),
        costs=cost_columns(rows),
        quality=quality_columns(rows),
        rows=data,
        notes=notes_of(rows),
        marks=MARKS,
        verdicts=VERDICTS,
        libraries=tuple(_library_data()),
        colors=colors,
    )
    # Parsed only when they are asked for: they are most of the page.
    details = details_of(records)
    return document(content.model_dump_json(exclude_defaults=True), details.model_dump_json(), csv_data(rows))


def csv_data(rows: Sequence[Row]) -> str:
    """The leaderboard's CSV as a JSON list of lines, the header first. A line is a row: no cell holds a newline."""
    lines = tables.csv(rows).removesuffix("\n").split("\n")
    if len(lines) != 1 + len(rows):
        raise AssertionError(f"{len(lines)} lines of CSV for {len(rows)} rows")
    return json.dumps(lines, ensure_ascii=False)


def _library_data() -> list[LibraryData]:
    return [
        LibraryData(
            name=library.package,
            version=library.version,
            licence=library.licence,
            text=library.licence_file.read_text(encoding="utf-8"),
        )
        for library in LIBRARIES
    ]
