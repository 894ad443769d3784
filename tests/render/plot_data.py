"""Rows to plot, and the geometry of boxes and circles.

Costs are those that official code gives at x4 for a 1280x720 GT, PSNR those that papers print for Set5.
"""

import math
from typing import Any

from srbench.board.metrics import PARAMS
from srbench.board.rows import Quality, QualityKind, Row
from srbench.measure.stats import Interval
from srbench.render.columns import find
from srbench.render.plots.layout import Box
from srbench.render.plots.spec import PlotSpec
from tests.builders import with_figures

SPEC = PlotSpec(find("params"), find("psnr"), find("multi-adds"), 4)
ON_RUNTIME = PlotSpec(find("runtime"), find("psnr"), find("params"), 4)


def row(
    variant: str, model: str, params: float | None, multi_adds: float | None, psnr: float | None, **more: Any
) -> Row:
    kind: QualityKind = more.pop("kind", "published")
    figure = (
        Quality(psnr, f"{psnr:.2f}", kind, "Table 1", more.pop("sibling", None), more.pop("protocol", ""))
        if psnr
        else None
    )
    shape = {"gt_width": 1280, "gt_height": 720, "lr_width": 320, "lr_height": 180, "batch": 1}
    where = {"form": "deploy", "colors": "rgb", "dtype": "float32", "device": "cpu", "machine": "bench"}
    quality = {("psnr_y", "Set5"): figure} if figure else {}
    given = {
        "model": model,
        "variant": variant,
        "network": variant or model,
        "scale": 4,
        "quality": quality,
    }
    return with_figures(Row(**(shape | where | given)), params=params, multi_adds=multi_adds, **more)  # type: ignore[arg-type]


REPSR_NOTE = "reconstruction: no official code; Y only"
SEVEN = [
    row("bsrn", "BSRN", 352_400, 19_177_176_448, 32.35),
    row("rfdn", "RFDN", 433_448, 23_759_144_640, 32.24, sibling="rfdn-paper"),
    row("imdn", "IMDN", 715_176, 40_885_865_472, 32.21),
    row("msrn", "MSRN", 6_078_043, 376_828_934_400, 32.25),
    row("ecbsr", "ECBSR", 601_808, 34_537_881_600, 31.92, colors="y"),
    row("repsr", "RepSR", 601_808, 34_537_881_600, None, colors="y", note=REPSR_NOTE),
    row("span", "SPAN", 426_288, 24_493_363_200, None),
]
MORE = [
    row("bsrn-s", "BSRN", 156_288, 8_287_816_320, 32.16),
    row("rfdn-paper", "RFDN", 549_624, 31_128_890_112, 32.24, note="reconstruction of the tabulated network"),
]
HOSTILE = [
    "a/$x_{1}^2$.py:Net",
    "<b>&--\"'>",
    "=cmd|' /C calc'!A0",
    "\U0001f600" * 3,
    "w" * 200,
    "@a\x00\x1b\u202eb\nc",
    r"\$\frac",
]


def timed(rows: list[Row]) -> list[Row]:
    """Rows with a runtime of 1 ms for each K of parameters, known to 10 %."""
    return [
        with_figures(r, runtime_ms=Interval(params / 1e3, params / 1.1e3, params / 0.9e3, "t95_processes"))
        for r in rows
        if (params := PARAMS.raw(r))
    ]


#: Output elements of all convolutions and their number, as the official code gives them; runtimes and peaks made up.
_COSTS = {
    "bsrn": (355_881_376, 206, 400.0, 360.0),
    "rfdn": (98_461_440, 64, 300.0, 160.0),
    "imdn": (107_827_200, 46, 250.0, 280.0),
    "msrn": (296_928_000, 48, 2000.0, 800.0),
    "ecbsr": (63_590_400, 18, 160.0, 50.0),
    "repsr": (63_590_400, 18, 170.0, 60.0),
    "span": (60_825_600, 22, 140.0, 150.0),
}


def measured(rows: list[Row]) -> list[Row]:
    """Rows with all costs, runtimes known to 5 %."""
    found = []
    for each in rows:
        acts, convs, runtime, peak = _COSTS[each.variant]
        interval = Interval(runtime, runtime * 0.95, runtime * 1.05, "t95_processes")
        found.append(with_figures(each, activations=acts, convs=convs, runtime_ms=interval, peak_memory_mib=peak))
    return found


def sized(each: Row, width: int, height: int, runtime_ms: float | None, peak_mib: float | None, **more: Any) -> Row:
    """A row at another LR size."""
    interval = Interval(runtime_ms, 0.9 * runtime_ms, 1.1 * runtime_ms, "t95_processes") if runtime_ms else None
    return with_figures(
        each, lr_width=width, lr_height=height, gt_width=4 * width, gt_height=4 * height,
        runtime_ms=interval, peak_memory_mib=peak_mib, **more,
    )  # fmt: skip


def growing() -> list[Row]:
    """SPAN as pixels^1 and 0.5 pixels^0.9, IMDN as 3 pixels^1.1 and pixels, in K pixels, ms and MiB."""
    sides = [(64, 64), (128, 128), (256, 256)]
    k = [(w, h, w * h / 1e3) for w, h in sides]
    return [
        *(sized(SEVEN[6], w, h, n, 0.5 * n**0.9) for w, h, n in k),
        *(sized(SEVEN[2], w, h, 3 * n**1.1, n) for w, h, n in k),
    ]


def overlap(a: Box, b: Box) -> bool:
    return a.x0 < b.x1 and b.x0 < a.x1 and a.y0 < b.y1 and b.y0 < a.y1


def distance(box: Box, x: float, y: float) -> float:
    return math.hypot(max(box.x0 - x, x - box.x1, 0), max(box.y0 - y, y - box.y1, 0))
