"""The papers of the networks in the tables: keys to cite, and their BibTeX entries."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from srbench.board.published import packaged_folder
from srbench.board.rows import Row

#: An entry from its ``@`` to the brace that stands at the beginning of a line.
_ENTRY = re.compile(r"^@\w+\{(?P<key>\w+),\n.*?^\}", re.MULTILINE | re.DOTALL)
_KEYWORDS = re.compile(r"keywords\s*=\s*\{([^}]*)\}")


@cache
def entries(path: Path | None = None) -> Mapping[str, str]:
    """Key -> BibTeX entry, of the packaged file where no other is given."""
    text = (path or packaged_folder().parent / "papers.bib").read_text(encoding="utf-8")
    return {found["key"]: found[0] for found in _ENTRY.finditer(text)}


@cache
def _keys() -> Mapping[str, str]:
    """A network's name as tables print it -> key."""
    names = {}
    for key, entry in entries().items():
        for name in _KEYWORDS.findall(entry)[0].split(";"):
            names[name.strip()] = key
    return names


def key_of(row: Row) -> str:
    """What to cite for a row's network; empty where that is nobody's paper, or one that is not known here."""
    own = ":" in row.network  # a user's network may be called as another's is
    return "" if own else _keys().get(row.model, "")


def bibliography(rows: Iterable[Row]) -> str:
    """The entries of the rows' papers as a ``.bib``, each once; empty where there are none."""
    wanted = dict.fromkeys(filter(None, map(key_of, rows)))
    return "".join(f"{entries()[key]}\n\n" for key in wanted)
