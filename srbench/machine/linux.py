"""Small readers of what Linux tells in /proc and /sys.

Each takes the root of the tree, so that a test may hand in one of its own; what is not there, or may not be read, is
None or empty, never an error: other systems, and containers, tell less.
"""

import os
from collections.abc import Iterable
from pathlib import Path

ROOT = Path("/")
KIB = 1024


def text(path: Path) -> str | None:
    """A file's text without the spaces around it; None where it cannot be read."""
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return None


def integer(path: Path) -> int | None:
    """A file's only number; None where there is none."""
    return to_int(text(path))


def to_int(words: str | None) -> int | None:
    """A whole number, or None."""
    try:
        return int(words) if words is not None else None
    except ValueError:
        return None


def counts(path: Path) -> dict[str, int]:
    """``name number`` lines, as in a control group's cpu.stat."""
    pairs = (line.split() for line in (text(path) or "").splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].lstrip("-").isdigit()}


def cpuinfo(root: Path = ROOT) -> list[dict[str, str]]:
    """/proc/cpuinfo: one table for each logical core."""
    found = []
    for block in (text(root / "proc/cpuinfo") or "").split("\n\n"):
        pairs = (line.partition(":") for line in block.splitlines())
        if table := {key.strip(): " ".join(value.split()) for key, colon, value in pairs if colon}:
            found.append(table)
    return found


def meminfo(root: Path = ROOT) -> dict[str, int]:
    """/proc/meminfo in bytes: ``MemTotal``, ``MemAvailable``, ``SwapTotal``, ``SwapFree`` ..."""
    found = {}
    for line in (text(root / "proc/meminfo") or "").splitlines():
        name, _, rest = line.partition(":")
        value, *unit = rest.split() or [""]
        if value.isdigit():
            found[name] = int(value) * (KIB if unit == ["kB"] else 1)
    return found


def load_average(root: Path = ROOT) -> float | None:
    """Programs that ran or waited for a core or a disk, averaged over the last minute."""
    first = (text(root / "proc/loadavg") or "").partition(" ")[0]
    try:
        return float(first)
    except ValueError:
        return None


def pressure(resource: str, root: Path = ROOT) -> float | None:
    """Percent of the last 10 s in which some program waited for a resource: ``cpu``, ``memory`` or ``io``.

    Pressure stall information, Documentation/accounting/psi.rst of the kernel; None where it is not switched on.
    """
    for line in (text(root / "proc/pressure" / resource) or "").splitlines():
        kind, *fields = line.split()
        for field in fields:
            name, _, value = field.partition("=")
            if (kind, name) == ("some", "avg10"):
                return float(value)
    return None


def core_times(cores: Iterable[int], root: Path = ROOT) -> tuple[float, float] | None:
    """Seconds since boot on the cores given: busy ones of any program, and those stolen by other virtual machines.

    Busy includes interrupts and stolen time; None off Linux. The kernel counts in hundredths of a second.
    """
    names = {f"cpu{core}" for core in cores}
    busy = stolen = 0
    seen = False
    for line in (text(root / "proc/stat") or "").splitlines():
        name, *times = line.split()
        if name in names:
            user, nice, system, _idle, _iowait, *rest = map(int, times[:8])
            busy += user + nice + system + sum(rest)
            stolen += rest[2] if len(rest) > 2 else 0
            seen = True
    tick = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
    return (busy / tick, stolen / tick) if seen else None
