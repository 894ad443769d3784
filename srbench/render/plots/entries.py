"""Entries of a legend: a text with a glyph before it, set on a sheet in points."""

from typing import TYPE_CHECKING, Any

from srbench.render.plots.sheet import LINE_PT, Item, Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TEXT_GAP_PT = 2.5


class Entry:
    """A text in the legend, with a glyph before it where a subclass has one."""

    glyph_width = 0.0
    height = LINE_PT

    def __init__(self, sheet: Sheet, text: str) -> None:
        self.sheet, self.text = sheet, text

    def item(self) -> Item:
        """The entry as something that flows."""
        lead = self.glyph_width + TEXT_GAP_PT if self.glyph_width else 0.0

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
        """The first axes of the figure."""
        return self.sheet.figure.axes[0]


class LineEntry(Entry):
    """A piece of a line, with a marker in its middle where its style has one."""

    glyph_width = 16.0

    def __init__(self, sheet: Sheet, text: str, style: dict[str, Any]) -> None:
        super().__init__(sheet, text)
        self.style = style

    def glyph(self, x: float, middle: float) -> None:
        """Draw the line."""
        ends = [x, x + self.glyph_width / 2, x + self.glyph_width]
        lines = self.axes.plot(ends, [middle] * 3, scalex=False, scaley=False, **self.style | self.on_sheet)
        lines[0].set_markevery([1])


class SwatchEntry(Entry):
    """A filled box."""

    glyph_width = 8.0

    def __init__(self, sheet: Sheet, text: str, style: dict[str, Any]) -> None:
        super().__init__(sheet, text)
        self.style = style

    def glyph(self, x: float, middle: float) -> None:
        """Draw the box."""
        from matplotlib.patches import Rectangle

        box = Rectangle((x, middle - 2.5), self.glyph_width, 5.0, **self.style | self.on_sheet)
        self.axes.add_artist(box)
        box.set_clip_on(False)  # add_artist clips to the axes
