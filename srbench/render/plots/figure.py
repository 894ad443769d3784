"""The trade-off figure of efficient-SR papers, one column (8 cm) wide: PSNR over a cost, area by another cost.

The figure is laid out in points at its printed size, so it needs no scaling. Nothing here touches pyplot.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srbench.board.metric import Metric
from srbench.board.rows import Row
from srbench.render.plots import frames, naming
from srbench.render.plots.files import FORMATS, house_style, write
from srbench.render.plots.frames import ABOVE_AXES_PT, BELOW_AXES_PT, EDGE_PT, RIGHT_PT, WIDTH_PT
from srbench.render.plots.marks import draw_front, draw_points, legend_of, paint_of, radius_of
from srbench.render.plots.points import Chart, Point, chart_of, csv_of
from srbench.render.plots.scales import BubbleScale, axis_of, bubble_scale
from srbench.render.plots.sheet import INK, LINE_PT, SOFT_INK, Sheet
from srbench.render.plots.spec import PlotSpec

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from srbench.render.plots.layout import Line

MIN_AXES_PT, MAX_AXES_PT, STEP_PT = 150.0, 380.0, 28.0

_PAD_PT = 5.0  # from a bubble to the frame, at least


def trade_off(
    rows: Sequence[Row], spec: PlotSpec, stem: Path, formats: Sequence[str] = FORMATS, also: Sequence[str] = ()
) -> list[Path]:
    """Draw rows as bubbles and write STEM.png, STEM.pdf, STEM.svg and the plotted numbers as STEM.csv.

    The same rows give the same bytes. The folder is made if it does not exist.

    Args:
        rows: of any scale; those of the spec's scale are drawn.
        spec: what the axes and the area show.
        stem: path without a suffix.
        formats: those of ``png`` (300 dpi), ``pdf`` and ``svg`` that are wanted.
        also: sentences for the note, such as what is not in the figure.

    Returns:
        The paths written, in the order of ``formats``, the CSV last.

    Raises:
        ValueError: no row has both x and y, or an unknown format.
        OSError: the folder cannot be written to.
    """
    chart = chart_of(rows, spec)
    chart = replace(chart, notes=(*chart.notes, *also))
    title = f"{spec.y.title} over {spec.x.title}, x{spec.scale}"
    return write(lambda: draw(chart), title, *csv_of(chart), stem, formats)


def draw(chart: Chart) -> "Figure":
    """The figure at its printed size, as high as its labels need.

    Names for which even the highest axes have no room stand in a note instead of beside their bubbles.
    """
    height = min(MAX_AXES_PT, MIN_AXES_PT + 4 * max(0, len(chart.points) - 8))
    nameless: set[str] = set()
    with house_style():
        while True:
            figure, without_room = _attempt(chart, height, nameless)
            if not without_room:
                return figure
            if height < MAX_AXES_PT:
                height = min(MAX_AXES_PT, height + STEP_PT)
            else:
                nameless |= without_room


def _attempt(chart: Chart, height: float, nameless: Collection[str]) -> "tuple[Figure, set[str]]":
    """Draw with axes of that height; also give the labels for which there was no room."""
    from srbench.render.plots.layout import Box

    spec, points = chart.spec, chart.points
    sheet, inner = Sheet.blank(), WIDTH_PT - 2 * EDGE_PT
    scale = bubble_scale([p.size for p in points if p.size is not None])
    pads = [radius_of(point, scale) + _PAD_PT for point in points]

    y_spans = [(p.y_spread.low, p.y_spread.high) if p.y_spread else (p.y, p.y) for p in points]
    # Good networks crowd at the top, so that is where names need room.
    head = min(3, len(points) // 8) * LINE_PT
    y_axis = axis_of(y_spans, pads, height, may_be_log=_may_be_log(spec.y), least=_least(spec.y), head=head)
    left = frames.left_of(sheet, y_axis)
    x_spans = [(p.x_spread.low, p.x_spread.high) if p.x_spread else (p.x, p.x) for p in points]
    width = WIDTH_PT - left - RIGHT_PT
    x_axis = axis_of(x_spans, pads, width, may_be_log=_may_be_log(spec.x), least=_least(spec.x))
    width -= frames.overhang(sheet, x_axis, width)

    notes = frames.wrap_notes(sheet, _notes(chart, scale, nameless), inner)
    bottom = EDGE_PT + len(notes) * LINE_PT + BELOW_AXES_PT
    legend = frames.lines_of(legend_of(sheet, chart, scale), inner)
    top = bottom + height + ABOVE_AXES_PT + frames.height_of(legend)
    sheet.set_size(WIDTH_PT, top + EDGE_PT)

    axes = sheet.axes(Box(left, bottom, left + width, bottom + height))
    frames.frame(sheet, axes, x_axis, y_axis, spec.x.label, spec.y.label)
    frames.draw_legend(legend, top)
    frames.draw_notes(sheet, notes)
    draw_points(axes, points, scale, paint_of(chart))
    corners = draw_front(axes, chart)
    paths = [corners, *([(a, p.y), (b, p.y)] for (a, b), p in zip(x_spans, points, strict=True) if a < b)]
    paths += [[(p.x, a), (p.x, b)] for (a, b), p in zip(y_spans, points, strict=True) if a < b]
    return sheet.figure, _draw_labels(sheet, chart, nameless, scale, _in_points(sheet, paths))


def _may_be_log(column: Metric) -> bool:
    """PSNR and SSIM are logarithms or shares already; costs and throughput span decades."""
    return column.cell is None and column.unit != "dB"


def _least(column: Metric) -> float:
    """How far an axis reaches around a single value: 0.2 dB where PSNR has two digits; 0 leaves it to the value."""
    return 20 * 10.0**-column.digits if column.cell is not None else 0.0


def _notes(chart: Chart, scale: BubbleScale | None, nameless: Collection[str]) -> list[str]:
    """The chart's own, then what only the drawing knows."""
    notes = list(chart.notes)
    if (column := chart.spec.size) is not None and scale is not None:
        cut = [f"{p.name} {column.text(p.row)}" for p in chart.points if p.size and scale.is_cut(p.size)]
        if cut:
            notes.append(f"Dashed: {column.label} beyond the scale of areas: {', '.join(cut)}")
        bare = [(p.name, f"no {column.title}") for p in chart.points if p.size is None]
        if bare:
            notes.append(f"Dot alone: {naming.listed(bare)}")
    if (column := chart.spec.color) is not None:
        gray = [(p.name, f"no {column.title}") for p in chart.points if p.color is None]
        if gray:
            notes.append(f"Grey: {naming.listed(gray)}")
    if nameless:
        notes.append(f"Not named: {naming.listed([(p.name, 'no room') for p in chart.points if p.label in nameless])}")
    return notes


