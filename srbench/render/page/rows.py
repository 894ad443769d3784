"""Rows of the leaderboard as the page has them."""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace

from srbench.board import metrics
from srbench.board.leaderboard import own_sets
from srbench.board.metric import Metric
from srbench.board.published import QUALITY_SETS, quality_key
from srbench.board.ranks import can_be_ranked, ranking
from srbench.board.rows import Quality, Row
from srbench.render.columns import quality_columns as columns_of_quality
from srbench.render.page.values import ColumnData, CostData, FigureData, RowData
from srbench.render.plots.colors import color_of
from srbench.render.runtimes import runtime_text
from srbench.render.tables import marks_of
from srbench.text import plain


def cost_columns(rows: Sequence[Row]) -> tuple[ColumnData, ...]:
    """The costs that some row has."""
    return tuple(
        _column(metric, derived=not metric.in_tables)
        for metric in metrics.METRICS
        if any(metric.shown(row) is not None for row in rows)
    )


def quality_columns(rows: Sequence[Row]) -> tuple[ColumnData, ...]:
    """The quality columns that some row has a figure in, a sibling's included."""
    known = {cell for row in rows for cell in (*row.measured, *row.quality)}
    columns = columns_of_quality((*QUALITY_SETS, *own_sets(rows)))
    return tuple(_column(column, column.cell[1]) for column in columns if column.cell in known and column.cell)


def _column(column: Metric, dataset: str = "", *, derived: bool = False) -> ColumnData:
    return ColumnData(
        key=column.key,
        title=column.title,
        short=column.short or column.title,
        unit=column.unit,
        good=column.good,
        meaning=column.meaning,
        dataset=plain(dataset),
        derived=derived,
        of=column.of,
        timed=column.timed,
    )


def rows_data(rows: Sequence[Row]) -> tuple[tuple[RowData, ...], tuple[str, ...]]:
    """The rows, and the colours that they are drawn in."""
    colors: dict[str, int] = {}
    networks: dict[Hashable, int] = {}
    places = _ranks(rows)
    data = tuple(
        _row_data(
            row,
            places.get(number),
            colors.setdefault(color_of(row), len(colors)),
            networks.setdefault((row.network or row.label, row.form, row.colors), len(networks)),
        )
        for number, row in enumerate(rows)
    )
    return data, tuple(colors)


def _ranks(rows: Sequence[Row]) -> dict[int, int]:
    """Ranks by runtime, where rows of one input, device and colours compare."""
    groups: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        if can_be_ranked(row):
            groups[row.scale, _load(row), _place(row), row.colors].append(number)
    found: dict[int, int] = {}
    for group in groups.values():
        for number, rank in zip(group, ranking([rows[n] for n in group]).places, strict=True):
            if rank is not None:
                found[number] = rank
    return found


def _row_data(row: Row, rank: int | None, color: int, network: int) -> RowData:
    name = plain(row.name)
    return RowData(
        name=name,
        label=name + marks_of(row),
        network=network,
        bare=plain(replace(row, mode="").name) + marks_of(row),
        mode=row.mode,
        model=plain(row.model),
        form=row.form,
        scale=row.scale,
        size=_size(row.gt_width, row.gt_height),
        lr=_size(row.lr_width, row.lr_height),
        batch=row.batch or 0,
        load=_load(row),
        place=_place(row),
        state=row.status,
        failed=row.failed,
        luma=row.colors == "y",
        rank=rank,
        reason=plain(row.reason),
        advice=plain(row.advice),
        note=plain("; ".join(filter(None, (row.note, row.remark)))),
        color=color,
        costs={metric.key: cost for metric in metrics.METRICS if (cost := _cost(row, metric)) is not None},
        measured=_figures(row.measured),
        published=_figures(row.quality),
    )


def _cost(row: Row, column: Metric) -> CostData | None:
    value = column.shown(row)
    if value is None:
        return None
    interval = column.spread(row)
    if interval is None:
        return CostData(value=value, text=column.text(row), bound=column.is_bound(row))
    low, high = interval.low / column.divisor, interval.high / column.divisor
    return CostData(value=value, text=runtime_text(interval), low=low, high=high)


def _figures(figures: Mapping[tuple[str, str], Quality]) -> dict[str, FigureData]:
    return {quality_key(*cell): _figure(figure) for cell, figure in figures.items()}


def _figure(figure: Quality) -> FigureData:
    text = f"~{figure.printed}" if figure.kind == "approximate" else figure.printed
    marks = ("²" if figure.kind == "secondary" else "") + ("†" if figure.protocol else "")
    return FigureData(
        value=figure.value,
        text=f"({text}{marks})" if figure.sibling else text + marks,
        kind=figure.kind,
        source=plain(figure.source),
        sibling=plain(figure.sibling or ""),
        protocol=plain(figure.protocol),
        how=plain(figure.how),
    )


def _size(width: int | None, height: int | None) -> str:
    return f"{width}x{height}" if width and height else ""


def _load(row: Row) -> str:
    """The input in words; of a row that only papers know, nothing."""
    if row.status == "PUBLISHED":
        return ""
    gt, lr = _size(row.gt_width, row.gt_height), _size(row.lr_width, row.lr_height)
    return f"GT {gt}, LR {lr}, batch {row.batch}, {row.dtype}"


def _place(row: Row) -> str:
    """Device and machine in words; nothing where only shapes were looked at."""
    return f"{row.device} of {plain(row.machine)}" if row.device else ""
