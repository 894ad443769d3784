"""Quality records of earlier schemas brought to the present one; each step is a pure function of the JSON."""

import json
from collections.abc import Mapping
from typing import Any

from srbench.migrations import without_form
from srbench.quality.results import QualityRecord


def load(text: str) -> QualityRecord:
    """A quality record of any schema up to the present one.

    Raises:
        ValidationError: it is none.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None  # the validation below says what is wrong, in the words of every other fault
    if isinstance(found, dict) and found.get("schema_version") == 1:
        return QualityRecord.model_validate_json(json.dumps(_from_1(found)))
    return QualityRecord.model_validate_json(text)


def _from_1(old: Mapping[str, Any]) -> dict[str, Any]:
    """Schema 1 named the parts of a mode one by one, and knew a user's network by its file alone.

    Such a network's weights are not known: it has no fingerprint, and its figures no longer enter a table.
    """
    new = {**old, "schema_version": 2}
    if not isinstance(asked := old.get("evaluation"), dict):
        return new
    asked = dict(asked)
    asked["mode"] = {
        "dtype": asked.pop("dtype", "float32"),
        "layout": "channels_last" if asked.pop("channels_last", False) else "contiguous",
        "tile": asked.pop("tile", None),
    }
    if isinstance(model := asked.get("model"), dict):
        asked["model"] = model = without_form(model)
        if isinstance(checkpoint := asked.get("checkpoint"), dict):
            asked["checkpoint"] = None if model.get("source") else {**checkpoint, "form": _held(model, checkpoint)}
    return {**new, "evaluation": asked}


def _held(model: Mapping[str, Any], checkpoint: Mapping[str, Any]) -> object:
    return checkpoint.get("form") if model.get("form") else ""