def _in_points(sheet: Sheet, paths: Sequence[Sequence[tuple[float, float]]]) -> "list[Line]":
    """The straight pieces of paths in the axes' units."""
    from srbench.render.plots.layout import Line

    lines = []
    for path in filter(None, paths):
        corners = sheet.figure.axes[0].transData.transform(path) * 72 / sheet.figure.dpi
        lines += [Line(*map(float, (*a, *b))) for a, b in pairwise(corners)]
    return lines


def _weight(point: Point) -> float:
    """The zoo's own stand nearer to their names than networks drawn for comparison."""
    return 1.0 if point.row.status == "PUBLISHED" else 2.0


def _draw_labels(
    sheet: Sheet, chart: Chart, nameless: Collection[str], scale: BubbleScale | None, lines: "Sequence[Line]"
) -> set[str]:
    """Set each name where it touches nothing; give those for which there is no room."""
    from srbench.render.plots.layout import Box, Bubble, Label, place

    axes = sheet.figure.axes[0]

    def bubble(point: Point) -> Bubble:
        x, y = axes.transData.transform((point.x, point.y)) * 72 / sheet.figure.dpi
        return Bubble(float(x), float(y), radius_of(point, scale))

    # The zoo's own come first: where it gets tight, a comparison network goes without its name.
    points, paint = chart.points, paint_of(chart)
    named = [p for p in points if p.label not in nameless]
    ordered = sorted(named, key=lambda p: p.row.status == "PUBLISHED")
    inks = [SOFT_INK if p.dominated or p.row.status == "PUBLISHED" else INK for p in ordered]
    texts = [sheet.text(0, 0, p.label, color=ink, zorder=6, gid="label") for p, ink in zip(ordered, inks, strict=True)]
    boxes = [sheet.box(text) for text in texts]
    labels = [
        Label(bubble(p), box.x1 - box.x0, box.y1 - box.y0, _weight(p)) for p, box in zip(ordered, boxes, strict=True)
    ]
    frame = sheet.box(axes.patch)
    bounds = Box(frame.x0 + 1.5, frame.y0 + 1.5, WIDTH_PT - EDGE_PT, frame.y1)
    places = place(labels, [bubble(p) for p in points], lines, bounds)
    for point, text, found in zip(ordered, texts, places, strict=True):
        if found is None:
            text.remove()
            continue
        text.set_position((found.box.x0, found.box.y0))
        if found.leader is not None:
            ends = [(found.leader.x0, found.leader.x1), (found.leader.y0, found.leader.y1)]
            style: dict[str, Any] = {"color": paint.of(point), "linewidth": 0.4, "zorder": 1.8, "gid": "leader"}
            axes.plot(*ends, transform=sheet.in_points, clip_on=False, scalex=False, scaley=False, **style)
    return {p.label for p, found in zip(ordered, places, strict=True) if found is None}
