"""A run that was stopped, as a user meets it: what is said, what is kept, and how it goes on."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from srbench import journal, machine, models, sizes, store
from srbench.cases import Case
from srbench.commands import profile
from srbench.journal import Header, Step
from srbench.launch import PROCESSES
from srbench.records import FAILURES, Record
from srbench.tasks import Memory, Time, Timed, Watched
from tests.builders import NOON, make_entry, make_settings, make_visit, timed, watched
from tests.command_line import Run
from tests.scripted_launcher import Scripted

NETWORKS = Path(__file__).with_name("networks.py")
#: A network that works while a file is not there and waits while it is.
WAITS = """

class Waits(Tiny):
    def strike(self, x):
        folder = Path(__file__).parent
        if not (folder / "looked").exists():  # before the run it is tried on a picture
            (folder / "looked").touch()
            return
        while (folder / "wait").exists():
            (folder / "waiting").touch()
            time.sleep(0.02)
"""


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not condition():
        time.sleep(0.05)
    return condition()


def test_a_run_stopped_by_ctrl_c_goes_on_where_it_was(tmp_path: Path) -> None:
    net, output = tmp_path / "net.py", tmp_path / "out"
    net.write_text(NETWORKS.read_text() + WAITS)
    (tmp_path / "wait").touch()
    command = [sys.executable, "-m", "srbench.cli", "profile", "--output", str(output)]
    options = ["--lr", "32x24", "--budget", "0.1", "--rounds", "1", "--threads", "1", "--timeout", "120"]
    process = subprocess.Popen(
        [*command, "--models", f"ecbsr-m4c8,{net}:Waits", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert within(100, (tmp_path / "waiting").exists)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=150)
    finally:
        process.kill()
    found = journal.resume(output)
    assert found is not None
    done = found[1].entries
    assert (process.returncode, out) == (1, "")
    assert f"interrupted: {len(done) // 2} of 2 cases are stored and {len(done)} finished processes are kept; " in err
    assert f"'srbench profile --resume --output {output}' goes on" in err
    assert "Traceback" not in err

    (tmp_path / "wait").unlink()
    again = subprocess.run([*command, "--resume"], capture_output=True, text=True, timeout=200, check=False)
    assert again.returncode == 0, again.stderr
    assert f"UTC: {len(done)} processes are done" in again.stderr
    records = store.read(output, pytest.fail)
    assert len(records) == 2
    assert not any(record.status in FAILURES for record in records)
    visits = [visit for record in records if record.latency for visit in record.latency.visits]
    assert len(visits) == 2
    assert all(entry.visit in visits for entry in done if entry.step.task == "time")  # not measured again
    assert not (output / journal.NAME).exists()


# --- Without a process: a journal as an earlier run would have left it


@pytest.fixture
def left(tmp_path: Path) -> Header:
    """A run of BSRN at 32x24 in two rounds, of which the first is over."""
    [model] = models.parse("bsrn", "deploy")
    case = Case(model=model, size=sizes.plan(4, lr=(32, 24)), device="cpu", threads=1)
    header = Header(
        srbench_version=version("srbench"),
        started=NOON,
        machine=machine.describe(),
        settings=make_settings(rounds=2, budget_s=0.5, timeout_s=60.0, input="natural"),
        counters=("torch",),
        cases=(case,),
        sources={},
    )
    (tmp_path / "results").mkdir()
    log, _ = journal.begin(tmp_path / "results", header)
    step = Step(task="time", case=0, round=0, place=0)
    log.add(make_entry(step, timed(make_visit(7, 7, 7))))
    return header


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Tasks of the processes that were started; each is answered at once."""
    started: list[str] = []

    def answers(work: Time | Memory, timeout_s: float, report: object) -> Timed | Watched:
        started.append(type(work).__name__.lower())
        if isinstance(work, Memory):
            return watched()
        return timed(make_visit(7, 7, 7, round=work.round, place=work.place))

    scripted = Scripted(answers)
    monkeypatch.setattr(PROCESSES, "launch", scripted.launch)
    monkeypatch.setattr(PROCESSES, "renew", scripted.renew)
    return started


#: The same run as people type it.
SAME = (
    *("--models", "bsrn", "--lr", "32x24", "--threads", "1", "--device", "cpu"),
    *("--rounds", "2", "--budget", "0.5", "--timeout", "60", "--patience", "0"),
)


def stored(folder: Path) -> list[Record]:
    return store.read(folder / "results", pytest.fail)


@pytest.mark.usefixtures("left")
@pytest.mark.parametrize("options", [(), SAME])
def test_it_goes_on_with_or_without_the_options_repeated(
    run: Run, tmp_path: Path, processes: list[str], options: tuple[str, ...]
) -> None:
    done = run("profile", "--resume", *options)
    assert done.code == 0
    assert "going on with the run of 2024-05-17 12:00 UTC: 1 processes are done" in done.err
    assert processes == ["time", "memory"]
    [record] = stored(tmp_path)
    assert record.latency is not None
    assert [visit.round for visit in record.latency.visits] == [0, 1]
    assert "\nBSRN " in done.out


