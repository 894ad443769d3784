"""What the machine does while the doctor itself sleeps: two snapshots and what happened between them."""

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

from srbench.machine import core_numbers, linux
from srbench.machine.linux import ROOT

#: Long enough that a hundredth of a second, the kernel's unit, is half a percent of a core.
SAMPLE_S = 2.0
_US_PER_S = 1e6
#: Fields of /proc/PID/stat that follow the name, counted from 0 (utime, stime, starttime, processor of proc(5)).
_USER, _SYSTEM, _STARTED, _CORE = 11, 12, 19, 36


@dataclass(frozen=True)
class Program:
    """A running program.

    Attributes:
        name: as the kernel has it; a kernel thread changes its own.
        used_s: processor time of all its threads.
        core: that it ran on last.
        started: in the kernel's ticks since boot; tells it from an earlier program of the same number.
    """

    name: str
    used_s: float
    core: int
    started: int


@dataclass(frozen=True)
class Snapshot:
    """Counters at one moment, in seconds; None where the system does not tell.

    Attributes:
        wall_s: any clock that only goes forward.
        own_s: processor time of this process.
        busy_s: of everyone on the cores that this process may use, stolen time included.
        stolen_s: what other virtual machines took from those cores.
        cpu_wait_s: time in which some program of the machine waited for a core.
        programs: every visible program but this one, by its number.
    """

    wall_s: float
    own_s: float
    busy_s: float | None = None
    stolen_s: float | None = None
    cpu_wait_s: float | None = None
    programs: Mapping[int, Program] = field(default_factory=dict)


@dataclass(frozen=True)
class Activity:
    """What happened between two snapshots, as cores' worth of time or shares; None where unknown.

    Attributes:
        others_cores: used by other programs on the cores of this process; stolen time is not theirs.
        stolen_cores: taken by other virtual machines.
        waiting: share of the time in which some program waited for a core.
        busiest: up to three programs with their use in cores, the busiest first.
    """

    others_cores: float | None
    stolen_cores: float | None
    waiting: float | None
    busiest: tuple[tuple[str, int, float], ...] = ()


def snapshot(root: Path = ROOT, clock: Callable[[], float] = monotonic) -> Snapshot:
    """Read the counters now."""
    own = os.times()
    times = linux.core_times(core_numbers(), root)
    return Snapshot(
        wall_s=clock(),
        own_s=own.user + own.system,
        busy_s=times[0] if times else None,
        stolen_s=times[1] if times else None,
        cpu_wait_s=waited_s(root),
        programs=programs(root),
    )


def sample(seconds: float = SAMPLE_S, root: Path = ROOT) -> Activity:
    """Sleep, and tell what others did meanwhile."""
    before = snapshot(root)
    sleep(seconds)
    return between(before, snapshot(root), core_numbers())


def between(before: Snapshot, after: Snapshot, cores: Collection[int]) -> Activity:
    """What happened from one snapshot to the next on the cores that this process may use.

    Args:
        before: the earlier snapshot.
        after: the later one.
        cores: that this process may use.
    """
    wall = after.wall_s - before.wall_s

    def share(start: float | None, end: float | None) -> float | None:
        return None if start is None or end is None else max(0.0, (end - start) / wall)

    busy, stolen = share(before.busy_s, after.busy_s), share(before.stolen_s, after.stolen_s)
    own = (after.own_s - before.own_s) / wall
    used = []
    for pid, program in after.programs.items():
        earlier = before.programs.get(pid)
        # A number that another program had before, or nobody: all of its time falls between the two.
        since = earlier.used_s if earlier is not None and earlier.started == program.started else 0.0
        if program.used_s > since and program.core in cores:
            used.append((program.name, pid, (program.used_s - since) / wall))
    return Activity(
        others_cores=None if busy is None else max(0.0, busy - own - (stolen or 0.0)),
        stolen_cores=stolen,
        waiting=share(before.cpu_wait_s, after.cpu_wait_s),
        busiest=tuple(sorted(used, key=lambda one: -one[2])[:3]),
    )


def waited_s(root: Path = ROOT) -> float | None:
    """Seconds since boot in which some program waited for a core (pressure stall information)."""
    for line in (linux.text(root / "proc/pressure/cpu") or "").splitlines():
        if line.startswith("some"):
            total = linux.to_int(line.rpartition("total=")[2])
            return None if total is None else total / _US_PER_S
    return None


def programs(root: Path = ROOT, own: int | None = None) -> dict[int, Program]:
    """Every visible program but this one (``own``). A container sees its own programs only."""
    tick = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
    found = {}
    for path in (root / "proc").glob("[0-9]*/stat"):
        pid, line = int(path.parent.name), linux.text(path)
        if line is None or pid == (own if own is not None else os.getpid()):
            continue  # ended meanwhile
        # The name stands in parentheses and may hold spaces and parentheses itself (proc(5)).
        name, _, rest = line.partition("(")[2].rpartition(")")
        fields = rest.split()
        if len(fields) > _CORE:
            used_s = (int(fields[_USER]) + int(fields[_SYSTEM])) / tick
            found[pid] = Program(name, used_s, int(fields[_CORE]), int(fields[_STARTED]))
    return found
