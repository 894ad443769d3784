"""Runtimes with their intervals, in digits that the interval supports."""

import math

from srbench.measure.stats import Interval

#: Behind a runtime whose interval is no 95 % interval over processes.
_METHOD_MARKS = {"t95_processes": "", "binomial95": " p", "range": " r"}


def runtime_text(interval: Interval) -> str:
    """Median and interval in ms with the digits that the interval supports: never more of value than of error."""
    mark = _METHOD_MARKS[interval.method]
    if interval.low == interval.high:
        return f"{interval.median:,.{0 if interval.median >= 100 else 1}f}{mark}"
    width = max(interval.high - interval.median, interval.median - interval.low)
    values = (interval.median, interval.low, interval.high)
    median, low, high = (_rounded(value, width) for value in values)
    return f"{median} [{low}, {high}]{mark}"


def _rounded(value: float, width: float) -> str:
    """Two digits of the error (3.4 gives tenths, 340 tens), and two of the value where the error is larger than it."""
    digits = 1 - math.floor(math.log10(min(width, value) if value > 0 else width))
    digits = min(3, digits if width > value else 1 - math.floor(math.log10(width)))
    return f"{round(value, digits):,.{max(0, digits)}f}"
