"""Runtime of a forward pass: synchronised, warmed up, every sample kept."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter_ns

from srbench.records import Latency

Clock = Callable[[], int]

NS_PER_S = 1_000_000_000
#: Fewer than three samples have no middle one.
MIN_SAMPLES = 3
#: Beyond this more samples narrow nothing that a single process can see.
MAX_SAMPLES = 2000
#: Share of the budget that warm-up may take.
WARMUP_SHARE = 0.2
#: Warm-up passes end at the latest here, however short they are.
MAX_WARMUP = 100


@dataclass(frozen=True)
class TimingPlan:
    """How long to measure.

    Attributes:
        budget_ns: wall time for all passes of a case. It is exceeded where the smallest number of samples needs more.
        deadline_ns: on the clock given; no pass starts that would not end before it (judged by the last one).
    """

    budget_ns: int
    deadline_ns: int


def measure_latency(
    forward: Callable[[], object],
    synchronize: Callable[[], None],
    plan: TimingPlan,
    clock: Clock = perf_counter_ns,
    report: Callable[[int, int], None] = lambda count, last_ns: None,
    inspect: Callable[[object], None] = lambda output: None,
) -> Latency:
    """Time passes of ``forward``.

    The first pass is kept apart: it allocates, picks algorithms and loads code. Then come warm-up passes for a
    fifth of the budget (at least one), then samples until the budget ends, at least 3. The clock is read between
    two synchronisations, so a sample is the time until the device has finished.

    Args:
        forward: one pass on a resident input.
        synchronize: returns when the device is idle.
        plan: budget and deadline.
        clock: nanoseconds, monotonic.
        report: called between passes with the samples so far and the last pass in ns; outside the timed region.

        inspect: gets the output of the first pass, before any other; what it raises ends the measurement.

    Returns:
        All passes. Fewer than 3 samples, or none, where the deadline came first.
    """
    start = clock()

    def one_pass(look: Callable[[object], None] = lambda output: None) -> int:
        synchronize()
        begin = clock()
        output = forward()
        synchronize()
        duration = clock() - begin
        look(output)
        return duration

    cold = last = one_pass(inspect)
    warmup: list[int] = []
    samples: list[int] = []

    def time_for_another() -> bool:
        return clock() + last <= plan.deadline_ns

    # One warm-up pass must not cost the only sample that still fits.
    while len(warmup) < MAX_WARMUP and clock() + 2 * last <= plan.deadline_ns:
        warmup.append(last := one_pass())
        report(0, last)
        if clock() - start >= plan.budget_ns * WARMUP_SHARE:
            break
    while len(samples) < MAX_SAMPLES and time_for_another():
        samples.append(last := one_pass())
        report(len(samples), last)
        if len(samples) >= MIN_SAMPLES and clock() - start >= plan.budget_ns:
            break
    return Latency(cold_ns=cold, warmup_ns=tuple(warmup), samples_ns=tuple(samples))
