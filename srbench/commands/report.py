"""``srbench report``: one HTML file to explore what is stored."""

from collections.abc import Collection
from pathlib import Path

from srbench import store
from srbench.board.leaderboard import published_rows, rows_with_records
from srbench.board.published import ClaimBook, load_claims
from srbench.board.rows import Row
from srbench.commands import say
from srbench.commands.leaderboard import measured_in, records_in
from srbench.files import write_text
from srbench.records import Record
from srbench.render.page import page

FILE = "report.html"


def report(output: Path, scales: Collection[int], machine: str | None, *, with_published: bool) -> int:
    """Write the page of the scales given, or of every scale that has records."""
    records = records_in(output, scales, machine)
    claims = ClaimBook(load_claims())
    pairs = rows_with_records(records, claims, measured_in(output))
    rows: list[Row] = [row for row, _ in pairs]
    behind: list[Record | None] = [record for _, record in pairs]
    if with_published:
        others = [row for scale in sorted({row.scale for row in rows}) for row in published_rows(scale, claims)]
        rows, behind = [*rows, *others], [*behind, *([None] * len(others))]
    store.prepare(output)
    path = output / FILE
    write_text(path, page(rows, behind))
    say(f"wrote {path}")
    return 0
