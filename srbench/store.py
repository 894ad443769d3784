"""Records on disk: one JSON file each, written whole or not at all."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout
from pydantic import ValidationError

from srbench import migrations
from srbench.cases import digest, slug
from srbench.errors import InputError
from srbench.files import first_line, read_text, write_text
from srbench.records import Record

Stored = TypeVar("Stored")

RUNS = "runs"
LOCK = ".lock"


def prepare(output: Path) -> None:
    """Make the output folder and prove that it can be written, before anything is measured.

    Raises:
        InputError: it cannot.
    """
    try:
        (output / RUNS).mkdir(parents=True, exist_ok=True)
        for folder in (output, output / RUNS):
            with tempfile.NamedTemporaryFile(dir=folder, prefix=".probe-"):
                pass
    except OSError as error:
        raise InputError(f"cannot write to --output {output}: {error.strerror or error}") from None


def check_exists(output: Path) -> None:
    """Refuse a results folder that is not there.

    Raises:
        InputError: it is not.
    """
    if not output.is_dir():
        raise InputError(f"no folder --output {output}")


@contextmanager
def locked(output: Path) -> Iterator[None]:
    """Be the only srbench that measures into a folder; the lock goes with the process, however it ends.

    Raises:
        InputError: another one does.
    """
    lock = FileLock(output / LOCK, blocking=False)
    try:
        lock.acquire()
    except Timeout:
        raise InputError(
            f"another srbench is measuring into {output}; wait for it, or use another --output "
            "(two at once would also disturb each other's runtimes)"
        ) from None
    try:
        yield
    finally:
        lock.release()


def path_of(output: Path, record: Record) -> Path:
    """Where a record lives: a name for people, then the case and the machine, so that reruns replace each other."""
    case = record.case
    words = [case.model.slug, f"x{case.size.scale}", *map(slug, case.mode.words), case.key, digest(record.key[1:])[:6]]
    return output / RUNS / f"{'_'.join(words)}.json"


def write(output: Path, record: Record) -> Path:
    """Store a record in place of an earlier one of the same case on the same machine."""
    path = path_of(output, record)
    write_text(path, record.model_dump_json(indent=1) + "\n")
    return path


def read(output: Path, complain: Callable[[str], None]) -> list[Record]:
    """The records of a folder, oldest first, the newest of each key; see :func:`newest`.

    A file that is no record is named to ``complain`` and left alone.

    Raises:
        InputError: there is none.
    """
    records = read_each(output / RUNS, migrations.load, complain)
    if not records:
        quality = any((output / "quality").glob("*.json"))
        hint = "; what 'srbench evaluate' measured joins the networks that are profiled" if quality else ""
        raise InputError(
            f"no records in {output / RUNS}; 'srbench profile' makes some, --output names another folder{hint}"
        )
    return newest(records)


def newest(records: Iterable[Record]) -> list[Record]:
    """The newest record of each case on each node, oldest first, whatever their files are called.

    A record of an earlier srbench does not know its node: any newer one of a machine of that name replaces it.
    """
    kept = {record.key: record for record in sorted(records, key=lambda record: record.finished)}
    later = {record.key[:2]: record.finished for record in kept.values()}
    return [r for r in kept.values() if r.machine.node or later[r.key[:2]] <= r.finished]


def read_each(folder: Path, load: Callable[[str], Stored], complain: Callable[[str], None]) -> list[Stored]:
    """What every JSON file of a folder holds; one that ``load`` refuses is named to ``complain`` and left alone.

    Args:
        folder: that is read.
        load: from the text of a file to a record.
        complain: gets a line on a file that ``load`` refuses.
    """
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(load(read_text(path)))
        except (ValidationError, OSError, UnicodeDecodeError) as error:
            complain(f"skipped {path}: not a record ({first_line(error)})")
    return found
