"""The trade-off figure: one column (8 cm) wide, PSNR over a cost, area by another cost.

``points`` turns rows into points, ``scales`` chooses axes and areas, ``sheet`` measures text, ``layout`` places labels,
``marks`` draws dots and legends, ``figure`` puts them together.
"""

from srbench.render.plots.figure import FORMATS, trade_off
from srbench.render.plots.points import PlotSpec

__all__ = ["FORMATS", "PlotSpec", "trade_off"]
