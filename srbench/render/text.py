"""Names that users choose, made harmless for each format."""

import html
import re

from srbench.text import plain


def shortened(name: str, most: int = 48) -> str:
    """A name of at most so many signs: of a long path the end says the most."""
    begin = (most - 3) * 4 // 9
    return name if len(name) <= most else f"{name[:begin]}...{name[begin + 3 - most :]}"


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
    "`": "{`}",
}
#: Ligatures: two of them would become another sign.
_TEX_PAIRS = "-',"
#: At the beginning of a row they would be read as arguments of the line break above.
_TEX_FIRST = "[*"


def escape_latex(text: str) -> str:
    """Text that LaTeX sets as it is; a sign that pdfTeX's fonts lack stands as its code point."""
    visible = plain(text)
    parts = []
    for place, sign in enumerate(visible):
        if (sign in _TEX_PAIRS and visible[place - 1 : place] == sign) or (sign in _TEX_FIRST and not place):
            parts.append(f"{{{sign}}}")
        else:
            parts.append(_TEX.get(sign) or (sign if sign.isascii() else _beyond_ascii(sign)))
    return "".join(parts)


#: Signs beyond ASCII that LaTeX has without a further package, by their blocks: Latin, Greek, punctuation, arrows; and
#: what our notes have. What pylatexenc knows beyond them needs packages that a paper may not have.
_BLOCKS = (range(0xA0, 0x17F), range(0x391, 0x3CA), range(0x2012, 0x2027), range(0x2190, 0x2194))
_SIGNS = frozenset("€™−√∞≈≠≤≥")
_NOT_IN_TEX = frozenset("ŉ")


def _beyond_ascii(sign: str) -> str:
    known = None
    if (any(ord(sign) in block for block in _BLOCKS) or sign in _SIGNS) and sign not in _NOT_IN_TEX:
        from pylatexenc.latexencode import get_builtin_uni2latex_dict

        known = get_builtin_uni2latex_dict().get(ord(sign))
    return f"{{{known}}}" if known else f"{{[}}U+{ord(sign):04X}]"
