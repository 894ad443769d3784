"""The figure of the papers: an image with a box, and what each network makes of the box."""

import textwrap
from collections.abc import Sequence
from io import BytesIO
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from srbench.files import write_all
from srbench.quality.protocols import Image
from srbench.quality.results import Output
from srbench.render.plots.look import DPI
from srbench.render.plots.sheet import drawable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: x, y, width, height in GT pixels.
Crop = tuple[int, int, int, int]

#: Page width of a two-column paper.
WIDTH_IN = 6.9
FONT_PT, LINE_IN = 7.0, 0.125
_GAP_IN, _BOX = 0.06, "#E8352B"
_MOST_COLUMNS = 5
#: Share of the page that the large image has at least and at most, and the most that a crop is high.
_LARGE, _MOST_HIGH_IN = (0.22, 0.45), 1.6
#: A longer name is cut; about what a letter takes.
_LONGEST_NAME, _LETTER_IN = 16, 0.052


def draw(truth: Image, title: str, outputs: Sequence[Output], crop: Crop) -> "Figure":
    """Draw it.

    Args:
        truth: GT, (H, W, 3).
        title: name of the image and its set.
        outputs: in the order of their crops; the GT's own crop stands first.
        crop: what is shown of each.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    shown = [Output("GT", truth, None), *outputs]
    columns = _columns(len(shown))
    rows = ceil(len(shown) / columns)
    x, y, width, height = crop
    caption_in = 2 * LINE_IN + 0.05
    aspect = truth.shape[1] / truth.shape[0]
    each_in, wide_in = _sizes(columns, rows, height / width, aspect, caption_in)
    high_in, cell_in = wide_in / aspect, (WIDTH_IN - wide_in) / columns - _GAP_IN
    lines = textwrap.wrap(title, max(8, int(wide_in / _LETTER_IN)), max_lines=3, placeholder=" …")
    crops_in = rows * (each_in * height / width + caption_in) + (rows - 1) * _GAP_IN
    total_in = max(crops_in, high_in + len(lines) * LINE_IN + 0.05)
    figure = Figure(figsize=(WIDTH_IN, total_in), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)

    def place(left: float, top: float, wide: float, high: float, pixels: Image) -> None:
        axes = figure.add_axes((left / WIDTH_IN, 1 - (top + high) / total_in, wide / WIDTH_IN, high / total_in))
        axes.imshow(pixels, interpolation="nearest", aspect="auto")
        axes.set_axis_off()
        if pixels is truth:
            box = Rectangle((x - 0.5, y - 0.5), width, height, fill=False, edgecolor=_BOX, linewidth=1.0)
            axes.add_patch(box)

    def write(left: float, top: float, wide: float, text: str, *, bold: bool = False) -> None:
        figure.text(
            (left + wide / 2) / WIDTH_IN,
            1 - top / total_in,
            drawable(text),
            fontsize=FONT_PT,
            fontweight="bold" if bold else "normal",
            ha="center",
            va="top",
            parse_math=False,
        )

    wide_in = high_in * aspect
    place(0.0, 0.0, wide_in, high_in, truth)
    for number, line in enumerate(lines):
        write(0.0, high_in + 0.03 + number * LINE_IN, wide_in, line)
    top_psnr, top_ssim = best(outputs)
    for number, output in enumerate(shown):
        row, column = divmod(number, columns)
        left = wide_in + _GAP_IN + column * (cell_in + _GAP_IN)
        high = each_in * height / width
        top = row * (high + caption_in + _GAP_IN)
        place(left + (cell_in - each_in) / 2, top, each_in, high, output.pixels[y : y + height, x : x + width])
        name = output.name if len(output.name) <= _LONGEST_NAME else f"{output.name[: _LONGEST_NAME - 1]}…"
        write(left, top + high + 0.03, cell_in, name)
        if output.score is None:
            write(left, top + high + 0.03 + LINE_IN, cell_in, "PSNR/SSIM")
            continue
        psnr, ssim = round(output.score.psnr, 2), round(output.score.ssim, 4)
        # Two halves that meet in the middle, so that each can be bold by itself.
        middle, line = (left + cell_in / 2) / WIDTH_IN, 1 - (top + high + 0.03 + LINE_IN) / total_in
        for text, side, bold in (
            (f"{psnr:.2f}/", "right", psnr == top_psnr),
            (f"{ssim:.4f}", "left", ssim == top_ssim),
        ):
            weight = "bold" if bold else "normal"
            figure.text(middle, line, text, fontsize=FONT_PT, fontweight=weight, ha=side, va="top")
    return figure


def _columns(count: int) -> int:
    """As few empty places as can be, then two rows."""
    return min(range(2, _MOST_COLUMNS + 1), key=lambda columns: (-count % columns, abs(columns - ceil(count / 2))))


def _sizes(columns: int, rows: int, shape: float, aspect: float, caption_in: float) -> tuple[float, float]:
    """Widths of a crop and of the large image: together as wide as the page, and equally high where that can be."""
    # high = rows * (each * shape + caption) + gaps - caption; high * aspect + columns * (each + gap) = width.
    fixed = rows * caption_in + (rows - 1) * _GAP_IN - caption_in
    each = (WIDTH_IN - columns * _GAP_IN - fixed * aspect) / (rows * shape * aspect + columns)
    wide = WIDTH_IN - columns * (each + _GAP_IN)
    # Flat or narrow crops would leave one of them no room.
    least, most = (share * WIDTH_IN for share in _LARGE)
    wide = min(max(wide, least), most)
    cell = (WIDTH_IN - wide) / columns - _GAP_IN
    return min(cell, _MOST_HIGH_IN / shape), wide


def best(outputs: Sequence[Output]) -> tuple[float, float]:
    """The highest PSNR and SSIM of several, as captions print them."""
    scores = [each.score for each in outputs if each.score is not None]
    return max(round(each.psnr, 2) for each in scores), max(round(each.ssim, 4) for each in scores)


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
