"""The doctor as a whole: its sections, what it prints, its exit code, and what becomes of the floor."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from srbench import machine
from srbench.api import examining
from srbench.commands import doctor as command
from srbench.doctor import examine, inventory, probe, render, repeat, sampling, surroundings
from srbench.doctor.probe import KNOWN_BYTES, Probe
from srbench.doctor.repeat import Outcome
from srbench.doctor.report import Finding, Level, Report, Section
from srbench.doctor.sampling import Activity
from srbench.errors import InputError
from srbench.facts import Build, GpuFacts, Limits, Processor
from srbench.machine import cgroup, noise
from srbench.records import Settings
from tests.builders import make_machine
from tests.doctor.test_surroundings import CALM
from tests.machine.test_noise import make_floor

HEALTHY = Probe(memory_bytes=KNOWN_BYTES, method="kernel high-water mark", side=100, product_ns=(20_000,), threads=2)
QUIET = Activity(others_cores=0.0, stolen_cores=0.0, waiting=0.0)
LOADED = replace(QUIET, others_cores=0.98, busiest=(("bash", 1234, 0.97),))


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A quiet machine, with a state folder of the test's own and self-tests that take no time."""
    chip = Processor(logical_cores=2, usable_physical_cores=2, affinity="0-1", flags=("avx", "fma", "avx2"))
    described = make_machine().model_copy(update={"processor": chip})
    monkeypatch.setattr(machine, "describe", lambda: described)
    monkeypatch.setattr(noise, "folder", lambda: tmp_path / "state")
    monkeypatch.setattr(sampling, "sample", lambda seconds: QUIET)
    monkeypatch.setattr(surroundings, "look", lambda reading: CALM)
    monkeypatch.setattr(cgroup, "throttled_periods", lambda: 0)
    monkeypatch.setattr(probe, "run", lambda device, threads: HEALTHY)
    ok = Finding(code="aa.floor", level="ok", sentence="span against itself: noise floor 1.2%")
    outcome = Outcome(make_floor(machine=described.name), (ok,))
    monkeypatch.setattr(repeat, "run", lambda *_: outcome)
    return monkeypatch


def examined(*, quick: bool = False, threads: int | None = None) -> Report:
    return examine.examine("cpu", threads, quick=quick, show=lambda section: None, tell=lambda line: None)


def codes(report: Report) -> dict[str, Level]:
    return {finding.code: finding.level for section in report.sections for finding in section.findings}


# --- What it does


@pytest.mark.usefixtures("here")
def test_a_fit_machine_keeps_its_floor() -> None:
    report = examined()
    assert report.unfit == ()
    assert [section.title for section in report.sections] == [
        "The machine",
        "What would disturb a measurement now",
        "Self-tests",
        "Noise floor",
    ]
    assert codes(report)["aa.stored"] == "ok"
    assert noise.load(make_machine().name, "cpu") == report.floor


def test_an_unfit_machine_is_not_run_against_itself(here: pytest.MonkeyPatch) -> None:
    here.setattr(sampling, "sample", lambda seconds: LOADED)
    here.setattr(repeat, "run", lambda *_: pytest.fail("half a minute for nothing"))
    report = examined()
    assert [finding.code for finding in report.unfit] == ["cpu.others"]
    assert codes(report)["aa.left_out"] == "fact"
    assert noise.load(make_machine().name, "cpu") is None


def test_a_floor_that_others_disturbed_is_not_kept(here: pytest.MonkeyPatch) -> None:
    contended = Finding(code="aa.contended", level="unfit", sentence="other programs used 0.9 of the 2 cores")
    here.setattr(repeat, "run", lambda *_: Outcome(make_floor(), (contended,)))
    report = examined()
    assert [finding.code for finding in report.unfit] == ["aa.contended"]
    assert codes(report)["aa.stored"] == "fact"
    assert noise.load(make_machine().name, "cpu") is None


