"""Energy, clocks, power, limits and order: each check fails when its claim is broken on purpose, and holds when not."""

import math
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pynvml
import pytest
import torch

import gpu_drill
from drill import challenge, checks, consumption, ground, limits
from drill.checks import Bench, Outcome
from srbench.api import challenging, profiling
from srbench.machine import nvml
from srbench.machine.energy import Meter
from srbench.measure import energy
from srbench.records import Reading, Settings, Visit
from srbench.tasks import Watched
from tests import trees
from tests.builders import make_visit
from tests.drill.streams import Streamed, StreamedGround
from tests.scripted_launcher import Scripted
from tests.trees import ScriptedNvml, h100

Patch = pytest.MonkeyPatch
MIB = 2**20


def outcome(name: str, folder: Path, device: str = "cuda:0", **changes: Any) -> Outcome:
    [check] = [check for check in gpu_drill.CHECKS if check.name == name]
    return checks.judged(check, Bench(device, folder, **changes))


def test_every_check_has_a_mutation() -> None:
    written = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_mutations*.py"))
    without = [
        c.name for c in gpu_drill.CHECKS if f'"{c.name}"' not in written and f'"{c.measure.__name__}"' not in written
    ]
    assert without == []


# --- Energy: a device that takes 10 W at rest, and 30 W more while it works


def metered(patch: Patch, counted: Callable[[float], float], step_s: float = 0.001) -> None:
    """A counter of the true time: ``counted`` gives the joules of so many seconds of work."""
    device, start, worked = Streamed(), time.perf_counter(), 0.0

    def work(self: StreamedGround) -> None:
        nonlocal worked
        time.sleep(0.005)
        worked += 0.005

    def read() -> float:
        now = (time.perf_counter() - start) // step_s * step_s
        return 1e6 + 10 * now * 1e3 + counted(worked) * 1e3

    patch.setattr(StreamedGround, "work", work)
    patch.setattr(device, "meter", lambda: Meter(read, "scripted"))
    patch.setattr(ground, "open_ground", lambda _: StreamedGround(device))
    for name, value in {
        "WINDOW_NS": 2e8,
        "_IDLE_NS": 1e8,
        "_IDLE_MOST_NS": 3e8,
        "_WARM_NS": 1e7,
        "_SETTLE_S": 0.01,
    }.items():
        patch.setattr(energy, name, type(getattr(energy, name))(value))


def test_energy_that_is_that_of_the_work(tmp_path: Path, monkeypatch: Patch) -> None:
    metered(monkeypatch, lambda seconds: 30 * seconds)
    assert outcome("energy.window", tmp_path).word == "HOLDS"


def test_energy_that_does_not_grow_with_the_work(tmp_path: Path, monkeypatch: Patch) -> None:
    # The more work was done before, the less the counter adds for it.
    metered(monkeypatch, lambda seconds: 2 * math.sqrt(seconds))
    assert "times the energy above rest" in outcome("energy.window", tmp_path).reason


def test_a_window_that_is_too_short(tmp_path: Path, monkeypatch: Patch) -> None:
    metered(monkeypatch, lambda seconds: 30 * seconds, step_s=0.01)
    monkeypatch.setattr(energy, "UPDATES", 5)
    assert "fewer than 100 steps" in outcome("energy.window", tmp_path).reason


# --- Clocks and power that are held down


def clocked(patch: Patch, visits: list[Visit], **answers: Any) -> ScriptedNvml:
    script = ScriptedNvml(
        patch, **h100(**{"DeviceSetGpuLockedClocks": None, "DeviceResetGpuLockedClocks": None} | answers)
    )
    trees.cuda_properties(patch, uuid="1234")
    patch.setattr(ground, "open_ground", lambda _: StreamedGround(Streamed()))
    patch.setattr(consumption, "measure_latency", lambda *_: visits.pop(0))
    return script


def told(ms: float, mhz: int | None, *reasons: str) -> Visit:
    readings = tuple(Reading(after=i, clock_mhz=mhz, reasons=reasons) for i in range(3))
    return make_visit(ms, ms, ms).model_copy(update={"readings": readings})


