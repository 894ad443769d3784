"""Energy, and clocks that are held down: what the device's own counters say of known work."""

from time import perf_counter_ns

import torch

from drill import ground as grounds
from drill.checks import Bench, Check, Figures, Found, Skip
from srbench.machine import clocks, nvml
from srbench.measure.energy import NS_PER_S, UPDATES, measure_energy
from srbench.measure.latency import TimingPlan, measure_latency

#: Twice the work takes twice the energy above rest; how far off that may be: power follows load slowly.
RATIO_LOW, RATIO_HIGH = 1.6, 2.4
#: Wall time of one measurement at most.
MOST_NS = 60 * NS_PER_S
#: A held clock is one that a GPU has in steps.
STEP_MHZ = 30
#: Work whose length is known in cycles takes longer by the ratio of the clocks, within this.
CLOCK_ERROR = 0.1


def energy(bench: Bench) -> Found:
    """Energy of the known work, and of twice as much of it."""
    ground = grounds.open_ground(bench.device)
    meter = ground.device.meter()
    if isinstance(meter, str):
        raise Skip(meter)

    def twice() -> None:
        ground.work()
        ground.work()

    figures: Figures = {"counter": meter.method}
    above = []
    for name, forward in (("once", ground.work), ("twice", twice)):
        found = measure_energy(forward, ground.device, meter, 1, perf_counter_ns() + MOST_NS)
        if found.per_image_mj is None:
            return Found(figures=figures, undecided=found.reason)
        rest_w = (found.idle_before_w + found.idle_after_w) / 2
        pass_ms = found.window_ns / found.passes / 1e6
        above.append(found.per_image_mj - rest_w * pass_ms)
        figures |= {
            f"{name}_mj": found.per_image_mj,
            f"{name}_ms": pass_ms,
            f"{name}_window_s": found.window_ns / NS_PER_S,
            f"{name}_idle_before_w": found.idle_before_w,
            f"{name}_idle_after_w": found.idle_after_w,
        }
        figures |= {"step_mj": found.step_mj, "step_ms": found.interval_ns / 1e6}
        if found.window_ns < UPDATES * found.interval_ns:
            return Found(figures=figures, wrong=(f"the window holds fewer than {UPDATES} steps of the counter",))
    if above[0] <= 0:
        return Found(figures=figures, undecided="the known work takes no more power than rest does")
    ratio = figures["twice_over_once"] = above[1] / above[0]
    if RATIO_LOW <= ratio <= RATIO_HIGH:
        return Found(figures=figures)
    return Found(figures=figures, wrong=(f"twice the work takes {ratio:.2f} times the energy above rest",))


def held_clock(bench: Bench) -> Found:
    """The known work with the clock as it is, and locked to about half: slower by as much, and readings say so."""
    if bench.on_cpu:
        raise Skip("a clock is locked on GPUs alone")
    ground = grounds.open_ground(bench.device)
    gpu = nvml.of_cuda(torch.device(bench.device).index) if nvml.start() else None
    highest = gpu.max_clock_mhz if gpu is not None else None
    if gpu is None or highest is None:
        raise Skip("the driver does not tell this GPU's clocks")
    asked = highest // 2
    if refusal := gpu.lock_clocks(asked):
        raise Skip(f"clocks cannot be locked here: {refusal}")
    gpu.unlock_clocks()
    plan = TimingPlan(budget_ns=NS_PER_S, deadline_ns=2**62, precision=1e-9)
    free = measure_latency(ground.work, ground.device, plan)
    with clocks.locked(bench.device, asked):
        held = measure_latency(ground.work, ground.device, plan)
    told = [reading.clock_mhz for reading in held.readings[1:] if reading.clock_mhz is not None]
    before = [reading.clock_mhz for reading in free.readings[1:] if reading.clock_mhz is not None]
    free_ms, held_ms = (visit.median_ns or 0.0 for visit in (free, held))
    figures: Figures = {
        "locked_to_mhz": asked,
        "told_min_mhz": min(told, default=None),
        "told_max_mhz": max(told, default=None),
        "free_ms": free_ms / 1e6,
        "held_ms": held_ms / 1e6,
    }
    if not told or not before:
        return Found(figures=figures, undecided="no clock was read during the passes")
    wrong = []
    if any(abs(mhz - asked) > STEP_MHZ for mhz in told):
        wrong.append(f"locked to {asked} MHz, the clock is told as {min(told)} to {max(told)} MHz")
    expected = max(before) / asked
    if abs(held_ms / free_ms / expected - 1) > CLOCK_ERROR:
        wrong.append(
            f"at {asked} MHz the work takes {held_ms / free_ms:.2f} times as long, by the clocks {expected:.2f}"
        )
    return Found(figures=figures, wrong=tuple(wrong))


def capped(bench: Bench) -> Found:
    """Under its lowest power limit a GPU says that power holds its clock back."""
    if bench.on_cpu:
        raise Skip("power is limited on GPUs alone")
    ground = grounds.open_ground(bench.device)
    gpu = nvml.of_cuda(torch.device(bench.device).index) if nvml.start() else None
    if gpu is None:
        raise Skip("NVML does not know this GPU")
    before, lowest = gpu.power_limit_w, gpu.lowest_power_limit_w
    if before is None or lowest is None or lowest >= before:
        raise Skip("the driver does not tell a lower power limit")
    if refusal := gpu.limit_power(lowest):
        raise Skip(f"power cannot be limited here: {refusal}")
    try:
        a = torch.rand(8192, 8192, device=bench.device, dtype=torch.float16)
        plan = TimingPlan(budget_ns=3 * NS_PER_S, deadline_ns=2**62, precision=1e-9)
        visit = measure_latency(lambda: [a @ a for _ in range(20)], ground.device, plan)
    finally:
        gpu.limit_power(before)
    told = [reading.reasons for reading in visit.readings[1:]]
    figures: Figures = {
        "limit_w": lowest,
        "usual_w": before,
        "held_back_by": ", ".join(sorted({*sum(told, ())})) or None,
    }
    figures["readings"] = len(told)
    if any("SW power cap" in reasons for reasons in told):
        return Found(figures=figures)
    if gpu.power_w is not None and gpu.power_w < lowest * 0.9:
        return Found(figures=figures, undecided="the work does not reach the limit")
    return Found(figures=figures, wrong=(f"under a limit of {lowest:g} W of {before:g} W no reading says so",))


CHECKS = (
    Check("energy.window", "Energy is that of the work: twice the work takes twice the energy above rest.", energy),
    Check("caps.clock", "A locked clock is told, and the work is slower by as much.", held_clock),
    Check("caps.power", "A GPU that its power limit holds back says so.", capped),
)
