"""The radar: a network's costs around a baseline's, whose every cost is 1. A few share one web, more have one each."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srbench.board.rows import Row
from srbench.render.plots import frames
from srbench.render.plots.colors import color_of
from srbench.render.plots.costs import Radar, Shape, csv_of, radar_of
from srbench.render.plots.entries import Entry, LineEntry
from srbench.render.plots.files import FORMATS, house_style, write
from srbench.render.plots.frames import EDGE_PT, FULL_WIDTH_PT, GAP_PT, WIDTH_PT
from srbench.render.plots.scales import LOG_FROM, round_numbers
from srbench.render.plots.sheet import INK, LINE_PT, SOFT_INK, Item, Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: More lines than that in one web are a tangle.
SHARED = 4
COLUMNS = 3

_MOST_RINGS = 5
_MAX_RADIUS_PT = 68.0
_LABEL_GAP_PT, _PANEL_GAP_PT = 3.0, 6.0
_WEB: dict[str, Any] = {"color": "#D8D8D8", "linewidth": 0.4, "zorder": 1}
#: Networks of one colour are told apart by these, in order.
DASHES: tuple[Any, ...] = ("solid", (0, (4, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.5, 1, 1.5)))
MARKERS = "osD^v"


def radar(
    rows: Sequence[Row],
    scale: int,
    baseline: str | None,
    stem: Path,
    formats: Sequence[str] = FORMATS,
    also: Sequence[str] = (),
) -> list[Path]:
    """Draw the costs of the rows of a scale, divided by the baseline's, and write the files.

    Args:
        rows: of any scale.
        scale: upscaling factor.
        baseline: as for :func:`srbench.render.plots.costs.radar_of`.
        stem: path without a suffix.
        formats: those of ``png``, ``pdf`` and ``svg`` that are wanted.
        also: sentences for the note.

    Returns:
        The paths written, the CSV last.

    Raises:
        ValueError: no such baseline, too little to draw, or an unknown format.
        OSError: the folder cannot be written to.
    """
    found = radar_of(rows, scale, baseline)
    found = replace(found, notes=(*found.notes, *also))
    title = f"Costs over those of {found.baseline.name}, x{scale}"
    return write(lambda: draw(found), title, *csv_of(found), stem, formats)


def styles_of(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Colour, dashes and marker of each line; those of one colour differ in the other two."""
    colors = [color_of(row) for row in rows]
    turns = [colors[:i].count(color) for i, color in enumerate(colors)]
    return [
        {"color": c, "linestyle": DASHES[n % len(DASHES)], "marker": MARKERS[n % len(MARKERS)]}
        for c, n in zip(colors, turns, strict=True)
    ]


@dataclass(frozen=True)
class Rings:
    """From a ratio to a share of the radius; the middle is 0, or ``low`` on a logarithmic scale."""

    low: float
    high: float
    log: bool
    at: tuple[float, ...]

    def share(self, ratio: float) -> float:
        """0 in the middle, 1 at the rim."""
        if self.log:
            return math.log(ratio / self.low) / math.log(self.high / self.low)
        return ratio / self.high


def rings_of(ratios: Sequence[float]) -> Rings:
    """A scale for the ratios and 1, with round rings; logarithmic where they span much."""
    low, high = min(1.0, *ratios), max(1.0, *ratios)
    if high / low <= LOG_FROM:
        step = next(r for r in round_numbers(high / 100, high * 10) if high / r <= _MOST_RINGS)
        return Rings(0.0, high, False, tuple(k * step for k in range(1, math.floor(high / step + 1e-9) + 1)))
    middle = low / 1.6  # the smallest ratio is not the middle itself
    at = round_numbers(middle, high, (1,))
    for leads in ((1, 3), (1, 2, 5)):
        finer = round_numbers(low, high, leads)
        at = finer if len(finer) <= _MOST_RINGS else at
    return Rings(middle, high, True, tuple(r for r in at if r > middle))


def draw(radar: Radar) -> "Figure":
    """The figure at its printed size: one column wide where all share a web, two where each has its own."""
    with house_style():
        return _shared(radar) if len(radar.shapes) <= SHARED else _one_each(radar)


