"""Many cases with scripted processes: which run, in which order, and what is kept when something goes wrong."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srbench import journal, machine, runner, store
from srbench.assemble import Plan
from srbench.failures import Failure
from srbench.journal import Entry, Header, Journal, Step
from srbench.records import CounterName, Frozen, Record, Settings
from srbench.tasks import Agree, Count, Memory, Progress, Time, Timed, Watched
from srbench.work import News, Result, Work, no_news
from tests.builders import (
    NOON,
    agreed,
    make_case,
    make_counts,
    make_machine,
    make_memory,
    make_plan,
    make_settings,
    make_visit,
    timed,
    watched,
)

NAMES = ("bsrn", "rfdn", "span")


def what(step: Step, plans: Sequence[Plan]) -> str:
    """A process in a word: ``bsrn time 0``."""
    variant = plans[step.case].case.model.variant
    return f"{variant} {step.task} {step.round}" if step.task == "time" else f"{variant} {step.task}"


def asked(work: Work[Any, Any]) -> str:
    """The same of a piece of work."""
    assert isinstance(work, Time | Memory | Agree | Count)
    variant = work.case.model.variant
    if isinstance(work, Time):
        return f"{variant} time {work.round}"
    return f"{variant} {work.counter if isinstance(work, Count) else type(work).__name__.lower()}"


class Stage:
    """A launcher with a result for every process, by script, and a diary of all that happens."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.diary: list[str] = []
        self.script: dict[str, Frozen | BaseException] = {}
        self.plans: Sequence[Plan] = ()
        self.before: Callable[[object], None] = lambda work: None
        monkeypatch.setattr(machine, "describe", make_machine)
        monkeypatch.setattr(machine, "usable_cores", lambda: 2)

    def renew(self) -> None:
        self.diary.append("fresh server")

    def launch(
        self,
        work: Work[Result, News],
        timeout_s: float,
        report: Callable[[News], None] = no_news,
        *,
        from_last_news: bool = False,
    ) -> Result | Failure:
        self.before(work)
        self.diary.append(f"run {asked(work)}")
        if isinstance(work, Time):
            cast(Callable[[Progress], None], report)(Progress(samples=7, last_ms=1.5))
        scripted = self.script.get(asked(work), self._usual(work))
        if isinstance(scripted, BaseException):
            raise scripted
        if isinstance(scripted, Timed | Watched):
            assert isinstance(work, Time | Memory)
            scripted = scripted.model_copy(update={"settings": work.settings})
        assert isinstance(scripted, work.result | Failure)
        return scripted

    def _usual(self, work: Work[Any, Any]) -> Frozen:
        if isinstance(work, Time):
            return timed(make_visit(100, 101, 102, round=work.round, place=work.place))
        if isinstance(work, Agree):
            return agreed()
        return watched() if isinstance(work, Memory) else Failure(status="CRASH", reason="no counter")

    # What a watcher is told.

    def begin(self, plans: Sequence[Plan], settings: Settings, steps: Sequence[Step]) -> None:
        self.plans = plans
        self.diary.append(f"begin {len(steps)}")

    def start(self, step: Step) -> None:
        self.diary.append(f"start {what(step, self.plans)}")

    def sample(self, progress: Progress) -> None:
        assert progress == Progress(samples=7, last_ms=1.5)

    def finish(self, step: Step, entry: Entry | None) -> None:
        word = "left out" if entry is None else entry.failure.status if entry.failure else "VALID"
        assert entry is None or entry.step == step
        self.diary.append(f"finish {what(step, self.plans)} {word}")

    def more(self, steps: Sequence[Step]) -> None:
        self.diary.append(f"more {' '.join(sorted(self.plans[step.case].case.model.variant for step in steps))}")

    def done(self, record: Record) -> None:
        self.diary.append(f"done {record.case.model.variant}")

    def end(self) -> None:
        self.diary.append("end")

    # How a test asks.

    def keep(self, record: Record) -> None:
        self.diary.append(f"keep {record.case.model.variant} {record.status}")

    def run(
        self,
        *names: str,
        counters: tuple[CounterName, ...] = ("torch",),
        log: Journal | None = None,
        device: str = "cpu",
        keep: Callable[[Record], None] | None = None,
        **settings: Any,
    ) -> list[Record]:
        self.diary.clear()
        plans = [make_plan(name, device=device) for name in names]
        return runner.run(plans, make_settings(**settings), counters, keep or self.keep, self, log, self)

    def said(self, word: str) -> list[str]:
        return [line.removeprefix(f"{word} ") for line in self.diary if line.startswith(f"{word} ")]


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


def begun(folder: Path) -> Journal:
    header = Header(
        srbench_version="0.1.0",
        started=NOON,
        machine=make_machine(),
        settings=make_settings(),
        counters=("torch",),
        cases=tuple(make_case(name) for name in NAMES),
        sources={},
    )
    return journal.begin(folder, header)[0]


def resumed(folder: Path) -> Journal:
    found = journal.resume(folder)
    assert found is not None
    return found[1]


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
