"""``srbench plot`` as people type it."""

import csv
import errno
import os
import re
from pathlib import Path

import pytest

from srbench import store
from srbench.cases import Mode
from tests.builders import make_case, make_counts, make_latency, make_machine, make_memory, make_record, make_size
from tests.command_line import Run

NETWORKS = Path(__file__).parents[1] / "networks.py"


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """BSRN and IMDN at two sizes; the larger has four times the pixels, runtime and peak."""
    folder = tmp_path / "results"
    for i, (variant, ms) in enumerate((("bsrn", 20), ("imdn", 10))):
        for times, side in ((1, 64), (4, 128)):
            load = make_size(lr_width=side, lr_height=side, gt_width=4 * side, gt_height=4 * side)
            made = make_record(
                make_case(variant, size=load),
                minutes=2 * i + times,
                complexity=make_counts(params=352_400 + i),
                latency=make_latency(*[[ms * times] * 7] * 3),
                memory=make_memory(times * 2**24),
            )
            store.write(folder, made)
    return folder


@pytest.mark.parametrize(
    ("preset", "stem"),
    [
        ("fig1", "psnr_y_set5_over_params"),
        ("runtime", "psnr_y_set5_over_runtime_ms"),
        ("memory", "psnr_y_set5_over_peak_memory_mib"),
        ("scaling", "scaling"),
    ],
)
def test_each_preset_writes_its_files(run: Run, results: Path, preset: str, stem: str) -> None:
    done = run("plot", "--preset", preset)
    assert done.code == 0, done.err
    names = {path.name for path in results.glob("plot_*")}
    assert names == {f"plot_x4_{stem}.{suffix}" for suffix in ("png", "pdf", "svg", "csv")}
    assert done.err.splitlines()[-1].startswith("wrote ")


def test_orders_of_growth_come_out(run: Run, results: Path) -> None:
    assert run("plot", "--preset", "scaling", "--models", "bsrn").code == 0
    lines = (results / "plot_x4_scaling_bsrn.csv").read_text().splitlines()
    assert len(lines) == 3
    assert [float(cell) for cell in lines[1].split(",")[-2:]] == pytest.approx([1.0, 1.0])


def test_what_was_typed_replaces_the_preset_s(run: Run, results: Path) -> None:
    done = run("plot", "--preset", "runtime", "--y", "memory", "--size", "none", "--color", "params")
    assert done.code == 0, done.err
    stem = "plot_x4_peak_memory_mib_over_runtime_ms_size-none_color-params"
    header = (results / f"{stem}.csv").read_text().splitlines()[0].split(",")
    assert header[7:10] == ["runtime_ms", "peak_memory_mib", "params"]


def test_a_part_of_the_networks_is_drawn_at_the_size_of_all(run: Run, results: Path) -> None:
    load = make_size(lr_width=32, lr_height=32, gt_width=128, gt_height=128)
    store.write(results, make_record(make_case("imdn", size=load), minutes=60))
    done = run("plot", "--preset", "runtime", "--models", "imdn")
    # The newest size that has both networks is LR 128x128.
    assert "not in the figure: imdn at LR 64x64 (--lr 64x64)" in done.err
    assert "not in the figure: imdn at LR 32x32 (--lr 32x32)" in done.err
    store.write(results, make_record(make_case("span", size=load), minutes=61))
    done = run("plot", "--models", "span,imdn", "--x", "convs", "--y", "params")
    assert "not in the figure: imdn at LR 128x128 (--lr 128x128)" in done.err


LARGER = make_size(lr_width=128, lr_height=128, gt_width=512, gt_height=512)


def drawn(path: Path) -> dict[str, float]:
    """Variant -> runtime in ms, from the numbers of a figure."""
    with path.open(newline="") as file:
        return {row["variant"]: float(row["runtime_ms"]) for row in csv.DictReader(file)}


def test_runtimes_of_other_numbers_of_threads_share_no_figure(run: Run, results: Path) -> None:
    store.write(results, make_record(make_case("span", size=LARGER, threads=1), minutes=60))
    done = run("plot", "--preset", "runtime")
    assert done.code == 0
    assert drawn(results / "plot_x4_psnr_y_set5_over_runtime_ms.csv").keys() == {"bsrn", "imdn"}
    assert "not in the figure: span with threads 1 (--threads 1)" in done.err
    assert run("plot", "--preset", "runtime", "--notes", "--format", "svg").code == 0
    assert "span with threads 1" in svg_text(results / "plot_x4_psnr_y_set5_over_runtime_ms_notes.svg")


def svg_text(path: Path) -> str:
    """What an SVG says: a comment before each text that is drawn as outlines."""
    return " ".join(re.findall(r"<!-- (.*?) -->", path.read_text(encoding="utf-8")))


