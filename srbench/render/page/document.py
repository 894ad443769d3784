"""One HTML file out of template, style, scripts and data; nothing in it asks for another file."""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from srbench.render.page.libraries import LIBRARIES

HERE = Path(__file__).parent
#: The page's own modules, each after those that it imports from.
MODULES = (
    *("dom", "model", "front", "state", "theme", "columns", "grid", "scene", "names", "legend"),
    *("zoom", "scatter", "tooltip", "pivot"),
    *("strips", "drawer", "panels", "download", "controls", "main"),
)
_IMPORT = re.compile(r"^import \{[^}]*\} from \"\./[a-z]+\.js\";\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=const |let |function |async function |class )", re.MULTILINE)


def script() -> str:
    """The page's own modules as one script.

    Modules cannot import each other from within one file; so each is a part of one function, in the order of
    :data:`MODULES`, and what is at a module's top has one name in all of them.
    """
    parts = [(HERE / "app" / f"{name}.js").read_text(encoding="utf-8") for name in MODULES]
    body = "\n".join(_EXPORT.sub("", _IMPORT.sub("", part)) for part in parts)
    return f'(() => {{\n"use strict";\n{body}\n}})();\n'


def json_in_html(text: str) -> str:
    """JSON that HTML takes as it is: nothing in it ends a script, opens a comment or ends a line of JavaScript."""
    escapes: dict[str, str | int | None] = {
        "<": "\\u003c",
        ">": "\\u003e",
        "&": "\\u0026",
        "\u2028": "\\u2028",
        "\u2029": "\\u2029",
    }
    return text.translate(str.maketrans(escapes))


def document(data: str, details: str, csv: str) -> str:
    """The page around its data, which are JSON texts.

    Args:
        data: of the table and the plot, as JSON.
        details: of what lies behind rows, as JSON.
        csv: the leaderboard's CSV.
    """
    style = (HERE / "page.css").read_text(encoding="utf-8")
    libraries = [library.script.read_text(encoding="utf-8") for library in LIBRARIES]
    own = script()
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(map(_hash, [*libraries, own]))}",
            f"style-src {_hash(style)}",
            "img-src blob: data:",  # a PNG is drawn from an SVG that the page made
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    parts = {
        "policy": policy,
        "style": style,
        "libraries": "\n".join(f"<script>{library}</script>" for library in libraries),
        "script": own,
        "data": json_in_html(data),
        "details": json_in_html(details),
        "csv": json_in_html(csv),
    }
    template = (HERE / "page.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{([a-z]+)\}\}", lambda match: parts[match[1]], template)


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
