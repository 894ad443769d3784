"""Generated parts of documents, between ``<!-- NAME:begin -->`` and ``<!-- NAME:end -->``."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def with_part(text: str, name: str, part: str) -> str:
    """The text with one part replaced.

    Raises:
        SystemExit: the text has no such part.
    """
    before, begin, rest = text.partition(f"<!-- {name}:begin -->")
    _, end, after = rest.partition(f"<!-- {name}:end -->")
    if not end:
        raise SystemExit(f"no <!-- {name}:begin --> ... <!-- {name}:end --> there")
    return f"{before}{begin}\n{part.strip()}\n{end}{after}"


def write_part(document: str, name: str, part: str) -> None:
    """Replace a part of a document of this repository, e.g. ``docs/method/measuring.md``."""
    path = ROOT / document
    path.write_text(with_part(path.read_text(encoding="utf-8"), name, part), encoding="utf-8")
