"""What a device says of itself between blocks of samples: clock, temperature, what held it back."""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean

from srbench.machine import cgroup, linux, nvml, processor
from srbench.machine.linux import ROOT
from srbench.machine.neighbours import Neighbours
from srbench.records import Reading

#: At most so many cores are asked for their clock: each costs a few microseconds, and 256 would cost a millisecond.
MAX_CORES = 16
#: Drivers of a processor's own sensors (Documentation/hwmon of the kernel).
_CPU_SENSORS = frozenset(("coretemp", "k10temp", "zenpower", "cpu_thermal", "via_cputemp"))
#: Their sensors of a whole processor.
_PACKAGE_LABELS = ("Package id", "Tctl", "Tdie")
_READ_BYTES = 65536


class Gauge:
    """One number of /sys, read again and again from a file that stays open: 2 us in place of 15."""

    def __init__(self, path: Path) -> None:
        self._file: int | None = None
        with contextlib.suppress(OSError):
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def __del__(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)

    def text(self) -> str | None:
        """What stands there now."""
        if self._file is None:
            return None
        try:
            return os.pread(self._file, _READ_BYTES, 0).decode(errors="replace")
        except OSError:
            return None

    def value(self) -> int | None:
        """The number that stands there now."""
        return linux.to_int(self.text())


class CpuTelemetry:
    """The processor's state, by the kernel's files; about 20 us a reading on two cores.

    The clock is that of the cores that this process may use, at most :data:`MAX_CORES` of them. Where only
    /proc/cpuinfo tells one and the processor has no counter of its real clock (as in most virtual machines), that
    figure is a constant of the boot; it is kept, since it is all that is told.
    """

    def __init__(self, cores: Iterable[int], root: Path = ROOT) -> None:
        chosen = sorted(cores)[:MAX_CORES]
        cpu = root / "sys/devices/system/cpu"
        self._clocks = _gauges(cpu / f"cpu{core}/cpufreq/scaling_cur_freq" for core in chosen)
        self._temperatures = _gauges(_temperature_files(root))
        self._throttling = _gauges(
            cpu / f"cpu{core}/thermal_throttle/{kind}_throttle_count" for core in chosen for kind in ("core", "package")
        )
        self._quotas = _gauges(cgroup.throttle_files(root))
        self._cores, self._root = frozenset(chosen), root
        self._told_mhz: int | None = None
        self._told_is_constant = False
        if not self._clocks:
            self._told_mhz = self._from_cpuinfo()
            self._told_is_constant = "aperfmperf" not in processor.flags(linux.cpuinfo(root))
        self._before = self._counts()

    def reading(self, after: int) -> Reading:
        """The state now; reasons are what happened since the reading before (or since this was made)."""
        before, self._before = self._before, self._counts()
        grown = [new > old for new, old in zip(self._before, before, strict=True)]
        reasons = [name for name, more in zip(("cgroup quota", "thermal"), grown, strict=True) if more]
        temperatures = [value / 1000 for gauge in self._temperatures if (value := gauge.value()) is not None]
        return Reading(
            after=after,
            clock_mhz=self._clock_mhz(),
            temperature_c=round(max(temperatures)) if temperatures else None,
            reasons=tuple(reasons),
        )

    def _clock_mhz(self) -> int | None:
        if self._clocks:
            clocks = [value / 1000 for gauge in self._clocks if (value := gauge.value())]
            return round(fmean(clocks)) if clocks else None
        return self._told_mhz if self._told_is_constant else self._from_cpuinfo()

    def _from_cpuinfo(self) -> int | None:
        clocks = []
        for core in linux.cpuinfo(self._root):
            if linux.to_int(core.get("processor")) in self._cores and "cpu MHz" in core:
                clocks.append(float(core["cpu MHz"]))
        return round(fmean(clocks)) if clocks else None

    def _counts(self) -> tuple[int, int]:
        periods = (_throttled(gauge.text() or "") for gauge in self._quotas)
        return sum(periods), sum(gauge.value() or 0 for gauge in self._throttling)


class GpuTelemetry:
    """A GPU's state, by NVML.

    Its reasons are those of the moment and, where the driver counts them, those of the time since the reading before:
    at the moment of a reading the GPU has just come to rest.
    """

    def __init__(self, gpu: nvml.Gpu | None) -> None:
        self._gpu = gpu
        self._neighbours = Neighbours(gpu) if gpu else None
        self._before = gpu.held_back_ns if gpu else {}

    def reading(self, after: int) -> Reading:
        """The state now."""
        gpu, neighbours = self._gpu, self._neighbours
        if gpu is None or neighbours is None:
            return Reading(after=after)
        before, self._before = self._before, gpu.held_back_ns
        counted = [name for name, time_ns in self._before.items() if time_ns > before.get(name, time_ns)]
        return Reading(
            after=after,
            clock_mhz=gpu.clock_mhz,
            temperature_c=gpu.temperature_c,
            reasons=tuple(dict.fromkeys([*gpu.reasons, *counted])),
            others=neighbours.count(),
            locked=gpu.clocks_locked,
        )


def _gauges(paths: Iterable[Path]) -> list[Gauge]:
    return [Gauge(path) for path in paths if path.is_file()]


def _throttled(stat: str) -> int:
    """``nr_throttled`` of a cpu.stat."""
    _, found, rest = stat.partition("nr_throttled ")
    return int(rest.split(maxsplit=1)[0]) if found else 0


def _temperature_files(root: Path) -> list[Path]:
    """Sensors of the processors as a whole; where none is labelled so, the first of each sensor chip."""
    found: list[Path] = []
    for chip in sorted((root / "sys/class/hwmon").glob("hwmon*")):
        if linux.text(chip / "name") not in _CPU_SENSORS:
            continue
        whole = [
            label.with_name(label.name.replace("_label", "_input"))
            for label in sorted(chip.glob("temp*_label"))
            if (linux.text(label) or "").startswith(_PACKAGE_LABELS)
        ]
        found += whole or [chip / "temp1_input"]
    if found:
        return found
    zones = sorted((root / "sys/class/thermal").glob("thermal_zone*"))
    return [
        zone / "temp" for zone in zones if any(word in (linux.text(zone / "type") or "") for word in ("cpu", "pkg"))
    ]
