"""Facts of the processor, read from /proc and /sys."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from srbench.cores import as_ranges, number_list
from srbench.facts import Processor
from srbench.machine import linux
from srbench.machine.linux import ROOT

#: Of the many flags of a processor, those that decide how fast torch's convolutions are. x86, then ARM.
_VECTOR_FLAGS = (
    *("avx", "f16c", "fma", "avx2", "avx_vnni", "avx512f", "avx512bw", "avx512_vnni", "avx512_bf16", "avx512_fp16"),
    *("amx_tile", "amx_bf16", "amx_int8"),
    *("asimd", "asimdhp", "asimddp", "sve", "sve2", "bf16", "i8mm"),
)
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}


def describe(cores: Sequence[int], root: Path = ROOT) -> Processor:
    """The processor as seen from the logical cores that this process may use."""
    cpu = root / "sys/devices/system/cpu"
    online = number_list(linux.text(cpu / "online"))
    first = cpu / f"cpu{min(cores, default=0)}"
    has = flags(linux.cpuinfo(root))
    caches = _caches(first)
    clocks = [khz for core in cores if (khz := linux.integer(cpu / f"cpu{core}/cpufreq/cpuinfo_max_freq"))]
    return Processor(
        logical_cores=len(online) or None,
        physical_cores=_physical(cpu, online),
        affinity=as_ranges(cores),
        usable_physical_cores=_physical(cpu, cores),
        l1d_bytes=caches.get(1),
        l2_bytes=caches.get(2),
        l3_bytes=caches.get(3),
        max_mhz=max(clocks) // 1000 if clocks else None,
        governor=_governors(cpu, cores),
        turbo=_turbo(cpu, cores),
        numa_nodes=len(number_list(linux.text(root / "sys/devices/system/node/online"))) or None,
        virtual="hypervisor" in has if has & {"fpu", "sse2"} else None,  # only x86 has a flag that says so
        flags=tuple(flag for flag in _VECTOR_FLAGS if flag in has),
    )


def flags(cores: Sequence[dict[str, str]]) -> frozenset[str]:
    """What the first core of /proc/cpuinfo can do: ``avx2``, ``hypervisor`` ... (``Features`` on ARM)."""
    first = cores[0] if cores else {}
    return frozenset((first.get("flags") or first.get("Features") or "").split())


def name(root: Path = ROOT) -> str | None:
    """The model as the processor names itself; ARM processors do not."""
    return next((core["model name"] for core in linux.cpuinfo(root) if core.get("model name")), None)


def _physical(cpu: Path, cores: Iterable[int]) -> int | None:
    """Physical cores among logical ones: those with another core number or in another package."""
    found = set()
    for core in cores:
        topology = cpu / f"cpu{core}/topology"
        place = linux.integer(topology / "physical_package_id"), linux.integer(topology / "core_id")
        if place[1] is None:
            return None
        # Core numbers repeat in each die of some processors; siblings do not.
        found.add((*place, linux.text(topology / "thread_siblings_list")))
    return len(found) or None


def _caches(core: Path) -> dict[int, int]:
    """Bytes of the data (or unified) cache of each level."""
    found = {}
    for index in sorted((core / "cache").glob("index*")):
        level = linux.integer(index / "level")
        size = re.fullmatch(r"(\d+)([KMG]?)", linux.text(index / "size") or "")
        if level is not None and size and linux.text(index / "type") in ("Data", "Unified"):
            found[level] = int(size[1]) * _UNITS[size[2]]
    return found


def _governors(cpu: Path, cores: Iterable[int]) -> str | None:
    found = (linux.text(cpu / f"cpu{core}/cpufreq/scaling_governor") for core in cores)
    return ", ".join(sorted({governor for governor in found if governor})) or None


def _turbo(cpu: Path, cores: Iterable[int]) -> bool | None:
    """Intel's driver says whether turbo is off, the others whether boost is on, some of them core by core."""
    if (off := linux.integer(cpu / "intel_pstate/no_turbo")) is not None:
        return not off
    if (on := linux.integer(cpu / "cpufreq/boost")) is not None:
        return bool(on)
    each = [linux.integer(cpu / f"cpu{core}/cpufreq/boost") for core in cores]
    told = [bool(on) for on in each if on is not None]
    return any(told) if told else None


def turbo_switch(root: Path = ROOT) -> str | None:
    """The shell command that switches turbo off on this machine; None where the kernel has no switch for it."""
    cpu = root / "sys/devices/system/cpu"
    for path, off in ((cpu / "intel_pstate/no_turbo", 1), (cpu / "cpufreq/boost", 0)):
        if path.is_file():
            return f"echo {off} | sudo tee /{path.relative_to(root)}"
    return None
