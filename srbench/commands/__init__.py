"""One file for each command; the CLI imports the one that is asked for."""

import sys

from srbench.render.text import plain


def say(line: str) -> None:
    """One line for people, on stderr, so that stdout stays the table."""
    print(plain(line), file=sys.stderr)
