"""Where the wall time of a run went: inside forward passes, and everything else by name."""

from collections.abc import Sequence
from dataclasses import dataclass

from srbench.journal import Entry

NS_PER_S = 1e9


@dataclass(frozen=True)
class Share:
    """A part of the wall time, in seconds; ``inside`` marks forward passes."""

    name: str
    seconds: float
    inside: bool = False


def shares(entries: Sequence[Entry], total_s: float) -> list[Share]:
    """Split a run's wall time. What no process accounts for is the run's own: imports, planning, storing."""
    visits = [entry.visit for entry in entries if entry.visit is not None]
    memory = [entry for entry in entries if entry.step.task == "memory"]
    counting = [entry for entry in entries if entry.step.task in ("fvcore", "thop")]
    metering = [entry for entry in entries if entry.step.task == "energy"]
    agreeing = [entry for entry in entries if entry.step.task == "agree"]
    measuring = [entry for entry in entries if entry.step.task in ("time", "memory")]
    passes = sum(entry.passes_ns for entry in measuring)
    build = sum(entry.build_ns for entry in measuring)
    walls = sum(entry.wall_ns for entry in entries)
    parts = [
        Share("timed passes", sum(sum(v.samples_ns) for v in visits) / NS_PER_S, inside=True),
        Share("warm-up passes", sum(sum(v.warmup_ns) for v in visits) / NS_PER_S, inside=True),
        Share("first passes", sum(v.cold_ns for v in visits) / NS_PER_S, inside=True),
        Share("passes of the memory processes", sum(e.passes_ns for e in memory) / NS_PER_S, inside=True),
        Share("building networks and inputs", build / NS_PER_S),
        Share("other counters", sum(e.wall_ns for e in counting) / NS_PER_S),
        Share("agreement with eager float32", sum(e.wall_ns for e in agreeing) / NS_PER_S),
        Share("energy, at rest and in passes", sum(e.wall_ns for e in metering) / NS_PER_S),
        Share(
            "starting, checking and ending processes",
            (sum(e.wall_ns for e in measuring) - passes - build) / NS_PER_S,
        ),
    ]
    return [*(p for p in parts if p.seconds), Share("imports, planning, storing, tables", total_s - walls / NS_PER_S)]


def timings_text(entries: Sequence[Entry], total_s: float) -> str:
    """A table of the shares, and the share inside forward passes."""
    from srbench.render.terminal import table

    parts = shares(entries, total_s)
    cells = [["Wall time", "Seconds", "Share [%]"]]
    cells += [[part.name, f"{part.seconds:,.2f}", f"{100 * part.seconds / total_s:.1f}"] for part in parts]
    inside = sum(part.seconds for part in parts if part.inside)
    cells.append(["all", f"{total_s:,.2f}", "100.0"])
    return f"{table(cells)}\n\ninside forward passes: {inside / total_s:.1%} of {total_s:,.1f} s"
