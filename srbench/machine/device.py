"""The one interface to the device that a case runs on: a CPU or a CUDA GPU.

Everything that differs between them is in :class:`Device`; nothing else asks which one it is on.
"""

import ctypes
import os
import resource
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import process_time_ns
from typing import NamedTuple, Protocol

import torch

from srbench.errors import InputError
from srbench.machine import core_numbers, energy, nvml
from srbench.machine.energy import Meter
from srbench.machine.linux import KIB
from srbench.machine.neighbours import sharing
from srbench.machine.telemetry import CpuTelemetry, GpuTelemetry
from srbench.records import Reading

NS_PER_MS = 1_000_000
#: mallopt's parameter numbers in glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD, _M_MMAP_MAX = -1, -2, -3, -4
#: Allocations from this size on become mappings of their own; every feature map is larger, every Python object smaller.
_MMAP_THRESHOLD_BYTES = 65536
#: glibc's own default for the number of such mappings.
_MMAP_MAX = 65536
#: As a trim threshold: never.
_NEVER = -1


@dataclass(frozen=True)
class Peak:
    """Peak of one forward pass.

    Attributes:
        added_bytes: above what the process held before it; None on CUDA.
        total_bytes: most that the CUDA allocator had given out; None on a CPU.
        reserved_bytes: most that the CUDA allocator held from the driver; None on a CPU.
        method: how the peak was read.
        process_bytes: the whole process, with interpreter, libraries and CUDA context; None where it is not told.
    """

    added_bytes: int | None
    total_bytes: int | None
    reserved_bytes: int | None
    method: str
    process_bytes: int | None = None


class Device(Protocol):
    """What a measurement needs of a device; made inside the worker process."""

    name: str

    @property
    def torch_device(self) -> torch.device:
        """Where tensors go."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """How it is shared with others, where a reader of its runtimes should know: a phrase each."""

    def synchronize(self) -> None:
        """Return when all work given to the device is done."""

    def begin(self) -> None:
        """Start the device's own clock; right before a pass."""

    def end(self) -> None:
        """Stop it; right after the pass, before :meth:`synchronize`."""

    def device_ns(self) -> int:
        """Device time of the pass since :meth:`begin`; right after :meth:`synchronize`."""

    def reading(self, after: int) -> Reading:
        """Clock, temperature, and what held the clock back since the reading before. ``after``: samples done."""

    def keep_memory(self) -> bool:
        """Call before the first allocation of a timed process: freed tensors stay with it, for the next pass.

        Returns:
            Whether they will.
        """

    def prepare_memory(self) -> None:
        """Call before the first allocation of a memory measurement."""

    def meter(self) -> Meter | str:
        """The counter of its energy, or why there is none."""

    def reset_peak(self) -> None:
        """Start watching the peak."""

    def peak(self) -> Peak:
        """The peak since :meth:`reset_peak`."""


class CpuDevice:
    """The CPU. Calls are synchronous; memory is the kernel's high-water mark of the process.

    Device time is the processor time of all threads of this process: with two threads a pass of 10 ms takes 20 ms.
    """

    name = "cpu"

    def __init__(self) -> None:
        self._before = 0
        self._resettable = False
        self._begin_ns = 0
        self._telemetry: CpuTelemetry | None = None

    @property
    def torch_device(self) -> torch.device:
        """Where tensors go."""

        return torch.device("cpu")

    @property
    def remarks(self) -> tuple[str, ...]:
        """Nothing: what others do on a CPU is measured."""
        return ()

    def synchronize(self) -> None:
        """Nothing to wait for."""

    def begin(self) -> None:
        """Read the process's clock."""
        self._begin_ns = process_time_ns()

    def end(self) -> None:
        """Nothing: the call has returned, and a clock read here would be read inside the timed region."""

    def device_ns(self) -> int:
        """Processor time of all threads from :meth:`begin` to now."""
        return process_time_ns() - self._begin_ns

    def reading(self, after: int) -> Reading:
        """What the kernel tells of the cores that this process may use; the first call finds out where."""
        if self._telemetry is None:
            self._telemetry = CpuTelemetry(core_numbers())
        return self._telemetry.reading(after)

    def keep_memory(self) -> bool:
        """Let the C library keep freed memory, as torch's caching allocator does on a GPU.

        By default glibc gives large blocks back when they are freed, and the next pass takes a page fault, and the
        kernel's clearing, for every 4 KiB of them. Which blocks these are depends on what happens to lie at the end of
        the heap, so that processes of one network scattered by 5 to 28 %, and a pass took up to 1.9 times as long
        (``scripts/bench_allocator.py``, docs/method/measuring.md). A musl or a Mac keeps its own ways.
        """
        return _set_malloc({_M_MMAP_MAX: 0, _M_TRIM_THRESHOLD: _NEVER})

    def prepare_memory(self) -> None:
        """Make freed tensors go back to the kernel at once.

        glibc otherwise keeps freed memory for reuse and the high-water mark depends on what ran before: repeated
        passes of one network read 202, 128 and 65 MiB where its tensors need 137. Slows allocation, so never in a
        timed process.
        """
        _set_malloc(
            {
                _M_MMAP_THRESHOLD: _MMAP_THRESHOLD_BYTES,
                # What MALLOC_* variables may have set otherwise.
                _M_MMAP_MAX: _MMAP_MAX,
                _M_TOP_PAD: 0,
                _M_TRIM_THRESHOLD: _MMAP_THRESHOLD_BYTES,
            }
        )

    def meter(self) -> Meter | str:
        """All processors of the machine together: a process has no counter of its own."""
        return energy.of_processors()

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
            mark = _status_bytes("VmHWM")
            return Peak(mark - self._before, None, None, "kernel high-water mark", mark)
        # Without a reset the mark may lie above this pass: a lower bound, and the method says so.
        mark = _lifetime_peak()
        return Peak(mark - self._before, None, None, "growth of the lifetime maximum (lower bound)", mark)


