"""Names that users choose, made harmless for each format."""

import html
import re


def plain(text: str) -> str:
    """One line without control characters, so that a name cannot move the cursor or break a table."""
    return "".join(c if c.isprintable() else " " for c in text)


def shortened(name: str) -> str:
    """A name of at most 48 signs: of a long path the end says the most."""
    return name if len(name) <= 48 else f"{name[:20]}...{name[-25:]}"


def escape_markdown(text: str) -> str:
    """Text that Markdown shows as it is: HTML and every mark with a meaning are taken literally."""
    return re.sub(r"([\\`*_\[\]#+|~$])", r"\\\1", html.escape(plain(text), quote=False))


def escape_csv(text: str) -> str:
    """Text that a spreadsheet does not run: a leading = + - @ gets an apostrophe (OWASP, CSV injection)."""
    text = plain(text)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


#: What TeX would take for a command, and how it is written instead.
_TEX = {
    "\\": "\\textbackslash{}",
    "{": "\\{",
    "}": "\\}",
    "$": "\\$",
    "&": "\\&",
    "#": "\\#",
    "_": "\\_",
    "%": "\\%",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
    "<": "\\textless{}",
    ">": "\\textgreater{}",
    "|": "\\textbar{}",
    '"': "\\textquotedbl{}",
    # Ligatures: two dashes would become one long one.
    "-": "{-}",
    "'": "{'}",
    "`": "{`}",
    # At the beginning of a row they would be read as arguments of the line break above.
    "[": "{[}",
    "*": "{*}",
    ",": "{,}",
}


def escape_latex(text: str) -> str:
    """Text that LaTeX sets as it is; a letter that pdfTeX's fonts lack stands as its code point."""
    return "".join(_TEX.get(c, c if c.isascii() or c in _LATIN else f"{{[}}U+{ord(c):04X}]") for c in plain(text))


#: Letters that the T1 fonts of every TeX have: those of Western European languages.
_LATIN = frozenset("ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿ")
