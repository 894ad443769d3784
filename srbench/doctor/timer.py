"""Is the clock that times passes fine, cheap, steady and true?"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

from srbench.doctor.report import Finding
from srbench.machine import linux
from srbench.machine.linux import ROOT

#: So many reads take some milliseconds and see thousands of steps of the coarsest usable clock.
READS = 20_000
#: A pass of a millisecond is to be known within a percent.
RESOLUTION_NOTED_NS, RESOLUTION_UNFIT_NS = 1_000, 10_000
#: Each pass is timed by two reads.
OVERHEAD_NOTED_NS = 2_000
#: The clock may be slewed towards the true time by 500 parts in a million (adjtimex(2)).
RATE_TOLERANCE = 0.001
#: Two clocks are held against each other over this long at least.
RATE_NEEDS_NS = 500_000_000
#: Attempts at reading two clocks at once.
ATTEMPTS = 50


@dataclass(frozen=True)
class TimerReading:
    """How a clock behaves: smallest step and usual cost of a read in ns, and steps backwards in so many reads."""

    resolution_ns: int
    overhead_ns: float
    backwards: int


def look(clock: Callable[[], int] = time.perf_counter_ns, reads: int = READS) -> TimerReading:
    """Read a clock again and again."""
    return read(_ticks(clock, reads))


def _ticks(clock: Callable[[], int], reads: int) -> list[int]:
    return [clock() for _ in range(reads)]


def read(ticks: Sequence[int]) -> TimerReading:
    """What successive readings tell."""
    steps = [after - before for before, after in pairwise(ticks)]
    forward = [step for step in steps if step > 0]
    # A coarse clock stands still over many reads: their cost is the time of all of them, not of the middle step.
    overhead = median(steps) if forward and len(forward) > len(steps) / 2 else (ticks[-1] - ticks[0]) / len(steps)
    return TimerReading(min(forward, default=0), overhead, sum(step < 0 for step in steps))


def source(root: Path = ROOT) -> str | None:
    """What the kernel keeps time by: ``tsc``, ``kvm-clock``, ``hpet`` ..."""
    return linux.text(root / "sys/devices/system/clocksource/clocksource0/current_clocksource")


def findings(reading: TimerReading, source: str | None) -> list[Finding]:
    """Judge a clock."""
    kept_by = f" (kept by {source})" if source else ""
    return [_steady(reading, f"perf_counter_ns{kept_by}"), _fine(reading, "perf_counter_ns")]


def raw_ns() -> int | None:
    """The hardware's own clock; None where there is none."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW) if hasattr(time, "CLOCK_MONOTONIC_RAW") else None


def moment(
    clock: Callable[[], int] = time.perf_counter_ns, second: Callable[[], int | None] = raw_ns
) -> tuple[int, int] | None:
    """Two clocks at the same moment, in ns; None where there is no second one.

    Between two reads this process may be off its core for milliseconds, so of several attempts the closest counts.
    """
    closest: tuple[int, int, int] | None = None
    for _ in range(ATTEMPTS):
        before, other, after = clock(), second(), clock()
        if other is None:
            return None
        if closest is None or after - before < closest[0]:
            closest = after - before, before, other
    return closest[1:] if closest else None


def rate(begin: tuple[int, int] | None, end: tuple[int, int] | None) -> Finding:
    """Hold the clock against the hardware's own (CLOCK_MONOTONIC_RAW) between two moments."""
    code = "timer.rate"
    if begin is None or end is None or end[1] - begin[1] < RATE_NEEDS_NS:
        return Finding(code=code, level="unknown", sentence="there was no second clock to hold the first one against")
    counted, true = end[0] - begin[0], end[1] - begin[1]
    off = counted / true - 1
    sentence = (
        f"perf_counter_ns and the hardware's own clock differ by {abs(off) * 1e6:,.0f} parts in a million "
        f"over {true / 1e9:.1f} s"
    )
    if abs(off) <= RATE_TOLERANCE:
        return Finding(code=code, level="ok", sentence=sentence)
    return Finding(code=code, level="unfit", sentence=sentence, advice="look at the clock source and the time service")


def _steady(reading: TimerReading, name: str) -> Finding:
    if reading.backwards:
        sentence = f"{name} went backwards {reading.backwards} times in {READS} reads"
        return Finding(code="timer.steady", level="unfit", sentence=sentence, advice="choose another clock source")
    return Finding(code="timer.steady", level="ok", sentence=f"{name} never went backwards in {READS} reads")


def _fine(reading: TimerReading, name: str) -> Finding:
    code = "timer.resolution"
    if not reading.resolution_ns:
        return Finding(code=code, level="unfit", sentence=f"{name} stood still over {READS} reads")
    step, cost = _time(reading.resolution_ns), _time(reading.overhead_ns)
    sentence = f"the smallest step of {name} is {step}, a read takes {cost}"
    if reading.resolution_ns > RESOLUTION_UNFIT_NS:
        return Finding(code=code, level="unfit", sentence=sentence, advice="choose a finer clock source, such as tsc")
    if reading.resolution_ns > RESOLUTION_NOTED_NS or reading.overhead_ns > OVERHEAD_NOTED_NS:
        advice = "passes below a millisecond are not known within a percent; a clock source such as tsc is finer"
        return Finding(code=code, level="note", sentence=sentence, advice=advice)
    return Finding(code=code, level="ok", sentence=sentence)


def _time(ns: float) -> str:
    return f"{ns:.0f} ns" if ns < 1_000 else f"{ns / 1_000:,.1f} us"
