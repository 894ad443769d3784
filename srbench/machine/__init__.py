"""What machine this is, with its software and settings."""

import os
import platform
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import torch

from srbench.facts import GpuFacts, Limits, Machine
from srbench.machine import cgroup, linux, nvml, processor, software
from srbench.machine.linux import ROOT
from srbench.records import Settings

GIB = 2**30


def core_numbers() -> tuple[int, ...]:
    """The logical cores that this process may run on (its affinity, not the machine's count)."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def usable_cores() -> int:
    """How many they are."""
    return len(core_numbers())


def device_memory_bytes(device: str) -> int:
    """Memory that a case on ``device`` could have at most; 0 where unknown."""
    if device.startswith("cuda"):
        return int(torch.cuda.get_device_properties(int(device.partition(":")[2])).total_memory)
    sizes = (memory_bytes(), limits().memory_bytes)
    return min((size for size in sizes if size), default=0)


@cache
def memory_bytes() -> int:
    """Memory of the machine, or of the container where that is less; 0 where unknown.

    It is part of the machine's name, so it must stay what it was: a limit further down the control groups, which
    changes from one start of a program to the next, is a fact of its own (:func:`limits`).
    """
    sizes = []
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        sizes.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    limit = linux.integer(ROOT / "sys/fs/cgroup/memory.max")
    return min([*sizes, *([limit] if limit is not None else [])], default=0)


def limits(root: Path = ROOT) -> Limits:
    """What the control groups of this process allow."""
    return Limits(cpu_cores=cgroup.cpu_quota(root), memory_bytes=cgroup.memory_limit(root))


@cache
def describe() -> Machine:
    """Look the machine up. ``name`` is made of what decides a runtime: processor, cores, memory, GPUs."""
    cpu, cores, memory = _cpu_name(), usable_cores(), memory_bytes()
    gpus, uuids, driver = _gpus()
    names = tuple(gpu.name for gpu in gpus)
    parts = [cpu, f"{cores} core{'s' if cores != 1 else ''}", f"{round(memory / GIB)} GiB", *names]
    return Machine(
        name=", ".join(parts),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        cpu=cpu,
        cores=cores,
        memory_bytes=memory,
        gpus=names,
        driver=driver,
        python=platform.python_version(),
        torch=version("torch"),
        cuda=torch.version.cuda,
        cudnn=torch.backends.cudnn.version() if torch.version.cuda else None,  # type: ignore[no-untyped-call]
        node=node_of(platform.node(), uuids),
        libc=software.libc(),
        processor=processor.describe(core_numbers()),
        limits=limits(),
        gpu_facts=gpus,
        build=software.build(),
    )


def busy_seconds() -> float | None:
    """CPU time that anyone has spent on the cores of this process since boot, stolen time included; None off Linux."""
    times = linux.core_times(core_numbers())
    return times[0] if times else None


def allow_tf32(switch: bool | None) -> None:
    """Let float32 products on a GPU round their factors to 10 bits, or not; None leaves torch as it is."""
    if switch is not None:
        torch.backends.cuda.matmul.allow_tf32 = switch
        torch.backends.cudnn.allow_tf32 = switch


def read_back(settings: Settings) -> Settings:
    """The settings with what torch really uses, asked inside the worker."""
    return settings.model_copy(
        update={
            "threads": torch.get_num_threads(),
            "interop_threads": torch.get_num_interop_threads(),
            "matmul_tf32": torch.backends.cuda.matmul.allow_tf32,
            "matmul_precision": torch.get_float32_matmul_precision(),
            "cudnn_tf32": torch.backends.cudnn.allow_tf32,
            "cudnn_benchmark": torch.backends.cudnn.benchmark,
            "cudnn_deterministic": torch.backends.cudnn.deterministic,
            "deterministic": torch.are_deterministic_algorithms_enabled(),
            "onednn": torch.backends.mkldnn.enabled,
            "cpu_capability": torch.backends.cpu.get_cpu_capability(),
            "environment": software.environment(),
        }
    )


def _cpu_name() -> str:
    return processor.name() or platform.processor() or platform.machine()


def node_of(host: str, uuids: Iterable[str]) -> str:
    """Tells equal machines apart without saying their names: 8 hexadecimal digits of host name and GPUs."""
    return sha256("\0".join((host, *sorted(uuids))).encode()).hexdigest()[:8]


def _gpus() -> tuple[tuple[GpuFacts, ...], tuple[str, ...], str | None]:
    """The NVIDIA GPUs, their UUIDs and their driver, by NVML; nothing where there is no driver."""
    if not nvml.start():
        return (), (), None
    try:
        found = nvml.all_gpus()
        return tuple(map(_facts, found)), tuple(gpu.uuid for gpu in found if gpu.uuid), nvml.driver()
    finally:
        nvml.stop()


def _facts(gpu: nvml.Gpu) -> GpuFacts:
    return GpuFacts(
        name=gpu.name,
        memory_bytes=gpu.memory_bytes,
        compute_capability=gpu.compute_capability,
        power_limit_w=gpu.power_limit_w,
        mig=gpu.mig,
        max_clock_mhz=gpu.max_clock_mhz,
        max_memory_clock_mhz=gpu.max_memory_clock_mhz,
        clocks_locked=gpu.clocks_locked,
    )
