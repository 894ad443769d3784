"""The second section: what would disturb a measurement on the CPU now. Readings in, findings out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from srbench.doctor.inventory import size
from srbench.doctor.report import Finding, Level
from srbench.doctor.sampling import Activity
from srbench.facts import Limits, Machine, Processor
from srbench.machine import linux, processor
from srbench.machine.linux import ROOT
from srbench.measure.verdict import CONTENTION_CORES
from srbench.records import Reading

#: From here on another program is named, below the share that makes a runtime wrong.
NOTED_CORES = 0.05
#: Share of the time in which some program waited for a core: noted, and too much.
WAITING_NOTED, WAITING_UNFIT = 0.05, 0.25
#: Percent of the last 10 s in which a program waited for memory.
MEMORY_PRESSURE_NOTED = 1.0
#: Programs that ran or waited, in the last minute, for each core.
LOAD_NOTED = 0.5
#: Less free memory than this share, or than this, makes the kernel drop caches or swap.
FREE_SHARE, FREE_BYTES = 0.1, 2**30
#: A few pages swapped out long ago disturb nobody.
SWAP_NOTED_BYTES = 16 * 2**20


@dataclass(frozen=True)
class State:
    """What the system tells at one moment, None where it does not."""

    load: float | None
    cpu_pressure: float | None
    memory_pressure: float | None
    memory: dict[str, int]
    reading: Reading
    turbo_switch: str | None


def look(reading: Reading, root: Path = ROOT) -> State:
    """Read it now; ``reading`` is the device's own."""
    return State(
        load=linux.load_average(root),
        cpu_pressure=linux.pressure("cpu", root),
        memory_pressure=linux.pressure("memory", root),
        memory=linux.meminfo(root),
        reading=reading,
        turbo_switch=processor.turbo_switch(root),
    )


def findings(machine: Machine, state: State, activity: Activity, threads: int) -> list[Finding]:
    """All findings of the section, in order of what matters most.

    Args:
        machine: where.
        state: at the start of the sample.
        activity: during the sample, in which this process slept.
        threads: that a measurement would use.
    """
    chip = machine.processor
    return [
        _others(activity, machine.cores),
        _stolen(activity, machine.cores, chip),
        _waiting(state, activity, chip, machine.cores),
        _load(state.load, chip.logical_cores or machine.cores, activity),
        _quota(machine.limits, threads),
        _governor(chip),
        _turbo(chip, state.turbo_switch),
        _smt(chip, threads, machine.cores),
        _clock(state.reading, chip),
        _free_memory(state.memory, machine.limits),
        _memory_pressure(state.memory_pressure),
        _swap(state.memory),
    ]


def grown(before: int | None, after: int | None) -> int | None:
    """By how much a counter has grown; None where it is not told."""
    return None if before is None or after is None else after - before


def throttled(periods: int | None, limits: Limits, threads: int) -> Finding:
    """Whether a quota stopped this process's group while the doctor worked; it is asked at the end.

    Args:
        periods: in which the quota stopped the group; None where nothing counts them.
        limits: of the container or service.
        threads: of the CPU.
    """
    code = "cpu.throttled"
    if periods is None:
        return Finding(code=code, level="unknown", sentence="whether a CPU quota stops threads is not told")
    if periods == 0:
        return Finding(code=code, level="ok", sentence="no CPU quota stopped a thread during these tests")
    sentence = f"a CPU quota stopped all threads in {periods} of its periods during these tests"
    fewer = limits.cpu_cores is not None and 1 <= limits.cpu_cores < threads
    advice = "raise the container's CPU quota"
    if fewer:
        advice += f", or measure with --threads {int(limits.cpu_cores or 1)}"
    return Finding(code=code, level="unfit", sentence=sentence, advice=advice)


def named(programs: Sequence[tuple[str, int, float]]) -> str:
    """The busiest programs in words, as in ``bash (1234) 0.97``; those below a hundredth of a core are left out."""
    return ", ".join(f"{name} ({pid}) {cores:.2f}" for name, pid, cores in programs if cores >= 0.01)


