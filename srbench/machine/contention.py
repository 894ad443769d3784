"""How much of this process's cores other programs took meanwhile."""

import os
from dataclasses import dataclass
from time import perf_counter_ns

from srbench.machine import busy_seconds

#: The kernel counts in hundredths of a second: shorter measurements say nothing about others.
CONTENTION_NEEDS_S = 0.5
_NS_PER_S = 1e9


@dataclass(frozen=True)
class Clocks:
    """Seconds: of the wall, of this process on its cores, of everyone on those cores (None where unknown)."""

    wall_s: float
    own_s: float
    everyone_s: float | None


def clocks() -> Clocks:
    """As they stand now."""
    times = os.times()
    return Clocks(perf_counter_ns() / _NS_PER_S, times.user + times.system, busy_seconds())


def others_cores(start: Clocks, end: Clocks) -> float | None:
    """Cores that other programs used meanwhile; None where that is not known or the time was too short to tell."""
    wall = end.wall_s - start.wall_s
    if start.everyone_s is None or end.everyone_s is None or wall < CONTENTION_NEEDS_S:
        return None
    return max(0.0, (end.everyone_s - start.everyone_s - (end.own_s - start.own_s)) / wall)
