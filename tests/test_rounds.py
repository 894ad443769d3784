"""Rounds beyond those that every case gets, and runs that go on where they were ended."""

from pathlib import Path

import pytest

from srbench import store
from srbench.failures import Failure
from srbench.records import Record
from srbench.tasks import Timed
from tests.builders import (
    make_memory,
    make_visit,
    timed,
)
from tests.stage import NAMES, Stage, begun, resumed


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


# --- Further rounds


def took(ms: float, number: int) -> Timed:
    """A process whose passes took so long: a cold, a warm-up and three timed ones."""
    visit = make_visit(ms, ms, ms, round=number, cold_ns=round(ms * 1e6), warmup_ns=(round(ms * 1e6),))
    return timed(visit)


def scatter(stage: Stage, name: str, *times: float) -> None:
    for number, ms in enumerate(times):
        stage.script[f"{name} time {number}"] = took(ms, number)


def test_those_that_need_it_alone_get_further_rounds(stage: Stage) -> None:
    # Three processes of 100 ms with 3 %: t = 4.30, so ±7.5 %; eight of them would give ±4.6 %. RFDN's are all alike.
    scatter(stage, "span", 97, 100, 103, *[100] * 20)
    records = {r.case.model.variant: r for r in stage.run("rfdn", "span", patience_s=15)}
    assert [line for line in stage.diary if line.startswith("more")] == ["more span"] * 4
    visits = {name: record.latency.visits for name, record in records.items() if record.latency}
    assert [visit.further for visit in visits["rfdn"]] == [False] * 3
    assert [visit.further for visit in visits["span"]] == [False] * 3 + [True] * 4
    assert [visit.round for visit in visits["span"]] == list(range(7))
    assert (records["span"].status, records["rfdn"].status) == ("VALID", "VALID")
    # RFDN is kept before anybody else gets more.
    assert stage.diary.index("keep rfdn VALID") < stage.diary.index("more span")


def test_each_further_round_has_a_server_of_its_own(stage: Stage) -> None:
    scatter(stage, "span", 97, 100, 103, *[100] * 20)
    stage.run("span", patience_s=15)
    assert stage.diary.count("fresh server") == 7


def test_patience_ends(stage: Stage) -> None:
    # A process takes 0.5 s of passes: patience for 2 s allows four more, of which all are needed but do not suffice.
    scatter(stage, "span", 97, 100, 103, 90, 110, 90, 110, 90, 110)
    [record] = stage.run("span", patience_s=2)
    assert record.latency is not None
    assert 1 <= sum(visit.further for visit in record.latency.visits) <= 4
    assert (record.status, "raise --patience (now 2 s)" in record.advice) == ("NOISY", True)


@pytest.mark.parametrize(
    ("times", "patience"),
    [
        ((60, 100, 160), 15),  # hopeless: ±120 % needs hundreds of rounds
        ((97, 100, 103), 0),
        ((97, 100, 103), 0.4),  # less than one process
        ((100, 100.5, 101), 15),  # narrow enough
    ],
)
def test_nobody_gets_rounds_that_do_not_help(stage: Stage, times: tuple[float, ...], patience: float) -> None:
    scatter(stage, "span", *times)
    stage.run("span", patience_s=patience)
    assert not [line for line in stage.diary if line.startswith("more")]


def test_a_network_that_others_disturbed_gets_no_further_rounds(stage: Stage) -> None:
    for number, ms in enumerate((97, 100, 103)):
        visit = make_visit(*[ms] * 9, round=number, others_cores=1.0)
        stage.script[f"span time {number}"] = timed(visit)
    [record] = stage.run("span", patience_s=15)
    assert record.status == "CONTENDED"
    assert not [line for line in stage.diary if line.startswith("more")]


