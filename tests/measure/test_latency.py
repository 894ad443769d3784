"""When passes run and which of them count, with a scripted clock: one tick is one nanosecond."""

from collections.abc import Iterator
from itertools import chain, repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srbench.measure.latency import MAX_SAMPLES, MAX_WARMUP, MIN_SAMPLES, WARMUP_SHARE, TimingPlan, measure_latency
from srbench.records import Latency

NEVER = 10**18


class Script:
    """A device whose passes take the scripted times, the last one for ever, and a clock that stands otherwise."""

    def __init__(self, *durations: int, drain: int = 0, telling: int = 0) -> None:
        self.now = 0
        self.events: list[str] = []
        self.told: list[tuple[int, int]] = []
        self._durations: Iterator[int] = chain(durations, repeat(durations[-1]))
        self._drain = drain  # work still under way when the call returns
        self._telling = telling  # how long a report takes
        self._pending = 0

    def clock(self) -> int:
        self.events.append("clock")
        return self.now

    def forward(self) -> None:
        self.events.append("forward")
        self.now += next(self._durations) - self._drain
        self._pending = self._drain

    def synchronize(self) -> None:
        self.events.append("synchronize")
        self.now += self._pending
        self._pending = 0

    def report(self, samples: int, last_ns: int) -> None:
        self.events.append("report")
        self.told.append((samples, last_ns))
        self.now += self._telling

    def measure(self, budget: int, deadline: int = NEVER) -> Latency:
        plan = TimingPlan(budget_ns=budget, deadline_ns=deadline)
        return measure_latency(self.forward, self.synchronize, plan, self.clock, self.report)


def counts(latency: Latency) -> tuple[int, int]:
    return len(latency.warmup_ns), len(latency.samples_ns)


def test_the_promised_constants() -> None:
    assert (MIN_SAMPLES, MAX_SAMPLES, WARMUP_SHARE, MAX_WARMUP) == (3, 2000, 0.2, 100)


def test_the_first_pass_is_kept_apart() -> None:
    latency = Script(900, 50, 10).measure(budget=1000)
    assert latency == Latency(cold_ns=900, warmup_ns=(50,), samples_ns=(10, 10, 10, 10, 10))  # 900 + 50 + 5 * 10


def test_warm_up_takes_a_fifth_of_the_budget() -> None:
    # The cold pass counts towards it: 10 + 19 * 10 = 200 of 1000.
    assert counts(Script(10).measure(budget=1000)) == (19, 80)


def test_at_least_one_warm_up_pass() -> None:
    assert counts(Script(10_000, 10).measure(budget=1000)) == (1, 3)


def test_warm_up_ends_after_a_hundred_passes() -> None:
    assert len(Script(1).measure(budget=10_000).warmup_ns) == 100


def test_at_least_three_samples_even_beyond_the_budget() -> None:
    latency = Script(1000).measure(budget=1)
    assert counts(latency) == (1, 3)
    assert latency.samples_ns == (1000, 1000, 1000)


def test_the_budget_ends_the_samples() -> None:
    # Cold, warm-up and samples together: the pass that reaches the budget is the last.
    assert counts(Script(100).measure(budget=1000)) == (1, 8)
    assert counts(Script(100).measure(budget=1001)) == (2, 8)


def test_never_more_than_two_thousand_samples() -> None:
    assert counts(Script(1).measure(budget=10**9)) == (100, 2000)


@pytest.mark.parametrize(
    ("deadline", "expected"),
    [
        (99, (0, 0)),  # the cold pass alone is beyond it: nothing more starts
        (199, (0, 0)),  # the second would end at 200
        (200, (0, 1)),  # one more fits: it is a sample, not a warm-up pass
        (299, (0, 1)),
        (300, (1, 1)),  # the warm-up pass leaves room for one sample
        (400, (1, 2)),
        (500, (1, 3)),
        (10_000, (1, 3)),
    ],
)
def test_the_deadline_leaves_fewer_samples_or_none(deadline: int, expected: tuple[int, int]) -> None:
    latency = Script(100).measure(budget=1, deadline=deadline)
    assert latency.cold_ns == 100
    assert counts(latency) == expected


