"""The command line as a user meets it: what it prints, which files it leaves, and its exit codes."""

import csv
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from srbench import store
from srbench.records import FAILURES
from tests.command_line import Run

NETWORKS = Path(__file__).with_name("networks.py")
#: Enough to measure anything, as three processes a case.
SMALL = ("--lr", "32x24", "--budget", "0.05", "--patience", "0", "--threads", "1", "--quiet")
#: And as one.
QUICK = (*SMALL, "--rounds", "1")


@pytest.mark.fresh_servers
def test_the_line_people_type(run: Run, tmp_path: Path) -> None:
    done = run("profile", "--models", "bsrn,rfdn,span", "--scale", "4", *SMALL)
    assert done.code == 0
    assert done.err == ""
    assert "x4: GT 128x96, LR 32x24, batch 1, float32; cpu (1 thread) of" in done.out
    with (tmp_path / "results" / "leaderboard_x4.csv").open(newline="") as file:
        rows = {row["variant"]: row for row in csv.DictReader(file)}
    # Parameters: facts of the official code (official_counts.csv); they do not depend on the size.
    assert {name: row["params"] for name, row in rows.items()} == {"bsrn": "352400", "rfdn": "433448", "span": "426288"}
    assert all(float(row["runtime_low_ms"]) <= float(row["runtime_ms"]) for row in rows.values())
    assert all(float(row["peak_memory_mib"]) > 0 for row in rows.values())
    # The official code with the official checkpoint gives 32.3488 (official_quality.csv); papers print 32.35.
    assert float(rows["bsrn"]["psnr_y_set5"]) == pytest.approx(32.3488, abs=0.001)
    assert rows["bsrn"]["psnr_y_set5_kind"] == "measured"
    # The released network's own (official_quality.csv); 32.24 belongs to the 550 K network.
    assert float(rows["rfdn"]["psnr_y_set5"]) == pytest.approx(32.1589, abs=0.001)
    assert "(32.24/0.8952)" in (tmp_path / "results" / "leaderboard_x4.md").read_text()
    assert "32.24" not in done.out
    records = store.read(tmp_path / "results", pytest.fail)
    assert len(records) == 3
    assert all(r.latency is not None and [v.round for v in r.latency.visits][:3] == [0, 1, 2] for r in records)
    assert {row["runtime_interval"] for row in rows.values()} == {"t95_processes"}
    assert (tmp_path / "results" / "leaderboard_x4.md").is_file()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--models", "bsrm"), "unknown model 'bsrm'; did you mean 'bsrn'"),
        (("--models", "imdn-xyz"), "unknown model 'imdn-xyz'; did you mean"),
        (("--models", "imdn-rtc", "--scale", "4"), "imdn-rtc has no x4; it has x2"),
        (("--models", "bsrn@folded"), "after @ comes train or deploy, not 'folded'"),
        (("--models", ","), "--models names no model"),
        (("--models", "bsrn", "--scale", "five"), "--scale 'five' is not a scale"),
        (("--models", "bsrn", "--scale", "0"), "--scale '0' is not a scale"),
        (("--models", "bsrn", "--lr", "14x200"), "bsrn needs LR sides of at least 15 pixels, not 14x200"),
        (("--models", "bsrn", "--gt", "1280"), "--gt '1280' is not WIDTHxHEIGHT"),
        (("--models", "bsrn", "--gt", "0x720"), "--gt 0x720: each side must be between 1 and 65536"),
        (("--models", "bsrn", "--gt", "-4x720"), "--gt '-4x720' is not WIDTHxHEIGHT"),
        (("--models", "bsrn", "--gt", "60000x60000"), "bsrn x4 on 1 LR image(s) of 15000x15000 needs about"),
        (("--models", "bsrn", "--batch", "0"), "--batch '0': write a whole number from 1 to"),
        (("--models", "bsrn", "--batch", "1000000"), "--batch 1000000 must be at most 65536"),
        (("--models", "bsrn", "--threads", "100000"), "--threads 100000: this process may use"),
        (("--models", "bsrn", "--budget", "-1"), "--budget -1 must be a positive number of seconds"),
        (("--models", "bsrn", "--timeout", "nan"), "--timeout nan must be a positive number of seconds"),
        (("--models", "bsrn", "--device", "tpu"), "--device tpu: write auto, cpu or cuda:N"),
        (("--models", "bsrn", "--device", "cuda:99"), "--device cuda:99:"),
        (("--models", "bsrn", "--counters", "ptflops"), "unknown counter 'ptflops'; known are torch, fvcore, thop"),
        (("--models", "bsrn", "--form", "folded"), "'--form'"),
        (("--models", "missing.py:Net"), "no file missing.py"),
        (("--models", f"{NETWORKS}:Tinny"), "has no 'Tinny'; did you mean Tiny"),
        (("--models", "bsrn", "--rounds", "0"), "'--rounds'"),
        (("--models", "bsrn", "--precision", "2"), "--precision '2' is no share such as 1% or 0.01"),
        (("--models", "bsrn", "--precision", "fine"), "--precision 'fine' is no share such as 1% or 0.01"),
        (("--models", "bsrn", "--memory-limit", "lots"), "--memory-limit 'lots' is no size such as 8GiB"),
        ((), "name what to measure with --models; 'srbench models' lists the zoo"),
        (("--resume",), "no folder --output results"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(run: Run, arguments: tuple[str, ...], expected: str) -> None:
    done = run("profile", *arguments)
    assert done.code == 2
    assert expected in done.err
    assert done.err.startswith("srbench: ")
    assert done.err.count("\n") == 1
    assert done.out == ""


def test_an_unwritable_output_is_found_before_measuring(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    begin = time.monotonic()
    done = run("profile", "--models", "msrn", "--output", "file/results")
    assert done.code == 2
    assert "cannot write to --output file/results" in done.err
    assert time.monotonic() - begin < 20  # one pass of MSRN takes longer


def test_no_command_shows_the_help(run: Run) -> None:
    done = run()
    assert done.code == 0
    assert "profile" in done.out
    assert run("prifile").code == 2


def test_a_missing_scale_under_all_is_skipped_with_a_line(run: Run) -> None:
    done = run("profile", "--models", "all", "--scale", "8", "--static-only")
    assert done.code == 0
    assert "bsrn has no x8: skipped" in done.err
    # MSRN x8: 129.4 G (official_counts.csv, LR 160x90).
    assert "129.38" in done.out


def test_failures_become_rows_and_the_exit_code_is_1(run: Run, tmp_path: Path) -> None:
    names = f"{NETWORKS}:Raises,ecbsr-m4c8,{NETWORKS}:GivesNaN"
    done = run("profile", "--models", names, *QUICK)
    assert done.code == 1
    with (tmp_path / "results" / "leaderboard_x4.csv").open(newline="") as file:
        status = {row["model"]: row["status"] for row in csv.DictReader(file)}
    assert (status["Raises"], status["GivesNaN"]) == ("CRASH", "MISMATCH")
    assert status["ECBSR"] not in FAILURES  # how quiet this machine is decides the rest
    assert "CRASH: RuntimeError: the first line" in done.out


def test_a_second_run_replaces_its_own_cases_and_keeps_the_rest(run: Run, tmp_path: Path) -> None:
    run("profile", "--models", "ecbsr-m4c8,ecbsr-m4c16", *QUICK)
    runs = tmp_path / "results" / "runs"
    first = {path.name: path.read_text() for path in runs.glob("*.json")}
    run("profile", "--models", "ecbsr-m4c8", *QUICK)
    second = {path.name: path.read_text() for path in runs.glob("*.json")}
    assert first.keys() == second.keys()
    changed = [name for name in first if first[name] != second[name]]
    assert len(changed) == 1
    assert changed[0].startswith("ecbsr-m4c8_x4_")


def test_leaderboard_rebuilds_the_same_bytes(run: Run, tmp_path: Path) -> None:
    run("profile", "--models", "ecbsr-m4c8,bsrn-s", *QUICK)
    files = [tmp_path / "results" / f"leaderboard_x4.{suffix}" for suffix in ("csv", "md")]
    before = [path.read_bytes() for path in files]
    for path in files:
        path.unlink()
    done = run("leaderboard")
    assert done.code == 0
    assert [path.read_bytes() for path in files] == before


def test_leaderboard_refuses_what_is_not_there(run: Run, tmp_path: Path) -> None:
    assert "no records in results/runs" in run("leaderboard").err
    assert not (tmp_path / "results").exists()
    run("profile", "--models", "ecbsr-m4c8", "--static-only", "--quiet")
    assert "no records of x3 in results/runs; there are x4" in run("leaderboard", "--scale", "3").err
    assert "no record of machine 'mine'" in run("leaderboard", "--machine", "mine").err


def test_a_broken_record_is_named_and_the_rest_is_shown(run: Run, tmp_path: Path) -> None:
    run("profile", "--models", "ecbsr-m4c8", "--static-only", "--quiet")
    (tmp_path / "results" / "runs" / "broken.json").write_text('{"case": 1')
    done = run("leaderboard")
    assert done.code == 0
    assert "skipped results/runs/broken.json: not a record" in done.err
    assert "ECBSR-M4C8" in done.out


def test_the_other_counters_name_their_differences(run: Run) -> None:
    done = run(
        "profile", "--models", "bsrn,ecbsr-m4c8@train", "--static-only", "--counters", "torch,fvcore,thop", "--quiet"
    )
    assert done.code == 0
    # BSRN x4: 29,491,200 each (fvcore_by_op in official_counts.csv).
    assert "fvcore +29.5 M: bilinear upsampling in B*.esa" in done.out
    assert "fvcore +29.5 M: average pooling in B*.cca" in done.out
    # ECB calls four of its five branches as functions, which thop cannot see.
    assert "convolutions or matrix products in functions or classes that it does not know" in done.out


def test_layers_add_up_to_the_row(run: Run, tmp_path: Path) -> None:
    done = run("profile", "--models", "span", "--static-only", "--layers", "--quiet")
    assert "block_6.c3_r.eval_conv" in done.out
    [path] = (tmp_path / "results" / "runs").glob("*.json")
    record = json.loads(path.read_text())
    # SPAN ch48 x4, deploy form: official_counts.csv.
    assert sum(layer["multi_adds"] for layer in record["complexity"]["layers"]) == 24_493_363_200


def test_models_lists_the_zoo(run: Run) -> None:
    done = run("models")
    assert done.code == 0
    lines = {line.split()[0]: line for line in done.out.splitlines() if line.strip()}
    assert "352.4" in lines["bsrn"]
    assert "reconstruction" in lines["repsr"]
    assert "reconstruction" in lines["rfdn-paper"]


def test_plot_writes_the_figure_and_its_numbers(run: Run, tmp_path: Path) -> None:
    run("profile", "--models", "all", "--static-only", "--quiet")
    done = run("plot", "--scale", "4", "--x", "params", "--y", "psnr", "--dataset", "set5", "--size", "multi-adds")
    assert done.code == 0
    names = {path.name for path in (tmp_path / "results").glob("plot_*")}
    assert names == {f"plot_x4_psnr_y_set5_over_params.{suffix}" for suffix in ("png", "pdf", "svg", "csv")}
    assert "did you mean" in run("plot", "--x", "parms").err
    assert "unknown data set 'set6'; did you mean set5" in run("plot", "--dataset", "set6").err
    assert run("plot", "--x", "runtime").code == 2  # nothing was timed


def test_help_is_quick() -> None:
    """Below 0.3 s on a quiet machine; here the cause is tested, which noise does not move: no heavy import."""
    code = "import sys, srbench.cli; print([m for m in ('torch', 'pandas', 'matplotlib', 'rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_network_named_beside_all_must_have_the_scale(run: Run) -> None:
    done = run("profile", "--models", "all,bsrn-s", "--scale", "2", "--static-only")
    assert (done.code, done.out) == (2, "")
    assert "bsrn-s has no x2; it has x4" in done.err


def test_gt_and_lr_together_are_refused(run: Run) -> None:
    assert "give one of them" in run("profile", "--models", "span", "--gt", "640x360", "--lr", "320x180").err


def test_a_seed_that_no_generator_takes_is_refused(run: Run) -> None:
    assert run("profile", "--models", "span", "--seed", "9" * 23).code == 2


def test_version(run: Run) -> None:
    assert run("--version").out.startswith("srbench ")


def test_a_figure_draws_the_workload_with_the_most_networks(run: Run) -> None:
    run("profile", "--models", "all", "--static-only", "--quiet")
    run("profile", "--models", "bsrn", "--gt", "320x240", "--static-only", "--quiet")
    done = run("plot")
    assert done.code == 0
    assert "not in the figure: bsrn at LR 80x60 (--lr 80x60)" in done.err


def test_a_network_whose_file_changed_is_not_shown_with_its_old_counts(run: Run, tmp_path: Path) -> None:
    net = tmp_path / "net.py"
    net.write_text(NETWORKS.read_text())
    run("profile", "--models", "net.py:Tiny", *QUICK)
    net.write_text(NETWORKS.read_text().replace("3, padding=1)", "5, padding=2)"))
    run("profile", "--models", "net.py:Tiny", "--lr", "32x24", "--static-only", "--quiet")
    # 48 kernels of 3 x 5 x 5 with a bias each.
    assert f"{(48 * 3 * 25 + 48) / 1e3:,.1f}" in run("leaderboard").out


def test_published_multi_adds_stand_only_beside_their_own_gt_size(run: Run) -> None:
    run("profile", "--models", "span", "--gt", "320x240", "--static-only", "--quiet")
    fsrcnn = [line for line in run("leaderboard", "--with-published").out.splitlines() if line.startswith("FSRCNN")]
    assert "4.60" not in fsrcnn[0]  # for a 1280x720 GT (SAFMN's table)
    run("profile", "--models", "span", "--static-only", "--quiet", "-o", "other")
    fsrcnn = [
        line
        for line in run("leaderboard", "--with-published", "-o", "other").out.splitlines()
        if line.startswith("FSRCNN")
    ]
    assert "4.60" in fsrcnn[0]
