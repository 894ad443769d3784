"""Which device a name means, its clocks, its memory, and what it says of itself."""

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from srbench.errors import InputError
from srbench.machine.device import CpuDevice, CudaDevice, Peak, choose_device, disturbances, open_device
from tests import trees
from tests.trees import NO_DRIVER, ScriptedNvml, h100

without_cuda = pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine with two GPUs, as far as names are concerned."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    return monkeypatch


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    # A driver that is too old still counts devices.
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    return monkeypatch


# --- Choosing a device


@pytest.mark.usefixtures("gpus")
@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        ("auto", "cuda:0"),
        ("cpu", "cpu"),
        ("cuda", "cuda:0"),
        ("cuda:0", "cuda:0"),
        ("cuda:1", "cuda:1"),
        (" CUDA:1 ", "cuda:1"),
        ("CPU", "cpu"),
    ],
)
def test_a_device_that_is_there(asked: str, chosen: str) -> None:
    assert choose_device(asked) == chosen


@pytest.mark.usefixtures("no_gpu")
@pytest.mark.parametrize("asked", ["auto", "cpu"])
def test_without_cuda_it_is_the_cpu(asked: str) -> None:
    assert choose_device(asked) == "cpu"


@pytest.mark.usefixtures("gpus")
def test_a_number_beyond_the_last_gpu_is_refused() -> None:
    with pytest.raises(
        InputError, match="--device cuda:3: this machine has cuda:0 to cuda:1; use --device cpu or auto"
    ):
        choose_device("cuda:3")


@pytest.mark.parametrize("asked", ["cuda", "cuda:0", "cuda:3"])
@pytest.mark.parametrize(
    ("built_for", "why"),
    [(None, "this torch is built without CUDA"), ("12.4", "torch finds no CUDA device here")],
)
def test_cuda_where_there_is_none_says_why(
    no_gpu: pytest.MonkeyPatch, asked: str, built_for: str | None, why: str
) -> None:
    no_gpu.setattr(torch.version, "cuda", built_for)
    with pytest.raises(InputError, match=f"--device {asked}: {why}; use --device cpu or auto"):
        choose_device(asked)


@without_cuda
@pytest.mark.parametrize("asked", ["cuda", "cuda:3"])
def test_cuda_is_refused_on_this_very_machine(asked: str) -> None:
    with pytest.raises(InputError, match=f"--device {asked}: "):
        choose_device(asked)


@pytest.mark.parametrize("asked", ["", "gpu", "cuda:", "cuda:-1", "cuda:1.5", "cuda:one", "cuda1", "cpu:0", "mps"])
def test_what_is_no_device(asked: str) -> None:
    with pytest.raises(InputError) as caught:
        choose_device(asked)
    assert str(caught.value) == f"--device {asked}: write auto, cpu or cuda:N"


def test_a_name_opens_its_device() -> None:
    cpu, gpu = open_device("cpu"), open_device("cuda:1")
    assert isinstance(cpu, CpuDevice)
    assert (cpu.name, cpu.torch_device) == ("cpu", torch.device("cpu"))
    assert isinstance(gpu, CudaDevice)
    assert (gpu.name, gpu.torch_device) == ("cuda:1", torch.device("cuda", 1))


# --- The CPU's memory


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, which only Linux has")
def test_the_peak_counts_from_its_reset() -> None:
    # In a process of its own: what ran before in this one may leave freed memory that is used again.
    code = (
        "import torch\n"
        "from srbench.machine.device import CpuDevice\n"
        "device = CpuDevice()\n"
        "device.prepare_memory()\n"
        "torch.zeros(2**26)\n"  # 256 MiB, gone before the reset
        "device.reset_peak()\n"
        "torch.zeros(2**22)\n"  # 16 MiB
        "print(device.peak().added_bytes, device.peak().method)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    added, _, method = found.stdout.strip().partition(" ")
    if "lower bound" in method:
        pytest.skip("this kernel does not let a process reset its peak")
    assert int(added) == pytest.approx(2**24, rel=0.02, abs=2**20)


def test_where_the_peak_cannot_be_reset_the_reading_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_text", refuse)
    device = CpuDevice()
    device.reset_peak()
    peak = device.peak()
    assert "lower bound" in peak.method
    assert peak.added_bytes is not None
    assert peak.added_bytes >= 0
    assert (peak.total_bytes, peak.reserved_bytes) == (None, None)
    assert peak.process_bytes is not None


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, which only Linux has")
def test_the_whole_process_is_larger_than_what_a_pass_adds() -> None:
    device = CpuDevice()
    device.reset_peak()
    peak = device.peak()
    assert peak.process_bytes is not None
    assert peak.added_bytes is not None
    # torch alone takes more.
    assert peak.process_bytes > peak.added_bytes + 50 * 2**20


def test_a_gpus_peak_is_read_from_its_own_allocator(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, tuple[int, ...]]] = []

    def scripted(name: str, answer: int | None) -> Callable[..., int | None]:
        def call(*arguments: int) -> int | None:
            calls.append((name, arguments))
            return answer

        return call

    answers = {
        "synchronize": None,
        "empty_cache": None,
        "reset_peak_memory_stats": None,
        "max_memory_allocated": 300,
        "max_memory_reserved": 500,
    }
    for name, answer in answers.items():
        monkeypatch.setattr(torch.cuda, name, scripted(name, answer))
    ScriptedNvml(monkeypatch, Init=NO_DRIVER)
    device = CudaDevice(1)
    device.prepare_memory()
    device.reset_peak()
    device.synchronize()
    assert device.peak() == Peak(None, 300, 500, "CUDA allocator peak")
    # Cached blocks go before the reset: afterwards they would count as reserved.
    assert calls == [
        ("empty_cache", ()),
        *((name, (1,)) for name in ("reset_peak_memory_stats", "synchronize", "max_memory_allocated")),
        ("max_memory_reserved", (1,)),
    ]


