"""Names that users choose, made harmless for each format."""

import html
import re


def plain(text: str) -> str:
    """One line without control characters, so that a name cannot move the cursor or break a table."""
    return "".join(c if c.isprintable() else " " for c in text)


def escape_markdown(text: str) -> str:
    """Text that Markdown shows as it is: HTML and every mark with a meaning are taken literally."""
    return re.sub(r"([\\`*_\[\]#+|~$])", r"\\\1", html.escape(plain(text), quote=False))


def escape_csv(text: str) -> str:
    """Text that a spreadsheet does not run: a leading = + - @ gets an apostrophe (OWASP, CSV injection)."""
    text = plain(text)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
