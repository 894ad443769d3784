"""The one table of a paper: what stands in it, by which rule, and that every format takes any name."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from srbench.api.papers import PaperTable, paper_table
from srbench.board import papers
from srbench.board.leaderboard import published_rows
from srbench.board.metrics import MULTI_ADDS, PARAMS, RUNTIME
from srbench.board.published import ClaimBook, load_claims
from srbench.board.rows import Row
from srbench.errors import InputError
from srbench.render import paper
from srbench.render.grid import Cell, Grid
from srbench.render.paper import Layout
from tests.builders import make_quality, make_row
from tests.command_line import Run

REFERENCE = Path(__file__).parents[2] / "results" / "reference"


def measured(psnr: str, ssim: str, dataset: str = "Set5") -> dict[str, object]:
    found = {("psnr_y", dataset): make_quality(psnr, "measured"), ("ssim_y", dataset): make_quality(ssim, "measured")}
    return {"measured": found}


def published(psnr: str, ssim: str, dataset: str = "Set5") -> dict[str, object]:
    return {"quality": {("psnr_y", dataset): make_quality(psnr), ("ssim_y", dataset): make_quality(ssim)}}


def grid_of(*rows: Row, layout: Layout | None = None) -> Grid:
    [grid] = paper.section(rows, layout or Layout()).grids
    return grid


def row_of(grid: Grid, name: str) -> dict[str, Cell]:
    [cells] = [cells for cells in grid.rows if cells[0].text == name]
    return dict(zip(grid.head, cells, strict=True))


def caption_of(*rows: Row, layout: Layout | None = None) -> str:
    return paper.section(rows, layout or Layout()).caption


# --- Figures


@pytest.mark.parametrize(
    ("value", "text"),
    [(6078.0, "6,078"), (352.4, "352"), (99.96, "100.0"), (19.177, "19.2"), (8.294, "8.29"), (0.2, "0.20")],
)
def test_counts_have_the_digits_of_papers(value: float, text: str) -> None:
    assert paper.significant(value) == text


def test_psnr_and_ssim_have_their_own_best_of_each_scale() -> None:
    rows = [
        make_row("span", **measured("32.20", "0.8952")),
        make_row("rfdn", **measured("32.16", "0.8960")),
        make_row("imdn", **measured("32.21", "0.8948")),
        make_row("bsrn", scale=2, **measured("38.10", "0.9610")),
    ]
    grid = grid_of(*rows)
    places = {cells[0].text: (cells[-1].place, cells[-1].pair and cells[-1].pair.place) for cells in grid.rows}
    # Of three at x4 the first and the second are marked; one alone at x2 is not the best of anything.
    assert places == {"SPAN": (2, 2), "RFDN": (0, 1), "IMDN": (1, 0), "BSRN": (0, 0)}
    assert [cells[1].text for cells in grid.rows] == ["x2", "x4", "x4", "x4"]
    assert grid.rules == {1}


def test_the_rarer_kind_is_marked_and_the_caption_says_the_rule_once() -> None:
    rows = [make_row("span", **measured("32.20", "0.8952")), make_row("rfdn", **measured("32.16", "0.8946"))]
    assert "PSNR [dB]/SSIM on the Y channel of Set5: measured by srbench." in caption_of(*rows)
    rows.append(make_row("msrn", **published("32.25", "0.8958")))
    assert "Set5: measured by srbench; †as published." in caption_of(*rows)
    marks = {cells[0].text: cells[-1].marks for cells in grid_of(*rows).rows}
    assert marks == {"SPAN": (), "RFDN": (), "MSRN": ("†",)}
    rows += [make_row(name, **published("32.0", "0.89")) for name in ("bsrn", "imdn")]
    assert "Set5: as published; †measured by srbench." in caption_of(*rows)


def test_a_siblings_figure_and_a_mixed_pair_are_left_out() -> None:
    sibling = make_row("rfdn", quality={("psnr_y", "Set5"): make_quality("32.24", sibling="rfdn-paper")})
    both = {("psnr_y", "Set5"): make_quality("32.20", "measured")}
    mixed = make_row("span", measured=both, quality={("ssim_y", "Set5"): make_quality("0.8950")})
    grid = grid_of(sibling, mixed)
    assert row_of(grid, "RFDN")["Set5"].text == "-"
    shown = row_of(grid, "SPAN")["Set5"]
    assert (shown.text, shown.pair and shown.pair.text) == ("32.20", "-")


def test_what_was_disturbed_has_no_runtime_and_luma_does_not_compete() -> None:
    layout = Layout(columns=(PARAMS, RUNTIME))
    rows = [make_row("span"), make_row("rfdn", status="CONTENDED"), make_row("ecbsr", colors="y", params=1000)]
    rows += [make_row("imdn", params=800_000), make_row("msrn", status="OOM")]
    grid = grid_of(*rows, layout=layout)
    assert row_of(grid, "RFDN")["Runtime [ms]"].text == "-"
    assert row_of(grid, "MSRN")["Runtime [ms]"].text == "-"
    assert row_of(grid, "ECBSR (Y)")["Params [K]"].place == 0
    notes = [note.text for note in paper.section(rows, layout).notes]
    assert "No runtime, it was disturbed: RFDN." in notes


def test_rows_stand_by_cost_or_by_name_those_without_it_last() -> None:
    rows = [make_row("span", multi_adds=3e9), make_row("rfdn", multi_adds=None), make_row("bsrn", multi_adds=9e9)]
    assert [row.name for row in paper.ordered(rows, MULTI_ADDS)] == ["SPAN", "BSRN", "RFDN"]
    assert [row.name for row in paper.ordered(rows, None)] == ["BSRN", "RFDN", "SPAN"]


@pytest.mark.parametrize(("notes", "lines"), [("none", 0), ("short", 1), ("full", 3)])
def test_notes_are_as_many_as_wanted(notes: paper.Notes, lines: int) -> None:
    # Short: the size of Multi-Adds. Full: each source as well.
    rows = [make_row("span", **measured("32.2", "0.89")), make_row("rfdn", **published("32.1", "0.88"))]
    rows[0] = replace(rows[0], measured={cell: replace(q, source="w.pth") for cell, q in rows[0].measured.items()})
    assert len(paper.section(rows, Layout(notes=notes)).notes) == lines


# --- Names, papers, macros


def test_published_networks_are_chosen_one_by_one() -> None:
    table = paper_table(REFERENCE, scale=4, published="LKDN, safmn")
    assert {row.model for row in table.rows if row.status == "PUBLISHED"} == {"LKDN", "SAFMN"}
    with pytest.raises(InputError, match="nothing is published here of 'LKDM' at these scales; did you mean lkdn"):
        paper_table(REFERENCE, scale=4, published="LKDM")
    everything = paper_table(REFERENCE, scale=4, published="all")
    assert len(everything.rows) - len(paper_table(REFERENCE, scale=4).rows) == len(
        published_rows(4, ClaimBook(load_claims()))
    )


def test_every_key_has_an_entry_with_its_facts() -> None:
    for key, entry in papers.entries().items():
        year = re.search(r"year\s*= \{(\d{4})\}", entry)
        assert year is not None
        assert key.endswith(tuple("abcdefghijklmnopqrstuvwxyz"))
        assert year[1] in key
        assert "author    = {" in entry
        assert "title     = {" in entry
        # An arXiv number begins with its year and month, at most a year after or two before the venue.
        if number := re.search(r"eprint\s*= \{(\d\d)\d\d\.\d{5}\}", entry):
            assert -2 <= int(number[1]) + 2000 - int(year[1]) <= 1


def test_the_zoo_can_be_cited_and_a_users_namesake_cannot() -> None:
    # arXiv numbers of architectures.md.
    numbers = {"bsrn": "2205.05996", "rfdn": "2009.11551", "imdn": "1909.11856", "span": "2311.12770"}
    for variant, number in numbers.items():
        assert number in papers.bibliography([make_row(variant)])
    assert papers.key_of(make_row("repsr", model="RepSR")) == "wang2022repsr"
    assert papers.key_of(make_row("bsrn", network="/mine/net.py:BSRN")) == ""


def test_macros_are_letters_alone_and_unique() -> None:
    rows = [make_row("span", **measured("32.20", "0.8952")), make_row("a_1", model="A-1"), make_row("a1", model="A1")]
    lines = paper.macros(paper.section(rows, Layout())).splitlines()
    names = [re.fullmatch(r"\\newcommand\{\\([A-Za-z]+)\}\{[0-9.]+\}", line) for line in lines]
    assert all(names)
    assert len({name[1] for name in names if name}) == len(lines)
    assert "\\newcommand{\\SPANSetFivePSNR}{32.20}" in lines
    assert "\\newcommand{\\SPANParams}{352}" in lines  # 352.4 K of make_row


@pytest.mark.parametrize(
    ("text", "name"), [("BSRN-S x4", "BSRNSXFour"), ("Set14 PSNR", "SetFourteenPSNR"), ("網", "X")]
)
def test_letters(text: str, name: str) -> None:
    assert paper.letters(text) == name


# --- Files


HOSTILE = ("\\input{/etc/passwd}", "<script>alert(1)</script>", "a|b", "x & y % z # $ _ ^ ~", "[1] *", "網\x1b[31m")


def test_hostile_names_are_harmless_in_every_format() -> None:
    rows = [make_row(name, model=f"M{i}", **measured("32.2", "0.89")) for i, name in enumerate(HOSTILE)]
    table = PaperTable(rows, Layout(caption="\\write18{rm} <b>", notes="full"))
    assert "\\input{/" not in table.latex()
    assert "\\write18" not in table.latex().replace("\\textbackslash{}write18", "")
    for text in (table.html(), str(table)):
        assert "\x1b" not in text
    assert "<script>" not in table.html()
    assert "&lt;b&gt;" in table.html()


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_the_float_compiles_in_two_columns_with_macros_and_citations(tmp_path: Path) -> None:
    packages = subprocess.run(
        ["kpsewhich", "siunitx.sty", "booktabs.sty", "graphicx.sty"], capture_output=True, text=True, check=False
    )
    if len(packages.stdout.split()) < 3:
        pytest.skip("the LaTeX packages siunitx and booktabs are not installed")
    known = paper_table(REFERENCE, scale=4, published="all", columns="params,multi-adds,runtime", label="tab:all")
    rows = [*known.rows, *(make_row(name, model=f"M{i}") for i, name in enumerate(HOSTILE))]
    PaperTable(rows, known.layout).write(tmp_path, ["latex"], macros=True)
    (tmp_path / "main.tex").write_text(
        "\\documentclass[twocolumn]{article}\\usepackage[T1]{fontenc}\\usepackage{booktabs,graphicx,siunitx}\n"
        "\\input{paper_macros.tex}\\begin{document}\\SPANParams, Table~\\ref{tab:all}\n\\input{paper.tex}\n"
        "\\bibliographystyle{plain}\\bibliography{paper}\\end{document}"
    )
    latex = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "main.tex"]
    for command in (latex, ["bibtex", "main"], latex, latex):
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=False, errors="replace", timeout=120
        )
        assert done.returncode == 0, done.stdout[-2000:]
    log = (tmp_path / "main.log").read_text(errors="replace")
    assert "undefined" not in log  # neither a reference nor a citation
    assert "Overfull" not in log


def test_the_command_writes_what_it_says(run: Run, tmp_path: Path) -> None:
    shutil.copytree(REFERENCE, tmp_path / "results")
    done = run("table", "--with", "LKDN", "--format", "latex,md,word", "--macros", "--label", "tab:x")
    assert done.code == 0
    names = ("paper.tex", "paper.md", "paper_word.html", "paper.bib", "paper_macros.tex")
    assert done.err == f"wrote {', '.join(f'results/{name}' for name in names)}\n"
    assert "\\label{tab:x}" in (tmp_path / "results/paper.tex").read_text()
    assert "~\\cite{xie2023lkdn}" in (tmp_path / "results/paper.tex").read_text()
    assert "@inproceedings{xie2023lkdn," in (tmp_path / "results/paper.bib").read_text()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--label", "a}b"), "--label 'a}b': letters, digits and"),
        (("--columns", "parms"), "unknown cost 'parms'; did you mean params?"),
        (("--columns", "psnr"), "unknown cost 'psnr'; "),
        (("--datasets", "Set6"), "--datasets: no network has a figure on 'Set6'; did you mean set"),
        (("--models", "swan"), "--models: no record of 'swan'"),
        (("--format", "docx"), "docx"),
        (("--with", "Nothing"), "--with: nothing is published here of 'Nothing'"),
    ],
)
def test_wrong_words_end_with_one_line(run: Run, tmp_path: Path, options: tuple[str, str], said: str) -> None:
    shutil.copytree(REFERENCE / "runs", tmp_path / "results" / "runs")
    done = run("table", *options)
    assert done.code == 2
    [line] = done.err.splitlines()
    assert said in line
