"""The trade-off figure of efficient-SR papers, one column (8 cm) wide: PSNR over a cost, area by another cost.

The figure is laid out in points at its printed size, so it needs no scaling. Nothing here touches pyplot.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srbench.board.leaderboard import Row
from srbench.render.columns import Column
from srbench.render.plots.marks import color_of, draw_front, draw_points, legend_of, radius_of
from srbench.render.plots.points import Chart, PlotSpec, Point, chart_of, listed, write_csv
from srbench.render.plots.scales import Axis, BubbleScale, axis_of, bubble_scale
from srbench.render.plots.sheet import DPI, FONT_PT, INK, LINE_PT, SOFT_INK, Item, Sheet, flow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from srbench.render.plots.layout import Line

__all__ = ["FORMATS", "WIDTH_CM", "PlotSpec", "draw", "trade_off"]

FORMATS = ("png", "pdf", "svg")
#: 8 cm, to the whole pixel.
WIDTH_PT = 945 / DPI * 72
WIDTH_CM = 945 / DPI * 2.54
MIN_AXES_PT, MAX_AXES_PT, STEP_PT = 150.0, 380.0, 28.0

_EDGE_PT = 3.0  # along the canvas
_PAD_PT = 5.0  # from a bubble to the frame, at least
_RIGHT_PT, _ABOVE_AXES_PT, _GAP_PT = 7.0, 5.0, 9.0
#: Ticks, their labels and the title of the x axis; ticks and their distance to their labels on the y axis.
_BELOW_AXES_PT, _BESIDE_AXES_PT = 4.5 + 2 * LINE_PT + 3.0, 7.5
_TITLE = {"fontsize": FONT_PT + 0.5}
_STYLE = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib, so that every machine draws the same
    "font.size": FONT_PT,
    "axes.linewidth": 0.5,
    "axes.edgecolor": "#444444",
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.major.pad": 2.0,
    "ytick.major.pad": 2.0,
    "xtick.minor.size": 1.5,
    "xtick.minor.width": 0.4,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.4,
    "text.parse_math": False,  # a name may hold dollar signs
    "text.hinting": "none",
    "pdf.fonttype": 42,  # publishers refuse Type 3 fonts
    "svg.fonttype": "path",
    "svg.hashsalt": "srbench",  # random ids would make every file differ
}
_METADATA: Mapping[str, dict[str, Any]] = {"png": {}, "pdf": {"CreationDate": None}, "svg": {"Date": None}}


def trade_off(rows: Sequence[Row], spec: PlotSpec, stem: Path, formats: Sequence[str] = FORMATS) -> list[Path]:
    """Draw rows as bubbles and write STEM.png, STEM.pdf, STEM.svg and the plotted numbers as STEM.csv.

    The same rows give the same bytes. The folder is made if it does not exist.

    Args:
        rows: of any scale; those of the spec's scale are drawn.
        spec: what the axes and the area show.
        stem: path without a suffix.
        formats: those of ``png`` (300 dpi), ``pdf`` and ``svg`` that are wanted.

    Returns:
        The paths written, in the order of ``formats``, the CSV last.

    Raises:
        ValueError: no row has both x and y, or an unknown format.
        OSError: the folder cannot be written to.
    """
    if unknown := [name for name in formats if name not in FORMATS]:
        raise ValueError(f"unknown plot format '{unknown[0]}'; known are {', '.join(FORMATS)}")
    chart = chart_of(rows, spec)
    stem.parent.mkdir(parents=True, exist_ok=True)
    paths = [stem.with_name(f"{stem.name}.{suffix}") for suffix in (*formats, "csv")]
    write_csv(chart, paths[-1])
    with _house_style():
        figure = draw(chart)
        title = {"Title": f"{spec.y.title} over {spec.x.title}, x{spec.scale}"}
        for path, name in zip(paths, formats, strict=False):
            figure.savefig(path, format=name, dpi=DPI, metadata=_METADATA[name] | title)
    return paths


def draw(chart: Chart) -> "Figure":
    """The figure at its printed size, as high as its labels need.

    Names for which even the highest axes have no room stand in a note instead of beside their bubbles.
    """
    height = min(MAX_AXES_PT, MIN_AXES_PT + 4 * max(0, len(chart.points) - 8))
    nameless: set[str] = set()
    with _house_style():
        while True:
            figure, without_room = _attempt(chart, height, nameless)
            if not without_room:
                return figure
            if height < MAX_AXES_PT:
                height = min(MAX_AXES_PT, height + STEP_PT)
            else:
                nameless |= without_room


@contextmanager
def _house_style() -> Iterator[None]:
    """Our settings alone, whatever the user's matplotlibrc says."""
    import matplotlib.style

    with matplotlib.style.context(["default", _STYLE]):
        yield


