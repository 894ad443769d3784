"""The first section: what machine this is, one line a subject."""

from collections.abc import Iterable

from srbench.doctor.report import Finding, Section
from srbench.facts import Build, GpuFacts, Limits, Machine, Processor
from srbench.records import Settings

_UNITS = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


def section(machine: Machine, settings: Settings) -> Section:
    """The machine's facts, and torch's settings as they were read back."""
    found = [
        _line("machine.cpu", "processor", _processor(machine)),
        _line("machine.caches", "caches", _caches(machine.processor)),
        _line("machine.clock", "clock", _clock(machine.processor)),
        _line("machine.memory", "memory", _memory(machine)),
        _line("machine.limits", "limits", _limits(machine.limits)),
        *(_line("machine.gpu", "GPU", _gpu(gpu, machine.driver)) for gpu in machine.gpu_facts),
        _line("machine.system", "system", f"{machine.system}, {machine.libc or 'unknown C library'}"),
        _line("machine.software", "software", _software(machine)),
        _line("machine.build", "torch build", _build(machine.build)),
        _line("machine.threads", "threads", _threads(settings)),
        _line("machine.environment", "environment", _environment(settings.environment)),
    ]
    return Section(title="The machine", findings=tuple(found))


def size(amount: int) -> str:
    """Bytes in the largest unit that they fill, as in ``32 KiB``."""
    for unit, name in _UNITS:
        if amount >= unit:
            return f"{amount / unit:.3g} {name}"
    return f"{amount} bytes"


def _line(code: str, subject: str, words: str) -> Finding:
    return Finding(code=code, level="fact", sentence=f"{subject + ':':<13}{words}")


def _joined(parts: Iterable[str | None]) -> str:
    return ", ".join(part for part in parts if part) or "not told"


def _processor(machine: Machine) -> str:
    chip = machine.processor
    cores = f"{machine.cores} usable core{'s' if machine.cores != 1 else ''} ({chip.affinity})"
    if chip.logical_cores and chip.logical_cores != machine.cores:
        cores += f" of {chip.logical_cores}"
    shared = f"{chip.usable_physical_cores} physical" if chip.usable_physical_cores else None
    nodes = f"{chip.numa_nodes} NUMA nodes" if chip.numa_nodes and chip.numa_nodes > 1 else None
    return _joined([machine.cpu, cores, shared, nodes, "virtual machine" if chip.virtual else None])


def _caches(chip: Processor) -> str:
    levels = (("L1d", chip.l1d_bytes), ("L2", chip.l2_bytes), ("L3", chip.l3_bytes))
    return _joined(f"{name} {size(amount)}" if amount else None for name, amount in levels)


def _clock(chip: Processor) -> str:
    turbo = None if chip.turbo is None else f"turbo {'on' if chip.turbo else 'off'}"
    highest = f"at most {chip.max_mhz} MHz" if chip.max_mhz else None
    return _joined([highest, f"governor {chip.governor}" if chip.governor else None, turbo])


def _memory(machine: Machine) -> str:
    return size(machine.memory_bytes) if machine.memory_bytes else "not told"


def _limits(limits: Limits) -> str:
    cores = f"{limits.cpu_cores:g} cores' worth of time" if limits.cpu_cores is not None else None
    memory = f"{size(limits.memory_bytes)} of memory" if limits.memory_bytes is not None else None
    return _joined([cores, memory]) if cores or memory else "no CPU quota, no memory limit"


def _gpu(gpu: GpuFacts, driver: str | None) -> str:
    return _joined(
        [
            gpu.name,
            size(gpu.memory_bytes) if gpu.memory_bytes else None,
            f"compute capability {gpu.compute_capability}" if gpu.compute_capability else None,
            f"at most {gpu.max_clock_mhz} MHz" if gpu.max_clock_mhz else None,
            f"power limit {gpu.power_limit_w:g} W" if gpu.power_limit_w else None,
            "split by MIG" if gpu.mig else None,
            f"driver {driver}" if driver else None,
        ]
    )


def _software(machine: Machine) -> str:
    cuda = f"CUDA {machine.cuda}" if machine.cuda else "no CUDA"
    cudnn = f"cuDNN {machine.cudnn}" if machine.cudnn else None
    return _joined([f"Python {machine.python}", f"torch {machine.torch}", cuda, cudnn])


def _build(build: Build) -> str:
    names = (("oneDNN", build.onednn), ("MKL", build.mkl), ("threads by", build.backend))
    return _joined([build.compiler, *(f"{name} {version}" if version else None for name, version in names)])


def _threads(settings: Settings) -> str:
    return _joined(
        [
            f"{settings.threads} within an operator",
            f"{settings.interop_threads} between operators",
            f"kernels for {settings.cpu_capability}" if settings.cpu_capability else None,
            None if settings.onednn else "oneDNN switched off",
        ]
    )


def _environment(variables: dict[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in variables.items()) or "no variable set that changes a runtime"
