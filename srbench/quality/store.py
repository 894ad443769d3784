"""Quality records on disk: ``quality/*.json`` in a results folder, one for each question.

A record is written anew after every image, whole or not at all, so that what is done survives whatever ends a run.
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


def write(output: Path, record: QualityRecord) -> None:
    """Store a record in place of an earlier one of the same question."""
    store.write_text(path_of(output, record.evaluation), record.model_dump_json(indent=1) + "\n")


def earlier(output: Path, asked: Evaluation) -> QualityRecord | None:
    """What is stored for a question; None where there is nothing, or nothing that can be read."""
    try:
        return QualityRecord.model_validate_json(path_of(output, asked).read_text(encoding="utf-8"))
    except (OSError, ValidationError, UnicodeDecodeError):
        return None


def read(output: Path, complain: Callable[[str], None]) -> list[QualityRecord]:
    """All quality records of a folder, oldest first; a file that is none is named to ``complain`` and left alone."""
    records = store.read_each(output / FOLDER, QualityRecord.model_validate_json, complain)
    return sorted(records, key=lambda record: record.finished)
