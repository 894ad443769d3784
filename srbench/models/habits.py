"""What is declared of a network: by its suite, or by ``srbench_spec`` in its class."""

import ast
import difflib
from collections.abc import Mapping
from typing import Any

from srbench.cases import Contract, Model
from srbench.errors import InputError

#: The attribute of a class, and what it may hold; a suite has the same words.
ATTRIBUTE = "srbench_spec"
KEYS = ("range", "colors", "multiple", "output", "deploy")


def declared(entry: Mapping[str, object], model: Model | None = None) -> dict[str, Any]:
    """Fields of a model by what is declared; what is not stays as a model has it.

    Args:
        entry: by the words of a suite; others in it mean something else.
        model: whose own declarations stand where the entry says nothing.

    Raises:
        InputError: a value that means nothing.
    """
    before = model.contract if model is not None else Contract()
    return {
        "value_range": _one_of(entry, "range", (1, 255), model.value_range if model is not None else 1),
        "colors": _one_of(entry, "colors", ("rgb", "y"), model.colors if model is not None else "rgb"),
        "contract": _contract(entry, before),
    }


def in_class(tree: ast.Module, name: str) -> Mapping[str, object]:
    """What a class of a file declares of itself; nothing where it is no class there, or declares nothing.

    Raises:
        InputError: a declaration that is no literal, or has an unknown word.
    """
    found = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name]
    for node in found[-1].body if found else []:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == ATTRIBUTE for t in node.targets):
            return _literal(node.value, name)
    return {}


def _literal(node: ast.expr, name: str) -> Mapping[str, object]:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError, MemoryError):
        value = None
    if not isinstance(value, dict):
        raise InputError(f"{name}.{ATTRIBUTE} is no table of literals; write {{'range': 255}}")
    for key in value:
        if key not in KEYS:
            near = difflib.get_close_matches(str(key), KEYS, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(KEYS)}"
            raise InputError(f"{name}.{ATTRIBUTE}: unknown key {key!r}; {hint}")
    return value


def _contract(entry: Mapping[str, object], before: Contract) -> Contract:
    multiple = entry.get("multiple", before.multiple)
    output, deploy = entry.get("output", before.output), entry.get("deploy", before.deploy)
    if type(multiple) is not int or multiple < 1:
        raise InputError(f"multiple = {multiple!r} is no whole number from 1 on")
    if output is not None and (isinstance(output, bool) or not isinstance(output, int | str)):
        raise InputError(f"output = {output!r} is neither the place in a tuple or list nor the key of a dict")
    if deploy is not None and not isinstance(deploy, bool) and not (isinstance(deploy, str) and deploy.isidentifier()):
        raise InputError(f"deploy = {deploy!r} is neither true, nor false, nor the name of a method")
    return Contract(multiple=multiple, output=output, deploy=deploy)


def _one_of(entry: Mapping[str, object], key: str, known: tuple[object, ...], usual: object) -> object:
    value = entry.get(key, usual)
    if isinstance(value, bool) or value not in known:
        raise InputError(f"{key} = {value!r} is none of {', '.join(map(repr, known))}")
    return value
