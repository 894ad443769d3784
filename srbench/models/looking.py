"""What can be said of a user's file without running it: a crash at its import must not reach this process."""

import ast
import difflib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path

import model_defs
from model_defs.checkpoint_files import SUFFIXES
from srbench.errors import InputError

#: Packages whose classes are parts of a network at best.
_NO_NETWORKS = frozenset(("torch", "typing", "collections", "dataclasses", "pathlib", "enum", "abc", "functools"))
#: What marks the root of a repository: one of these lies in it.
_ROOT_MARKS = (".git", "pyproject.toml", "models")
#: What reads a file of weights that nobody says the class of.
READER = "spandrel"


def check_file(path: Path, typed: str) -> None:
    """Refuse what is no file of Python.

    Args:
        path: the file.
        typed: what stands for the network.

    Raises:
        InputError: no such file, one that cannot be read, or no Python.
    """
    if not path.is_file():
        raise InputError(f"no file {path} (for the model '{typed}')")
    parsed(path)


def check_name(path: Path, name: str) -> None:
    """Refuse a name that a file does not define at its top, with the nearest that it does.

    Raises:
        InputError: it does not, or is no Python.
    """
    names = _names_in(parsed(path))
    first = name.partition(".")[0]
    if first not in names.there and names.complete:
        near = difflib.get_close_matches(first, names.networks, n=2, cutoff=0.5) or names.networks
        there = f"did you mean {' or '.join(near)}?" if near else "it defines no network"
        raise InputError(f"{path} has no '{name}'; {there}")


def parsed(path: Path) -> ast.Module:
    """A file of Python as a tree.

    Raises:
        InputError: it cannot be read, or is no Python.
    """
    try:
        return ast.parse(path.read_bytes(), filename=str(path))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except (SyntaxError, ValueError) as error:
        raise InputError(f"{path} is not Python: {str(error).splitlines()[0]}") from None


def within(whole: Path, typed: str) -> str:
    """A file's path in its checkout: two checkouts of one repository have the same; outside of one as it was typed."""
    for folder in whole.parents:
        if (folder / ".git").exists():
            return whole.relative_to(folder).as_posix()
    return Path(os.path.normpath(typed)).as_posix()


def repository_of(path: Path) -> Path | None:
    """The nearest folder above a file that looks like the root of a repository; None where none does."""
    return next((folder for folder in path.parents if any((folder / mark).exists() for mark in _ROOT_MARKS)), None)


def relative_levels(path: Path) -> int:
    """How many packages up the relative imports of a file reach: 1 for ``from .blocks import X``; 0 without any."""
    return max((node.level for node in ast.walk(parsed(path)) if isinstance(node, ast.ImportFrom)), default=0)


def find_module(name: str, folders: Sequence[str]) -> Path:
    """The file of an importable module; neither it nor the packages that it lies in are run.

    Args:
        name: dotted.
        folders: that are looked through before Python's own path.

    Raises:
        InputError: there is none, or it is no Python file.
    """
    found: ModuleSpec | None = None
    path: Sequence[str] | None = [*folders, *sys.path]
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        found = None if path is None else PathFinder.find_spec(".".join(parts[:length]), path)
        if found is None:
            missing = ".".join(parts[:length])
            raise InputError(
                f"no module '{missing}' (for the model '{name}'): install it into srbench's environment, call srbench "
                f"from the folder that it lies in, or write path/to/{name.replace('.', '/')}.py:Name"
            )
        path = found.submodule_search_locations
    assert found is not None
    if not found.origin or not found.origin.endswith(".py"):
        raise InputError(f"the module '{name}' is no Python file, so nothing is defined in it")
    return Path(found.origin).resolve()


def check_held(path: Path, typed: str) -> None:
    """Refuse a file of weights that cannot be read without the class of its network, or holds something else.

    Args:
        path: the file.
        typed: what stands for the network.

    Raises:
        InputError: no such file, an exported graph, a pickled module, or nothing here that tells the network by it.
    """
    if not path.is_file():
        raise InputError(f"no file {path} (for the model '{typed}')")
    if model_defs.is_torchscript(path):
        raise InputError(
            f"{path} is TorchScript; write a file with the line net = torch.jit.load({path.name!r}) and name it "
            "path/to/net.py:net"
        )
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(
            f"{path}: srbench runs torch modules, and {path.suffix.lower()} is none; name the class that it was made "
            "of: path/to/net.py:Name"
        )
    try:
        model_defs.read_tensors(path)
    except model_defs.ZooError as error:
        raise InputError(f"{error}; weights go with the class of their network: net.py:Name --weights FILE") from None
    if find_spec(READER) is None:
        raise InputError(
            f"{path}: {READER} tells a network by its weights, and is not installed: pip install 'srbench[{READER}]' "
            f"(it needs torchvision); or name the class: path/to/net.py:Name --weights {path}"
        )


@dataclass(frozen=True)
class _Names:
    """Names at the top level of a file.

    Attributes:
        there: all of them.
        networks: those that may be a network or make one, in the order of the file.
        complete: False where more may come from a star import or a condition.
    """

    there: frozenset[str]
    networks: list[str]
    complete: bool


def _names_in(tree: ast.Module) -> _Names:
    there: set[str] = set()
    networks: list[str] = []
    complete = True
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            there.add(node.name)
            networks.append(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            imported = {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
            complete = complete and "*" not in imported
            there |= imported
            # A class, as its name tells, which is not one of torch's own.
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] not in _NO_NETWORKS:
                networks += sorted(name for name in imported if name[:1].isupper())
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            assigned = {leaf.id for target in targets for leaf in ast.walk(target) if isinstance(leaf, ast.Name)}
            there |= assigned
            if not isinstance(node.value, ast.Constant | ast.List | ast.Tuple | ast.Dict):
                networks += sorted(assigned)
        elif isinstance(node, ast.If | ast.Try | ast.For | ast.With | ast.While | ast.Match):
            complete = False
    complete = complete and "__getattr__" not in there  # a module that makes its names as they are asked for
    public = [name for name in dict.fromkeys(networks) if not name.startswith("_")]
    return _Names(frozenset(there), public, complete)
