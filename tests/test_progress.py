"""How a run goes, in lines on stderr, and how long it will take: with a scripted clock."""

import sys
from collections.abc import Sequence

import pytest

from srbench import progress
from srbench.assemble import Plan
from srbench.counts import Count
from srbench.failures import Failure
from srbench.journal import Entry, Step
from srbench.progress import Forecast, Lines, LiveBar, Quiet, choose, describe, label, outcome, result
from srbench.records import Settings
from srbench.runner import Watcher, steps_of
from srbench.tasks import Agreed, Progress, Timed, Watched
from tests.builders import (
    MIB,
    agreed,
    make_case,
    make_counts,
    make_entry,
    make_latency,
    make_memory,
    make_model,
    make_plan,
    make_record,
    make_settings,
    make_size,
    make_visit,
    timed,
    watched,
)

#: 1 G and 3 G Multi-Adds.
SMALL, LARGE = make_plan("bsrn", multi_adds=10**9), make_plan("span", multi_adds=3 * 10**9)


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(progress, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def forecast(plans: Sequence[Plan], settings: Settings) -> tuple[Forecast, list[Step]]:
    steps = steps_of(plans, settings, ("torch",))
    return Forecast(plans, settings, steps), steps


def took(step: Step, ms: float) -> Entry:
    """A timed process whose passes took so long."""
    return make_entry(step, timed(make_visit(ms, ms, ms)))


# --- How long it will take


def test_before_anything_is_known() -> None:
    # 1.5 s for each round; a timed process 0.2 s and its share of the budget, 15 s / 3; memory 0.2 s and two passes at
    # 100 G Multi-Adds a second.
    ahead, _ = forecast([SMALL], make_settings())
    assert ahead.left_s() == pytest.approx(3 * 1.5 + 3 * (0.2 + 5) + 0.2 + 2 * 0.01)


def test_slow_networks_need_more_than_their_budget() -> None:
    # 1 T Multi-Adds: 10 s a pass; two passes before the samples and two samples for each of three processes.
    ahead, _ = forecast([make_plan(multi_adds=10**12)], make_settings())
    assert ahead.left_s() == pytest.approx(3 * 1.5 + 3 * (0.2 + 40) + 0.2 + 20)


def test_a_batch_takes_longer() -> None:
    case = make_case(size=make_size(batch=4))
    ahead, _ = forecast([Plan(case, make_counts(multi_adds=10**12))], make_settings(rounds=1))
    # One process takes three samples.
    assert ahead.left_s() == pytest.approx(1.5 + 0.2 + 5 * 40 + 0.2 + 80)


def test_a_network_without_counts_takes_its_budget() -> None:
    ahead, _ = forecast([Plan(make_case(), None)], make_settings(rounds=1))
    assert ahead.left_s() == pytest.approx(1.5 + 0.2 + 15 + 0.2)


def test_a_visit_tells_the_pace_of_its_case_and_of_the_others() -> None:
    ahead, steps = forecast([SMALL, LARGE], make_settings(rounds=1))
    (time, memory), (other_time, other_memory) = ([s for s in steps if s.case == steps[0].case], steps[2:])
    assert [s.task for s in (time, memory, other_time, other_memory)] == ["time", "memory"] * 2
    small_first = time.case == 0
    pass_s = 20.0 if small_first else 60.0  # 20 s for each G
    ahead.finish(time, took(time, 1000 * pass_s))
    other_s = 80.0 - pass_s
    assert ahead.left_s() == pytest.approx((0.2 + 2 * pass_s) + 1.5 + (0.2 + 5 * other_s) + (0.2 + 2 * other_s))


def test_time_passes_while_a_process_runs(clock: Clock) -> None:
    ahead, steps = forecast([SMALL], make_settings())
    whole = ahead.left_s()
    ahead.start()
    clock.now += 3
    assert ahead.left_s() == pytest.approx(whole - 3)
    clock.now += 100  # a process that takes too long does not eat the time of the others
    assert ahead.left_s() == pytest.approx(whole - 5.2)
    ahead.finish(steps[0], took(steps[0], 10))
    # Its round is over with it.
    assert ahead.left_s() == pytest.approx(whole - 5.2 - 1.5)


def test_when_all_is_over_nothing_is_left(clock: Clock) -> None:
    ahead, steps = forecast([SMALL, LARGE], make_settings())
    for step in steps:
        ahead.start()
        clock.now += 1
        ahead.finish(step, None if step.case else took(step, 10))
    assert ahead.left_s() == 0


# --- Lines


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[str]:
    captured = capsys.readouterr()
    assert captured.out == ""  # stdout is the table's
    return captured.err.splitlines()


def test_what_a_run_prints(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    plans, settings = [SMALL], make_settings(rounds=2, budget_s=20.0)
    first, second, memory = steps_of(plans, settings, ("torch",))
    lines = Lines()
    lines.begin(plans, settings, [first, second, memory])
    # 2 * 1.5 + 2 * (0.2 + 10) + 0.2 + 0.02 s
    assert lines_of(capsys) == ["1 case(s), 3 processes, about 24 s"]

    lines.start(first)
    clock.now += 4
    lines.sample(Progress(samples=3, last_ms=1.0))
    assert lines_of(capsys) == []  # not a word while it is measured
    lines.finish(first, took(first, 1234.5))
    # 1.5 + 0.2 + 10 + 0.2 + 2 * 1.2345
    assert lines_of(capsys) == ["[1/3] bsrn x4, round 1 of 2: 1,234.5 ms (3 passes); about 14 s left"]

    lines.finish(second, make_entry(second, Failure(status="OOM", reason="no room")))
    assert lines_of(capsys) == ["[2/3] bsrn x4, round 2 of 2: OOM: no room; about 3 s left"]
    lines.finish(memory, None)  # left out: no line
    assert lines_of(capsys) == []
    lines.done(make_record(status="OOM", reason="no room"))
    lines.end()
    assert lines_of(capsys) == ["bsrn x4: OOM: no room"]


def test_what_is_left_out_counts_as_over(capsys: pytest.CaptureFixture[str]) -> None:
    plans, settings = [SMALL, LARGE], make_settings(rounds=1)
    steps = steps_of(plans, settings, ("torch",))
    lines = Lines()
    lines.begin(plans, settings, steps)
    lines.finish(steps[0], make_entry(steps[0], Failure(status="CRASH", reason="gone")))
    lines.finish(steps[1], None)
    capsys.readouterr()
    lines.finish(steps[2], took(steps[2], 10))
    [line] = lines_of(capsys)
    assert line.startswith("[3/4] ")


def test_of_shapes_alone_only_the_outcome_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    lines.begin([make_plan(device="none")], make_settings(), [])
    lines.done(make_record(make_case(device="none"), latency=None, memory=None))
    lines.end()
    assert lines_of(capsys) == ["bsrn x4: 352.4 K params, 19.18 G"]


@pytest.mark.parametrize(
    ("budget_s", "said"),
    [(10.0, "about 12 s"), (57.5, "about 59 s"), (58.4, "about 1 min 00 s"), (3600.0, "about 60 min 02 s")],
)
def test_times_are_in_minutes_and_seconds(budget_s: float, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    # 1.5 + 0.2 s beside the budget, and 0.2 + 0.02 s for memory, rounded.
    settings = make_settings(rounds=1, budget_s=budget_s)
    lines = Lines()
    lines.begin([SMALL], settings, steps_of([SMALL], settings, ("torch",)))
    assert lines_of(capsys) == [f"1 case(s), 2 processes, {said}"]


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    follow(Quiet())
    assert lines_of(capsys) == []


def test_a_bar_leaves_the_outcomes(capsys: pytest.CaptureFixture[str]) -> None:
    follow(LiveBar())
    assert "bsrn x4: 104.0 ms" in "\n".join(lines_of(capsys))


def follow(watcher: Watcher) -> None:
    """A whole run of one case."""
    plans, settings = [SMALL], make_settings()
    steps = steps_of(plans, settings, ("torch",))
    watcher.begin(plans, settings, steps)
    for step in steps:
        watcher.start(step)
        watcher.sample(Progress(samples=0, last_ms=1.0))
        watcher.sample(Progress(samples=5, last_ms=1.0))
        watcher.finish(step, took(step, 10))
    watcher.done(make_record())
    watcher.end()


@pytest.mark.parametrize(
    ("quiet", "terminal", "kind"),
    [(True, True, Quiet), (True, False, Quiet), (False, True, LiveBar), (False, False, Lines)],
)
def test_the_display_suits_stderr(
    quiet: bool, terminal: bool, kind: type[Quiet], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    assert type(choose(quiet=quiet)) is kind


# --- In few words


def test_a_case_in_few_words() -> None:
    assert label(make_case("imdn-rtc", 2)) == "imdn-rtc x2"
    assert label(make_case(model=make_model(form="train"))) == "bsrn@train x4"


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Step(task="time", case=1, round=2, place=0), "span x4, round 3 of 3"),
        (Step(task="memory", case=0), "bsrn x4, memory"),
        (Step(task="fvcore", case=0), "bsrn x4, fvcore"),
        (Step(task="thop", case=1), "span x4, thop"),
    ],
)
def test_a_process_in_few_words(step: Step, words: str) -> None:
    assert describe(step, [SMALL, LARGE], make_settings()) == words


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (timed(make_visit(3, 1, 2)), "2.0 ms (3 passes)"),
        (timed(make_visit(1234.56, 1234.56)), "1,234.6 ms (2 passes)"),
        (watched(make_memory(1536 * MIB)), "peak 1,536.0 MiB"),
        (timed(make_visit(), problem=Failure(status="TIMEOUT", reason="slow")), "TIMEOUT: slow"),
        (Count(counter="thop", version="1", multi_adds=1), "done"),
        (agreed(54.321), "54.3 dB"),
        (agreed(None, build_ns=12_340_000_000), "equal to eager float32, built in 12.3 s"),
    ],
)
def test_a_result_in_few_words(answer: Agreed | Timed | Watched | Count | Failure, words: str) -> None:
    assert result(make_entry(Step(task="time", case=0), answer)) == words


def test_an_outcome_in_one_line() -> None:
    # Of 101 to 107 ms the median is 104 and the interval of seven samples their range: 3 of 104 to both sides.
    assert outcome(make_record()) == "bsrn x4: 104.0 ms ±2.9% (7 passes in 1 process(es)), peak 150.0 MiB"


@pytest.mark.parametrize("status", ["NOISY", "DRIFTING", "THROTTLED", "CONTENDED", "SHORT"])
def test_a_doubtful_outcome_says_so(status: str) -> None:
    record = make_record(latency=make_latency([100] * 4, [100] * 4, [100] * 4), memory=None)
    record = record.model_copy(update={"status": status})
    assert outcome(record) == f"bsrn x4: 100.0 ms ±0.0% (12 passes in 3 process(es)) [{status}]"


def test_an_outcome_without_any_number_is_its_status() -> None:
    assert outcome(make_record(latency=None, memory=None, complexity=None)) == "bsrn x4: VALID"
