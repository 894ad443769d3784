"""Figures at their printed size: PNG, PDF and SVG, and the plotted numbers as CSV.

The trade-off figure: ``points`` turns rows into points, ``extents`` and ``scales`` choose axes and areas, ``layout``
finds places for names, ``labelling`` sets them there, ``marks`` draws dots and legends, ``figure`` puts them together.
``scaling`` and ``layers`` are figures of their own. All share ``look`` (width, font, formats), ``sheet`` (text in
points), ``frames`` (axes, legend, notes), ``naming``, ``captions``, ``colors`` and ``files``.
"""

from srbench.render.plots.figure import trade_off
from srbench.render.plots.look import FORMATS, Look
from srbench.render.plots.spec import PlotSpec

__all__ = ["FORMATS", "Look", "PlotSpec", "trade_off"]
