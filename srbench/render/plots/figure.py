"""The trade-off figure of efficient-SR papers: PSNR over a cost, area by another cost.

The figure is laid out in points at its printed size, so it needs no scaling. Nothing here touches pyplot.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from srbench.board.rows import Row
from srbench.render.plots import frames, naming
from srbench.render.plots.extents import Extent, least_of
from srbench.render.plots.files import house_style, write
from srbench.render.plots.frames import ABOVE_AXES_PT, BELOW_AXES_PT, RIGHT_PT
from srbench.render.plots.look import COLUMN, Look
from srbench.render.plots.marks import draw_arrow, draw_front, draw_points, legend_of, paint_of, radius_of
from srbench.render.plots.points import Chart, chart_of, csv_of
from srbench.render.plots.scales import Axis, BubbleScale, axis_between, axis_of, bubble_scale
from srbench.render.plots.sheet import EDGE_PT, LINE_PT, Item, Sheet
from srbench.render.plots.spec import PlotSpec

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from srbench.measure.stats import Interval
    from srbench.render.plots.labelling import Spot
    from srbench.render.plots.layout import Box, Line

#: Height over width without what is written below: 4:3, or a square where names need the room.
SHAPES = (0.75, 1.0)

#: Of the networks for comparison, how many may go without a name before the figure takes another shape for them.
_MOST_NAMELESS = 0.15
_PAD_PT = 5.0  # from a bubble to the frame, at least
#: Free space within the legend's box, around it, and to the frame; and the most of the axes' width that it takes.
_LEGEND_PAD_PT, _LEGEND_CLEAR_PT, _LEGEND_EDGE_PT, _LEGEND_SHARE = 3.0, 6.0, 3.0, 0.55


def trade_off(
    rows: Sequence[Row], spec: PlotSpec, stem: Path, look: Look = COLUMN, also: Sequence[str] = ()
) -> list[Path]:
    """Draw rows as bubbles and write STEM.png, STEM.pdf, STEM.svg and the plotted numbers as STEM.csv.

    The same rows give the same bytes. The folder is made if it does not exist.

    Args:
        rows: of any scale; those of the spec's scale are drawn.
        spec: what the axes and the area show.
        stem: path without a suffix.
        look: width, font, formats, and whether there are notes.
        also: sentences for the note, such as what is not in the figure.

    Returns:
        The paths written, in the order of the formats, the CSV last.

    Raises:
        ValueError: no row has both x and y, none lies within the limits, or a highlighted one is not there.
        OSError: the folder cannot be written to.
    """
    chart = chart_of(rows, spec)
    chart = replace(chart, notes=(*chart.notes, *also))
    title = f"{spec.y.title} over {spec.x.title}, x{spec.scale}"
    return write(lambda: draw(chart, look), title, *csv_of(chart), stem, look)


def draw(chart: Chart, look: Look = COLUMN) -> "Figure":
    """The figure at its printed size, with the legend within the axes and in 4:3 where all names have room so."""
    tries: list[tuple[float, bool, list[Spot]]] = []
    with house_style(look):
        for within in (True, False):
            for shape in SHAPES:
                figure, nameless = _attempt(chart, look, shape, within=within)
                if figure is None:
                    continue
                if not nameless:
                    return figure
                tries.append((shape, within, nameless))
        good = [each for each in tries if not _costs_much(each[2], chart)]
        shape, within, nameless = good[0] if good else min(tries, key=lambda each: len(each[2]))
        figure, _ = _attempt(chart, look, shape, within=within, nameless=nameless)
        assert figure is not None  # its legend had its place before
        return figure


def _costs_much(nameless: "Sequence[Spot]", chart: Chart) -> bool:
    """Whether so many or so important names have no room that another shape or place of the legend is worth a try."""
    return any(spot.weight > 1 for spot in nameless) or len(nameless) > _MOST_NAMELESS * len(chart.points)


def _attempt(
    chart: Chart, look: Look, shape: float, *, within: bool, nameless: "Sequence[Spot]" = ()
) -> "tuple[Figure | None, list[Spot]]":
    """Draw once.

    Args:
        chart: what is shown.
        look: how.
        shape: height over width, without what is written below.
        within: whether the legend stands within the axes.
        nameless: those that go without a name; they are named below.

    Returns:
        The figure, None where the legend has no place within; and those for whose names there was no room.
    """
    from srbench.render.plots.labelling import draw_labels, spots_of
    from srbench.render.plots.layout import Box

    spec, inside = chart.spec, [p for p in chart.points if chart.holds(p)]
    sheet = Sheet.blank(look)
    scale = bubble_scale([p.size for p in inside if p.size is not None])
    legend_items = legend_of(sheet, chart, scale)
    above = [] if within else frames.lines_of(legend_items, sheet.inner)
    below = frames.wrap_notes(sheet, _below(chart, scale, nameless, notes=look.notes), sheet.inner)
    bottom = EDGE_PT + len(below) * LINE_PT + BELOW_AXES_PT
    height = shape * look.width_pt - BELOW_AXES_PT - ABOVE_AXES_PT - 2 * EDGE_PT - frames.height_of(above)

    pads = [radius_of(point, scale) + _PAD_PT for point in inside]
    # Good networks crowd at the top, so that is where names need room.
    head = min(3, len(inside) // 8) * LINE_PT
    y_spans = _spans([(p.y, p.y_spread) for p in inside])
    y_axis = _axis(chart.y_extent, y_spans, pads, height, least_of(spec.y), head)
    left = frames.left_of(sheet, y_axis)
    x_spans = _spans([(p.x, p.x_spread) for p in inside])
    width = look.width_pt - left - RIGHT_PT
    x_axis = _axis(chart.x_extent, x_spans, pads, width, least_of(spec.x))
    width -= frames.overhang(sheet, x_axis, width)

    top = bottom + height + ABOVE_AXES_PT + frames.height_of(above)
    sheet.set_height(top + EDGE_PT)
    axes = sheet.axes(Box(left, bottom, left + width, bottom + height))
    frames.frame(sheet, axes, x_axis, y_axis, spec.x.label, spec.y.label)
    frames.draw_legend(above, EDGE_PT, top)
    frames.draw_notes(sheet, below)
    paint = paint_of(chart)
    draw_points(axes, inside, scale, paint)
    paths = [draw_front(axes, chart)]
    paths += [[(a, p.y), (b, p.y)] for (a, b), p in zip(x_spans, inside, strict=True) if a < b]
    paths += [[(p.x, a), (p.x, b)] for (a, b), p in zip(y_spans, inside, strict=True) if a < b]
    lines, spots = _in_points(sheet, paths), spots_of(sheet, chart, scale)
    for spot in (s for s in spots if s.beyond):
        draw_arrow(sheet, spot.bubble.x, spot.bubble.y, spot.side)
    blocks = _legend_within(sheet, legend_items, spots, lines) if within else []
    if blocks is None:
        return None, []
    left_out = {spot.point.label for spot in nameless}
    named = [spot for spot in spots if spot.point.label not in left_out]
    return sheet.figure, draw_labels(sheet, chart, named, [spot.bubble for spot in spots], lines, blocks)


def _spans(values: "Sequence[tuple[float, Interval | None]]") -> list[tuple[float, float]]:
    """From where to where each is drawn."""
    return [(spread.low, spread.high) if spread else (value, value) for value, spread in values]


def _axis(
    extent: Extent,
    spans: Sequence[tuple[float, float]],
    pads: Sequence[float],
    length: float,
    least: float,
    head: float = 0.0,
) -> Axis:
    if extent.typed:
        return axis_between(extent.low, extent.high, length, log=extent.log)
    return axis_of(spans, pads, length, log=extent.log, least=least, head=head)


def _below(chart: Chart, scale: BubbleScale | None, nameless: "Sequence[Spot]", *, notes: bool) -> list[str]:
    """The chart's warnings and those that only the drawing knows; its notes where they are wanted."""
    from srbench.render.plots.labelling import text_of

    inside = [p for p in chart.points if chart.holds(p)]
    said, told = list(chart.notes), list(chart.warnings)
    if (column := chart.spec.size) is not None and scale is not None:
        cut = [f"{p.name} {column.text(p.row)}" for p in inside if p.size and scale.is_cut(p.size)]
        told += ["Dashed: area cut"] if cut else []
        said += [f"{column.label} beyond the scale of areas: {', '.join(cut)}"] if cut else []
        bare = [(p.name, f"no {column.title}") for p in inside if p.size is None]
        told += [f"Dot alone: no {column.title}"] if bare else []
        said += [f"Without area: {naming.listed(bare)}"] if bare else []
    if (column := chart.spec.color) is not None:
        gray = [(p.name, f"no {column.title}") for p in inside if p.color is None]
        told += [f"Grey: no {column.title}"] if gray else []
        said += [f"Without colour: {naming.listed(gray)}"] if gray else []
    if beyond := [text_of(spot, chart) for spot in nameless if spot.beyond]:
        told.append(f"Beyond the axes: {', '.join(beyond)}")
    if crowded := [(spot.point.name, "no room") for spot in nameless if not spot.beyond]:
        said.append(f"Not named: {naming.listed(crowded)}")
    return [*(said if notes else []), *told]


