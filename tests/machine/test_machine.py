"""Which machine this is: its name, its facts, torch's settings."""

import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import pynvml
import pytest
import torch

from srbench import machine
from srbench.cores import as_ranges, number_list
from srbench.facts import Build, GpuFacts, Limits, Machine, Processor
from srbench.machine import GIB, cgroup, processor, software
from srbench.records import Settings
from tests import trees
from tests.trees import NO_DRIVER, NOT_SUPPORTED, ScriptedNvml, h100

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


@pytest.mark.skipif(not hasattr(os, "sysconf"), reason="this system has no os.sysconf")
def test_memory_is_at_most_what_the_machine_has() -> None:
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert 2**28 < machine.memory_bytes() <= physical
    assert machine.device_memory_bytes("cpu") <= machine.memory_bytes() == machine.describe().memory_bytes


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system cannot bind a process to cores")
def test_cores_are_those_that_this_process_may_use() -> None:
    code = (
        "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]);"
        "from srbench import machine; print(machine.describe().name)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ", 1 core, " in found.stdout


def test_gpus_are_part_of_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["NVIDIA H100 80GB HBM3", "NVIDIA T4"]
    answers = h100(DeviceGetCount=2, DeviceGetHandleByIndex=lambda i: i, DeviceGetName=lambda handle: names[handle])
    nvml = ScriptedNvml(monkeypatch, **answers)
    there = machine.describe.__wrapped__()  # past the cache
    assert (there.gpus, there.driver) == (tuple(names), "550.54.15")
    assert there.name.endswith(f" GiB, {names[0]}, {names[1]}")
    assert there.gpu_facts[0] == GpuFacts(
        name=names[0],
        memory_bytes=80 * GIB,
        compute_capability="9.0",
        power_limit_w=700.0,
        mig=False,
        max_clock_mhz=1980,
        max_memory_clock_mhz=2619,
        clocks_locked=False,
    )
    assert nvml.calls[-1] == ("Shutdown", ())


def test_what_a_driver_does_not_tell_of_a_gpu_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    ScriptedNvml(monkeypatch, Init=None, Shutdown=None, DeviceGetCount=1, DeviceGetHandleByIndex=0)
    there = machine.describe.__wrapped__()
    assert there.gpu_facts == (GpuFacts(name="unknown GPU"),)
    assert there.driver is None


@pytest.mark.parametrize(
    ("changes", "locked"),
    [
        ({}, False),
        ({"DeviceGetCurrentClocksEventReasons": pynvml.nvmlClocksEventReasonApplicationsClocksSetting}, True),
        ({"DeviceGetApplicationsClock": 1200}, True),
        ({"DeviceGetApplicationsClock": NOT_SUPPORTED, "DeviceGetCurrentClocksEventReasons": 1}, False),
        ({"DeviceGetApplicationsClock": NOT_SUPPORTED, "DeviceGetCurrentClocksEventReasons": NOT_SUPPORTED}, None),
    ],
)
def test_whether_clocks_are_locked(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], locked: bool | None
) -> None:
    ScriptedNvml(monkeypatch, **h100(**changes))
    assert machine.describe.__wrapped__().gpu_facts[0].clocks_locked is locked


def test_no_driver_no_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    ScriptedNvml(monkeypatch, Init=NO_DRIVER)
    here = machine.describe.__wrapped__()
    assert (here.gpus, here.driver, here.gpu_facts) == ((), None, ())
    assert here.name.endswith(" GiB")