def _shared(radar: Radar) -> "Figure":
    sheet, inner = Sheet.blank(), WIDTH_PT - 2 * EDGE_PT
    styles = styles_of([radar.baseline.row, *(shape.row for shape in radar.shapes)])
    said = [
        [spoke.short or spoke.title, f"{spoke.text(radar.baseline.row)} {spoke.unit}".strip()] for spoke in radar.spokes
    ]
    radius = _radius(sheet, said, inner)
    entries: list[Item] = [
        _line(sheet, radar.baseline, _base_style(radar)),
        Entry(sheet, "= 1, costs as written").item(),
    ]
    for shape, style in zip(radar.shapes, styles[1:], strict=True):
        entries.append(_line(sheet, shape, style | {"markersize": 2.5}))
    legend = frames.lines_of([entries], inner)
    rings = rings_of([ratio for shape in radar.shapes for ratio in shape.ratios])
    notes = frames.wrap_notes(sheet, [*_scale_note(rings), *radar.notes], inner)
    above, below = _room(said)
    bottom = EDGE_PT + len(notes) * LINE_PT + 4.0
    top = bottom + below + 2 * radius + above + 4.0 + frames.height_of(legend)
    sheet.set_size(WIDTH_PT, top + EDGE_PT)
    axes = _canvas(sheet)
    frames.draw_legend(legend, top)
    frames.draw_notes(sheet, notes)
    web = _Web(sheet, axes, WIDTH_PT / 2, bottom + below + radius, radius, rings, len(radar.spokes))
    web.draw(said, _base_style(radar))
    web.name_rings()
    for shape, style in zip(radar.shapes, styles[1:], strict=True):
        web.polygon(shape, style, fill=0.06)
    return sheet.figure


def _one_each(radar: Radar) -> "Figure":
    sheet, inner = Sheet.blank(), FULL_WIDTH_PT - 2 * EDGE_PT
    width = (inner - (COLUMNS - 1) * _PANEL_GAP_PT) / COLUMNS
    said = [
        [[spoke.short or spoke.title, _ratio(ratio)] for spoke, ratio in zip(radar.spokes, shape.ratios, strict=True)]
        for shape in radar.shapes
    ]
    radius = min(_radius(sheet, each, width) for each in said)
    base = radar.baseline
    costs = ["= 1:", *(f"{s.title} {s.text(base.row)} {s.unit}".strip() for s in radar.spokes)]
    entries = [_line(sheet, base, _base_style(radar)), *(Entry(sheet, cost).item() for cost in costs)]
    legend = frames.lines_of([entries], inner)
    rings = rings_of([ratio for shape in radar.shapes for ratio in shape.ratios])
    notes = frames.wrap_notes(sheet, [*_scale_note(rings), *radar.notes], inner)
    above, below = _room(said[0])
    panel = LINE_PT + 3.0 + above + 2 * radius + below + _PANEL_GAP_PT
    lines = math.ceil(len(radar.shapes) / COLUMNS)
    bottom = EDGE_PT + len(notes) * LINE_PT + 2.0
    top = bottom + lines * panel + frames.height_of(legend) + 3.0
    sheet.set_size(FULL_WIDTH_PT, top + EDGE_PT)
    axes = _canvas(sheet)
    frames.draw_legend(legend, top)
    frames.draw_notes(sheet, notes)
    for i, shape in enumerate(radar.shapes):
        line, column = divmod(i, COLUMNS)
        x = EDGE_PT + column * (width + _PANEL_GAP_PT) + width / 2
        ceiling = bottom + (lines - line) * panel
        sheet.text(
            x, ceiling - LINE_PT, sheet.fit(shape.label, 0.85 * width), ha="center", fontweight="bold", gid="label"
        )
        web = _Web(sheet, axes, x, ceiling - LINE_PT - 3.0 - above - radius, radius, rings, len(radar.spokes))
        web.draw(said[i], _base_style(radar))
        web.polygon(shape, styles_of([shape.row])[0], fill=0.25)
    return sheet.figure


def _line(sheet: Sheet, shape: Shape, style: dict[str, Any]) -> Item:
    """A network in the legend."""
    name = sheet.fit(shape.label, WIDTH_PT - 2 * EDGE_PT - LineEntry.glyph_width - GAP_PT)
    return LineEntry(sheet, name, style).item()


def _base_style(radar: Radar) -> dict[str, Any]:
    return {"color": color_of(radar.baseline.row), "linewidth": 1.0, "linestyle": (0, (2.5, 1.2)), "zorder": 2}


def _scale_note(rings: Rings) -> list[str]:
    return [f"Smaller is better{'; logarithmic from the middle outwards' if rings.log else ''}"]


def _ratio(value: float) -> str:
    """With two digits: ``0.023``, ``0.20``, ``4.3``, ``12``."""
    return f"{value:,.0f}" if value >= 9.95 else f"{value:#.2g}"


def _room(said: Sequence[Sequence[str]]) -> tuple[float, float]:
    """What the labels of the spokes need above and below the web: the first points up, another perhaps down."""
    high = len(said[0]) * LINE_PT + _LABEL_GAP_PT
    return high, high