def test_one_that_spends_its_budget_takes_part_in_three_rounds(stage: Stage) -> None:
    # Each process takes 5 s of passes; 15 s are spent after three.
    scatter(stage, "span", *[1000] * 8)
    scatter(stage, "rfdn", *[100] * 8)
    records = {r.case.model.variant: r for r in stage.run("rfdn", "span", rounds=8)}
    processes = {name: len(record.latency.visits) for name, record in records.items() if record.latency}
    assert processes == {"rfdn": 8, "span": 3}
    assert stage.said("finish").count("span time 3 left out") == 1
    assert records["span"].memory == make_memory()  # measured all the same
    # In a comparison every round is whole.
    [record] = stage.run("span", rounds=4, visits=2)
    assert record.latency is not None
    assert len(record.latency.visits) == 8


@pytest.mark.parametrize("stop", range(4, 9))
def test_further_rounds_go_on_where_they_were_ended(stage: Stage, tmp_path: Path, stop: int) -> None:
    scatter(stage, "span", 97, 100, 103, *[100] * 20)
    whole_records = stage.run("rfdn", "span", patience_s=15)
    whole = stage.said("run")
    scripted = dict(stage.script)
    stage.script[whole[stop]] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        stage.run("rfdn", "span", patience_s=15, log=begun(tmp_path))
    stage.script = scripted
    records = stage.run("rfdn", "span", patience_s=15, log=resumed(tmp_path))
    assert stage.said("run") == whole[stop:]
    assert [r.latency for r in records] == [r.latency for r in whole_records]


# --- With a journal


def test_a_process_is_on_the_disk_before_the_next_one_starts(stage: Stage, tmp_path: Path) -> None:
    log = begun(tmp_path)
    held: list[int] = []

    stage.before = lambda work: held.append(len(resumed(tmp_path).entries))
    stage.run(*NAMES, log=log)
    assert held == list(range(12))


@pytest.mark.parametrize("stop", range(0, 12, 3))
def test_what_is_finished_is_not_run_again(stage: Stage, tmp_path: Path, stop: int) -> None:
    stage.run(*NAMES)
    whole = stage.said("run")
    stage.script[whole[stop]] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        stage.run(*NAMES, log=begun(tmp_path))
    before = stage.said("run")
    assert before == whole[: stop + 1]

    stage.script.clear()
    log = resumed(tmp_path)
    records = stage.run(*NAMES, log=log)
    assert stage.said("run") == whole[stop:]  # the one that was cut off, and the rest
    assert len(records) == 3
    assert all(record.latency is not None and len(record.latency.visits) == 3 for record in records)
    assert len(log.entries) == 12
    # Those that the journal holds are told to the watcher all the same.
    assert len(stage.said("finish")) == 12


def test_a_round_that_goes_on_has_a_fresh_server_too(stage: Stage, tmp_path: Path) -> None:
    stage.run(*NAMES)
    stage.script[stage.said("run")[1]] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        stage.run(*NAMES, log=begun(tmp_path))
    stage.script.clear()
    stage.run(*NAMES, log=resumed(tmp_path))
    assert stage.diary.index("fresh server") < next(i for i, line in enumerate(stage.diary) if line.startswith("run"))
    assert stage.diary.count("fresh server") == 3


def test_a_failure_is_remembered_and_not_tried_again(stage: Stage, tmp_path: Path) -> None:
    stage.script["rfdn time 0"] = Failure(status="CRASH", reason="gone", detail="Traceback")
    stage.script["span memory"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        stage.run(*NAMES, log=begun(tmp_path))
    stage.script.clear()
    records = {record.case.model.variant: record for record in stage.run(*NAMES, log=resumed(tmp_path))}
    assert not [line for line in stage.said("run") if line.startswith("rfdn")]
    assert (records["rfdn"].status, records["rfdn"].detail) == ("CRASH", "Traceback")
    assert records["span"].status == "VALID"


def test_a_record_that_could_not_be_stored_is_stored_by_the_next_attempt(stage: Stage, tmp_path: Path) -> None:
    def full(_: Record) -> None:
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space"):
        stage.run("bsrn", log=begun(tmp_path), keep=full)
    records = stage.run("bsrn", log=resumed(tmp_path), keep=lambda record: _store(tmp_path, record))
    assert stage.said("run") == []  # its processes were all kept
    assert store.read(tmp_path, pytest.fail) == records


def _store(folder: Path, record: Record) -> None:
    store.write(folder, record)