def _attempt(chart: Chart, height: float, nameless: Collection[str]) -> "tuple[Figure, set[str]]":
    """Draw with axes of that height; also give the labels for which there was no room."""
    from srbench.render.plots.layout import Box

    spec, points = chart.spec, chart.points
    sheet, inner = Sheet.blank(), WIDTH_PT - 2 * _EDGE_PT
    scale = bubble_scale([p.size for p in points if p.size is not None])
    pads = [radius_of(point, scale) + _PAD_PT for point in points]

    y_spans = [(p.y_spread.low, p.y_spread.high) if p.y_spread else (p.y, p.y) for p in points]
    # Good networks crowd at the top, so that is where names need room.
    head = min(3, len(points) // 8) * LINE_PT
    # PSNR and SSIM are logarithms or shares already; costs span decades.
    costly = spec.y.good == "low"
    y_axis = axis_of(y_spans, pads, height, may_be_log=costly, least=_least(spec.y), head=head)
    left = _EDGE_PT + LINE_PT + _BESIDE_AXES_PT + max(map(sheet.width, y_axis.texts))
    x_spans = [(p.x_spread.low, p.x_spread.high) if p.x_spread else (p.x, p.x) for p in points]
    width = WIDTH_PT - left - _RIGHT_PT
    x_axis = axis_of(x_spans, pads, width, may_be_log=True, least=_least(spec.x))
    # The last tick may stand near the end, with half its label beyond.
    overhang = sheet.width(x_axis.texts[-1]) / 2 - (1 - x_axis.share(x_axis.ticks[-1])) * width
    width -= max(0.0, overhang + _EDGE_PT - _RIGHT_PT)

    notes = sheet.wrap(" ".join(f"{note}." for note in _notes(chart, scale, nameless)), inner)
    bottom = _EDGE_PT + len(notes) * LINE_PT + _BELOW_AXES_PT
    top = bottom + height + _ABOVE_AXES_PT
    legend = [line for part in legend_of(sheet, chart, scale) for line in flow(part, inner, _GAP_PT)]
    sheet.set_size(WIDTH_PT, top + sum(map(_height, legend)) + _EDGE_PT)

    axes = sheet.axes(Box(left, bottom, left + width, bottom + height))
    _frame(sheet, axes, chart, x_axis, y_axis)
    top += sum(map(_height, legend))
    for items in legend:
        x = _EDGE_PT
        for item in items:
            item.draw(x, top - _height(items) / 2)
            x += item.width + _GAP_PT
        top -= _height(items)
    for i, line in enumerate(notes, start=1):
        sheet.text(_EDGE_PT, bottom - _BELOW_AXES_PT - i * LINE_PT, line, color=SOFT_INK, gid="note")
    draw_points(axes, points, scale)
    corners = draw_front(axes, chart)
    paths = [corners, *([(a, p.y), (b, p.y)] for (a, b), p in zip(x_spans, points, strict=True) if a < b)]
    paths += [[(p.x, a), (p.x, b)] for (a, b), p in zip(y_spans, points, strict=True) if a < b]
    named = [p for p in points if p.label not in nameless]
    return sheet.figure, _draw_labels(sheet, named, points, scale, _in_points(sheet, paths))


def _least(column: Column) -> float:
    """How far an axis reaches around a single value: 0.2 dB where PSNR has two digits; 0 leaves it to the value."""
    return 20 * 10.0**-column.digits if column.good == "high" else 0.0


def _height(items: Sequence[Item]) -> float:
    return max(item.height for item in items)


def _notes(chart: Chart, scale: BubbleScale | None, nameless: Collection[str]) -> list[str]:
    """The chart's own, then what only the drawing knows."""
    notes = list(chart.notes)
    if (column := chart.spec.size) is not None and scale is not None:
        cut = [f"{p.name} {column.text(p.row)}" for p in chart.points if p.size and scale.is_cut(p.size)]
        if cut:
            notes.append(f"Dashed: {column.label} beyond the scale of areas: {', '.join(cut)}")
        bare = [(p.name, f"no {column.title}") for p in chart.points if p.size is None]
        if bare:
            notes.append(f"Dot alone: {listed(bare)}")
    if nameless:
        notes.append(f"Not named: {listed([(p.name, 'no room') for p in chart.points if p.label in nameless])}")
    return notes


def _frame(sheet: Sheet, axes: "Axes", chart: Chart, x_axis: Axis, y_axis: Axis) -> None:
    """Ranges, ticks, grid and titles."""
    axes.set_xscale("log" if x_axis.log else "linear")
    axes.set_yscale("log" if y_axis.log else "linear")
    axes.set(xlim=(x_axis.low, x_axis.high), ylim=(y_axis.low, y_axis.high))
    axes.set_xticks(x_axis.ticks, x_axis.texts)
    axes.set_xticks(x_axis.minor, [""] * len(x_axis.minor), minor=True)
    axes.set_yticks(y_axis.ticks, y_axis.texts)
    axes.set_yticks(y_axis.minor, [""] * len(y_axis.minor), minor=True)
    axes.grid(True)
    box = sheet.box(axes.patch)
    middle_x, middle_y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    sheet.text(middle_x, box.y0 - _BELOW_AXES_PT + 2.0, chart.spec.x.label, ha="center", **_TITLE)
    sheet.text(_EDGE_PT, middle_y, chart.spec.y.label, ha="left", va="center", rotation=90, **_TITLE)


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
    sheet: Sheet, named: Sequence[Point], points: Sequence[Point], scale: BubbleScale | None, lines: "Sequence[Line]"
) -> set[str]:
    """Set each name where it touches nothing; give those for which there is no room."""
    from srbench.render.plots.layout import Box, Bubble, Label, place

    axes = sheet.figure.axes[0]

    def bubble(point: Point) -> Bubble:
        x, y = axes.transData.transform((point.x, point.y)) * 72 / sheet.figure.dpi
        return Bubble(float(x), float(y), radius_of(point, scale))

    # The zoo's own come first: where it gets tight, a comparison network goes without its name.
    ordered = sorted(named, key=lambda p: p.row.status == "PUBLISHED")
    inks = [SOFT_INK if point.row.status == "PUBLISHED" else INK for point in ordered]
    texts = [sheet.text(0, 0, p.label, color=ink, zorder=6, gid="label") for p, ink in zip(ordered, inks, strict=True)]
    boxes = [sheet.box(text) for text in texts]
    labels = [
        Label(bubble(p), box.x1 - box.x0, box.y1 - box.y0, _weight(p)) for p, box in zip(ordered, boxes, strict=True)
    ]
    frame = sheet.box(axes.patch)
    bounds = Box(frame.x0 + 1.5, frame.y0 + 1.5, WIDTH_PT - _EDGE_PT, frame.y1)
    places = place(labels, [bubble(p) for p in points], lines, bounds)
    for point, text, found in zip(ordered, texts, places, strict=True):
        if found is None:
            text.remove()
            continue
        text.set_position((found.box.x0, found.box.y0))
        if found.leader is not None:
            ends = [(found.leader.x0, found.leader.x1), (found.leader.y0, found.leader.y1)]
            style: dict[str, Any] = {"color": color_of(point.row), "linewidth": 0.4, "zorder": 1.8, "gid": "leader"}
            axes.plot(*ends, transform=sheet.in_points, clip_on=False, scalex=False, scaley=False, **style)
    return {p.label for p, found in zip(ordered, places, strict=True) if found is None}
