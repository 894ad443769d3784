"""Which columns span a trade-off plot, and what kind of number each of them is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from srbench.board.metric import Metric
from srbench.board.metrics import PARAMS

MEGA = 1e6


def per_image(column: Metric) -> bool:
    """Whether it depends on the size of the image and on nothing else beside the network."""
    return column.of == "image"


def of_a_machine(column: Metric) -> bool:
    """Whether it belongs to a machine."""
    return column.of == "machine"


def timed(column: Metric) -> bool:
    """Whether it is a runtime or made of one."""
    return column.timed


def as_papers_write(column: Metric, values: Sequence[float]) -> Metric:
    """Parameters in M where one of the raw values is a million or more; all else as tables have it."""
    if column.key == PARAMS.key and max(values, default=0) >= MEGA:
        return replace(column, unit="M", divisor=MEGA, digits=2)
    return column


@dataclass(frozen=True)
class PlotSpec:
    """Which columns span the plot, at which scale, and what of it stands out.

    Attributes:
        x, y: the axes.
        size: the area of a bubble; None for dots alone.
        scale: upscaling factor.
        color: the colour of a bubble; None for one colour an architecture.
        xlim, ylim: ends of an axis, in the unit that it shows; None for what the networks take.
        highlight: names of networks that stand out, as readers or the records have them.
    """

    x: Metric
    y: Metric
    size: Metric | None = None
    scale: int = 4
    color: Metric | None = None
    xlim: tuple[float, float] | None = None
    ylim: tuple[float, float] | None = None
    highlight: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[Metric, ...]:
        """The columns that are drawn, each once."""
        drawn = (self.x, self.y, self.size, self.color)
        return tuple(dict.fromkeys(column for column in drawn if column is not None))

    @property
    def dataset(self) -> str | None:
        """The test set of the first quality column, None where there is none."""
        return next((column.cell[1] for column in self.columns if column.cell is not None), None)

    def draws(self, what: Callable[[Metric], bool]) -> list[Metric]:
        """Those of the drawn columns that are such ones."""
        return [column for column in self.columns if what(column)]
