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
        new = old = json.loads(text)
    except (ValueError, RecursionError):
        new = old = None  # the validation below says what is wrong, in the words of every other fault
    while (step := _step(new)) is not None:
        new = step(new)
    return Record.model_validate_json(text if new is old else json.dumps(new))


def _step(found: object) -> Callable[[Mapping[str, Any]], dict[str, Any]] | None:
    """What brings a record of an earlier schema one further; None for everything else."""
    version = found.get("schema_version") if isinstance(found, dict) else None
    return _STEPS.get(version) if type(version) is int else None


def _from_1(old: Mapping[str, Any]) -> dict[str, Any]:
    """Schema 1 had one timed process a case, and a predicted peak of tensors alone.

    What is not as it should be stays as it is, for the validation to name.
    """
    new = {**old, "schema_version": 2}
    if isinstance(latency := old.get("latency"), dict):
        new["latency"] = {"visits": [{**latency, "round": 0, "warm": None}]}
    if isinstance(counts := old.get("complexity"), dict):
        new["complexity"] = {**counts, "cpu_peak_bytes": counts.get("peak_bytes")}
    if isinstance(settings := old.get("settings"), dict):
        new["settings"] = {**settings, "rounds": 1}
    return new


def _from_2(old: Mapping[str, Any]) -> dict[str, Any]:
    """In schema 2 a timed process left its memory to the C library, and did not count its page faults."""
    new = {**old, "schema_version": 3}
    if isinstance(settings := old.get("settings"), dict):
        new["settings"] = {**settings, "allocator": "system"}
    return new


#: Networks of schema 3 that had nothing to fold; their form was called ``deploy``, or ``train`` where asked for.
_NOTHING_TO_FOLD = ("BSRN", "RFDN", "IMDN", "MSRN")


def _from_3(old: Mapping[str, Any]) -> dict[str, Any]:
    """In schema 3 the dtype belonged to the size, and a network that does not fold had a form all the same.

    Users' networks were built as their file builds them, whatever form was asked for.
    """
    new = {**old, "schema_version": 4}
    if not isinstance(case := old.get("case"), dict):
        return new
    new["case"] = case = dict(case)
    if isinstance(load := case.pop("workload", None), dict):
        case["size"] = {name: value for name, value in load.items() if name != "dtype"}
        case["mode"] = {"dtype": load.get("dtype", "float32")}
    if isinstance(model := case.get("model"), dict):
        case["model"] = without_form(model)
    return new


def without_form(model: Mapping[str, Any]) -> dict[str, Any]:
    """A model of schema 3 with the form that it really had."""
    bare = model.get("source") is not None or model.get("architecture") in (*_NOTHING_TO_FOLD, "Bicubic")
    return {**model, "form": ""} if bare else dict(model)


_STEPS: dict[int, Callable[[Mapping[str, Any]], dict[str, Any]]] = {1: _from_1, 2: _from_2, 3: _from_3}
assert set(_STEPS) == set(range(1, SCHEMA_VERSION)), "every earlier schema has its step"
