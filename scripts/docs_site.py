"""What mkdocs asks while it builds the site: pages that the program writes, and files from outside ``docs/``.

``mkdocs.yml`` names this file as its hook; ``docs_pages.py`` writes the pages.
"""

import posixpath
import re
from pathlib import PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

import docs_pages
from parts import ROOT

NOTEBOOK = "docs/guide/notebook.ipynb"
FIGURES = "results/reference"
#: Documents of the repository that are on the site, too: path from its root -> path there.
DOCUMENTS = {
    "CONTRIBUTING.md": "contributing.md",
    "model_defs/README.md": "method/papers.md",
    "model_defs/published/README.md": "method/published.md",
    "model_defs/published/sources.csv": "method/sources.csv",
}
_LINK = re.compile(r"""(?<=\]\()[^)"#\s:]+|(?<=src=")[^"#\s:]+""")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages and figures that do not lie in ``docs/``."""
    pages = {page: (ROOT / source).read_text(encoding="utf-8") for source, page in DOCUMENTS.items()}
    pages["guide/notebook.md"] = docs_pages.notebook_page((ROOT / NOTEBOOK).read_text(encoding="utf-8"))
    pages |= {page: write() for page, write in docs_pages.WRITTEN.items()}
    for page, text in pages.items():
        files.append(File.generated(config, page, content=text))
    for figure in (ROOT / FIGURES).rglob("*.png"):
        files.append(File.generated(config, figure.relative_to(ROOT).as_posix(), abs_src_path=str(figure)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links between files of the repository into links between pages of the site."""
    to_source = {page: source for source, page in DOCUMENTS.items()}
    uri = page.file.src_uri
    if page.file.generated_by and uri not in to_source:
        return markdown  # no file holds it: its links are those of the site
    return with_site_links(markdown, to_source.get(uri, f"docs/{uri}"), uri)


def with_site_links(text: str, source: str, page: str) -> str:
    """The text with its links to files of the repository made links between pages.

    Args:
        text: Markdown.
        source: path of its file from the root of the repository, which the links are relative to.
        page: path of its page from the root of the site.

    Raises:
        PluginError: a link to a file that is not on the site.
    """

    def site_link(match: re.Match[str]) -> str:
        path = posixpath.normpath(PurePosixPath(source).parent / match[0])
        if not (ROOT / path).exists():
            return match[0]  # mkdocs says of what it does not find
        return posixpath.relpath(_site_path(path, source), PurePosixPath(page).parent)

    return _LINK.sub(site_link, text)


def _site_path(path: str, source: str) -> str:
    if path == NOTEBOOK:
        return "guide/notebook.md"
    if path.startswith(f"{FIGURES}/"):
        return path
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    if path not in DOCUMENTS:
        raise PluginError(f"{source} links to {path}, which is not on the site")
    return DOCUMENTS[path]
