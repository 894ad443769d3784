"""End workers and runs at random moments, fill the disk, measure networks that misbehave: what is lost, what is wrong?

    python scripts/fault_drill.py            20 kills of each kind and every other fault; prints a table
    python scripts/fault_drill.py --write    the same, into docs/method/measuring.md

Each drill is a real run of the command line on small images. Nothing may be lost: every process that the journal held
when the fault came must be in the final records, sample for sample, and none may be run twice.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from parts import ROOT, write_part
from srbench import journal, migrations, store
from srbench.records import Record, Status, Visit

NETWORKS = ROOT / "tests" / "networks.py"
#: Two of the zoo, small: what a fault elsewhere must not touch.
BYSTANDERS = ("ecbsr-m4c8", "repsr-m4c8")
OPTIONS = (
    "--lr",
    "32x24",
    "--rounds",
    "2",
    "--patience",
    "0",
    "--budget",
    "0.4",
    "--timeout",
    "30",
    "--quiet",
    "--threads",
    "1",
)
#: A run that takes longer than this hangs.
PATIENCE_S = 120.0
DISK_KIB = 512


@dataclass(frozen=True)
class Outcome:
    """What a drill found.

    Attributes:
        held: finished processes that the journal held when the fault came.
        lost: finished processes whose samples are not in the final records.
        repeated: finished processes that were run again.
        unmeasured: other cases without a runtime at the end.
        wrong: what else is not as it should be, in words; empty where all is.
    """

    held: int = 0
    lost: int = 0
    repeated: int = 0
    unmeasured: int = 0
    wrong: str = ""

    @property
    def good(self) -> bool:
        """Nothing lost, nothing twice, all others measured, the status right."""
        return not (self.lost or self.repeated or self.unmeasured or self.wrong)


def command(folder: Path, *arguments: str) -> list[str]:
    """A ``srbench profile`` into a folder."""
    return [sys.executable, "-m", "srbench.cli", "profile", "--output", str(folder), *arguments]


def start(folder: Path, *models: str, options: tuple[str, ...] = OPTIONS) -> subprocess.Popen[str]:
    """Begin a run."""
    arguments = command(folder, "--models", ",".join(models), *options)
    return subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def records_in(folder: Path) -> dict[str, Record]:
    """Stored records by the network's name."""
    found = [migrations.load(path.read_text(encoding="utf-8")) for path in (folder / store.RUNS).glob("*.json")]
    return {Path(r.case.model.variant).name.rpartition(":")[2]: r for r in found}


def finished_in(folder: Path) -> list[Visit]:
    """Timed visits that the journal holds."""
    found = journal.resume(folder) if (folder / journal.NAME).exists() else None
    return [e.visit for e in found[1].entries if e.visit is not None] if found else []


