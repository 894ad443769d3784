"""What a worker started, by made-up trees of /proc: each way in which it is known, and each in which it is not."""

import os
from pathlib import Path

import pytest

from srbench.machine import family
from srbench.machine.family import Worker
from tests.trees import plant

#: A worker that answers through the pipe of inode 77; its own place in the tree is below.
WORKER = Worker(pid=500, pipe=77, born=1000)
#: The session of nobody in the tree.
ELSEWHERE = 9


def stat(parent: int, group: int, session: int, born: int = 1100, state: str = "S", name: str = "python") -> str:
    """As proc(5) has it: number, (name), state, parent, group, session; the start is the 22nd field."""
    return f"1 ({name}) {state} {parent} {group} {session} {' '.join(['0'] * 15)} {born} 0"


def found(root: Path, **processes: str) -> list[int]:
    plant(root, {f"proc/{name[1:]}/stat": line for name, line in processes.items()})
    return sorted(family.of(WORKER, root))


WORKER_LINE = stat(parent=400, group=500, session=500)


@pytest.mark.parametrize(
    "line",
    [
        stat(parent=1, group=500, session=ELSEWHERE),
        stat(parent=1, group=ELSEWHERE, session=500),
        stat(parent=500, group=ELSEWHERE, session=ELSEWHERE),
        stat(parent=500, group=ELSEWHERE, session=ELSEWHERE, name=") R 1 (x y"),
    ],
    ids=["its group", "its session", "its child", "its child by an odd name"],
)
def test_the_family_of_a_worker(tmp_path: Path, line: str) -> None:
    assert found(tmp_path, _500=WORKER_LINE, _600=line) == [600]


def test_a_child_of_a_child_belongs_to_it(tmp_path: Path) -> None:
    child = stat(parent=500, group=ELSEWHERE, session=ELSEWHERE)
    grandchild = stat(parent=600, group=ELSEWHERE, session=ELSEWHERE)
    assert found(tmp_path, _500=WORKER_LINE, _600=child, _700=grandchild) == [600, 700]


@pytest.mark.parametrize(
    "line",
    [
        stat(parent=1, group=ELSEWHERE, session=ELSEWHERE),
        stat(parent=500, group=500, session=500, born=999),
        stat(parent=500, group=500, session=500, state="Z"),
        stat(parent=500, group=500, session=os.getsid(0)),
        "1 (cut off) S 500",
    ],
    ids=["a stranger", "older than the worker", "ended", "of our own session", "unreadable"],
)
def test_others_are_left_alone(tmp_path: Path, line: str) -> None:
    assert found(tmp_path, _600=line) == []


@pytest.mark.parametrize(("number", "known"), [("500.77", True), ("500.7", False), ("1500.77", False)])
def test_an_orphan_is_known_by_its_mark(tmp_path: Path, number: str, known: bool) -> None:
    plant(tmp_path, {"proc/600/environ": f"PATH=/bin\0SRBENCH_WORKER={number}\0HOME=/"})
    assert bool(found(tmp_path, _600=stat(parent=1, group=600, session=600))) is known


@pytest.mark.parametrize(
    ("pipe", "flags", "known"),
    # O_WRONLY is 1, O_RDWR 2, O_RDONLY 0 in the last octal digit (asm-generic/fcntl.h).
    [("77", "0100001", True), ("77", "02", True), ("77", "0100000", False), ("78", "01", False)],
)
def test_an_orphan_is_known_by_the_pipe_that_it_can_write_to(
    tmp_path: Path, pipe: str, flags: str, known: bool
) -> None:
    plant(tmp_path, {"proc/600/fdinfo/5": f"pos:\t0\nflags:\t{flags}\nmnt_id:\t15"})
    (tmp_path / "proc/600/fd").mkdir()
    (tmp_path / "proc/600/fd/5").symlink_to(f"pipe:[{pipe}]")
    assert bool(found(tmp_path, _600=stat(parent=1, group=600, session=600))) is known


def test_without_proc_nobody_is_known(tmp_path: Path) -> None:
    assert family.of(WORKER, tmp_path / "nothing") == []
