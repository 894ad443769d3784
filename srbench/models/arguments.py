"""Arguments of users' networks: Python literals alone, as text in one form, so that the same ones are the same text."""

import ast
from collections.abc import Mapping, Sequence

from srbench.errors import InputError


def canonical(text: str, where: str) -> str:
    """``blocks = 4,feat=0x20`` -> ``blocks=4, feat=32``: keywords in alphabetical order behind the positional ones.

    Args:
        text: what stands in brackets.
        where: what it is of, for messages.

    Raises:
        InputError: no list of arguments, or one that is no literal.
    """
    call = _parsed(text, where)
    for value in call.args:
        _literal(value, where)
    for each in call.keywords:
        if each.arg is None:
            raise InputError(f"'{where}': write the arguments behind ** one by one: name=value")
        if sum(each.arg == other.arg for other in call.keywords) > 1:
            raise InputError(f"'{where}': the argument {each.arg} is given twice")
        _literal(each.value, where)
    keywords = sorted(call.keywords, key=lambda keyword: keyword.arg or "")
    parts = [*map(ast.unparse, call.args), *(f"{each.arg}={ast.unparse(each.value)}" for each in keywords)]
    return ", ".join(parts)


def of_values(given: Mapping[str, object] | Sequence[object], where: str) -> str:
    """The same of values, as a suite has them: a table of keywords, or a list of positional ones.

    Raises:
        InputError: a value that is no literal, or a key that is no name of an argument.
    """
    if isinstance(given, Mapping):
        return canonical(", ".join(f"{name}={value!r}" for name, value in given.items()), where)
    return canonical(", ".join(map(repr, given)), where)


def read(text: str) -> tuple[list[object], dict[str, object]]:
    """Positional and keyword arguments of a text that :func:`canonical` gave."""
    call = _parsed(text, text)
    return [ast.literal_eval(each) for each in call.args], {
        each.arg: ast.literal_eval(each.value) for each in call.keywords if each.arg is not None
    }


def _parsed(text: str, where: str) -> ast.Call:
    try:
        call = ast.parse(f"f({text}\n)", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        said = error.msg if isinstance(error, SyntaxError) else "too long or too deep"
        raise InputError(f"'{where}': ({text}) is no list of arguments ({said}); write (feat=32, act='relu')") from None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise InputError(f"'{where}': ({text}) is no list of arguments; write (feat=32, act='relu')")
    return call


def _literal(node: ast.expr, where: str) -> None:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError, MemoryError):
        said = ast.unparse(node)
        cure = f"write it in quotes: '{said}'" if isinstance(node, ast.Name) else "name a function that calls it"
        raise InputError(f"'{where}': {said} is no Python literal (a number, a text, a list ...); {cure}") from None
