"""Rows as CSV, Markdown and terminal text: what users' scripts may rely on, and what readers are told."""

from typing import Any

import pytest

from srbench.board.leaderboard import rows_of
from srbench.board.published import ClaimBook, load_claims
from srbench.board.rows import Row
from srbench.cases import Mode
from srbench.render import formats
from srbench.render.grid import Cell, Footnotes, Grid, Section
from srbench.render.tables import QUALITY_TITLE, groups, sections
from srbench.render.terminal import terminal
from tests.builders import make_case, make_quality, make_record, make_row

#: As promised to users; the quality columns follow per set and metric.
HEADER = (
    "model,variant,scale,form,colors,gt_width,gt_height,lr_width,lr_height,batch,dtype,device,machine,params,"
    "multi_adds,activations,convs,runtime_ms,runtime_low_ms,runtime_high_ms,runtime_interval,peak_memory_mib,status,"
    "psnr_y_set5,psnr_y_set5_kind,psnr_y_set5_source,ssim_y_set5,ssim_y_set5_kind,ssim_y_set5_source,"
    "psnr_y_set14,psnr_y_set14_kind,psnr_y_set14_source,ssim_y_set14,ssim_y_set14_kind,ssim_y_set14_source,"
    "psnr_y_b100,psnr_y_b100_kind,psnr_y_b100_source,ssim_y_b100,ssim_y_b100_kind,ssim_y_b100_source,"
    "psnr_y_urban100,psnr_y_urban100_kind,psnr_y_urban100_source,"
    "ssim_y_urban100,ssim_y_urban100_kind,ssim_y_urban100_source,"
    "psnr_y_manga109,psnr_y_manga109_kind,psnr_y_manga109_source,"
    "ssim_y_manga109,ssim_y_manga109_kind,ssim_y_manga109_source,"
    # Behind the promised ones, in the order in which they came.
    "rank,threads,engine,layout,node,predicted_peak_mib,agreement_db,build_ms,throughput_mp_s"
)
EMPTY: dict[str, Any] = dict.fromkeys(("params", "multi_adds", "activations", "convs", "runtime_ms", "peak_memory_mib"))


@pytest.fixture(scope="module")
def claims() -> ClaimBook:
    return ClaimBook(load_claims())


def section(*rows: Row) -> Section:
    [only] = sections(rows)
    return only


def notes_of(*rows: Row) -> list[str]:
    return [f"{note.mark}: {note.text}" if note.mark else note.text for note in section(*rows).notes]


def text_of(cell: Cell) -> str:
    return " ".join(filter(None, (cell.text, cell.tail, ",".join(cell.marks))))


def first_of(grid: Grid) -> dict[str, str]:
    return dict(zip(grid.head, map(text_of, grid.rows[0]), strict=True))


def costs_of(row: Row) -> dict[str, str]:
    """The cells of a row's costs, by their heads."""
    return first_of(section(row).grids[0])


def quality_of(row: Row) -> dict[str, str]:
    return first_of(section(row).grids[-1])


def markdown(rows: list[Row], title: str) -> str:
    return formats.markdown(sections(rows), title)


def as_text(rows: list[Row]) -> str:
    return terminal(sections(rows))


# --- What a table is about


@pytest.mark.parametrize(
    ("changes", "caption"),
    [
        ({}, "x4: GT 1280x720, LR 320x180, batch 1, float32; cpu of Test CPU, 2 cores, 8 GiB"),
        (
            {"scale": 3, "lr_width": 427, "lr_height": 240, "batch": 8, "mode": "fp16", "device": "cuda:0"},
            "x3: GT 1280x720, LR 427x240, batch 8; cuda:0 of Test CPU, 2 cores, 8 GiB",
        ),
        ({"device": ""}, "x4: GT 1280x720, LR 320x180, batch 1, float32; counted from shapes"),
    ],
)
def test_the_caption_states_sizes_batch_and_where_and_the_usual_dtype(changes: dict[str, Any], caption: str) -> None:
    row = make_row(**changes)
    assert section(row).caption == caption
    assert caption in as_text([row])


