"""Who is first: ranks of intervals, where what cannot be told apart shares a rank."""

from collections.abc import Sequence

from srbench.measure.stats import Interval


def ranks(intervals: Sequence[Interval | None], *, by_median: bool = False) -> list[int | None]:
    """The rank of each interval, lowest first; None where there is none.

    A rank is 1 + the number of others that are surely lower: whose whole interval lies below. Overlapping intervals
    so share a rank unless a third one tells them apart. With ``by_median`` the medians decide alone, and only equal
    ones share a rank.
    """
    known = [interval for interval in intervals if interval is not None]

    def lower(one: Interval, other: Interval) -> bool:
        return one.median < other.median if by_median else one.high < other.low

    return [None if interval is None else 1 + sum(lower(other, interval) for other in known) for interval in intervals]
