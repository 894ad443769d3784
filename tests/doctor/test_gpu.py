"""What would disturb a measurement on a GPU now, by a scripted driver."""

import os
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from srbench.doctor import gpu
from srbench.doctor.gpu import Load, State
from srbench.doctor.report import Finding
from srbench.records import Settings
from tests import trees
from tests.trees import NO_DRIVER, ScriptedNvml, h100

CALM = State(
    name="NVIDIA H100 80GB HBM3",
    number=3,
    load=Load(programs=0, utilisation_percent=0),
    locked=True,
    persistence=True,
    exclusive=True,
    mig=False,
    compute_capability="9.0",
    reasons=(),
    clock_mhz=1755,
    max_clock_mhz=1980,
    temperature_c=40,
)


def settings(**changes: Any) -> Settings:
    exact = Settings(seed=0, budget_s=1, timeout_s=1, matmul_tf32=False, cudnn_tf32=False)
    return exact.model_copy(update=changes)


def found(code: str, used: Settings | None = None, **changes: Any) -> Finding:
    [one] = [f for f in gpu.findings(replace(CALM, **changes), used or settings()) if f.code == code]
    return one


def test_a_calm_gpu() -> None:
    all_found = gpu.findings(CALM, settings())
    assert {finding.level for finding in all_found} == {"ok", "fact"}
    assert not any(finding.advice for finding in all_found)


def test_a_gpu_that_nobody_knows() -> None:
    [finding] = gpu.findings(None, settings())
    assert finding.level == "unknown"


@pytest.mark.parametrize(("percent", "level"), [(0, "ok"), (5, "ok"), (6, "unfit"), (None, "unknown")])
def test_a_busy_gpu_is_unfit(percent: int | None, level: str) -> None:
    assert found("gpu.busy", load=Load(0, percent)).level == level


def test_programs_that_only_hold_a_context() -> None:
    assert found("gpu.programs", load=Load(1, 0)).sentence == "1 other program holds a context on the GPU"
    assert found("gpu.programs", load=Load(2, 0)).level == "note"


def test_clocks_that_float() -> None:
    finding = found("gpu.clocks", locked=False)
    assert finding.sentence == "no clock is set: it follows load and temperature up to 1980 MHz"
    assert "nvidia-smi -i 3 --lock-gpu-clocks=" in finding.advice


def test_what_holds_the_clock_back() -> None:
    finding = found("gpu.reasons", reasons=("SW power cap", "HW slowdown"))
    assert finding.sentence == "the clock is held back now: SW power cap, HW slowdown"


@pytest.mark.parametrize(
    ("used", "capability", "level", "words"),
    [
        (settings(cudnn_tf32=True), "9.0", "note", "TF32 is on for convolutions:"),
        (settings(cudnn_tf32=True, matmul_tf32=True), "8.0", "note", "for convolutions and matrix products:"),
        (settings(cudnn_tf32=True), "7.5", "ok", "this GPU has no TF32"),
        (settings(cudnn_tf32=True, environment={"NVIDIA_TF32_OVERRIDE": "0"}), "9.0", "ok", "switched off"),
        (settings(), "9.0", "ok", "TF32 is off"),
    ],
)
def test_tf32(used: Settings, capability: str, level: str, words: str) -> None:
    finding = found("gpu.tf32", used, compute_capability=capability)
    assert finding.level == level
    assert words in finding.sentence


def test_persistence_and_mig() -> None:
    assert found("gpu.persistence", persistence=False).advice == "sudo nvidia-smi -i 3 -pm 1"
    assert found("gpu.mig", mig=True).level == "note"
    assert found("gpu.mig", mig=None).level == "ok"


# --- Readers


def test_a_state_is_read_by_nvml(monkeypatch: pytest.MonkeyPatch) -> None:
    others = [SimpleNamespace(pid=77, usedGpuMemory=None), SimpleNamespace(pid=os.getpid(), usedGpuMemory=1)]
    ScriptedNvml(monkeypatch, **h100(DeviceGetComputeRunningProcesses=others))
    trees.cuda_properties(monkeypatch, uuid="1234")
    loads = gpu.loads()
    assert loads == {"GPU-1234": Load(programs=1, utilisation_percent=97)}
    assert gpu.look(0, loads) == State(
        name="NVIDIA H100 80GB HBM3",
        number=3,
        load=Load(1, 97),
        locked=False,
        persistence=True,
        exclusive=False,
        mig=False,
        compute_capability="9.0",
        reasons=("SW power cap",),
        clock_mhz=1755,
        max_clock_mhz=1980,
        temperature_c=64,
    )


def test_the_load_is_that_of_the_gpu_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """CUDA may number the GPUs otherwise than the driver does."""
    uuids = {"first": "GPU-1111", "h100": "GPU-1234"}
    busy = {"first": SimpleNamespace(gpu=99), "h100": SimpleNamespace(gpu=0)}
    ScriptedNvml(
        monkeypatch,
        **h100(
            DeviceGetCount=2,
            DeviceGetHandleByIndex=lambda index: ["first", "h100"][index],
            DeviceGetUUID=lambda handle: uuids[handle],
            DeviceGetUtilizationRates=lambda handle: busy[handle],
        ),
    )
    trees.cuda_properties(monkeypatch, uuid="1234")
    state = gpu.look(0, gpu.loads())
    assert state is not None
    assert state.load.utilisation_percent == 0


def test_of_two_samples_the_busier_counts() -> None:
    samples = [{"a": Load(0, 3), "b": Load(None, None)}, {"a": Load(2, 1), "b": Load(None, 8)}]
    assert gpu.busiest(samples) == {"a": Load(2, 3), "b": Load(None, 8)}


def test_without_a_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    ScriptedNvml(monkeypatch, Init=NO_DRIVER)
    assert gpu.loads() == {}
    assert gpu.look(0, {}) is None


def test_a_driver_that_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    ScriptedNvml(monkeypatch, Init=None, DeviceGetHandleByUUID="gpu", DeviceGetCount=1, DeviceGetHandleByIndex="gpu")
    trees.cuda_properties(monkeypatch, uuid="1234")
    state = gpu.look(0, gpu.loads())
    levels = {finding.code: finding.level for finding in gpu.findings(state, settings())}
    assert levels["gpu.busy"] == levels["gpu.programs"] == levels["gpu.clocks"] == "unknown"
