"""Standings of a challenge as its reports print them, as raw CSV, and as its scripts' results.json and results.txt."""

import json
import math
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from srbench.board.challenge import MAIN, Entry, Standing, as_float, score_text
from srbench.board.editions import METRICS, Column, Edition, ExpScore, Listed, RankSums, RealTime
from srbench.board.entries import JSON_KEYS, TEXT_COLUMNS
from srbench.render.grid import DASH, Cell, Footnotes, Grid, Note, Section, transposed, with_best
from srbench.render.text import escape_csv, shortened
from srbench.text import plain

if TYPE_CHECKING:
    import pandas as pd

#: Larger numbers have an exponent.
_READABLE = 1e9


def section(standings: Sequence[Standing], edition: Edition, *, ours: bool) -> Section:
    """The table of an edition. ``ours``: whether the figures were measured by srbench.

    Args:
        standings: of the networks, in order.
        edition: whose rules ranked them.
        ours: whether srbench measured the figures.
    """
    footnotes = Footnotes()
    rule = edition.rule
    common = _common(standings)
    teams = [Cell(shortened(s.entry.team), marks=_marks(footnotes, s, common)) for s in standings]
    columns: list[tuple[str, list[Cell]]] = [("Network" if isinstance(rule, Listed) else "Team", teams)]
    known = [column for column in edition.columns if any(column.key in s.entry.values for s in standings)]
    metrics = [(column.title, _metric(standings, column, footnotes)) for column in known]
    ranks = [Cell(str(s.rank) if s.rank is not None else DASH) for s in standings]
    if isinstance(rule, RankSums):
        sums = [(total.title, [_sum(s, total.title) for s in standings]) for total in rule.sums]
        columns += [("Main Track", ranks), *sums, *metrics]
    elif isinstance(rule, ExpScore):
        scores = [(f"Score {title}", _scores(standings, metric)) for metric, title in rule.titles.items()]
        columns += [*metrics, *scores, ("Score", _scores(standings, MAIN)), ("Rank", ranks)]
    elif isinstance(rule, RealTime):
        columns += [("Score", _scores(standings, MAIN, high=True)), *metrics, ("Rank", ranks)]
    else:
        columns += metrics
    titles = tuple(title for title, _ in columns)
    grid = Grid(
        titles,
        transposed([cells for _, cells in columns]),
        rules=_rules(standings),
        importance=tuple(map(_importance, titles)),
    )
    notes = [Note(text) for text in _notes(edition, ours=ours)]
    if absent := [column.title for column in edition.columns if column not in known]:
        notes.append(Note(f"Nothing is known of {', '.join(absent)}."))
    if isinstance(rule, RankSums) and any(s.entry.given_ranks for s in standings):
        notes.append(
            Note("Values printed alike are ordered by the ranks that came with them: their source knew more digits.")
        )
    notes += [Note(f"Of all entries: {text}.") for text in common]
    return Section(_caption(edition), (grid,), (*notes, *footnotes.notes()))


def _importance(title: str) -> int:
    """Places first, then what they follow from."""
    places = ("Rank", "Main Track", "Score", "Overall", "Model Comp.")
    return len(places) - places.index(title) + 1 if title in places else "Time" in title or "Runtime" in title


def _common(standings: Sequence[Standing]) -> list[str]:
    """What is to be said of every entry, where there are several."""
    entries = [s for s in standings if not s.baseline]
    return [text for text in entries[0].remarks if all(text in s.remarks for s in entries)] if len(entries) > 1 else []


def _marks(footnotes: Footnotes, standing: Standing, common: Collection[str]) -> tuple[str, ...]:
    marks = (footnotes.mark(text) for text in standing.remarks if text not in common)
    return tuple(sorted(marks, key=lambda mark: (len(mark), mark)))


def _metric(standings: Sequence[Standing], column: Column, footnotes: Footnotes) -> list[Cell]:
    cells = []
    for standing in standings:
        text = _text(standing.entry, column.key, column.digits)
        if column.beside and (text != DASH or column.beside in standing.entry.values):
            text += f"/{_text(standing.entry, column.beside, column.beside_digits)}"
        rank = standing.ranks.get(column.key)
        # Scores have columns of their own; a rank belongs to the score there.
        shown = rank is not None and column.key not in standing.log_scores
        claims = [standing.entry.claims[key] for key in (column.key, column.beside) if key in standing.entry.claims]
        marks = dict.fromkeys(footnotes.mark(f"{kind}: {source}") for kind, source in claims)
        cells.append(Cell(text, rank=str(rank) if shown else "", marks=tuple(marks)))
    values = [s.entry.values.get(column.key) if s.ranked else None for s in standings]
    high = column.key.startswith(("val_psnr", "test_psnr", "test_ssim", "psnr", "ssim"))
    return with_best(cells, values, None if column.key == "conv" else "high" if high else "low")


def _text(entry: Entry, key: str, digits: int) -> str:
    value = entry.values.get(key)
    if value is None:
        return DASH
    return f"{value:,.{digits}f}" if value < _READABLE else f"{value:.3g}"


