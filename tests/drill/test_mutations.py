"""Each check of the drill fails when its claim is broken on purpose, and holds, or does not decide, when it is not."""

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

import gpu_drill
from drill import checks, ground, memory, neighbours, outputs, runtime
from drill.checks import Bench, Outcome
from srbench import inputs, preparing
from srbench.api import comparing, profiling
from srbench.counts import Complexity
from srbench.failures import Failure
from srbench.launch import PROCESSES
from srbench.measure import latency
from srbench.quality.results import QualityRecord
from srbench.records import Visit
from tests import shared_files, trees
from tests.drill.streams import WORK_S, Streamed, StreamedGround
from tests.scripted_launcher import Scripted

CHECKS = {check.name: check for check in gpu_drill.CHECKS}
ROOT = Path(__file__).parent.parent.parent
Patch = pytest.MonkeyPatch


@dataclass
class Drill:
    """Does a check in this process."""

    bench: Bench
    patch: Patch

    def word(self, name: str, **changes: Any) -> str:
        return self.outcome(name, **changes).word

    def outcome(self, name: str, **changes: Any) -> Outcome:
        return checks.judged(CHECKS[name], replace(self.bench, **changes))


@pytest.fixture
def drill(tmp_path: Path, monkeypatch: Patch) -> Drill:
    return Drill(Bench("cpu", tmp_path), monkeypatch)


# --- Synchronisation


def streamed(drill: Drill) -> Streamed:
    device = Streamed()
    drill.patch.setattr(ground, "open_ground", lambda _: StreamedGround(device))
    return device


@pytest.mark.parametrize("name", ["sync.known-length", "sync.unsynchronised", "sync.events", "sync.side-stream"])
def test_a_device_with_streams_that_is_waited_for(drill: Drill, name: str) -> None:
    streamed(drill)
    assert drill.word(name, device="cuda:0") == "HOLDS"


def test_a_missing_synchronize(drill: Drill) -> None:
    device = streamed(drill)
    drill.patch.setattr(device, "synchronize", lambda: None)
    assert "was timed as" in drill.outcome("sync.known-length", device="cuda:0").reason


def test_launches_that_block(drill: Drill) -> None:
    device = streamed(drill)
    drill.patch.setattr(StreamedGround, "work", lambda _: time.sleep(WORK_S))
    assert device.device_ns() == 0
    assert "CUDA_LAUNCH_BLOCKING" in drill.outcome("sync.unsynchronised", device="cuda:0").reason


def test_an_event_on_the_wrong_stream(drill: Drill) -> None:
    device = streamed(drill)
    drill.patch.setattr(device, "end", lambda: device.stamp(device.side, 1))
    assert "which the work does not take" in drill.outcome("sync.events", device="cuda:0").reason


def test_a_side_stream_that_is_not_waited_for(drill: Drill) -> None:
    device = streamed(drill)
    drill.patch.setattr(device, "synchronize", device.main.wait)
    assert "on a side stream" in drill.outcome("sync.side-stream", device="cuda:0").reason


# --- Memory