def _others(activity: Activity, cores: int) -> Finding:
    code, used, stolen = "cpu.others", activity.others_cores, activity.stolen_cores or 0.0
    if used is None:
        return Finding(code=code, level="unknown", sentence="what other programs use of the cores is not told")
    busiest = named(activity.busiest)
    who = f": {busiest}" if busiest and used >= NOTED_CORES else ""
    sentence = f"other programs use {used:.2f} of the {_cores(cores)}{who}"
    if used + stolen > CONTENTION_CORES:
        if used < stolen:
            sentence += f"; other virtual machines take {stolen:.2f}"
            return Finding(code=code, level="unfit", sentence=sentence, advice="measure on another host, or later")
        if sum(share for _, _, share in activity.busiest) > used / 2:
            advice = "end them and try again"
        else:
            advice = "no visible program explains it: it has ended since, or runs outside of this container"
        return Finding(code=code, level="unfit", sentence=sentence, advice=advice)
    if used >= NOTED_CORES:
        return Finding(code=code, level="note", sentence=sentence, advice="end them for small differences")
    return Finding(code=code, level="ok", sentence=sentence)


def _stolen(activity: Activity, cores: int, chip: Processor) -> Finding:
    code, stolen = "cpu.stolen", activity.stolen_cores
    if stolen is None or chip.virtual is False:
        sentence = "no hypervisor, nothing is stolen" if chip.virtual is False else "stolen time is not told"
        return Finding(code=code, level="ok" if chip.virtual is False else "unknown", sentence=sentence)
    sentence = f"other virtual machines take {stolen:.2f} of the {_cores(cores)}, as far as the host tells"
    if stolen < NOTED_CORES:
        return Finding(code=code, level="ok", sentence=sentence)
    return Finding(code=code, level="note", sentence=sentence, advice="measure on a host of your own, or later")


def _waiting(state: State, activity: Activity, chip: Processor, cores: int) -> Finding:
    """Judged by the time in which this process slept; the kernel's own average holds this command's start, too."""
    code = "cpu.pressure"
    share = activity.waiting
    if share is None and state.cpu_pressure is not None:
        share = state.cpu_pressure / 100
    if share is None:
        return Finding(code=code, level="unknown", sentence="CPU pressure is not told by this kernel")
    sentence = f"some program waited for a core {share:.0%} of the time"
    if share < WAITING_NOTED:
        return Finding(code=code, level="ok", sentence=sentence)
    # The figure is the whole machine's: who may use some of its cores only need not be concerned.
    everywhere = chip.logical_cores is None or chip.logical_cores == cores
    level: Level = "unfit" if share >= WAITING_UNFIT and everywhere else "note"
    advice = (
        "end what runs on them" if everywhere else f"look at the cores {chip.affinity}: it may be others that are full"
    )
    return Finding(code=code, level=level, sentence=sentence, advice=advice)


def _load(load: float | None, cores: int, activity: Activity) -> Finding:
    """The load is the whole machine's, so are the cores."""
    code = "cpu.load"
    if load is None:
        return Finding(code=code, level="unknown", sentence="the load average is not told")
    sentence = f"load average {load:.2f} over the last minute, on {_cores(cores)}"
    if load <= LOAD_NOTED * cores:
        return Finding(code=code, level="ok", sentence=sentence)
    quiet = activity.others_cores is not None and activity.others_cores <= CONTENTION_CORES
    advice = "it looks back: what caused it has ended by now" if quiet else "see what other programs use, above"
    return Finding(code=code, level="note", sentence=sentence, advice=advice)


def _quota(limits: Limits, threads: int) -> Finding:
    code, quota = "cpu.quota", limits.cpu_cores
    if quota is None:
        return Finding(code=code, level="ok", sentence="no CPU quota")
    sentence = f"a CPU quota of {quota:g} cores' worth of time, for {threads} thread{'s' if threads != 1 else ''}"
    if quota >= threads:
        return Finding(code=code, level="ok", sentence=sentence)
    advice = f"measure with --threads {int(quota)}" if quota >= 1 else "raise the quota to at least 1"
    return Finding(code=code, level="note", sentence=sentence, advice=advice)


