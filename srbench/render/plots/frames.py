"""What all figures share: widths, the frame of axes, the legend above, the notes below. Lengths are in points."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from srbench.render.plots.scales import Axis
from srbench.render.plots.sheet import EDGE_PT, FONT_PT, LINE_PT, SOFT_INK, Item, Sheet, flow

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RIGHT_PT, ABOVE_AXES_PT, GAP_PT = 7.0, 5.0, 9.0
#: Ticks, their labels and the title of the x axis; ticks and their distance to their labels on the y axis.
BELOW_AXES_PT, BESIDE_AXES_PT = 4.5 + 2 * LINE_PT + 3.0, 7.5
_TITLE = {"fontsize": FONT_PT + 0.5}


def left_of(sheet: Sheet, y_axis: Axis) -> float:
    """Room for the title of the y axis and its ticks' labels, from the edge of the canvas."""
    return EDGE_PT + LINE_PT + BESIDE_AXES_PT + max(map(sheet.width, y_axis.texts))


def overhang(sheet: Sheet, x_axis: Axis, width: float) -> float:
    """By how much axes must be narrower, since the last tick's label reaches beyond their end.

    Args:
        sheet: that is drawn on.
        x_axis: with the ticks.
        width: of the axes, in points.
    """
    beyond = sheet.width(x_axis.texts[-1]) / 2 - (1 - x_axis.share(x_axis.ticks[-1])) * width
    return max(0.0, beyond + EDGE_PT - RIGHT_PT)


def frame(sheet: Sheet, axes: "Axes", x_axis: Axis, y_axis: Axis, x_label: str, y_label: str) -> None:
    """Ranges, ticks, grid and titles; an empty ``x_label`` stands for an axis that another panel labels.

    Args:
        sheet: that is drawn on.
        axes: matplotlib's.
        x_axis: range and ticks of x.
        y_axis: range and ticks of y.
        x_label: title of x; empty where another panel has it.
        y_label: title of y.
    """
    axes.set_xscale("log" if x_axis.log else "linear")
    axes.set_yscale("log" if y_axis.log else "linear")
    axes.set(xlim=(x_axis.low, x_axis.high), ylim=(y_axis.low, y_axis.high))
    axes.set_xticks(x_axis.ticks, x_axis.texts if x_label else [""] * len(x_axis.ticks))
    axes.set_xticks(x_axis.minor, [""] * len(x_axis.minor), minor=True)
    axes.set_yticks(y_axis.ticks, y_axis.texts)
    axes.set_yticks(y_axis.minor, [""] * len(y_axis.minor), minor=True)
    axes.grid(True)
    box = sheet.box(axes.patch)
    middle_x, middle_y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    if x_label:
        sheet.text(middle_x, box.y0 - BELOW_AXES_PT + 2.0, x_label, ha="center", gid="title", **_TITLE)
    sheet.text(EDGE_PT, middle_y, y_label, ha="left", va="center", rotation=90, gid="title", **_TITLE)


def lines_of(parts: Sequence[Sequence[Item]], width: float) -> list[list[Item]]:
    """The lines of a legend; each part begins one."""
    return [line for part in parts for line in flow(part, width, GAP_PT)]


def height_of(lines: Sequence[Sequence[Item]]) -> float:
    """What they need together."""
    return sum(_line_height(items) for items in lines)


def width_of(lines: Sequence[Sequence[Item]]) -> float:
    """That of the longest."""
    return max(sum(item.width for item in items) + GAP_PT * (len(items) - 1) for items in lines)


def draw_legend(lines: Sequence[Sequence[Item]], left: float, top: float) -> None:
    """Draw lines below one another.

    Args:
        lines: items side by side.
        left: where each line begins, in points.
        top: of the first line, in points.
    """
    for items in lines:
        x, high = left, _line_height(items)
        for item in items:
            item.draw(x, top - high / 2)
            x += item.width + GAP_PT
        top -= high


def _line_height(items: Sequence[Item]) -> float:
    return max(item.height for item in items)


def wrap_notes(sheet: Sheet, notes: Sequence[str], width: float) -> list[str]:
    """Sentences without their stops as the lines of a paragraph.

    Args:
        sheet: that is drawn on.
        notes: sentences without their stops.
        width: of the paragraph, in points.
    """
    return sheet.wrap(" ".join(f"{note}." for note in notes), width) if notes else []


def draw_notes(sheet: Sheet, lines: Sequence[str]) -> None:
    """Set the paragraph at the foot of the sheet."""
    for i, line in enumerate(reversed(lines)):
        sheet.text(EDGE_PT, EDGE_PT + i * LINE_PT, line, color=SOFT_INK, gid="note")