@pytest.mark.parametrize(
    ("free", "held", "word"),
    [
        (told(10, 1980), told(20, 990), "HOLDS"),
        (told(10, 1980), told(20, 1980), "FAILS"),  # the lock is not seen in the readings
        (told(10, 1980), told(10, 990), "FAILS"),  # nor in the time
        (told(10, None), told(20, None), "SKIPPED"),
    ],
)
def test_a_held_clock(free: Visit, held: Visit, word: str, tmp_path: Path, monkeypatch: Patch) -> None:
    clocked(monkeypatch, [free, held])
    assert outcome("caps.clock", tmp_path).word == word


def test_a_clock_that_nobody_may_hold_is_skipped(tmp_path: Path, monkeypatch: Patch) -> None:
    denied = pynvml.NVMLError(pynvml.NVML_ERROR_NO_PERMISSION)
    clocked(monkeypatch, [], DeviceSetGpuLockedClocks=denied)
    assert "cannot be locked here" in outcome("caps.clock", tmp_path).reason


@pytest.mark.parametrize(
    ("reasons", "power_mw", "word"),
    [(("SW power cap",), 199_000, "HOLDS"), ((), 199_000, "FAILS"), ((), 90_000, "SKIPPED")],
)
def test_a_power_limit(reasons: tuple[str, ...], power_mw: int, word: str, tmp_path: Path, monkeypatch: Patch) -> None:
    limits_set: list[object] = []
    clocked(
        monkeypatch,
        [told(10, 900, *reasons)],
        DeviceGetPowerManagementLimitConstraints=[200_000, 700_000],
        DeviceSetPowerManagementLimit=lambda _, limit: limits_set.append(limit),
        DeviceGetPowerUsage=power_mw,
    )
    monkeypatch.setattr(torch, "rand", lambda *_, **__: torch.zeros(1))
    assert outcome("caps.power", tmp_path).word == word
    assert limits_set == [200_000, 700_000]  # what it was before is put back
    assert nvml.start()


# --- What fit names, and the order of a published table


@pytest.mark.parametrize(("bytes_a_pixel", "word"), [(320, "HOLDS"), (2000, "FAILS"), (1, "FAILS")])
def test_a_size_that_fit_names(bytes_a_pixel: int, word: str, tmp_path: Path) -> None:
    def watched(work: limits.Confined, *_: Any) -> Watched:
        pixels = work.case.size.lr_width * work.case.size.lr_height
        memory = SimpleNamespace(process_bytes=200 * MIB + bytes_a_pixel * pixels)
        settings = Settings(seed=0, budget_s=1, timeout_s=1)
        return Watched.model_construct(memory=memory, settings=settings, build_ns=0, passes_ns=0)

    assert outcome("memory.fit", tmp_path, "cpu", launcher=Scripted(watched)).word == word


@pytest.mark.parametrize(
    ("runtimes", "word"),
    [
        ({"rfdn": 3, "imdn": 4, "bsrn-s": 9}, "HOLDS"),
        ({"rfdn": 9, "imdn": 4, "bsrn-s": 3}, "FAILS"),
        ({"rfdn": 9}, "FAILS"),
    ],
)
def test_an_order_that_is_another(runtimes: dict[str, float], word: str, tmp_path: Path, monkeypatch: Patch) -> None:
    records = [
        SimpleNamespace(
            case=SimpleNamespace(model=SimpleNamespace(variant=name), device="cuda:0"),
            latency=SimpleNamespace(interval=SimpleNamespace(median=ms * 1e6)),
        )
        for name, ms in runtimes.items()
    ]
    monkeypatch.setattr(profiling, "profile", lambda *_, **__: records)
    monkeypatch.setattr(challenging, "challenge", lambda *_, **__: SimpleNamespace(standings=[]))
    assert outcome("challenge.order", tmp_path).word == word


def test_rank_correlation_by_hand() -> None:
    # 1 - 6 sum d^2 / (n (n^2 - 1)): one exchange of neighbours among three gives 1 - 6 * 2 / 24.
    assert challenge.spearman([1, 2, 3], [10, 30, 20]) == pytest.approx(0.5)
    assert challenge.spearman([1, 2, 3, 4], [4, 3, 2, 1]) == pytest.approx(-1)