def test_the_deadline_is_judged_by_the_last_pass() -> None:
    # A slow first pass does not stop the quick ones: 1000, then 100 each; from 1100 on 900 remain.
    script = Script(1000, 100)
    assert counts(script.measure(budget=10**6, deadline=3000)) == (19, 1)
    assert script.now == 3000
    # Nor does a quick one promise too much: after 300 at 800, another 300 would not fit into 1000.
    assert Script(100, 100, 300).measure(budget=1, deadline=1000).samples_ns == (300, 300)


def test_the_clock_is_read_between_two_synchronisations() -> None:
    script = Script(100)
    script.measure(budget=1, deadline=299)  # a cold pass and one sample
    passes = [i for i, event in enumerate(script.events) if event == "forward"]
    assert len(passes) == 2
    for i in passes:
        assert script.events[i - 2 : i + 3] == ["synchronize", "clock", "forward", "synchronize", "clock"]


def test_a_sample_lasts_until_the_device_has_finished() -> None:
    # The call returns after 20, the device works on for 80.
    assert Script(100, drain=80).measure(budget=1).samples_ns == (100, 100, 100)


def test_reports_are_no_part_of_a_sample() -> None:
    script = Script(100, telling=70)
    latency = script.measure(budget=1)
    assert latency.warmup_ns + latency.samples_ns == (100,) * 4
    assert script.told == [(0, 100), (1, 100), (2, 100), (3, 100)]
    for i in (i for i, event in enumerate(script.events) if event == "report"):
        assert script.events[i - 2 : i] == ["synchronize", "clock"]  # the pass before it is over
        later = script.events[i + 1 :]
        assert "forward" not in later or later.index("synchronize") < later.index("forward")


def test_the_output_of_the_first_pass_is_looked_at_before_any_other() -> None:
    script = Script(100)
    outputs = iter(range(100))

    def forward() -> int:
        script.forward()
        return next(outputs)

    def inspect(output: object) -> None:
        assert output == 0
        assert script.events.count("forward") == 1
        script.events.append("inspect")
        script.now += 10_000  # however long it takes, it is part of no pass

    plan = TimingPlan(budget_ns=1, deadline_ns=NEVER)
    latency = measure_latency(forward, script.synchronize, plan, script.clock, inspect=inspect)
    assert latency == Latency(cold_ns=100, warmup_ns=(100,), samples_ns=(100, 100, 100))
    assert script.events.count("inspect") == 1


def test_a_wrong_output_ends_the_measurement() -> None:
    script = Script(100)

    def refuse(_: object) -> None:
        raise ValueError("not an image")

    with pytest.raises(ValueError, match="not an image"):
        measure_latency(script.forward, script.synchronize, TimingPlan(10**6, NEVER), script.clock, inspect=refuse)
    assert script.events.count("forward") == 1


def test_the_first_pass_is_not_reported() -> None:
    script = Script(900, 10)
    script.measure(budget=1, deadline=1000)
    assert (0, 900) not in script.told


DURATIONS = st.lists(st.integers(1, 1000), min_size=1, max_size=60)


@given(DURATIONS, st.integers(1, 20_000), st.integers(1, 30_000))
def test_whatever_the_passes_take(durations: list[int], budget: int, deadline: int) -> None:
    script = Script(*durations)
    latency = script.measure(budget, deadline)
    ran = [latency.cold_ns, *latency.warmup_ns, *latency.samples_ns]
    script_of_all = [*durations, *repeat(durations[-1], max(0, len(ran) - len(durations)))]
    assert ran == script_of_all[: len(ran)]  # every pass is kept once, in order
    assert sum(ran) == script.now  # and none is run in vain

    *most, last = ran
    if most:  # it was due before the deadline, by what the one before it took
        assert sum(most) + most[-1] <= deadline
    fits = sum(ran) + last <= deadline
    if len(latency.samples_ns) < MIN_SAMPLES:
        assert not fits
    if fits and len(latency.samples_ns) < MAX_SAMPLES:  # what ended it was the budget
        assert len(latency.samples_ns) == MIN_SAMPLES or sum(most) < budget
        assert sum(ran) >= budget
