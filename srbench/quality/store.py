"""Quality records on disk: ``quality/*.json`` in a results folder, one for each question.

While a set is evaluated its record stands beside, under ``.part``, written anew after every image, whole or not at all:
what is done survives whatever ends a run, and a run that is ended or fails leaves an earlier complete record as it was.
"""

from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from srbench import store
from srbench.cases import slug
from srbench.files import read_text, write_text
from srbench.quality import migrations
from srbench.quality.results import Evaluation, QualityRecord

FOLDER = "quality"


def path_of(output: Path, asked: Evaluation) -> Path:
    """Where a record lives: a name for people, then the question."""
    words = [asked.model.slug, f"x{asked.scale}", slug(asked.dataset.name), *map(slug, asked.mode.words), asked.key]
    return output / FOLDER / f"{'_'.join(words)}.json"


def write(output: Path, record: QualityRecord, *, part: bool = False) -> None:
    """Store a record in place of an earlier one of the same question; with ``part`` beside it, to go on from.

    Args:
        output: folder of results.
        record: that is stored.
        part: whether its evaluation goes on.
    """
    path = path_of(output, record.evaluation)
    write_text(_part(path) if part else path, record.model_dump_json(indent=1) + "\n")
    if not part:
        _part(path).unlink(missing_ok=True)


def earlier(output: Path, asked: Evaluation) -> QualityRecord | None:
    """What is stored for a question: of a run that was ended, else whole, else by these and more protocols.

    None where there is nothing that can be read.
    """
    path = path_of(output, asked)
    for file in (_part(path), path):
        if (found := _read(file)) is not None:
            return found
    return next((record for record in read(output, lambda _: None) if record.complete and record.answers(asked)), None)


def settle(output: Path, asked: Evaluation) -> None:
    """Let a part that holds every image take the record's place: its run was ended between these two steps."""
    part = _part(path_of(output, asked))
    if (found := _read(part)) is not None and found.complete:
        part.replace(path_of(output, asked))


def stored_whole(output: Path, asked: Evaluation) -> bool:
    """Whether a complete record of this very question is stored."""
    found = _read(path_of(output, asked))
    return found is not None and found.complete


def _read(path: Path) -> QualityRecord | None:
    try:
        return migrations.load(read_text(path))
    except (OSError, ValidationError, UnicodeDecodeError):
        return None


def _part(path: Path) -> Path:
    return path.with_suffix(".part")


def read(output: Path, complain: Callable[[str], None]) -> list[QualityRecord]:
    """The quality records of a folder, oldest first, the newest of each question.

    A file that is none is named to ``complain`` and left alone.
    """
    records = store.read_each(output / FOLDER, migrations.load, complain)
    newest = {record.evaluation.key: record for record in sorted(records, key=lambda record: record.finished)}
    return sorted(newest.values(), key=lambda record: record.finished)
