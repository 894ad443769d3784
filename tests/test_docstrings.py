"""Docstrings stand alone: public functions say what their parameters are, and what they raise.

ruff's D417 holds an Args section against the signature; that there is one, and a Raises section, is held here.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
#: From so many parameters on a name alone does not say enough.
SEVERAL = 3
#: What callers are to catch.
CAUGHT = {"InputError", "ZooError", "ValueError"}
#: The help of a command stands at its options, and its errors become exit codes.
COMMAND_LINE = ROOT / "srbench" / "cli"
FILES = [
    path.relative_to(ROOT).as_posix()
    for package in ("srbench", "model_defs")
    for path in sorted((ROOT / package).rglob("*.py"))
    if not path.is_relative_to(COMMAND_LINE)
]


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """Public functions, and public methods of public classes."""
    for node in tree.body:
        within = node.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_") else [node]
        for each in within:
            if isinstance(each, ast.FunctionDef) and not each.name.startswith("_"):
                yield each


def lacks_args(tree: ast.Module) -> list[str]:
    """Functions of several parameters without an Args section; methods have that of their interface."""
    return [
        each.name
        for each in functions(tree)
        if each in tree.body
        and len([*each.args.posonlyargs, *each.args.args, *each.args.kwonlyargs]) >= SEVERAL
        and "\nArgs:\n" not in (ast.get_docstring(each) or "")
    ]


def raised(function: ast.FunctionDef) -> set[str]:
    """Names of the exceptions that its own statements raise, not those of functions inside it."""
    names: set[str] = set()
    nodes: list[ast.AST] = list(function.body)
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Raise) and node.exc is not None:
            name = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            names.add(ast.unparse(name).rpartition(".")[2])
        if not isinstance(node, ast.FunctionDef):
            nodes.extend(ast.iter_child_nodes(node))
    return names & CAUGHT


def lacks_raises(tree: ast.Module) -> list[str]:
    """Functions and exceptions of which their Raises sections do not speak."""
    lacking = []
    for each in functions(tree):
        _, _, section = (ast.get_docstring(each) or "").partition("\nRaises:\n")
        lacking += [
            f"{each.name}: {name}" for name in raised(each) if not re.search(rf"^    (?:\w+\.)?{name}:", section, re.M)
        ]
    return lacking


def parsed(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", FILES)
def test_public_functions_say_what_they_take_and_raise(file: str) -> None:
    tree = parsed(file)
    assert lacks_args(tree) == []
    assert lacks_raises(tree) == []


def test_a_function_that_says_neither_is_seen() -> None:
    tree = ast.parse('def draw(a, b, *, c):\n    """Draw."""\n    if a:\n        raise errors.InputError("no")\n')
    assert lacks_args(tree) == ["draw"]
    assert lacks_raises(tree) == ["draw: InputError"]
