"""Pages of the documentation that the program writes of itself: command line, record, protocols, notebook."""

import inspect
import json
import re
from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from typer.cli import get_docs_for_click

from srbench.cli import app
from srbench.quality.protocols import PRESETS
from srbench.quality.results import QualityRecord
from srbench.records import SCHEMA_VERSION, Record
from srbench.render.formats import markdown_table

_SCALES = (2, 3, 4)
_NOT_OURS = re.compile(r"^\* `--(?:install|show)-completion`.*\n|^\*\*Commands\*\*:\n\n(?:\* .*\n)+\n", re.MULTILINE)
#: ``name, other: meaning``, which goes on in lines that are indented further.
_ATTRIBUTE = re.compile(r"^ {4}(\w+(?:, \w+)*): (.*(?:\n {5,}.*)*)", re.MULTILINE)


def cli_page() -> str:
    """Every command with its arguments and options, from typer."""
    command = typer.main.get_command(app)
    text = get_docs_for_click(obj=command, ctx=typer.Context(command), name="srbench", title="Command line")
    # Options of typer itself, and lists that cut what stands in full below, are left out.
    return _NOT_OURS.sub("", text)


def record_page() -> str:
    """The fields of everything in a record, from the models that write and read it."""
    text = [
        "# A record",
        f"`OUTPUT/runs/*.json` holds a record for each case (`Record`, schema version {SCHEMA_VERSION}).",
        "`OUTPUT/quality/*.json` holds one for each network and set (`QualityRecord`).",
        "`srbench.load` reads the former; records of older versions are brought up to date as they are read.",
        "Sizes in bytes and times in nanoseconds are whole numbers.",
    ]
    for model in _within(Record, QualityRecord):
        said, meanings = _docstring(model)
        # A field that says nothing is what its own model says of itself.
        meanings = {name: _docstring(held)[0].split("\n")[0] for name, held in _held(model)} | meanings
        cells = [["Field", "Type", "Default", "Meaning"]]
        for name, field in model.model_fields.items():
            typed = f"`{_type(field.annotation)}`".replace("|", r"\|")
            cells.append([f"`{name}`", typed, _default(field), meanings.get(name, "")])
        text += [f"## {model.__name__}", said, markdown_table(cells, range(4))]
    return "\n\n".join(text) + "\n"


def _within(*models: type[BaseModel]) -> list[type[BaseModel]]:
    """The models and all those that their fields hold, each once, the holder first."""
    found: dict[type[BaseModel], None] = {}

    def visit(model: type[BaseModel]) -> None:
        if model not in found:
            found[model] = None
            for _, held in _held(model):
                visit(held)

    for model in models:
        visit(model)
    return list(found)


def _held(model: type[BaseModel]) -> list[tuple[str, type[BaseModel]]]:
    return [(name, held) for name, field in model.model_fields.items() for held in _classes(field.annotation)]


def _classes(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _classes(part)


def _docstring(model: type[BaseModel]) -> tuple[str, dict[str, str]]:
    """What it says of the model, and of each field, as Markdown."""
    text = re.sub(r":[a-z]+:`", "`", inspect.getdoc(model) or "").replace("``", "`")
    said, _, attributes = text.partition("Attributes:\n")
    meanings: dict[str, str] = {}
    for names, meaning in _ATTRIBUTE.findall(attributes):
        meanings |= {name: " ".join(meaning.split()).replace("|", r"\|") for name in names.split(", ")}
    return said.strip(), meanings


def _type(annotation: Any) -> str:
    """As people write it: ``tuple[int, ...]``, ``str | None``."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if annotation is NoneType:
        return "None"
    if annotation is Ellipsis:
        return "..."
    if origin is Annotated:
        return _type(parts[0])  # the rest are limits
    if origin in (Union, UnionType):
        return " | ".join(map(_type, parts))
    if origin is Literal:
        return f"Literal[{', '.join(map(repr, parts))}]"
    return f"{origin.__name__}[{', '.join(map(_type, parts))}]" if origin else str(annotation.__name__)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    return "" if isinstance(default, BaseModel) else f"`{default!r}`"


def protocols_page() -> str:
    """What each protocol of PSNR and SSIM is at each scale."""
    cells = [["Protocol", *(f"x{scale}" for scale in _SCALES)]]
    cells += [[f"`{name}`", *(preset.describe("PSNR", scale) for scale in _SCALES)] for name, preset in PRESETS.items()]
    text = [
        "# Protocols",
        "    srbench evaluate --models bicubic --datasets set5 --data DIR --protocol paper,ntire",
        "A protocol is the convention by which PSNR and SSIM of two images are computed.",
        "Two figures compare only where their protocols are equal.",
        "A record holds the string of its protocol, and tables print it.",
        markdown_table(cells, range(len(cells[0]))),
        "- **crop**: pixels left out at every border.",
        "- **RGB uint8**: the output is clamped and rounded to 8 bits before anything else.",
        "- **Y**: luma as in MATLAB's `rgb2ycbcr` (BT.601, 16 to 235); **float** or rounded to **uint8**.",
        "- SSIM is that of Wang et al. (2004), a Gaussian window of 11x11 with sigma 1.5.",
        "[Quality](quality.md) says who uses which. The rules of a challenge are another thing:"
        " [challenges](../guide/challenges.md).",
    ]
    return "\n\n".join(text) + "\n"


def notebook_page(notebook: str) -> str:
    """A notebook as a page.

    Args:
        notebook: its JSON.
    """
    parts = []
    for cell in json.loads(notebook)["cells"]:
        source = "".join(cell["source"])
        parts.append(f"```python\n{source}\n```" if cell["cell_type"] == "code" else source)
    parts.insert(1, "[Download it](notebook.ipynb): it runs from its first cell to its last.")
    return "\n\n".join(parts) + "\n"


#: Pages that no file holds: path from the root of the site -> what writes them.
WRITTEN = {
    "reference/cli.md": cli_page,
    "reference/record.md": record_page,
    "method/protocols.md": protocols_page,
}
