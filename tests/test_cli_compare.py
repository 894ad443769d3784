"""`srbench compare` as a user meets it: networks measured now, stored runs, gates, exit codes."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from srbench import runner, store
from srbench.api import comparing
from srbench.assemble import Plan
from srbench.cases import Case
from srbench.machine import noise
from srbench.machine.noise import NoiseFloor
from srbench.records import Record, Settings
from tests.builders import NOON, make_case, make_counts, make_latency, make_record
from tests.command_line import Run

NETWORKS = Path(__file__).with_name("networks.py")
STEADY = (1.0, 1.001, 0.999, 1.002, 0.998, 1.0)


@pytest.fixture
def run(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """``srbench compare`` on a machine without a noise floor."""
    monkeypatch.setattr(noise, "folder", lambda: tmp_path / "state")
    return lambda *arguments: run("compare", *arguments)


def timed(ms: float, case: Case | None = None, **changes: Any) -> Record:
    return make_record(case, latency=make_latency(*([ms * factor] * 3 for factor in STEADY)), **changes)


def folder(name: str, *records: Record) -> str:
    store.prepare(Path(name))
    for record in records:
        store.write(Path(name), record)
    return name


# --- Stored runs


def test_a_slower_run_is_told_and_fails_its_gate(run: Run) -> None:
    folder("new", timed(110))
    folder("baseline", timed(100))
    done = run("new/", "baseline", "--fail-on", "runtime:3%")
    assert done.code == 1
    assert "bsrn of new is SLOWER than bsrn of baseline at x4: runtime ratio 1.100 [" in done.out
    assert "gate runtime:3% FAILS: bsrn of new against bsrn of baseline at x4" in done.out
    assert run("new", "baseline").code == 0  # without a gate an answer is no failure
    assert run("baseline", "new", "--fail-on", "runtime:3%").code == 0
    assert run("new", "baseline", "--fail-on", "runtime:12%,params:0%").code == 0
    assert run("new", "baseline", "--fail-on", "params:0%", "--fail-on", "runtime:3%").code == 1


def test_counts_need_no_runtime(run: Run) -> None:
    shapes: dict[str, Any] = {"latency": None, "memory": None}
    folder("new", make_record(make_case(device="none"), complexity=make_counts(params=352_401), **shapes))
    folder("old", make_record(make_case(device="none"), **shapes))
    done = run("new", "old", "--fail-on", "params:0%")
    assert done.code == 1
    assert "gate params:0% FAILS: bsrn of new against bsrn of old at x4: 352,401 against 352,400" in done.out
    assert run("new", "old", "--fail-on", "params:1%").code == 0
    done = run("new", "old")
    assert done.code == 1
    assert "counted from shapes, never timed" in done.out


def test_files_and_the_runs_folder_are_taken(run: Run, tmp_path: Path) -> None:
    folder("one", timed(50, make_case("span")))
    folder("two", timed(100, make_case("rfdn")))
    [first], [second] = (sorted((tmp_path / name / "runs").glob("*.json")) for name in ("one", "two"))
    done = run(str(first), str(second))
    assert done.code == 0
    assert "FASTER" in done.out
    assert "have no case in common" in run("one/runs", "two/runs").err
    assert "FASTER" in run(str(first), str(second), "--output", "answer.json", "-q").out
    assert json.loads((tmp_path / "answer.json").read_text())["comparisons"][0]["word"] == "FASTER"


def test_unlike_runs_are_refused_unless_forced(run: Run) -> None:
    old = timed(100)
    folder("new", timed(50))
    folder("old", old.model_copy(update={"machine": old.machine.model_copy(update={"torch": "2.7.0"})}))
    done = run("new", "old")
    assert (done.code, done.out) == (2, "")
    assert "not comparable: torch 2.6.0 against 2.7.0; --force compares all the same" in done.err
    done = run("new", "old", "--force")
    assert done.code == 0
    assert "compared by --force in spite of: torch 2.6.0 against 2.7.0" in done.out


def test_other_threads_are_named_where_nothing_is_in_common(run: Run) -> None:
    folder("new", timed(50))
    folder("old", timed(100, make_case(threads=1)))
    done = run("new", "old")
    assert done.code == 2
    assert "new and old have no case in common: their networks differ in threads 2 against 1; --force" in done.err
    assert "in spite of: threads 2 against 1" in run("new", "old", "--force").out


def test_cases_of_one_side_are_named(run: Run) -> None:
    folder("new", timed(50), timed(50, make_case("span")))
    folder("old", timed(100))
    done = run("new", "old")
    assert done.code == 0
    assert "span x4 (LR 320x180, batch 1, cpu) is in new only" in done.out


def test_a_gate_fails_for_a_case_without_a_partner(run: Run) -> None:
    folder("new", timed(50), timed(50, make_case("span")))
    folder("old", timed(50), timed(50, make_case("rfdn")))
    done = run("new", "old", "--fail-on", "params:0%", "--output", "answers.json")
    assert done.code == 1
    for said in ("span x4 (LR 320x180, batch 1, cpu) is in new", "rfdn x4 (LR 320x180, batch 1, cpu) is in old"):
        assert f"gates FAIL: {said} only, so nothing was held against it; --allow-unpaired lets it pass." in done.out
    assert json.loads(Path("answers.json").read_text())["unpaired_fail"] is True
    assert run("new", "old", "--fail-on", "params:0%", "--allow-unpaired").code == 0
    assert run("new", "old").code == 0  # without a gate it is only said


def test_more_rounds_are_not_advised_where_others_disturbed(run: Run) -> None:
    noise = [1.0, 1.06, 0.99, 1.05, 1.02, 1.07]
    loud = make_latency(*([50 * factor] * 3 for factor in noise))
    folder("old", timed(50))
    folder("new", make_record(latency=loud))
    assert "more processes on each side would settle it" in run("new", "old").out
    folder("new", make_record(latency=loud, status="CONTENDED", reason="other programs used 1.0 of the 2 cores"))
    done = run("new", "old").out
    assert "would settle it" not in done
    assert "bsrn of new is CONTENDED, which more processes on each side will not settle" in done


def test_a_failed_row_is_named_and_exits_with_1(run: Run) -> None:
    folder("new", timed(50, status="OOM", reason="it was too large"), timed(50, make_case("span")))
    folder("old", timed(100), timed(100, make_case("span")))
    done = run("new", "old")
    assert done.code == 1
    assert "bsrn of new against bsrn of old at x4: no runtime (bsrn of new: OOM: it was too large)" in done.out
    assert "span of new is FASTER" in done.out


def test_the_measured_floor_is_used(run: Run) -> None:
    folder("new", timed(104))
    folder("old", timed(100))
    assert "SLOWER" in run("new", "old").out
    floor = NoiseFloor(
        machine=timed(1).machine.name,
        device="cpu",
        floor=0.08,
        rounds=5,
        ratios=(1.0,) * 5,
        measured=NOON + timedelta(days=1),
        threads=2,
        versions={},
        what="a test",
    )
    noise.save(floor, print)
    done = run("new", "old")
    assert "takes the SAME time" in done.out
    assert "Floor: ±8.0% (srbench doctor, 2024-05-18, cpu)." in done.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("span",), "compare needs two networks or two stored runs at least"),
        (("span", "old"), "'span' is a network and 'old' a stored run"),
        (("new/missing", "old"), "no folder or file new/missing, nor a network of that name"),
        (("old", "old/"), "old would be compared with itself"),
        (("old", "empty"), "no records in empty/runs; give an --output folder of 'srbench profile', or a record file"),
        (("spam", "rfdn"), "unknown model 'spam'; did you mean 'span'"),
        (("all", "rfdn"), "'all' names 7 networks; give each as an argument of its own"),
        (("span,rfdn", "imdn"), "'span,rfdn' names 2 networks"),
        (("span", "rfdn", "--force"), "--force is for stored runs"),
        (("span", "rfdn", "--scale", "9"), "has no x9"),
        (("span", "rfdn", "--gt", "64x64", "--lr", "16x16"), "give one of them"),
        (("span", "rfdn", "--rounds", "2"), "--rounds"),
        (("span", "rfdn", "--budget", "0"), "--budget 0 must be a positive number of seconds"),
        (("span", "rfdn", "--precision", "x"), "--precision 'x' is no share"),
        (("span", "rfdn", "--fail-on", "runtim:3%"), "unknown metric 'runtim'; did you mean runtime?"),
        (("span", "rfdn", "--output", "no/where.json"), "no folder no for --output no/where.json"),
        (("old", "old2", "--rounds", "5"), "--rounds is for networks that are measured now"),
        (("old", "old2", "--lr", "32x24"), "--lr is for networks that are measured now"),
        (("broken.json", "old2"), "broken.json is not a record of srbench"),
    ],
)
def test_wrong_input_is_one_line_and_exits_with_2(run: Run, arguments: tuple[str, ...], said: str) -> None:
    folder("old", timed(100))
    folder("old2", timed(100))
    Path("empty").mkdir()
    Path("broken.json").write_text("{}")
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert done.err.count("\n") == 1


def test_a_name_of_the_zoo_is_the_network_and_a_path_the_folder(run: Run) -> None:
    folder("span", timed(50))
    folder("other", timed(100))
    assert "'span' is a network and 'other' a stored run" in run("span", "other").err
    assert "bsrn of ./span is FASTER than bsrn of other" in run("./span", "other").out
    assert not comparing.is_stored("nets/my_net.py:Net")
    assert not comparing.is_stored("span@train")


# --- Networks

#: A network whose pass takes 0.2 s, however fast or busy the machine is.
NAPS = """
import time
from torch import nn

