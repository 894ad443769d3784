"""A figure measured in points from its lower left corner, and text set on it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import TYPE_CHECKING, Any

from srbench.render.plots.look import DPI, Look
from srbench.render.plots.naming import shorten
from srbench.render.text import escape_latex

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text
    from matplotlib.transforms import Transform

    from srbench.render.plots.layout import Box

FONT_PT = 7.0
LINE_PT = 8.8
INK, SOFT_INK = "#111111", "#5A5A5A"
EDGE_PT = 3.0  # along the canvas


@cache
def _glyphs(family: str) -> frozenset[int]:
    from matplotlib import font_manager

    return frozenset(font_manager.get_font(font_manager.findfont(family)).get_charmap())


def drawable(text: str) -> str:
    """The text with a question mark for what the font cannot draw, such as emoji; escaped where LaTeX sets it."""
    import matplotlib as mpl

    if mpl.rcParams["text.usetex"]:
        return escape_latex(text)
    glyphs = _glyphs(mpl.rcParams["font.family"][0])
    return "".join(c if ord(c) in glyphs else "?" for c in text)


@dataclass(frozen=True)
class Sheet:
    """A canvas; every length is in points, y upwards."""

    figure: "Figure"
    look: Look

    @classmethod
    def blank(cls, look: Look) -> "Sheet":
        """One without a size yet: how high it must be follows from what is set on it."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(dpi=DPI, facecolor="white")
        FigureCanvasAgg(figure)
        return cls(figure, look)

    @property
    def inner(self) -> float:
        """The width between the margins."""
        return self.look.width_pt - 2 * EDGE_PT

    def set_height(self, height: float) -> None:
        """Trim to size, up to the whole pixel, so that every format has the same size."""
        pixels = [ceil(round(side / 72 * DPI, 6)) for side in (self.look.width_pt, height)]
        self.figure.set_size_inches(pixels[0] / DPI, pixels[1] / DPI)

    @property
    def in_points(self) -> "Transform":
        """From points to the canvas, at whatever resolution it is written."""
        from matplotlib.transforms import Affine2D

        return Affine2D().scale(1 / 72) + self.figure.dpi_scale_trans

    def axes(self, box: "Box") -> "Axes":
        """Axes whose frame is the box; the sheet must have its size."""
        width, height = (72 * float(inches) for inches in self.figure.get_size_inches())
        return self.figure.add_axes(
            (box.x0 / width, box.y0 / height, (box.x1 - box.x0) / width, (box.y1 - box.y0) / height)
        )

    def text(self, x: float, y: float, text: str, **style: Any) -> "Text":
        """Set a line of text with its lower left corner at (x, y), unless the style aligns it otherwise."""
        import matplotlib as mpl

        given: dict[str, Any] = {"fontsize": FONT_PT, "color": INK, "va": "bottom"} | style
        shown = drawable(text)
        if given.get("fontweight") == "bold" and mpl.rcParams["text.usetex"]:
            shown = f"\\textbf{{{shown}}}"  # matplotlib tells LaTeX nothing of weights
        return self.figure.text(x, y, shown, transform=self.in_points, **given)

    def box(self, artist: "Artist") -> "Box":
        """The room that an artist takes."""
        from srbench.render.plots.layout import Box

        box = artist.get_window_extent()
        return Box(*(float(pixels) * 72 / self.figure.dpi for pixels in (box.x0, box.y0, box.x1, box.y1)))

    def width(self, text: str) -> float:
        """The width of a line of text."""
        artist = self.text(0, 0, text)
        box = self.box(artist)
        artist.remove()
        return box.x1 - box.x0

    def fit(self, text: str, width: float) -> str:
        """The text, cut in its middle where it is wider than ``width``."""
        limit = len(text)
        while limit > 1 and self.width(text) > width:
            limit -= 1
            text = shorten(text, limit)
        return text

    def wrap(self, text: str, width: float) -> list[str]:
        """Break a paragraph between words into lines of at most ``width``; a longer word has a line of its own."""
        lines: list[str] = []
        for word in text.split(" "):  # a no-break space is none
            if lines and self.width(f"{lines[-1]} {word}") <= width:
                lines[-1] = f"{lines[-1]} {word}"
            else:
                lines.append(word)
        return lines


@dataclass(frozen=True)
class Item:
    """Something that stands in a line, such as an entry of a legend; ``draw`` is told its left end and its middle."""

    width: float
    height: float
    draw: Callable[[float, float], None]


def flow(items: Sequence[Item], width: float, gap: float) -> list[list[Item]]:
    """Break items into lines as a paragraph breaks words.

    Args:
        items: in order.
        width: of a line.
        gap: between two items.
    """
    lines: list[list[Item]] = []
    for item in items:
        if lines and sum(i.width + gap for i in lines[-1]) + item.width <= width:
            lines[-1].append(item)
        else:
            lines.append([item])
    return lines
