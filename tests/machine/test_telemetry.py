"""What a device says of itself between blocks of samples, by made-up kernels and drivers."""

import time
from pathlib import Path
from types import SimpleNamespace

import pynvml
import pytest

from srbench.machine.device import open_device
from srbench.machine.telemetry import CpuTelemetry
from srbench.records import Reading
from tests import trees
from tests.trees import NO_DRIVER, NOT_SUPPORTED, ScriptedNvml, h100

# --- What a CPU says of itself


def test_clock_and_temperature_of_the_usable_cores(tmp_path: Path) -> None:
    told = CpuTelemetry((0, 1), trees.server(tmp_path)).reading(8)
    # 3.0 and 3.1 GHz; the package's sensor, not a core's, not the disk's.
    assert told == Reading(after=8, clock_mhz=3050, temperature_c=61)


def test_only_some_cores_of_many_are_asked(tmp_path: Path) -> None:
    cpu = "sys/devices/system/cpu"
    trees.plant(tmp_path, {f"{cpu}/cpu{core}/cpufreq/scaling_cur_freq": f"{core}000000" for core in range(1, 129)})
    assert CpuTelemetry(range(1, 129), tmp_path).reading(0).clock_mhz == 8500  # the mean of the first 16


@pytest.mark.parametrize(("flags", "second"), [(trees.VIRTUAL_FLAGS, 2400), (trees.SERVER_FLAGS, 3600)])
def test_where_only_cpuinfo_tells_a_clock(tmp_path: Path, flags: str, second: int) -> None:
    """Without a counter of the real clock the figure is a constant, and the file is not read again."""
    telemetry = CpuTelemetry((0, 1), trees.plant(tmp_path, {"proc/cpuinfo": trees.cpuinfo(2, flags, 2400)}))
    assert telemetry.reading(0).clock_mhz == 2400
    trees.plant(tmp_path, {"proc/cpuinfo": trees.cpuinfo(2, flags, 3600)})
    assert telemetry.reading(1).clock_mhz == second


def test_what_held_the_clock_back_is_told_once(tmp_path: Path) -> None:
    trees.server(tmp_path)
    trees.cgroup_v2(tmp_path, throttled=4)
    telemetry = CpuTelemetry((0, 1), tmp_path)
    assert telemetry.reading(0).reasons == ()  # what was before it was made is not told
    trees.cgroup_v2(tmp_path, throttled=6)
    assert telemetry.reading(1).reasons == ("cgroup quota",)
    assert telemetry.reading(2).reasons == ()
    trees.plant(tmp_path, {"sys/devices/system/cpu/cpu1/thermal_throttle/package_throttle_count": "10"})
    trees.cgroup_v2(tmp_path, throttled=7)
    assert telemetry.reading(3).reasons == ("cgroup quota", "thermal")
    # A core that this process may not use.
    trees.plant(tmp_path, {"sys/devices/system/cpu/cpu3/thermal_throttle/core_throttle_count": "99"})
    assert telemetry.reading(4).reasons == ()


def test_an_old_quota_is_seen_as_well(tmp_path: Path) -> None:
    telemetry = CpuTelemetry((0,), trees.cgroup_v1(tmp_path, throttled=1))
    trees.cgroup_v1(tmp_path, throttled=2)
    assert telemetry.reading(0).reasons == ("cgroup quota",)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"sys/class/hwmon/hwmon0/name": "k10temp", "sys/class/hwmon/hwmon0/temp1_input": "48875"}, 49),
        (
            {
                "sys/class/thermal/thermal_zone0/type": "acpitz",
                "sys/class/thermal/thermal_zone0/temp": "20000",
                "sys/class/thermal/thermal_zone1/type": "x86_pkg_temp",
                "sys/class/thermal/thermal_zone1/temp": "71000",
            },
            71,
        ),
        ({"sys/class/hwmon/hwmon0/name": "k10temp", "sys/class/hwmon/hwmon0/temp1_input": "unreadable"}, None),
        ({}, None),
    ],
)
def test_where_temperatures_are_found(tmp_path: Path, files: dict[str, str], expected: int | None) -> None:
    assert CpuTelemetry((0,), trees.plant(tmp_path, files)).reading(0).temperature_c == expected


def test_a_system_that_tells_nothing(tmp_path: Path) -> None:
    assert CpuTelemetry((0, 1), tmp_path).reading(3) == Reading(after=3)


def test_a_reading_of_this_machine_costs_well_under_a_millisecond() -> None:
    device = open_device("cpu")
    assert device.reading(5).after == 5
    times = []
    for _ in range(101):
        begin = time.perf_counter_ns()
        device.reading(0)
        times.append(time.perf_counter_ns() - begin)
    assert sorted(times)[50] < 500_000


# --- What a GPU says of itself


