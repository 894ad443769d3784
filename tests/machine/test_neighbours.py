"""Who else is at work on a GPU, by a made-up NVML: each way in which it tells, and each in which it does not."""

import os
from types import SimpleNamespace
from typing import Any

import pynvml
import pytest

from srbench.machine import nvml
from srbench.machine.device import open_device
from srbench.machine.neighbours import Neighbours
from tests import trees
from tests.trees import NOT_FOUND, NOT_SUPPORTED, ScriptedNvml, h100

OWN, PARENT = os.getpid(), os.getppid()
NO_PERMISSION = pynvml.NVMLError(pynvml.NVML_ERROR_NO_PERMISSION)


def listed(*pids: int) -> list[SimpleNamespace]:
    return [SimpleNamespace(pid=pid, usedGpuMemory=None) for pid in pids]


def shares(**percent: int) -> list[SimpleNamespace]:
    """Samples of the driver, by process number behind an underscore; the last is an unused place of its buffer."""
    used = [SimpleNamespace(pid=int(pid[1:]), smUtil=p, timeStamp=2**62) for pid, p in percent.items()]
    return [*used, SimpleNamespace(pid=0, smUtil=90, timeStamp=0)]


@pytest.mark.parametrize(
    ("processes", "utilisation", "expected"),
    [
        # Shares are told, with this system's process numbers.
        (listed(OWN), shares(**{f"_{OWN}": 97}), 0),
        (listed(OWN, 77), shares(**{f"_{OWN}": 50, "_77": 50}), 1),
        (listed(OWN, 77), shares(**{f"_{OWN}": 97, "_77": 0}), 0),  # it only holds a context
        (listed(OWN, 77), shares(**{f"_{OWN}": 97, "_77": 5}), 0),  # a display
        (listed(OWN, 77), shares(_77=99), 1),  # this process was not sampled, and is listed
        (listed(OWN, PARENT), shares(**{f"_{OWN}": 90, f"_{PARENT}": 9}), 0),  # whoever started it waits for it
        # Numbers of the host, within a container: this process is among them under another number.
        (listed(900_001), shares(_900001=97), 0),
        (listed(900_001, 900_002), shares(_900001=50, _900002=50), 1),
        # Shares are not told (MIG), were not sampled, or may not be asked for: whoever is listed counts.
        (listed(OWN), NOT_SUPPORTED, 0),
        (listed(OWN, 77), NOT_SUPPORTED, 1),
        (listed(OWN, 77), NOT_FOUND, 1),
        (listed(OWN, 77, 78), NO_PERMISSION, 2),
        (listed(900_001, 900_002), NO_PERMISSION, 1),
        # Nothing is told: this process computes there, and is not on the list.
        ([], NOT_SUPPORTED, None),
        (NO_PERMISSION, NO_PERMISSION, None),
    ],
)
def test_others_at_work(
    monkeypatch: pytest.MonkeyPatch, processes: Any, utilisation: Any, expected: int | None
) -> None:
    answers = h100(DeviceGetComputeRunningProcesses=processes, DeviceGetProcessUtilization=utilisation)
    ScriptedNvml(monkeypatch, **answers)
    assert Neighbours(nvml.Gpu("h100")).count() == expected


def test_samples_of_long_ago_are_of_no_neighbour(monkeypatch: pytest.MonkeyPatch) -> None:
    old = [SimpleNamespace(pid=77, smUtil=99, timeStamp=1)]
    processes = listed(OWN)
    ScriptedNvml(monkeypatch, **h100(DeviceGetComputeRunningProcesses=processes, DeviceGetProcessUtilization=old))
    assert Neighbours(nvml.Gpu("h100")).count() == 0


def test_the_server_of_mps_computes_nothing_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {500: "/usr/bin/nvidia-cuda-mps-server"}
    processes = listed(OWN, 500)
    ScriptedNvml(
        monkeypatch,
        **h100(
            DeviceGetComputeRunningProcesses=processes,
            SystemGetProcessName=lambda pid: names.get(pid, "python"),
        ),
    )
    assert Neighbours(nvml.Gpu("h100")).count() == 0


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({}, []),
        ({"DeviceIsMigDeviceHandle": 0, "DeviceGetMPSComputeRunningProcesses": []}, []),
        ({"DeviceIsMigDeviceHandle": 1}, ["MIG"]),
        ({"DeviceGetMPSComputeRunningProcesses": listed(OWN)}, ["MPS"]),
    ],
)
def test_mig_and_mps_are_named(monkeypatch: pytest.MonkeyPatch, answers: dict[str, Any], words: list[str]) -> None:
    ScriptedNvml(monkeypatch, **h100(**answers))
    trees.cuda_properties(monkeypatch, uuid="1234")
    remarks = open_device("cuda:0").remarks
    assert len(remarks) == len(words)
    assert all(word in remark for word, remark in zip(words, remarks, strict=True))
