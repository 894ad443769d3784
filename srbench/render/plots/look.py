"""How a figure is set, whatever it shows: width, font, formats, and whether notes stand below."""

from collections.abc import Mapping
from dataclasses import dataclass

from srbench.errors import InputError

FORMATS = ("png", "pdf", "svg")
#: Those that come with matplotlib, so that every machine draws the same, and LaTeX's own; STIX goes with Times.
FONTS: Mapping[str, tuple[str, str]] = {"sans": ("DejaVu Sans", "sans-serif"), "serif": ("STIXGeneral", "serif")}
DPI = 300
#: One column of a paper, and both.
COLUMN_CM, PAGE_CM = 8.0, 17.5
#: Less has no room for text of 7 pt, more is no page.
NARROWEST_CM, WIDEST_CM = 5.0, 60.0


def check_width(width_cm: float) -> None:
    """Refuse a width that has no room, or that no page has.

    Raises:
        InputError: it is such a width.
    """
    if not NARROWEST_CM <= width_cm <= WIDEST_CM:
        raise InputError(f"--width {width_cm:g} is not from {NARROWEST_CM:g} to {WIDEST_CM:g} cm")


@dataclass(frozen=True)
class Look:
    """How a figure is set.

    Attributes:
        width_cm: printed width.
        font: ``sans`` or ``serif``.
        usetex: whether LaTeX sets the text, in its own fonts.
        formats: those of ``png`` (300 dpi), ``pdf`` and ``svg`` that are written.
        notes: whether the conditions and all that is not shown stand below; warnings always do.

    Raises:
        InputError: a width, font or format that there is not.
    """

    width_cm: float = COLUMN_CM
    font: str = "sans"
    usetex: bool = False
    formats: tuple[str, ...] = FORMATS
    notes: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        check_width(self.width_cm)
        if self.font not in FONTS:
            raise InputError(f"--font '{self.font}' is none of {', '.join(FONTS)}")
        if unknown := [name for name in self.formats if name not in FORMATS]:
            raise InputError(f"--format '{unknown[0]}' is none of {', '.join(FORMATS)}")

    @property
    def width_pt(self) -> float:
        """The width up to the whole pixel, so that every format has the same."""
        return round(self.width_cm / 2.54 * DPI) / DPI * 72

    @property
    def family(self) -> str:
        """As matplotlib calls the font."""
        return FONTS[self.font][self.usetex]

    @property
    def words(self) -> list[str]:
        """What makes the figure another one than by default, for the names of its files."""
        width = [f"width-{self.width_cm:g}"] if self.width_cm != COLUMN_CM else []
        font = [f"font-{self.font}"] if self.font != "sans" else []
        return width + font + ["usetex"] * self.usetex + ["notes"] * self.notes


#: A figure for one column, by default.
COLUMN = Look()
