"""Records of earlier schemas brought to the present one, step by step; each step is a pure function of the JSON."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from srbench.records import SCHEMA_VERSION, Record


def load(text: str) -> Record:
    """A record of any schema up to the present one.

    Raises:
        ValidationError: it is none.
    """
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return Record.model_validate_json(text)  # says what is wrong in the words of every other fault
    if isinstance(found, dict):
        while (step := _STEPS.get(found.get("schema_version", 0))) is not None:
            found = step(found)
    return Record.model_validate_json(json.dumps(found))


def _from_1(old: Mapping[str, Any]) -> dict[str, Any]:
    """Schema 1 had one timed process a case, and a predicted peak of tensors alone."""
    new = dict(old) | {"schema_version": 2}
    if (latency := old.get("latency")) is not None:
        new["latency"] = {"visits": [{**latency, "round": 0, "warm": None}]}
    if (counts := old.get("complexity")) is not None:
        new["complexity"] = {**counts, "cpu_peak_bytes": counts["peak_bytes"]}
    new["settings"] = {**old["settings"], "rounds": 1}
    return new


_STEPS: dict[int, Callable[[Mapping[str, Any]], dict[str, Any]]] = {1: _from_1}
assert set(_STEPS) == set(range(1, SCHEMA_VERSION)), "every earlier schema has its step"
