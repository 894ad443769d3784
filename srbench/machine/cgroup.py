"""Control groups of this process: what a container, or a service manager, allows it (cgroup versions 1 and 2)."""

from dataclasses import dataclass
from pathlib import Path

from srbench.machine import linux
from srbench.machine.linux import ROOT

#: Version 1 writes "no limit" as the largest multiple of a page; nothing real comes near.
_NO_LIMIT_BYTES = 2**60


@dataclass(frozen=True)
class Groups:
    """The groups that a controller holds this process in, its own first, then those above, as folders."""

    version: int
    folders: tuple[Path, ...]


def groups(controller: str, root: Path = ROOT) -> Groups:
    """The groups of ``cpu`` or ``memory``; no folders where there are none.

    A limit of any group in the chain binds. /proc/self/cgroup gives the path within the hierarchy, and
    /proc/self/mountinfo where that hierarchy is mounted and from which of its folders on (cgroups(7), proc(5)).
    """
    paths = {}
    for line in (linux.text(root / "proc/self/cgroup") or "").splitlines():
        _, controllers, path = line.split(":", 2)
        for name in controllers.split(","):
            paths[name] = path  # version 2 has no name
    unified = Groups(2, ())
    for line in (linux.text(root / "proc/self/mountinfo") or "").splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.partition(" ")
        fields = before.split()
        if kind == "cgroup" and controller in options.split()[-1].split(",") and controller in paths:
            return Groups(1, _chain(root, fields[4], fields[3], paths[controller]))
        if kind == "cgroup2" and "" in paths:
            unified = Groups(2, _chain(root, fields[4], fields[3], paths[""]))
    return unified


def _chain(root: Path, mounted_at: str, mounted_from: str, path: str) -> tuple[Path, ...]:
    top = root / mounted_at.lstrip("/")
    base = mounted_from.rstrip("/")
    # A group outside of what is mounted (a container that sees its host's paths): the mount is the nearest known.
    inside = path.removeprefix(base).strip("/") if path == base or path.startswith(base + "/") else ""
    own = top / inside if ".." not in inside else top
    return tuple(folder for folder in (own, *own.parents) if folder == top or top in folder.parents)


def cpu_quota(root: Path = ROOT) -> float | None:
    """Cores' worth of time that the group may use in each period; None without a limit."""
    found = groups("cpu", root)
    shares = []
    for folder in found.folders:
        if found.version == 1:
            quota, period = (linux.integer(folder / f"cpu.cfs_{name}_us") for name in ("quota", "period"))
        else:
            words = (linux.text(folder / "cpu.max") or "").split()
            quota, period = map(linux.to_int, words) if len(words) == 2 else (None, None)
        if quota is not None and period and quota > 0:
            shares.append(quota / period)
    return min(shares, default=None)


def memory_limit(root: Path = ROOT) -> int | None:
    """Bytes that the group may use; None without a limit."""
    found = groups("memory", root)
    name = "memory.limit_in_bytes" if found.version == 1 else "memory.max"
    sizes = (linux.integer(folder / name) for folder in found.folders)
    return min((size for size in sizes if size is not None and size < _NO_LIMIT_BYTES), default=None)


def throttle_files(root: Path = ROOT) -> tuple[Path, ...]:
    """The files that count the periods in which a CPU quota held the groups back, as ``nr_throttled``."""
    found = groups("cpu", root)
    return tuple(path for folder in found.folders if (path := folder / "cpu.stat").is_file())


def throttled_periods(root: Path = ROOT) -> int | None:
    """Periods in which a quota held this process's groups back, since they were made; None where it is not told."""
    found = [
        periods for path in throttle_files(root) if (periods := linux.counts(path).get("nr_throttled")) is not None
    ]
    return sum(found) if found else None
