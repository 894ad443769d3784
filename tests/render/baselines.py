"""The figures that are compared with pictures in ``baseline/``: drawn from rows written by hand, nothing measured.

After a change that is meant, look at the difference, then write them anew: ``python -m tests.render.baselines``.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from matplotlib.figure import Figure

from srbench.counts import Layer
from srbench.measure.layers import LayerTime, LayerTimes
from srbench.render.columns import find
from srbench.render.plots import figure, layers, scaling
from srbench.render.plots.breakdown import Breakdown, breakdown_of
from srbench.render.plots.files import house_style
from srbench.render.plots.growth import scaling_of
from srbench.render.plots.look import COLUMN, Look
from srbench.render.plots.points import chart_of
from srbench.render.plots.spec import PlotSpec
from tests.builders import with_figures
from tests.render.plot_data import MORE, SEVEN, SPEC, growing, measured

FOLDER = Path(__file__).parent / "baseline"
#: A third of the resolution in print: enough to see what moved.
DPI = 100

_ALL = measured(SEVEN)
_FAILED = with_figures(_ALL[0], runtime_ms=None, peak_memory_mib=None, status="OOM")


def counted(name: str, multi_adds: int) -> Layer:
    """A convolution of which nothing but the work is known."""
    return Layer(
        name=name, operator="conv 3x3", in_shape=(1,), out_shape=(1,), params=1, multi_adds=multi_adds, activations=1
    )


def taken_apart() -> Breakdown:
    """Eight blocks of two convolutions between a head and a tail."""
    names = ["head", *(f"body.{i}.{part}" for i in range(8) for part in ("conv1", "act", "conv2")), "tail"]
    own = {"head": 4e6, "tail": 10e6}
    times = [LayerTime("", "Net", 1, 2e6)]
    times += [LayerTime(name, "Conv2d", 1, own.get(name, 1e6 if name.endswith("act") else 5e6)) for name in names]
    work = {"head": 100_000_000, "tail": 1_600_000_000}
    layers = [counted(name, work.get(name, 2_100_000_000)) for name in names if not name.endswith("act")]
    found = LayerTimes(tuple(times), hooked_ns=104e6, plain_ns=96e6, passes=12)
    return breakdown_of(_ALL[1], layers, found, "cpu of bench")


FIGURES: dict[str, Callable[[], Figure]] = {
    "fig1": lambda: figure.draw(chart_of([*SEVEN, *MORE], SPEC)),
    "highlight": lambda: figure.draw(
        chart_of([*SEVEN, *MORE], replace(SPEC, highlight=("bsrn",), ylim=(32.1, 32.4))), Look(font="serif", notes=True)
    ),
    "runtime": lambda: figure.draw(
        chart_of([_FAILED, *_ALL[1:]], PlotSpec(find("runtime"), find("psnr"), find("params")))
    ),
    "memory": lambda: figure.draw(chart_of(_ALL, PlotSpec(find("memory"), find("psnr"), find("params")))),
    "color": lambda: figure.draw(
        chart_of(_ALL, PlotSpec(find("throughput"), find("memory"), find("params"), 4, find("acts")))
    ),
    "scaling": lambda: scaling.draw(scaling_of([*growing(), SEVEN[0]], 4)),
    "layers": lambda: layers.draw(taken_apart()),
}


def save(name: str, path: Path) -> None:
    """Draw a figure as PNG; matplotlib writes its version into it."""
    with house_style(COLUMN):
        FIGURES[name]().savefig(path, dpi=DPI)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for each in FIGURES:
        save(each, FOLDER / f"{each}.png")
