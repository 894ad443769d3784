"""Made-up /proc and /sys trees, and a made-up NVML: what other machines tell."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pynvml
import pytest
import torch

#: A server's processor: two cores of two threads each, as a bare machine shows it.
SERVER_FLAGS = "fpu sse2 aperfmperf avx f16c fma avx2 avx512f avx512bw"
VIRTUAL_FLAGS = "fpu sse2 hypervisor avx fma avx2"


def plant(root: Path, files: Mapping[str, str]) -> Path:
    """Write the files below the root; returns it."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return root


def cpuinfo(count: int, flags: str, mhz: float | None = 2400.0, model: str = "Test Xeon  v9") -> str:
    """A /proc/cpuinfo of so many cores."""
    lines = [f"processor\t: {{core}}\nmodel name\t: {model}", f"flags\t\t: {flags}"]
    if mhz is not None:
        lines.insert(1, f"cpu MHz\t\t: {mhz:.3f}")
    return "\n\n".join("\n".join(lines).replace("{core}", str(core)) for core in range(count))


def server(root: Path) -> Path:
    """A bare machine with two physical cores, four logical ones: 0 and 2 share one, 1 and 3 the other."""
    cpu = "sys/devices/system/cpu"
    files = {
        "proc/cpuinfo": cpuinfo(4, SERVER_FLAGS),
        f"{cpu}/online": "0-3",
        "sys/devices/system/node/online": "0-1",
        f"{cpu}/intel_pstate/no_turbo": "0",
    }
    for core in range(4):
        here = f"{cpu}/cpu{core}"
        files |= {
            f"{here}/topology/physical_package_id": "0",
            f"{here}/topology/core_id": str(core % 2),
            f"{here}/topology/thread_siblings_list": f"{core % 2},{core % 2 + 2}",
            f"{here}/cpufreq/cpuinfo_max_freq": "3800000",
            f"{here}/cpufreq/scaling_cur_freq": str(3_000_000 + 100_000 * core),
            f"{here}/cpufreq/scaling_governor": "powersave" if core else "performance",
            f"{here}/thermal_throttle/core_throttle_count": "7",
            f"{here}/thermal_throttle/package_throttle_count": "9",
        }
    levels = ((0, 1, "Data", "48K"), (1, 1, "Instruction", "32K"), (2, 2, "Unified", "2048K"), (3, 3, "Unified", "36M"))
    for index, level, kind, size in levels:
        here = f"{cpu}/cpu0/cache/index{index}"
        files |= {f"{here}/level": str(level), f"{here}/type": kind, f"{here}/size": size}
    files |= {
        "sys/class/hwmon/hwmon0/name": "nvme",
        "sys/class/hwmon/hwmon0/temp1_input": "90000",
        "sys/class/hwmon/hwmon1/name": "coretemp",
        "sys/class/hwmon/hwmon1/temp1_label": "Package id 0",
        "sys/class/hwmon/hwmon1/temp1_input": "61400",
        "sys/class/hwmon/hwmon1/temp2_label": "Core 0",
        "sys/class/hwmon/hwmon1/temp2_input": "64000",
    }
    return plant(root, files)


def cgroup_v2(root: Path, quota: str = "150000 100000", memory: str = "8589934592", throttled: int = 4) -> Path:
    """A container with a quota: its own group has none, the one above has."""
    return plant(
        root,
        {
            "proc/self/cgroup": "0::/pods/one",
            "proc/self/mountinfo": "31 23 0:28 / /sys/fs/cgroup rw,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate",
            "sys/fs/cgroup/pods/one/cpu.max": "max 100000",
            "sys/fs/cgroup/pods/one/memory.max": "max",
            "sys/fs/cgroup/pods/one/cpu.stat": "usage_usec 5\nnr_periods 0\nnr_throttled 0",
            "sys/fs/cgroup/pods/cpu.max": quota,
            "sys/fs/cgroup/pods/memory.max": memory,
            "sys/fs/cgroup/pods/cpu.stat": f"usage_usec 5\nnr_periods 90\nnr_throttled {throttled}\nthrottled_usec 1",
        },
    )


def cgroup_v1(root: Path, quota: int = 50_000, memory: int = 2**31, throttled: int = 4) -> Path:
    """Docker on an older system: each controller has a tree of its own, mounted from the container's own folder on."""
    path = "/docker/abc"
    mounts = [
        f"31 23 0:28 {path} /sys/fs/cgroup/cpu,cpuacct ro,nosuid - cgroup cgroup rw,cpu,cpuacct",
        f"32 23 0:29 {path} /sys/fs/cgroup/memory ro,nosuid - cgroup cgroup rw,memory",
        "33 23 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
    ]
    return plant(
        root,
        {
            "proc/self/cgroup": f"4:memory:{path}\n1:cpu,cpuacct:{path}\n0::/system.slice",
            "proc/self/mountinfo": "\n".join(mounts),
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": str(quota),
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
            "sys/fs/cgroup/cpu,cpuacct/cpu.stat": f"nr_periods 9\nnr_throttled {throttled}\nthrottled_time 8",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": str(memory),
        },
    )