@pytest.mark.parametrize(("listed", "expected"), [(True, 900), (False, None)])
def test_the_driver_accounts_memory_to_this_process_where_it_knows_it(
    monkeypatch: pytest.MonkeyPatch, listed: bool, expected: int | None
) -> None:
    for name in ("max_memory_allocated", "max_memory_reserved"):
        monkeypatch.setattr(torch.cuda, name, lambda index: 1)
    processes = [SimpleNamespace(pid=os.getpid() if listed else 2, usedGpuMemory=900)]
    ScriptedNvml(monkeypatch, **h100(DeviceGetComputeRunningProcesses=processes))
    trees.cuda_properties(monkeypatch, uuid="1234")
    assert CudaDevice(0).peak().process_bytes == expected


# --- Device time


def test_processor_time_is_that_of_the_work_not_of_the_wall() -> None:
    device = open_device("cpu")
    device.begin()
    time.sleep(0.05)
    device.end()
    device.synchronize()
    idle_ns = device.device_ns()
    device.begin()
    end = time.process_time_ns() + 30_000_000
    while time.process_time_ns() < end:
        pass
    device.end()
    assert device.device_ns() >= 30_000_000
    assert idle_ns < 30_000_000


def test_a_gpu_is_timed_between_two_events_on_its_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    log: list[str] = []

    class Event:
        made = 0

        def __init__(self, enable_timing: bool) -> None:
            assert enable_timing
            Event.made += 1
            self.name = f"event {Event.made}"

        def record(self, stream: str) -> None:
            log.append(f"{self.name} on {stream}")

        def elapsed_time(self, other: "Event") -> float:
            log.append(f"{self.name} to {other.name}")
            return 1.2345678

    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda index: f"stream of {index}")
    device = open_device("cuda:1")
    for _ in range(2):
        device.begin()
        device.end()
        assert device.device_ns() == 1_234_568
    # Two events serve all passes: making one takes longer than recording it.
    assert log == ["event 1 on stream of 1", "event 2 on stream of 1", "event 1 to event 2"] * 2


# --- What the kernel does to a process


def test_disturbances_only_grow() -> None:
    before = disturbances()
    after = disturbances()
    assert 0 <= before.switches <= after.switches
    assert 0 < before.faults <= after.faults


#: Page faults of 20 passes over 8 buffers of 4 MiB, each written to; of how many pages is arithmetic.
_PASSES = """
import ctypes
from srbench.machine.device import CpuDevice, disturbances
{before}
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
def one_pass():
    blocks = [libc.malloc(4 << 20) for _ in range(8)]
    for block in blocks:
        ctypes.memset(block, 1, 4 << 20)
    for block in blocks:
        libc.free(block)
one_pass()
start = disturbances().faults
for _ in range(20):
    one_pass()
print(disturbances().faults - start)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="sets glibc's allocator, and this C library is another")
def test_a_process_that_keeps_its_memory_takes_no_page_faults() -> None:
    def faults(before: str) -> int:
        command = [sys.executable, "-c", _PASSES.format(before=before)]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    # 8192 pages of 4 KiB a pass. What is given back is faulted in again (fewer faults where the system has huge pages).
    assert faults("CpuDevice().prepare_memory()") > 20 * 8 * 2
    assert faults("assert CpuDevice().keep_memory()") < 20 * 8


@pytest.mark.parametrize(("variable", "kept"), [("", True), ("1", False)])
def test_a_gpus_caching_allocator_keeps_memory_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, variable: str, kept: bool
) -> None:
    monkeypatch.setenv("PYTORCH_NO_CUDA_MEMORY_CACHING", variable)
    assert CudaDevice(0).keep_memory() is kept


def test_where_there_is_no_glibc_memory_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not CpuDevice().keep_memory()
