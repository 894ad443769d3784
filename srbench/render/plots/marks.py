"""How a point looks, and the legend that says so: bubbles, dots, intervals and the front."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from srbench.board.rows import QualityKind
from srbench.render.plots.colors import ColorScale, Paint, color_scale, pale
from srbench.render.plots.entries import TEXT_GAP_PT, Entry, LineEntry
from srbench.render.plots.points import Chart, Point
from srbench.render.plots.scales import BubbleScale
from srbench.render.plots.sheet import INK, LINE_PT, SOFT_INK, Item, Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FRONT_COLOR = "#444444"

KIND_NAMES: Mapping[QualityKind, str] = {
    "published": "published",
    "measured": "measured",
    "secondary": "secondary source",
    "approximate": "read off a plot",
}
#: Radius of the dot in a bubble, and of one in a plot without bubbles.
DOT_PT, LONE_DOT_PT = 1.3, 2.2
#: Of the star of a highlighted network, and of the arrow of one beyond the axes.
STAR_PT, ARROW_PT = 4.2, 2.6
_FRONT_STYLE: dict[str, Any] = {"color": FRONT_COLOR, "linewidth": 0.5}


def dot_radius(scale: BubbleScale | None) -> float:
    """Of the dots, in pt; they are larger where there are no bubbles."""
    return DOT_PT if scale else LONE_DOT_PT


def radius_of(point: Point, scale: BubbleScale | None) -> float:
    """Of everything drawn for the point, in pt."""
    bubble = scale.radius(point.size) if scale and point.size is not None else 0.0
    return max(STAR_PT if point.highlighted else dot_radius(scale), bubble)


def paint_of(chart: Chart) -> Paint:
    """The colours of a chart."""
    return Paint(color_scale(chart.spec.color, [p.color for p in chart.points if p.color is not None]))


def draw_points(axes: "Axes", points: Sequence[Point], scale: BubbleScale | None, paint: Paint) -> None:
    """Bubbles, the largest at the back, with their dots and intervals.

    Args:
        axes: matplotlib's.
        points: one for each network.
        scale: from values to areas; None where all bubbles are alike.
        paint: from points to colours.
    """
    sized = sorted(((p.size, p.x, p.y, paint.of(p)) for p in points if p.size is not None), reverse=True)
    for cut in (True, False):
        group = [entry for entry in sized if scale and scale.is_cut(entry[0]) == cut]
        if scale and group:
            sizes, xs, ys, colors = zip(*group, strict=True)
            _bubbles(axes, xs, ys, [scale.radius(size) for size in sizes], colors, cut=cut)
    stars = [point for point in points if point.highlighted]
    star_colors = [paint.of(p) for p in stars]
    style: dict[str, Any] = {"marker": "*", "edgecolors": "white", "linewidths": 0.4, "zorder": 5.5, "gid": "stars"}
    axes.scatter([p.x for p in stars], [p.y for p in stars], s=(2 * STAR_PT) ** 2, facecolors=star_colors, **style)
    # Where the zoo's own and a comparison network coincide, its own is seen.
    for layer, of_zoo in ((4.0, False), (4.5, True)):
        for kind in KIND_NAMES:
            mine = [p for p in points if p.kind == kind and p.is_published != of_zoo and not p.highlighted]
            if mine:
                where = [p.x for p in mine], [p.y for p in mine], [paint.of(p) for p in mine]
                # Within a bubble a measured dot is black; by itself it has the colour.
                inks = [
                    paint.of(p) if scale is None or p.size is None else pale(INK) if p.dominated else INK for p in mine
                ]
                _dots(axes, kind, *where, dot_radius(scale), inks=inks, zorder=layer)
    for point in points:
        style = {"color": paint.of(point), "linewidth": 0.8, "zorder": 3, "markersize": 3.5, "markeredgewidth": 0.8}
        if spread := point.x_spread:
            axes.plot([spread.low, spread.high], [point.y, point.y], marker="|", gid="interval", **style)
        if spread := point.y_spread:
            axes.plot([point.x, point.x], [spread.low, spread.high], marker="_", gid="interval", **style)


def draw_arrow(sheet: Sheet, x: float, y: float, side: tuple[int, int]) -> None:
    """A network beyond the axes, as an arrow that points to it.

    Args:
        sheet: that is drawn on.
        x: of the arrow, in points.
        y: of the arrow, in points.
        side: -1, 0 or 1 along x and y: beyond which end it lies.
    """
    turn = math.degrees(math.atan2(side[1], side[0])) - 90
    look: dict[str, Any] = {"marker": (3, 0, turn), "markersize": 2 * ARROW_PT, "markeredgewidth": 0}
    still: dict[str, Any] = {"clip_on": False, "scalex": False, "scaley": False, "zorder": 5, "gid": "beyond"}
    sheet.figure.axes[0].plot([x], [y], color=SOFT_INK, transform=sheet.in_points, **look, **still)


def has_front(chart: Chart) -> bool:
    """Whether there is a front; a network that beats all others is one by itself."""
    return len(chart.points) > 1 and bool(chart.front)


def draw_front(axes: "Axes", chart: Chart) -> list[tuple[float, float]]:
    """What a given x can buy: from the best x on, y stays as it is until the next point of the front.

    Returns:
        The corners of the line; none where there is no line.
    """
    if not has_front(chart):
        return []
    front = chart.front
    corners = [(front[0].x, front[0].y)]
    for point in front[1:]:
        corners += [(point.x, corners[-1][1]), (point.x, point.y)]
    worst = axes.get_xlim()[1 if chart.spec.x.good == "low" else 0]
    if chart.x_extent.holds(front[-1].x):
        corners.append((worst, corners[-1][1]))
    axes.plot([x for x, _ in corners], [y for _, y in corners], zorder=1.5, gid="front", **_FRONT_STYLE)
    return corners


def legend_of(sheet: Sheet, chart: Chart, scale: BubbleScale | None) -> list[list[Item]]:
    """The area and the colour, then what the dots and the line mean; each part begins a line.

    What dots stand for is said where there are several kinds, or one that is less than it seems.

    Args:
        sheet: that is drawn on.
        chart: that the legend explains.
        scale: from values to areas; None where all bubbles are alike.
    """
    parts, inside = [], [p for p in chart.points if chart.holds(p)]
    if scale is not None and chart.spec.size is not None:
        sizes = scale.legend([p.size for p in inside if p.size])
        title = Entry(sheet, f"Area: {chart.spec.size.label}").item()
        parts += [[title], [_SizeEntry(sheet, size, scale).item() for size in sizes]]
    if (colors := paint_of(chart).scale) is not None:
        parts.append([Entry(sheet, f"Colour: {colors.column.label}").item(), _ColorEntry(sheet, colors).item()])
    kinds = [kind for kind in KIND_NAMES if any(p.kind == kind for p in inside)]
    if kinds in (["published"], ["measured"]):
        kinds = []
    marks = [_KindEntry(sheet, KIND_NAMES[kind], kind, dot_radius(scale)).item() for kind in kinds]
    if has_front(chart):
        marks.append(LineEntry(sheet, "Pareto front", _FRONT_STYLE).item())
    return [part for part in (*parts, marks) if part]


def _bubbles(
    axes: "Axes",
    x: Sequence[float],
    y: Sequence[float],
    radii: Sequence[float],
    colors: Sequence[str],
    *,
    cut: bool = False,
    **more: Any,
) -> None:
    """Discs; dashed circles where the area is cut."""
    axes.scatter(
        x,
        y,
        s=[(2 * radius) ** 2 for radius in radii],  # matplotlib's s is the square of the diameter in pt
        facecolors=["none" if cut else f"{color}55" for color in colors],
        edgecolors=colors,
        linewidths=0.6,
        linestyles=[(0, (2.5, 1.5))] if cut else "solid",
        **{"zorder": 2, "gid": "cut-bubbles" if cut else "bubbles"} | more,
    )


def _dots(
    axes: "Axes",
    kind: QualityKind,
    x: Sequence[float],
    y: Sequence[float],
    colors: Sequence[str],
    radius: float,
    *,
    inks: Sequence[str] = (INK,),
    **more: Any,
) -> None:
    """What stands in the middle of a bubble and tells where its y is from."""
    styles: Mapping[QualityKind, dict[str, Any]] = {
        "published": {"marker": "o", "facecolors": colors, "linewidths": 0},
        "measured": {"marker": "D", "facecolors": inks, "linewidths": 0},
        "secondary": {"marker": "o", "facecolors": "white", "edgecolors": colors, "linewidths": 0.8},
        "approximate": {"marker": "x", "color": colors, "linewidths": 0.9},
    }
    axes.scatter(x, y, s=(2 * radius) ** 2, **styles[kind] | {"zorder": 4, "gid": f"dots-{kind}"} | more)


class _SizeEntry(Entry):
    def __init__(self, sheet: Sheet, size: float, scale: BubbleScale) -> None:
        super().__init__(sheet, f"{size:,g}")
        self.radius = scale.radius(size)
        self.glyph_width, self.height = 2 * self.radius, max(LINE_PT, 2 * self.radius + 2)

    def glyph(self, x: float, middle: float) -> None:
        _bubbles(self.axes, [x + self.radius], [middle], [self.radius], [SOFT_INK], **self.on_sheet)


class _KindEntry(Entry):
    def __init__(self, sheet: Sheet, text: str, kind: QualityKind, radius: float) -> None:
        super().__init__(sheet, text)
        self.kind, self.radius, self.glyph_width = kind, radius, 2 * radius

    def glyph(self, x: float, middle: float) -> None:
        _dots(self.axes, self.kind, [x + self.radius], [middle], [SOFT_INK], self.radius, **self.on_sheet)


class _ColorEntry(Entry):
    """A strip of all colours between the smallest and the largest value."""

    steps = 64
    strip_width, strip_height = 52.0, 6.0

    def __init__(self, sheet: Sheet, scale: ColorScale) -> None:
        self.scale = scale
        shares = (0.0, 1.0) if scale.high > scale.low else (0.0,)
        self.low, *self.high = (f"{scale.value(share):,.{scale.column.digits}f}" for share in shares)
        super().__init__(sheet, " ".join([*self.high, *(["(log)"] if scale.log else [])]))
        self.lead = sheet.width(self.low) + TEXT_GAP_PT
        self.glyph_width = self.lead + self.strip_width

    def glyph(self, x: float, middle: float) -> None:
        from matplotlib.collections import PolyCollection

        self.sheet.text(x, middle, self.low, va="center", gid="legend-text")
        step, half = self.strip_width / self.steps, self.strip_height / 2
        lefts = [x + self.lead + i * step for i in range(self.steps)]
        boxes = [
            [(a, middle - half), (a + step, middle - half), (a + step, middle + half), (a, middle + half)]
            for a in lefts
        ]
        colors = [self.scale.color_at(i / (self.steps - 1)) for i in range(self.steps)]
        # Edges of their own colour close the hairlines that viewers leave between neighbours.
        self.axes.add_collection(
            PolyCollection(boxes, facecolors=colors, edgecolors=colors, linewidths=0.2, zorder=2, **self.on_sheet),
            autolim=False,
        )
