"""Runs and workers ended with kill -9 at random moments, a full disk, an endless allocation: real processes.

The drills are those of scripts/fault_drill.py, which does each of them 20 times.
"""

import random
import subprocess
import sys
from pathlib import Path

import pytest

import fault_drill

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds its processes in /proc")

#: About what an undisturbed run takes from its first journal entry on; a kill after its end is a drill, too.
LENGTH_S = 6.0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_killed_run_goes_on_where_it_was(tmp_path: Path, seed: int) -> None:
    outcome = fault_drill.kill_the_run(tmp_path, random.Random(seed).uniform(0, LENGTH_S))
    assert outcome.good, outcome


@pytest.mark.parametrize("seed", [4, 5, 6])
def test_a_killed_worker_costs_its_own_case_alone(tmp_path: Path, seed: int) -> None:
    outcome = fault_drill.kill_a_worker(tmp_path, random.Random(seed).uniform(0, LENGTH_S))
    assert outcome.good, outcome


@pytest.mark.parametrize("network", ["AllocatesWithoutEnd", "Hangs"])
def test_a_network_that_takes_all_costs_its_own_case_alone(tmp_path: Path, network: str) -> None:
    outcome = fault_drill.misbehave(tmp_path, network, fault_drill.MISBEHAVIOURS[network])
    assert outcome.good, outcome


@pytest.mark.parametrize("leave_kib", [16, 40])
def test_a_full_disk_stops_a_run_that_goes_on_later(leave_kib: int) -> None:
    try:
        outcome = fault_drill.fill_the_disk(leave_kib)
    except PermissionError as error:
        pytest.skip(str(error))
    assert outcome.good, outcome


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    first = fault_drill.start(tmp_path, *fault_drill.BYSTANDERS)
    journal = tmp_path / "journal.jsonl"
    assert fault_drill.within(60, journal.exists)
    second = fault_drill.start(tmp_path, *fault_drill.BYSTANDERS)
    _, said = second.communicate(timeout=60)
    _, errors = first.communicate(timeout=120)
    assert second.returncode == 2
    assert said.startswith(f"srbench: another srbench is measuring into {tmp_path}; wait for it")
    assert first.returncode == 0, errors
    assert set(fault_drill.records_in(tmp_path)) == set(fault_drill.BYSTANDERS)


def test_a_finished_run_leaves_nothing_to_resume(tmp_path: Path) -> None:
    run = fault_drill.start(tmp_path, fault_drill.BYSTANDERS[0])
    assert run.wait(timeout=120) == 0
    again = subprocess.run(fault_drill.command(tmp_path, "--resume"), capture_output=True, text=True, check=False)
    assert again.returncode == 2
    assert again.stderr == f"srbench: nothing to resume in {tmp_path}: no run was left unfinished there\n"
