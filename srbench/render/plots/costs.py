"""What the radar shows: every cost of a network as a share of the same cost of a baseline."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from srbench.board import metrics
from srbench.board.metric import Metric
from srbench.board.metrics import MULTI_ADDS
from srbench.board.rows import Row
from srbench.records import FAILURES
from srbench.render.plots import captions, naming
from srbench.render.plots.files import Cell
from srbench.render.plots.spec import of_a_machine, per_image

#: Two spokes are no figure.
_MIN_SPOKES = 3


@dataclass(frozen=True)
class Shape:
    """One network: its ratios to the baseline in the order of the spokes, all positive."""

    row: Row
    name: str
    label: str
    ratios: tuple[float, ...]


@dataclass(frozen=True)
class Radar:
    """Everything that the figure shows; the baseline, all of whose ratios are 1, is not among the shapes."""

    spokes: tuple[Metric, ...]
    baseline: Shape
    shapes: tuple[Shape, ...]
    notes: tuple[str, ...]


def radar_of(rows: Sequence[Row], scale: int, baseline: str | None = None) -> Radar:
    """Divide the costs of rows of one scale by those of the baseline.

    Args:
        rows: of any scale; those of ``scale`` are shown.
        scale: upscaling factor.
        baseline: variant or label of the network that is 1; None for the one with the most Multi-Adds among those
            with the most costs known.

    Raises:
        ValueError: no such baseline, or too few costs or networks.
    """
    rows = [row for row in rows if row.scale == scale and row.status != "PUBLISHED"]
    if not rows:
        raise ValueError(f"nothing to plot as radar: no row of x{scale}")
    circumstances = [(r.device, r.dtype, naming.shorten(r.machine)) for r in rows]
    names = naming.labels(rows, circumstances, [naming.marks_of(row) for row in rows])
    first = _named(baseline, rows, names) if baseline is not None else _costliest(rows)
    spokes = _known(rows[first])
    if len(spokes) < _MIN_SPOKES:
        raise ValueError(f"nothing to plot as radar: of {names[first][0]} only {len(spokes)} costs are known")
    missing, shapes = [], []
    for i, (row, (name, label)) in enumerate(zip(rows, names, strict=True)):
        if reason := _reason_to_leave_out(row, spokes):
            missing.append((name, reason))
        elif i != first:
            shapes.append(Shape(row, name, label, ratios(row, rows[first], spokes)))
    if not shapes:
        raise ValueError(f"nothing to plot as radar beside {names[first][0]}: {naming.listed(missing) or 'no network'}")
    base = Shape(rows[first], *names[first], (1.0,) * len(spokes))
    notes = _notes(base, shapes, spokes, missing, scale)
    return Radar(tuple(spokes), base, tuple(shapes), tuple(notes))


def ratios(row: Row, baseline: Row, spokes: Sequence[Metric]) -> tuple[float, ...]:
    """Each cost divided by the baseline's; both have them all.

    Args:
        row: a network.
        baseline: whose costs are 1.
        spokes: the costs.
    """
    pairs = [(spoke.raw(row), spoke.raw(baseline)) for spoke in spokes]
    return tuple(own / base for own, base in pairs if own is not None and base is not None)


def csv_of(radar: Radar) -> tuple[list[str], list[list[Cell]]]:
    """Header and lines of the plotted numbers: raw costs, then their ratios; the baseline first."""
    keys = [spoke.key for spoke in radar.spokes]
    header = ["model", "variant", "form", "dtype", "device", "machine", *keys]
    lines: list[list[Cell]] = []
    for shape in (radar.baseline, *radar.shapes):
        row = shape.row
        words: list[Cell] = [row.model, row.variant, row.form, row.dtype, row.device, row.machine]
        lines.append([*words, *(spoke.raw(row) for spoke in radar.spokes), *shape.ratios])
    return [*header, *(f"{key}_ratio" for key in keys)], lines


def _known(row: Row) -> list[Metric]:
    """The costs of a row that others can be divided by."""
    return [metric for metric in metrics.METRICS if metric.cost and (metric.raw(row) or 0) > 0]


def _costliest(rows: Sequence[Row]) -> int:
    usable = [i for i, row in enumerate(rows) if row.status != "MISMATCH"] or range(len(rows))
    return max(usable, key=lambda i: (len(_known(rows[i])), MULTI_ADDS.raw(rows[i]) or 0))


def _named(asked: str, rows: Sequence[Row], names: Sequence[tuple[str, str]]) -> int:
    """The row that is called so: by its variant, as ``VARIANT@FORM``, or by its name in figures."""
    known: dict[str, int] = {}
    for i, (row, (name, _)) in enumerate(zip(rows, names, strict=True)):
        for word in (row.variant, f"{row.variant}@{row.form}", name, row.model):
            known.setdefault(word.lower(), i)
    wanted = asked.strip().lower()
    if wanted not in known:
        near = difflib.get_close_matches(wanted, list(known), n=2, cutoff=0.5)
        have = dict.fromkeys(row.variant for row in rows)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(have)}"
        raise ValueError(f"no baseline '{asked}'; {hint}")
    return known[wanted]


def _reason_to_leave_out(row: Row, spokes: Sequence[Metric]) -> str | None:
    if row.status == "MISMATCH":
        return "MISMATCH"  # its numbers may be those of another network
    unknown = [spoke.title for spoke in spokes if not (spoke.raw(row) or 0) > 0]
    if not unknown:
        return None
    return row.status if row.status in FAILURES else f"no {' or '.join(unknown)}"


def _notes(
    base: Shape, shapes: Sequence[Shape], spokes: Sequence[Metric], missing: Sequence[tuple[str, str]], scale: int
) -> list[str]:
    rows = [base.row, *(shape.row for shape in shapes)]
    timed, counted = ([s for s in spokes if what(s)] for what in (of_a_machine, per_image))
    said = [f"Costs at x{scale} divided by those of {base.name}"]
    if timed:
        said[0] += f", on {captions.machine(rows)}"
    elif counted:
        said[0] += f", for a {captions.gt_sizes(rows)} GT"
    named = [(shape.name, shape.row) for shape in (base, *shapes)]
    return [*said, *captions.marks(rows), *captions.not_shown(missing), *captions.care(named, timed=bool(timed))]