class Naps(nn.Module):
    def __init__(self, scale=4):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 3 * scale**2, 3, padding=1), nn.PixelShuffle(scale))

    def forward(self, x):
        if not x.is_meta:
            time.sleep(0.2)
        return self.body(x)
"""


def test_networks_run_in_turns_and_are_answered(run: Run, tmp_path: Path) -> None:
    Path("naps.py").write_text(NAPS)
    names = f"{NETWORKS}:Tiny", "naps.py:Naps"
    options = ("--lr", "32x24", "--rounds", "3", "--budget", "0.1", "--threads", "1", "--quiet")
    done = run(*names, *options, "--fail-on", "runtime:3%,memory:500%", "-o", "answer.json")
    assert done.code == 0, done.err
    assert "is FASTER than" in done.out
    assert "gate runtime:3% HOLDS" in done.out
    assert "Ratio: median of the ratios of 3 rounds; 95 % interval: t on log ratios." in done.out
    assert done.err == ""
    [answer] = json.loads((tmp_path / "answer.json").read_text())["comparisons"]
    assert answer["interleaved"]
    assert answer["processes"] == [3, 3]
    assert answer["ratio"] < 0.5
    assert not (tmp_path / "results").exists()


def scripted(monkeypatch: pytest.MonkeyPatch, ms: dict[str, float], seen: list[Plan] | None = None) -> None:
    """A runner that measures nothing."""

    def measured(
        plans: list[Plan], settings: Settings, counters: object, keep: object, watcher: object, *_: object
    ) -> list[Record]:
        if seen is not None:
            seen.extend(plans)
        found = [timed(ms[plan.case.model.variant] * plan.case.size.scale, plan.case) for plan in plans]
        return [record.model_copy(update={"settings": settings}) for record in found]

    monkeypatch.setattr(runner, "run", measured)


def test_the_first_is_paired_with_each_of_the_others_at_each_scale(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(monkeypatch, {"span": 50.0, "rfdn": 100.0, "bsrn": 25.0})
    done = run("span", "rfdn", "bsrn", "--scale", "2,4", "--device", "cpu", "-q")
    assert done.code == 0
    for scale in ("x2", "x4"):
        assert f"span is FASTER than rfdn at {scale}: runtime ratio 0.5" in done.out
        assert f"span is SLOWER than bsrn at {scale}: runtime ratio 2.0" in done.out
    assert done.out.count(" is FASTER than ") == 2
    assert "Adjusted p" in done.out


def test_a_network_with_itself_is_an_a_a_run(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Plan] = []
    scripted(monkeypatch, {"span": 50.0}, seen)
    done = run("span", "span", "--device", "cpu", "-q")
    assert "span takes the SAME time as span #2 at x4" in done.out
    assert [plan.case.model.variant for plan in seen] == ["span", "span"]


def test_the_defaults_are_those_of_the_help(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    settings: list[Settings] = []

    def measured(plans: list[Plan], its: Settings, *_: object) -> list[Record]:
        settings.append(its)
        return [timed(50, plan.case) for plan in plans]

    monkeypatch.setattr(runner, "run", measured)
    run("span", "rfdn", "-q")
    shown = " ".join(run("--help").out.split())
    [its] = settings
    assert f"[default: {its.rounds};" in shown or f"[default: {its.rounds}]" in shown
    assert f"[default: {its.budget_s:g}]" in shown
    assert f"[default: {its.timeout_s:g}]" in shown
    assert f"[default: {its.precision:.0%}]" in shown


def test_ctrl_c_compares_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> list[Record]:
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "run", interrupted)
    done = run("span", "rfdn", "-q")
    assert (done.code, done.out) == (1, "")
    assert "interrupted: the rounds are not complete, nothing is compared" in done.err


def test_a_network_that_fails_is_named(run: Run) -> None:
    options = ("--lr", "32x24", "--rounds", "3", "--budget", "0.1", "--threads", "1", "--quiet")
    done = run(f"{NETWORKS}:Tiny", f"{NETWORKS}:Raises", *options)
    assert done.code == 1
    assert "CRASH: RuntimeError: the first line" in done.out
