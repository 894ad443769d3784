"""What would disturb a measurement now: readings of made-up machines in, findings out."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from srbench.doctor import sampling, surroundings
from srbench.doctor.report import Finding
from srbench.doctor.sampling import Activity, Program, Snapshot
from srbench.doctor.surroundings import State
from srbench.facts import Limits, Machine, Processor
from srbench.records import Reading
from tests import trees
from tests.builders import make_machine

GIB = 2**30
QUIET = Activity(others_cores=0.01, stolen_cores=0.0, waiting=0.0)
CALM = State(
    load=0.2,
    cpu_pressure=0.0,
    memory_pressure=0.0,
    memory={"MemTotal": 8 * GIB, "MemAvailable": 6 * GIB, "SwapTotal": GIB, "SwapFree": GIB},
    reading=Reading(after=0, clock_mhz=3000, temperature_c=50),
    turbo_switch="echo 1 | sudo tee /no_turbo",
)
#: Two cores of their own, nothing that varies.
STEADY = Processor(
    logical_cores=2,
    physical_cores=2,
    affinity="0-1",
    usable_physical_cores=2,
    max_mhz=3000,
    governor="performance",
    turbo=False,
    virtual=False,
)


def machine(limits: Limits | None = None, **changes: Any) -> Machine:
    chip = STEADY.model_copy(update=changes)
    return make_machine().model_copy(update={"processor": chip, "limits": limits or Limits()})


def found(
    code: str, here: Machine | None = None, state: State = CALM, activity: Activity = QUIET, threads: int = 2
) -> Finding:
    [one] = [f for f in surroundings.findings(here or machine(), state, activity, threads) if f.code == code]
    return one


def test_a_calm_machine() -> None:
    all_found = surroundings.findings(machine(), CALM, QUIET, 2)
    assert {finding.level for finding in all_found} == {"ok", "fact"}
    assert not any(finding.advice for finding in all_found)
    assert len({finding.code for finding in all_found}) == len(all_found)


def test_a_system_that_tells_nothing() -> None:
    dark = State(None, None, None, {}, Reading(after=0), None)
    nothing = Activity(None, None, None)
    here = make_machine()
    levels = {f.code: f.level for f in surroundings.findings(here, dark, nothing, 2)}
    assert levels.pop("cpu.quota") == "ok"  # there is none where there are no control groups
    assert set(levels.values()) == {"unknown"}


# --- Other programs


@pytest.mark.parametrize(
    ("used", "level"), [(0.0, "ok"), (0.04, "ok"), (0.06, "note"), (0.15, "note"), (0.16, "unfit"), (2.0, "unfit")]
)
def test_other_programs_make_it_unfit_from_the_verdicts_own_limit_on(used: float, level: str) -> None:
    assert found("cpu.others", activity=replace(QUIET, others_cores=used)).level == level


def test_the_busiest_programs_are_named() -> None:
    activity = replace(QUIET, others_cores=0.99, busiest=(("bash", 1234, 0.97), ("a b", 7, 0.02), ("init", 1, 0.001)))
    finding = found("cpu.others", activity=activity)
    assert finding.sentence == "other programs use 0.99 of the 2 cores: bash (1234) 0.97, a b (7) 0.02"
    assert finding.advice == "end them and try again"


def test_programs_that_nobody_sees_are_not_to_be_ended_here() -> None:
    activity = replace(QUIET, others_cores=0.99, busiest=(("bash", 1234, 0.02),))
    assert found("cpu.others", activity=activity).advice == (
        "no visible program explains it: it has ended since, or runs outside of this container"
    )


def test_what_other_virtual_machines_take_counts_as_it_does_in_verdicts() -> None:
    activity = replace(QUIET, others_cores=0.1, stolen_cores=0.12)
    finding = found("cpu.others", machine(virtual=True), activity=activity)
    assert finding.level == "unfit"
    assert finding.sentence == "other programs use 0.10 of the 2 cores; other virtual machines take 0.12"
    assert found("cpu.stolen", machine(virtual=True), activity=activity).level == "note"


def test_nothing_is_stolen_from_a_bare_machine() -> None:
    assert found("cpu.stolen").sentence == "no hypervisor, nothing is stolen"


# --- Pressure and load


@pytest.mark.parametrize(
    ("share", "level"), [(0.0, "ok"), (0.04, "ok"), (0.1, "note"), (0.25, "unfit"), (0.9, "unfit")]
)
def test_waiting_for_a_core(share: float, level: str) -> None:
    finding = found("cpu.pressure", activity=replace(QUIET, waiting=share))
    assert finding.level == level
    assert finding.sentence == f"some program waited for a core {share:.0%} of the time"


def test_pressure_elsewhere_on_a_large_machine_is_only_noted() -> None:
    here = machine(logical_cores=64)
    finding = found("cpu.pressure", here, activity=replace(QUIET, waiting=0.9))
    assert finding.level == "note"
    assert "0-1" in finding.advice


def test_without_a_total_the_kernels_average_is_taken() -> None:
    state = replace(CALM, cpu_pressure=60.0)
    assert found("cpu.pressure", state=state, activity=replace(QUIET, waiting=None)).level == "unfit"
    # The average holds this command's own start: the sample wins.
    assert found("cpu.pressure", state=state).level == "ok"


def test_a_load_average_looks_back() -> None:
    past = found("cpu.load", state=replace(CALM, load=3.2))
    assert (past.level, past.sentence) == ("note", "load average 3.20 over the last minute, on 2 cores")
    assert "ended by now" in past.advice
    present = found("cpu.load", state=replace(CALM, load=3.2), activity=replace(QUIET, others_cores=1.0))
    assert "ended" not in present.advice
    # The load is the whole machine's.
    assert found("cpu.load", machine(logical_cores=64), replace(CALM, load=3.2)).level == "ok"


# --- Quota


@pytest.mark.parametrize(
    ("quota", "threads", "level", "advice"),
    [
        (None, 2, "ok", ""),
        (2.0, 2, "ok", ""),
        (1.5, 1, "ok", ""),
        (1.5, 2, "note", "measure with --threads 1"),
        (0.5, 1, "note", "raise the quota to at least 1"),
    ],
)
def test_a_quota_is_held_against_the_threads(quota: float | None, threads: int, level: str, advice: str) -> None:
    finding = found("cpu.quota", machine(Limits(cpu_cores=quota)), threads=threads)
    assert (finding.level, finding.advice) == (level, advice)


def test_throttling_while_it_worked() -> None:
    assert surroundings.throttled(0, Limits(), 2).level == "ok"
    assert surroundings.throttled(None, Limits(), 2).level == "unknown"
    finding = surroundings.throttled(3, Limits(cpu_cores=1.5), 2)
    assert finding.level == "unfit"
    assert "3 of its periods" in finding.sentence
    assert finding.advice == "raise the container's CPU quota, or measure with --threads 1"


@pytest.mark.parametrize(("quota", "threads"), [(0.5, 2), (2.0, 2), (None, 2)])
def test_fewer_threads_are_advised_only_where_that_helps(quota: float | None, threads: int) -> None:
    assert surroundings.throttled(3, Limits(cpu_cores=quota), threads).advice == "raise the container's CPU quota"


# --- Clocks


def test_a_governor_that_follows_the_load() -> None:
    finding = found("cpu.governor", machine(governor="powersave"))
    assert (finding.level, finding.sentence) == ("note", "clock governor powersave: it follows the load")
    assert "cpupower" in finding.advice
    assert found("cpu.governor", machine(governor="performance, powersave")).level == "note"


def test_turbo() -> None:
    assert found("cpu.turbo", machine(turbo=True)).advice == "for small differences: echo 1 | sudo tee /no_turbo"
    assert found("cpu.turbo", machine(turbo=True), replace(CALM, turbo_switch=None)).advice == ""
    assert found("cpu.turbo", machine(turbo=False)).level == "ok"


@pytest.mark.parametrize("code", ["cpu.governor", "cpu.turbo"])
def test_what_a_host_keeps_to_itself(code: str) -> None:
    here = machine(governor=None, turbo=None, virtual=True)
    assert found(code, here).sentence.endswith(": the host of this virtual machine decides")
    assert "host" not in found(code, machine(governor=None, turbo=None)).sentence


def test_threads_that_share_a_core() -> None:
    here = machine(affinity="0-3", logical_cores=4).model_copy(update={"cores": 4})
    finding = found("cpu.smt", here, threads=4)
    assert finding.sentence == "the 4 cores are 2 physical ones (SMT)"
    assert finding.advice == "threads share units: measure with --threads 2"
    # Never advise what is already so.
    assert "--threads" not in found("cpu.smt", here, threads=2).advice
    assert "as this virtual machine shows them" in found("cpu.smt", machine(virtual=True)).sentence


def test_a_clock_that_a_virtual_machine_is_told() -> None:
    assert found("cpu.clock").sentence == "clock now 3000 MHz; temperature 50 °C"
    told = found("cpu.clock", machine(virtual=True, max_mhz=None)).sentence
    assert told.startswith("clock now 3000 MHz as this virtual machine is told, the real one may differ")


# --- Memory


@pytest.mark.parametrize(("free", "level"), [(6 * GIB, "ok"), (2 * GIB, "ok"), (GIB // 2, "note")])
def test_free_memory(free: int, level: str) -> None:
    assert found("memory.free", state=replace(CALM, memory=CALM.memory | {"MemAvailable": free})).level == level


def test_free_memory_names_the_containers_limit() -> None:
    finding = found("memory.free", machine(Limits(memory_bytes=2 * GIB)))
    assert finding.sentence == "6 GiB of 8 GiB memory are free, this container may use 2 GiB"


def test_memory_pressure() -> None:
    assert found("memory.pressure", state=replace(CALM, memory_pressure=12.0)).level == "note"


def test_swap() -> None:
    assert found("memory.swap").sentence == "no swap in use"
    used = replace(CALM, memory=CALM.memory | {"SwapFree": GIB // 2})
    assert found("memory.swap", state=used).sentence == "512 MiB of memory are swapped out"
    none = replace(CALM, memory=CALM.memory | {"SwapTotal": 0, "SwapFree": 0})
    assert found("memory.swap", state=none).sentence == "no swap"


# --- Readers


def test_a_state_is_read_from_the_kernels_files(tmp_path: Path) -> None:
    trees.plant(
        tmp_path,
        {
            "proc/loadavg": "1.25 0.80 0.70 3/900 12345",
            "proc/pressure/cpu": "some avg10=2.50 avg60=0.00 avg300=0.00 total=1500000\nfull avg10=9.00 total=0",
            "proc/pressure/memory": "some avg10=0.75 avg60=0.00 avg300=0.00 total=5",
            "proc/meminfo": "MemTotal:       8388608 kB\nMemAvailable:   4194304 kB\nHugePages_Total:       3",
            "sys/devices/system/cpu/cpufreq/boost": "1",
        },
    )
    reading = Reading(after=0)
    assert surroundings.look(reading, tmp_path) == State(
        load=1.25,
        cpu_pressure=2.5,
        memory_pressure=0.75,
        memory={"MemTotal": 8 * GIB, "MemAvailable": 4 * GIB, "HugePages_Total": 3},
        reading=reading,
        turbo_switch="echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost",
    )
    assert sampling.waited_s(tmp_path) == 1.5
    assert surroundings.look(reading, tmp_path / "none") == State(None, None, None, {}, reading, None)


@pytest.mark.skipif(not hasattr(os, "sysconf"), reason="this system has no os.sysconf")
def test_programs_are_read_with_their_odd_names(tmp_path: Path) -> None:
    tick = os.sysconf("SC_CLK_TCK")
    rest = " ".join(["S", *["0"] * 10, str(3 * tick), str(2 * tick), *["0"] * 6, "77", *["0"] * 16, "5", "0"])
    trees.plant(
        tmp_path, {"proc/12/stat": f"12 (a (b) c) {rest}", "proc/13/stat": f"13 (me) {rest}", "proc/x/stat": ""}
    )
    trees.plant(tmp_path, {"proc/14/stat": "14 (cut"})
    assert sampling.programs(tmp_path, own=13) == {12: Program("a (b) c", 5.0, core=5, started=77)}


def test_what_happened_between_two_snapshots() -> None:
    before = Snapshot(
        wall_s=100.0,
        own_s=1.0,
        busy_s=50.0,
        stolen_s=2.0,
        cpu_wait_s=10.0,
        programs={
            1: Program("init", 9.0, 0, started=1),
            2: Program("loop", 5.0, 1, started=70),
            3: Program("far", 1.0, 9, started=80),
            4: Program("old", 8.0, 0, started=90),
        },
    )
    after = Snapshot(
        wall_s=102.0,
        own_s=1.5,
        busy_s=53.0,
        stolen_s=2.4,
        cpu_wait_s=10.5,
        programs={
            1: Program("init", 9.0, 0, started=1),
            2: Program("loop-renamed", 6.0, 1, started=70),
            3: Program("far", 3.0, 9, started=80),  # on a core that this process may not use
            4: Program("new", 0.5, 0, started=10_050),  # the number of a program that has ended
            5: Program("born", 0.3, 1, started=10_100),
        },
    )
    activity = sampling.between(before, after, cores=(0, 1))
    assert activity.others_cores == pytest.approx(1.05)  # 3.0 - 0.5 own - 0.4 stolen, over 2 s
    assert activity.stolen_cores == pytest.approx(0.2)
    assert activity.waiting == pytest.approx(0.25)
    names = [(name, pid, round(cores, 3)) for name, pid, cores in activity.busiest]
    assert names == [("loop-renamed", 2, 0.5), ("new", 4, 0.25), ("born", 5, 0.15)]


def test_counters_that_are_not_told_stay_unknown() -> None:
    assert sampling.between(Snapshot(0.0, 0.0), Snapshot(1.0, 0.0), (0,)) == Activity(None, None, None)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, which only Linux has")
def test_a_real_sample() -> None:
    activity = sampling.sample(0.05)
    assert activity.others_cores is not None
    assert activity.others_cores >= 0
    assert os.getpid() not in {pid for _, pid, _ in activity.busiest}
    assert os.getppid() in sampling.snapshot().programs