class ScriptedNvml:
    """Answers in place of pynvml: a value for each call, an exception where the driver would refuse.

    ``calls`` notes names and arguments. The names are pynvml's without ``nvml`` and ``nvmlDeviceGet``.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **answers: Any) -> None:
        self.calls: list[tuple[str, tuple[object, ...]]] = []
        self.answers = answers
        self._patch = monkeypatch
        for name in (
            *("Init", "Shutdown", "SystemGetDriverVersion", "DeviceGetCount", "DeviceGetHandleByIndex"),
            *("DeviceGetHandleByUUID", "DeviceGetHandleByPciBusId", "DeviceGetName", "DeviceGetMemoryInfo"),
            *("DeviceGetCudaComputeCapability", "DeviceGetEnforcedPowerLimit", "DeviceGetMigMode", "DeviceGetUUID"),
            *("DeviceGetPersistenceMode", "DeviceGetClockInfo", "DeviceGetMaxClockInfo", "DeviceGetApplicationsClock"),
            *("DeviceGetDefaultApplicationsClock", "DeviceGetTemperature", "DeviceGetUtilizationRates"),
            *("DeviceGetCurrentClocksEventReasons", "DeviceGetCurrentClocksThrottleReasons"),
            *("DeviceGetComputeRunningProcesses", "DeviceGetIndex", "DeviceGetViolationStatus"),
            *("DeviceGetProcessUtilization", "DeviceIsMigDeviceHandle", "DeviceGetMPSComputeRunningProcesses"),
            *("SystemGetProcessName", "DeviceGetTotalEnergyConsumption", "DeviceGetComputeMode"),
            *("DeviceSetGpuLockedClocks", "DeviceResetGpuLockedClocks", "DeviceGetPowerManagementLimitConstraints"),
            *("DeviceSetPowerManagementLimit", "DeviceGetPowerUsage"),
        ):
            monkeypatch.setattr(pynvml, f"nvml{name}", self._answering(name))

    def _answering(self, name: str) -> Callable[..., Any]:
        def call(*arguments: object) -> Any:
            self.calls.append((name, arguments))
            answer = self.answers.get(name, NOT_SUPPORTED)
            if callable(answer):
                answer = answer(*arguments)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


NOT_SUPPORTED = pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
NOT_FOUND = pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
NO_DRIVER = pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)


def h100(**changes: Any) -> dict[str, Any]:
    """A GPU under load at its power limit, seen through its handle ``"h100"``; to be given to :class:`ScriptedNvml`."""
    answers: dict[str, Any] = {
        "Init": None,
        "Shutdown": None,
        "SystemGetDriverVersion": "550.54.15",
        "DeviceGetCount": 1,
        "DeviceGetHandleByIndex": "h100",
        "DeviceGetHandleByUUID": lambda uuid: "h100" if uuid == "GPU-1234" else NOT_FOUND,
        "DeviceGetUUID": "GPU-1234",
        "DeviceGetIndex": 3,
        "DeviceGetName": "NVIDIA H100 80GB HBM3",
        "DeviceGetMemoryInfo": SimpleNamespace(total=80 * 2**30),
        "DeviceGetCudaComputeCapability": (9, 0),
        "DeviceGetEnforcedPowerLimit": 700_000,
        "DeviceGetMigMode": [0, 0],
        "DeviceGetPersistenceMode": 1,
        "DeviceGetComputeMode": pynvml.NVML_COMPUTEMODE_DEFAULT,
        "DeviceGetClockInfo": 1755,
        "DeviceGetMaxClockInfo": lambda handle, kind: 1980 if kind == pynvml.NVML_CLOCK_SM else 2619,
        "DeviceGetApplicationsClock": 1980,
        "DeviceGetDefaultApplicationsClock": 1980,
        "DeviceGetTemperature": 64,
        "DeviceGetUtilizationRates": SimpleNamespace(gpu=97, memory=40),
        "DeviceGetCurrentClocksEventReasons": pynvml.nvmlClocksEventReasonSwPowerCap,
        "DeviceGetComputeRunningProcesses": [SimpleNamespace(pid=77, usedGpuMemory=2**30)],
    }
    return answers | changes


def cuda_properties(monkeypatch: pytest.MonkeyPatch, **properties: object) -> None:
    """What torch tells of ``cuda:N``."""
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: SimpleNamespace(**properties))