@pytest.mark.usefixtures("left")
@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--seed", "1"), "--seed (0 then, 1 now)"),
        (("--rounds", "3"), "--rounds (2 then, 3 now)"),
        (("--models", "span"), "the cases"),
        (("--lr", "64x48", "--precision", "2%"), "--precision (0.01 then, 0.02 now); the cases"),
    ],
)
def test_another_run_is_not_mixed_with_it(
    run: Run, tmp_path: Path, processes: list[str], options: tuple[str, ...], named: str
) -> None:
    before = (tmp_path / "results" / journal.NAME).read_bytes()
    done = run("profile", "--resume", *SAME, *options)
    assert (done.code, done.out, processes) == (2, "", [])
    assert f"the unfinished run in results differs in {named}; go on with" in done.err
    assert done.err.count("\n") == 1
    assert (tmp_path / "results" / journal.NAME).read_bytes() == before


@pytest.mark.usefixtures("left")
def test_another_machine_does_not_go_on(run: Run, monkeypatch: pytest.MonkeyPatch, processes: list[str]) -> None:
    here = machine.describe()
    monkeypatch.setattr(machine, "describe", lambda: here.model_copy(update={"torch": "99.0"}))
    done = run("profile", "--resume")
    assert (done.code, processes) == (2, [])
    assert f"differs in torch ({here.torch} then, 99.0 now)" in done.err


@pytest.mark.usefixtures("left")
def test_without_resume_it_is_set_aside(run: Run, tmp_path: Path, processes: list[str]) -> None:
    before = (tmp_path / "results" / journal.NAME).read_bytes()
    done = run("profile", *SAME, "--rounds", "1")
    assert done.code == 0
    aside = Path("results") / journal.SET_ASIDE
    assert f"1 finished process(es) of an unfinished run are set aside in {aside}" in done.err
    assert (tmp_path / aside).read_bytes() == before
    assert processes == ["time", "memory"]


@pytest.mark.usefixtures("processes")
def test_where_nothing_was_left_a_named_run_begins(run: Run, tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    done = run("profile", "--resume", *SAME)
    assert done.code == 0
    assert "nothing to resume in results: a new run begins" in done.err
    assert len(stored(tmp_path)) == 1


@pytest.mark.usefixtures("processes")
def test_a_disk_that_fills_up_is_said_and_costs_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(store, "write", _full)
        done = run("profile", *SAME)
    assert done.code == 1
    assert "cannot write to results: No space left on device: 0 of 1 cases are stored and 3 finished" in done.err
    assert run("profile", "--resume").code == 0
    assert len(stored(tmp_path)) == 1


@pytest.mark.usefixtures("processes")
def test_a_folder_that_is_removed_meanwhile_leaves_nothing_to_go_on_with(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = journal.Journal.add

    def gone(self: journal.Journal, entry: journal.Entry) -> None:
        shutil.rmtree(tmp_path / "results")
        add(self, entry)

    monkeypatch.setattr(journal.Journal, "add", gone)
    done = run("profile", *SAME)
    assert done.code == 1
    assert "cannot write to results: results/journal.jsonl: No such file or directory: the run's journal" in done.err
    assert "--resume" not in done.err
    assert "Traceback" not in done.err


def _full(*_: object) -> None:
    raise OSError(28, "No space left on device")


# --- What the options become


@pytest.mark.parametrize(
    ("typed", "rounds", "budget_s"),
    [
        ((), 8, 15.0),
        (("--rigorous",), 16, 30.0),
        (("--quick",), 3, 5.625),  # 3 of 8 rounds, and as much of the budget
        (("--quick", "--rounds", "2"), 2, 5.625),
        (("--thorough",), 16, 30.0),
        (("--rigorous", "--budget", "30"), 16, 60.0),
        (("--rounds", "1"), 1, 15.0),
        (("--rounds", "5", "--rigorous"), 10, 30.0),
    ],
)
def test_budgets_in_words(
    run: Run, monkeypatch: pytest.MonkeyPatch, typed: tuple[str, ...], rounds: int, budget_s: float
) -> None:
    seen: list[profile.Options] = []

    def take(options: profile.Options) -> int:
        seen.append(options)
        return 0

    monkeypatch.setattr(profile, "profile", take)
    assert run("profile", "--models", "bsrn", *typed).code == 0
    [request] = [options.request for options in seen]
    assert (request.rounds, request.budget_s, request.precision) == (rounds, budget_s, 0.01)
    patience_s = 0.0 if "--quick" in typed else 30.0 if "--budget" in typed else budget_s
    assert request.patience_s == patience_s


def test_two_budgets_are_one_too_many(run: Run) -> None:
    done = run("profile", "--models", "bsrn", "--quick", "--thorough")
    assert done.code == 2
    assert done.err == "srbench: --quick and --thorough are two budgets; give one\n"


def test_timings_say_where_the_time_went(run: Run, processes: list[str]) -> None:
    done = run("profile", *SAME, "--timings", "--quiet")
    assert done.code == 0
    assert processes == ["time", "time", "memory"]
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    # Two visits: 2 * 900 ms cold, 2 * 500 ms of warm-up, 6 * 7 ms.
    assert any(line.startswith("timed passes 0.04 ") for line in lines)
    assert any(line.startswith("warm-up passes 1.00 ") for line in lines)
    assert any(line.startswith("first passes 1.80 ") for line in lines)
    assert lines[-1].startswith("inside forward passes: ")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("--resume", "--seed", "3"), "--resume goes on as the run was begun: leave --seed out, or give the whole"),
        (("--models", "span", "--patience", "-1"), "--patience -1 must be a positive number of seconds"),
    ],
)
def test_options_that_would_be_ignored_are_refused(run: Run, typed: tuple[str, ...], said: str) -> None:
    done = run("profile", *typed)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"srbench: {said}")
