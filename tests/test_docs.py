"""What the documentation tells people to type and to open exists, and its generated pages are whole."""

import re
from pathlib import Path

import pytest
import typer

import docs_pages
from srbench.cli import app
from srbench.quality.results import QualityRecord
from srbench.records import Record

ROOT = Path(__file__).resolve().parent.parent
DOCS = sorted((ROOT / "docs").rglob("*.md"))
#: Characters in a line of the documentation; rows of tables cannot be broken.
LONGEST = 100
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def commands() -> list[str]:
    """Every line that is shown as typed, of all documents."""
    shown = {line for path in DOCUMENTS for line in re.findall(r"^ {4,}srbench (.*)$", path.read_text("utf-8"), re.M)}
    return sorted(shown)


@pytest.mark.parametrize("line", commands())
def test_every_command_and_option_exists(line: str) -> None:
    words = line.partition("#")[0].split()
    command: object = typer.main.get_command(app)
    while commands := getattr(command, "commands", None):
        command = commands[words.pop(0)]
    known = {option for parameter in getattr(command, "params") for option in parameter.opts}  # noqa: B009 - click's
    assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_every_picture_and_page_that_is_linked_exists(path: Path) -> None:
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    links = re.findall(r"\]\(([^)#\s]+)|src=\"([^\"]+)\"", text)
    local = [link for pair in links for link in pair if link and "://" not in link]
    written = {(ROOT / "docs" / page).resolve() for page in docs_pages.WRITTEN}
    targets = [(path.parent / link).resolve() for link in local]
    assert [named(target) for target in targets if not target.exists() and target not in written] == []


@pytest.mark.parametrize("path", DOCS, ids=named)
def test_lines_are_short(path: Path) -> None:
    text = re.sub(r"<!-- (\w+):begin -->.*?<!-- \1:end -->", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert [line for line in text.splitlines() if len(line) > LONGEST and not line.startswith("|")] == []


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "guide").glob("*.md")), ids=named)
def test_every_page_of_the_guide_begins_with_what_to_type(path: Path) -> None:
    title, _, first = path.read_text(encoding="utf-8").partition("\n\n")
    assert title.startswith("# ")
    assert first.startswith(("    srbench ", "```python\nimport srbench\n"))


def test_the_page_of_the_command_line_has_every_command() -> None:
    page = docs_pages.cli_page()
    group = typer.main.get_group(app)
    assert {f"## `srbench {name}`" for name in group.commands} <= set(page.splitlines())
    assert "--patience" in page
    assert [line for line in page.splitlines() if line.startswith("* ") and line.endswith("...")] == []  # cut


def test_every_field_of_a_record_has_its_meaning() -> None:
    rows = [line for line in docs_pages.record_page().splitlines() if line.startswith("| `")]
    assert [row for row in rows if re.search(r"\|\s*\|$", row)] == []
    for model in (Record, QualityRecord):
        assert {f"`{name}`" for name in model.model_fields} <= {row.split()[1] for row in rows}


def test_types_of_a_record_are_written_as_in_its_source() -> None:
    page = docs_pages.record_page()
    for field, typed in {
        "samples_ns": "tuple[int, ...]",  # Nanoseconds has limits beside
        "build_ns": r"int \| None",
        "lr_rounding": "Literal['half-up', 'floor']",
        "environment": "dict[str, str]",
    }.items():
        assert re.search(rf"^\| `{field}` +\| `{re.escape(typed)}` +\|", page, re.MULTILINE), field


def test_a_notebook_becomes_a_page() -> None:
    cells = '{"cells": [{"cell_type": "markdown", "source": ["# T\\n", "x"]}, {"cell_type": "code", "source": ["y"]}]}'
    page = docs_pages.notebook_page(cells)
    assert page.startswith("# T\nx\n\n")
    assert page.endswith("```python\ny\n```\n")


@pytest.mark.parametrize(
    ("link", "source", "page", "expected"),
    [
        ("[a](docs/guide/fit.md#x)", "CONTRIBUTING.md", "contributing.md", "[a](guide/fit.md#x)"),
        ("[a](../../CONTRIBUTING.md)", "docs/guide/fit.md", "guide/fit.md", "[a](../contributing.md)"),
        ("[a](notebook.ipynb)", "docs/guide/python.md", "guide/python.md", "[a](notebook.md)"),
        ('src="../results/reference/x.png"', "docs/gallery.md", "gallery.md", 'src="results/reference/x.png"'),
        ("[a](published/README.md)", "model_defs/README.md", "method/papers.md", "[a](published.md)"),
        ("[a](https://example.org/docs)", "docs/index.md", "index.md", "[a](https://example.org/docs)"),
    ],
)
def test_links_between_files_become_links_between_pages(link: str, source: str, page: str, expected: str) -> None:
    docs_site = pytest.importorskip("docs_site", reason="needs the extra docs", exc_type=ImportError)
    figure = "results/reference/plot_x4_psnr_y_set5_over_params.png"
    link, expected = (text.replace("results/reference/x.png", figure) for text in (link, expected))
    assert docs_site.with_site_links(link, source, page) == expected


def test_a_link_to_a_file_that_is_no_page_is_refused() -> None:
    docs_site = pytest.importorskip("docs_site", reason="needs the extra docs", exc_type=ImportError)
    with pytest.raises(Exception, match=r"docs/index\.md links to pyproject\.toml, which is not on the site"):
        docs_site.with_site_links("[a](../pyproject.toml)", "docs/index.md", "index.md")