def _sum(standing: Standing, title: str) -> Cell:
    if title not in standing.sums:
        return Cell(DASH)
    return Cell(str(standing.sums[title]), rank=str(standing.ranks[title]))


def _scores(standings: Sequence[Standing], metric: str, *, high: bool = False) -> list[Cell]:
    cells = []
    for standing in standings:
        score = standing.log_scores.get(metric)
        rank = standing.ranks.get(metric)
        cells.append(Cell(DASH if score is None else score_text(score), rank=str(rank) if rank is not None else ""))
    values = [s.log_scores.get(metric) if s.ranked else None for s in standings]
    return with_best(cells, values, "high" if high else "low")


def _rules(standings: Sequence[Standing]) -> frozenset[int]:
    """A line where the ranking ends, and one above the baseline."""
    return frozenset(
        row
        for row in range(1, len(standings))
        if standings[row].baseline or (standings[row - 1].ranked and not standings[row].ranked)
    )


def _caption(edition: Edition) -> str:
    width, height = edition.inputs.counts_lr
    return f"{edition.title}: x{edition.scale}, counts at LR {width}x{height}"


def _notes(edition: Edition, *, ours: bool) -> list[str]:
    notes = [*edition.notes]
    rule = edition.rule
    if isinstance(rule, ExpScore):
        notes.append(
            f"Score of a metric: exp({rule.factor:g} x value / baseline's); Score: {rule.formula}; lower is better."
        )
    elif isinstance(rule, RealTime):
        notes.append(f"Score: {rule.formula}; higher is better.")
    elif isinstance(rule, RankSums):
        shared = "; equal sums share a rank" if all(total.ties == "share" for total in rule.sums) else ""
        notes.append(f"In brackets: ranks, from unrounded values where they are known{shared}.")
    if edition.floor is not None:
        floors = ", ".join(
            f"{METRICS[key].split(',')[0]} {value:.2f} dB" for key, value in edition.floor.values.items()
        )
        digits = edition.floor.round_to
        how = f"after rounding to {digits} decimals" if digits is not None else "exact"
        notes.append(f"Floor ({how}): {floors}; below the line: not ranked.")
    if ours:
        width, height = edition.inputs.time_lr
        here = f"Runtime and memory were measured by srbench at LR {width}x{height}, batch 1"
        notes.append(f"{here}; {edition.inputs.time_note}." if edition.inputs.time_note else f"{here}.")
    else:
        notes.append(f"Source of the rules: {edition.source}.")
    return notes


def frame(standings: Sequence[Standing], edition: Edition) -> "pd.DataFrame":
    """Raw numbers, a row for each entry; scores also as natural logarithms, which no score is too large for."""
    import pandas as pd

    metrics = [key for column in edition.columns for key in (column.key, column.beside) if key]
    rows = []
    for standing in standings:
        row: dict[str, object] = {"team": escape_csv(standing.entry.team), "status": _status(standing)}
        row |= {key: standing.entry.values.get(key) for key in metrics}
        for metric, (kind, source) in standing.entry.claims.items():
            row |= {f"{metric}_kind": kind, f"{metric}_source": escape_csv(source)}
        row |= {f"rank_{_slug(key)}": rank for key, rank in standing.ranks.items()}
        row |= {f"sum_{_slug(title)}": total for title, total in standing.sums.items()}
        for metric, score in standing.log_scores.items():
            row |= {f"score_{metric}": as_float(score), f"ln_score_{metric}": None if math.isinf(score) else score}
        row |= {"rank": standing.rank, "remarks": escape_csv("; ".join(standing.remarks))}
        rows.append(row)
    header = dict.fromkeys(key for row in rows for key in row if key not in ("rank", "remarks"))
    return pd.DataFrame(rows, columns=[*header, "rank", "remarks"], dtype=object)


def _status(standing: Standing) -> str:
    """As the published tables call it; read again, the floor decides anew who of the unranked is."""
    if standing.baseline:
        return "baseline"
    return "ranked" if standing.ranked else "reference" if standing.entry.listed_below else "unranked"


def _slug(title: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in title.lower()).strip("_")


def results_json(standings: Iterable[Standing]) -> str:
    """As the challenges' scripts write results.json: a network's name, then its figures under their keys."""
    content = {
        standing.entry.team: {
            key: standing.entry.values[metric] for key, metric in JSON_KEYS.items() if metric in standing.entry.values
        }
        for standing in standings
    }
    return json.dumps(content, indent=1) + "\n"


def results_text(standings: Sequence[Standing]) -> str:
    """As the challenges' scripts write results.txt: fields of fixed width between tabs, a dash for the unknown."""
    names = [plain(standing.entry.team) for standing in standings]
    width = max([len("Model"), *map(len, names)])
    lines = ["\t".join([f"{'Model':{width}}", *(f"{title:>14}" for title in TEXT_COLUMNS)])]
    for name, standing in zip(names, standings, strict=True):
        cells = [
            f"{standing.entry.values[metric]:{form}}" if metric in standing.entry.values else DASH
            for metric, form in TEXT_COLUMNS.values()
        ]
        lines.append("\t".join([f"{name:{width}}", *(f"{cell.strip():>14}" for cell in cells)]))
    return "\n".join(lines) + "\n"
