"""Energy by a scripted counter and a scripted clock: expected values are watts times seconds."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from srbench.energies import Energy
from srbench.machine.device import CpuDevice
from srbench.machine.energy import Meter
from srbench.measure.energy import NS_PER_S, UPDATES, Clock, measure_energy

#: Of a GPU: what it takes at rest and at work, in watts; its counter steps every 20 ms.
REST_W, WORK_W, STEP_S = 60.0, 300.0, 0.02
PASS_S = 0.004


@dataclass
class Gpu:
    """Time passes when somebody sleeps, works or looks; the counter shows what was spent up to its last step."""

    work_w: float = WORK_W
    after_w: float = REST_W
    now_s: float = 100.0
    spent_mj: float = 5e6
    shown: list[tuple[float, float]] = field(default_factory=lambda: [(100.0, 5e6)])
    worked: bool = False

    def spend(self, seconds: float, watts: float) -> None:
        end = self.now_s + seconds
        while (tick := self.shown[-1][0] + STEP_S) <= end:
            self.spent_mj += watts * (tick - self.now_s) * 1e3
            self.now_s = tick
            self.shown.append((tick, self.spent_mj))
        self.spent_mj += watts * (end - self.now_s) * 1e3
        self.now_s = end

    def forward(self) -> None:
        self.worked = True
        self.spend(PASS_S, self.work_w)

    def sleep(self, seconds: float) -> None:
        self.spend(seconds, self.after_w if self.worked else REST_W)

    def now(self) -> int:
        self.spend(1e-6, REST_W)  # so that waiting for a step ends
        return round(self.now_s * NS_PER_S)

    def read(self) -> float:
        self.spend(1e-6, REST_W)
        return self.shown[-1][1]


def measured(
    gpu: Gpu, read: Callable[[], float | None] | None = None, limit_w: float | None = None, timeout_s: float = 300.0
) -> Energy:
    meter = Meter(read or gpu.read, "scripted", limit_w)
    deadline = gpu.now() + round(timeout_s * NS_PER_S)
    return measure_energy(gpu.forward, CpuDevice(), meter, 2, deadline, Clock(gpu.now, gpu.sleep))


def test_joules_are_watts_times_seconds() -> None:
    found = measured(Gpu())
    # 300 W for 4 ms are 1200 mJ a pass, of two images; a step of the counter at either end may be missing.
    assert found.per_image_mj == pytest.approx(600, rel=0.02)
    assert found.error_mj <= 0.02 * 600
    assert found.window_ns >= UPDATES * STEP_S * NS_PER_S
    assert found.idle_before_w == pytest.approx(REST_W, rel=0.01)
    assert found.idle_after_w == pytest.approx(REST_W, rel=0.01)
    assert found.step_mj == pytest.approx(REST_W * STEP_S * 1e3, rel=0.01)
    assert found.reason == ""


def test_a_device_that_takes_longer_to_come_to_rest_is_told_as_it_is() -> None:
    assert measured(Gpu(after_w=90.0)).idle_after_w == pytest.approx(90, rel=0.01)


def from_then_on(gpu: Gpu, value: Callable[[float], float | None]) -> Callable[[], float | None]:
    """The counter as it is until the first pass, and something else from then on."""
    return lambda: value(gpu.read()) if gpu.worked else gpu.read()


def test_each_way_in_which_a_counter_lies_gives_no_figure() -> None:
    def why(read: Callable[[Gpu], Callable[[], float | None]] | None = None, **changes: float) -> str:
        gpu = Gpu(work_w=changes.pop("work_w", WORK_W))
        found = measured(gpu, read(gpu) if read is not None else None, **changes)
        assert found.per_image_mj is None
        return found.reason

    assert why(lambda gpu: lambda: 0.0) == "its counter reads 0"
    assert why(lambda gpu: lambda: None) == "its counter can no longer be read"
    assert why(lambda gpu: lambda: 1e6 + 0 * gpu.read()).startswith("its counter does not move: 0 step(s) in 5 s")
    assert why(lambda gpu: from_then_on(gpu, lambda _: 0.0)) == "its counter reads 0"
    assert why(lambda gpu: from_then_on(gpu, lambda _: None)) == "its counter can no longer be read"
    assert why(lambda gpu: lambda: 1e12 - gpu.read()) == "its counter goes backwards"
    assert re.fullmatch(r"its counter tells (299|300) W, the device's limit is 150 W", why(limit_w=150.0))
    assert why(work_w=20.0).endswith(" W under load and 60.0 W at rest")
    assert "does not end within --timeout" in why(timeout_s=3.0)


def test_no_counter_is_a_reason() -> None:
    found = measure_energy(lambda: None, CpuDevice(), "no counter here", 1, 0)
    assert (found.per_image_mj, found.reason) == (None, "no counter here")