def workers_of(parent: int) -> list[int]:
    """Processes that lead a session below a fork server of ``parent``."""
    parents, sessions = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        pid = int(stat.parent.name)
        if fields[0] != "Z":
            parents[pid], sessions[pid] = int(fields[1]), int(fields[3])
    return [pid for pid, up in parents.items() if sessions[pid] == pid and parents.get(up) == parent]


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    """Wait for a condition."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def kill_the_run(folder: Path, after_s: float) -> Outcome:
    """kill -9 of the run ``after_s`` after its journal began, then --resume."""
    run = start(folder, *BYSTANDERS)
    if not within(PATIENCE_S, lambda: (folder / journal.NAME).exists() or run.poll() is not None):
        return Outcome(wrong="the run never began")
    time.sleep(after_s)
    run.kill()
    run.communicate()
    if not within(10, lambda: not _orphans(folder)):
        return Outcome(wrong="processes of the killed run live on")
    stored, finished = records_in(folder), finished_in(folder)
    if not (folder / journal.NAME).exists():
        return Outcome(wrong="" if len(stored) == len(BYSTANDERS) else "no journal, no records")
    return _resumed(folder, finished)


def _resumed(folder: Path, finished: list[Visit]) -> Outcome:
    again = subprocess.run(
        command(folder, "--resume", "--quiet"), capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    records = records_in(folder)
    visits = [visit for record in records.values() if record.latency for visit in record.latency.visits]
    return Outcome(
        held=len(finished),
        lost=sum(visit not in visits for visit in finished),
        repeated=len(visits) - len(BYSTANDERS) * 2,
        unmeasured=sum(not _measured(records, name) for name in BYSTANDERS),
        wrong="" if again.returncode == 0 else f"exit code {again.returncode}: {again.stderr.strip()[-200:]}",
    )


def kill_a_worker(folder: Path, after_s: float) -> Outcome:
    """kill -9 of whatever worker lives ``after_s`` after the journal began."""
    run = start(folder, *BYSTANDERS)
    within(PATIENCE_S, lambda: (folder / journal.NAME).exists() or run.poll() is not None)
    time.sleep(after_s)
    hit: list[int] = []

    def strike() -> bool:
        hit[:] = workers_of(run.pid)[:1]
        return bool(hit) or run.poll() is not None

    within(PATIENCE_S, strike)
    before = finished_in(folder)
    for pid in hit:
        os.kill(pid, signal.SIGKILL)
    _, errors = run.communicate(timeout=PATIENCE_S)
    records = records_in(folder)
    crashed = [record for record in records.values() if record.status == "CRASH"]
    visits = [visit for record in records.values() if record.latency for visit in record.latency.visits]
    wrong = ""
    if len(crashed) > len(hit):
        wrong = f"{len(crashed)} rows say CRASH"
    elif crashed and "SIGKILL" not in crashed[0].reason:
        wrong = f"the reason is '{crashed[0].reason}'"
    elif run.returncode != (1 if crashed else 0):
        wrong = f"exit code {run.returncode}: {errors.strip()[-200:]}"
    others = [name for name, record in records.items() if record.status != "CRASH"]
    unmeasured = sum(not _measured(records, name) for name in others) + len(BYSTANDERS) - len(records)
    lost = sum(visit not in visits for visit in before)
    return Outcome(held=len(before), lost=lost, unmeasured=unmeasured, wrong=wrong)


def misbehave(folder: Path, network: str, status: Status) -> Outcome:
    """A network that fails, between two that do not."""
    limits = ("--memory-limit", "3GiB") if status == "OOM" else ()
    patience = ("--timeout", "8") if status == "TIMEOUT" else ()
    models = (BYSTANDERS[0], f"{NETWORKS}:{network}", BYSTANDERS[1])
    run = start(folder, *models, options=(*OPTIONS, *limits, *patience))
    run.communicate(timeout=PATIENCE_S)
    records = records_in(folder)
    found = records[network].status if network in records else "no row"
    return Outcome(
        unmeasured=sum(not _measured(records, name) for name in BYSTANDERS),
        wrong="" if (found, run.returncode) == (status, 1) else f"{found}, exit code {run.returncode}",
    )


@contextmanager
def small_disk() -> Iterator[Path]:
    """A file system of :data:`DISK_KIB`.

    Raises:
        PermissionError: this user may not mount one.
    """
    folder = Path(tempfile.mkdtemp(prefix="srbench-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_KIB}k", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    try:
        if done.returncode:
            raise PermissionError(f"cannot mount a tmpfs: {done.stderr.strip()}")
        yield folder
    finally:
        if not done.returncode:
            subprocess.run(["umount", "-l", str(folder)], check=False)
        shutil.rmtree(folder, ignore_errors=True)


def fill_the_disk(leave_kib: int) -> Outcome:
    """A disk that fills up while a run goes on; then room is made, and --resume.

    Raises:
        PermissionError: this user may not mount a small file system.
    """
    with small_disk() as disk:
        ballast = disk / "ballast"
        ballast.write_bytes(b"x" * (DISK_KIB - leave_kib) * 1024)
        run = start(disk, *BYSTANDERS)
        _, errors = run.communicate(timeout=PATIENCE_S)
        finished = finished_in(disk)
        ballast.unlink()
        if run.returncode != 1 or "No space left" not in errors or "Traceback" in errors:
            return Outcome(wrong=f"exit code {run.returncode}: {errors.strip()[-200:]}")
        return _resumed(disk, finished)


def _measured(records: dict[str, Record], name: str) -> bool:
    record = records.get(name)
    return record is not None and not record.failed and record.latency is not None and record.memory is not None


def _orphans(folder: Path) -> bool:
    """Whether any process of a run into this folder is left."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(folder).encode() in path.read_bytes():
                return True
        except (FileNotFoundError, ProcessLookupError):
            continue
    return False


