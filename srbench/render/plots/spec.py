"""Which columns span a trade-off plot, and what kind of number each of them is."""

from collections.abc import Sequence
from dataclasses import dataclass

from srbench.render.columns import SCORE, Column

#: What the area of a bubble usually stands for, over a figure's cost of a machine and over others.
PARAMS, MULTI_ADDS = "params", "multi_adds"
PER_IMAGE = (MULTI_ADDS, "activations")
TIMED = ("runtime_ms", "throughput_mp_s")
OF_A_MACHINE = (*TIMED, "peak_memory_mib", SCORE)


@dataclass(frozen=True)
class PlotSpec:
    """Which columns span the plot, and at which scale.

    Attributes:
        x, y: the axes.
        size: the area of a bubble; None for dots alone.
        scale: upscaling factor.
        color: the colour of a bubble; None for one colour an architecture.
    """

    x: Column
    y: Column
    size: Column | None = None
    scale: int = 4
    color: Column | None = None

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that are drawn, each once."""
        drawn = (self.x, self.y, self.size, self.color)
        return tuple(dict.fromkeys(column for column in drawn if column is not None))

    @property
    def dataset(self) -> str | None:
        """The test set of the first quality column, None where there is none."""
        return next((column.cell[1] for column in self.columns if column.cell is not None), None)

    def draws(self, keys: Sequence[str]) -> list[Column]:
        """Those of the columns that are drawn."""
        return [column for column in self.columns if column.key in keys]