def _governor(chip: Processor) -> Finding:
    code, governor = "cpu.governor", chip.governor
    if governor is None:
        return Finding(code=code, level="unknown", sentence=f"the clock's governor is not told{_by_host(chip)}")
    if governor == "performance":
        return Finding(code=code, level="ok", sentence="clock governor performance")
    advice = "sudo cpupower frequency-set --governor performance"
    return Finding(code=code, level="note", sentence=f"clock governor {governor}: it follows the load", advice=advice)


def _turbo(chip: Processor, switch: str | None) -> Finding:
    code = "cpu.turbo"
    if chip.turbo is None:
        return Finding(code=code, level="unknown", sentence=f"whether turbo is on is not told{_by_host(chip)}")
    if not chip.turbo:
        return Finding(code=code, level="ok", sentence="turbo is off")
    sentence = "turbo is on: the clock depends on temperature and on how many cores work"
    return Finding(
        code=code, level="note", sentence=sentence, advice=f"for small differences: {switch}" if switch else ""
    )


def _smt(chip: Processor, threads: int, cores: int) -> Finding:
    code, physical = "cpu.smt", chip.usable_physical_cores
    if chip.smt is None:
        return Finding(code=code, level="unknown", sentence="which cores share a physical one is not told")
    if not chip.smt:
        shown = ", as this virtual machine shows them" if chip.virtual else ""
        return Finding(code=code, level="ok", sentence=f"no two usable cores share a physical one{shown}")
    assert physical is not None
    sentence = f"the {_cores(cores)} are {physical} physical one{'s' if physical != 1 else ''} (SMT)"
    if threads <= physical:
        return Finding(
            code=code, level="note", sentence=sentence, advice="threads may still meet on one: taskset keeps them apart"
        )
    return Finding(
        code=code, level="note", sentence=sentence, advice=f"threads share units: measure with --threads {physical}"
    )


def _clock(reading: Reading, chip: Processor) -> Finding:
    clock = f"{reading.clock_mhz} MHz" if reading.clock_mhz is not None else "not told"
    if reading.clock_mhz is not None and chip.virtual and chip.max_mhz is None:
        clock += " as this virtual machine is told, the real one may differ"
    warmth = f"{reading.temperature_c} °C" if reading.temperature_c is not None else "not told"
    level: Level = "unknown" if reading.clock_mhz is None and reading.temperature_c is None else "fact"
    return Finding(code="cpu.clock", level=level, sentence=f"clock now {clock}; temperature {warmth}")


def _free_memory(memory: dict[str, int], limits: Limits) -> Finding:
    code, free, total = "memory.free", memory.get("MemAvailable"), memory.get("MemTotal")
    if free is None or not total:
        return Finding(code=code, level="unknown", sentence="free memory is not told")
    sentence = f"{size(free)} of {size(total)} memory are free"
    if limits.memory_bytes is not None and limits.memory_bytes < total:
        sentence += f", this container may use {size(limits.memory_bytes)}"
    if free >= FREE_BYTES and free >= FREE_SHARE * total:
        return Finding(code=code, level="ok", sentence=sentence)
    return Finding(code=code, level="note", sentence=sentence, advice="end programs that hold much memory")


def _memory_pressure(percent: float | None) -> Finding:
    code = "memory.pressure"
    if percent is None:
        return Finding(code=code, level="unknown", sentence="memory pressure is not told by this kernel")
    sentence = f"some program waited for memory {percent:.0f} % of the last 10 s"
    if percent < MEMORY_PRESSURE_NOTED:
        return Finding(code=code, level="ok", sentence=sentence)
    return Finding(code=code, level="note", sentence=sentence, advice="end programs that hold much memory")


def _swap(memory: dict[str, int]) -> Finding:
    code, total = "memory.swap", memory.get("SwapTotal")
    if total is None:
        return Finding(code=code, level="unknown", sentence="use of swap is not told")
    used = total - memory.get("SwapFree", total)
    if used < SWAP_NOTED_BYTES:
        return Finding(code=code, level="ok", sentence="no swap in use" if total else "no swap")
    advice = "free memory, then: sudo swapoff -a && sudo swapon -a"
    return Finding(code=code, level="note", sentence=f"{size(used)} of memory are swapped out", advice=advice)


def _cores(cores: int) -> str:
    return f"{cores} cores" if cores != 1 else "one core"


def _by_host(chip: Processor) -> str:
    return ": the host of this virtual machine decides" if chip.virtual else ""
