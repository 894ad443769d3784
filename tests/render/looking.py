"""Looking at a figure: its texts, and what they must not do."""

from itertools import combinations

from matplotlib.figure import Figure
from matplotlib.text import Text

from srbench.render.plots.layout import Box
from tests.render.plot_data import overlap


def texts(figure: Figure, gid: str = "") -> list[Text]:
    """All that say something; of one kind where it is named."""
    said = [text for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text()]
    visible = [text for text in said if text.get_visible()]
    return [text for text in visible if not gid or text.get_gid() == gid]


def said(figure: Figure, gid: str) -> list[str]:
    return [text.get_text() for text in texts(figure, gid)]


def notes(figure: Figure) -> str:
    """The paragraph below: its lines stand from the last to the first."""
    return " ".join(reversed(said(figure, "note"))).replace("\N{NO-BREAK SPACE}", " ")


def box_of(text: Text) -> Box:
    extent = text.get_window_extent()
    return Box(extent.x0, extent.y0, extent.x1, extent.y1)


def check_texts(figure: Figure) -> None:
    """No text covers another or leaves the canvas, and all can be read in print."""
    boxes = [(text.get_text(), box_of(text)) for text in texts(figure)]
    assert boxes
    covering = [(a[0], b[0]) for a, b in combinations(boxes, 2) if overlap(_inner(a[1]), _inner(b[1]))]
    assert covering == []
    width, height = figure.bbox.width, figure.bbox.height
    outside = [t for t, b in boxes if b.x0 < -1 or b.y0 < -1 or b.x1 > width + 1 or b.y1 > height + 1]
    assert outside == []
    assert min(float(text.get_fontsize()) for text in texts(figure)) >= 7
    assert not any(text.get_parse_math() for text in texts(figure))


def _inner(box: Box) -> Box:
    """Without the room that a font leaves above and below its letters, about a tenth at either side."""
    margin = 0.1 * (box.y1 - box.y0)
    return Box(box.x0, box.y0 + margin, box.x1, box.y1 - margin)