@pytest.mark.parametrize(
    "changes",
    [
        {"scale": 2},
        {"lr_width": 427},
        {"gt_height": 1080},
        {"batch": 2},
        {"device": "cpu (1 thread)"},
        {"machine": "Another"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_only_what_compares_stands_in_one_table(changes: dict[str, Any]) -> None:
    here, there = make_row("bsrn"), make_row("span", **changes)
    assert groups([here, there]) == [[here], [there]]
    assert groups([here, make_row("span")]) == [[here, make_row("span")]]


def test_modes_stand_in_one_table_with_a_mark_behind_the_name() -> None:
    here, there = make_row("bsrn"), make_row("bsrn", mode="compile · bf16", dtype="bfloat16", engine="compile")
    assert groups([here, there]) == [[here, there]]
    assert [row[0].text for row in section(here, there).grids[0].rows] == ["BSRN", "BSRN · compile · bf16"]


def test_what_papers_print_is_of_eager_float32(claims: ClaimBook) -> None:
    case = make_case("bsrn", mode=Mode(dtype="bfloat16"))
    [row] = rows_of([make_record(case)], claims)
    assert quality_of(row)["Set5"] == "(32.35/0.8966) a"
    [note] = [note for note in notes_of(row) if note.startswith("a: ")]
    assert "belongs to eager float32, not to this row" in note
    assert row.own_quality("psnr_y", "Set5") is None


def test_comparison_rows_join_the_tables_of_their_scale() -> None:
    published = make_row("", model="CARN", status="PUBLISHED", gt_width=None, device="", machine="")
    here, slow, double = make_row(), make_row(device="cpu (1 thread)"), make_row(scale=2)
    assert groups([here, slow, double, published]) == [[here, published], [slow, published], [double]]
    assert groups([published]) == [[published]]
    assert section(published).caption == "x4: published figures"


# --- Costs for readers


def test_costs_of_a_row() -> None:
    assert costs_of(make_row()) == {
        "Model": "BSRN",
        "Params [K]": "352.4",
        "Multi-Adds [G]": "19.18",
        "Acts [M]": "355.88",
        "Convs": "206",
        "Runtime [ms]": "104.2 [103.5, 105.8]",
        "Peak [MiB]": "150.2",
    }


def test_forms_colours_and_reconstructions_are_marked() -> None:
    assert costs_of(make_row("span", form="train"))["Model"] == "SPAN (train)"
    assert costs_of(make_row("ecbsr", colors="y"))["Model"] == "ECBSR (Y)"
    both = make_row("repsr", colors="y", note="reconstruction: no official code; Y only")
    assert costs_of(both)["Model"] == "REPSR (Y) *"
    notes = "\n".join(notes_of(both))
    assert "(Y): works on luma only" in notes
    assert "do not compare with RGB networks" in notes
    assert "*: reconstruction" in notes
    assert "(Y)" not in "\n".join(notes_of(make_row()))


def test_a_failed_row_has_a_status_and_a_note() -> None:
    failed = make_row("msrn", status="OOM", reason="no memory", advice="choose a smaller --gt", runtime_ms=None)
    costs = section(make_row(), failed).grids[0]
    assert costs.head[-1] == "Status"
    assert [row[-1].text for row in costs.rows] == ["VALID", "OOM"]
    assert [cell.text for cell in costs.rows[1][5:7]] == ["-", "-"]  # neither runtime nor memory
    assert "MSRN: OOM: no memory; choose a smaller --gt" in notes_of(make_row(), failed)
    assert "Status" not in costs_of(make_row())


# --- Quality for readers


def test_own_figures_are_shown_as_printed() -> None:
    quality = {("psnr_y", "Set5"): make_quality("32.30"), ("ssim_y", "Set5"): make_quality("0.8960")}
    row = make_row(quality=quality)
    assert quality_of(row)["Set5"] == "32.30/0.8960 a"
    assert quality_of(row)["Set14"] == "-"
    assert "a: A paper, Table 4" in notes_of(row)


def test_a_missing_half_is_a_dash() -> None:
    assert quality_of(make_row(quality={("psnr_y", "Set5"): make_quality("32.30")}))["Set5"] == "32.30/- a"


@pytest.mark.parametrize(
    ("kind", "text", "note"),
    [
        ("secondary", "32.35/- a", "a: secondary: A paper, Table 4"),
        ("approximate", "~32.35/- a", "a: approximate: A paper, Table 4"),
    ],
)
def test_weaker_evidence_says_so(kind: Any, text: str, note: str) -> None:
    row = make_row(quality={("psnr_y", "Set5"): make_quality("32.35", kind)})
    assert quality_of(row)["Set5"] == text
    assert note in notes_of(row)


def test_another_protocol_says_so() -> None:
    row = make_row(quality={("psnr_y", "Set5"): make_quality("32.35", protocol="GT cropped to 12")})
    assert "a: A paper, Table 4; GT cropped to 12" in notes_of(row)


def test_a_siblings_figure_stands_in_brackets_with_a_footnote(claims: ClaimBook) -> None:
    [row] = rows_of([make_record(make_case("rfdn"))], claims)
    # The tables print 32.24/0.8952 for the 550 K network; the released one has 433 K.
    assert quality_of(row)["Set5"] == "(32.24/0.8952) a"
    [note] = [note for note in notes_of(row) if note.startswith("a: ")]
    assert "belongs to rfdn-paper, not to this row" in note


def test_span_has_a_dash_on_set5(claims: ClaimBook) -> None:
    [row] = rows_of([make_record(make_case("span"))], claims)
    assert quality_of(row)["Set5"] == "-"


def test_a_table_without_any_figure_has_no_quality_part() -> None:
    assert len(section(make_row()).grids) == 1
    assert "No PSNR or SSIM is published for these networks." in notes_of(make_row())
    assert "PSNR [dB]" not in as_text([make_row()])


def test_footnotes_share_marks_and_never_run_out() -> None:
    notes = Footnotes()
    assert [notes.mark(text) for text in ("x", "y", "x")] == ["a", "b", "a"]
    marks = [notes.mark(str(number)) for number in range(60)]
    assert marks[23:26] == ["z", "aa", "ab"]
    assert len(set(marks)) == 60
    assert [(note.mark, note.text) for note in notes.notes()[:2]] == [("a", "x"), ("b", "y")]


# --- Markdown


def test_a_page_has_title_caption_tables_and_notes(claims: ClaimBook) -> None:
    page = markdown(rows_of([make_record(make_case(name)) for name in ("bsrn", "rfdn")], claims), "Leaderboard x4")
    lines = page.splitlines()
    assert lines[0] == "# Leaderboard x4"
    assert lines[2] == "x4: GT 1280x720, LR 320x180, batch 1, float32; cpu of Test CPU, 2 cores, 8 GiB"
    heads = [line for line in lines if line.startswith("| Model")]
    titles = [[title.strip() for title in head.strip("|").split("|")] for head in heads]
    # Runtimes that are equal have no ranks.
    costs = ["Params [K]", "Multi-Adds [G]", "Acts [M]", "Convs", "Runtime [ms]", "Peak [MiB]", "Predicted [MiB]"]
    assert titles[0][:8] == ["Model", *costs]
    assert titles[1:] == [["Model", "Set5", "Set14", "B100", "Urban100", "Manga109"]]
    assert f"{QUALITY_TITLE}:" in lines
    assert any(line.startswith("- a: ") for line in lines)
    assert "(32.24/0.8952) <sup>" in page
    assert page.endswith("\n")
    assert not page.endswith("\n\n")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a|b:Net", "a\\|b:Net"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("my_net_v2.py:Net", "my\\_net\\_v2.py:Net"),
        ("**bold**", "\\*\\*bold\\*\\*"),
        ("`code`", "\\`code\\`"),
        ("[link](http://x)", "\\[link\\](http://x)"),
        ("two\nlines\r\tand", "two lines  and"),
        ("a\\|b", "a\\\\\\|b"),
        ("&amp;", "&amp;amp;"),
        ("=cmd()", "=cmd()"),
        ("$x$ ~y~ #z !w", "\\$x\\$ \\~y\\~ \\#z !w"),
    ],
)
def test_markdown_shows_a_name_as_it_is(name: str, shown: str) -> None:
    row = make_row(name, model="Other", machine=name, status="CRASH", reason=name)
    page = markdown([row], "Title")
    [line] = [line for line in page.splitlines() if line.startswith("| ") and "352.4" in line]
    assert line.split(" | ")[0].removeprefix("| ").rstrip() == shown
    assert f"- {shown}: CRASH: {shown}" in page.splitlines()
    assert f"cpu of {shown}" in page


def test_every_line_of_a_table_has_the_same_number_of_cells() -> None:
    rows = [make_row(name) for name in ("a|b", "c\nd", "e\\", "`|`")]
    for line in markdown(rows, "Title").splitlines():
        if line.startswith("|"):
            assert line.replace("\\\\", "").replace("\\|", "").count("|") == 8


def test_a_long_name_keeps_both_ends() -> None:
    name = f"{'deep/' * 20}net.py:{'Network' * 3}"
    shown = costs_of(make_row(name))["Model"]
    assert len(shown) == 48
    assert shown.startswith("deep/deep/")
    assert shown.endswith("NetworkNetworkNetwork")


def test_a_terminal_gets_no_control_characters() -> None:
    text = as_text([make_row("a\x1b[31mb\x07\u202e", status="CRASH", reason="x\x1b]0;title\x07")])
    assert all(character.isprintable() or character == "\n" for character in text)
