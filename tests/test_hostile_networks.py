"""Networks that do what none should, in one run between two of the zoo: each is a row, and nothing else happens.

Each strikes on real values alone, so that it is counted first.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import Run

NETWORKS = '''
import ctypes, os, signal, subprocess, sys, threading, time
from pathlib import Path

import torch
from torch import nn

HERE = Path(__file__).parent


class Tiny(nn.Module):
    def __init__(self, scale=4):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 3 * scale**2, 3, padding=1), nn.PixelShuffle(scale))
        self.passes = 0

    def forward(self, x):
        if not x.is_meta:
            self.passes += 1
            self.strike(x)
        return self.body(x)

    def strike(self, x):
        pass


def remember(pid):
    with open(HERE / "pids", "a") as file:
        file.write(f"{pid}\\n")


class Segv(Tiny):
    def strike(self, x):
        ctypes.string_at(0)


class Leaves(Tiny):
    """Its children, in sessions of their own, hold everything that it has, and it is gone."""

    def strike(self, x):
        for _ in range(2):
            child = os.fork()
            if child == 0:
                os.setsid()
                time.sleep(600)
                os._exit(0)
            remember(child)
        os._exit(3)


class Daemon(Tiny):
    """A program of a child that has left its parent, in a session of its own; each pass is as it should be."""

    def strike(self, x):
        if self.passes == 1 and os.fork() == 0:
            os.setsid()
            remember(subprocess.Popen(["sleep", "600"], start_new_session=True).pid)
            os._exit(0)


class KillsServer(Tiny):
    def strike(self, x):
        if self.passes == 1:
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(600)


class StopsServer(Tiny):
    def strike(self, x):
        os.kill(os.getppid(), signal.SIGSTOP)
        os._exit(4)


class Garbage(Tiny):
    """Bytes into everything that is open."""

    def strike(self, x):
        for file in range(3, 60):
            try:
                os.write(file, b"\\x00\\x00\\x00\\x05junk!")
            except OSError:
                pass


class Says(Tiny):
    """50 MB that clear the screen, without a line's end."""

    def strike(self, x):
        raise ValueError("\\x1b]0;OWNED\\x07\\x1b[2J \\udcff nul \\0 =cmd|' /C calc'!A0 \\u202e" + "A" * 50_000_000)


class Threads(Tiny):
    def strike(self, x):
        torch.set_num_threads(torch.get_num_threads() + 1)


class Keeps(Tiny):
    """Gives the output of its first pass again."""

    def forward(self, x):
        if x.is_meta:
            return self.body(x)
        if not hasattr(self, "kept"):
            self.kept = self.body(x)
        return self.kept


class Gone(Tiny):
    """Goes to a folder that is no more, and closes what it did not open."""

    def strike(self, x):
        if self.passes == 1:
            (HERE / "gone").mkdir(exist_ok=True)
            os.chdir(HERE / "gone")
            (HERE / "gone").rmdir()
            for file in (0, 1, 2):
                os.close(file)
'''
#: What becomes of each, and a part of the reason; statuses that depend on the machine's noise are left open.
EXPECTED = {
    "Segv": ("CRASH", "the process was ended by SIGSEGV"),
    "Leaves": ("CRASH", "the process ended with exit code 3 and no answer"),
    "KillsServer": ("CRASH", "no answer"),
    "StopsServer": ("CRASH", "the process ended with exit code 4 and no answer"),
    "Garbage": ("CRASH", "it sent a message of "),
    "Says": ("CRASH", "ValueError: ]0;OWNED [2J ? nul =cmd|"),
    "Threads": ("MISMATCH", "changes torch.set_num_threads as it is built or runs"),
    "Keeps": ("MISMATCH", "gives one output for two different images"),
}
MEASURED = ("ecbsr-m4c8", "Daemon", "Gone", "repsr-m4c8")


def runs(pid: int) -> bool:
    """Whether a process is there, and is no zombie that waits for whoever takes note of its end."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells who is left")
def test_each_is_a_row_and_nothing_else_happens(run: Run, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(NETWORKS)
    own = [name if name.startswith(("ecbsr", "repsr")) else f"net.py:{name}" for name in MEASURED]
    models = [*own[:1], *(f"net.py:{name}" for name in EXPECTED), *own[1:]]
    size = ["--lr", "16x12", "--rounds", "1", "--budget", "0.05", "--patience", "0", "--threads", "1"]
    before = {entry.name for entry in os.scandir(tmp_path)}
    done = run("profile", "--models", ",".join(models), *size, "--device", "cpu", "--timeout", "60")
    assert done.code == 1

    records = {name: record for record in map(_read, (tmp_path / "results/runs").iterdir()) for name in [_name(record)]}
    assert records.keys() == {*EXPECTED, *MEASURED}
    for name, (status, reason) in EXPECTED.items():
        found = records[name]["status"], records[name]["reason"]
        assert (found[0], reason in found[1]) == (status, True), (name, *found)
        assert len(records[name]["reason"]) <= 1000
        assert records[name]["reason"].isprintable()
    for name in MEASURED:
        assert records[name]["latency"], records[name]["reason"]
        assert records[name]["memory"], records[name]["reason"]

    # Nothing of theirs is left, nor does any of it reach the terminal.
    pids = [int(line) for line in (tmp_path / "pids").read_text().split()]
    assert len(pids) >= 3
    assert not [pid for pid in pids if runs(pid)]
    assert all(line.isprintable() and len(line) < 2000 for line in (done.out + done.err).splitlines())
    assert {entry.name for entry in os.scandir(tmp_path)} - before - {"pids", "__pycache__"} == {"results"}


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _name(record: dict[str, Any]) -> str:
    return str(record["case"]["model"]["variant"]).rpartition(":")[2]
