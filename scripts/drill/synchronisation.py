"""A sample lasts until the device is done: kernels of known length between the two synchronisations."""

from collections.abc import Callable
from statistics import median
from time import perf_counter_ns

from drill import ground as grounds
from drill.checks import Bench, Check, Figures, Found, Skip
from drill.ground import Ground
from srbench.machine.device import Device
from srbench.measure.latency import NS_PER_S, TimingPlan, measure_latency
from srbench.records import Reading, Visit

NS_PER_MS = 1e6
#: A length is read off by no more than this share of it: the clock's steps, and clocks that are told in whole MHz.
ERROR = 0.01
#: What launching and waiting may add to a pass.
AROUND_NS = 1_000_000
#: Wall time of the passes of a check, and when they end at the latest.
BUDGET_NS, DEADLINE_NS = int(0.6 * NS_PER_S), 30 * NS_PER_S


def timed(ground: Ground, work: Callable[[], object], device: "Device | Careless | None" = None) -> Visit:
    """Passes of some work through srbench's own timing."""
    plan = TimingPlan(budget_ns=BUDGET_NS, deadline_ns=perf_counter_ns() + DEADLINE_NS, precision=1e-9)
    return measure_latency(work, device or ground.device, plan)


def known_length(bench: Bench) -> Found:
    """No sample is shorter than its work, and the shortest is not much longer."""
    ground = grounds.open_ground(bench.device)
    visit = timed(ground, ground.work)
    shortest, longest = ground.length(visit.readings)
    # The first passes too: once its queue is full, a GPU makes even a careless loop wait.
    least = min(visit.cold_ns, *visit.warmup_ns, *visit.samples_ns)
    wrong = []
    if not shortest:
        raise Skip("neither NVML nor torch tells this GPU's highest clock: the kernel's length is not known")
    if least < shortest * (1 - ERROR):
        wrong.append(
            f"a pass of at least {shortest / NS_PER_MS:.2f} ms of work was timed as {least / NS_PER_MS:.2f} ms"
        )
    # On a CPU other programs may take the core, and the wall's time says nothing of the work.
    if not bench.on_cpu and longest is not None and least > longest + AROUND_NS:
        wrong.append(f"the shortest pass took {least / NS_PER_MS:.2f} ms for {longest / NS_PER_MS:.2f} ms of work")
    figures: Figures = {
        "work_shortest_ms": shortest / NS_PER_MS,
        "work_longest_ms": None if longest is None else longest / NS_PER_MS,
        "pass_min_ms": least / NS_PER_MS,
        "sample_median_ms": median(visit.samples_ns) / NS_PER_MS,
        "samples": len(visit.samples_ns),
    }
    return Found(figures=figures, wrong=tuple(wrong))


class Careless:
    """A device whose end of a pass is not waited for, as in a script without a synchronize.

    It waits before a pass, so that no more than one is ever on its way.
    """

    def __init__(self, device: Device) -> None:
        self._device = device

    def begin(self) -> None:
        """Wait for the pass before."""
        self._device.synchronize()
        self._device.begin()

    def end(self) -> None:
        """As it is."""
        self._device.end()

    def synchronize(self) -> None:
        """Nothing, which is the mistake."""

    def device_ns(self) -> int:
        """Nothing either: the events have not come yet."""
        return 0

    def reading(self, after: int) -> Reading:
        """As it is."""
        return self._device.reading(after)


def unsynchronised(bench: Bench) -> Found:
    """Without a synchronisation a pass seems to take as long as its launch, so the synchronisation is what tells."""
    ground = grounds.open_ground(bench.device)
    if ground.synchronous:
        raise Skip(ground.synchronous)
    right = median(timed(ground, ground.work).samples_ns)
    careless = median(timed(ground, ground.work, Careless(ground.device)).samples_ns)
    ground.device.synchronize()
    figures: Figures = {"synchronised_ms": right / NS_PER_MS, "unsynchronised_ms": careless / NS_PER_MS}
    if careless > right / 2:
        why = (
            f"without a synchronisation {right / NS_PER_MS:.2f} ms of work are timed as {careless / NS_PER_MS:.2f} ms: "
            "the sample is no better for being synchronised (is CUDA_LAUNCH_BLOCKING set?)"
        )
        return Found(figures=figures, wrong=(why,))
    return Found(figures=figures | {"too_short_by_factor": right / careless})


def events(bench: Bench) -> Found:
    """Device time is that of the work, and no longer than the wall's."""
    ground = grounds.open_ground(bench.device)
    visit = timed(ground, ground.work)
    shortest, longest = ground.length(visit.readings)
    if not shortest:
        raise Skip("neither NVML nor torch tells this GPU's highest clock: the kernel's length is not known")
    device, wall = median(visit.device_ns), median(visit.samples_ns)
    wrong = []
    if device < shortest * (1 - ERROR) or (longest is not None and device > longest * (1 + ERROR)):
        wrong.append(f"the device's own clock tells {device / NS_PER_MS:.2f} ms, which the work does not take")
    if device > wall * (1 + ERROR):
        wrong.append(f"the device's own clock tells {device / NS_PER_MS:.2f} ms, the wall's {wall / NS_PER_MS:.2f} ms")
    figures: Figures = {
        "work_shortest_ms": shortest / NS_PER_MS,
        "device_ms": device / NS_PER_MS,
        "wall_ms": wall / NS_PER_MS,
        "wall_minus_device_us": (wall - device) / 1e3,
    }
    return Found(figures=figures, wrong=tuple(wrong))


def side_stream(bench: Bench) -> Found:
    """Work on a stream of its own belongs to the pass that started it."""
    ground = grounds.open_ground(bench.device)
    if ground.synchronous:
        raise Skip(ground.synchronous)
    visit = timed(ground, ground.work_aside)
    shortest, _ = ground.length(visit.readings)
    if not shortest:
        raise Skip("neither NVML nor torch tells this GPU's highest clock: the kernel's length is not known")
    least = min(visit.cold_ns, *visit.warmup_ns, *visit.samples_ns)
    wrong: tuple[str, ...] = ()
    if least < shortest * (1 - ERROR):
        why = f"{shortest / NS_PER_MS:.2f} ms of work on a side stream were timed as {least / NS_PER_MS:.2f} ms"
        wrong = (why,)
    # Events see their own stream alone: the figure says how much of such a pass they miss.
    events_ms = median(visit.device_ns) / NS_PER_MS
    figures: Figures = {
        "work_shortest_ms": shortest / NS_PER_MS,
        "pass_min_ms": least / NS_PER_MS,
        "between_events_ms": events_ms,
    }
    return Found(figures=figures, wrong=wrong)


CHECKS = (
    Check("sync.known-length", "A sample lasts until the device has done the pass's work.", known_length),
    Check("sync.unsynchronised", "Without a synchronisation it would be wrong, by this much.", unsynchronised),
    Check("sync.events", "Device time is that of the pass's work and agrees with the wall.", events),
    Check("sync.side-stream", "Work on a side stream is waited for.", side_stream),
)