def test_the_name_of_a_machine_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Records of one machine replace each other by its name: nothing that changes from run to run may enter it."""
    ScriptedNvml(monkeypatch, Init=NO_DRIVER)
    monkeypatch.setattr(processor, "name", lambda: "Test Xeon")
    monkeypatch.setattr(machine, "core_numbers", lambda: (0, 1, 4))
    monkeypatch.setattr(machine, "memory_bytes", lambda: 8 * GIB)
    monkeypatch.setattr(machine, "limits", lambda: Limits(cpu_cores=0.5, memory_bytes=GIB))
    assert machine.describe.__wrapped__().name == "Test Xeon, 3 cores, 8 GiB"
    assert machine.device_memory_bytes("cpu") == GIB  # what fits is another question


def test_a_description_takes_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    ScriptedNvml(monkeypatch, Init=NO_DRIVER)
    begin = time.process_time_ns()
    machine.describe.__wrapped__()
    assert time.process_time_ns() - begin < 50_000_000


# --- The processor


def test_the_processor_of_a_server(tmp_path: Path) -> None:
    assert processor.describe((0, 1, 2), trees.server(tmp_path)) == Processor(
        logical_cores=4,
        physical_cores=2,
        affinity="0-2",
        usable_physical_cores=2,
        l1d_bytes=48 * 2**10,
        l2_bytes=2 * 2**20,
        l3_bytes=36 * 2**20,
        max_mhz=3800,
        governor="performance, powersave",
        turbo=True,
        numa_nodes=2,
        virtual=False,
        flags=("avx", "f16c", "fma", "avx2", "avx512f", "avx512bw"),
    )
    assert processor.name(tmp_path) == "Test Xeon v9"


def test_cores_that_share_a_physical_one(tmp_path: Path) -> None:
    trees.server(tmp_path)
    assert processor.describe((0, 2), tmp_path).smt is True
    assert processor.describe((0, 1), tmp_path).smt is False
    assert Processor().smt is None


@pytest.mark.parametrize(
    ("files", "turbo", "switch"),
    [
        ({"intel_pstate/no_turbo": "1"}, False, "echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo"),
        ({"cpufreq/boost": "1"}, True, "echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost"),
        ({"cpu0/cpufreq/boost": "0", "cpu1/cpufreq/boost": "1"}, True, None),
        ({"cpu0/cpufreq/boost": "0"}, False, None),
        ({}, None, None),
    ],
)
def test_turbo(tmp_path: Path, files: dict[str, str], turbo: bool | None, switch: str | None) -> None:
    trees.plant(tmp_path, {f"sys/devices/system/cpu/{name}": text for name, text in files.items()})
    assert processor.describe((0, 1), tmp_path).turbo is turbo
    assert processor.turbo_switch(tmp_path) == switch


def test_a_system_that_tells_nothing_of_its_processor(tmp_path: Path) -> None:
    assert processor.describe((0, 1), tmp_path) == Processor(affinity="0-1")
    assert processor.name(tmp_path) is None


def test_a_virtual_machine_is_told_by_its_flag(tmp_path: Path) -> None:
    trees.plant(tmp_path, {"proc/cpuinfo": trees.cpuinfo(1, trees.VIRTUAL_FLAGS)})
    assert processor.describe((0,), tmp_path).virtual is True
    trees.plant(tmp_path, {"proc/cpuinfo": "processor : 0\nFeatures : fp asimd sve"})
    arm = processor.describe((0,), tmp_path)
    assert (arm.virtual, arm.flags) == (None, ("asimd", "sve"))


def test_sets_of_cores_as_the_kernel_writes_them() -> None:
    assert number_list("0-2,5,8-9") == [0, 1, 2, 5, 8, 9]
    assert number_list("") == number_list("0-x") == number_list(None) == []
    assert as_ranges([9, 0, 1, 2, 5, 8]) == "0-2,5,8-9"
    assert as_ranges([]) == ""


# --- Limits of a container


def test_a_limit_of_any_group_above_binds(tmp_path: Path) -> None:
    assert machine.limits(trees.cgroup_v2(tmp_path)) == Limits(cpu_cores=1.5, memory_bytes=8 * GIB)


def test_limits_of_the_older_kind(tmp_path: Path) -> None:
    assert machine.limits(trees.cgroup_v1(tmp_path)) == Limits(cpu_cores=0.5, memory_bytes=2 * GIB)
    assert cgroup.throttled_periods(tmp_path) == 4


def test_no_limits(tmp_path: Path) -> None:
    assert machine.limits(trees.cgroup_v1(tmp_path / "old", quota=-1, memory=9223372036854771712)) == Limits()
    assert machine.limits(trees.cgroup_v2(tmp_path / "new", "max 100000", "max")) == Limits()
    assert machine.limits(tmp_path / "none") == Limits()
    assert cgroup.throttled_periods(tmp_path / "none") is None


def test_a_container_that_sees_its_hosts_path_is_read_where_it_is_mounted(tmp_path: Path) -> None:
    trees.cgroup_v2(tmp_path)
    trees.plant(tmp_path, {"proc/self/cgroup": "0::/../../elsewhere", "sys/fs/cgroup/cpu.max": "200000 100000"})
    assert machine.limits(tmp_path) == Limits(cpu_cores=2.0)


# --- Software


SHOW = """PyTorch built with:
  - GCC 13.3
  - C++ Version: 202002
  - Intel(R) oneAPI Math Kernel Library Version 2024.2-Product Build 20240605 for Intel(R) 64 architecture applications
  - Intel(R) MKL-DNN v3.12.0 (Git Hash 80afa71049cd69a3df32adcccb623b12cd7baa22)
  - OpenMP 201511 (a.k.a. OpenMP 4.5)
  - Build settings: BLAS_INFO=mkl, BUILD_TYPE=Release, CXX_COMPILER=/c++, CXX_FLAGS= -DUSE_KINETO -O2 -Wall -mavx2, \
