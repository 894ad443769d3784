"""A device and its clock by script: every pass takes the time that a test gives it. One tick is one nanosecond."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, repeat

from srbench.machine.device import Disturbances
from srbench.measure.latency import MIN_SAMPLES, TimingPlan, measure_latency
from srbench.records import Reading, Visit
from tests.builders import MS, S

NEVER = 10**18


class Script:
    """Passes take the times given in ms, the last one for ever; the clock stands still in between.

    Args:
        passes: duration of each pass in ms.
        drain: ms of work still under way when the call returns.
        telling: ms that a report takes.
        asking: ms that a reading of the device takes.
        on_device: device time of each pass in ns, the last one for ever.
        preempted: involuntary switches during each pass; none after the last.
        faulting: page faults during each pass; none after the last.
    """

    def __init__(
        self,
        *passes: float,
        drain: float = 0,
        telling: float = 0,
        asking: float = 0,
        on_device: Iterable[int] = (0,),
        preempted: Iterable[int] = (),
        faulting: Iterable[int] = (),
    ) -> None:
        self.now = 0
        self.events: list[str] = []
        self.told: list[tuple[int, int]] = []
        self.switches_so_far = self.faults_so_far = 0
        self._passes: Iterator[float] = chain(passes, repeat(passes[-1]))
        self._drain, self._telling, self._asking = (round(ms * MS) for ms in (drain, telling, asking))
        self._pending = 0
        times = list(on_device)
        self._on_device: Iterator[int] = chain(times, repeat(times[-1]))
        self._preempted: Iterator[int] = chain(preempted, repeat(0))
        self._faulting: Iterator[int] = chain(faulting, repeat(0))
        self._device_ns = 0

    def clock(self) -> int:
        self.events.append("clock")
        return self.now

    def forward(self) -> str:
        self.events.append("forward")
        self.now += round(next(self._passes) * MS) - self._drain
        self._pending = self._drain
        self.switches_so_far += next(self._preempted)
        self.faults_so_far += next(self._faulting)
        self._device_ns = next(self._on_device)
        return f"output {self.events.count('forward')}"

    def synchronize(self) -> None:
        self.events.append("synchronize")
        self.now += self._pending
        self._pending = 0

    def begin(self) -> None:
        self.events.append("begin")

    def end(self) -> None:
        self.events.append("end")

    def device_ns(self) -> int:
        assert self._pending == 0, "asked before the device was done"
        return self._device_ns

    def reading(self, after: int) -> Reading:
        self.events.append("reading")
        self.now += self._asking
        return Reading(after=after, clock_mhz=self.now // MS)

    def report(self, samples: int, last_ns: int) -> None:
        self.events.append("report")
        self.told.append((samples, last_ns))
        self.now += self._telling
        self.switches_so_far += 1  # whoever is told may take the core
        self.faults_so_far += 7  # and builds a message in memory

    def disturbed(self) -> Disturbances:
        return Disturbances(self.switches_so_far, self.faults_so_far)

    def measure(
        self,
        budget_s: float,
        deadline: int = NEVER,
        *,
        precision: float = 0.01,
        min_samples: int = MIN_SAMPLES,
        prepare: Callable[[], None] = lambda: None,
        inspect: Callable[[object], None] = lambda output: None,
        inspect_last: Callable[[object], None] | None = None,
    ) -> Visit:
        return measure_latency(
            self.forward,
            self,
            TimingPlan(round(budget_s * S), deadline, precision, min_samples),
            clock=self.clock,
            disturbed=self.disturbed,
            report=self.report,
            prepare=prepare,
            inspect=inspect,
            inspect_last=inspect_last,
        )
