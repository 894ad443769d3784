"""Generated parts of documents, between ``<!-- NAME:begin -->`` and ``<!-- NAME:end -->``."""

import textwrap
from pathlib import Path

#: Prose in generated parts is broken between words at this width, as the rest of a document is.
WIDTH = 100
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
    return f"{before}{begin}\n{readable(part.strip())}\n{end}{after}"


def readable(part: str) -> str:
    """The part with its long lines broken; tables and code stay as they are."""
    lines, code = list[str](), False
    for line in part.splitlines():
        code ^= line.startswith("```")
        if code or line.startswith(("|", "    ", "```")):
            lines.append(line)
            continue
        indent = "  " if line.startswith("- ") else ""
        lines += textwrap.wrap(
            line, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        ) or [""]
    return "\n".join(lines)


def write_part(document: str, name: str, part: str) -> None:
    """Replace a part of a document of this repository, e.g. ``docs/method/measuring.md``."""
    path = ROOT / document
    path.write_text(with_part(path.read_text(encoding="utf-8"), name, part), encoding="utf-8")
