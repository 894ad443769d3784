"""Who else is at work on a GPU, as far as its driver tells."""

import os

from srbench.machine import linux, nvml
from srbench.machine.linux import ROOT

#: Percent of the multiprocessors' time: below it is what a display or a monitor needs.
BUSY_PERCENT = 5
#: The driver keeps samples of some seconds; these are of the present measurement, warm-up included.
WINDOW_US = 2_000_000
#: Under MPS this program holds the GPU for its clients; it computes nothing itself.
_MPS_SERVER = "nvidia-cuda-mps-server"


class Neighbours:
    """Counts the other programs on a GPU. This process is to have used it before it asks."""

    def __init__(self, gpu: nvml.Gpu) -> None:
        self._gpu = gpu
        self._own = frozenset(_lineage(os.getpid()))

    def count(self) -> int | None:
        """Other programs at work on the GPU at this time; None where the driver does not tell.

        Where the driver tells the share of each program, a program that only holds a context is none. Where it does
        not (MIG, older drivers), whoever is listed counts. In a container the driver's process numbers may be the
        host's: then this process is one of those that it tells of, under a number that is not its own.
        """
        listed = {process.pid for process in self._gpu.processes or ()}
        told = self._gpu.busy_percent(WINDOW_US)
        if not told and not listed:
            # This process computes on the GPU: a list without any entry hides programs, this one to begin with.
            return None
        if told:
            at_work = {pid for pid, percent in told.items() if percent > BUSY_PERCENT}
        else:
            at_work = {pid for pid in listed if not self._gpu.is_called(pid, _MPS_SERVER)}
        if (listed | set(told or ())) & self._own:
            return len(at_work - self._own)
        return max(0, len(at_work) - 1)


def sharing(gpu: nvml.Gpu) -> tuple[str, ...]:
    """How programs share this GPU, where not by turns of the whole: a phrase each, for the notes of a row."""
    found = []
    if gpu.instance:
        found.append("on a MIG instance: the other instances of the GPU share its power and clocks")
    if gpu.mps:
        found.append("through MPS: programs run on the GPU at the same time")
    return tuple(found)


def _lineage(pid: int) -> list[int]:
    """The process and its ancestors: who started a measurement waits for it."""
    found = [pid]
    while pid > 1:
        # proc(5): the parent is the second field behind the name, which is in brackets and may hold anything.
        fields = (linux.text(ROOT / f"proc/{pid}/stat") or "").rpartition(")")[2].split()
        pid = int(fields[1]) if len(fields) > 1 else 0
        if pid:
            found.append(pid)
    return found
