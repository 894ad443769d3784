"""Text that others chose, as one line for people."""


def plain(text: str) -> str:
    """One line without control characters, so that a name cannot move the cursor or break a table."""
    return "".join(c if c.isprintable() else " " for c in text)


def one_line(text: str, most: int) -> str:
    """The same with single spaces, and of at most so many characters."""
    # What is cut off is not looked at: a network may say 50 MB.
    words = " ".join(plain(text[: 2 * most]).split())
    return words if len(words) <= most else f"{words[: most - 3]}..."
