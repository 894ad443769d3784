"""Peak memory: the order of calls by a scripted device, the amount by a real process."""

import subprocess
import sys

import pytest
import torch

from srbench.machine.device import Device, Peak
from srbench.measure.memory import measure_memory
from srbench.records import Memory, Reading

MIB = 2**20


class ScriptedDevice:
    """Answers with the given peaks, one after the other, and notes what it is asked."""

    name = "scripted"
    remarks: tuple[str, ...] = ()

    def __init__(self, *peaks: Peak) -> None:
        self.calls: list[str] = []
        self._peaks = iter(peaks)

    @property
    def torch_device(self) -> torch.device:
        return torch.device("cpu")

    def forward(self) -> None:
        self.calls.append("forward")

    def synchronize(self) -> None:
        self.calls.append("synchronize")

    def begin(self) -> None:
        self.calls.append("begin")

    def end(self) -> None:
        self.calls.append("end")

    def device_ns(self) -> int:
        return 0

    def reading(self, after: int) -> Reading:
        return Reading(after=after)

    def keep_memory(self) -> bool:
        raise AssertionError("a peak is measured with memory given back")

    def prepare_memory(self) -> None:
        self.calls.append("prepare_memory")

    def meter(self) -> str:
        return "no counter"

    def reset_peak(self) -> None:
        self.calls.append("reset_peak")

    def peak(self) -> Peak:
        self.calls.append("peak")
        return next(self._peaks)


def measured(cold: Peak, warm: Peak) -> Memory:
    device = ScriptedDevice(cold, warm)
    as_device: Device = device  # the script offers all that a measurement may ask
    return measure_memory(device.forward, as_device, weights_bytes=1000, input_bytes=200)


def grown(added: int, process: int | None = None) -> Peak:
    """A peak on a CPU."""
    return Peak(added, None, None, "growth", process)


def test_the_first_pass_and_a_second_one_are_watched_alike() -> None:
    device = ScriptedDevice(grown(50), grown(30))
    measure_memory(device.forward, device, 1000, 200)
    one = ["reset_peak", "forward", "synchronize", "peak"]
    # What moves weights and input to the device must be over before anything is watched.
    assert device.calls == ["synchronize", *one, *one]


def test_on_a_cpu_the_peak_is_weights_and_input_and_growth() -> None:
    assert measured(grown(70, 4000), grown(30, 5000)) == Memory(
        weights_bytes=1000,
        input_bytes=200,
        peak_bytes=1230,
        allocator_bytes=None,
        reserved_bytes=None,
        process_bytes=5000,
        cold_bytes=1270,
        method="growth",
    )


@pytest.mark.parametrize("added", [0, -50])
def test_a_process_that_shrinks_still_holds_weights_and_input(added: int) -> None:
    memory = measured(grown(added), grown(added))
    assert (memory.peak_bytes, memory.cold_bytes, memory.activations_bytes) == (1200, 1200, 0)


def test_on_a_gpu_the_peak_is_the_allocators() -> None:
    cold, warm = Peak(None, 9000, 16384, "allocator", 70_000), Peak(None, 5000, 8192, "allocator", 60_000)
    assert measured(cold, warm) == Memory(
        weights_bytes=1000,
        input_bytes=200,
        peak_bytes=5000,
        allocator_bytes=5000,
        reserved_bytes=8192,
        process_bytes=60_000,
        cold_bytes=9000,
        method="allocator",
    )


#: Passes by name: what each allocates, one statement after the other, and the MiB that it holds at its peak.
PASSES = {
    "two alive at once": ("a = mib(64); b = mib(32)", 96),
    "a spike that is over": ("a = mib(64); del a; b = mib(32)", 64),
    "a chain": ("a = mib(32); b = a + 1; a = mib(8); c = b + 1", 72),
    "an old tensor lives until its name is bound anew": ("a = mib(16); a = mib(16); a = mib(16)", 32),
    "nothing": ("pass", 0),
}
PROGRAM = """
import sys, torch
from srbench.machine.device import open_device
from srbench.measure.memory import measure_memory

device = open_device("cpu")
device.prepare_memory()

def mib(size):
    return torch.zeros(size * 2**18)

for line in sys.argv[1:]:
    exec(f"def forward(): {line}")
    memory = measure_memory(forward, device, 0, 0)
    print(memory.peak_bytes, memory.method, sep=";")
"""


@pytest.fixture(scope="module")
def real_peaks() -> dict[str, tuple[int, str]]:
    """Bytes and method of each pass, all in one process that does nothing else."""
    bodies = [body for body, _ in PASSES.values()]
    found = subprocess.run([sys.executable, "-c", PROGRAM, *bodies], capture_output=True, text=True, check=True)
    answers = [line.split(";") for line in found.stdout.splitlines()]
    return {name: (int(peak), method) for name, (peak, method) in zip(PASSES, answers, strict=True)}


@pytest.mark.skipif(sys.platform != "linux", reason="reads and resets the high-water mark in /proc")
@pytest.mark.parametrize("name", PASSES)
def test_a_real_process_reads_what_its_tensors_need(name: str, real_peaks: dict[str, tuple[int, str]]) -> None:
    peak, method = real_peaks[name]
    if method != "kernel high-water mark":
        pytest.skip(f"this kernel does not let a process reset its peak: {method}")
    # Tensors are that large to the byte; the rest is stacks and pages of the interpreter.
    assert peak == pytest.approx(PASSES[name][1] * MIB, rel=0.02, abs=MIB)
