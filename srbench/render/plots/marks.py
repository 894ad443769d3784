"""How a point looks, and the legend that says so: bubbles, dots, intervals and the front."""

import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from srbench.board.leaderboard import QualityKind, Row
from srbench.render.plots.points import Chart, Point
from srbench.render.plots.scales import BubbleScale
from srbench.render.plots.sheet import INK, LINE_PT, SOFT_INK, Item, Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours are told apart with every common colour blindness. Their yellow is too pale for thin lines.
ARCHITECTURE_COLORS: Mapping[str, str] = {
    "BSRN": "#D55E00",
    "RFDN": "#0072B2",
    "IMDN": "#009E73",
    "MSRN": "#CC79A7",
    "ECBSR": "#E69F00",
    "REPSR": "#56B4E9",
    "SPAN": "#1A1A1A",
}
#: For networks of users, from Tol's muted scheme, which is made for the same purpose.
OTHER_COLORS = ("#332288", "#882255", "#999933", "#44AA99", "#AA4499", "#117733")
PUBLISHED_COLOR = "#8C8C8C"
FRONT_COLOR = "#444444"

KIND_NAMES: Mapping[QualityKind, str] = {
    "published": "published",
    "measured": "measured",
    "secondary": "secondary source",
    "approximate": "read off a plot",
}
#: Radius of the dot in a bubble, and of one in a plot without bubbles.
DOT_PT, LONE_DOT_PT = 1.3, 2.2
_FRONT_STYLE: dict[str, Any] = {"color": FRONT_COLOR, "linewidth": 0.8}
_TEXT_GAP_PT = 2.5


def color_of(row: Row) -> str:
    """The colour of an architecture, the same in every figure; grey for a network that only papers know."""
    if row.status == "PUBLISHED":
        return PUBLISHED_COLOR
    spread = zlib.crc32(row.model.encode())  # unlike hash(), the same in every process
    return ARCHITECTURE_COLORS.get(row.model.upper(), OTHER_COLORS[spread % len(OTHER_COLORS)])


def dot_radius(scale: BubbleScale | None) -> float:
    """Of the dots, in pt; they are larger where there are no bubbles."""
    return DOT_PT if scale else LONE_DOT_PT


def radius_of(point: Point, scale: BubbleScale | None) -> float:
    """Of everything drawn for the point, in pt."""
    bubble = scale.radius(point.size) if scale and point.size is not None else 0.0
    return max(dot_radius(scale), bubble)


def draw_points(axes: "Axes", points: Sequence[Point], scale: BubbleScale | None) -> None:
    """Bubbles, the largest at the back, with their dots and intervals."""
    sized = sorted(((p.size, p.x, p.y, color_of(p.row)) for p in points if p.size is not None), reverse=True)
    for cut in (True, False):
        group = [entry for entry in sized if scale and scale.is_cut(entry[0]) == cut]
        if scale and group:
            sizes, xs, ys, colors = zip(*group, strict=True)
            _bubbles(axes, xs, ys, [scale.radius(size) for size in sizes], colors, cut=cut)
    # Where the zoo's own and a comparison network coincide, its own is seen.
    for layer, of_zoo in ((4.0, False), (4.5, True)):
        for kind in KIND_NAMES:
            mine = [p for p in points if p.kind == kind and (p.row.status != "PUBLISHED") == of_zoo]
            if mine:
                where = [p.x for p in mine], [p.y for p in mine], [color_of(p.row) for p in mine]
                _dots(axes, kind, *where, dot_radius(scale), zorder=layer)
    for point in points:
        style: dict[str, Any] = {"color": color_of(point.row), "linewidth": 0.8, "zorder": 3}
        style |= {"markersize": 3.5, "markeredgewidth": 0.8}
        if spread := point.x_spread:
            axes.plot([spread.low, spread.high], [point.y, point.y], marker="|", gid="interval", **style)
        if spread := point.y_spread:
            axes.plot([point.x, point.x], [spread.low, spread.high], marker="_", gid="interval", **style)


def has_front(chart: Chart) -> bool:
    """Whether there is a front; a network that beats all others is one by itself."""
    return len(chart.points) > 1 and bool(chart.front)


