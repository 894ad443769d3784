"""A leaderboard as a terminal shows it: one sentence, the costs, one quality a cell, and few notes.

Sources, letters and what papers say beside what was measured stand in the files.
"""

from collections.abc import Sequence

from srbench.board.leaderboard import QUALITY_METRICS, own_sets
from srbench.board.published import QUALITY_SETS
from srbench.board.ranks import ranking
from srbench.board.rows import Quality, Row
from srbench.board.summary import summary
from srbench.render.grid import DASH, Cell, Grid, Note, Section, transposed, with_best
from srbench.render.sentence import sentence
from srbench.render.tables import caption, cost_grid, digits, groups, marks, name_of, not_ranked
from srbench.render.text import shortened
from srbench.statuses import FAILURES

#: Behind a published figure among measured ones.
_PUBLISHED = "(p)"


def sections(rows: Sequence[Row], *, by_median: bool = False) -> list[Section]:
    """One for each workload and device; see :func:`srbench.render.tables.sections`."""
    return [_section(group, by_median) for group in groups(rows)]


def _section(rows: Sequence[Row], by_median: bool) -> Section:
    ranked = ranking(rows, by_median=by_median)
    # Names in a terminal carry no letters: what they would lead to stands in the files.
    quality = _quality(rows)
    grids = (cost_grid(rows, ranked), *([quality] if quality is not None else []))
    notes = [*not_ranked(rows), *_failures(rows), *_doubts(rows), *marks(rows)]
    if quality is not None and any(cell.tail == _PUBLISHED for row in quality.rows for cell in row):
        notes.append(f"{_PUBLISHED}: as published, not measured here.")
    return Section(caption(rows), grids, tuple(map(Note, notes)), sentence(summary(rows, ranked)))


def _quality(rows: Sequence[Row]) -> Grid | None:
    """Own figures of each network, measured before published; None where there are none."""
    sets = [*QUALITY_SETS, *own_sets(rows)]
    having = [row for row in rows if any(_own(row, name) is not None for name in sets)]
    sets = [name for name in sets if any(_own(row, name) is not None for row in having)]
    if not having:
        return None
    kinds = {figure.kind for row in having for name in sets if (figure := _own(row, name)) is not None}
    mixed = "measured" in kinds and len(kinds) > 1
    columns = [[Cell(name_of(row)) for row in having]]
    for name in sets:
        values = [figure.value if (figure := _own(row, name)) is not None else None for row in having]
        columns.append(with_best([_figure(row, name, mixed) for row in having], values, "high"))
    how = "measured" if "measured" in kinds else "as published"
    importance = (0, *range(len(sets), 0, -1))
    return Grid(
        ("Model", *map(shortened, sets)), transposed(columns), f"PSNR [dB] / SSIM on Y, {how}", importance=importance
    )


def _own(row: Row, name: str) -> Quality | None:
    return row.own_quality(QUALITY_METRICS[0], name)


def _figure(row: Row, name: str, mixed: bool) -> Cell:
    psnr = _own(row, name)
    if psnr is None:
        return Cell(DASH)
    ssim = row.own_quality(QUALITY_METRICS[1], name)
    same = ssim is not None and (ssim.kind == "measured") == (psnr.kind == "measured")
    return Cell(
        f"{digits(psnr)}/{digits(ssim if same else None)}", _PUBLISHED if mixed and psnr.kind != "measured" else ""
    )


def _failures(rows: Sequence[Row]) -> list[str]:
    """Why rows failed, those of one reason together."""
    reasons: dict[str, list[Row]] = {}
    for row in rows:
        if row.status in FAILURES:
            reasons.setdefault(f"{row.status}: {row.reason}", []).append(row)
    return [f"{_listed(failed)}: {reason}{_cure(failed[0])}" for reason, failed in reasons.items()]


def _doubts(rows: Sequence[Row]) -> list[str]:
    """What is to be said of rows that did not fail: reasons of one status together, those of valid rows one by one."""
    sound = [row for row in rows if row.status not in FAILURES and row.status != "PUBLISHED" and row.reason]
    notes = [f"{name_of(row)}: {row.reason}" for row in sound if row.status == "VALID"]
    doubtful: dict[str, list[Row]] = {}
    for row in (row for row in sound if row.status != "VALID"):
        doubtful.setdefault(row.status, []).append(row)
    for status, several in doubtful.items():
        first = several[0]
        if len(several) == 1:
            notes.append(f"{name_of(first)}: {status}: {first.reason}{_cure(first)}")
        else:
            notes.append(f"{status}: {_listed(several)}{_cure(first)}")
    return notes


def _listed(rows: Sequence[Row]) -> str:
    return ", ".join(dict.fromkeys(map(name_of, rows)))


def _cure(row: Row) -> str:
    return f"; {row.advice}" if row.advice else ""
