"""What a table says in one sentence, as data: who is fastest, who is best, who is on the front, what is not told."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from srbench.board.metrics import MULTI_ADDS, RUNTIME
from srbench.board.published import QUALITY_SETS
from srbench.board.ranks import Ranking, can_be_ranked
from srbench.board.rows import Quality, Row
from srbench.measure.stats import Interval
from srbench.records import DISTURBED

#: PSNRs that differ by less are one number in a table.
_SAME_DB = 0.005
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
    best, psnr_of = _best(fit)
    front = None
    if psnr_of is not None and (fastest is None or fastest.rows):
        clean = [row for row in fit if fastest is None or can_be_ranked(row)]
        front = _front(clean, psnr_of, _runtime if fastest is not None else _multi_adds)
    return Summary(fastest=fastest, lightest=() if timed else _lightest(fit), best=best, front=front)


def _fastest(timed: Sequence[Row], places: dict[int, int | None], why: str) -> Fastest:
    ranked = sorted((row for row in timed if places[id(row)] is not None), key=_median)
    first = [row for row in ranked if places[id(row)] == 1]
    rest = [row for row in ranked if places[id(row)] != 1]
    statuses = Counter(row.status for row in timed if row.status in DISTURBED)
    alone = len(first) == 1 and rest
    return Fastest(
        tuple(first), rest[0] if alone else None, (len(ranked), len(timed)), why, tuple(statuses.most_common())
    )


def _best(rows: Sequence[Row]) -> tuple[Best | None, Callable[[Row], float | None] | None]:
    """The best of the set on which most have a figure, measured ones before published ones; and how to read it."""
    own = sorted({name for row in rows for _, name in row.measured} - set(QUALITY_SETS))
    kinds: tuple[tuple[Literal["measured", "published"], Callable[[Row, str], Quality | None]], ...] = (
        ("measured", lambda row, name: row.measured.get(("psnr_y", name))),
        ("published", lambda row, name: row.published_quality("psnr_y", name)),
    )
    for kind, read in kinds:
        having = {name: [row for row in rows if read(row, name) is not None] for name in (*QUALITY_SETS, *own)}
        dataset = max(having, key=lambda name: len(having[name]))
        if len(having[dataset]) < 2:
            continue

        def psnr(row: Row, read: Callable[[Row, str], Quality | None] = read, name: str = dataset) -> float | None:
            figure = read(row, name)
            return figure.value if figure is not None else None

        values = [(value, row) for row in having[dataset] if (value := psnr(row)) is not None]
        top = max(value for value, _ in values)
        first = tuple(row for value, row in values if top - value < _SAME_DB)
        return Best(first, top, dataset, kind, (len(values), len(rows))), psnr
    return None, None


def _front(
    rows: Sequence[Row], psnr_of: Callable[[Row], float | None], cost_of: Callable[[Row], Interval | None]
) -> Front | None:
    points = [
        (psnr, cost, row) for row in rows if (psnr := psnr_of(row)) is not None and (cost := cost_of(row)) is not None
    ]
    if len(points) < _LEAST_ON_A_FRONT:
        return None
    sure: list[Row] = []
    perhaps: list[Row] = []
    for psnr, cost, row in sorted(points, key=lambda point: point[1].median):
        # As good and cheaper, or better and as cheap: what beats a network has a cost below, or of the same number.
        better = [other for value, other, _ in points if value > psnr or (value == psnr and other.median < cost.median)]
        if any(other.high < cost.low or _same_number(other, cost) for other in better):
            continue
        (perhaps if any(other.low <= cost.high for other in better) else sure).append(row)
    return Front(tuple(sure), tuple(perhaps), RUNTIME.key if cost_of is _runtime else MULTI_ADDS.key)


def _same_number(one: Interval, other: Interval) -> bool:
    """Whether both are one number that is known exactly."""
    return one.low == one.high == other.low == other.high


def _lightest(rows: Sequence[Row]) -> tuple[Row, ...]:
    known = [(value, row) for row in rows if (value := MULTI_ADDS.raw(row)) is not None]
    least = min((value for value, _ in known), default=None)
    return tuple(row for value, row in known if value == least) if len(known) > 1 else ()


def _runtime(row: Row) -> Interval | None:
    return RUNTIME.spread(row)


def _multi_adds(row: Row) -> Interval | None:
    value = MULTI_ADDS.raw(row)
    return None if value is None else Interval(value, value, value, "range")


def _median(row: Row) -> float:
    return RUNTIME.raw(row) or 0.0
