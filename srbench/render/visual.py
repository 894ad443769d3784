"""The figure of the papers: an image with a box, and what each network makes of the box."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from srbench.files import write_all
from srbench.quality.protocols import Image
from srbench.quality.results import Output
from srbench.render.plots.files import house_style
from srbench.render.plots.look import COLUMN, DPI, PAGE_CM
from srbench.render.plots.naming import shorten
from srbench.render.plots.sheet import drawable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: x, y, width, height in GT pixels.
Crop = tuple[int, int, int, int]

FONT_PT, LINE_IN = 7.0, 0.125
_GAP_IN, _BOX = 0.06, "#E8352B"
_MOST_COLUMNS = 5
#: Where fewer columns than that have room beside the large image the figure is a narrow one.
_BESIDE_FROM = 4
#: Share of the page that the large image has at least and at most, and the most that a crop is high.
_LARGE, _MOST_HIGH_IN = (0.22, 0.45), 1.6
#: About what a letter takes; a score, which is never cut, has twelve.
_LETTER_IN = 0.052
_LEAST_CELL_IN = 12 * _LETTER_IN
#: Half of what the stroke between PSNR and SSIM takes.
_STROKE_IN = 0.022
#: Larger errors than those of this share of the pixels have the colour of the end of the scale.
_ERRORS_SHOWN = 0.995
_ERROR_COLORS = "inferno"
#: Height of the bar of their colours, and of that with what is written above and below.
_BAR_IN = 0.08
_SCALE_IN = _BAR_IN + 2 * LINE_IN + 0.02

_Errors = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Layout:
    """Where things stand, in inches from the upper left corner.

    Attributes:
        columns: of crops, beside the large image.
        rows: of them; what is left stands below it.
        wide: width of the large image.
        each, high: width and height of a crop.
        cell: width of a crop's column.
        step: from the top of a row of crops to that of the next.
        caption: where the caption of a crop begins, below the crop's top.
        lower: columns of crops below the large image, and the top of the first row there.
    """

    columns: int
    rows: int
    wide: float
    each: float
    high: float
    cell: float
    step: float
    caption: float
    lower: tuple[int, float] = (1, 0.0)

    def spot(self, number: int) -> tuple[float, float]:
        """The upper left corner of a crop's column."""
        left, top, columns = self.wide + _GAP_IN, 0.0, self.columns
        if (rest := number - self.columns * self.rows) >= 0:
            left, number, (columns, top) = 0.0, rest, self.lower
        row, column = divmod(number, columns)
        return left + column * (self.cell + _GAP_IN), top + row * self.step


@house_style(COLUMN)
def draw(
    truth: Image,
    title: str,
    outputs: Sequence[Output],
    crop: Crop,
    *,
    width_cm: float = PAGE_CM,
    error_map: bool = False,
) -> "Figure":
    """Draw it.

    Args:
        truth: GT, (H, W, 3).
        title: name of the image and its set.
        outputs: in the order of their crops; the GT's own crop stands first.
        crop: what is shown of each.
        width_cm: printed width.
        error_map: whether ``|SR - GT|`` stands below each crop, and below the GT's its scale, of 0 ... 255.
    """
    from matplotlib.patches import Rectangle

    shown = [Output("GT", truth, None), *outputs]
    x, y, width, height = crop
    sheet = _Page.of(width_cm, len(shown), height / width, truth.shape[1] / truth.shape[0], title, maps=error_map)
    layout = sheet.layout
    large = sheet.place(0.0, 0.0, layout.wide, layout.wide * truth.shape[0] / truth.shape[1])
    large.imshow(truth, interpolation="nearest", aspect="auto")
    large.add_patch(Rectangle((x - 0.5, y - 0.5), width, height, fill=False, edgecolor=_BOX, linewidth=1.0))
    errors = [errors_of(output.pixels, truth, crop) for output in outputs]
    most = most_shown(errors)
    scores = _Scores.of(outputs)
    for number, output in enumerate(shown):
        left, top = layout.spot(number)
        beside = left + (layout.cell - layout.each) / 2
        axes = sheet.place(beside, top, layout.each, layout.high)
        axes.imshow(output.pixels[y : y + height, x : x + width], interpolation="nearest", aspect="auto")
        if error_map and number:
            axes = sheet.place(beside, top + layout.high + _GAP_IN, layout.each, layout.high)
            axes.imshow(errors[number - 1], cmap=_ERROR_COLORS, vmin=0, vmax=most, interpolation="nearest")
            axes.set_aspect("auto")
        elif error_map:
            sheet.draw_scale(left, top + layout.high + _GAP_IN, most)
        below = top + layout.caption
        sheet.write(left + layout.cell / 2, below, shorten(output.name, int(layout.cell / _LETTER_IN)))
        sheet.write_score(left + layout.cell / 2, below + LINE_IN, output, scores)
    return sheet.figure