#: Each network with the status that its row must get.
MISBEHAVIOURS: dict[str, Status] = {
    "Segfaults": "CRASH",
    "AllocatesWithoutEnd": "OOM",
    "Hangs": "TIMEOUT",
    "GivesNaN": "MISMATCH",
    "WrongSize": "MISMATCH",
}


def drill(times: int, seed: int, length_s: float) -> list[tuple[str, list[Outcome]]]:
    """Every fault; the kills ``times`` times at moments drawn from a run's length."""
    dice = random.Random(seed)

    def repeated(what: Callable[[Path, float], Outcome]) -> list[Outcome]:
        outcomes = []
        for number in range(times):
            with tempfile.TemporaryDirectory(prefix="srbench-drill-") as folder:
                outcomes.append(what(Path(folder), dice.uniform(0, length_s)))
            print(f"{what.__name__} {number + 1}/{times}: {outcomes[-1]}", file=sys.stderr, flush=True)
        return outcomes

    rows = [("kill -9 of the run", repeated(kill_the_run)), ("kill -9 of a worker", repeated(kill_a_worker))]
    for network, status in MISBEHAVIOURS.items():
        with tempfile.TemporaryDirectory(prefix="srbench-drill-") as folder:
            rows.append((f"network `{network}`: {status}", [misbehave(Path(folder), network, status)]))
    try:
        rows.append(("disk fills up", [fill_the_disk(leave) for leave in (16, 32, 48)]))
    except PermissionError as error:
        print(f"disk: not tried, {error}", file=sys.stderr)
    return rows


def table(rows: list[tuple[str, list[Outcome]]]) -> str:
    """The outcomes as Markdown."""
    lines = [
        "| fault | times | results finished before | lost | run twice | others not measured | wrong status |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, outcomes in rows:
        sums = [sum(getattr(o, key) for o in outcomes) for key in ("held", "lost", "repeated", "unmeasured")]
        wrong = sum(bool(o.wrong) for o in outcomes)
        lines.append(f"| {name} | {len(outcomes)} | {' | '.join(map(str, sums))} | {wrong} |")
    return "\n".join(lines)


def main() -> None:
    """Run all drills; exit 1 if anything was lost or wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="put the table into docs/method/measuring.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="srbench-drill-") as folder:
        run = start(Path(folder), *BYSTANDERS)
        within(PATIENCE_S, (Path(folder) / journal.NAME).exists)
        begin = time.monotonic()
        run.communicate(timeout=PATIENCE_S)
        length_s = time.monotonic() - begin
    print(f"an undisturbed run takes {length_s:.1f} s from its first journal entry", file=sys.stderr)
    rows = drill(options.times, options.seed, length_s)
    text = f"`python scripts/fault_drill.py --times {options.times} --seed {options.seed}`\n\n{table(rows)}"
    print(text)
    if options.write:
        write_part("docs/method/measuring.md", "faults", text)
    sys.exit(any(not outcome.good for _, outcomes in rows for outcome in outcomes))


if __name__ == "__main__":
    main()