def test_a_folder_that_cannot_be_written_does_not_make_it_unfit(here: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    here.setattr(noise, "folder", lambda: tmp_path / "file")
    report = examined()
    assert report.unfit == ()
    assert codes(report)["aa.stored"] == "note"
    assert report.floor is not None


def test_quick_leaves_the_run_out(here: pytest.MonkeyPatch) -> None:
    here.setattr(repeat, "run", lambda *_: pytest.fail("--quick"))
    report = examined(quick=True)
    assert report.unfit == ()
    assert report.floor is None


@pytest.mark.parametrize(
    ("measured", "code"),
    [
        (replace(HEALTHY, memory_bytes=KNOWN_BYTES // 2), "memory.known"),
        (replace(HEALTHY, product_ns=(1,)), "timer.product"),
        (Probe(error="RuntimeError: no"), "probe.failed"),
    ],
)
def test_a_failed_self_test_makes_it_unfit(here: pytest.MonkeyPatch, measured: Probe, code: str) -> None:
    here.setattr(probe, "run", lambda device, threads: measured)
    assert [finding.code for finding in examined(quick=True).unfit] == [code]


def test_throttling_during_the_run_makes_it_unfit(here: pytest.MonkeyPatch) -> None:
    periods = iter((5, 8))
    here.setattr(cgroup, "throttled_periods", lambda: next(periods))
    report = examined()
    assert [finding.code for finding in report.unfit] == ["cpu.throttled"]
    assert codes(report)["aa.stored"] == "fact"


@pytest.mark.usefixtures("here")
def test_the_report_survives_storing() -> None:
    report = examined()
    assert Report.model_validate_json(report.model_dump_json()) == report


# --- The command


@pytest.mark.usefixtures("here")
def test_the_last_line_says_that_it_is_fit(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.doctor("cpu", None, quick=True, as_json=False) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "fit for measuring on cpu"


def test_the_last_line_says_why_it_is_unfit(here: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    here.setattr(sampling, "sample", lambda seconds: LOADED)
    assert command.doctor("cpu", None, quick=False, as_json=False) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "unfit: other programs use 0.98 of the 2 cores: bash (1234) 0.97"


def test_a_machine_readable_report(here: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    here.setattr(sampling, "sample", lambda seconds: LOADED)
    assert command.doctor("cpu", None, quick=True, as_json=True) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["machine"]["name"] == make_machine().name
    levels = {finding["code"]: finding["level"] for section in found["sections"] for finding in section["findings"]}
    assert levels["cpu.others"] == "unfit"


def test_more_threads_than_cores_are_refused() -> None:
    with pytest.raises(InputError, match=r"--threads 999: this process may use \d+ cores"):
        command.doctor("cpu", 999, quick=True, as_json=False)


def test_threads_are_for_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examining, "choose_device", lambda asked: "cuda:0")
    with pytest.raises(InputError, match="--threads is for the CPU; the device is cuda:0"):
        command.doctor("cuda", 1, quick=True, as_json=False)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, which only Linux has")
def test_it_runs_on_this_machine() -> None:
    """Whether the machine is fit right now is not this test's business."""
    run = [sys.executable, "-m", "srbench.cli", "doctor", "--quick", "--device", "cpu"]
    found = subprocess.run(run, capture_output=True, text=True, timeout=120, check=False)
    assert found.returncode in (0, 1), found.stderr
    *_, last = found.stdout.splitlines()
    assert last.startswith(("fit for measuring on cpu", "unfit: ")[found.returncode])
    assert machine.describe().cpu in " ".join(found.stdout.split())


# --- What it looks like


def finding(level: Level, sentence: str, advice: str = "") -> Finding:
    return Finding(code="test", level=level, sentence=sentence, advice=advice)


def test_one_line_for_each_finding() -> None:
    section = Section(
        title="A title",
        findings=(
            finding("ok", "all is well"),
            finding("note", "turbo is on", "switch it off"),
            finding("unknown", "nobody knows"),
            finding("unfit", "the clock is broken", "mend it"),
            finding("fact", "memory:      8 GiB"),
        ),
    )
    assert render.section(section).splitlines() == [
        "A title",
        "  ok     all is well",
        "  note   turbo is on",
        "         -> switch it off",
        "  ?      nobody knows",
        "  UNFIT  the clock is broken",
        "         -> mend it",
        "         memory:      8 GiB",
    ]


@pytest.mark.parametrize("make", [lambda: finding("note", "word " * 60, "advice " * 60)])
def test_long_lines_go_on_below_themselves(make: Callable[[], Finding]) -> None:
    lines = render.section(Section(title="T", findings=(make(),))).splitlines()[1:]
    assert max(map(len, lines)) <= render.WIDTH
    assert all(line.startswith(" " * 9) for line in lines[1:])
    assert sum(line.count("word") for line in lines) == sum(line.count("advice") for line in lines) == 60


def test_a_fact_goes_on_below_its_words() -> None:
    lines = render.section(Section(title="T", findings=(finding("fact", "system:      " + "word " * 40),))).splitlines()
    assert lines[1].startswith("         system:      word")
    assert lines[2].startswith(" " * 22 + "word")


def test_the_verdict_counts_its_notes() -> None:
    def report(*findings: Finding) -> Report:
        section = Section(title="T", findings=findings)
        now = datetime(2024, 5, 17, tzinfo=UTC)
        return Report(srbench_version="1", finished=now, device="cpu", machine=make_machine(), sections=(section,))

    note = finding("note", "hm")
    assert render.verdict(report()) == "fit for measuring on cpu"
    kept = report().model_copy(update={"floor": make_floor(floor=0.0123)})
    assert render.verdict(kept) == "fit for measuring on cpu: differences of 1.2% and more can be told"
    assert render.verdict(report(note)).endswith("; one note above")
    assert render.verdict(report(note, note)).endswith("; 2 notes above")
    bad = [finding("unfit", "one thing"), finding("unfit", "another")]
    assert render.verdict(report(note, *bad)) == "unfit: one thing; another"


# --- The machine's facts


def test_the_facts_of_a_server() -> None:
    chip = Processor(
        logical_cores=64,
        physical_cores=32,
        affinity="0-3",
        usable_physical_cores=2,
        l1d_bytes=48 * 2**10,
        l2_bytes=2 * 2**20,
        l3_bytes=36 * 2**20,
        max_mhz=3800,
        governor="performance",
        turbo=False,
        numa_nodes=2,
        virtual=False,
    )
    gpu = GpuFacts(name="NVIDIA T4", memory_bytes=15 * 2**30, compute_capability="7.5", power_limit_w=70.0, mig=False)
    here = make_machine(cores=4).model_copy(
        update={
            "processor": chip,
            "limits": Limits(cpu_cores=1.5, memory_bytes=2**30),
            "gpu_facts": (gpu,),
            "driver": "550.54.15",
            "build": Build(compiler="GCC 13.3", onednn="3.12.0"),
        }
    )
    used = Settings(seed=0, budget_s=1, timeout_s=1, threads=4, interop_threads=2, onednn=True)
    used = used.model_copy(update={"environment": {"OMP_NUM_THREADS": "4"}})
    lines = [finding.sentence for finding in inventory.section(here, used).findings]
    assert lines == [
        "processor:   Test CPU, 4 usable cores (0-3) of 64, 2 physical, 2 NUMA nodes",
        "caches:      L1d 48 KiB, L2 2 MiB, L3 36 MiB",
        "clock:       at most 3800 MHz, governor performance, turbo off",
        "memory:      8 GiB",
        "limits:      1.5 cores' worth of time, 1 GiB of memory",
        "GPU:         NVIDIA T4, 15 GiB, compute capability 7.5, power limit 70 W, driver 550.54.15",
        "system:      Linux 6.1 x86_64, unknown C library",
        "software:    Python 3.11.7, torch 2.6.0, no CUDA",
        "torch build: GCC 13.3, oneDNN 3.12.0",
        "threads:     4 within an operator, 2 between operators",
        "environment: OMP_NUM_THREADS=4",
    ]


def test_facts_that_nobody_tells() -> None:
    used = Settings(seed=0, budget_s=1, timeout_s=1, threads=2, interop_threads=2)
    lines = [finding.sentence for finding in inventory.section(make_machine(), used).findings]
    assert "caches:      not told" in lines
    assert "limits:      no CPU quota, no memory limit" in lines
    assert "environment: no variable set that changes a runtime" in lines
