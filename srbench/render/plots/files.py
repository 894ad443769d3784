"""A figure on disk: our style while it is drawn, one file for each format, and the plotted numbers beside them."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO, StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srbench.files import write_all
from srbench.render.plots.look import DPI, Look
from srbench.render.text import escape_csv

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLE = Path(__file__).with_name("srbench.mplstyle")

#: A cell: words are escaped, numbers written in full precision, None is empty.
Cell = str | float | bool | None
_METADATA: Mapping[str, dict[str, Any]] = {"png": {}, "pdf": {"CreationDate": None}, "svg": {"Date": None}}


@contextmanager
def house_style(look: Look) -> Iterator[None]:
    """Our settings alone, whatever the user's matplotlibrc says."""
    import matplotlib.style

    own = {"font.family": look.family, "text.usetex": look.usetex}
    with matplotlib.style.context(["default", STYLE, own]):
        yield


def write(
    draw: "Callable[[], Figure]",
    title: str,
    header: Sequence[str],
    lines: Sequence[Sequence[Cell]],
    stem: Path,
    look: Look,
) -> list[Path]:
    """Draw a figure and write it in the formats of its look, and its numbers as STEM.csv.

    The folder is made if it does not exist. The same figure gives the same bytes. Where one file cannot be written, all
    are as they were.

    Args:
        draw: makes the figure; called once, in our style.
        title: for the files' metadata.
        header: of the CSV.
        lines: of the CSV, raw and in full precision.
        stem: path without a suffix.
        look: its style and formats.

    Returns:
        The paths written, in the order of the formats, the CSV last.

    Raises:
        OSError: a file cannot be written; it is named.
    """
    paths = [stem.with_name(f"{stem.name}.{suffix}") for suffix in (*look.formats, "csv")]
    contents: list[bytes] = []
    with house_style(look):
        figure = draw()
        for name in look.formats:
            content = BytesIO()
            figure.savefig(content, format=name, dpi=DPI, metadata=_METADATA[name] | {"Title": title})
            contents.append(content.getvalue())
    numbers = StringIO(newline="")
    writer = csv.writer(numbers, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_text(cell) for cell in line] for line in lines)
    write_all(dict(zip(paths, [*contents, numbers.getvalue().encode()], strict=True)))
    return paths


def _text(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, str):
        return escape_csv(cell)
    if cell is None:
        return ""
    return str(int(cell)) if float(cell).is_integer() else repr(float(cell))
