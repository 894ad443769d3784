"""Imports point down only, and every way into the package works by itself.

The house is drawn from the imports as they stand in the files, those inside functions and those for types alone
included: an arrow that is hidden in a function is an arrow all the same.
"""

import ast
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

#: From the ground up: a room may import itself and what is below, and of two on one floor neither the other.
#: ``package`` is the package's own module, ``package.*`` all that is in it. (That of ``measure`` is empty.)
FLOORS: tuple[dict[str, tuple[str, ...]], ...] = (
    {
        "zoo": ("model_defs", "model_defs.*"),
        "tools": (
            "srbench.errors",
            "srbench.files",
            "srbench.cores",
            "srbench.statuses",
            "srbench.defaults",
            "srbench.private",
            "srbench.text",
        ),
        "statistics": ("srbench.measure", "srbench.measure.stats"),
    },
    {
        "vocabulary": (
            "srbench.facts",
            "srbench.counts",
            "srbench.cases",
            "srbench.agreements",
            "srbench.energies",
            "srbench.records",
            "srbench.migrations",
        )
    },
    {
        "work": ("srbench.failures", "srbench.messages", "srbench.work"),
        "running": ("srbench.running", "srbench.running.*"),
        "foreign": ("srbench.foreign", "srbench.foreign.*"),
    },
    {
        "naming": (
            *("srbench.models", "srbench.models.*"),
            *("srbench.sizes", "srbench.inputs", "srbench.fingerprint", "srbench.live"),
        ),
        "machine": ("srbench.machine", "srbench.machine.*"),
        "store": ("srbench.store",),
    },
    {
        "measure": ("srbench.measure.*",),
        "processes": ("srbench.worker", "srbench.launch", "srbench.inline"),
        "plans": ("srbench.limits", "srbench.planning", "srbench.suites"),
    },
    {"tasks": ("srbench.preparing", "srbench.tasks", "srbench.metering")},
    {
        "runs": ("srbench.journal", "srbench.assemble", "srbench.runner", "srbench.progress"),
        "quality": ("srbench.quality", "srbench.quality.*"),
    },
    {"doctor": ("srbench.doctor", "srbench.doctor.*"), "board": ("srbench.board", "srbench.board.*")},
    {"render": ("srbench.render", "srbench.render.*", "srbench.timings")},
    {"api": ("srbench", "srbench.api", "srbench.api.*")},
    {"commands": ("srbench.commands", "srbench.commands.*")},
    {"cli": ("srbench.cli", "srbench.cli.*")},
)
HEIGHT = {room: height for height, floor in enumerate(FLOORS) for room in floor}

Graph = Mapping[str, set[str]]


def room_of(module: str) -> str:
    """The room whose pattern is the longest that fits."""
    fits = [
        (len(pattern), room)
        for floor in FLOORS
        for room, patterns in floor.items()
        for pattern in patterns
        if module == pattern or (pattern.endswith(".*") and module.startswith(pattern[:-1]))
    ]
    return max(fits)[1] if fits else ""


def modules_in(root: Path) -> dict[str, Path]:
    found = {}
    for path in sorted([*(root / "srbench").rglob("*.py"), *(root / "model_defs").rglob("*.py")]):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def named_in(path: Path) -> tuple[tuple[str, ...], ...]:
    """Modules that a file may import: of ``from a import b`` both ``a.b`` and ``a``."""
    found: list[tuple[str, ...]] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += ((alias.name,) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module, f"{path}: name the whole path of an import"
            assert not node.level, f"{path}: name the whole path of an import"
            found += ((f"{node.module}.{alias.name}", node.module) for alias in node.names)
    return tuple(found)


def packages_of(module: str) -> set[str]:
    parts = module.split(".")
    return {".".join(parts[:length]) for length in range(1, len(parts))}


def drawn(modules: Mapping[str, Path]) -> Graph:
    """What each module imports, with the packages that Python runs on the way to it from outside of them."""
    arrows: dict[str, set[str]] = {}
    for module, path in modules.items():
        targets = arrows[module] = set()
        for names in named_in(path):
            if target := next((name for name in names if name in modules), ""):
                targets |= {target} | (packages_of(target) - packages_of(module) - {module})
    return arrows


def upward(arrows: Graph) -> list[str]:
    found = []
    for module, targets in arrows.items():
        for target in sorted(targets):
            here, there = room_of(module), room_of(target)
            if here != there and HEIGHT[there] >= HEIGHT[here]:
                found.append(f"{module} ({here}) imports {target} ({there})")
    return found


HOUSE = modules_in(ROOT)


def test_every_module_has_its_room() -> None:
    assert len(HOUSE) > 100
    assert [module for module in HOUSE if not room_of(module)] == []


def test_imports_point_down_only() -> None:
    assert upward(drawn(HOUSE)) == []


def circle(arrows: Graph) -> list[str]:
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_import_goes_in_a_circle() -> None:
    assert circle(drawn(HOUSE)) == []


def test_a_circle_in_a_room_is_found(tmp_path: Path) -> None:
    (tmp_path / "errors.py").write_text("def f() -> None:\n    import srbench.private")
    found = circle(drawn(HOUSE | {"srbench.errors": tmp_path / "errors.py"}))
    assert set(found) == {"srbench.errors", "srbench.private"}


@pytest.mark.parametrize(
    ("line", "arrow"),
    [
        ("from srbench.render import grid", "srbench.board.ranks (board) imports srbench.render.grid (render)"),
        ("import srbench.cli", "srbench.board.ranks (board) imports srbench.cli (cli)"),
        (
            "def f() -> None:\n    from srbench import timings",
            "srbench.board.ranks (board) imports srbench.timings (render)",
        ),
        ("from srbench.doctor.report import Report", "srbench.board.ranks (board) imports srbench.doctor (doctor)"),
    ],
)
def test_an_arrow_up_or_across_is_found(line: str, arrow: str, tmp_path: Path) -> None:
    (tmp_path / "ranks.py").write_text(line)
    assert arrow in upward(drawn(HOUSE | {"srbench.board.ranks": tmp_path / "ranks.py"}))


#: Every one in a process of its own; what is not ours takes seconds, so they have it from the one they are forked from.
IMPORT_FIRST = """
import importlib, os, sys, traceback
import matplotlib.figure, pandas, pydantic, scipy.stats, torch, typer

for name in sys.argv[1:]:
    child = os.fork()
    if not child:
        try:
            importlib.import_module(name)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        print(name)
"""


def imported_first(*modules: str, path: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """The names of those that cannot be, one a line; why, on stderr."""
    typed = [sys.executable, "-c", IMPORT_FIRST, *modules]
    return subprocess.run(typed, capture_output=True, text=True, check=True, cwd=path)


def test_a_module_can_be_imported_first() -> None:
    commands = ("profile", "compare", "evaluate", "visual", "doctor", "fit", "leaderboard", "plot", "report", "zoo")
    others = ("facts", "records", "machine", "machine.device", "measure.latency", "worker", "commands.weights")
    done = imported_first(*(f"srbench.commands.{name}" for name in commands), *(f"srbench.{name}" for name in others))
    assert done.stdout == "", done.stderr


def test_a_module_that_cannot_be_imported_first_is_found(tmp_path: Path) -> None:
    # `two` can: `one` is whole by the time that its name is asked for.
    (tmp_path / "one.py").write_text("import two\nname = 1\n")
    (tmp_path / "two.py").write_text("from one import name\n")
    done = imported_first("json", "one", "two", path=tmp_path)
    assert (done.stdout, "cannot import name 'name'" in done.stderr) == ("one\n", True)
