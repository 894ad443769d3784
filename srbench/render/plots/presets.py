"""Figures by name: the columns of trade-off plots, and those that are figures of their own."""

from typing import Literal, NamedTuple

from srbench.render.columns import nearest

Figure = Literal["trade-off", "scaling", "layers"]


class Preset(NamedTuple):
    """What a preset draws; the names of columns are for trade-off plots, as people type them."""

    figure: Figure
    x: str = ""
    y: str = ""
    size: str = ""


PRESETS: dict[str, Preset] = {
    "fig1": Preset("trade-off", "params", "psnr", "multi-adds"),
    "runtime": Preset("trade-off", "runtime", "psnr", "params"),
    "memory": Preset("trade-off", "memory", "psnr", "params"),
    "scaling": Preset("scaling"),
    "layers": Preset("layers"),
}


def preset(name: str) -> Preset:
    """The preset of a name.

    Raises:
        ValueError: no such one; the message suggests the nearest.
    """
    found = PRESETS.get(name.strip().lower())
    if found is None:
        raise ValueError(f"unknown preset '{name}'; {nearest(name.strip().lower(), list(PRESETS))}")
    return found
