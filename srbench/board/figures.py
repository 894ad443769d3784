"""What a figure is: a number, or a median with its interval. Light enough for the command line to import."""

from typing import Literal

from srbench.measure.stats import Interval

#: A number, or a median with its interval; in CSV's unit.
Figure = float | Interval
Good = Literal["low", "high"]
QualityMetric = Literal["psnr_y", "ssim_y"]


def median_of(figure: Figure | None) -> float | None:
    """The number without its interval."""
    return figure.median if isinstance(figure, Interval) else figure
