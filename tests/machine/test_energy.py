"""Counters of energy: the kernel's files in a made-up tree, NVML's answers in a script."""

from pathlib import Path

import pynvml
import pytest

from srbench.errors import InputError
from srbench.machine import clocks, energy, nvml
from srbench.machine.energy import Meter
from tests import trees
from tests.trees import ScriptedNvml, h100

RAPL = "sys/class/powercap/intel-rapl:"
DENIED = pynvml.NVMLError(pynvml.NVML_ERROR_NO_PERMISSION)


def rapl(root: Path, first: int, second: int) -> Path:
    """Two processors with a part each, and the platform, which holds both."""
    files: dict[str, str] = {}
    for zone, name, value in (
        ("0", "package-0", first),
        ("0:0", "core", 999),
        ("1", "package-1", second),
        ("1:0", "dram", 999),
        ("2", "psys", 12345),
    ):
        files |= {f"{RAPL}{zone}/name": name, f"{RAPL}{zone}/energy_uj": str(value)}
        files |= {f"{RAPL}{zone}/max_energy_range_uj": "262143328850"}
    return trees.plant(root, files)


def of_processors(root: Path) -> Meter:
    found = energy.of_processors(root)
    assert isinstance(found, Meter)
    return found


def test_the_processors_are_added_and_their_parts_are_not(tmp_path: Path) -> None:
    assert of_processors(rapl(tmp_path, 1_000_000, 2_500_000)).read() == pytest.approx(3500)


def test_a_counter_that_wraps_only_grows(tmp_path: Path) -> None:
    meter = of_processors(rapl(tmp_path, 262_143_000_000, 0))
    before = meter.read()
    rapl(tmp_path, 671_150, 0)
    after = meter.read()
    assert before is not None
    assert after is not None
    # 262143328850 - 262143000000 + 671150 uJ are 1000 mJ.
    assert after - before == pytest.approx(1000)


def test_no_counter_and_one_that_is_roots_are_reasons(tmp_path: Path) -> None:
    assert "shows no energy counter" in str(energy.of_processors(tmp_path))
    (rapl(tmp_path, 1, 1) / f"{RAPL}0" / "energy_uj").unlink()
    assert "cannot be read: it is root's" in str(energy.of_processors(tmp_path))


def gpu_of(monkeypatch: pytest.MonkeyPatch, **answers: object) -> nvml.Gpu:
    ScriptedNvml(monkeypatch, **h100(**answers))
    trees.cuda_properties(monkeypatch, uuid="1234")
    gpu = nvml.of_cuda(0)
    assert gpu is not None
    return gpu


def test_a_gpus_counter_and_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    meter = energy.of_gpu(gpu_of(monkeypatch, DeviceGetTotalEnergyConsumption=123_456))
    assert isinstance(meter, Meter)
    assert (meter.read(), meter.limit_w) == (123_456.0, 700.0)


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({"DeviceGetTotalEnergyConsumption": DENIED}, "cannot be read"),
        ({}, "cannot be read"),  # not supported: before Volta
        ({"DeviceGetTotalEnergyConsumption": 1, "DeviceGetMigMode": [1, 1]}, "split by MIG"),
        ({"DeviceGetTotalEnergyConsumption": 1, "DeviceIsMigDeviceHandle": 1}, "split by MIG"),
    ],
)
def test_a_gpu_without_a_counter_of_its_own_says_why(
    monkeypatch: pytest.MonkeyPatch, answers: dict[str, object], why: str
) -> None:
    assert why in str(energy.of_gpu(gpu_of(monkeypatch, **answers)))
    assert "does not know" in str(energy.of_gpu(None))


# --- A clock that is held for a run


def scripted(monkeypatch: pytest.MonkeyPatch, **answers: object) -> ScriptedNvml:
    found = ScriptedNvml(monkeypatch, **h100(**answers))
    trees.cuda_properties(monkeypatch, uuid="1234")
    return found


SET, RESET = "DeviceSetGpuLockedClocks", "DeviceResetGpuLockedClocks"


def changes(script: ScriptedNvml) -> list[tuple[str, tuple[object, ...]]]:
    return [call for call in script.calls if call[0] in (SET, RESET)]


def test_a_clock_is_held_and_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    script = scripted(monkeypatch, **{SET: None, RESET: None})
    held = clocks.locked("cuda:0", 1200)
    held.__enter__()
    assert changes(script) == [(SET, ("h100", 1200, 1200))]
    held.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert changes(script)[1:] == [(RESET, ("h100",))]


@pytest.mark.parametrize(
    ("answers", "device", "why"),
    [
        ({SET: DENIED}, "cuda:0", "sudo nvidia-smi -i 3 --lock-gpu-clocks=1200, then --clock locked"),
        ({"DeviceGetApplicationsClock": 1005}, "cuda:0", "are set already; use --clock locked"),
        ({"DeviceGetHandleByUUID": trees.NOT_FOUND}, "cuda:0", "NVML does not know cuda:0"),
        ({}, "cpu", "is for GPUs"),
    ],
)
def test_a_clock_that_cannot_be_held_is_left_as_it_is(
    monkeypatch: pytest.MonkeyPatch, answers: dict[str, object], device: str, why: str
) -> None:
    script = scripted(monkeypatch, **answers)
    with pytest.raises(InputError, match=why), clocks.locked(device, 1200):
        raise AssertionError("nothing runs")
    assert [name for name, _ in changes(script) if name == RESET] == []
