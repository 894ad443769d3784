"""Run a user's file as what it is: a member of its package, with its repository on the path."""

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from srbench.errors import InputError, UnsupportedError
from srbench.models import looking


@contextlib.contextmanager
def at_home(file: Path) -> Iterator[None]:
    """Around everything that runs a user's file: the current folder stays, a missing module is told with its cure.

    Args:
        file: the user's, for messages.

    Raises:
        UnsupportedError: a module that the file needs is not there.
    """
    before = os.getcwd()  # noqa: PTH109 - goes back as it came, links in it included
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None:
            raise
        raise UnsupportedError(
            f"{file.name} needs the module '{error.name}', which is not found: install it into srbench's environment, "
            "or name the folder that it lies in: PYTHONPATH=DIR, or path in a suite"
        ) from error
    finally:
        os.chdir(before)


def of_file(path: Path, extra: Sequence[str] = ()) -> ModuleType:
    """Run a file: as a member of its package where it lies in one, else as a module of its own.

    Its folder, the root of its package and of its repository, and the current folder come first on the path.

    Args:
        path: absolute.
        extra: further folders for the path, before all others.

    Raises:
        InputError: a package that cannot be imported by its name.
        Exception: whatever the file raises.
    """
    root, packages = _home(path)
    _come_first([*extra, str(root), str(path.parent), *_around(path)])
    importlib.invalidate_caches()
    if not packages:
        # A name of its own: a user's `torch.py` must not stand in for torch.
        return _run(path, f"srbench_user_{path.stem}")
    _check_free(packages[0], root)
    package = ".".join(packages)
    if "." in path.stem:
        importlib.import_module(package)
        return _run(path, f"{package}.{path.stem.replace('.', '_')}")
    return importlib.import_module(package if path.name == "__init__.py" else f"{package}.{path.stem}")


def of_module(name: str, extra: Sequence[str] = ()) -> ModuleType:
    """Import a module by its dotted name, with the current folder on the path.

    Args:
        name: dotted.
        extra: further folders for the path, before all others.

    Raises:
        Exception: whatever the module raises.
    """
    _come_first([*extra, os.getcwd()])  # noqa: PTH109 - as Python writes it there
    importlib.invalidate_caches()
    return importlib.import_module(name)


def _home(path: Path) -> tuple[Path, list[str]]:
    """The folder that a file's package lies in, and the package's dotted parts; no parts for a file by itself.

    A package is a folder with ``__init__.py``; a file with relative imports has its folder for one in any case.
    """
    packages: list[str] = []
    folder, reach = path.parent, looking.relative_levels(path)
    while "." not in folder.name and ((folder / "__init__.py").is_file() or len(packages) < reach):
        packages.insert(0, folder.name)
        folder = folder.parent
    if len(packages) < reach:
        raise InputError(
            f"{path} has relative imports, and Python knows no package with a point in its name: rename {folder.name}"
        )
    return folder, packages


def _check_free(package: str, root: Path) -> None:
    """Refuse a package whose name another one has taken, such as ``torch``: its members would not be found."""
    there = sys.modules.get(package)
    folders = [Path(folder).resolve() for folder in getattr(there, "__path__", ())]
    if there is not None and root / package not in folders:
        raise InputError(
            f"{root / package} is a package '{package}', and srbench uses another one of that name; rename the folder"
        )


def _around(path: Path) -> list[str]:
    """The root of a file's repository, and the current folder."""
    root = looking.repository_of(path)
    return [*([str(root)] if root is not None else []), os.getcwd()]  # noqa: PTH109 - as Python writes it there


def _come_first(folders: Sequence[str]) -> None:
    """Put folders first on the path; relative ones there become absolute, for a user's file may go elsewhere."""
    rest = [os.path.abspath(entry) for entry in sys.path]  # noqa: PTH100 - an entry may be an archive
    sys.path[:] = dict.fromkeys([*folders, *rest])


def _run(path: Path, name: str) -> ModuleType:
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UnsupportedError(f"{path} cannot be imported")
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
