"""One network a row, and an axis across: what stands in which cell, and what is said where there is nothing."""

from pathlib import Path

import pytest

from srbench import store
from srbench.cases import Mode
from srbench.measure.stats import Interval
from srbench.render import pivot
from srbench.render.pivot import Axis
from tests.builders import make_case, make_latency, make_record, make_row, make_size
from tests.command_line import Run


def near(ms: float) -> Interval:
    # Of an error of 2 to 5 two digits are shown: tenths.
    return Interval(ms, ms * 0.95, ms * 1.05, "t95_processes")


@pytest.mark.parametrize(
    ("axis", "here", "there", "heads"),
    [
        ("size", {}, {"lr_width": 64, "lr_height": 64}, ("Model", "64x64", "320x180")),
        ("threads", {"threads": 2}, {"threads": 1, "device": "cpu (1 thread)"}, ("Model", "1 thread", "2 threads")),
        ("mode", {}, {"mode": "compile · bf16"}, ("Model", "float32", "compile · bf16")),
    ],
)
def test_each_network_has_a_row_and_each_value_a_column(
    axis: Axis, here: dict[str, object], there: dict[str, object], heads: tuple[str, ...]
) -> None:
    rows = [
        make_row("bsrn", runtime_ms=near(100), **here),
        make_row("bsrn", runtime_ms=near(50), **there),
        make_row("rfdn", runtime_ms=near(80), **here),
    ]
    [section] = pivot.sections(rows, axis)
    grid = section.grids[[each.title for each in section.grids].index("Runtime [ms]")]
    assert grid.head == heads
    found = {row[0].text: [cell.text for cell in row[1:]] for row in grid.rows}
    # The smaller size, the fewer threads stand first; of modes the plain one.
    both = ["100.0", "50.0"] if axis == "mode" else ["50.0", "100.0"]
    assert found["BSRN"] == both
    assert found["RFDN"] == (["80.0", "-"] if axis == "mode" else ["-", "80.0"])


def test_what_an_axis_does_not_move_is_left_out() -> None:
    rows = [make_row(), make_row(mode="bf16")]
    [section] = pivot.sections(rows, "mode")
    titles = {grid.title for grid in section.grids}
    assert "Runtime [ms]" in titles
    assert not {"Params [K]", "Multi-Adds [G]"} & titles
    [section] = pivot.sections([make_row(), make_row(lr_width=64)], "size")
    assert "Multi-Adds [G]" in {grid.title for grid in section.grids}


def test_a_failure_is_its_word_and_what_was_disturbed_is_marked() -> None:
    rows = [
        make_row(runtime_ms=near(100)),
        make_row(mode="bf16", status="MISMATCH", reason="another image", runtime_ms=None),
        make_row("rfdn", status="CONTENDED", runtime_ms=near(70)),
    ]
    [section] = pivot.sections(rows, "mode")
    found = {row[0].text: [cell.text for cell in row[1:]] for row in section.grids[0].rows}
    assert found == {"BSRN": ["100.0", "MISMATCH"], "RFDN": ["~70.0", "-"]}
    notes = [note.text for note in section.notes]
    assert notes[0] == "BSRN · bf16 at bf16: MISMATCH: another image"
    assert notes[1].startswith("~: something disturbed it (CONTENDED)")


def test_modes_stay_apart_where_sizes_stand_across() -> None:
    rows = [make_row(mode=mode, lr_width=width) for mode in ("", "bf16") for width in (64, 320)]
    [section] = pivot.sections(rows, "size")
    assert [row[0].text for row in section.grids[0].rows] == ["BSRN", "BSRN · bf16"]


def test_one_value_makes_no_table() -> None:
    assert pivot.sections([make_row(), make_row("rfdn"), make_row(status="PUBLISHED")], "mode") == []


def test_the_command_writes_it_beside_the_usual_table(run: Run) -> None:
    for mode, ms in ((Mode(), 100.0), (Mode(dtype="bfloat16"), 50.0)):
        store.write(Path("results"), make_record(make_case(mode=mode), latency=make_latency(*[[ms] * 7] * 3)))
    done = run("leaderboard", "--pivot", "mode", "--format", "md,csv,html,latex")
    assert done.code == 0
    names = {path.name for path in Path("results").glob("leaderboard*")}
    assert names == {f"leaderboard_x4_by-mode.{ending}" for ending in ("md", "csv", "html", "tex")}
    assert "x4 by mode: GT 1280x720, LR 320x180, batch 1; cpu of Test CPU" in done.out
    wrong = run("leaderboard", "--pivot", "threads")
    assert wrong.code == 2
    said = "--pivot threads: no two records differ in threads alone; 'srbench profile --threads 1,2' makes some"
    assert said in wrong.err


def test_a_scale_without_two_values_is_left_out(run: Run) -> None:
    for scale, mode in ((4, Mode()), (4, Mode(dtype="bfloat16")), (2, Mode())):
        store.write(Path("results"), make_record(make_case(scale=scale, size=make_size(scale), mode=mode)))
    assert run("leaderboard", "--pivot", "mode").code == 0
    assert sorted(path.name for path in Path("results").glob("*.md")) == ["leaderboard_x4_by-mode.md"]
