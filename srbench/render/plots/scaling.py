"""The scaling figure: runtime and peak memory over the LR size, and what twice the width and height cost."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srbench.board.metric import Metric
from srbench.board.rows import Row
from srbench.render.plots import frames
from srbench.render.plots.colors import color_of
from srbench.render.plots.entries import Entry, LineEntry
from srbench.render.plots.files import house_style, write
from srbench.render.plots.frames import ABOVE_AXES_PT, BELOW_AXES_PT, GAP_PT, RIGHT_PT
from srbench.render.plots.growth import MEASURES, Curve, Scaling, Spot, csv_of, order_of_growth, scaling_of
from srbench.render.plots.look import COLUMN, Look
from srbench.render.plots.scales import Axis, axis_of
from srbench.render.plots.sheet import EDGE_PT, LINE_PT, Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BETWEEN_PT, _PAD_PT = 8.0, 8.0
#: Height of the axes, of all panels together, over the width of the figure.
_SHAPE = 0.75
#: Networks of one colour are told apart by these, in order.
_DASHES: tuple[Any, ...] = ("solid", (0, (4, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.5, 1, 1.5)))
_MARKERS = "osD^v"
#: Twice the width and twice the height.
_TIMES_PIXELS = 4
_X_LABEL = "LR pixels [K]"


def scaling(rows: Sequence[Row], scale: int, stem: Path, look: Look = COLUMN, also: Sequence[str] = ()) -> list[Path]:
    """Draw how the networks of a scale grow with the LR size, and write the files.

    Args:
        rows: of any scale and size, of one device.
        scale: upscaling factor.
        stem: path without a suffix.
        look: width, font, formats, and whether there are notes.
        also: sentences for the note.

    Returns:
        The paths written, the CSV last.

    Raises:
        ValueError: no network has two sizes.
        OSError: the folder cannot be written to.
    """
    found = scaling_of(rows, scale)
    found = replace(found, notes=(*found.notes, *also))
    title = f"Runtime and peak memory over LR size, x{scale}"
    return write(lambda: draw(found, look), title, *csv_of(found), stem, look)


def draw(scaling: Scaling, look: Look = COLUMN) -> "Figure":
    """The figure at its printed size, a panel for each measure that is known."""
    with house_style(look):
        return _draw(scaling, look)


def styles_of(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Colour, dashes and marker of each line; those of one colour differ in the other two."""
    colors = [color_of(row) for row in rows]
    turns = [colors[:i].count(color) for i, color in enumerate(colors)]
    return [
        {"color": c, "linestyle": _DASHES[n % len(_DASHES)], "marker": _MARKERS[n % len(_MARKERS)]}
        for c, n in zip(colors, turns, strict=True)
    ]


def _draw(scaling: Scaling, look: Look) -> "Figure":
    from srbench.render.plots.layout import Box

    sheet = Sheet.blank(look)
    inner = sheet.inner
    curves = scaling.curves
    panels = [column for column in MEASURES if any(curve.spots(column) for curve in curves)]
    styles = styles_of([curve.rows[0] for curve in curves])
    each = (_SHAPE * look.width_pt - (len(panels) - 1) * _BETWEEN_PT) / len(panels)
    y_axes = [_axis([s for c in curves for s in c.spots(column)], each) for column in panels]
    left = max(frames.left_of(sheet, axis) for axis in y_axes)
    width = look.width_pt - left - RIGHT_PT
    xs = [spot.x for column in panels for curve in curves for spot in curve.spots(column)]
    x_axis = axis_of([(x, x) for x in xs], [_PAD_PT] * len(xs), width, log=True)
    width -= frames.overhang(sheet, x_axis, width)

    head = "Twice the width and height costs"
    entries = [Entry(sheet, head).item()]
    for curve, style in zip(curves, styles, strict=True):
        said = _orders(curve, panels)
        name = sheet.fit(curve.label, inner - LineEntry.glyph_width - sheet.width(said) - GAP_PT)
        entries.append(LineEntry(sheet, f"{name} {said}", _look(style)).item())
    legend = frames.lines_of([entries[:1], entries[1:]], inner)
    notes = frames.wrap_notes(sheet, [*(scaling.notes if look.notes else []), *scaling.warnings], inner)
    bottom = EDGE_PT + len(notes) * LINE_PT + BELOW_AXES_PT
    high = len(panels) * each + (len(panels) - 1) * _BETWEEN_PT
    top = bottom + high + ABOVE_AXES_PT + frames.height_of(legend)
    sheet.set_height(top + EDGE_PT)
    for k, (column, y_axis) in enumerate(zip(panels, y_axes, strict=True)):
        low = bottom + (len(panels) - 1 - k) * (each + _BETWEEN_PT)
        axes = sheet.axes(Box(left, low, left + width, low + each))
        frames.frame(sheet, axes, x_axis, y_axis, _X_LABEL if k == len(panels) - 1 else "", column.label)
        for curve, style in zip(curves, styles, strict=True):
            _draw_curve(axes, curve.spots(column), _look(style))
    frames.draw_legend(legend, EDGE_PT, top)
    frames.draw_notes(sheet, notes)
    return sheet.figure


def _axis(spots: Sequence[Spot], length: float) -> Axis:
    spans = [(s.spread.low, s.spread.high) if s.spread and s.spread.low > 0 else (s.y, s.y) for s in spots]
    return axis_of(spans, [_PAD_PT] * len(spans), length, log=True)


def _look(style: dict[str, Any]) -> dict[str, Any]:
    return style | {"linewidth": 0.9, "markersize": 3.0}


def _orders(curve: Curve, panels: Sequence[Metric]) -> str:
    """``3.9x the runtime, 3.7x the peak memory``."""
    orders = zip(MEASURES, curve.orders, strict=True)
    return ", ".join(
        f"{_TIMES_PIXELS**order:.1f}x the {column.title.lower()}"
        for column, order in orders
        if column in panels and order is not None
    )


def _draw_curve(axes: "Axes", spots: Sequence[Spot], look: dict[str, Any]) -> None:
    """Dots with their intervals, hollow where disturbed, and the power law from the first to the last fitted one."""
    for fitted, face in ((True, look["color"]), (False, "white")):
        some = [s for s in spots if s.fitted == fitted]
        bare = look | {"linestyle": "none", "markerfacecolor": face, "markeredgewidth": 0.7, "zorder": 3}
        axes.plot([s.x for s in some], [s.y for s in some], gid="spots" if fitted else "disturbed", **bare)
    for spot in spots:
        if spot.spread:
            ends = [spot.spread.low, spot.spread.high]
            axes.plot(
                [spot.x] * 2, ends, color=look["color"], linewidth=0.8, marker="_", markersize=3.5, gid="interval"
            )
    level = [s for s in spots if s.fitted]
    fit = order_of_growth([s.x for s in level], [s.y for s in level])
    if fit is None:
        return
    power, factor = fit
    ends = [min(s.x for s in level), max(s.x for s in level)]
    axes.plot(ends, [factor * x**power for x in ends], gid="fit", zorder=2, **look | {"marker": "none"})
