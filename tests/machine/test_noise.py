"""The noise floor: its arithmetic, and its file."""

import math
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srbench.machine import noise
from srbench.machine.noise import LEAST_FLOOR, NoiseFloor

ratios_of = st.lists(st.floats(0.5, 2.0), min_size=3, max_size=8)


def make_floor(**changes: Any) -> NoiseFloor:
    floor = NoiseFloor(
        machine="Test CPU, 2 cores, 8 GiB",
        device="cpu",
        floor=0.012,
        rounds=3,
        ratios=(1.0, 1.01, 0.99),
        measured=datetime(2024, 5, 17, 12, tzinfo=UTC),
        threads=2,
        versions={"torch": "2.6.0"},
        what="span x4, LR 64x64",
    )
    return floor.model_copy(update=changes)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of the test's own, not made yet."""
    folder = tmp_path / "state" / "srbench"
    monkeypatch.setattr(noise, "folder", lambda: folder)
    return folder


# --- Arithmetic


def test_the_floor_is_the_farther_end_of_the_interval() -> None:
    # Log ratios 0.01, 0.02, 0.03: mean 0.02, standard deviation 0.01, Student's factor for 2 degrees 4.302653.
    ratios = [math.exp(value) for value in (0.01, 0.02, 0.03)]
    far_end = 0.02 + 4.302653 * 0.01 / math.sqrt(3)
    assert noise.floor_of(ratios) == pytest.approx(math.exp(far_end) - 1, rel=1e-6)


def test_which_of_the_two_is_slower_does_not_matter() -> None:
    slower = [1.01, 1.02, 1.03]
    assert noise.floor_of([1 / ratio for ratio in slower]) == pytest.approx(noise.floor_of(slower))


def test_no_machine_is_taken_to_be_better_than_the_least_floor() -> None:
    assert noise.floor_of([1.0, 1.0, 1.0]) == LEAST_FLOOR == 0.005


@given(ratios_of)
def test_a_floor_holds_the_mean_of_its_ratios(ratios: list[float]) -> None:
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    assert 1 / (1 + noise.floor_of(ratios)) <= mean * (1 + 1e-9)
    assert mean <= (1 + noise.floor_of(ratios)) * (1 + 1e-9)


@given(ratios_of)
def test_the_order_of_the_rounds_does_not_matter(ratios: list[float]) -> None:
    assert noise.floor_of(ratios[::-1]) == pytest.approx(noise.floor_of(ratios), rel=1e-9)


def test_two_rounds_are_too_few() -> None:
    with pytest.raises(ValueError, match="2 rounds give no floor; at least 3 are needed"):
        noise.floor_of([1.0, 1.1])


def test_rounds_are_paired_by_their_number() -> None:
    first = {2: 10.0, 0: 20.0, 1: 5.0}
    second = {0: 22.0, 2: 9.0, 7: 1.0}
    assert noise.paired_ratios(first, second) == [1.1, 0.9]


# --- Its file


def complaints() -> list[str]:
    return []


def test_a_floor_is_found_again() -> None:
    lines = complaints()
    floor = make_floor()
    path = noise.save(floor, lines.append)
    assert path is not None
    assert path.is_file()
    assert noise.load(floor.machine, "cpu", lines.append) == floor
    assert lines == []


def test_each_machine_and_device_has_its_own() -> None:
    floors = [make_floor(), make_floor(device="cuda:1", floor=0.03), make_floor(machine="Another", floor=0.04)]
    for floor in floors:
        noise.save(floor, pytest.fail)
    assert [noise.load(floor.machine, floor.device) for floor in floors] == floors
    assert noise.load("Another", "cuda:1") is None


def test_a_newer_floor_takes_the_place_of_the_older() -> None:
    noise.save(make_floor(), pytest.fail)
    noise.save(make_floor(floor=0.2), pytest.fail)
    found = noise.load(make_floor().machine, "cpu")
    assert found is not None
    assert found.floor == 0.2


def test_without_a_floor_there_is_nothing_to_complain_of() -> None:
    lines = complaints()
    assert noise.load("Test CPU", "cpu", lines.append) is None
    assert lines == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "file: Invalid JSON"),
        (b'{"machine": "x"', "file: Invalid JSON"),
        (b"\xff\xfe", "it is no UTF-8 text"),
        (make_floor(floor=0.012).model_dump_json().replace("0.012", "-1").encode(), "floor: Input should be greater"),
        (make_floor().model_dump_json().replace('"what"', '"wath"').encode(), "what: Field required"),
    ],
)
def test_a_broken_file_is_as_good_as_none(state: Path, content: bytes, why: str) -> None:
    lines = complaints()
    path = noise.path_of("Test CPU, 2 cores, 8 GiB", "cpu")
    state.mkdir(parents=True)
    path.write_bytes(content)
    assert noise.load("Test CPU, 2 cores, 8 GiB", "cpu", lines.append) is None
    [line] = lines
    assert line.startswith(f"ignored {path}: not a noise floor ({why}")
    assert "\n" not in line


def test_a_file_of_another_machine_is_not_taken() -> None:
    lines = complaints()
    path = noise.save(make_floor(machine="Another"), pytest.fail)
    assert path is not None
    path.replace(noise.path_of("This", "cpu"))
    assert noise.load("This", "cpu", lines.append) is None
    assert lines == [f"ignored {noise.path_of('This', 'cpu')}: the floor of Another (cpu)"]


def test_a_file_that_cannot_be_read_is_as_good_as_none(state: Path) -> None:
    lines = complaints()
    noise.path_of("This", "cpu").mkdir(parents=True)
    assert noise.load("This", "cpu", lines.append) is None
    assert "Is a directory" in lines[0] or sys.platform == "win32"


def test_where_it_cannot_be_written_one_line_says_so(state: Path) -> None:
    # A file where the folder should be; permissions would not stop a test that root runs.
    state.parent.mkdir()
    state.write_text("")
    lines = complaints()
    assert noise.save(make_floor(), lines.append) is None
    [line] = lines
    assert line.startswith(f"the noise floor is not stored: cannot write {state}")


def test_where_floors_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.undo()
    if sys.platform == "linux":
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
        assert noise.folder() == tmp_path / "srbench"