def test_of_equal_conditions_the_newer_is_drawn_and_each_can_be_chosen(run: Run, results: Path) -> None:
    for minutes, variant in enumerate(("bsrn", "imdn"), 60):
        slow = make_latency(*[[200 + minutes] * 7] * 3)
        record = make_record(make_case(variant, size=LARGER, threads=1), minutes=minutes, latency=slow)
        store.write(results, record)
    done = run("plot", "--preset", "runtime")
    assert drawn(results / "plot_x4_psnr_y_set5_over_runtime_ms.csv") == {"bsrn": 260, "imdn": 261}
    assert "not in the figure: bsrn, imdn with threads 2 (--threads 2)" in done.err
    done = run("plot", "--preset", "runtime", "--threads", "2")
    assert drawn(results / "plot_x4_psnr_y_set5_over_runtime_ms_threads-2.csv") == {"bsrn": 80, "imdn": 40}
    assert "with threads" not in done.err
    # The first figure is still there, untouched.
    assert drawn(results / "plot_x4_psnr_y_set5_over_runtime_ms.csv") == {"bsrn": 260, "imdn": 261}


def test_modes_share_a_figure_and_each_can_be_chosen(run: Run, results: Path) -> None:
    half = make_record(make_case("bsrn", size=LARGER, mode=Mode(dtype="bfloat16")), minutes=60)
    store.write(results, half)
    # Nobody measured its PSNR in bfloat16, and that of float32 is not its own.
    done = run("plot", "--preset", "runtime")
    assert "bfloat16" not in done.err
    assert drawn(results / "plot_x4_psnr_y_set5_over_runtime_ms.csv") == {"bsrn": 80, "imdn": 40}
    run("plot", "--x", "runtime", "--y", "params")
    with (results / "plot_x4_params_over_runtime_ms_size-multi_adds.csv").open(newline="") as file:
        found = [(row["variant"], row["dtype"], float(row["runtime_ms"])) for row in csv.DictReader(file)]
    assert sorted(found) == [("bsrn", "bfloat16", 104), ("bsrn", "float32", 80), ("imdn", "float32", 40)]
    done = run("plot", "--x", "runtime", "--y", "params", "--mode", "bfloat16")
    assert drawn(results / "plot_x4_params_over_runtime_ms_size-multi_adds_mode-bfloat16.csv") == {"bsrn": 104}
    nothing = run("plot", "--mode", "float16")
    assert (nothing.code, "--mode float16: no such record; there are bfloat16, plain" in nothing.err) == (2, True)


def test_other_machines_are_said(run: Run, results: Path) -> None:
    store.write(results, make_record(machine=make_machine("Newer CPU, 8 cores"), minutes=99))
    done = run("plot")
    assert "not shown: 4 record(s) of Test CPU, 2 cores, 8 GiB (--machine NAME, or all)" in done.err


def test_figures_of_other_options_do_not_overwrite_each_other(run: Run, results: Path) -> None:
    options = (
        (),
        ("--size", "none"),
        ("--color", "runtime"),
        ("--with-published",),
        ("--models", "bsrn"),
        ("--lr", "64x64"),
        ("--machine", "Test CPU, 2 cores, 8 GiB"),
        ("--highlight", "bsrn"),
        ("--highlight", "imdn"),
        ("--xlim", "100,800"),
        ("--ylim", "32,33"),
        ("--width", "17.5"),
        ("--font", "serif"),
        ("--notes",),
    )
    for each in options:
        assert run("plot", *each).code == 0
    assert len(list(results.glob("plot_*.png"))) == len(options)


def test_the_formats_that_are_wanted_are_written(run: Run, results: Path) -> None:
    assert run("plot", "--format", "svg, PNG").code == 0
    assert {path.suffix for path in results.glob("plot_*")} == {".svg", ".png", ".csv"}


