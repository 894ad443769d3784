"""``srbench report``: one HTML file to explore what is stored."""

from collections.abc import Collection, Sequence
from pathlib import Path

from srbench import store
from srbench.board.leaderboard import Row, published_rows, rows_of, without_shadows
from srbench.board.published import ClaimBook, load_claims
from srbench.commands import say
from srbench.commands.leaderboard import measured_in, records_in
from srbench.records import Record
from srbench.render.page import page

FILE = "report.html"


def report(output: Path, scales: Collection[int], machine: str | None, *, with_published: bool) -> int:
    """Write the page of the scales given, or of every scale that has records."""
    records = records_in(output, scales, machine)
    claims = ClaimBook(load_claims())
    rows, behind = rows_with_records(records, claims, output)
    if with_published:
        others = [row for scale in sorted({row.scale for row in rows}) for row in published_rows(scale, claims)]
        rows, behind = [*rows, *others], [*behind, *([None] * len(others))]
    store.prepare(output)
    path = output / FILE
    store.write_text(path, page(rows, behind))
    say(f"wrote {path}")
    return 0


def rows_with_records(
    records: Sequence[Record], claims: ClaimBook, output: Path
) -> tuple[list[Row], list[Record | None]]:
    """The rows of the leaderboard in its order, and the record behind each."""
    measured = measured_in(output)
    kept = without_shadows(records)
    rows = rows_of(kept, claims, measured)
    place = {repr(row): number for number, row in enumerate(rows)}
    # Rows that are equal in everything are the same to a reader, whichever record stands behind which.
    pairs = sorted(
        ((row, record) for record in kept for row in rows_of([record], claims, measured)),
        key=lambda pair: place[repr(pair[0])],
    )
    return [row for row, _ in pairs], [record for _, record in pairs]