def draw_front(axes: "Axes", chart: Chart) -> list[tuple[float, float]]:
    """What a given x can buy: from the best x on, y stays as it is until the next point of the front.

    Returns:
        The corners of the line; none where there is no line.
    """
    front = chart.front
    if not has_front(chart):
        return []
    corners = [(front[0].x, front[0].y)]
    for point in front[1:]:
        corners += [(point.x, corners[-1][1]), (point.x, point.y)]
    corners.append((axes.get_xlim()[1 if chart.spec.x.good == "low" else 0], corners[-1][1]))
    axes.plot([x for x, _ in corners], [y for _, y in corners], zorder=1.5, gid="front", **_FRONT_STYLE)
    return corners


def legend_of(sheet: Sheet, chart: Chart, scale: BubbleScale | None) -> list[list[Item]]:
    """The area, then what the dots and the line mean; each part begins a line."""
    parts = []
    if scale is not None and chart.spec.size is not None:
        title = f"Area: {chart.spec.size.label}"
        sizes = scale.legend([p.size for p in chart.points if p.size])
        parts.append([_Entry(sheet, title).item(), *(_SizeEntry(sheet, size, scale).item() for size in sizes)])
    kinds = [kind for kind in KIND_NAMES if any(p.kind == kind for p in chart.points)]
    marks = [_KindEntry(sheet, KIND_NAMES[kind], kind, dot_radius(scale)).item() for kind in kinds]
    if has_front(chart):
        marks.append(_FrontEntry(sheet, "Pareto front").item())
    return [*parts, marks]


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
    **more: Any,
) -> None:
    """What stands in the middle of a bubble and tells where its y is from."""
    styles: Mapping[QualityKind, dict[str, Any]] = {
        "published": {"marker": "o", "facecolors": colors, "linewidths": 0},
        "measured": {"marker": "D", "facecolors": INK, "linewidths": 0},
        "secondary": {"marker": "o", "facecolors": "white", "edgecolors": colors, "linewidths": 0.8},
        "approximate": {"marker": "x", "color": colors, "linewidths": 0.9},
    }
    axes.scatter(x, y, s=(2 * radius) ** 2, **styles[kind] | {"zorder": 4, "gid": f"dots-{kind}"} | more)


class _Entry:
    """A text in the legend, with a glyph before it where a subclass has one."""

    glyph_width = 0.0
    height = LINE_PT

    def __init__(self, sheet: Sheet, text: str) -> None:
        self.sheet, self.text = sheet, text

    def item(self) -> Item:
        """The entry as something that flows."""
        lead = self.glyph_width + _TEXT_GAP_PT if self.glyph_width else 0.0

        def draw(x: float, middle: float) -> None:
            self.glyph(x, middle)
            self.sheet.text(x + lead, middle, self.text, va="center", gid="legend-text")

        return Item(lead + self.sheet.width(self.text), self.height, draw)

    def glyph(self, x: float, middle: float) -> None:
        """Draw what stands before the text, with its left end at x."""

    @property
    def on_sheet(self) -> dict[str, Any]:
        """How a mark is drawn in points instead of the axes' units."""
        return {"transform": self.sheet.in_points, "clip_on": False, "gid": "legend"}

    @property
    def axes(self) -> "Axes":
        """The only axes of the figure."""
        return self.sheet.figure.axes[0]


class _SizeEntry(_Entry):
    def __init__(self, sheet: Sheet, size: float, scale: BubbleScale) -> None:
        super().__init__(sheet, f"{size:,g}")
        self.radius = scale.radius(size)
        self.glyph_width, self.height = 2 * self.radius, max(LINE_PT, 2 * self.radius + 2)

    def glyph(self, x: float, middle: float) -> None:
        _bubbles(self.axes, [x + self.radius], [middle], [self.radius], [SOFT_INK], **self.on_sheet)


class _KindEntry(_Entry):
    def __init__(self, sheet: Sheet, text: str, kind: QualityKind, radius: float) -> None:
        super().__init__(sheet, text)
        self.kind, self.radius, self.glyph_width = kind, radius, 2 * radius

    def glyph(self, x: float, middle: float) -> None:
        _dots(self.axes, self.kind, [x + self.radius], [middle], [SOFT_INK], self.radius, **self.on_sheet)


class _FrontEntry(_Entry):
    glyph_width = 11.0

    def glyph(self, x: float, middle: float) -> None:
        self.axes.plot([x, x + self.glyph_width], [middle, middle], **_FRONT_STYLE | self.on_sheet)
