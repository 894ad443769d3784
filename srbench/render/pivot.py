"""One network a row and an axis across: sizes, threads or modes side by side.

A table for each metric that the axis moves. What stands in one column compares; what stands in one row shows what the
axis does to a network.
"""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Literal, get_args

from srbench.board import metrics
from srbench.board.metric import Metric
from srbench.board.metrics import RUNTIME
from srbench.board.ranks import ranking
from srbench.board.rows import Row
from srbench.render.grid import DASH, Cell, Grid, Note, Section, with_best
from srbench.render.tables import BOUND, cost_cell, name_of

Axis = Literal["size", "threads", "mode"]
AXES: tuple[str, ...] = get_args(Axis)
#: What an axis moves: of each metric, what it belongs to.
_MOVED: dict[Axis, tuple[str, ...]] = {"size": ("image", "machine"), "threads": ("machine",), "mode": ("machine",)}


def sections(rows: Sequence[Row], axis: Axis, *, by_median: bool = False) -> list[Section]:
    """Tables of measured rows, a section for each combination of what is neither network nor axis.

    A combination with one value of the axis alone has none.

    Args:
        rows: measured ones.
        axis: what stands across.
        by_median: rank by the medians alone.
    """
    groups: dict[Hashable, list[Row]] = {}
    for row in rows:
        if row.status != "PUBLISHED" and row.device:
            groups.setdefault(_beside(row, axis), []).append(row)
    return [_section(group, axis, by_median) for group in groups.values() if len(_values(group, axis)) > 1]


def _beside(row: Row, axis: Axis) -> Hashable:
    """What the rows of one section share."""
    size = None if axis == "size" else (row.lr_width, row.lr_height, row.gt_width, row.gt_height, row.batch)
    place = (_device(row), row.machine, None if axis == "threads" else row.threads)
    return row.scale, size, place


def _device(row: Row) -> str:
    return row.device.partition(" ")[0]


def _values(rows: Sequence[Row], axis: Axis) -> list[tuple[Hashable, str]]:
    """The values of the axis in their order, each with its title."""
    found: dict[tuple[int, ...] | str, str] = {}
    batches = {row.batch for row in rows}
    for row in rows:
        key = _value(row, axis)
        if axis == "size":
            batch = f" b{row.batch}" if len(batches) > 1 else ""
            found[key] = f"{row.lr_width}x{row.lr_height}{batch}"
        elif axis == "threads":
            found[key] = f"{row.threads} thread{'s' if row.threads != 1 else ''}"
        else:
            found[key] = row.mode or "float32"
    return sorted(found.items(), key=lambda item: (len(str(item[0])) if axis == "mode" else 0, item[0]))


def _value(row: Row, axis: Axis) -> tuple[int, ...] | str:
    if axis == "size":
        width, height, batch = row.lr_width or 0, row.lr_height or 0, row.batch or 0
        return width * height * batch, width, height, batch
    return (row.threads or 0,) if axis == "threads" else row.mode


def _section(rows: Sequence[Row], axis: Axis, by_median: bool) -> Section:
    values = _values(rows, axis)
    networks: dict[Hashable, Row] = {}
    cells: dict[tuple[Hashable, Hashable], Row] = {}
    for row in rows:
        key = (row.network, row.form, row.colors, "" if axis == "mode" else row.mode)
        networks.setdefault(key, replace(row, mode="") if axis == "mode" else row)
        cells[key, _value(row, axis)] = row
    shown = [
        metric
        for metric in metrics.METRICS
        if metric.in_tables and metric.of in _MOVED[axis] and any(metric.shown(row) is not None for row in rows)
    ]
    grids = [_grid(metric, networks, cells, values, by_median) for metric in shown]
    notes = [Note(f"{name_of(row)} at {_at(row, axis)}: {row.status}: {row.reason}") for row in rows if row.failed]
    notes += [Note(BOUND)] if any(metric.is_bound(row) for metric in shown for row in rows) else []
    disturbed = {word for row in rows if (word := row.status) not in ("VALID", "NOISY") and not row.failed}
    if disturbed:
        notes.append(Note(f"~: something disturbed it ({', '.join(sorted(disturbed))}); it is not ranked."))
    return Section(_caption(rows[0], axis), tuple(grids), tuple(notes))


def _grid(
    metric: Metric,
    networks: dict[Hashable, Row],
    cells: dict[tuple[Hashable, Hashable], Row],
    values: Sequence[tuple[Hashable, str]],
    by_median: bool,
) -> Grid:
    columns = [[Cell(name_of(row)) for row in networks.values()]]
    for value, _ in values:
        column = [cells.get((network, value)) for network in networks]
        columns.append(with_best([_cell(metric, row) for row in column], *_judged(metric, column, by_median)))
    head = ("Model", *(title for _, title in values))
    return Grid(head, tuple(zip(*columns, strict=True)), metric.label)


def _judged(
    metric: Metric, column: Sequence[Row | None], by_median: bool
) -> tuple[list[float | None], Literal["low", "high"] | None]:
    """What decides who is best in a column: of runtimes their places, of others the numbers."""
    there = [row for row in column if row is not None]
    if metric is RUNTIME:
        places = iter(ranking(there, by_median=by_median).places)
        return [next(places) if row is not None else None for row in column], "low"
    fit = [row if row is not None and row.colors != "y" and not row.failed else None for row in column]
    return [metric.exact(row) if row is not None else None for row in fit], metric.good


def _cell(metric: Metric, row: Row | None) -> Cell:
    if row is None:
        return Cell(DASH)
    if row.failed:
        return Cell(row.status if metric is RUNTIME else DASH)
    cell = cost_cell(row, metric)
    uncertain = metric.timed and row.status not in ("VALID", "NOISY")
    return replace(cell, text=f"~{cell.text}") if uncertain and cell.text != DASH else cell


def _at(row: Row, axis: Axis) -> str:
    [(_, title)] = _values([row], axis)
    return title


def _caption(row: Row, axis: Axis) -> str:
    size = f": GT {row.gt_width}x{row.gt_height}, LR {row.lr_width}x{row.lr_height}, batch {row.batch}"
    device = _device(row) if axis == "threads" else row.device
    return f"x{row.scale} by {axis}{'' if axis == 'size' else size}; {device} of {row.machine}"