#: What breaks a check of memory; each in a fresh process, since a peak is the process's.
_PEAK_NOT_RESET = """
def reset(self):
    self._resettable, self._before = True, device._status_bytes("VmRSS")
device.CpuDevice.reset_peak = reset
"""
_WRONG_PROCESS = """
peak = device.CpuDevice.peak
device.CpuDevice.peak = lambda self: dataclasses.replace(peak(self), process_bytes=1)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, which only Linux has")
@pytest.mark.parametrize(("name", "broken"), [("known_tensors", _PEAK_NOT_RESET), ("driver", _WRONG_PROCESS)])
def test_a_peak_that_is_not_reset_or_of_another_process(name: str, broken: str, tmp_path: Path) -> None:
    def word(patch: str) -> str:
        code = (
            "import dataclasses, sys\nfrom pathlib import Path\nsys.path.insert(0, 'scripts')\n"
            "from srbench.machine import device\nfrom drill import checks, memory\n"
            f"{patch}\n"
            f"check = next(c for c in memory.CHECKS if c.measure is memory.{name})\n"
            f"print(checks.judged(check, checks.Bench('cpu', Path({str(tmp_path)!r}))).word)"
        )
        command = [sys.executable, "-c", code]
        return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip()

    assert word(broken) == "FAILS"
    assert word("") in ("HOLDS", "SKIPPED")


def test_a_prediction_that_leaves_tensors_out(drill: Drill) -> None:
    drill.patch.setattr(memory, "DRY", ("ecbsr",))
    assert drill.word("memory.predicted") == "HOLDS"
    drill.patch.setattr(Complexity, "predicted_peak_bytes", lambda counts, _: counts.weights_bytes)
    assert drill.word("memory.predicted") == "FAILS"


def test_no_memory_that_is_told_as_a_crash(drill: Drill) -> None:
    def relabelled(work: Any, timeout_s: float, report: Callable[[Any], None]) -> Any:
        found = PROCESSES.launch(work, timeout_s, report)
        is_oom = isinstance(found, Failure) and found.status == "OOM"
        return found.model_copy(update={"status": "CRASH"}) if is_oom else found

    assert drill.word("memory.oom") == "HOLDS"
    assert "takes all memory is CRASH" in drill.outcome("memory.oom", launcher=Scripted(relabelled)).reason


# --- Outputs


def test_counts_that_are_one_off(drill: Drill) -> None:
    assert drill.word("outputs.counts") == "HOLDS"
    ours = preparing.static
    drill.patch.setattr(
        outputs, "static", lambda case: (c := ours(case)).model_copy(update={"multi_adds": c.multi_adds + 1})
    )
    assert drill.word("outputs.counts") == "FAILS"


def test_an_output_of_another_image(drill: Drill) -> None:
    drill.patch.setattr(outputs, "DRY", ("ecbsr",))
    assert drill.word("outputs.agreement") == "HOLDS"
    natural, calls = inputs.natural_input, 0

    def other(case: Any) -> torch.Tensor:
        nonlocal calls
        calls += 1
        image: torch.Tensor = natural(case)
        return image if calls % 2 else image.flip(-1)

    drill.patch.setattr(inputs, "natural_input", other)
    assert drill.word("outputs.agreement") == "FAILS"


def test_a_psnr_that_is_a_tenth_off(drill: Drill) -> None:
    assert "--data" in drill.outcome("outputs.psnr").reason
    data, weights = shared_files.SHARED / "data", shared_files.SHARED / "weights"
    if not data.is_dir() or not weights.is_dir():
        pytest.skip("neither Set5 nor official checkpoints are here")
    drill.patch.setattr(outputs, "DTYPES", ("float32",))
    assert drill.word("outputs.psnr", data=data, weights=weights) == "HOLDS"
    mean = QualityRecord.mean
    drill.patch.setattr(QualityRecord, "mean", lambda self, name: (mean(self, name)[0] - 0.1, 0.0))  # type: ignore[index]
    assert drill.word("outputs.psnr", data=data, weights=weights) == "FAILS"


# --- Neighbours


@pytest.mark.parametrize(
    ("alone", "crowded", "word"),
    [("VALID", "CONTENDED", "HOLDS"), ("VALID", "VALID", "FAILS"), ("CONTENDED", "CONTENDED", "SKIPPED")],
)
def test_a_neighbour_that_is_not_told_of(drill: Drill, alone: str, crowded: str, word: str) -> None:
    rows = iter([SimpleNamespace(status=status, latency=None, reason="") for status in (alone, crowded)])
    drill.patch.setattr(neighbours, "_row", lambda _: next(rows))
    drill.patch.setattr(neighbours, "beside", lambda _: nullcontext())
    assert drill.word("neighbours.contended") == word


@pytest.mark.parametrize(("instance", "word"), [(1, "HOLDS"), (0, "FAILS")])
def test_an_instance_that_is_not_named(drill: Drill, instance: int, word: str) -> None:
    trees.ScriptedNvml(drill.patch, **trees.h100(DeviceIsMigDeviceHandle=instance))
    trees.cuda_properties(drill.patch, uuid="1234")
    drill.patch.setattr(torch.cuda, "get_device_name", lambda _: "NVIDIA H100 80GB HBM3 MIG 1g.10gb")
    assert drill.word("neighbours.named", device="cuda:0") == word


# --- Runtime


def changed(drill: Drill, change: Callable[[Visit], dict[str, Any]]) -> None:
    measure = latency.measure_latency

    def measured(*arguments: Any) -> Visit:
        visit = measure(*arguments)
        return visit.model_copy(update=change(visit))

    drill.patch.setattr(runtime, "measure_latency", measured)


def test_a_first_pass_that_is_no_longer_apart(drill: Drill) -> None:
    assert drill.word("runtime.cold") == "HOLDS"
    changed(drill, lambda v: {"cold_ns": v.samples_ns[0], "samples_ns": (v.cold_ns, *v.samples_ns[1:])})
    assert drill.word("runtime.cold") == "FAILS"


def test_readings_that_are_missing(drill: Drill) -> None:
    assert drill.word("runtime.telemetry") == "HOLDS"
    changed(drill, lambda v: {"readings": v.readings[:1]})
    assert drill.word("runtime.telemetry") == "FAILS"


def test_timing_that_makes_passes_longer(drill: Drill) -> None:
    changed(drill, lambda v: {"samples_ns": tuple(100 * sample for sample in v.samples_ns)})
    assert drill.word("runtime.overhead") == "FAILS"


@pytest.mark.parametrize(
    ("itself", "more", "floor", "word"),
    [
        ("SAME", "FASTER", 0.02, "HOLDS"),
        ("CANNOT TELL", "CANNOT TELL", 0.02, "SKIPPED"),
        ("SLOWER", "FASTER", 0.02, "FAILS"),
        ("SAME", "SAME", 0.02, "FAILS"),
        ("SAME", "SLOWER", 0.02, "FAILS"),
        ("SAME", "SAME", 0.3, "SKIPPED"),
    ],
)
def test_words_that_are_wrong(drill: Drill, itself: str, more: str, floor: float, word: str) -> None:
    answers = [
        SimpleNamespace(word=each, effect=None, problem="", floor=SimpleNamespace(share=floor))
        for each in (itself, more)
    ]
    drill.patch.setattr(profiling, "opened", lambda *_, **__: nullcontext())
    drill.patch.setattr(comparing, "measured_pairs", lambda *_: [])
    drill.patch.setattr(comparing, "judged", lambda *_, **__: SimpleNamespace(answers=answers))
    assert drill.word("runtime.words") == word


def test_a_way_of_running_that_crashes(drill: Drill) -> None:
    broken = Scripted(lambda *_: Failure(status="CRASH", reason="broken on purpose"))
    assert "broken on purpose" in drill.outcome("runtime.ways", launcher=broken).reason
