"""One file for each command; the CLI imports the one that is asked for."""

import sys


def say(line: str) -> None:
    """One line for people, on stderr, so that stdout stays the table."""
    print(line, file=sys.stderr)
