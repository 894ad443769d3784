"""Many cases with scripted processes: which run, in which order, and what is kept when something goes wrong."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srbench import runner
from srbench.assemble import Plan
from srbench.failures import Failure
from srbench.journal import Step
from tests.builders import (
    make_case,
    make_counts,
    make_memory,
    make_plan,
    make_settings,
)
from tests.stage import NAMES, Stage


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


# --- The order


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_every_round_holds_each_case_once_and_memory_is_in_the_last(cases: int, rounds: int, seed: int) -> None:
    plans = [make_plan() for _ in range(cases)]
    steps = runner.steps_of(plans, make_settings(rounds=rounds, seed=seed), ("torch",))
    timed = [step for step in steps if step.task == "time"]
    assert [step.round for step in timed] == sorted(step.round for step in timed)
    for number in range(rounds):
        here = [step for step in timed if step.round == number]
        assert sorted(step.case for step in here) == list(range(cases))
        assert [step.place for step in here] == list(range(cases))
    memory = [step for step in steps if step.task == "memory"]
    assert sorted(step.case for step in memory) == list(range(cases))
    assert {step.round for step in memory} == {rounds - 1}
    for step in memory:  # right after the last timed process of the same case
        before = steps[steps.index(step) - 1]
        assert (before.task, before.case, before.round) == ("time", step.case, rounds - 1)
    assert len(set(steps)) == len(steps) == cases * (rounds + 1)


def test_a_comparison_visits_each_case_twice_in_a_round() -> None:
    plans = [make_plan(name) for name in ("bsrn", "rfdn", "span")]
    steps = runner.steps_of(plans, make_settings(rounds=4, visits=2), ())
    timed = [step for step in steps if step.task == "time"]
    assert Counter((step.round, step.case) for step in timed) == {(r, c): 2 for r in range(4) for c in range(3)}
    # Each half of a round holds every case, so that what lasts for half of it hits all; places tell the steps apart.
    assert all({step.case for step in timed[start : start + 3]} == {0, 1, 2} for start in range(0, 24, 3))
    assert [step.place for step in timed] == list(range(6)) * 4
    assert Counter(step.case for step in steps if step.task == "memory") == {0: 1, 1: 1, 2: 1}


def test_the_order_is_that_of_the_seed() -> None:
    plans = [make_plan() for _ in range(5)]

    def order(seed: int) -> list[Step]:
        return runner.steps_of(plans, make_settings(seed=seed), ("torch",))

    assert order(3) == order(3)
    assert len({tuple(order(seed)) for seed in range(20)}) > 15  # of 120 ** 3 orders


def test_no_case_always_follows_the_same_neighbour() -> None:
    plans = [make_plan() for _ in range(4)]
    timed = [s for s in runner.steps_of(plans, make_settings(rounds=200), ("torch",)) if s.task == "time"]
    first = Counter(step.case for step in timed if step.place == 0)
    # 50 times each, give or take four standard deviations of a quarter of 200.
    assert all(abs(first[case] - 50) <= 4 * (200 * 0.25 * 0.75) ** 0.5 for case in range(4))


def test_the_order_does_not_touch_the_random_numbers_of_others() -> None:
    random.seed(1)
    expected = random.random()
    random.seed(1)
    runner.steps_of([make_plan()] * 3, make_settings(), ("torch",))
    assert random.random() == expected


def test_other_counters_come_first_and_only_for_what_was_counted() -> None:
    plans = [make_plan("bsrn"), Plan(make_case("mine"), None, Failure(status="CRASH", reason="not on meta"))]
    steps = runner.steps_of(plans, make_settings(rounds=1), ("torch", "fvcore", "thop"))
    assert [(step.task, step.case) for step in steps[:2]] == [("fvcore", 0), ("thop", 0)]
    assert sorted(step.case for step in steps if step.task == "time") == [0, 1]


def test_of_shapes_alone_there_is_nothing_to_run() -> None:
    assert runner.steps_of([make_plan(device="none")], make_settings(), ("torch",)) == []


# --- A run


def test_a_run_from_begin_to_end(stage: Stage) -> None:
    records = stage.run("bsrn", rounds=2)
    assert stage.diary == [
        "begin 3",
        *("fresh server", "start bsrn time 0", "run bsrn time 0", "finish bsrn time 0 VALID"),
        *("fresh server", "start bsrn time 1", "run bsrn time 1", "finish bsrn time 1 VALID"),
        *("start bsrn memory", "run bsrn memory", "finish bsrn memory VALID"),
        *("keep bsrn VALID", "done bsrn", "end"),
    ]
    [record] = records
    assert record.latency is not None
    assert [visit.round for visit in record.latency.visits] == [0, 1]
    assert record.memory == make_memory()
    assert record.complexity == make_counts()


def test_each_round_has_a_fork_server_of_its_own(stage: Stage) -> None:
    stage.run(*NAMES, rounds=4)
    timed = [line for line in stage.diary if line == "fresh server" or (line.startswith("run") and "time" in line)]
    assert [i for i, line in enumerate(timed) if line == "fresh server"] == [0, 4, 8, 12]


def test_a_record_is_kept_as_soon_as_its_last_process_is_done(stage: Stage) -> None:
    stage.run(*NAMES)
    last = {name: stage.diary.index(f"finish {name} memory VALID") for name in NAMES}
    for name in NAMES:
        assert stage.diary[last[name] + 1 : last[name] + 3] == [f"keep {name} VALID", f"done {name}"]


def test_places_are_those_of_the_order(stage: Stage) -> None:
    records = stage.run(*NAMES, rounds=3)
    order = [line for line in stage.said("run") if "time" in line]
    for record in records:
        assert record.latency is not None
        for visit in record.latency.visits:
            assert order[3 * visit.round + visit.place] == f"{record.case.model.variant} time {visit.round}"


def test_without_a_case_there_is_nothing_to_do(stage: Stage) -> None:
    assert stage.run() == []
    assert stage.diary == ["begin 0", "end"]


def test_shapes_alone_are_kept_at_once(stage: Stage) -> None:
    records = stage.run(*NAMES, device="none")
    assert stage.said("run") == []
    assert stage.said("keep") == [f"{name} VALID" for name in NAMES]
    assert all(record.latency is None and record.memory is None for record in records)


def test_shapes_with_other_counters_are_kept_after_those(stage: Stage) -> None:
    stage.run("bsrn", "span", counters=("torch", "thop"), device="none")
    expected = ["run bsrn thop", "keep bsrn VALID", "run span thop", "keep span VALID"]
    assert [line for line in stage.diary if line.startswith(("run", "keep"))] == expected


# --- What goes wrong


def test_a_case_that_fails_is_not_visited_again_and_the_others_go_on(stage: Stage) -> None:
    stage.script["rfdn time 1"] = Failure(status="CRASH", reason="the process was ended by SIGSEGV")
    records = stage.run(*NAMES)
    assert stage.said("run").count("rfdn time 0") == stage.said("run").count("rfdn time 1") == 1
    assert "rfdn time 2" not in stage.said("run")
    assert "rfdn memory" not in stage.said("run")
    assert {"rfdn time 2 left out", "rfdn memory left out"} <= set(stage.said("finish"))
    assert Counter(record.status for record in records) == {"VALID": 2, "CRASH": 1}
    # Every process is accounted for, so that a display reaches its end.
    assert len(stage.said("finish")) == int(stage.said("begin")[0]) == 12


def test_a_case_that_fails_is_kept_at_once_with_what_was_measured(stage: Stage) -> None:
    stage.script["rfdn time 1"] = Failure(status="OOM", reason="no room")
    [failed] = [record for record in stage.run(*NAMES) if record.failed]
    at = stage.diary.index("finish rfdn time 1 OOM")
    assert stage.diary[at + 1 : at + 3] == ["keep rfdn OOM", "done rfdn"]
    assert failed.latency is not None
    assert [visit.round for visit in failed.latency.visits] == [0]
    assert (failed.status, failed.reason, failed.memory) == ("OOM", "no room", None)


def test_a_failure_of_the_memory_process_keeps_the_runtime(stage: Stage) -> None:
    stage.script["bsrn memory"] = Failure(status="TIMEOUT", reason="no answer")
    [record] = stage.run("bsrn")
    assert (record.status, record.memory) == ("TIMEOUT", None)
    assert record.latency is not None
    assert len(record.latency.visits) == 3


def test_another_counter_may_fail_without_harm(stage: Stage) -> None:
    stage.script["bsrn fvcore"] = Failure(status="CRASH", reason="it cannot trace this")
    [record] = stage.run("bsrn", counters=("torch", "fvcore"))
    assert record.status == "VALID"
    assert record.counts[1].error == "it cannot trace this"


def test_the_watcher_is_told_of_the_end_whatever_happens(stage: Stage) -> None:
    stage.script["rfdn time 0"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        stage.run(*NAMES)
    assert stage.diary[-1] == "end"
    assert stage.said("keep") == []
