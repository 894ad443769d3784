"""Metrics as columns and axes: one for each test set, the score of a challenge, and how people ask for one."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from srbench.board import metrics
from srbench.board.figures import Good, QualityMetric
from srbench.board.metric import Metric
from srbench.board.metrics import QUALITY
from srbench.board.published import QUALITY_SETS, quality_key
from srbench.board.rows import Row
from srbench.render.text import shortened
from srbench.text import plain

#: A score belongs to a challenge: its column is made where one is named.
SCORE = "score"


def quality_columns(sets: Iterable[str] = QUALITY_SETS) -> tuple[Metric, ...]:
    """PSNR and SSIM on each set."""
    return tuple(_on_set(metric, dataset) for dataset in sets for metric in QUALITY)


def _on_set(name: QualityMetric, dataset: str) -> Metric:
    metric = QUALITY[name]

    def value(row: Row) -> float | None:
        found = row.own_quality(name, dataset)
        return found.value if found else None

    return replace(
        metric,
        key=quality_key(name, dataset),
        title=f"{metric.title} on {shortened(plain(dataset))}",
        meaning=metric.meaning.replace("the set", plain(dataset)),
        of_row=value,
        cell=(name, dataset),
    )


def score_column(edition: str, rule: str, good: Good, scores: Mapping[tuple[str, str], float]) -> Metric:
    """What a challenge makes of each network, for figures.

    Args:
        edition: its name, for the title.
        rule: in words, with the baseline.
        good: which way is better.
        scores: by network and form (:attr:`srbench.board.challenge.Entry.network`).
    """

    def score(row: Row) -> float | None:
        return scores.get((row.network, row.form))

    return Metric(SCORE, f"Score ({edition})", "", good, 2, 1, rule, "machine", of_row=score)


def find(name: str, dataset: str = "set5", own: Sequence[str] = ()) -> Metric:
    """A column by the name that people type: ``params``, ``multi-adds``, ``runtime``, ``psnr`` (of a data set).

    Args:
        name: as typed.
        dataset: of quality; of a set of one's own as it is called.
        own: such sets, where there are any.

    Raises:
        ValueError: no such column or data set; the message suggests the nearest.
    """
    if (quality := metrics.named(name, QUALITY.values())) is not None:
        sets = {s: s for s in own} | {s.lower(): s for s in QUALITY_SETS}
        found = sets.get(dataset) or sets.get(dataset.lower())
        if found is None:
            raise ValueError(f"unknown data set '{dataset}'; {nearest(dataset.lower(), sets)}")
        return next(column for column in quality_columns([found]) if column.cell == (quality.key, found))
    column = metrics.named(name, (*metrics.METRICS, *quality_columns((*QUALITY_SETS, *own))))
    if column is None:
        raise ValueError(f"unknown column '{name}'; {nearest(name.strip().lower(), metrics.axes())}")
    return column


def nearest(word: str, known: "dict[str, str] | list[str]") -> str:
    """What was perhaps meant, or else all that there is."""
    near = difflib.get_close_matches(word, list(known), n=2, cutoff=0.5)
    return f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(known)}"
