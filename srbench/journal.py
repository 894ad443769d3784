"""What a run has finished so far, on disk: so that it goes on after whatever ended it.

``journal.jsonl`` in the output folder: a first line that says what the run is, then one line for each finished process.
A line is on the disk (fsync) before the next process starts. A last line that was cut off is left out and written over.
"""

import hashlib
import os
from pathlib import Path

from pydantic import ValidationError

from srbench.cases import Case
from srbench.counts import Count, CounterName
from srbench.errors import InputError
from srbench.facts import Line, Machine, Moment, Number
from srbench.failures import Failure
from srbench.files import cause, read_bytes, write_text
from srbench.metering import Metered
from srbench.records import Frozen, Memory, Settings, Visit
from srbench.tasks import Agreed, TaskName, Timed, Watched

NAME = "journal.jsonl"
#: Where the journal of an unfinished run goes when another run is begun in its folder.
SET_ASIDE = "journal.unfinished.jsonl"
#: A process adds some KiB, or with its samples some tens.
_MOST_BYTES = 2**30
#: A run that goes on must find these facts of the machine as they were.
SAME_MACHINE = ("name", "python", "torch", "cuda", "cudnn", "driver")


class Step(Frozen):
    """One process of a run: the task, the case by its place in the run, and for timed visits the round.

    ``place`` is its place in the order of its round; ``further`` marks rounds beyond those that every case gets.
    """

    task: TaskName
    case: Number
    round: Number = 0
    place: Number = 0
    further: bool = False


class Header(Frozen):
    """What a run is: enough to plan it again, and to refuse to go on with another one."""

    srbench_version: Line
    started: Moment
    machine: Machine
    settings: Settings
    counters: tuple[CounterName, ...]
    cases: tuple[Case, ...]
    sources: dict[str, str]

    def renewed(self, machine: Machine) -> "Header":
        """The same run on the machine as it is now, with the networks' files as they are now."""
        return self.model_copy(update={"machine": machine, "sources": source_hashes(self.cases)})

    def differences(self, other: "Header") -> list[str]:
        """What keeps this run from going on as ``other``, named for people."""
        pairs: list[tuple[str, object, object]] = [
            ("srbench", self.srbench_version, other.srbench_version),
            *((f, getattr(self.machine, f), getattr(other.machine, f)) for f in SAME_MACHINE),
            *(
                (f"--{f}", getattr(self.settings, f), getattr(other.settings, f))
                for f in ("seed", "rounds", "precision", "allocator", "energy", "input", "clock", "lock_mhz")
            ),
            ("--budget", self.settings.budget_s, other.settings.budget_s),
            ("--patience", self.settings.patience_s, other.settings.patience_s),
            ("--timeout", self.settings.timeout_s, other.settings.timeout_s),
            ("--counters", self.counters, other.counters),
            ("the cases", [case.key for case in self.cases], [case.key for case in other.cases]),
            ("the network's file", self.sources, other.sources),
        ]
        return [
            f"{name} ({before} then, {now} now)" if isinstance(before, str | int | float) else name
            for name, before, now in pairs
            if before != now
        ]


class Entry(Frozen):
    """A finished process: what it gave, or why it gave nothing; ``wall_ns`` is its whole life seen from outside."""

    step: Step
    result: Agreed | Timed | Watched | Metered | Count | Failure
    wall_ns: Number

    @property
    def failure(self) -> Failure | None:
        """What went wrong; None where nothing did."""
        if isinstance(self.result, Timed):
            return self.result.problem
        return self.result if isinstance(self.result, Failure) else None

    @property
    def visit(self) -> Visit | None:
        """The passes of a timed process."""
        return self.result.visit if isinstance(self.result, Timed) else None

    @property
    def memory(self) -> Memory | None:
        """The memory of a pass."""
        return self.result.memory if isinstance(self.result, Watched) else None

    @property
    def settings(self) -> Settings | None:
        """The settings as a measuring process read them back."""
        return self.result.settings if isinstance(self.result, Timed | Watched | Metered) else None

    @property
    def build_ns(self) -> int:
        """Wall time of building the network and its input."""
        return self.result.build_ns if isinstance(self.result, Timed | Watched) else 0

    @property
    def passes_ns(self) -> int:
        """Wall time inside forward passes."""
        visit = self.visit
        return visit.passes_ns if visit else self.result.passes_ns if isinstance(self.result, Watched) else 0


class Journal:
    """The journal of the present run."""

    def __init__(self, path: Path, entries: list[Entry], size: int) -> None:
        self.path = path
        self._size = size
        self._done = {entry.step: entry for entry in entries}

    @property
    def entries(self) -> list[Entry]:
        """What is finished, in order."""
        return list(self._done.values())

    def find(self, step: Step) -> Entry | None:
        """A finished process, None where it is still to be run."""
        return self._done.get(step)

    def add(self, entry: Entry) -> None:
        """Keep a finished process. When this returns it is on the disk.

        Raises:
            OSError: it cannot be written (a full disk); what was written before is untouched.
        """
        line = (entry.model_dump_json() + "\n").encode()
        with self.path.open("r+b") as file:
            try:
                file.truncate(self._size)
                file.seek(self._size)
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                file.truncate(self._size)
                raise
        self._size += len(line)
        self._done[entry.step] = entry

    def close(self) -> None:
        """The run is complete and its records are stored: nothing is left to go on with."""
        self.path.unlink(missing_ok=True)


def begin(output: Path, header: Header) -> tuple[Journal, int]:
    """Start a journal. An unfinished one is set aside; the number of its finished processes is the second value.

    Raises:
        OSError: the folder cannot be written.
    """
    path = output / NAME
    aside = 0
    if path.exists():
        found = _read(path)
        aside = len(found[1]) if found else 0
        if found is None or aside:  # one that holds nothing must not take the place of one that does
            path.replace(output / SET_ASIDE)
    text = header.model_dump_json() + "\n"
    write_text(path, text)
    return Journal(path, [], len(text.encode())), aside


def resume(output: Path) -> tuple[Header, Journal] | None:
    """The unfinished run of a folder; None where there is none.

    Raises:
        InputError: its journal cannot be read.
    """
    path = output / NAME
    if not path.exists():
        return None
    try:
        found = _read(path)
    except OSError as error:
        raise InputError(f"cannot read the journal: {cause(error)}") from None
    if found is None:
        raise InputError(f"{path} is no journal of this srbench; move it away and measure again without --resume")
    header, entries, size = found
    return header, Journal(path, entries, size)


def source_hashes(cases: tuple[Case, ...]) -> dict[str, str]:
    """sha256 of the users' network files, so that a run does not go on with a changed one."""
    paths = sorted({case.model.source for case in cases if case.model.source is not None})
    return {path: hashlib.sha256(Path(path).read_bytes()).hexdigest() if Path(path).is_file() else "" for path in paths}


def _read(path: Path) -> tuple[Header, list[Entry], int] | None:
    """Header, whole entries and the length in bytes up to which the file is whole; None without a header."""
    first, *lines = read_bytes(path, _MOST_BYTES).splitlines(keepends=True) or [b""]
    try:
        header = Header.model_validate_json(first)
    except ValidationError:
        return None
    entries, size = [], len(first)
    for line in lines:
        try:
            if not line.endswith(b"\n"):
                break
            entries.append(Entry.model_validate_json(line))
        except ValidationError:
            break
        size += len(line)
    return header, entries, size
