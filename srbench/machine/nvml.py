"""NVIDIA's management library, by pynvml: one GPU's facts and state.

Nothing here raises: what a driver, a container or an older GPU does not tell is None or empty.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pynvml
import torch

#: Bits of nvmlDeviceGetCurrentClocksEventReasons (nvml.h). Left out: idle, and clocks that were set on purpose.
_REASONS = {
    pynvml.nvmlClocksEventReasonSwPowerCap: "SW power cap",
    pynvml.nvmlClocksThrottleReasonHwSlowdown: "HW slowdown",
    pynvml.nvmlClocksEventReasonSyncBoost: "sync boost",
    pynvml.nvmlClocksEventReasonSwThermalSlowdown: "SW thermal slowdown",
    pynvml.nvmlClocksThrottleReasonHwThermalSlowdown: "HW thermal slowdown",
    pynvml.nvmlClocksThrottleReasonHwPowerBrakeSlowdown: "HW power brake",
    pynvml.nvmlClocksEventReasonDisplayClockSetting: "display clock setting",
}
#: Policies whose time under the wanted clocks the driver counts (nvmlPerfPolicyType_t), in the words from above.
_COUNTED = {
    pynvml.NVML_PERF_POLICY_POWER: "SW power cap",
    pynvml.NVML_PERF_POLICY_THERMAL: "thermal slowdown",
    pynvml.NVML_PERF_POLICY_BOARD_LIMIT: "board limit",
}


@dataclass(frozen=True)
class Process:
    """A program that computes on a GPU; ``used_bytes`` is None where the driver does not say."""

    pid: int
    used_bytes: int | None


def ask(question: Callable[..., Any], *arguments: object) -> Any | None:
    """The answer of an NVML call; None where it has none."""
    try:
        return question(*arguments)
    except (pynvml.NVMLError, AttributeError, UnicodeDecodeError):
        return None


def start() -> bool:
    """Load the library (again is harmless); False without a driver."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return False
    return True


def stop() -> None:
    """Undo one :func:`start`."""
    ask(pynvml.nvmlShutdown)


def driver() -> str | None:
    """Version of the driver."""
    found = ask(pynvml.nvmlSystemGetDriverVersion)
    return None if found is None else str(found)


def all_gpus() -> list["Gpu"]:
    """Every GPU that the driver has, in its own order."""
    handles = (ask(pynvml.nvmlDeviceGetHandleByIndex, i) for i in range(ask(pynvml.nvmlDeviceGetCount) or 0))
    return [Gpu(handle) for handle in handles if handle is not None]


def of_cuda(index: int) -> "Gpu | None":
    """The GPU that torch calls ``cuda:index``.

    By its UUID, else by its PCI address: CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER number them otherwise than NVML.
    """
    properties = torch.cuda.get_device_properties(index)
    if (uuid := getattr(properties, "uuid", None)) is not None:
        for prefix in ("GPU-", "MIG-"):
            if (handle := ask(pynvml.nvmlDeviceGetHandleByUUID, f"{prefix}{uuid}")) is not None:
                return Gpu(handle)
    if (bus := getattr(properties, "pci_bus_id", None)) is not None:
        domain, device = getattr(properties, "pci_domain_id", 0), getattr(properties, "pci_device_id", 0)
        handle = ask(pynvml.nvmlDeviceGetHandleByPciBusId, f"{domain:08x}:{bus:02x}:{device:02x}.0")
        return None if handle is None else Gpu(handle)
    return None