TORCH_VERSION=2.9.0, USE_CUDA=0, USE_CUDNN=OFF, USE_MKLDNN=ON, """


def test_how_torch_was_built() -> None:
    assert software.read_build(SHOW, "ATen parallel backend: OpenMP") == Build(
        compiler="GCC 13.3",
        mkl="2024.2",
        onednn="3.12.0",
        openmp="201511 (a.k.a. OpenMP 4.5)",
        backend="OpenMP",
        settings={"BLAS_INFO": "mkl", "BUILD_TYPE": "Release", "CXX_FLAGS": "-O2 -mavx2", "USE_MKLDNN": "ON"},
    )
    assert software.read_build("something else", "") == Build()


def test_this_torch_says_how_it_was_built() -> None:
    assert software.build().settings.get("BUILD_TYPE") == "Release"
    if sys.platform == "linux":
        assert (software.libc() or "").partition(" ")[0] in ("glibc", "musl")


def test_variables_that_change_a_runtime() -> None:
    variables = {
        "OMP_NUM_THREADS": "2",
        "KMP_BLOCKTIME": "0",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MALLOC_ARENA_MAX": "1",
        "CUDA_VISIBLE_DEVICES": "1",
        "LD_PRELOAD": "/usr/lib/libjemalloc.so",
        "PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True",
        "NVIDIA_TF32_OVERRIDE": "0",
    }
    others = {"HOME": "/home/me", "CUDA_HOME": "/usr/local/cuda", "TORCH_HOME": "/x", "PYTHONPATH": ".", "NOMP_X": "1"}
    found = software.environment(variables | others)
    assert found == variables
    assert list(found) == sorted(found)


def test_settings_are_read_back_from_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in filter(software.matters, list(os.environ)):
        monkeypatch.delenv(name)
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
    assert used.interop_threads == torch.get_num_interop_threads()
    assert used.matmul_precision == torch.get_float32_matmul_precision()
    assert used.cudnn_deterministic is torch.backends.cudnn.deterministic
    assert used.deterministic is False
    assert used.onednn == bool(torch.backends.mkldnn.enabled)
    assert used.cpu_capability


def test_a_record_of_earlier_times_knows_less() -> None:
    old = {"name": "a", "system": "b", "cpu": "c", "cores": 1, "memory_bytes": 0, "gpus": [], "python": "3.11"}
    found = Machine.model_validate({**old, "driver": None, "torch": "2.6", "cuda": None, "cudnn": None})
    assert (found.processor, found.limits, found.gpu_facts, found.build) == (Processor(), Limits(), (), Build())
    assert found.libc is None


def test_the_description_survives_storing() -> None:
    here = machine.describe()
    assert Machine.model_validate_json(here.model_dump_json()) == here
