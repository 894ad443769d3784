"""What the layers figure shows: time and Multi-Adds of each module, summed into blocks where there are many."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from srbench.board.counting import MOST_NAMED, named
from srbench.board.rows import Row
from srbench.counts import Layer
from srbench.measure.layers import LayerTimes
from srbench.measure.verdict import CONTENTION_CORES
from srbench.render.plots import captions, naming
from srbench.render.plots.files import Cell
from srbench.text import plain

#: More bars than that make a column's figure higher than wide.
MOST_BARS = 12
OTHERS = "others"


@dataclass(frozen=True)
class Part:
    """One module, or several as one bar: own time in ns, Multi-Adds of one image."""

    name: str
    kind: str
    time_ns: float
    multi_adds: int
    modules: int = 1


@dataclass(frozen=True)
class Breakdown:
    """Everything that the figure shows.

    Attributes:
        row: the network; ``label`` is its name with marks.
        parts: every module, in the order of the pass.
        bars: the same, summed into blocks.
        warnings: what a reader must know to read the bars right, each a sentence without its stop.
        notes: all else that there is to say of them.
    """

    row: Row
    label: str
    parts: tuple[Part, ...]
    bars: tuple[Part, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


def breakdown_of(
    row: Row, layers: Sequence[Layer], times: LayerTimes, where: str, others_cores: float | None = None
) -> Breakdown:
    """Join what was counted with what was timed.

    Args:
        row: of the network, for its names, machine and workload.
        layers: of its record; a module may have several, and one that only computes without weights has none.
        times: of its modules.
        where: on what they were timed: ``cpu of BENCH``.
        others_cores: that other programs used meanwhile; None where unknown.
    """
    counted: dict[str, int] = {}
    for layer in layers:
        counted[layer.name] = counted.get(layer.name, 0) + layer.multi_adds
    parts = [Part(t.name, t.kind, t.self_ns, counted.pop(t.name, 0)) for t in times.layers]
    # A module whose forward is called as a function opens no hook: its time is within its parent's.
    parts += [Part(name, "", 0.0, multi_adds) for name, multi_adds in counted.items()]
    bars = bars_of(parts)
    whole, hooked = times.plain_ns / 1e6, sum(t.self_ns for t in times.layers) / 1e6
    notes = (
        f"x{row.scale}, LR {row.lr_width}x{row.lr_height}, {row.dtype}, batch {row.batch}, on {where}",
        f"Medians of {times.passes} passes. Each module stands between two synchronisations, which take time of their "
        f"own: the bars add up to {hooked:,.1f} ms, a whole pass without hooks takes {whole:,.1f} ms "
        f"({hooked / whole - 1:+.0%})",
    )
    warnings = []
    if others_cores is not None and others_cores > CONTENTION_CORES:
        warnings.append(f"Other programs used {others_cores:.1f} cores meanwhile: all times are too long")
    if any(bar.modules > 1 for bar in bars):
        warnings.append("In brackets: modules in one bar")
    if row.uncounted:
        warnings.append(f"Not counted, of unknown cost: {plain(named(row.uncounted, MOST_NAMED))}")
    warnings += captions.marks([row])
    return Breakdown(row, naming.name_of(row) + naming.marks_of(row), tuple(parts), tuple(bars), tuple(warnings), notes)


def bars_of(parts: Sequence[Part], most: int = MOST_BARS) -> list[Part]:
    """At most ``most`` bars: modules by their full path, or summed by as many of its steps as leave room.

    Those without a thousandth of the time or of the Multi-Adds are summed as others at the end, unless that is still
    less; and so are those with the least time where even the first steps are too many.
    """
    deepest = max((part.name.count(".") + 1 for part in parts), default=1)
    time, multi_adds = totals(parts)
    for depth in range(deepest, 0, -1):
        found = _summed(parts, depth)
        worth = {part.name for part in found if part.time_ns > time / 1e3 or part.multi_adds > multi_adds / 1e3}
        if len(worth) < most:
            break
    else:
        ranked = sorted(found, key=lambda part: part.time_ns, reverse=True)
        worth = {part.name for part in ranked[: most - 1]}
    bars = [part for part in found if part.name in worth]
    rest = [part for part in found if part.name not in worth]
    others = Part(OTHERS, "", *totals(rest), sum(part.modules for part in rest))
    return [*bars, others] if others.time_ns > time / 1e3 or others.multi_adds > multi_adds / 1e3 else bars


def csv_of(breakdown: Breakdown) -> tuple[list[str], list[list[Cell]]]:
    """Header and lines: every module, with the bar that it is in and the shares of the whole."""
    header = ["model", "variant", "form", "module", "class", "time_ms", "time_share", "multi_adds", "multi_adds_share"]
    row, parts = breakdown.row, breakdown.parts
    time, multi_adds = totals(parts)
    lines: list[list[Cell]] = []
    for part in parts:
        line: list[Cell] = [row.model, row.variant, row.form, part.name, part.kind]
        line += [part.time_ns / 1e6, part.time_ns / time if time else None]
        lines.append([*line, part.multi_adds, part.multi_adds / multi_adds if multi_adds else None])
    return header, lines


def totals(parts: Sequence[Part]) -> tuple[float, int]:
    """Time in ns and Multi-Adds of all."""
    return sum(part.time_ns for part in parts), sum(part.multi_adds for part in parts)


def _summed(parts: Sequence[Part], depth: int) -> list[Part]:
    found: dict[str, Part] = {}
    for part in parts:
        name = ".".join(part.name.split(".")[:depth])
        found[name] = _added(found[name], part) if name in found else replace(part, name=name)
    return list(found.values())


def _added(one: Part, other: Part) -> Part:
    return Part(
        one.name,
        one.kind if one.kind == other.kind else "",
        one.time_ns + other.time_ns,
        one.multi_adds + other.multi_adds,
        one.modules + other.modules,
    )