class Gpu:
    """One GPU as NVML sees it."""

    def __init__(self, handle: object) -> None:
        self._handle = handle

    def _ask(self, question: Callable[..., Any], *arguments: object) -> Any | None:
        return ask(question, self._handle, *arguments)

    def _ask_int(self, question: Callable[..., Any], *arguments: object) -> int | None:
        found = self._ask(question, *arguments)
        return None if found is None else int(found)

    @property
    def name(self) -> str:
        """Its model."""
        return str(self._ask(pynvml.nvmlDeviceGetName) or "unknown GPU")

    @property
    def uuid(self) -> str | None:
        """Names this very GPU, or MIG instance."""
        found = self._ask(pynvml.nvmlDeviceGetUUID)
        return None if found is None else str(found)

    @property
    def index(self) -> int | None:
        """Its number for nvidia-smi."""
        return self._ask_int(pynvml.nvmlDeviceGetIndex)

    @property
    def memory_bytes(self) -> int | None:
        """All of its memory."""
        found = self._ask(pynvml.nvmlDeviceGetMemoryInfo)
        return None if found is None else int(found.total)

    @property
    def compute_capability(self) -> str | None:
        """As in ``9.0``."""
        found = self._ask(pynvml.nvmlDeviceGetCudaComputeCapability)
        return None if found is None else ".".join(map(str, found))

    @property
    def power_limit_w(self) -> float | None:
        """The limit in force, in watts."""
        found = self._ask_int(pynvml.nvmlDeviceGetEnforcedPowerLimit)
        return None if found is None else found / 1000

    @property
    def lowest_power_limit_w(self) -> float | None:
        """The lowest limit that may be set, in watts."""
        found = self._ask(pynvml.nvmlDeviceGetPowerManagementLimitConstraints)
        return None if found is None else float(found[0]) / 1000

    @property
    def power_w(self) -> float | None:
        """What it takes now, in watts."""
        found = self._ask_int(pynvml.nvmlDeviceGetPowerUsage)
        return None if found is None else found / 1000

    def limit_power(self, watts: float) -> str:
        """Set the limit; why that was refused, or nothing."""
        try:
            pynvml.nvmlDeviceSetPowerManagementLimit(self._handle, round(watts * 1000))
        except (pynvml.NVMLError, AttributeError) as error:
            return str(error) or type(error).__name__
        return ""

    @property
    def energy_mj(self) -> float | str:
        """Millijoules since the driver was loaded, or why it does not say."""
        try:
            return float(pynvml.nvmlDeviceGetTotalEnergyConsumption(self._handle))
        except (pynvml.NVMLError, AttributeError) as error:
            return str(error) or type(error).__name__

    @property
    def exclusive(self) -> bool | None:
        """Whether it takes one program at a time alone (compute mode EXCLUSIVE_PROCESS)."""
        found = self._ask_int(pynvml.nvmlDeviceGetComputeMode)
        return None if found is None else found == pynvml.NVML_COMPUTEMODE_EXCLUSIVE_PROCESS

    @property
    def mig(self) -> bool | None:
        """Whether it is split into instances."""
        found = self._ask(pynvml.nvmlDeviceGetMigMode)
        return None if found is None else bool(found[0])

    @property
    def instance(self) -> bool | None:
        """Whether this is one instance of a GPU that is split."""
        found = self._ask_int(pynvml.nvmlDeviceIsMigDeviceHandle)
        return None if found is None else bool(found)

    @property
    def mps(self) -> bool | None:
        """Whether programs use it through MPS, NVIDIA's server that runs them at the same time."""
        found = self._ask(pynvml.nvmlDeviceGetMPSComputeRunningProcesses)
        return None if found is None else bool(found)

    @property
    def persistence(self) -> bool | None:
        """Whether the driver stays loaded while nobody uses the GPU."""
        found = self._ask(pynvml.nvmlDeviceGetPersistenceMode)
        return None if found is None else bool(found)

    @property
    def clock_mhz(self) -> int | None:
        """Clock of the multiprocessors now."""
        return self._ask_int(pynvml.nvmlDeviceGetClockInfo, pynvml.NVML_CLOCK_SM)

    @property
    def max_clock_mhz(self) -> int | None:
        """Highest clock of the multiprocessors."""
        return self._ask_int(pynvml.nvmlDeviceGetMaxClockInfo, pynvml.NVML_CLOCK_SM)

    @property
    def max_memory_clock_mhz(self) -> int | None:
        """Highest clock of the memory."""
        return self._ask_int(pynvml.nvmlDeviceGetMaxClockInfo, pynvml.NVML_CLOCK_MEM)

    @property
    def application_clock_mhz(self) -> int | None:
        """The clock that was set for applications, or the GPU's default for them."""
        return self._ask_int(pynvml.nvmlDeviceGetApplicationsClock, pynvml.NVML_CLOCK_SM)

    @property
    def clocks_locked(self) -> bool | None:
        """Whether somebody fixed the clocks; None where the driver does not say.

        While a clock that was set on purpose is what holds the GPU back, the driver says so in its reasons. Application
        clocks that differ from the default are told without load, too; nvidia-smi's locked clocks are not.
        """
        mask = self._mask()
        if mask is not None and mask & pynvml.nvmlClocksEventReasonApplicationsClocksSetting:
            return True
        default = self._ask_int(pynvml.nvmlDeviceGetDefaultApplicationsClock, pynvml.NVML_CLOCK_SM)
        chosen = self.application_clock_mhz
        if chosen is not None and default is not None:
            return chosen != default
        return None if mask is None else False

    def lock_clocks(self, mhz: int) -> str:
        """Fix the clock of the multiprocessors; why that was refused, or nothing."""
        try:
            pynvml.nvmlDeviceSetGpuLockedClocks(self._handle, mhz, mhz)
        except (pynvml.NVMLError, AttributeError) as error:
            return str(error) or type(error).__name__
        return ""

    def unlock_clocks(self) -> None:
        """Let the clock follow load and temperature again."""
        self._ask(pynvml.nvmlDeviceResetGpuLockedClocks)

    @property
    def temperature_c(self) -> int | None:
        """Of the chip."""
        return self._ask_int(pynvml.nvmlDeviceGetTemperature, pynvml.NVML_TEMPERATURE_GPU)

    @property
    def utilisation_percent(self) -> int | None:
        """Share of the last moments (up to a second) in which something ran."""
        found = self._ask(pynvml.nvmlDeviceGetUtilizationRates)
        return None if found is None else int(found.gpu)

    @property
    def reasons(self) -> tuple[str, ...]:
        """What holds its clock back now."""
        mask = self._mask() or 0
        return tuple(name for bit, name in _REASONS.items() if mask & bit)

    @property
    def held_back_ns(self) -> dict[str, int]:
        """How long each cause has held its clock back since the driver was loaded; empty where it does not count."""
        found = {name: self._ask(pynvml.nvmlDeviceGetViolationStatus, policy) for policy, name in _COUNTED.items()}
        return {name: int(times.violationTime) for name, times in found.items() if times is not None}

    @property
    def processes(self) -> tuple[Process, ...] | None:
        """Programs that compute on it. A container may see none of them, or numbers that are not its own."""
        found = self._ask(pynvml.nvmlDeviceGetComputeRunningProcesses)
        return None if found is None else tuple(Process(p.pid, p.usedGpuMemory) for p in found)

    def busy_percent(self, window_us: int) -> dict[int, int] | None:
        """By process number the highest share of the multiprocessors' time in one of the last moments.

        Args:
            window_us: how far back, in microseconds.

        Returns:
            Empty where nothing was sampled in that time; None where the driver does not tell (MIG, older GPUs).
        """
        since = max(0, time.time_ns() // 1000 - window_us)
        try:
            samples = pynvml.nvmlDeviceGetProcessUtilization(self._handle, since)
        except pynvml.NVMLError as error:
            return {} if error.value == pynvml.NVML_ERROR_NOT_FOUND else None
        found: dict[int, int] = {}
        for sample in samples:
            # Unused places of the driver's buffer come back as well, with process number 0.
            if sample.pid and sample.timeStamp >= since:
                found[sample.pid] = max(found.get(sample.pid, 0), int(sample.smUtil))
        return found

    def is_called(self, pid: int, program: str) -> bool:
        """Whether a process on it runs a program of that name; False where the driver does not tell."""
        return Path(str(ask(pynvml.nvmlSystemGetProcessName, pid) or "")).name == program

    def used_by(self, pid: int) -> int | None:
        """Bytes that the driver accounts to a process; None where it does not know that one."""
        return next((process.used_bytes for process in self.processes or () if process.pid == pid), None)

    def _mask(self) -> int | None:
        mask = self._ask_int(pynvml.nvmlDeviceGetCurrentClocksEventReasons)
        # Drivers before 535 know it by its older name.
        return mask if mask is not None else self._ask_int(pynvml.nvmlDeviceGetCurrentClocksThrottleReasons)