def test_clock_temperature_and_reasons_of_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    both = pynvml.nvmlClocksEventReasonSwPowerCap | pynvml.nvmlClocksThrottleReasonHwThermalSlowdown
    nvml = ScriptedNvml(monkeypatch, **h100(DeviceGetCurrentClocksEventReasons=both))
    trees.cuda_properties(monkeypatch, uuid="1234")
    device = open_device("cuda:0")
    reasons = ("SW power cap", "HW thermal slowdown")
    # The one process that is listed has another number than this one, and must be it.
    expected = Reading(after=4, clock_mhz=1755, temperature_c=64, reasons=reasons, others=0, locked=False)
    assert device.reading(4) == expected
    device.reading(5)
    # The library is loaded and the GPU looked up once; both take milliseconds.
    assert [name for name, _ in nvml.calls].count("Init") == 1
    assert nvml.calls[1] == ("DeviceGetHandleByUUID", ("GPU-1234",))
    assert ("DeviceGetClockInfo", ("h100", pynvml.NVML_CLOCK_SM)) in nvml.calls


@pytest.mark.parametrize(
    "harmless",
    [
        pynvml.nvmlClocksEventReasonNone,
        pynvml.nvmlClocksEventReasonGpuIdle,
        pynvml.nvmlClocksEventReasonApplicationsClocksSetting,
    ],
)
def test_idling_and_clocks_set_on_purpose_are_no_disturbance(monkeypatch: pytest.MonkeyPatch, harmless: int) -> None:
    ScriptedNvml(monkeypatch, **h100(DeviceGetCurrentClocksEventReasons=harmless))
    trees.cuda_properties(monkeypatch, uuid="1234")
    assert open_device("cuda:0").reading(0).reasons == ()


def test_what_held_the_clock_back_before_the_gpu_came_to_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = {pynvml.NVML_PERF_POLICY_POWER: 500, pynvml.NVML_PERF_POLICY_THERMAL: 900}

    def violations(handle: object, policy: int) -> object:
        return SimpleNamespace(violationTime=counted[policy]) if policy in counted else NOT_SUPPORTED

    idle = pynvml.nvmlClocksEventReasonGpuIdle
    answers = h100(DeviceGetViolationStatus=violations, DeviceGetCurrentClocksEventReasons=idle)
    nvml = ScriptedNvml(monkeypatch, **answers)
    trees.cuda_properties(monkeypatch, uuid="1234")
    device = open_device("cuda:0")
    assert device.reading(0).reasons == ()  # what was before is not told
    counted[pynvml.NVML_PERF_POLICY_THERMAL] += 1
    assert device.reading(1).reasons == ("thermal slowdown",)
    assert device.reading(2).reasons == ()
    counted[pynvml.NVML_PERF_POLICY_POWER] += 1
    nvml.answers["DeviceGetCurrentClocksEventReasons"] = pynvml.nvmlClocksEventReasonSwPowerCap
    assert device.reading(3).reasons == ("SW power cap",)  # once, though the mask and the count say it


def test_an_older_driver_knows_reasons_by_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = pynvml.NVMLError(pynvml.NVML_ERROR_FUNCTION_NOT_FOUND)
    cap = pynvml.nvmlClocksThrottleReasonSwPowerCap
    answers = h100(DeviceGetCurrentClocksEventReasons=missing, DeviceGetCurrentClocksThrottleReasons=cap)
    ScriptedNvml(monkeypatch, **answers)
    trees.cuda_properties(monkeypatch, uuid="1234")
    assert open_device("cuda:0").reading(0).reasons == ("SW power cap",)


@pytest.mark.parametrize(
    "answers",
    [
        {"Init": NO_DRIVER},
        h100(DeviceGetHandleByUUID=NOT_SUPPORTED),
        {name: answer for name, answer in h100().items() if name.startswith(("Init", "DeviceGetHandle"))},
    ],
    ids=["no driver", "a GPU that it does not know", "a driver that tells nothing"],
)
def test_whatever_nvml_does_not_tell_is_left_out(monkeypatch: pytest.MonkeyPatch, answers: dict[str, object]) -> None:
    ScriptedNvml(monkeypatch, **answers)
    trees.cuda_properties(monkeypatch, uuid="1234")
    assert open_device("cuda:0").reading(2) == Reading(after=2)


def test_a_mig_instance_and_an_old_torch_are_found_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    def by_uuid(uuid: str) -> object:
        return "instance" if uuid == "MIG-1234" else trees.NOT_FOUND

    nvml = ScriptedNvml(monkeypatch, **h100(DeviceGetHandleByUUID=by_uuid, DeviceGetHandleByPciBusId="by address"))
    trees.cuda_properties(monkeypatch, uuid="1234")
    open_device("cuda:0").reading(0)
    assert ("DeviceGetTemperature", ("instance", pynvml.NVML_TEMPERATURE_GPU)) in nvml.calls
    trees.cuda_properties(monkeypatch, pci_bus_id=0x1A, pci_domain_id=1, pci_device_id=2)
    open_device("cuda:0").reading(0)
    assert ("DeviceGetHandleByPciBusId", ("00000001:1a:02.0",)) in nvml.calls