class CudaDevice:
    """One NVIDIA GPU. Peaks are those of torch's caching allocator, device time is that between two events."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.name = f"cuda:{index}"
        self._events: tuple[torch.cuda.Event, torch.cuda.Event] | None = None
        self._found: nvml.Gpu | None = None
        self._looked = False
        self._telemetry: GpuTelemetry | None = None

    @property
    def torch_device(self) -> torch.device:
        """Where tensors go."""

        return torch.device("cuda", self.index)

    @property
    def remarks(self) -> tuple[str, ...]:
        """MIG and MPS by name."""
        gpu = self._gpu()
        return sharing(gpu) if gpu else ()

    def synchronize(self) -> None:
        """Wait for all streams of this GPU."""

        torch.cuda.synchronize(self.index)

    def begin(self) -> None:
        """Record an event on the current stream."""
        if self._events is None:
            self._events = _event(), _event()
        self._events[0].record(torch.cuda.current_stream(self.index))

    def end(self) -> None:
        """Record another."""
        assert self._events is not None, "end() follows begin()"
        self._events[1].record(torch.cuda.current_stream(self.index))

    def device_ns(self) -> int:
        """Between the two, as the GPU stamped them (its clock ticks about every 0.5 us)."""
        assert self._events is not None, "device_ns() follows begin() and end()"
        begin, end = self._events
        elapsed_ms: float = begin.elapsed_time(end)
        return round(elapsed_ms * NS_PER_MS)

    def reading(self, after: int) -> Reading:
        """What NVML tells of this GPU now; the first call loads it."""
        if self._telemetry is None:
            self._telemetry = GpuTelemetry(self._gpu())
        return self._telemetry.reading(after)

    def _gpu(self) -> nvml.Gpu | None:
        if not self._looked:
            self._looked = True
            self._found = nvml.of_cuda(self.index) if nvml.start() else None
        return self._found

    def keep_memory(self) -> bool:
        """The caching allocator does so unless it is told otherwise."""
        return os.environ.get("PYTORCH_NO_CUDA_MEMORY_CACHING", "0") in ("", "0")

    def prepare_memory(self) -> None:
        """The allocator's counters need no preparation."""

    def meter(self) -> Meter | str:
        """NVML's."""
        return energy.of_gpu(self._gpu())

    def reset_peak(self) -> None:
        """Drop cached blocks, so that ``reserved`` is what this pass needs, and reset the allocator's maxima."""

        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(self.index)

    def peak(self) -> Peak:
        """Allocated (tensors) and reserved (from the driver) at their maximum, and the process as the driver sees it.

        The allocator keeps what it holds, so the driver's figure after a pass is that of its peak. The driver knows
        processes by their numbers on the host, so within a container it mostly does not know this one.
        """

        allocated = torch.cuda.max_memory_allocated(self.index)
        reserved = torch.cuda.max_memory_reserved(self.index)
        gpu = self._gpu()
        return Peak(None, allocated, reserved, "CUDA allocator peak", gpu.used_by(os.getpid()) if gpu else None)


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


def _event() -> torch.cuda.Event:
    event: torch.cuda.Event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
    return event


class Disturbances(NamedTuple):
    """What the kernel has done to this process so far; 0 where it does not count.

    Attributes:
        switches: how often it took a core from one of its threads (involuntary context switches).
        faults: how often it had to find a page of memory that a thread touched (page faults without input or output).
    """

    switches: int
    faults: int


def disturbances() -> Disturbances:
    """Of this process, all threads, from its start."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return Disturbances(usage.ru_nivcsw, usage.ru_minflt)


def _set_malloc(options: Mapping[int, int]) -> bool:
    """Set glibc's allocator (mallopt(3)); False where there is none, or it refuses."""
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None)
    taken = [libc.mallopt(*option) == 1 for option in options.items()] if hasattr(libc, "mallopt") else [False]
    return all(taken)


def _status_bytes(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * KIB
    raise OSError(f"/proc/self/status has no {field}")


def _lifetime_peak() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * KIB
