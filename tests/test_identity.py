"""Who is the same: two classes of one file, two checkouts, two nodes, two modes, through every command that joins."""

import csv
import json
import re
import shutil
from pathlib import Path

import pytest

from srbench import machine, store
from srbench.cases import Mode
from tests.builders import make_case, make_latency, make_machine, make_record
from tests.command_line import Done, Run

TWO = """
from torch import nn

class Small(nn.Sequential):
    def __init__(self, scale=4):
        super().__init__(nn.Conv2d(3, 3 * scale**2, 1), nn.PixelShuffle(scale))

class Large(nn.Sequential):
    def __init__(self, scale=4):
        super().__init__(nn.Conv2d(3, 3 * scale**2, 3, padding=1), nn.PixelShuffle(scale))
"""
#: Weights and biases of 48 filters of 3x1x1 and of 3x3x3.
SMALL, LARGE = 48 * 3 + 48, 48 * 27 + 48


def counted(run: Run, names: str, output: str) -> Done:
    done = run("profile", "--models", names, "--static-only", "--lr", "16x12", "--output", output)
    assert done.code == 0, done.err
    return done


def rows(path: str) -> dict[str, str]:
    """Variant -> parameters, from a CSV."""
    with Path(path).open(newline="") as file:
        return {row["variant"]: row["params"] for row in csv.DictReader(file)}


@pytest.fixture
def two(run: Run, tmp_path: Path) -> Path:
    """Records of two networks of one file."""
    (tmp_path / "net.py").write_text(TWO)
    counted(run, "net.py:Small,net.py:Large", "results")
    return tmp_path


# --- Two classes of one file


@pytest.mark.usefixtures("two")
def test_two_classes_are_two_rows_everywhere(run: Run) -> None:
    both = {"net.py:Small": str(SMALL), "net.py:Large": str(LARGE)}
    assert run("leaderboard").code == 0
    assert rows("results/leaderboard_x4.csv") == both
    assert run("plot", "--x", "params", "--y", "multi-adds", "--size", "none").code == 0
    assert rows("results/plot_x4_multi_adds_over_params_size-none.csv") == both
    assert run("report").code == 0
    data = re.search(r"<script[^>]*id=\"data\"[^>]*>(.*?)</script>", Path("results/report.html").read_text(), re.DOTALL)
    assert data is not None
    assert {row["name"] for row in json.loads(data[1])["rows"]} == {"Small", "Large"}


@pytest.mark.usefixtures("two")
def test_one_class_typed_otherwise_is_one_row(run: Run) -> None:
    counted(run, "./net.py:Small", "results")
    assert run("leaderboard").code == 0
    assert sorted(rows("results/leaderboard_x4.csv").values()) == sorted([str(SMALL), str(LARGE)])


@pytest.mark.usefixtures("two")
def test_two_classes_are_two_pairs(run: Run) -> None:
    shutil.copytree("results", "baseline")
    done = run("compare", "results", "baseline", "--fail-on", "params:0%")
    assert done.code == 0, done.out
    assert done.out.count("gate params:0% HOLDS") == 2
    assert f"{SMALL} against {SMALL}" in done.out
    assert f"{LARGE:,} against {LARGE:,}" in done.out


# --- Two checkouts of one repository


@pytest.mark.parametrize("from_within", [True, False])
def test_a_network_that_a_pull_request_changed_fails_its_gate(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, from_within: bool
) -> None:
    for checkout, code in (
        ("main", TWO),
        ("pull", TWO.replace("3, 3 * scale**2, 1)", "3, 3 * scale**2, 3, padding=1)")),
    ):
        (tmp_path / checkout / ".git").mkdir(parents=True)
        (tmp_path / checkout / "net.py").write_text(code)
        if from_within:
            monkeypatch.chdir(tmp_path / checkout)
        counted(run, "net.py:Small" if from_within else f"{checkout}/net.py:Small", f"{tmp_path}/of-{checkout}")
        monkeypatch.chdir(tmp_path)
    done = run("compare", "of-pull", "of-main", "--fail-on", "params:0%")
    assert done.code == 1
    assert "gate params:0% FAILS: " in done.out
    assert f"{LARGE:,} against {SMALL} (+600.00%)" in done.out
    assert "is in of-pull only" not in done.out


def test_without_a_repository_the_files_name_tells_where_it_is_the_only_one(run: Run, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "net.py").write_text(TWO)
        counted(run, f"{folder}/net.py:Small", f"of-{folder}")
    assert run("compare", "of-a", "of-b", "--fail-on", "params:0%").code == 0
    # Two of that name on one side: which is meant is not known.
    (tmp_path / "c").mkdir()
    (tmp_path / "c/net.py").write_text(TWO)
    counted(run, "c/net.py:Small", "of-b")
    done = run("compare", "of-a", "of-b", "--fail-on", "params:0%")
    assert done.code == 2
    assert "of-a and of-b have no case in common" in done.err


# --- Two nodes


def test_equal_nodes_keep_their_records_and_one_is_shown(run: Run) -> None:
    for minutes, node in enumerate(("0a1b2c3d", "ffffffff")):
        equal = make_machine().model_copy(update={"node": node})
        latency = make_latency(*[[100 + minutes] * 7] * 3)
        store.write(Path("results"), make_record(machine=equal, minutes=minutes, latency=latency))
    assert len(list(Path("results/runs").glob("*.json"))) == 2
    done = run("leaderboard")
    assert "1 record(s) are replicates of equal machines; of each case the newest is shown" in done.err
    with Path("results/leaderboard_x4.csv").open(newline="") as file:
        [row] = csv.DictReader(file)
    assert (row["node"], float(row["runtime_ms"])) == ("ffffffff", 101)


def test_a_node_has_a_name_of_its_own_that_says_nothing_of_it() -> None:
    here = machine.node_of("host-1", ())
    assert re.fullmatch(r"[0-9a-f]{8}", here)
    assert here == machine.node_of("host-1", ())
    assert len({here, machine.node_of("host-2", ()), machine.node_of("host-1", ("GPU-1",))}) == 3
    assert machine.node_of("host-1", ("GPU-1", "GPU-2")) == machine.node_of("host-1", ("GPU-2", "GPU-1"))
    assert machine.describe().node


# --- Two modes


def test_two_modes_are_two_records_and_two_rows_of_one_table(run: Run) -> None:
    for minutes, (mode, ms) in enumerate(((Mode(), 100), (Mode(dtype="bfloat16"), 50))):
        record = make_record(make_case(mode=mode), minutes=minutes, latency=make_latency(*[[ms] * 7] * 3))
        store.write(Path("results"), record)
    done = run("leaderboard")
    assert done.code == 0
    with Path("results/leaderboard_x4.csv").open(newline="") as file:
        assert {row["dtype"]: float(row["runtime_ms"]) for row in csv.DictReader(file)} == {
            "float32": 100,
            "bfloat16": 50,
        }
    assert [line.partition("  ")[0] for line in done.out.splitlines()[6:8]] == ["BSRN", "BSRN · bf16"]
    shutil.copytree("results", "baseline")
    assert run("compare", "results", "baseline").out.count("bsrn of results") >= 2