def errors_of(pixels: Image, truth: Image, crop: Crop) -> _Errors:
    """``|SR - GT|`` of a box, the mean of the three channels.

    Args:
        pixels: (H, W, 3), uint8.
        truth: the same of GT.
        crop: x, y, width, height.

    Returns:
        (height, width), in 0 ... 255.
    """
    x, y, width, height = crop
    boxes = (image[y : y + height, x : x + width].astype(float) for image in (pixels, truth))
    found: _Errors = np.abs(next(boxes) - next(boxes)).mean(axis=2)
    return found


def most_shown(errors: Sequence[_Errors]) -> int:
    """The error at the end of the scale that all maps share; the few above have its colour."""
    every = np.concatenate([each.ravel() for each in errors])
    return max(1, ceil(float(np.quantile(every, _ERRORS_SHOWN))))


@dataclass(frozen=True)
class _Scores:
    """The best and the second of PSNR and of SSIM as captions print them, each None where there is none."""

    psnr: tuple[str | None, str | None]
    ssim: tuple[str | None, str | None]

    @classmethod
    def of(cls, outputs: Sequence[Output]) -> "_Scores":
        scores = [each.score for each in outputs if each.score is not None]
        return cls(places([f"{score.psnr:.2f}" for score in scores]), places([f"{score.ssim:.4f}" for score in scores]))


def places(printed: Sequence[str]) -> tuple[str | None, str | None]:
    """The highest number and the next lower one, as they are printed: equal ones share a place."""
    first, second, *_ = [*sorted(set(printed), key=float, reverse=True), None, None]
    return first, second


