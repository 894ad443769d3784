"""Counters of energy: NVML's of a GPU, the kernel's of the processors (RAPL). Each says what it counts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from srbench.machine import linux, nvml
from srbench.machine.linux import ROOT

_UJ_PER_MJ = 1000
#: Names of the kernel's zones that are whole processors; those of their parts, and of the platform, would count twice.
_PACKAGE = "package-"


@dataclass(frozen=True)
class Meter:
    """A counter of energy that only grows.

    Attributes:
        read: millijoules since some moment; None where it gives none now.
        method: what counts, for readers.
        limit_w: most power that it can rightly tell; None where that is not known.
    """

    read: Callable[[], float | None]
    method: str
    limit_w: float | None = None


def of_gpu(gpu: nvml.Gpu | None) -> Meter | str:
    """The counter of a GPU since its driver was loaded (Volta and later), or why there is none."""
    if gpu is None:
        return "NVML does not know this GPU"
    if gpu.instance or gpu.mig:
        return "the GPU is split by MIG, and its counter is that of the whole"
    found = gpu.energy_mj
    if isinstance(found, str):
        return f"the GPU's counter cannot be read: {found}"
    return Meter(lambda: _number(gpu.energy_mj), "NVML's counter of the whole GPU", gpu.power_limit_w)


def of_processors(root: Path = ROOT) -> Meter | str:
    """The counters of all processors (powercap's RAPL zones), or why there are none.

    Each wraps at a range of its own, after a minute or more; whoever reads more often than that sees it only grow.
    """
    zones = [
        zone
        for zone in sorted((root / "sys/class/powercap").glob("*-rapl:*"))
        if zone.name.count(":") == 1 and (linux.text(zone / "name") or "").startswith(_PACKAGE)
    ]
    if not zones:
        return "the kernel shows no energy counter of the processors (RAPL); virtual machines mostly have none"
    counters = [_Zone(zone) for zone in zones]
    if any(counter.microjoules() is None for counter in counters):
        return f"{zones[0] / 'energy_uj'} cannot be read: it is root's; sudo chmod a+r it, or run as root"
    return Meter(lambda: _sum(counters), "RAPL counters of the processors, idle cores included")


class _Zone:
    """One processor's counter, unwrapped."""

    def __init__(self, zone: Path) -> None:
        self._file = zone / "energy_uj"
        self._range = linux.to_int(linux.text(zone / "max_energy_range_uj"))
        self._before, self._turns = 0, 0

    def microjoules(self) -> int | None:
        """Since its first turn began; None where it cannot be read."""
        now = linux.to_int(linux.text(self._file))
        if now is None:
            return None
        if now < self._before and self._range:
            self._turns += 1
        self._before = now
        return now + self._turns * (self._range or 0)


def _sum(counters: Sequence[_Zone]) -> float | None:
    read = [counter.microjoules() for counter in counters]
    return None if None in read else sum(value for value in read if value is not None) / _UJ_PER_MJ


def _number(found: float | str) -> float | None:
    return None if isinstance(found, str) else found
