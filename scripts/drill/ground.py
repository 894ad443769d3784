"""Work of known length on a device: what timing is held against."""

import time
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import torch

from drill.checks import Skip
from srbench import private
from srbench.machine import nvml
from srbench.machine.device import Device, open_device
from srbench.records import Reading

#: Cycles of a multiprocessor that the known work spins: 20 ms at 1.5 GHz.
CYCLES = 30_000_000
#: Processor time of the known work on a CPU.
BUSY_NS = 20_000_000
#: The known work may take this share longer than its length says: what is around it, and the steps of its clock.
SLACK = 0.05
_KHZ_PER_MHZ = 1000
_NS_PER_US = 1000


class Length(NamedTuple):
    """The shortest and the longest time that the known work can take, in ns; None where nothing bounds it."""

    shortest_ns: float
    longest_ns: float | None


class Ground(Protocol):
    """A device, and work on it whose length is known from elsewhere than the clock under test."""

    device: Device
    #: Why it has no second stream, or does not run work by itself; empty where it does both.
    synchronous: str

    def work(self) -> None:
        """Give the known work to the current stream."""

    def work_aside(self) -> None:
        """Give the known work to another stream, and a tenth of it to the current one."""

    def length(self, readings: Sequence[Reading]) -> Length:
        """How long the known work takes, by what the device said of itself meanwhile."""


class CpuGround:
    """The known work is a loop that ends when the processor time of this thread has grown by so much."""

    synchronous = "a CPU runs what it is given before the call returns, and has no second stream"

    def __init__(self) -> None:
        self.device = open_device("cpu")

    def work(self) -> None:
        """Loop."""
        end = time.thread_time_ns() + BUSY_NS
        while time.thread_time_ns() < end:
            pass

    def work_aside(self) -> None:
        """There is no other stream."""
        raise Skip(self.synchronous)

    def length(self, readings: Sequence[Reading]) -> Length:
        """Processor time is the same whatever else runs."""
        return Length(BUSY_NS, BUSY_NS * (1 + SLACK))


class CudaGround:
    """The known work is a kernel that counts cycles of its multiprocessor; their clock says how long that takes."""

    synchronous = ""

    def __init__(self, device: str) -> None:
        self.device = open_device(device)
        self._index = self.device.torch_device.index
        torch.cuda.set_device(self._index)
        self._side = torch.cuda.Stream(self._index)  # type: ignore[no-untyped-call]

    def work(self) -> None:
        """One kernel on the current stream."""
        private.gpu_sleep(CYCLES)

    def work_aside(self) -> None:
        """One on each of two streams."""
        with torch.cuda.stream(self._side):
            private.gpu_sleep(CYCLES)
        private.gpu_sleep(CYCLES // 10)

    def length(self, readings: Sequence[Reading]) -> Length:
        """By the highest clock of the GPU, and by the lowest that was read while it worked."""
        gpu = nvml.of_cuda(self._index) if nvml.start() else None
        highest = gpu.max_clock_mhz if gpu is not None else None
        if highest is None:
            properties = torch.cuda.get_device_properties(self._index)
            highest = getattr(properties, "clock_rate", 0) // _KHZ_PER_MHZ or None
        if highest is None:
            return Length(0.0, None)
        read = [reading.clock_mhz for reading in readings if reading.clock_mhz]
        longest = CYCLES / min(read) * _NS_PER_US * (1 + SLACK) if read else None
        return Length(CYCLES / highest * _NS_PER_US, longest)


def open_ground(device: str) -> Ground:
    """Known work on a device of a checked name."""
    return CpuGround() if device == "cpu" else CudaGround(device)
