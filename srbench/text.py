"""Text that others chose, as one line for people."""

from srbench.errors import InputError


def plain(text: str) -> str:
    """One line without control characters, so that a name cannot move the cursor or break a table."""
    return "".join(c if c.isprintable() else " " for c in text)


def one_line(text: str, most: int) -> str:
    """The same with single spaces, and of at most so many characters."""
    # What is cut off is not looked at: a network may say 50 MB.
    words = " ".join(plain(text[: 2 * most]).split())
    return words if len(words) <= most else f"{words[: most - 3]}..."


def check_utf8(name: str, what: str) -> None:
    """Refuse a name that no record can hold: Linux allows any bytes in a path, JSON does not.

    Args:
        name: as the system gives it.
        what: it names, for the error.

    Raises:
        InputError: it is no UTF-8 text.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        shown = plain(name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"))
        raise InputError(f"the name of {what} is no UTF-8 text: {shown}; rename it") from None
