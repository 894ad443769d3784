"""The self-tests: clocks that lie are found out, true ones are not."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from srbench.doctor import physics, probe, timer
from srbench.doctor.physics import Peak
from srbench.doctor.probe import KNOWN_BYTES, Probe
from srbench.doctor.timer import TimerReading
from srbench.facts import Processor
from srbench.records import Settings
from tests import trees

SETTINGS = Settings(seed=0, budget_s=1, timeout_s=1)
GOOD = Probe(
    memory_bytes=KNOWN_BYTES + 4096,
    method="kernel high-water mark",
    side=1000,
    product_ns=(30_000_000, 20_000_000, 25_000_000),
    threads=2,
)

# --- The timer


def ticking(step_ns: int, reads_in_a_step: int = 1) -> Callable[[], int]:
    """A clock that goes on by ``step_ns`` at every so-many-th read."""
    count = 0

    def clock() -> int:
        nonlocal count
        count += 1
        return count // reads_in_a_step * step_ns

    return clock


def levels(reading: TimerReading) -> dict[str, str]:
    return {finding.code: finding.level for finding in timer.findings(reading, None)}


def test_a_fine_clock() -> None:
    reading = timer.look(ticking(50))
    assert reading == TimerReading(resolution_ns=50, overhead_ns=50, backwards=0)
    assert set(levels(reading).values()) == {"ok"}


@pytest.mark.parametrize(
    ("step_ns", "level"),
    [(1_000, "ok"), (1_001, "note"), (10_000, "note"), (10_001, "unfit"), (15_600_000, "unfit")],
)
def test_a_coarse_clock(step_ns: int, level: str) -> None:
    reading = timer.look(ticking(step_ns, reads_in_a_step=200), reads=5_000)
    assert reading.resolution_ns == step_ns
    assert reading.overhead_ns == pytest.approx(step_ns / 200, rel=0.05)
    assert levels(replace(reading, overhead_ns=50))["timer.resolution"] == level


def test_a_clock_that_costs_much_is_noted() -> None:
    assert levels(TimerReading(100, 2_500, 0))["timer.resolution"] == "note"


def test_a_clock_that_stands_still() -> None:
    assert levels(timer.look(lambda: 5, reads=10))["timer.resolution"] == "unfit"


def test_a_clock_that_goes_backwards() -> None:
    reading = timer.read([0, 10, 20, 15, 30])
    assert reading.backwards == 1
    assert levels(reading)["timer.steady"] == "unfit"


@pytest.mark.parametrize(
    ("counted", "level"),
    [
        (2_000_000_100, "ok"),
        (2_001_000_000, "ok"),  # what a time service may slew it by
        (2_010_000_000, "unfit"),
        (1_000_000_000, "unfit"),
    ],
)
def test_two_clocks_are_held_against_each_other(counted: int, level: str) -> None:
    finding = timer.rate((70, 5), (70 + counted, 5 + 2_000_000_000))
    assert finding.level == level
    assert "parts in a million over 2.0 s" in finding.sentence


def test_too_short_a_time_says_nothing_of_two_clocks() -> None:
    assert timer.rate((0, 0), (50, 1_000)).level == "unknown"
    assert timer.rate(None, None).level == "unknown"


def test_two_clocks_are_read_at_the_same_moment() -> None:
    """The attempt in which this process was off its core is not the one that counts."""
    ticks = iter([0, 9_000_000, 9_000_100, 9_000_200, 9_000_300, 9_005_000] + [9_100_000, 9_200_000] * 60)
    seconds = iter([100, 200, 300] + [400] * 60)
    assert timer.moment(lambda: next(ticks), lambda: next(seconds)) == (9_000_100, 200)
    assert timer.moment(second=lambda: None) is None


def test_the_clock_source_is_named(tmp_path: Path) -> None:
    path = "sys/devices/system/clocksource/clocksource0/current_clocksource"
    assert timer.source(trees.plant(tmp_path, {path: "kvm-clock"})) == "kvm-clock"
    assert "(kept by kvm-clock)" in timer.findings(TimerReading(1, 1, 0), "kvm-clock")[0].sentence
    assert timer.source(tmp_path / "none") is None


def test_this_machines_clock_goes_forward() -> None:
    reading = timer.look()
    assert reading.backwards == 0
    assert reading.resolution_ns > 0
    assert timer.look(time.monotonic_ns).backwards == 0
    before, after = timer.moment(), timer.moment()
    if before is not None and after is not None:
        assert before[1] <= after[1]


# --- Memory that is known


@pytest.mark.parametrize(
    ("factor", "level"), [(1.0, "ok"), (1.019, "ok"), (0.981, "ok"), (1.03, "unfit"), (0.5, "unfit")]
)
def test_the_peak_of_known_memory(factor: float, level: str) -> None:
    assert physics.memory(replace(GOOD, memory_bytes=round(KNOWN_BYTES * factor))).level == level


def test_a_kernel_that_does_not_reset_peaks() -> None:
    finding = physics.memory(replace(GOOD, memory_bytes=0, method="growth of the lifetime maximum (lower bound)"))
    assert finding.level == "unfit"
    assert "runtimes are not affected" in finding.advice


# --- A product against the peak


def product(peak: Peak | None, **changes: Any) -> tuple[str, str]:
    finding = physics.product(replace(GOOD, **changes), peak, SETTINGS)
    return finding.level, finding.sentence


@pytest.mark.parametrize(
    ("peak_gflops", "level"),
    [(101.0, "ok"), (99.0, "ok"), (97.0, "unfit"), (50.0, "unfit"), (1_001.0, "note")],
)
def test_the_fastest_product_is_held_against_the_peak(peak_gflops: float, level: str) -> None:
    # 2 * 1000**3 operations in 20 ms are 100 GFLOPS.
    found, sentence = product(Peak(peak_gflops * 1e9, "so many cores"))
    assert found == level
    assert sentence.startswith("a float32 matrix product reaches 100 GFLOPS, ")
    assert "(so many cores)" in sentence


def test_a_clock_that_runs_at_half_speed_is_found_out() -> None:
    """The peak of two AVX2 cores at 3 GHz is 192 GFLOPS; a true 60 % of it looks like 120 % then."""
    peak = physics.cpu_peak(Processor(flags=("avx", "fma", "avx2"), max_mhz=3000, usable_physical_cores=2), 2)
    assert peak is not None
    true_ns = 2 * 1000**3 / (0.6 * 192)
    assert product(peak, product_ns=(round(true_ns),))[0] == "ok"
    assert product(peak, product_ns=(round(true_ns / 2),))[0] == "unfit"


def test_without_a_peak_nothing_is_said_of_the_clock() -> None:
    assert product(None)[0] == "unknown"


@pytest.mark.parametrize(
    ("flags", "cores", "threads", "mhz", "gflops"),
    [
        (("avx", "fma", "avx2", "avx512f"), 4, 4, 3000, 4 * 64 * 3.0),
        (("avx", "fma", "avx2"), 4, 4, 3000, 4 * 32 * 3.0),
        (("avx", "fma", "avx2"), 4, 1, 3000, 1 * 32 * 3.0),
        (("avx", "fma", "avx2"), 2, 4, 3000, 2 * 32 * 3.0),  # four threads on two physical cores
        (("avx", "fma", "avx2"), None, 4, 3000, 4 * 32 * 3.0),
        (("avx",), 1, 1, 2000, 16 * 2.0),
        (("asimd", "sve"), 1, 1, 2000, 64 * 2.0),
        (("asimd",), 1, 1, 2000, 32 * 2.0),
        (("avx", "fma", "avx2"), 1, 1, None, 32 * 6.5),
    ],
)
def test_the_peak_of_a_processor(
    flags: tuple[str, ...], cores: int | None, threads: int, mhz: int | None, gflops: float
) -> None:
    peak = physics.cpu_peak(Processor(flags=flags, usable_physical_cores=cores, max_mhz=mhz), threads)
    assert peak is not None
    assert peak.flops == pytest.approx(gflops * 1e9)
    assert ("taken since the highest clock is not told" in peak.reckoning) == (mhz is None)


def test_an_unknown_processor_has_no_peak() -> None:
    assert physics.cpu_peak(Processor(max_mhz=3000), 2) is None


def test_the_peak_of_a_gpu() -> None:
    peak = physics.gpu_peak(1980, 132)
    assert peak is not None
    assert peak.flops == pytest.approx(66.9e12, rel=0.001)  # NVIDIA's data sheet of the H100 SXM says 67
    assert physics.gpu_peak(None, 132) is None
    assert physics.gpu_peak(1980, None) is None


def test_tensor_cores_that_the_environment_forces_are_no_broken_clock() -> None:
    forced = SETTINGS.model_copy(update={"environment": {"NVIDIA_TF32_OVERRIDE": "1"}})
    finding = physics.product(replace(GOOD, multiprocessors=132), Peak(1.0, ""), forced)
    assert finding.level == "unknown"


# --- The process


def test_a_real_process_finds_its_memory_and_its_speed() -> None:
    found = probe.run("cpu", 1)
    assert found.error == ""
    assert found.threads == 1
    assert found.side == probe.CPU_SIDE
    assert len(found.product_ns) >= 3
    assert min(found.product_ns) > 0
    if "lower bound" not in found.method:
        assert physics.memory(found).level == "ok"


def test_a_process_that_fails_says_why() -> None:
    found = probe.run("cuda:99", None)
    assert found.error
    assert "\n" not in found.error
