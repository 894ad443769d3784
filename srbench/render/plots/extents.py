"""From where to where an axis shows networks: what was typed, or what most of them take."""

from collections.abc import Sequence
from dataclasses import dataclass

from srbench.board.metric import Metric
from srbench.render.plots.scales import calls_for_log, within_fences


@dataclass(frozen=True)
class Extent:
    """What of an axis is shown; networks beyond it are marked at its end.

    Attributes:
        low, high: in the column's unit; infinite where nothing is beyond.
        log: whether the axis is logarithmic.
        typed: whether the axis ends exactly there; else it reaches as far as what is within needs.
    """

    low: float
    high: float
    log: bool
    typed: bool = False

    def holds(self, value: float) -> bool:
        """Whether it is shown where it is."""
        return self.low <= value <= self.high


def extent_of(
    column: Metric, values: Sequence[float], typed: tuple[float, float] | None = None, keep: Sequence[float] = ()
) -> Extent:
    """The extent of an axis.

    Args:
        column: which the axis shows.
        values: of all networks, in its unit.
        typed: its ends, where they were asked for.
        keep: values that are shown however far out they are.
    """
    if typed is not None:
        inside = [value for value in values if typed[0] <= value <= typed[1]]
        return Extent(*typed, log=typed[0] > 0 and bool(inside) and _log(column, inside), typed=True)
    log = _log(column, values)
    low, high = within_fences(values, log=log, least=_last_digits(column, 50))
    return Extent(min(low, *keep), max(high, *keep), log) if keep else Extent(low, high, log)


def least_of(column: Metric) -> float:
    """How far an axis reaches around a single value: 0.2 dB where PSNR has two digits; 0 leaves it to the value."""
    return _last_digits(column, 20)


def _last_digits(column: Metric, count: int) -> float:
    """So many of the last digit of a quality: of PSNR 0.5 dB are 50; 0 of all else."""
    return count * 10.0**-column.digits if column.cell is not None else 0.0


def _log(column: Metric, values: Sequence[float]) -> bool:
    """PSNR and SSIM are logarithms or shares already; costs and throughput may span decades."""
    return column.cell is None and column.unit != "dB" and calls_for_log(values)
