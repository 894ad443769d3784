"""What a table says in one sentence, as data: who is fastest, who is best, who is on the front, what is not told."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from srbench.board.metric import Metric
from srbench.board.metrics import MULTI_ADDS, RUNTIME
from srbench.board.published import QUALITY_SETS
from srbench.board.ranks import Ranking, can_be_ranked
from srbench.board.rows import Quality, Row
from srbench.measure.stats import Interval
from srbench.records import DISTURBED

#: Kinds of figures, the better first, and a row's on a set.
_KINDS: tuple[tuple[Literal["measured", "published"], Callable[[Row, str], Quality | None]], ...] = (
    ("measured", lambda row, name: row.measured.get(("psnr_y", name))),
    ("published", lambda row, name: row.published_quality("psnr_y", name)),
)
#: A front of fewer is no trade-off.
_LEAST_ON_A_FRONT = 3


@dataclass(frozen=True)
class Fastest:
    """Who is first by runtime.

    Attributes:
        rows: the first ones; several where their intervals overlap, none where this run does not tell.
        next: the fastest of the others, where the first is one alone.
        of: how many were ranked, and how many were timed.
        why: why nobody is first, where nobody is.
        disturbed: how many runtimes have which status for which they are not ranked.
    """

    rows: tuple[Row, ...]
    next: Row | None
    of: tuple[int, int]
    why: str
    disturbed: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Best:
    """Who has the best PSNR on a set.

    Attributes:
        rows: the best; several where they print as one number.
        psnr: in dB.
        dataset: the set.
        kind: whether measured figures were compared, or published ones.
        of: how many networks have such a figure, and how many there are.
    """

    rows: tuple[Row, ...]
    psnr: float
    dataset: str
    kind: Literal["measured", "published"]
    of: tuple[int, int]


@dataclass(frozen=True)
class Front:
    """Networks that no other beats in both PSNR and cost, cheapest first.

    Attributes:
        sure: those on it whatever the truth within the intervals is.
        perhaps: those that the intervals do not tell.
        cost: ``runtime_ms`` or ``multi_adds``.
    """

    sure: tuple[Row, ...]
    perhaps: tuple[Row, ...]
    cost: str


@dataclass(frozen=True)
class Summary:
    """What a table says; None of what it does not.

    Attributes:
        alone: the row, where it is the only one that was measured.
        fastest: by runtime; None where fewer than two were timed.
        lightest: those with the fewest Multi-Adds, where nothing was timed.
        best: by PSNR; None where fewer than two have one of a kind.
        front: of PSNR over cost.
    """

    alone: Row | None = None
    fastest: Fastest | None = None
    lightest: tuple[Row, ...] = ()
    best: Best | None = None
    front: Front | None = None


def summary(rows: Sequence[Row], ranked: Ranking) -> Summary:
    """Sum up the rows of one table; networks on luma alone are left out, they do not compare.

    Args:
        rows: of one size and place, published ones among them or not.
        ranked: their ranks, in the same order.
    """
    places = {id(row): place for row, place in zip(rows, ranked.places, strict=True)}
    fit = [row for row in rows if row.colors == "rgb" and not row.failed and row.status != "PUBLISHED"]
    timed = [row for row in fit if RUNTIME.raw(row) is not None]
    if len(fit) == 1:
        return Summary(alone=fit[0])
    fastest = _fastest(timed, places, ranked.why) if len(timed) > 1 else None
    best, psnr = _best(fit)
    front = None
    if best is not None and (fastest is None or fastest.rows):
        clean = [row for row in fit if fastest is None or can_be_ranked(row)]
        front = _front(clean, psnr, RUNTIME if fastest is not None else MULTI_ADDS)
    return Summary(fastest=fastest, lightest=() if timed else _lightest(fit), best=best, front=front)


def _fastest(timed: Sequence[Row], places: dict[int, int | None], why: str) -> Fastest:
    ranked = _cheapest_first([row for row in timed if places[id(row)] is not None], RUNTIME)
    first = [row for row in ranked if places[id(row)] == 1]
    rest = [row for row in ranked if places[id(row)] != 1]
    statuses = Counter(row.status for row in timed if row.status in DISTURBED)
    alone = len(first) == 1 and rest
    return Fastest(
        tuple(first), rest[0] if alone else None, (len(ranked), len(timed)), why, tuple(statuses.most_common())
    )


def _best(rows: Sequence[Row]) -> tuple[Best | None, dict[int, float]]:
    """The best on the set on which most have a figure, measured ones before published ones; and each row's PSNR."""
    own = sorted({name for row in rows for _, name in row.measured} - set(QUALITY_SETS))
    for kind, read in _KINDS:
        found = {
            name: {id(row): figure.value for row in rows if (figure := read(row, name)) is not None}
            for name in (*QUALITY_SETS, *own)
        }
        dataset = max(found, key=lambda name: len(found[name]))
        psnr = found[dataset]
        if len(psnr) < 2:
            continue
        top = max(psnr.values())
        first = tuple(row for row in rows if id(row) in psnr and round(psnr[id(row)], 2) == round(top, 2))
        return Best(first, top, dataset, kind, (len(psnr), len(rows))), psnr
    return None, {}


def _front(rows: Sequence[Row], psnr: Mapping[int, float], cost: Metric) -> Front | None:
    points = [
        (psnr[id(row)], spread, row) for row in rows if id(row) in psnr and (spread := _spread(row, cost)) is not None
    ]
    if len(points) < _LEAST_ON_A_FRONT:
        return None
    sure: list[Row] = []
    perhaps: list[Row] = []
    # From the best PSNR down, of equal ones the cheapest first: who comes later must be cheaper than all before.
    points.sort(key=lambda point: (-point[0], point[1].median))
    lowest = lowest_high = math.inf
    for _, alike in groupby(points, key=lambda point: (point[0], point[1].median)):
        group = list(alike)
        for _, spread, row in group:
            # A number that is known exactly is beaten by the same number at a better PSNR.
            if lowest_high < spread.low or lowest_high == spread.low == spread.high:
                continue
            (perhaps if lowest <= spread.high else sure).append(row)
        lowest = min(lowest, *(spread.low for _, spread, _ in group))
        lowest_high = min(lowest_high, *(spread.high for _, spread, _ in group))
    return Front(_cheapest_first(sure, cost), _cheapest_first(perhaps, cost), cost.key)


def _cheapest_first(rows: Sequence[Row], cost: Metric) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=lambda row: cost.raw(row) or 0.0))


def _spread(row: Row, cost: Metric) -> Interval | None:
    """What a row costs; a number without an interval is known exactly."""
    value = cost.exact(row)
    return cost.spread(row) or (None if value is None else Interval(value, value, value, "range"))


def _lightest(rows: Sequence[Row]) -> tuple[Row, ...]:
    known = [(value, row) for row in rows if (value := MULTI_ADDS.exact(row)) is not None]
    least = min((value for value, _ in known), default=None)
    return tuple(row for value, row in known if value == least) if len(known) > 1 else ()
