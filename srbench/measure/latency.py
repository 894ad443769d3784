"""Runtime of a forward pass in one process: synchronised, warmed up until level, every sample kept."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter_ns
from typing import Protocol

from srbench.machine.device import Disturbances, disturbances
from srbench.measure.stats import MIN_BLOCKS, block_medians, median_interval
from srbench.records import Reading, Visit

Clock = Callable[[], int]

NS_PER_S = 1_000_000_000
#: Fewer than three samples of a case have no middle one.
MIN_SAMPLES = 3
#: Beyond this more samples narrow nothing that a single process can see.
MAX_SAMPLES = 2000
#: A window of the warm-up: as many passes as fill this time, at least one.
WINDOW_NS = 100_000_000
#: Two windows agree when their medians differ by no more than this share.
AGREEMENT = 0.05
#: Warm-up lasts at least this long, where that is no more than this share of the budget ...
WARMUP_FLOOR_NS, WARMUP_FLOOR_SHARE = 500_000_000, 0.1
#: ... and ends at this share of it.
WARMUP_CAP_SHARE = 0.3
#: However narrow the interval is: a quiet moment says little of the next second.
SAMPLING_FLOOR_NS, SAMPLING_FLOOR_SHARE = 1_000_000_000, 0.5
#: The interval is looked at each time the samples have grown by this factor.
CHECK_GROWTH = 1.1
#: The last pass that is looked at, and those that it is held against.
_LAST_PASSES = 4
#: The device is asked how it is at most this often.
READING_EVERY_NS = 250_000_000


class TimedDevice(Protocol):
    """What timing needs of a device (:class:`srbench.machine.device.Device`)."""

    def synchronize(self) -> None:
        """Return when all work given to the device is done."""

    def begin(self) -> None:
        """The next work on the device belongs to a pass."""

    def end(self) -> None:
        """All work of the pass has been given to the device."""

    def device_ns(self) -> int:
        """Device time of the pass; right after :meth:`synchronize`."""

    def reading(self, after: int) -> Reading:
        """Clock, temperature and what held it back."""


@dataclass(frozen=True)
class TimingPlan:
    """How long to measure in one process.

    Attributes:
        budget_ns: wall time of all its passes. It is exceeded where the smallest number of samples needs more.
        deadline_ns: on the clock given; no pass starts that would not end before it (judged by the last one).
        precision: sampling ends once the interval of the block medians is within this share of their median.
        min_samples: fewest samples, budget or not.
    """

    budget_ns: int
    deadline_ns: int
    precision: float = 0.01
    min_samples: int = MIN_SAMPLES


def measure_latency(
    forward: Callable[[], object],
    device: TimedDevice,
    plan: TimingPlan,
    *,
    clock: Clock = perf_counter_ns,
    disturbed: Callable[[], Disturbances] = disturbances,
    report: Callable[[int, int], None] = lambda count, last_ns: None,
    prepare: Callable[[], None] = lambda: None,
    inspect: Callable[[object], None] = lambda output: None,
    inspect_last: Callable[[object], None] | None = None,
) -> Visit:
    """Time passes of ``forward``.

    The first pass is kept apart: it allocates, picks algorithms and loads code. Warm-up goes on until two adjacent
    windows agree (after pyperf's calibration), not for a count of passes. Then come samples until the interval of
    their block medians is narrow enough or the budget ends. The clock is read between two synchronisations, so a
    sample is the time until the device has finished.

    Args:
        forward: one pass on a resident input.
        device: where it runs.
        plan: budget, deadline, precision.
        clock: nanoseconds, monotonic.
        disturbed: what the kernel has done to this process so far.
        report: called between passes with the samples so far and the last pass in ns; outside the timed region.
        prepare: called before each pass but the first, outside of the timed region.
        inspect: gets the output of the first pass, before any other; what it raises ends the measurement.
        inspect_last: gets the output of one more pass, alike in all, once there are samples and where there is time;
            it may run some passes of its own.

    Returns:
        All passes. Fewer samples than the smallest number, or none, where the deadline came first.
    """
    return _Session(forward, device, plan, clock, disturbed, report, prepare).measure(inspect, inspect_last)


class _Session:
    """The passes of one process as they come."""

    def __init__(
        self,
        forward: Callable[[], object],
        device: TimedDevice,
        plan: TimingPlan,
        clock: Clock,
        disturbed: Callable[[], Disturbances],
        report: Callable[[int, int], None],
        prepare: Callable[[], None],
    ) -> None:
        self.forward, self.device, self.plan = forward, device, plan
        self.clock, self.disturbed, self.report, self.prepare = clock, disturbed, report, prepare
        self.warmup: list[int] = []
        self.samples: list[int] = []
        self.device_times: list[int] = []
        self.disturbances: list[Disturbances] = []
        self.readings: list[Reading] = []
        self.last = 0

    def measure(self, inspect: Callable[[object], None], inspect_last: Callable[[object], None] | None) -> Visit:
        start = self.clock()
        cold = self._pass(inspect)
        warm = self._warm_up()
        self._sample(start)
        if inspect_last is not None and self.samples and self._fits(_LAST_PASSES):
            self._next_pass(inspect_last)
        return Visit(
            cold_ns=cold,
            warmup_ns=tuple(self.warmup),
            warm=warm,
            samples_ns=tuple(self.samples),
            device_ns=tuple(self.device_times),
            switches=tuple(each.switches for each in self.disturbances),
            faults=tuple(each.faults for each in self.disturbances),
            readings=tuple(self.readings),
        )

    def _pass(self, look: Callable[[object], None] = lambda output: None) -> int:
        self.device.synchronize()
        self.device.begin()
        begin = self.clock()
        output = self.forward()
        self.device.end()
        self.device.synchronize()
        self.last = self.clock() - begin
        look(output)
        return self.last

    def _next_pass(self, look: Callable[[object], None] = lambda output: None) -> int:
        self.prepare()
        return self._pass(look)

    def _fits(self, passes: int) -> bool:
        """Whether so many passes would end before the deadline."""
        return self.clock() + passes * self.last <= self.plan.deadline_ns

    def _warm_up(self) -> bool | None:
        start, windows, current = self.clock(), list[float](), list[int]()
        floor = min(WARMUP_FLOOR_NS, int(self.plan.budget_ns * WARMUP_FLOOR_SHARE))
        agreed: bool | None = None
        # A warm-up pass must not cost the only sample that still fits.
        while self._fits(2):
            self.warmup.append(self._next_pass())
            current.append(self.last)
            self.report(0, self.last)
            elapsed = self.clock() - start
            if sum(current) >= WINDOW_NS:
                windows.append(median(current))
                current = []
                if len(windows) > 1:
                    before, after = windows[-2:]
                    agreed = abs(after - before) <= AGREEMENT * min(before, after)
                if agreed and elapsed >= floor:
                    break
            if elapsed >= self.plan.budget_ns * WARMUP_CAP_SHARE:
                break
        return agreed

    def _sample(self, start: int) -> None:
        begin = self.clock()
        floor = min(SAMPLING_FLOOR_NS, int(self.plan.budget_ns * SAMPLING_FLOOR_SHARE))
        next_check, next_reading = 2 * MIN_BLOCKS, begin
        while len(self.samples) < MAX_SAMPLES and self._fits(1):
            if self.clock() >= next_reading:
                self.readings.append(self.device.reading(len(self.samples)))
                next_reading = self.clock() + READING_EVERY_NS
            before = self.disturbed()
            self.samples.append(self._next_pass())
            self.device_times.append(self.device.device_ns())
            after = self.disturbed()
            self.disturbances.append(Disturbances(after.switches - before.switches, after.faults - before.faults))
            if not self.warmup and self._fits(1):
                # By the first pass there was time for one more only, but that one was far quicker.
                self._make_it_warmup()
                continue
            count, now = len(self.samples), self.clock()
            self.report(count, self.last)
            if count >= self.plan.min_samples and now - start >= self.plan.budget_ns:
                break
            if count >= next_check and now - begin >= floor:
                if self._precise():
                    break
                next_check = int(count * CHECK_GROWTH) + 1
        if self.samples:
            self.readings.append(self.device.reading(len(self.samples)))

    def _make_it_warmup(self) -> None:
        self.warmup.append(self.samples.pop())
        self.disturbances.pop()
        self.device_times.pop()

    def _precise(self) -> bool:
        blocks = block_medians(self.samples)
        return len(blocks) >= MIN_BLOCKS and median_interval(blocks).relative <= self.plan.precision
