"""The layers figure: where a network's time and its Multi-Adds go, a pair of bars for each block."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srbench.board.metrics import MULTI_ADDS
from srbench.render.plots import frames, naming
from srbench.render.plots.breakdown import OTHERS, Breakdown, Part, csv_of, totals
from srbench.render.plots.colors import color_of
from srbench.render.plots.entries import SwatchEntry
from srbench.render.plots.files import house_style, write
from srbench.render.plots.frames import ABOVE_AXES_PT, BELOW_AXES_PT
from srbench.render.plots.look import COLUMN, Look
from srbench.render.plots.scales import Axis, round_numbers
from srbench.render.plots.sheet import EDGE_PT, INK, LINE_PT, SOFT_INK, Sheet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BAR_PT, _PAIR_PT = 7.4, 17.0
_TEXT_GAP_PT = 2.5
#: Of the width, for the names; the bars need the rest.
_MOST_NAME = 0.4
_MULTI_ADDS: dict[str, Any] = {"facecolor": "#D8D8D8", "edgecolor": "#8C8C8C", "linewidth": 0.4}


def layers(breakdown: Breakdown, stem: Path, look: Look = COLUMN) -> list[Path]:
    """Draw where a network's time goes and write the files.

    Args:
        breakdown: of :func:`srbench.render.plots.breakdown.breakdown_of`.
        stem: path without a suffix.
        look: width, font, formats, and whether there are notes.

    Returns:
        The paths written, the CSV last.

    Raises:
        OSError: the folder cannot be written to.
    """
    title = f"Time and Multi-Adds of {breakdown.label} by layer, x{breakdown.row.scale}"
    return write(lambda: draw(breakdown, look), title, *csv_of(breakdown), stem, look)


def draw(breakdown: Breakdown, look: Look = COLUMN) -> "Figure":
    """The figure at its printed size, as high as its bars need."""
    with house_style(look):
        return _draw(breakdown, look)


def label_of(part: Part, bars: Sequence[Part]) -> str:
    """What stands beside a pair of bars; the count of its modules in brackets where there are several."""
    name = part.name or "network"
    inside = any(bar.name.startswith(f"{part.name}.") or not part.name for bar in bars if bar is not part)
    if part.name != OTHERS and part.modules == 1 and inside:
        return f"{naming.shorten(name, 17)} itself"  # what it does between its modules
    return naming.shorten(name) + (f" ({part.modules})" if part.modules > 1 else "")


def _draw(breakdown: Breakdown, look: Look) -> "Figure":
    from matplotlib.patches import Rectangle

    from srbench.render.plots.layout import Box

    sheet = Sheet.blank(look)
    inner = sheet.inner
    bars = breakdown.bars
    time, multi_adds = totals(breakdown.parts)
    color = color_of(breakdown.row)
    names = [sheet.fit(label_of(bar, bars), _MOST_NAME * look.width_pt) for bar in bars]
    shares = [(bar.time_ns / time if time else 0.0, bar.multi_adds / multi_adds if multi_adds else 0.0) for bar in bars]
    texts = [(_ms(bar.time_ns), _giga(bar.multi_adds)) for bar in bars]
    left = EDGE_PT + max(map(sheet.width, names)) + 6.0
    width = look.width_pt - left - EDGE_PT
    # The longest bar with its text reaches the end; a text may be longer than what its bar leaves.
    pairs = [
        (share, sheet.width(text))
        for two, words in zip(shares, texts, strict=True)
        for share, text in zip(two, words, strict=True)
    ]
    per_share = min((width - wide - _TEXT_GAP_PT) / share for share, wide in pairs if share > 0)
    axis = _axis(width / per_share)

    entries = [
        SwatchEntry(
            sheet, f"Time, {sheet.fit(breakdown.label, inner / 2)}: {_ms(time)}", {"facecolor": color, "linewidth": 0}
        ).item(),
        SwatchEntry(sheet, f"Multi-Adds: {MULTI_ADDS.marked(breakdown.row, _giga(multi_adds))}", _MULTI_ADDS).item(),
    ]
    legend = frames.lines_of([entries], inner)
    notes = frames.wrap_notes(sheet, [*(breakdown.notes if look.notes else []), *breakdown.warnings], inner)
    high = len(bars) * _PAIR_PT + 4.0
    bottom = EDGE_PT + len(notes) * LINE_PT + BELOW_AXES_PT
    top = bottom + high + ABOVE_AXES_PT + frames.height_of(legend)
    sheet.set_height(top + EDGE_PT)
    axes = sheet.axes(Box(left, bottom, left + width, bottom + high))
    nothing = Axis(0, high, False, (), ())
    frames.frame(sheet, axes, axis, nothing, "Share of the whole [%]", "")
    axes.grid(False, axis="y")
    for k, (name, two, words) in enumerate(zip(names, shares, texts, strict=True)):
        middle = high - 2.0 - (k + 0.5) * _PAIR_PT
        sheet.text(left - 4.0, bottom + middle, name, ha="right", va="center", gid="label")
        fills: tuple[dict[str, Any], ...] = ({"facecolor": color, "linewidth": 0}, _MULTI_ADDS)
        for share, text, fill, up in zip(two, words, fills, (0.0, -_BAR_PT), strict=True):
            axes.add_patch(Rectangle((0, middle + up), 100 * share, _BAR_PT, gid="bar", **fill))
            x = left + per_share * share + _TEXT_GAP_PT
            ink = INK if up == 0.0 else SOFT_INK
            sheet.text(x, bottom + middle + up + _BAR_PT / 2, text, va="center", color=ink, gid="amount")
    frames.draw_legend(legend, EDGE_PT, top)
    frames.draw_notes(sheet, notes)
    return sheet.figure


def _axis(end: float) -> Axis:
    """From 0 to ``end``, a share of the whole, in percent."""
    step = next(r for r in round_numbers(0.1, 100) if 100 * end / r <= 6)
    ticks = tuple(k * step for k in range(int(100 * end / step) + 1) if k * step <= 100)
    return Axis(0.0, 100 * end, False, ticks, tuple(f"{tick:g}" for tick in ticks))


def _ms(time_ns: float) -> str:
    ms = time_ns / 1e6
    return f"{ms:,.0f} ms" if ms >= 99.95 else f"{ms:.1f} ms" if ms >= 9.995 else f"{ms:.2f} ms"


def _giga(multi_adds: int) -> str:
    giga = multi_adds / 1e9
    return (
        "0"
        if not giga
        else f"{giga:,.1f} G"
        if giga >= 9.995
        else f"{giga:.2f} G"
        if giga >= 0.00995
        else f"{giga:.2g} G"
    )
