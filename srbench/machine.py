"""What machine this is, and the one interface to the device that a case runs on.

Everything that differs between a CPU and a GPU is in :class:`Device`; nothing else asks which one it is on.
"""

import ctypes
import os
import platform
import resource
import sys
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import pynvml
import torch

from srbench.errors import InputError
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
#: mallopt's parameter numbers in glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD, _M_MMAP_MAX = -1, -2, -3, -4
#: Allocations from this size on become mappings of their own; every feature map is larger, every Python object smaller.
_MMAP_THRESHOLD_BYTES = 65536
#: glibc's own default for the number of such mappings.
_MMAP_MAX = 65536


@dataclass(frozen=True)
class Peak:
    """Peak of one forward pass: bytes above what was held before it (CPU) or in all (CUDA)."""

    added_bytes: int | None
    total_bytes: int | None
    reserved_bytes: int | None
    method: str


class Device(Protocol):
    """What a measurement needs of a device; made inside the worker process."""

    name: str

    @property
    def torch_device(self) -> torch.device:
        """Where tensors go."""

    def synchronize(self) -> None:
        """Return when all work given to the device is done."""

    def prepare_memory(self) -> None:
        """Call before the first allocation of a memory measurement."""

    def reset_peak(self) -> None:
        """Start watching the peak."""

    def peak(self) -> Peak:
        """The peak since :meth:`reset_peak`."""


class CpuDevice:
    """The CPU. Calls are synchronous; memory is the kernel's high-water mark of the process."""

    name = "cpu"

    def __init__(self) -> None:
        self._before = 0
        self._resettable = False

    @property
    def torch_device(self) -> torch.device:
        """Where tensors go."""

        return torch.device("cpu")

    def synchronize(self) -> None:
        """Nothing to wait for."""

    def prepare_memory(self) -> None:
        """Make freed tensors go back to the kernel at once.

        glibc otherwise keeps freed memory for reuse and the high-water mark depends on what ran before: repeated
        passes of one network read 202, 128 and 65 MiB where its tensors need 137. Slows allocation, so never in a
        timed process.
        """
        if sys.platform == "linux":
            libc = ctypes.CDLL(None)
            if hasattr(libc, "mallopt"):  # glibc; musl has no such call and returns memory anyway
                libc.mallopt(_M_MMAP_THRESHOLD, _MMAP_THRESHOLD_BYTES)
                # What MALLOC_* variables may have set otherwise.
                libc.mallopt(_M_MMAP_MAX, _MMAP_MAX)
                libc.mallopt(_M_TOP_PAD, 0)
                libc.mallopt(_M_TRIM_THRESHOLD, _MMAP_THRESHOLD_BYTES)

    def reset_peak(self) -> None:
        """Writing 5 to clear_refs sets the high-water mark back to the present size (proc(5))."""
        try:
            Path("/proc/self/clear_refs").write_text("5")
            self._resettable = True
            self._before = _status_bytes("VmRSS")
        except OSError:
            self._resettable = False
            self._before = _lifetime_peak()

    def peak(self) -> Peak:
        """What the process grew by at most."""
        if self._resettable:
            return Peak(_status_bytes("VmHWM") - self._before, None, None, "kernel high-water mark")
        # Without a reset the mark may lie above this pass: a lower bound, and the method says so.
        return Peak(_lifetime_peak() - self._before, None, None, "growth of the lifetime maximum (lower bound)")


class CudaDevice:
    """One NVIDIA GPU. Peaks are those of torch's caching allocator."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.name = f"cuda:{index}"

    @property
    def torch_device(self) -> torch.device:
        """Where tensors go."""

        return torch.device("cuda", self.index)

    def synchronize(self) -> None:
        """Wait for all streams of this GPU."""

        torch.cuda.synchronize(self.index)

    def prepare_memory(self) -> None:
        """The allocator's counters need no preparation."""

    def reset_peak(self) -> None:
        """Drop cached blocks, so that ``reserved`` is what this pass needs, and reset the allocator's maxima."""

        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(self.index)

    def peak(self) -> Peak:
        """Allocated (tensors) and reserved (from the driver) at their maximum."""

        allocated = torch.cuda.max_memory_allocated(self.index)
        reserved = torch.cuda.max_memory_reserved(self.index)
        return Peak(None, allocated, reserved, "CUDA allocator peak")


def choose_device(asked: str) -> str:
    """``auto``, ``cpu``, ``cuda`` or ``cuda:N`` -> ``cpu`` or ``cuda:N``, checked to be there.

    Raises:
        InputError: a device that this machine or this torch does not have.
    """
    name = asked.strip().lower()
    if name == "cpu":
        return name
    if name not in ("auto", "cuda") and not (name.startswith("cuda:") and name[5:].isascii() and name[5:].isdigit()):
        raise InputError(f"--device {asked}: write auto, cpu or cuda:N")

    present = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        return "cuda:0" if present else "cpu"
    index = int(name[5:]) if ":" in name else 0
    if index >= present:
        have = f"this machine has cuda:0 to cuda:{present - 1}" if present else _why_no_cuda(torch.version.cuda)
        raise InputError(f"--device {asked}: {have}; use --device cpu or auto")
    return f"cuda:{index}"


def _why_no_cuda(built_for: str | None) -> str:
    return "this torch is built without CUDA" if built_for is None else "torch finds no CUDA device here"


def open_device(name: str) -> Device:
    """The device of a checked name (see :func:`choose_device`)."""
    return CpuDevice() if name == "cpu" else CudaDevice(int(name.partition(":")[2]))


def usable_cores() -> int:
    """Cores that this process may run on (its affinity, not the machine's count)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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


def _status_bytes(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * KIB
    raise OSError(f"/proc/self/status has no {field}")


def _lifetime_peak() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * KIB
