"""From the answers of a case's processes to its record."""

from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

import pytest

from srbench import machine
from srbench.assemble import OpenCase, Plan
from srbench.counts import Count, CounterName
from srbench.failures import Failure
from srbench.journal import Step
from srbench.measure import counters
from srbench.records import Settings, Status, Visit
from tests.builders import (
    make_case,
    make_counts,
    make_entry,
    make_machine,
    make_memory,
    make_plan,
    make_settings,
    make_visit,
    timed,
    watched,
)

TIME, MEMORY = Step(task="time", case=0), Step(task="memory", case=0)
FVCORE, THOP = Step(task="fvcore", case=0), Step(task="thop", case=0)


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "describe", make_machine)
    monkeypatch.setattr(machine, "usable_cores", lambda: 2)


def opened(
    plan: Plan | None = None, *counters: CounterName, settings: Settings | None = None, answers: int = 0
) -> OpenCase:
    """A case of which so many timed processes have answered."""
    case = OpenCase(plan or make_plan(), settings or make_settings(), counters)
    for number in range(answers):
        case.take(make_entry(TIME, timed(make_visit(*[100, 101] * 6, round=number))))
    return case


def test_a_record_is_all_that_was_answered() -> None:
    case = opened(answers=2)
    case.take(make_entry(MEMORY, watched()))
    case.take(make_entry(TIME, timed(make_visit(*[100, 101] * 6, round=2))))
    before = datetime.now(UTC)
    record = case.record()
    assert (record.case, record.machine, record.srbench_version) == (make_case(), make_machine(), version("srbench"))
    assert record.latency is not None
    assert [visit.round for visit in record.latency.visits] == [0, 1, 2]
    assert (record.memory, record.complexity) == (make_memory(), make_counts())
    assert (record.status, record.reason, record.advice, record.detail) == ("VALID", "", "", "")
    assert before <= record.finished <= datetime.now(UTC)


def test_settings_are_those_that_the_first_process_read_back() -> None:
    case = opened()
    for threads in (1, 7):
        case.take(make_entry(TIME, timed(make_visit(100, 100, 100), threads=threads)))
    assert case.record().settings.threads == 1


def test_settings_are_those_asked_for_where_no_process_got_so_far() -> None:
    case = opened(settings=make_settings(rounds=9))
    case.take(make_entry(TIME, Failure(status="CRASH", reason="gone")))
    assert case.record().settings == make_settings(rounds=9)


@pytest.mark.parametrize(
    ("visits", "status"),
    [
        ([make_visit(100, 100)], "SHORT"),
        ([make_visit(*[100] * 20, others_cores=1.0)] * 3, "CONTENDED"),
        ([make_visit(*[ms] * 20, round=i) for i, ms in enumerate((80, 100, 120))], "NOISY"),
    ],
)
def test_a_runtime_is_judged(visits: list[Visit], status: str) -> None:
    case = opened()
    for visit in visits:
        case.take(make_entry(TIME, timed(visit)))
    record = case.record()
    assert record.status == status
    assert record.reason
    assert record.advice
    assert not record.failed


# --- Failures


@pytest.mark.parametrize("status", ["OOM", "CRASH", "TIMEOUT", "MISMATCH", "UNSUPPORTED"])
def test_the_first_failure_is_the_records(status: Status) -> None:
    case = opened(answers=1)
    assert case.failure is None
    answer = Failure(status=status, reason="this happened", detail="Traceback\n  ...")
    case.take(make_entry(TIME, answer))
    assert case.failure == answer
    record = case.record()
    assert (record.status, record.reason, record.detail) == (status, "this happened", "Traceback\n  ...")
    assert record.latency is not None
    assert len(record.latency.visits) == 1


def test_a_failure_goes_before_what_the_runtime_is_worth() -> None:
    case = opened()
    for _ in range(3):
        case.take(make_entry(TIME, timed(make_visit(*[100] * 20, others_cores=1.0))))
    case.take(make_entry(MEMORY, Failure(status="OOM", reason="no room")))
    record = case.record()
    assert (record.status, record.reason, record.memory) == ("OOM", "no room", None)


