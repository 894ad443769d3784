"""The same table in every format: alignment, marks, and names that hold a format's own signs."""

import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from srbench.render import formats
from srbench.render.grid import Cell, Grid, Note, Section, is_number, numeric, widest, with_best
from srbench.render.latex import latex
from srbench.render.terminal import terminal
from srbench.render.text import escape_latex

HOSTILE = 'a|b_%<script>alert(1)</script>=cmd() &"$\\{}~^#é\U0001f600'
GRID = Grid(
    ("Model", "Params [K]", "Runtime [ms]", "Score"),
    (
        (Cell(HOSTILE, marks=("a",)), Cell("1,234.5"), Cell("9.25", "[9, 10]", place=1), Cell("383.46e1")),
        (Cell("net"), Cell("12.5", place=1), Cell("104", "[99, 110]", rank="2", place=2), Cell("2.61")),
        (Cell("[1pt] *other*"), Cell("-"), Cell("200.5"), Cell("-")),
    ),
    title="Costs",
    rules=frozenset({2}),
)
SECTION = Section("x4: 50 % of <all> & more", (GRID,), (Note("a standing note"), Note("source_1 & 2", "a")))


# --- Cells


def test_the_best_and_the_second_are_marked_by_unrounded_values() -> None:
    cells = [Cell("1.0"), Cell("1.0"), Cell("2.0"), Cell("-")]
    low = with_best(cells, [1.04, 1.0, 2.0, None], "low")
    assert [cell.place for cell in low] == [2, 1, 0, 0]
    assert [cell.place for cell in with_best(cells, [1.04, 1.0, 2.0, None], "high")] == [2, 0, 1, 0]
    assert [cell.place for cell in with_best(cells, [1.0, 1.0, 2.0, None], "low")] == [1, 1, 2, 0]
    assert with_best(cells, [1.0, 2.0, None, None], "low") == cells  # of two one is always best
    assert with_best(cells, [1.0, 2.0, 3.0, 4.0], None) == cells


def test_columns_of_numbers_are_told_from_text() -> None:
    assert [numeric(GRID, column) for column in range(4)] == [False, True, True, True]
    assert [is_number(text) for text in ("1,234.5", "383.46e1", "-3", "-", "", "nan", "1/2")] == [True] * 3 + [
        False
    ] * 4
    assert widest(["1,234.5", "12.25", "3.4e31"]) == (4, 2, 2)


# --- Formats


def test_markdown() -> None:
    page = formats.markdown([SECTION], "A | title")
    lines = page.splitlines()
    assert lines[0] == "# A \\| title"
    rows = [line for line in lines if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {5}
    assert "**12.5**" in page
    assert "<u>104</u><sub>(2)</sub> \\[99, 110\\]" in page
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    assert "- a: source\\_1 &amp; 2" in lines


def test_terminal_has_no_marks_of_type() -> None:
    text = terminal([SECTION])
    assert "104(2) [99, 110]" in text
    assert "**" not in text
    # A line where the ranking ends.
    assert text.count("-----  ") > 1


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.cells: list[str] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "td":
            self.cells.append("")
            self._open = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "td":
            self._open = False

    def handle_data(self, data: str) -> None:
        if self._open:
            self.cells[-1] += data


def test_html_shows_names_as_they_are_and_runs_nothing() -> None:
    page = Page()
    text = formats.html([SECTION], "<title>")
    page.feed(text)
    assert "script" not in page.tags
    assert page.cells[0] == f"{HOSTILE}a"
    assert page.cells[6] == "104(2) [99, 110]"
    assert page.tags.count("tr") == 4
    assert "strong" in page.tags
    assert "http" not in text


def test_latex_aligns_numbers_and_marks_the_best() -> None:
    text = latex([SECTION], "Title")
    # 1,234.5: four digits before the point and one after it; commas would be no number for siunitx.
    assert "S[table-format=4.1," in text
    assert "S[table-format=3.2e1," in text
    assert "{\\textbf{12.5}}" in text
    assert "{\\underline{104}\\phantom{.00}} & \\textsubscript{(2)}{[}99, 110]" in text
    assert "1234.5" in text
    assert "{[}U+1F600]" in text
    assert text.count("\\midrule") == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("±7 %", "{\\ensuremath{\\pm}}7 \\%"),
        ("1 × 2 → 3", "1 {\\texttimes} 2 {\\textrightarrow} 3"),
        ("café, Łódź", "caf{\\'e}, {\\L}{\\'o}d{\\'z}"),
        (
            "α·β ≤ µ…",
            "{\\ensuremath{\\alpha}}{\\textperiodcentered}{\\ensuremath{\\beta}} "
            "{\\ensuremath{\\leq}} {\\textmu}{\\textellipsis}",
        ),
        ("網 \U0001f600", "{[}U+7DB2] {[}U+1F600]"),
        # What stands for itself stays readable; pairs would be another sign, and [ an argument of the row above.
        ("BSRN-S, x4 [ms]", "BSRN-S, x4 [ms]"),
        ("a--b ,, '' --- [1]", "a-{-}b ,{,} '{'} -{-}{-} [1]"),
        ("[1] *", "{[}1] *"),
    ],
)
def test_signs_beyond_ascii_are_what_latex_calls_them(text: str, expected: str) -> None:
    assert escape_latex(text) == expected


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_compiles(tmp_path: Path) -> None:
    packages = subprocess.run(
        ["kpsewhich", "siunitx.sty", "booktabs.sty", "graphicx.sty"], capture_output=True, text=True, check=False
    )
    if len(packages.stdout.split()) < 3:
        pytest.skip("the LaTeX packages siunitx and booktabs are not installed")
    every = "".join(c for c in map(chr, range(0xA0, 0x2400)) if "U+" not in escape_latex(c))
    assert len(every) > 300
    section = replace(SECTION, notes=(*SECTION.notes, *(Note(every[i : i + 40]) for i in range(0, len(every), 40))))
    (tmp_path / "table.tex").write_text(latex([section], "Title\nwith a line"))
    (tmp_path / "paper.tex").write_text(
        "\\documentclass{article}\\usepackage[T1]{fontenc}\\usepackage{booktabs,graphicx,siunitx}"
        "\\begin{document}\\input{table.tex}\\end{document}"
    )
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, errors="replace", timeout=120
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "paper.pdf").stat().st_size > 0
    assert "Missing character" not in (tmp_path / "paper.log").read_text(errors="replace")