def _angle(k: int, count: int) -> float:
    """Of a spoke: the first points up, the others follow clockwise."""
    return math.pi / 2 - 2 * math.pi * k / count


def _radius(sheet: Sheet, said: Sequence[Sequence[str]], width: float) -> float:
    """The largest web whose labels stay within ``width``."""
    radius = _MAX_RADIUS_PT
    for k, lines in enumerate(said):
        across = abs(math.cos(_angle(k, len(said))))
        if across > 0.01:
            room = width / 2 - max(map(sheet.width, lines)) - _LABEL_GAP_PT
            radius = min(radius, room / across)
    return radius


def _canvas(sheet: Sheet) -> "Axes":
    """Axes over the whole sheet, in points."""
    from srbench.render.plots.layout import Box

    width, height = (72 * float(side) for side in sheet.figure.get_size_inches())
    axes = sheet.axes(Box(0, 0, width, height))
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.set_axis_off()
    return axes


class _Web:
    """One set of spokes and rings around (x, y)."""

    def __init__(self, sheet: Sheet, axes: "Axes", x: float, y: float, radius: float, rings: Rings, count: int) -> None:
        self.sheet, self.axes, self.x, self.y = sheet, axes, x, y
        self.radius, self.rings, self.count = radius, rings, count

    def spot(self, k: int, share: float) -> tuple[float, float]:
        """A place on a spoke, 1 at its end."""
        angle = _angle(k, self.count)
        return self.x + share * self.radius * math.cos(angle), self.y + share * self.radius * math.sin(angle)

    def closed(self, ratios: Sequence[float]) -> tuple[list[float], list[float]]:
        """The corners of a polygon, the first again at its end."""
        corners = [self.spot(k, self.rings.share(ratio)) for k, ratio in enumerate(ratios)]
        return [x for x, _ in [*corners, corners[0]]], [y for _, y in [*corners, corners[0]]]

    def draw(self, said: Sequence[Sequence[str]], base: dict[str, Any]) -> None:
        """Spokes, rings, the baseline's ring, and what stands at the spokes' ends."""
        for k in range(self.count):
            self.axes.plot(*zip((self.x, self.y), self.spot(k, 1.0), strict=True), **_WEB)
        for ring in self.rings.at:
            self.axes.plot(*self.closed([ring] * self.count), **_WEB)
        self.axes.plot(*self.closed([1.0] * self.count), gid="baseline", **base)
        for k, lines in enumerate(said):
            self._label(k, lines)

    def name_rings(self) -> None:
        """Set the ratio of each ring on it, midway between the first two spokes."""
        from matplotlib.patheffects import withStroke

        (x0, y0), (x1, y1) = self.spot(0, 1.0), self.spot(1, 1.0)
        before = -1.0
        for share, ring in ((self.rings.share(ring), ring) for ring in self.rings.at):
            x, y = ((a + b) / 2 - c for a, b, c in ((x0, x1, self.x), (y0, y1, self.y)))
            if (share - before) * math.hypot(x, y) < LINE_PT:
                continue  # it would stand on the one before
            before = share
            text = self.sheet.text(self.x + share * x, self.y + share * y, f"{ring:g}", color=SOFT_INK, zorder=5)
            text.set(ha="center", va="center", gid="ring", path_effects=[withStroke(linewidth=1.8, foreground="white")])

    def polygon(self, shape: Shape, style: dict[str, Any], *, fill: float) -> None:
        """One network."""
        xs, ys = self.closed(shape.ratios)
        self.axes.fill(xs, ys, facecolor=style["color"], alpha=fill, linewidth=0, zorder=2)
        self.axes.plot(xs, ys, zorder=3, markersize=2.0, linewidth=0.9, gid="shape", **style)

    def _label(self, k: int, lines: Sequence[str]) -> None:
        """Set lines outside the end of a spoke."""
        x, y = self.spot(k, 1.0)
        across, up = math.cos(_angle(k, self.count)), math.sin(_angle(k, self.count))
        side = "center" if abs(across) < 0.01 else "left" if across > 0 else "right"
        x += 0.0 if side == "center" else math.copysign(_LABEL_GAP_PT, across)
        high = len(lines) * LINE_PT
        # Beside the web they stand around the spoke's end, above and below it beyond.
        bottom = y - high / 2 + up * (high / 2 + _LABEL_GAP_PT if side == "center" else high / 3)
        for i, line in enumerate(reversed(lines)):
            ink = INK if i == len(lines) - 1 else SOFT_INK
            self.sheet.text(x, bottom + i * LINE_PT, line, ha=side, color=ink, gid="spoke")
