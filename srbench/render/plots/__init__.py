"""Figures at their printed size: PNG, PDF and SVG, and the plotted numbers as CSV.

The trade-off figure: ``points`` turns rows into points, ``scales`` chooses axes and areas, ``layout`` places labels,
``marks`` draws dots and legends, ``figure`` puts them together. ``radar``, ``scaling`` and ``layers`` are figures of
their own. All share ``sheet`` (text in points), ``frames`` (axes, legend, notes), ``naming``, ``captions``, ``colors``
and ``files``.
"""

from srbench.render.plots.figure import trade_off
from srbench.render.plots.files import FORMATS
from srbench.render.plots.spec import PlotSpec

__all__ = ["FORMATS", "PlotSpec", "trade_off"]
