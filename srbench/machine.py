"""What machine this is, with its software and settings."""

import os
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pynvml
import torch

from srbench.records import Machine, Settings

#: Variables that change a runtime; whatever of them is set goes into every record.
ENVIRONMENT = (
    "OMP_NUM_THREADS",
    "OMP_PROC_BIND",
    "OMP_WAIT_POLICY",
    "MKL_NUM_THREADS",
    "KMP_AFFINITY",
    "KMP_BLOCKTIME",
    "ONEDNN_MAX_CPU_ISA",
    "CUDA_VISIBLE_DEVICES",
    "CUDA_LAUNCH_BLOCKING",
    "NVIDIA_TF32_OVERRIDE",
    "PYTORCH_CUDA_ALLOC_CONF",
    "LD_PRELOAD",
    "GLIBC_TUNABLES",
    "MALLOC_CONF",
    "MALLOC_ARENA_MAX",
    "MALLOC_MMAP_MAX_",
    "MALLOC_MMAP_THRESHOLD_",
    "MALLOC_TOP_PAD_",
    "MALLOC_TRIM_THRESHOLD_",
)
KIB = 1024


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
    return memory_bytes()


@cache
def memory_bytes() -> int:
    """Memory of the machine, or of the container where that is less; 0 where unknown."""
    sizes = []
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        sizes.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.is_file() and (text := limit.read_text().strip()).isdigit():
        sizes.append(int(text))
    return min(sizes, default=0)


@cache
def describe() -> Machine:
    """Look the machine up. ``name`` is made of what decides a runtime: processor, cores, memory, GPUs."""

    cpu, cores, gpus, driver = _cpu_name(), usable_cores(), *_gpus()
    memory = memory_bytes()
    parts = [cpu, f"{cores} core{'s' if cores != 1 else ''}", f"{round(memory / KIB**3)} GiB", *gpus]
    return Machine(
        name=", ".join(parts),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        cpu=cpu,
        cores=cores,
        memory_bytes=memory,
        gpus=gpus,
        driver=driver,
        python=platform.python_version(),
        torch=version("torch"),
        cuda=torch.version.cuda,
        cudnn=torch.backends.cudnn.version() if torch.version.cuda else None,  # type: ignore[no-untyped-call]
    )


def busy_seconds() -> float | None:
    """CPU time that anyone has spent on the cores of this process since boot, stolen time included; None off Linux."""
    stat = Path("/proc/stat")
    if not stat.is_file() or not hasattr(os, "sched_getaffinity"):
        return None
    cores = {f"cpu{number}" for number in os.sched_getaffinity(0)}
    ticks = 0
    for line in stat.read_text().splitlines():
        name, *times = line.split()
        if name in cores:
            user, nice, system, _idle, _iowait, *interrupts_and_steal = map(int, times[:8])
            ticks += user + nice + system + sum(interrupts_and_steal)
    return ticks / os.sysconf("SC_CLK_TCK")


def read_back(settings: Settings) -> Settings:
    """The settings with what torch really uses, asked inside the worker."""

    return settings.model_copy(
        update={
            "threads": torch.get_num_threads(),
            "matmul_tf32": torch.backends.cuda.matmul.allow_tf32,
            "cudnn_tf32": torch.backends.cudnn.allow_tf32,
            "cudnn_benchmark": torch.backends.cudnn.benchmark,
            "environment": {name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
        }
    )


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    return platform.processor() or platform.machine()


def _gpus() -> tuple[tuple[str, ...], str | None]:
    """Names of the NVIDIA GPUs and their driver, by NVML; nothing where there is no driver."""

    try:
        pynvml.nvmlInit()
        try:
            handles = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
            return tuple(str(pynvml.nvmlDeviceGetName(h)) for h in handles), str(pynvml.nvmlSystemGetDriverVersion())
        finally:
            pynvml.nvmlShutdown()
    except pynvml.NVMLError:
        return (), None