@pytest.mark.parametrize(
    ("programs", "arguments", "message"),
    [
        ({}, (), "--usetex needs the program latex, which is not there"),
        (
            {"latex": "exit 1"},
            (),
            "--usetex needs the program dvipng, which is not there; without it: --format pdf,svg",
        ),
        ({"latex": "exit 1"}, ("--format", "pdf"), "--usetex: LaTeX cannot set text for figures: it failed"),
        (
            {"latex": "printf 'start\n! Missing type1ec.sty.\n\nmore\n'; exit 1"},
            ("--format", "pdf"),
            "--usetex: LaTeX cannot set text for figures: Missing type1ec.sty.",
        ),
    ],
)
def test_without_latex_usetex_is_one_line(
    run: Run,
    results: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    programs: dict[str, str],
    arguments: tuple[str, ...],
    message: str,
) -> None:
    (tmp_path / "bin").mkdir()
    for name, script in programs.items():
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    done = run("plot", "--usetex", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.strip().splitlines()[-1] == f"srbench: {message}"
    assert not list(results.glob("plot_*"))


def test_a_full_disk_leaves_the_figure_as_it_was(run: Run, results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("plot").code == 0
    before = {path: path.read_bytes() for path in results.glob("plot_*")}
    (results / "runs").rename(results / "kept")
    store.write(results, make_record(make_case("span"), minutes=90))
    real, left = os.fsync, [2]

    def full(handle: int) -> None:
        if left[0] == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        left[0] -= 1
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    done = run("plot", "--x", "params", "--y", "memory")
    assert done.code == 1
    assert "results/plot_x4_peak_memory_mib_over_params.svg: No space left on device" in done.err
    assert {path: path.read_bytes() for path in results.glob("plot_*")} == before
    assert not list(results.glob(".plot*"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--preset", "layer"), "--preset: unknown preset 'layer'; did you mean layers"),
        (("--x", "thruput"), "unknown column 'thruput'; did you mean throughput"),
        (("--color", "parms"), "unknown column 'parms'; did you mean params"),
        (("--dataset", "set6"), "unknown data set 'set6'; did you mean set5"),
        (("--preset", "scaling", "--x", "params"), "--x is for trade-off plots; --preset scaling has its own axes"),
        (("--preset", "scaling", "--highlight", "bsrn"), "--highlight is for trade-off plots"),
        (("--preset", "layers", "--with-published"), "--with-published is for trade-off plots"),
        (("--baseline", "imdn"), "--baseline is for --challenge"),
        (("--xlim", "1"), "--xlim '1' is not two numbers, such as 100,800"),
        (("--ylim", "33,x"), "--ylim '33,x' is not two numbers"),
        (("--xlim", "8,1"), "--xlim 8,1: the first end of an axis is below the second"),
        (("--xlim", "1,inf"), "--xlim 1,inf: the first end of an axis is below the second"),
        (("--xlim", "1,2"), "no network lies within --xlim and --ylim"),
        (("--width", "1"), "--width 1 is not from 5 to 60 cm"),
        (("--font", "comic"), "--font 'comic' is none of sans, serif"),
        (("--format", "jpg"), "--format 'jpg' is none of png, pdf, svg"),
        (("--format", ","), "--format names none of png, pdf, svg"),
        (("--highlight", "bsnr"), "--highlight: no 'bsnr' in the figure; did you mean bsrn"),
        (("--y", "score"), "a score belongs to a challenge; name it, such as --challenge ntire2024"),
        (("--challenge", "ntire2024", "--y", "score"), "no records of LR 256x256 and 510x339"),
        (("--models", "bsnr"), "--models: no record of 'bsnr'; did you mean bsrn"),
        (("--models", ","), "--models names no network"),
        (("--scale", "2"), "no records of x2"),
        (("--scale", "2,4"), "a figure shows one scale"),
    ],
)
def test_bad_input_is_one_line(run: Run, results: Path, arguments: tuple[str, ...], message: str) -> None:
    done = run("plot", *arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert len([line for line in done.err.splitlines() if line.startswith("srbench: ")]) == 1
    assert not list(results.glob("plot_*"))


def test_a_challenge_without_scores_names_those_that_have_them(run: Run, results: Path) -> None:
    done = run("plot", "--challenge", "ntire2023", "--y", "score")
    assert (done.code, done.out) == (2, "")
    said, _, others = done.err.strip().partition("; ")
    assert said.endswith("ntire2023 has ranks and no scores")
    scored = others.removesuffix(" have").split(", ")
    assert {"ntire2024", "ntire2025", "ntire2026", "rtsr2023"} <= set(scored)
    assert {"ntire2022", "ntire2023", "hd720"}.isdisjoint(scored)


def test_one_size_says_which_command_makes_another(run: Run, results: Path) -> None:
    for path in (results / "runs").glob("*.json"):
        if '"lr_width": 128' in path.read_text():
            path.unlink()
    done = run("plot", "--preset", "scaling")
    assert done.code == 2
    assert "of x4 there is only 64x64" in done.err
    assert "'srbench profile --models bsrn,imdn --scale 4 --lr 32x32 --output results' makes records" in done.err


def test_shapes_alone_do_not_scale(run: Run) -> None:
    run("profile", "--models", "span", "--static-only", "--quiet")
    done = run("plot", "--preset", "scaling")
    assert done.code == 2
    assert "these records are of shapes alone" in done.err


def test_a_network_is_taken_apart(run: Run, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(NETWORKS.read_text())
    run("profile", "--models", "net.py:Tiny", "--lr", "16x12", "--static-only", "--quiet")
    done = run("plot", "--preset", "layers", "--models", "net.py:Tiny")
    assert done.code == 0, done.err
    lines = (tmp_path / "results" / "plot_x4_layers_net-Tiny.csv").read_text().splitlines()
    cells = [dict(zip(lines[0].split(","), line.split(","), strict=True)) for line in lines[1:]]
    conv = [cell for cell in cells if cell["class"] == "Conv2d"]
    # 16 * 12 places, 48 kernels of 3 x 3 x 3.
    assert [int(cell["multi_adds"]) for cell in conv] == [16 * 12 * 48 * 27]
    assert all(float(cell["time_ms"]) > 0 for cell in conv)
    assert sum(float(cell["time_share"]) for cell in cells) == pytest.approx(1)


def test_a_network_that_fails_is_named(run: Run, tmp_path: Path) -> None:
    net = tmp_path / "net.py"
    net.write_text(NETWORKS.read_text())
    run("profile", "--models", "net.py:Tiny", "--lr", "16x12", "--static-only", "--quiet")
    net.write_text("def Tiny():\n    raise RuntimeError('gone')\n")
    done = run("plot", "--preset", "layers")
    assert done.code == 1
    assert "net.py:Tiny x4: CRASH: while it was built: RuntimeError: gone" in done.err
