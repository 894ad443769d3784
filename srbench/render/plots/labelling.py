"""Names in a trade-off figure: whose come first, and where they stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from srbench.board.metric import Metric
from srbench.board.rows import Row
from srbench.render.plots.layout import GAPS_PT, Box, Bubble, Label, Line, Place, place
from srbench.render.plots.marks import ARROW_PT, paint_of, radius_of
from srbench.render.plots.points import Chart, Point
from srbench.render.plots.scales import BubbleScale
from srbench.render.plots.sheet import EDGE_PT, INK, SOFT_INK, Sheet

if TYPE_CHECKING:
    from matplotlib.text import Text

#: By weight, how far from its bubble a name stands: a long leader of one that may be missing is in the way of others.
_REACHES_PT = {3.0: GAPS_PT[-1], 2.0: 28.0, 1.0: 6.0}


@dataclass(frozen=True)
class Spot:
    """A point on the sheet, in points; ``side`` is (0, 0) where it is shown in its place, else whither it lies."""

    point: Point
    bubble: Bubble
    side: tuple[int, int] = (0, 0)

    @property
    def beyond(self) -> bool:
        """Whether it lies beyond the axes."""
        return self.side != (0, 0)

    @property
    def weight(self) -> float:
        """What must be named has 3, the zoo's own have 2, networks for comparison 1."""
        if self.point.highlighted or self.point.on_front or self.beyond:
            return 3.0
        return 1.0 if self.point.is_published else 2.0


def spots_of(sheet: Sheet, chart: Chart, scale: BubbleScale | None) -> list[Spot]:
    """Where the points are on the sheet; those beyond the axes stand at their ends.

    Args:
        sheet: with its axes.
        chart: whose points are placed.
        scale: from values to areas; None where all bubbles are alike.
    """
    axes = sheet.figure.axes[0]
    frame = sheet.box(axes.patch)
    found = []
    for point in chart.points:
        x, y = (float(at) for at in axes.transData.transform((point.x, point.y)) * 72 / sheet.figure.dpi)
        if chart.holds(point):
            found.append(Spot(point, Bubble(x, y, radius_of(point, scale))))
            continue
        sides = [
            0 if extent.holds(value) else 1 if value > extent.high else -1
            for extent, value in ((chart.x_extent, point.x), (chart.y_extent, point.y))
        ]
        x = min(max(x, frame.x0 + ARROW_PT), frame.x1 - ARROW_PT)
        y = min(max(y, frame.y0 + ARROW_PT), frame.y1 - ARROW_PT)
        found.append(Spot(point, Bubble(x, y, ARROW_PT), (sides[0], sides[1])))
    return found


def text_of(spot: Spot, chart: Chart) -> str:
    """The name; of a network beyond the axes with what it has there: ``MSRN (6,078 K)``."""
    columns = [column for column, side in zip((chart.spec.x, chart.spec.y), spot.side, strict=True) if side]
    values = ", ".join(_amount(column, spot.point.row) for column in columns)
    return f"{spot.point.label} ({values})" if values else spot.point.label


def _amount(column: Metric, row: Row) -> str:
    """With its unit; a number of four digits needs none behind its point."""
    value = column.value(row) or 0.0
    return f"{f'{value:,.0f}' if abs(value) >= 1e3 else column.text(row)} {column.unit}".strip()


def draw_labels(
    sheet: Sheet,
    chart: Chart,
    spots: Sequence[Spot],
    bubbles: Sequence[Bubble],
    lines: Sequence[Line],
    blocks: Sequence[Box],
) -> list[Spot]:
    """Set each name where it touches nothing.

    Args:
        sheet: with its axes.
        chart: what is shown.
        spots: of :func:`spots_of`, those that are to be named.
        bubbles: all that no name may touch.
        lines: what names had better not stand on.
        blocks: what they must not.

    Returns:
        Those for whose names there is no room, the most important first.
    """
    ordered = sorted(spots, key=lambda spot: -spot.weight)
    texts = [_text(sheet, spot, chart) for spot in ordered]
    labels = []
    for spot, text in zip(ordered, texts, strict=True):
        box = sheet.box(text)
        labels.append(Label(spot.bubble, box.x1 - box.x0, box.y1 - box.y0, spot.weight, _REACHES_PT[spot.weight]))
    frame = sheet.box(sheet.figure.axes[0].patch)
    bounds = Box(frame.x0 + 1.5, frame.y0 + 1.5, sheet.look.width_pt - EDGE_PT, frame.y1)
    places = place(labels, bubbles, lines, bounds, blocks)
    for spot, text, found in zip(ordered, texts, places, strict=True):
        _settle(sheet, chart, spot, text, found)
    return [spot for spot, found in zip(ordered, places, strict=True) if found is None]


def _text(sheet: Sheet, spot: Spot, chart: Chart) -> "Text":
    point, style = spot.point, dict[str, Any]()
    soft = point.dominated or point.is_published
    if point.highlighted:
        style = {"fontweight": "bold"}
    ink = paint_of(chart).of(point) if point.highlighted and chart.spec.color is None else SOFT_INK if soft else INK
    return sheet.text(0, 0, text_of(spot, chart), color=ink, zorder=6, gid="label", **style)


def _settle(sheet: Sheet, chart: Chart, spot: Spot, text: "Text", found: Place | None) -> None:
    if found is None:
        text.remove()
        return
    text.set_position((found.box.x0, found.box.y0))
    if found.leader is not None:
        ends = [(found.leader.x0, found.leader.x1), (found.leader.y0, found.leader.y1)]
        style: dict[str, Any] = {"color": paint_of(chart).of(spot.point), "linewidth": 0.4, "zorder": 1.8}
        sheet.figure.axes[0].plot(
            *ends, transform=sheet.in_points, clip_on=False, scalex=False, scaley=False, gid="leader", **style
        )
