"""Energy from the command line to the record: asked for, measured by a scripted counter, shown, or its reason said."""

from pathlib import Path
from typing import Any

import pytest

from srbench import assemble, store
from srbench.energies import Energy
from srbench.journal import Entry, Step
from srbench.metering import Metered
from srbench.records import Settings
from tests.builders import make_case, make_record
from tests.command_line import Run


def test_what_a_process_tells_of_energy_stands_in_the_record() -> None:
    settings = Settings(seed=0, budget_s=1, timeout_s=1, energy=True)
    case = assemble.OpenCase(assemble.Plan(make_case(), make_record().complexity), settings, ())
    found = Energy(per_image_mj=7.5, passes=100, window_ns=10**9, interval_ns=10**7, method="scripted")
    case.take(Entry(step=Step(task="energy", case=0), result=Metered(energy=found, settings=settings), wall_ns=1))
    record = case.record()
    assert record.energy == found
    # Two steps of 10 ms in a second, of 7.5 mJ.
    assert found.error_mj == pytest.approx(0.15)


def test_a_machine_without_a_counter_says_so_once_and_measures_all_else(run: Run, tmp_path: Path) -> None:
    arguments: tuple[Any, ...] = ("--lr", "16x12", "--rounds", "1", "--budget", "0.1", "--patience", "0")
    done = run("profile", "--models", "ecbsr-m4c8,repsr-m4c8", "--energy", *arguments, "--output", tmp_path)
    assert done.code == 0
    records = store.read(tmp_path, complain=print)
    assert all(record.latency is not None and record.energy is not None for record in records)
    if all(record.energy is not None and record.energy.reason for record in records):
        assert done.err.count("no energy: ") == 1
    else:
        assert "Energy [mJ]" in done.out
