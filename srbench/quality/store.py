"""Quality records on disk: ``quality/*.json`` in a results folder, one for each question.

While a set is evaluated its record stands beside, under ``.part``, written anew after every image, whole or not at all:
what is done survives whatever ends a run, and a run that is ended or fails leaves an earlier complete record as it was.
"""

import re
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from srbench import store
from srbench.quality.results import Evaluation, QualityRecord

FOLDER = "quality"


def path_of(output: Path, asked: Evaluation) -> Path:
    """Where a record lives: a name for people, then the question."""
    model = asked.model
    name = model.variant if model.source is None else f"{Path(model.source).stem}-{model.architecture}"
    readable = re.sub(r"[^A-Za-z0-9.-]+", "-", f"{name}_x{asked.scale}_{asked.dataset.name}").strip("-.")[-60:]
    return output / FOLDER / f"{readable}_{asked.key}.json"


def write(output: Path, record: QualityRecord, *, part: bool = False) -> None:
    """Store a record in place of an earlier one of the same question; with ``part`` beside it, to go on from."""
    path = path_of(output, record.evaluation)
    store.write_text(_part(path) if part else path, record.model_dump_json(indent=1) + "\n")
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
        return QualityRecord.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError, UnicodeDecodeError):
        return None


def _part(path: Path) -> Path:
    return path.with_suffix(".part")


def read(output: Path, complain: Callable[[str], None]) -> list[QualityRecord]:
    """All quality records of a folder, oldest first; a file that is none is named to ``complain`` and left alone."""
    records = store.read_each(output / FOLDER, QualityRecord.model_validate_json, complain)
    return sorted(records, key=lambda record: record.finished)
