"""What a model does wrong becomes a row with a status; the others are measured. Real processes, real signals."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from srbench import launch, machine, messages, models, runner, sizes, worker
from srbench.cases import Case
from srbench.errors import InputError
from srbench.failures import Failure
from srbench.launch import PROCESSES
from srbench.machine import contention
from srbench.progress import Quiet
from srbench.records import Record, Settings
from srbench.tasks import Progress, Time

NETWORKS = Path(__file__).with_name("networks.py")
LR = (32, 24)


def settings(budget_s: float = 0.05, timeout_s: float = 20.0) -> Settings:
    return Settings(seed=0, budget_s=budget_s, timeout_s=timeout_s, rounds=1)


def case_of(name: str, device: str = "cpu") -> Case:
    [model] = models.parse(name if ":" not in name else f"{NETWORKS}{name}", "deploy")
    return Case(model=model, size=sizes.plan(4, lr=LR), device=device, threads=1)


def measured(name: str, limits: Settings | None = None) -> Record:
    limits = limits or settings()
    plans = runner.look_ahead([case_of(name)], limits)
    [record] = runner.run(plans, limits, (), lambda _: None, Quiet())
    return record


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        (":Raises", "CRASH", "RuntimeError: the first line"),
        (":Exits", "CRASH", "SystemExit: 3"),
        (":ExitsHard", "CRASH", "the process ended with exit code 7 and no answer"),
        (":Segfaults", "CRASH", "the process was ended by SIGSEGV"),
        (":GivesNaN", "MISMATCH", f"the output holds {3 * 16 * 32 * 24} NaN or infinite values of {3 * 16 * 32 * 24}"),
        (":WrongSize", "MISMATCH", "the output is 1x3x96x127, expected 1x3x96x128 at x4"),
        (":GivesTuple", "MISMATCH", "the output is a tuple, not a tensor"),
    ],
)
def test_a_failure_is_a_status_with_its_reason(name: str, status: str, reason: str) -> None:
    record = measured(name)
    assert record.status == status
    assert record.reason.startswith(reason)
    assert "\n" not in record.reason
    assert record.failed
    # A process that was killed left no traceback to point to.
    assert ("traceback" in record.advice) == (status == "CRASH" and bool(record.detail))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            ":NeedsArguments",
            "NeedsArguments needs width, depth; write networks.py:NeedsArguments(width=..., depth=...)",
        ),
        (":not_a_network", "not_a_network is a int, not a network or something that makes one"),
    ],
)
def test_what_is_typed_wrongly_is_refused_before_anything_is_measured(name: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        runner.look_ahead([case_of(name)], settings())
    assert str(caught.value) == said


def test_running_out_of_memory_is_told_apart_from_a_crash() -> None:
    record = measured(":OutOfMemory")
    assert record.status == "OOM"
    assert record.reason == "there was no memory for 1,048,576.0 GiB that it asked for at once"
    assert "can't allocate memory" in record.detail
    assert record.advice == "choose a smaller --gt, --lr or --batch"


def test_a_hang_is_ended_after_the_timeout() -> None:
    begin = time.monotonic()
    record = measured(":Hangs", settings(timeout_s=1.5))
    assert record.status == "TIMEOUT"
    assert record.reason == "no answer within --timeout 1.5 s"
    assert time.monotonic() - begin < 60


def test_what_a_hanging_network_started_is_ended_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The worker gets its environment from the fork server, so the file is named through the job's own folder.
    pid_file = tmp_path / "pid"
    network = tmp_path / "net.py"
    network.write_text(NETWORKS.read_text() + f"\nos.environ['CHILD_PID_FILE'] = {str(pid_file)!r}\n")
    monkeypatch.chdir(tmp_path)
    [model] = models.parse("net.py:HangsInAChild", "deploy")
    case = Case(model=model, size=sizes.plan(4, lr=LR), device="cpu", threads=1)
    answer = PROCESSES.launch(Time(case, settings()), timeout_s=2.0)
    assert isinstance(answer, Failure)
    assert answer.status == "TIMEOUT"
    child = int(pid_file.read_text())
    assert _within(10, lambda: not _alive(child))


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM])
def test_a_worker_that_is_killed_is_a_crash_with_the_name_of_the_signal(by: signal.Signals) -> None:
    def kill(_: Progress) -> None:
        for pid in _workers():
            os.kill(pid, by)

    answer = PROCESSES.launch(Time(case_of(":Slow"), settings(budget_s=30, timeout_s=60)), 60, kill)
    assert isinstance(answer, Failure)
    assert answer.status == "CRASH"
    assert answer.reason.startswith(f"the process was ended by {by.name}")


def _workers() -> list[int]:
    """Workers lead a session of their own below the fork server, which is a child of this process."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            parent, session, pid = int(fields[1]), int(fields[3]), int(stat.parent.name)
            if session == pid and parent != os.getpid() and _parent(parent) == os.getpid():
                found.append(pid)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_a_network_that_cannot_run_on_meta_is_counted_on_a_picture() -> None:
    record = measured(":NotOnMeta")
    assert not record.failed
    assert record.complexity is not None
    # 48 * 3*3*3 + 48 parameters, 48 * 27 Multi-Adds a pixel of 32x24.
    assert (record.complexity.params, record.complexity.multi_adds) == (1_344, 995_328)
    assert "not counted" not in record.reason
    assert record.latency is not None


