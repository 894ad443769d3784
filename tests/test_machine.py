"""Which machine this is, and which of its devices a name means."""

import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pynvml
import pytest
import torch

from srbench import machine
from srbench.device import CpuDevice, CudaDevice, Peak, choose_device, open_device
from srbench.errors import InputError
from srbench.records import Settings

without_cuda = pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")


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


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_peak_counts_from_its_reset() -> None:
    # In a process of its own: what ran before in this one may leave freed memory that is used again.
    code = (
        "import torch\n"
        "from srbench.device import CpuDevice\n"
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


# --- What machine this is


def test_the_description_is_of_this_machine() -> None:
    here = machine.describe()
    assert here.cpu
    assert here.cpu in here.name
    assert 1 <= here.cores == machine.usable_cores() <= (os.cpu_count() or 1)
    assert f"{here.cores} core" in here.name
    assert here.system == f"{platform.system()} {platform.release()} {platform.machine()}"
    assert here.python == platform.python_version()
    assert torch.__version__.startswith(here.torch.partition("+")[0])
    assert here.cuda == torch.version.cuda
    assert "\n" not in here.name
    assert machine.describe() is here  # looked up once


@pytest.mark.skipif(not hasattr(os, "sysconf"), reason="no sysconf")
def test_memory_is_at_most_what_the_machine_has() -> None:
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert 2**28 < machine.memory_bytes() <= physical
    assert machine.device_memory_bytes("cpu") == machine.memory_bytes() == machine.describe().memory_bytes


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity")
def test_cores_are_those_that_this_process_may_use() -> None:
    code = (
        "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]);"
        "from srbench import machine; print(machine.describe().name)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ", 1 core, " in found.stdout


def test_gpus_are_part_of_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["NVIDIA H100 80GB HBM3", "NVIDIA T4"]
    closed: list[bool] = []
    monkeypatch.setattr(pynvml, "nvmlInit", lambda: None)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetCount", lambda: len(names))
    monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByIndex", lambda index: index)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetName", lambda handle: names[handle])
    monkeypatch.setattr(pynvml, "nvmlSystemGetDriverVersion", lambda: "550.54.15")
    monkeypatch.setattr(pynvml, "nvmlShutdown", lambda: closed.append(True))
    there = machine.describe.__wrapped__()  # past the cache
    assert (there.gpus, there.driver) == (tuple(names), "550.54.15")
    assert there.name.endswith(f" GiB, {names[0]}, {names[1]}")
    assert closed == [True]


def test_no_driver_no_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    monkeypatch.setattr(pynvml, "nvmlInit", fail)
    here = machine.describe.__wrapped__()
    assert (here.gpus, here.driver) == ((), None)
    assert here.name.endswith(" GiB")


def test_settings_are_read_back_from_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in machine.ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setenv("HOME", "/no/business/of/a/record")
    asked = Settings(seed=3, budget_s=2, timeout_s=9, threads=64)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        used = machine.read_back(asked)
    finally:
        torch.set_num_threads(before)
    assert (used.seed, used.budget_s, used.timeout_s) == (3, 2, 9)
    assert used.threads == 1  # what runs, not what was asked for
    assert used.environment == {"OMP_NUM_THREADS": "7"}
    assert used.matmul_tf32 is torch.backends.cuda.matmul.allow_tf32
    assert used.cudnn_tf32 is torch.backends.cudnn.allow_tf32
    assert used.cudnn_benchmark is torch.backends.cudnn.benchmark
