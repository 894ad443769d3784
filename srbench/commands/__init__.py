"""One file for each command; the CLI imports the one that is asked for."""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from srbench.text import plain


def say(line: str) -> None:
    """One line for people, on stderr, so that stdout stays the table."""
    print(plain(line), file=sys.stderr)


def width() -> int | None:
    """Columns of the terminal that reads stdout (COLUMNS, where it is set); None where none does: a file has room."""
    if not os.environ.get("COLUMNS", "").isdigit() and not sys.stdout.isatty():
        return None
    return shutil.get_terminal_size().columns


def readable(files: Sequence[Path]) -> str:
    """That of the files which has everything for a reader; empty where none has."""
    return str(next((path for path in files if path.suffix == ".md"), ""))