@dataclass(frozen=True)
class _Page:
    """The figure, measured in inches from its upper left corner."""

    figure: "Figure"
    layout: _Layout

    @classmethod
    def of(cls, width_cm: float, count: int, shape: float, aspect: float, title: str, *, maps: bool) -> "_Page":
        """One with the title below the room of the large image, as high as all needs."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        width_in = round(width_cm / 2.54 * DPI) / DPI
        layout = _layout(width_in, count, shape, aspect, maps=maps)
        lines = textwrap.wrap(title, max(8, int(layout.wide / _LETTER_IN)), max_lines=3, placeholder=" …")
        high_in = layout.wide / aspect
        crops_in = max(layout.spot(number)[1] for number in range(count)) + layout.step - _GAP_IN
        total_in = max(crops_in, high_in + len(lines) * LINE_IN + 0.05)
        figure = Figure(figsize=(width_in, total_in), dpi=DPI, facecolor="white")
        FigureCanvasAgg(figure)
        page = cls(figure, layout)
        for number, line in enumerate(lines):
            page.write(layout.wide / 2, high_in + 0.03 + number * LINE_IN, line)
        return page

    def place(self, left: float, top: float, wide: float, high: float) -> "Axes":
        """Axes for an image."""
        width_in, total_in = self.figure.get_size_inches()
        axes = self.figure.add_axes((left / width_in, 1 - (top + high) / total_in, wide / width_in, high / total_in))
        axes.set_axis_off()
        return axes

    def write(
        self, x: float, top: float, text: str, *, side: str = "center", bold: bool = False, lined: bool = False
    ) -> None:
        """Set a line of text, aligned at x; ``lined``: with a line below it."""
        from matplotlib.lines import Line2D

        width_in, total_in = self.figure.get_size_inches()
        style: dict[str, Any] = {"fontsize": FONT_PT, "ha": side, "va": "top", "parse_math": False}
        style["fontweight"] = "bold" if bold else "normal"
        set_text = self.figure.text(x / width_in, 1 - top / total_in, drawable(text), **style)
        if lined:
            box = set_text.get_window_extent().transformed(self.figure.transFigure.inverted())
            self.figure.add_artist(Line2D([box.x0, box.x1], [box.y0, box.y0], color="black", linewidth=0.5))

    def write_score(self, middle: float, top: float, output: Output, best: _Scores) -> None:
        """PSNR and SSIM around a stroke, each bold where it is the best, underlined where it is the second."""
        if output.score is None:
            self.write(middle, top, "PSNR/SSIM")
            return
        middle -= _LETTER_IN / 2  # SSIM has a digit more
        self.write(middle, top, "/")
        numbers = ((f"{output.score.psnr:.2f}", "right", best.psnr), (f"{output.score.ssim:.4f}", "left", best.ssim))
        for text, side, (first, second) in numbers:
            x = middle + (_STROKE_IN if side == "left" else -_STROKE_IN)
            self.write(x, top, text, side=side, bold=text == first, lined=text == second)

    def draw_scale(self, left: float, top: float, most: int) -> None:
        """What the colours of the errors mean, in the middle of the room of a crop."""
        layout = self.layout
        below = top + max(0.0, layout.high - _SCALE_IN) / 2
        self.write(left + layout.cell / 2, below, "|SR \N{MINUS SIGN} GT|")
        axes = self.place(left + 0.1 * layout.cell, below + LINE_IN, 0.8 * layout.cell, _BAR_IN)
        axes.imshow(np.linspace(0, 1, 256)[None], cmap=_ERROR_COLORS, aspect="auto")
        under = below + LINE_IN + _BAR_IN + 0.02
        self.write(left + 0.1 * layout.cell, under, "0", side="left")
        self.write(left + 0.9 * layout.cell, under, f"≥{most}", side="right")


def _layout(width_in: float, count: int, shape: float, aspect: float, *, maps: bool) -> _Layout:
    """As many columns beside the large image as leave the fewest places empty; in a narrow figure crops below it, too.

    Args:
        width_in: of the figure.
        count: of crops.
        shape: height over width of a crop.
        aspect: width over height of the large image.
        maps: whether each crop has its error map below it.
    """
    widest = min(_MOST_COLUMNS, int((1 - _LARGE[0]) * width_in / (_LEAST_CELL_IN + _GAP_IN)))
    if widest < _BESIDE_FROM:
        return _narrow(width_in, shape, aspect, maps=maps)
    # As few empty places as can be, then two rows.
    columns = min(range(2, widest + 1), key=lambda k: (-count % k, abs(k - ceil(count / 2))))
    return _wide(width_in, columns, ceil(count / columns), shape, aspect, maps=maps)


def _wide(width_in: float, columns: int, rows: int, shape: float, aspect: float, *, maps: bool) -> _Layout:
    """The crops and the large image: together as wide as the page, and equally high where that can be."""
    images = 2 if maps else 1
    caption_in, between_in = 2 * LINE_IN + 0.05, (images - 1) * _GAP_IN
    # high = rows * (images * each * shape + between + caption) + gaps - caption;
    # high * aspect + columns * (each + gap) = width.
    fixed = rows * (between_in + caption_in) + (rows - 1) * _GAP_IN - caption_in
    each = (width_in - columns * _GAP_IN - fixed * aspect) / (rows * images * shape * aspect + columns)
    # Flat or narrow crops would leave one of them no room.
    least, most = (share * width_in for share in _LARGE)
    wide = min(max(width_in - columns * (each + _GAP_IN), least), most, width_in - columns * (_LEAST_CELL_IN + _GAP_IN))
    cell = (width_in - wide) / columns - _GAP_IN
    each, high, step, caption = _crop(cell, shape, maps=maps)
    return _Layout(columns, rows, wide, each, high, cell, step, caption)


def _narrow(width_in: float, shape: float, aspect: float, *, maps: bool) -> _Layout:
    """Columns of one width from the top to the foot, of which the large image takes half, as far down as it reaches."""
    columns = int((width_in + _GAP_IN) / (_LEAST_CELL_IN + _GAP_IN))
    cell = (width_in + _GAP_IN) / columns - _GAP_IN
    each, high, step, caption = _crop(cell, shape, maps=maps)
    wide = columns // 2 * (cell + _GAP_IN) - _GAP_IN
    high_in = wide / aspect + LINE_IN + _GAP_IN + 0.03
    rows = max(1, round(high_in / step))
    lower = columns, max(high_in, rows * step)
    return _Layout(columns - columns // 2, rows, wide, each, high, cell, step, caption, lower)


def _crop(cell: float, shape: float, *, maps: bool) -> tuple[float, float, float, float]:
    """Width and height of a crop in a column, the step to the next row, and where the caption begins."""
    each = min(cell, _MOST_HIGH_IN / shape)
    high = each * shape
    caption = (high + _GAP_IN + max(high, _SCALE_IN) if maps else high) + 0.03
    return each, high, caption + 2 * LINE_IN + 0.02 + _GAP_IN, caption


def save(figure: "Figure", stem: Path) -> list[Path]:
    """Write PNG and PDF."""
    from matplotlib import rc_context

    contents: dict[Path, bytes] = {}
    with rc_context({"pdf.fonttype": 42}):  # as TrueType: conferences refuse Type 3
        for form in ("png", "pdf"):
            content = BytesIO()
            figure.savefig(content, format=form)
            contents[stem.with_name(f"{stem.name}.{form}")] = content.getvalue()
    write_all(contents)
    return list(contents)
