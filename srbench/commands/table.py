"""``srbench table``: the one table of a paper."""

from pathlib import Path
from typing import Any

from srbench import store
from srbench.api.papers import paper_table
from srbench.commands import readable, say, width

OK = 0


def table(output: Path, forms: list[str], *, macros: bool, **options: Any) -> int:
    """Print and write it.

    Args:
        output: folder of results.
        forms: of the files that are written.
        macros: also write a file of ``\\newcommand``.
        **options: those of ``srbench.paper_table``.
    """
    made = paper_table(output, **options, tell=say)
    store.prepare(output)
    files = made.write(output, forms, macros=macros)
    print(made.text(width(), readable(files)))
    say(f"wrote {', '.join(map(str, files))}")
    return OK
