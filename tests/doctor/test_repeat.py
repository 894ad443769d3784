"""A network against itself: scripted records in, the floor and findings out."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from srbench import runner
from srbench.cases import Case
from srbench.doctor import repeat
from srbench.doctor.repeat import Outcome
from srbench.facts import Machine
from srbench.machine import noise
from srbench.records import Latency, Record, Settings, Status
from tests.builders import make_case, make_machine, make_record, make_visit

NOW = datetime(2024, 5, 17, 12, tzinfo=UTC)


def record(*medians_ms: float, status: Status = "VALID", rounds: Sequence[int] | None = None, **changes: Any) -> Record:
    """One visit for each round, its samples around the median given."""
    numbers = rounds if rounds is not None else range(len(medians_ms))
    visits = [make_visit(ms * 0.9, ms, ms * 1.2, round=number) for number, ms in zip(numbers, medians_ms, strict=True)]
    return make_record(status=status, latency=Latency(visits=tuple(visits)), **changes)


def judged(first: Record, second: Record) -> Outcome:
    return repeat.judge(first, second, make_machine(), NOW)


def test_the_floor_comes_from_the_pairs_of_the_rounds() -> None:
    first, second = record(100, 100, 100, 100), record(101, 99, 102, 100)
    found = judged(first, second)
    assert found.floor is not None
    assert found.floor.ratios == pytest.approx((1.01, 0.99, 1.02, 1.0))
    assert found.floor.floor == pytest.approx(noise.floor_of([1.01, 0.99, 1.02, 1.0]))
    assert (found.floor.rounds, found.floor.measured, found.floor.machine) == (4, NOW, make_machine().name)
    assert (found.floor.device, found.floor.threads) == ("cpu", 2)
    assert found.floor.versions["torch"] == "2.6.0"
    assert found.floor.what == "bsrn x4, LR 320x180"
    [finding] = found.findings
    assert finding.sentence.startswith("bsrn x4, LR 320x180 against itself in 4 rounds: ratios 0.990 to 1.020")


def test_rounds_are_paired_whatever_order_they_came_in() -> None:
    found = judged(record(100, 200, 300, rounds=(0, 1, 2)), record(330, 110, 220, rounds=(2, 0, 1)))
    assert found.floor is not None
    assert found.floor.ratios == pytest.approx((1.1, 1.1, 1.1))


def test_drift_that_both_share_is_no_noise() -> None:
    found = judged(record(100, 150, 300), record(100, 150, 300))
    assert found.floor is not None
    assert found.floor.floor == noise.LEAST_FLOOR
    assert found.findings[0].level == "ok"


def test_a_noisy_machine_is_noted() -> None:
    found = judged(record(100, 100, 100), record(110, 95, 104))
    assert found.findings[0].level == "note"


def test_a_run_that_failed_gives_no_floor() -> None:
    failed = make_record(status="CRASH", reason="the process was ended by SIGSEGV", latency=None)
    found = judged(record(100, 100, 100), failed)
    assert found.floor is None
    [finding] = found.findings
    assert finding.level == "unfit"
    assert "CRASH: the process was ended by SIGSEGV" in finding.sentence


def test_two_pairs_are_too_few() -> None:
    found = judged(record(100, 100), record(100, 100))
    assert found.floor is None
    assert "only 2 rounds gave a pair" in found.findings[0].sentence


@pytest.mark.parametrize(("status", "level"), [("CONTENDED", "unfit"), ("THROTTLED", "note")])
def test_what_disturbed_it_is_told(status: Status, level: str) -> None:
    disturbed = record(100, 100, 100, status=status, reason="the reason", advice="the advice")
    found = judged(record(100, 100, 100), disturbed)
    assert found.floor is not None
    finding = found.findings[1]
    assert (finding.level, finding.sentence, finding.advice) == (level, "the reason", "the advice")


def test_a_neighbour_that_came_for_one_process_is_told() -> None:
    quiet = record(100, 100, 100)
    assert quiet.latency is not None
    first, *rest = quiet.latency.visits
    crowded = Latency(visits=(first.model_copy(update={"others_cores": 0.9}), *rest))
    found = judged(quiet.model_copy(update={"latency": crowded}), quiet)
    assert found.findings[1].level == "unfit"
    assert (
        found.findings[1].sentence
        == "other programs used up to 0.90 of the 2 cores in 1 of the 6 processes of that run"
    )


@pytest.mark.parametrize(
    ("device", "threads", "expected_threads", "lr"),
    [("cpu", 1, 1, (64, 64)), ("cuda:0", None, None, (320, 180))],
)
def test_the_same_network_runs_as_two(
    monkeypatch: pytest.MonkeyPatch, device: str, threads: int | None, expected_threads: int | None, lr: tuple[int, int]
) -> None:
    monkeypatch.setattr(runner, "look_ahead", lambda cases, settings: list(cases))

    def measure(cases: Sequence[Case], settings: Settings, *_: object) -> list[Record]:
        one, two = cases
        assert one == two
        assert (one.device, one.threads) == (device, expected_threads)
        assert (one.size.lr_width, one.size.lr_height) == lr
        assert settings.rounds == repeat.ROUNDS
        return [record(100, 100, 100, case=one), record(100, 100, 100, case=two)]

    found = repeat.run(device, threads, make_machine(), measure)
    assert found.floor is not None
    assert found.floor.device == device


def test_the_default_is_every_usable_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeat, "usable_cores", lambda: 6)
    monkeypatch.setattr(runner, "look_ahead", lambda cases, settings: list(cases))

    def measure(cases: Sequence[Case], *_: object) -> list[Record]:
        assert {case.threads for case in cases} == {6}
        return [make_record(make_case(), latency=None)] * 2

    machine: Machine = make_machine()
    assert repeat.run("cpu", None, machine, measure).floor is None
