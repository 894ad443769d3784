"""Who is first: ranks of intervals, where what cannot be told apart shares a rank."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from srbench.board.figures import Good
from srbench.board.metrics import RUNTIME
from srbench.board.rows import Row
from srbench.measure.stats import Interval
from srbench.records import DISTURBED, FAILURES

#: Beyond this share of networks on one rank a ranking says nothing.
MOST_FIRST = 0.5


@dataclass(frozen=True)
class Ranking:
    """Rows of one size, mode and place by their runtime.

    Attributes:
        places: the rank of each row; None where it has none.
        why: why there is no ranking, in a phrase; empty where there is one.
    """

    places: tuple[int | None, ...]
    why: str = ""


def ranking(rows: Sequence[Row], *, by_median: bool = False) -> Ranking:
    """Rank what compares: networks on luma among themselves, and nothing that failed or was disturbed.

    There is no ranking where most networks would share the first rank: then the run does not tell which is faster.
    """
    places: list[int | None] = [None] * len(rows)
    blurred: list[str] = []
    for colors in ("rgb", "y"):
        fit = [i for i, row in enumerate(rows) if row.colors == colors and can_be_ranked(row)]
        found = ranks([RUNTIME.spread(rows[i]) for i in fit], RUNTIME.good, by_median=by_median)
        first = Counter(found)[1]
        if len(fit) < 2:
            continue
        if first > max(1, MOST_FIRST * len(fit)) and not by_median:
            blurred.append(f"the intervals of {first} of {len(fit)} overlap{' (Y)' if colors == 'y' else ''}")
            continue
        for i, rank in zip(fit, found, strict=True):
            places[i] = rank
    return Ranking(tuple(places), " and ".join(blurred))


def can_be_ranked(row: Row) -> bool:
    """Whether a row has a runtime that nothing disturbed."""
    return RUNTIME.raw(row) is not None and row.status not in FAILURES | DISTURBED


def ranks(
    intervals: Sequence[Interval | None], good: Good | None = "low", *, by_median: bool = False
) -> list[int | None]:
    """The rank of each interval, the best first; None where there is none.

    A rank is 1 + the number of others that are surely better: whose whole interval lies beyond. Overlapping intervals
    so share a rank unless a third one tells them apart. With ``by_median`` the medians decide alone, and only equal
    ones share a rank.

    Args:
        intervals: one for each network.
        good: ``low`` or ``high``; None for a metric that has no better end.
        by_median: let the medians decide alone.
    """
    known = [interval for interval in intervals if interval is not None]

    def better(one: Interval, other: Interval) -> bool:
        low, high = (other, one) if good == "high" else (one, other)
        return low.median < high.median if by_median else low.high < high.low

    return [None if interval is None else 1 + sum(better(other, interval) for other in known) for interval in intervals]
