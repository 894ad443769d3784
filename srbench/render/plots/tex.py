"""Whether LaTeX can set the text of a figure here."""

import shutil
from collections.abc import Collection

from srbench.errors import InputError

_LOG_WIDTH = 79


def check_tex(formats: Collection[str]) -> None:
    """Set a word by LaTeX, since its packages matter as much as the program.

    Args:
        formats: that are to be written; PNG needs a program more.

    Raises:
        InputError: a program or a package is not there; it is named.
    """
    programs = ["latex", *(["dvipng"] if "png" in formats else [])]
    if missing := [name for name in programs if shutil.which(name) is None]:
        other = "; without it: --format pdf,svg" if missing == ["dvipng"] else ""
        raise InputError(f"--usetex needs the program {missing[0]}, which is not there{other}")
    import matplotlib as mpl
    from matplotlib.texmanager import TexManager

    try:
        with mpl.rc_context({"text.usetex": True}):
            TexManager.get_text_width_height_descent("srbench", 7.0)
    except (RuntimeError, FileNotFoundError) as error:
        raise InputError(f"--usetex: LaTeX cannot set text for figures: {_complaint(str(error))}") from None


def _complaint(log: str) -> str:
    """What LaTeX's log says behind its exclamation mark; it breaks lines at 79 signs, within words too."""
    _, mark, rest = log.partition("\n!")
    said = ""
    for line in f"!{rest}".splitlines() if mark else []:
        if not line.strip():
            break
        said += line if len(line) == _LOG_WIDTH else f"{line} "
    return said.lstrip("!").strip() or "it failed"
