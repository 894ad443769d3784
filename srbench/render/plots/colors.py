"""The colour of a network: its architecture's in every figure, or that of a number on a scale. Pale where dominated."""

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from srbench.board.metric import Metric
from srbench.board.rows import Row
from srbench.render.plots.points import Point

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
#: Of what is highlighted; no architecture has it.
HIGHLIGHT_COLOR = "#E0102F"
#: Of a bubble whose number is not known.
UNKNOWN_COLOR = "#B0B0B0"
#: How much of a pale colour is left; the rest is white.
_PALE_SHARE = 0.55
#: Beyond this viridis is too pale a yellow for thin lines.
_MAP_END = 0.9
#: A scale of colours is logarithmic where its ends are so many times apart.
_LOG_FROM = 8.0


def color_of(row: Row) -> str:
    """The colour of an architecture, the same in every figure; grey for a network that only papers know."""
    if row.status == "PUBLISHED":
        return PUBLISHED_COLOR
    spread = zlib.crc32(row.model.encode())  # unlike hash(), the same in every process
    return ARCHITECTURE_COLORS.get(row.model.upper(), OTHER_COLORS[spread % len(OTHER_COLORS)])


def pale(color: str) -> str:
    """The same colour, weaker."""
    parts = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(_PALE_SHARE * part + (1 - _PALE_SHARE) * 255):02X}" for part in parts)


@dataclass(frozen=True)
class ColorScale:
    """Colours from ``low`` (dark violet) to ``high`` (light green), in the column's unit."""

    column: Metric
    low: float
    high: float
    log: bool

    def share(self, value: float) -> float:
        """Where a value stands: 0 at the low end, 1 at the high one."""
        if self.high == self.low:
            return 0.0
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def value(self, share: float) -> float:
        """The value that stands there."""
        return self.low * (self.high / self.low) ** share if self.log else self.low + share * (self.high - self.low)

    @staticmethod
    def color_at(share: float) -> str:
        """The colour that stands there."""
        import matplotlib as mpl
        from matplotlib.colors import to_hex

        return to_hex(mpl.colormaps["viridis"](_MAP_END * share))


def color_scale(column: Metric | None, values: Sequence[float]) -> ColorScale | None:
    """A scale of the values, logarithmic where they span much; None without a column or a value."""
    if column is None or not values:
        return None
    low, high = min(values), max(values)
    return ColorScale(column, low, high, low > 0 and high / low > _LOG_FROM)


@dataclass(frozen=True)
class Paint:
    """Points' colours in one figure; ``scale`` is None where they are the architectures'."""

    scale: ColorScale | None = None

    def of(self, point: Point) -> str:
        """The colour of everything drawn for a point."""
        if self.scale is None:
            if point.highlighted:
                return HIGHLIGHT_COLOR
            return pale(color_of(point.row)) if point.dominated else color_of(point.row)
        # A paler colour would be another number.
        return UNKNOWN_COLOR if point.color is None else self.scale.color_at(self.scale.share(point.color))
