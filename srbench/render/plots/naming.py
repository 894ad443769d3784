"""What a network is called in a figure, and what tells two of one name apart."""

import unicodedata
from collections.abc import Sequence

from srbench.board.metrics import MULTI_ADDS, PARAMS
from srbench.board.rows import Quality, Row
from srbench.cases import digest, slug
from srbench.render.plots.spec import PlotSpec, of_a_machine

#: Of a list of networks in a file name.
_MOST_IN_A_FILE = 40
NAME_LIMIT = 24
NAMES_IN_A_NOTE = 6


def shorten(text: str, limit: int = NAME_LIMIT) -> str:
    """One line of at most ``limit`` characters, without control and direction characters, cut in the middle."""
    visible = "".join(c for c in " ".join(text.split()) if not unicodedata.category(c).startswith("C"))
    if len(visible) <= limit:
        return visible
    tail = limit // 3
    return f"{visible[: limit - tail - 1]}…{visible[-tail:]}"


def name_of(row: Row) -> str:
    """A row's name as figures have it."""
    return shorten(row.name, NAME_LIMIT + len(row.mode))


def named_in_file(names: str) -> str:
    """A list of networks in a file name: short lists as they are, long ones by the first and a hash of all."""
    parts = [slug(part.strip().rpartition("/")[2]) for part in names.split(",") if part.strip()]
    text = "-".join(parts)
    if len(text) <= _MOST_IN_A_FILE:
        return text
    return f"{parts[0][:_MOST_IN_A_FILE]}-and-{len(parts) - 1}-more-{digest(sorted(parts))[:4]}"


def trade_off_stem(spec: PlotSpec) -> str:
    """What a trade-off plot shows, for its files: the axes, and area and colour where they are not the usual ones."""
    words = [f"{spec.y.key}_over_{spec.x.key}"]
    usual = (PARAMS if of_a_machine(spec.x) else MULTI_ADDS).key
    if (size := spec.size.key if spec.size is not None else "none") != usual:
        words.append(f"size-{size}")
    if spec.color is not None:
        words.append(f"color-{spec.color.key}")
    return "_".join(words)


def marks_of(row: Row, quality: Quality | None = None) -> str:
    """What stands behind a name: ``*`` reconstruction, ``†`` another test protocol, ``(Y)`` luma alone."""
    marks = "*" if row.note.startswith("reconstruction") else ""
    marks += "†" if quality is not None and quality.protocol else ""
    return marks + (" (Y)" if row.colors == "y" else "")


def labels(
    rows: Sequence[Row], circumstances: Sequence[tuple[str, ...]], marks: Sequence[str]
) -> list[tuple[str, str]]:
    """Name and label (the name with its marks) of each row.

    Behind rows of one name stands the first of their circumstances that tells them apart.

    Args:
        rows: that are drawn.
        circumstances: of each row, the most telling first.
        marks: of each row.
    """
    groups: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        groups.setdefault(name_of(row), []).append(i)
    found: dict[int, tuple[str, str]] = {}
    for name, group in groups.items():
        told = _told_apart([circumstances[i] for i in group])
        for i, words in zip(group, told, strict=True):
            found[i] = " ".join([name, *words]), " ".join([name + marks[i], *words])
    return [found[i] for i in range(len(rows))]


def _told_apart(circumstances: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Of each row's circumstances, the first few that tell as many rows apart as all of them do."""
    kept: list[int] = []
    for k in range(len(circumstances[0]) if circumstances else 0):
        before = {tuple(row[j] for j in kept) for row in circumstances}
        if len({tuple(row[j] for j in [*kept, k]) for row in circumstances}) > len(before):
            kept.append(k)
    return [tuple(row[j] for j in kept if row[j]) for row in circumstances]


def listed(reasons: Sequence[tuple[str, str]]) -> str:
    """``RepSR, SPAN (no PSNR on Set5); RFDN (figure is rfdn-paper's)``."""
    groups: dict[str, list[str]] = {}
    for name, reason in reasons:
        groups.setdefault(reason, []).append(name)
    said = []
    for reason, named in groups.items():
        names = list(dict.fromkeys(named))
        more = len(names) - NAMES_IN_A_NOTE
        shown = names[:NAMES_IN_A_NOTE] if more > 1 else names  # "1 more" is no shorter than a name
        said.append(f"{', '.join(shown)}{f' and {more} more' if more > 1 else ''} ({reason})")
    return "; ".join(said)


def few(words: Sequence[str], limit: int = 3) -> str:
    """The first few of a list, and how many more there are."""
    return " / ".join(words[:limit]) + (f" / {len(words) - limit} more" if len(words) > limit else "")
