"""Who belongs to a process that runs a network: what it started, also in sessions of their own, also once it is gone.

Linux alone tells, in /proc. What has closed every file, emptied its environment and lost its parent is not found.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from srbench.machine import linux

#: Environment variable by which a program that a worker started is known once its parent is gone.
MARK = "SRBENCH_WORKER"


@dataclass(frozen=True)
class Process:
    """A process as /proc/PID/stat shows it.

    Attributes:
        pid, parent, group, session: numbers of processes.
        born: clock ticks from boot to its start.
    """

    pid: int
    parent: int
    group: int
    session: int
    born: int


@dataclass(frozen=True)
class Worker:
    """A process that runs a network.

    Attributes:
        pid: it leads a session and a group of its own.
        pipe: inode of the pipe that it answers through.
        born: clock ticks from boot to some moment before its start.
    """

    pid: int
    pipe: int
    born: int

    @property
    def mark(self) -> str:
        """What its programs have in their environment."""
        return f"{self.pid}.{self.pipe}"


def now() -> int:
    """Clock ticks since boot, rounded down; 0 where the system does not count them."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return int(time.clock_gettime(clock) * os.sysconf("SC_CLK_TCK")) if clock is not None else 0


def of(worker: Worker, root: Path = linux.ROOT) -> list[int]:
    """Processes other than the worker that it started, or that these started, and that still run.

    They descend from it, or are of its session or group, or have its answer's end of the pipe open, or its mark in
    their environment. None is of the caller's own session, and none is older than the worker.

    Args:
        worker: that may be gone.
        root: of the system's files.
    """
    young = {each.pid: each for each in _processes(root) if each.born >= worker.born}
    own = os.getsid(0)

    def descends(each: Process) -> bool:
        seen = {each.pid}
        while each.parent in young and each.parent not in seen:
            seen.add(each.parent)
            each = young[each.parent]
        return worker.pid in seen or each.parent == worker.pid

    return [
        each.pid
        for each in young.values()
        if each.pid not in (worker.pid, os.getpid())
        and each.session != own
        and (
            worker.pid in (each.session, each.group)
            or descends(each)
            or _is_marked(root / "proc" / str(each.pid), worker)
        )
    ]


def _processes(root: Path) -> Iterator[Process]:
    try:
        numbers = [entry.name for entry in os.scandir(root / "proc") if entry.name.isdigit()]
    except OSError:
        return
    for number in numbers:
        # The name of the program stands in brackets and may hold anything, brackets too.
        _, _, rest = (linux.text(root / "proc" / number / "stat") or "").rpartition(") ")
        fields = rest.split()
        # One that has ended and is not yet taken note of is no more.
        if len(fields) > 19 and fields[0] not in ("Z", "X"):
            yield Process(int(number), int(fields[1]), int(fields[2]), int(fields[3]), int(fields[19]))


def _is_marked(folder: Path, worker: Worker) -> bool:
    """Whether a process was started with the worker's mark, or can write into its pipe."""
    if f"\0{MARK}={worker.mark}\0" in f"\0{linux.text(folder / 'environ') or ''}\0":
        return True
    try:
        held = [file.name for file in (folder / "fd").iterdir() if str(file.readlink()) == f"pipe:[{worker.pipe}]"]
    except OSError:  # it is not ours, or has just ended
        return False
    return any(_writes(folder / "fdinfo" / name) for name in held)


def _writes(description: Path) -> bool:
    """Whether an open file can be written to, by its flags (octal, as in proc(5))."""
    lines = [line.split() for line in (linux.text(description) or "").splitlines()]
    flags = next((int(line[1], 8) for line in lines if line[0] == "flags:" and len(line) == 2), os.O_RDONLY)
    return flags & os.O_ACCMODE != os.O_RDONLY