def test_a_network_that_cannot_be_counted_is_still_timed() -> None:
    record = measured(":NotCounted")
    assert not record.failed
    assert record.complexity is None
    assert record.reason.endswith("not counted from shapes (TypeError: is not to be counted)")
    assert record.latency is not None
    assert record.memory is not None


def test_a_pass_slower_than_a_third_of_the_timeout_gives_fewer_samples_and_says_so() -> None:
    # 1.2 s a pass, 4.4 s allowed, 90 % of it for passes: cold, one warm-up and one sample, but no second one.
    record = measured(":Slow", settings(timeout_s=4.4))
    assert record.status == "SHORT"
    assert record.latency is not None
    assert len(record.latency.samples_ns) == 1
    assert record.reason == "only 1 timed pass(es) fit into --timeout 4.4"
    assert not record.failed


def test_a_measured_record_states_how_it_was_measured() -> None:
    record = measured("ecbsr-m4c8")
    assert not record.failed  # how quiet the machine is now is no matter of this test
    assert record.settings.threads == 1  # read back inside the worker
    assert record.machine == machine.describe()
    assert record.latency is not None
    [visit] = record.latency.visits
    assert len(visit.samples_ns) >= 3
    assert len(visit.warmup_ns) >= 1
    assert len(visit.device_ns) == len(visit.switches) == len(visit.samples_ns)
    assert visit.readings
    assert record.memory is not None
    assert record.memory.method == "kernel high-water mark"
    assert record.complexity is not None
    # ECBSR M4C8 x4, deploy form: official_counts.csv (xindongzhang/ECBSR models/plainsr.py).
    assert record.complexity.params == 3624


def test_what_a_network_prints_does_not_reach_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    assert not measured(":Chatty").failed
    captured = capfd.readouterr()
    assert "words on" not in captured.out + captured.err


def test_what_a_network_prints_goes_to_a_file_on_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(worker.LOG, str(tmp_path / "log.txt"))
    PROCESSES.renew()  # a server has the environment in which it was started
    try:
        assert not measured(":Chatty").failed
    finally:
        monkeypatch.undo()
        PROCESSES.renew()
    said = (tmp_path / "log.txt").read_text()
    assert "words on stdout" in said
    assert "words on stderr" in said


def test_a_worker_ends_when_nobody_listens() -> None:
    context = launch._context()
    receiver, sender = context.Pipe(duplex=False)
    job = Time(case_of("ecbsr-m4c8"), settings(budget_s=60))
    process = context.Process(target=worker.main, args=(job, sender))
    process.start()
    sender.close()
    reader = messages.Reader(receiver.fileno())
    assert _within(60, lambda: "started" in [frame.kind for frame in reader.frames()])
    receiver.close()
    process.join(timeout=20)
    assert process.exitcode is not None


def test_ctrl_c_ends_the_worker_and_reaches_the_caller() -> None:
    PROCESSES.renew()  # the signal is ignored for the moment in which a server is started
    threading.Timer(3.0, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        PROCESSES.launch(Time(case_of(":Hangs"), settings()), timeout_s=60)
    assert _within(10, lambda: not _workers())


def test_a_hanging_worker_ends_with_a_run_that_is_killed(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    network = tmp_path / "net.py"
    tell = f"Path({str(pid_file)!r}).write_text(str(os.getpid()))"
    network.write_text(NETWORKS.read_text().replace("time.sleep(600)", f"{tell} and time.sleep(600)"))
    command = [sys.executable, "-m", "srbench.cli", "profile", "--models", f"{network}:Hangs", "--lr", "32x24"]
    run = subprocess.Popen([*command, "--output", str(tmp_path)], stderr=subprocess.DEVNULL)
    assert _within(60, pid_file.exists)
    time.sleep(0.2)
    worker_pid = int(pid_file.read_text())
    assert _alive(worker_pid)
    run.kill()
    run.wait()
    assert _within(10, lambda: not _alive(worker_pid))


@pytest.mark.parametrize(
    ("wall", "own", "everyone", "others"),
    [
        (10.0, 18.0, 18.9, 0.09),  # housekeeping
        (10.0, 10.0, 20.0, 1.0),
        (10.0, 10.0, 9.9, 0.0),  # two clocks of different resolution
        (0.4, 0.5, 1.0, None),  # too short for a clock of hundredths of a second
    ],
)
def test_contention_is_what_others_took(wall: float, own: float, everyone: float, others: float | None) -> None:
    start, end = contention.Clocks(100.0, 1.0, 50.0), contention.Clocks(100.0 + wall, 1.0 + own, 50.0 + everyone)
    assert contention.others_cores(start, end) == (None if others is None else pytest.approx(others))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/stat, which only Linux has")
def test_a_busy_neighbour_is_named() -> None:
    neighbours = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(machine.usable_cores())]
    try:
        record = measured(":Slow", settings(budget_s=4.0))
    finally:
        for neighbour in neighbours:
            neighbour.kill()
            neighbour.wait()
    assert record.status == "CONTENDED"
    assert not record.failed
    assert record.advice == "end the other programs and measure again"
    assert record.memory is not None