def test_the_passes_of_a_timeout_are_kept() -> None:
    case = opened()
    visit = make_visit()
    slow = Failure(status="TIMEOUT", reason="its first pass took 280 s")
    case.take(make_entry(TIME, timed(visit, problem=slow)))
    record = case.record()
    assert record.latency is not None
    assert record.latency.visits == (visit,)
    assert record.latency.interval is None


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Failure(status="TIMEOUT", reason="slow"), "raise --timeout (now 4.5 s) or choose a smaller --gt"),
        (Failure(status="CRASH", reason="gone", detail="Traceback"), "the record holds the traceback"),
        (Failure(status="CRASH", reason="gone"), ""),  # killed: it left none
        (Failure(status="MISMATCH", reason="wrong", detail="Traceback"), ""),
        (Failure(status="UNSUPPORTED", reason="odd", detail="Traceback"), ""),
    ],
)
def test_the_advice_on_a_failure(answer: Failure, said: str) -> None:
    case = opened(settings=make_settings(timeout_s=4.5))
    case.take(make_entry(TIME, answer))
    assert case.record().advice == said


# --- A network that could not be counted

ODD = Failure(status="CRASH", reason="TypeError: needs real numbers", detail="Traceback of the count")


def test_it_is_timed_and_says_what_is_missing() -> None:
    case = opened(Plan(make_case(), None, ODD), answers=3)
    assert case.failure is None
    record = case.record()
    assert (record.status, record.reason) == ("VALID", "not counted from shapes (TypeError: needs real numbers)")
    assert (record.complexity, record.detail) == (None, "Traceback of the count")
    assert not record.failed


def test_of_shapes_alone_that_is_a_failure() -> None:
    case = opened(Plan(make_case(device="none"), None, ODD))
    assert case.failure == ODD
    assert (case.record().status, case.record().reason) == ("CRASH", "TypeError: needs real numbers")


def test_a_failure_of_its_own_goes_before_the_missing_counts() -> None:
    case = opened(Plan(make_case(), None, ODD))
    case.take(make_entry(TIME, Failure(status="MISMATCH", reason="not an image", detail="Traceback of the pass")))
    assert (case.record().status, case.record().reason) == ("MISMATCH", "not an image")
    assert case.record().detail == "Traceback of the pass"


# --- Other counters


def test_counters_stand_in_the_order_asked_for() -> None:
    case = opened(None, "torch", "fvcore", "thop", answers=1)
    thop = Count(counter="thop", version="0.1.1", multi_adds=5)
    case.take(make_entry(THOP, thop))
    case.take(make_entry(FVCORE, Failure(status="CRASH", reason="it cannot trace this", detail="Traceback")))
    ours, failed, found = case.record().counts
    # Ours is what was counted from shapes: BSRN x4, official_counts.csv.
    assert (ours.counter, ours.multi_adds, ours.version) == ("torch", 19_177_176_448, version("torch"))
    assert (failed.counter, failed.multi_adds, failed.error) == ("fvcore", None, "it cannot trace this")
    assert found == thop
    assert case.failure is None  # another counter may fail on a network that runs well
    assert case.record().detail == ""


def test_without_our_count_there_is_nothing_to_compare() -> None:
    case = opened(Plan(make_case(), None, ODD), "torch", "thop", answers=1)
    assert [count.multi_adds for count in case.record().counts] == [None, None]
    assert all(count.error == "not counted from shapes: nothing to compare" for count in case.record().counts)


def test_no_counters_no_counts() -> None:
    assert opened(answers=1).record().counts == ()


def test_a_counter_that_is_not_installed_fails_without_a_version(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(package: str) -> str:
        raise PackageNotFoundError(package)

    monkeypatch.setattr(counters, "version", missing)
    case = opened(None, "fvcore", "thop", answers=1)
    case.take(make_entry(FVCORE, Failure(status="CRASH", reason="it was ended")))
    failed, not_run = case.record().counts
    assert (failed.version, failed.error) == ("", "it was ended")
    assert (not_run.version, not_run.multi_adds) == ("", None)