def _legend_within(
    sheet: Sheet, parts: Sequence[Sequence[Item]], spots: "Sequence[Spot]", lines: "Sequence[Line]"
) -> "list[Box] | None":
    """Draw the legend in a box where the axes are empty; give the room that it takes, None where there is none."""
    from matplotlib.patches import Rectangle

    from srbench.render.plots.layout import Box, room_for

    axes = sheet.figure.axes[0]
    frame = sheet.box(axes.patch)
    if not parts:
        return []
    rows = frames.lines_of(parts, _LEGEND_SHARE * (frame.x1 - frame.x0))
    width = frames.width_of(rows) + 2 * _LEGEND_PAD_PT
    height = frames.height_of(rows) + 2 * _LEGEND_PAD_PT
    bounds = Box(*(at + _LEGEND_EDGE_PT * sign for at, sign in zip(_corners(frame), (1, 1, -1, -1), strict=True)))
    bubbles = [spot.bubble for spot in spots]
    found = room_for(width, height, bounds, bubbles, lines, _LEGEND_CLEAR_PT)
    if found is None:
        return None
    box = Rectangle((found.x0, found.y0), width, height, transform=sheet.in_points, gid="legend-box")
    box.set(facecolor="white", edgecolor="#CFCFCF", linewidth=0.4, zorder=1.2)
    axes.add_artist(box)
    frames.draw_legend(rows, found.x0 + _LEGEND_PAD_PT, found.y1 - _LEGEND_PAD_PT)
    return [found]


def _corners(box: "Box") -> tuple[float, float, float, float]:
    return box.x0, box.y0, box.x1, box.y1


def _in_points(sheet: Sheet, paths: Sequence[Sequence[tuple[float, float]]]) -> "list[Line]":
    """The straight pieces of paths in the axes' units."""
    from srbench.render.plots.layout import Line

    lines = []
    for path in filter(None, paths):
        corners = sheet.figure.axes[0].transData.transform(path) * 72 / sheet.figure.dpi
        lines += [Line(*map(float, (*a, *b))) for a, b in pairwise(corners)]
    return lines
