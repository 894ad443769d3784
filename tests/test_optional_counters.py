"""fvcore and thop are touched only where they are asked for; a run does without them, and says so."""

import json
import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import nn

from srbench.counts import Count
from srbench.measure import counters
from srbench.measure.complexity import count

#: Leaves a trace of every process that imports it, then fails as told.
TRAP = """
import os, pathlib
pathlib.Path(os.environ["TRACES"], f"{__name__}-{os.getpid()}").touch()
"""


@pytest.fixture
def traps(tmp_path: Path) -> Path:
    """A folder for PYTHONPATH in which a test puts packages, and the folder of their traces beside it."""
    (tmp_path / "traces").mkdir()
    (tmp_path / "packages").mkdir()
    return tmp_path / "packages"


def trap(traps: Path, package: str, how: str) -> None:
    (traps / package).mkdir()
    (traps / package / "__init__.py").write_text(TRAP + how)


def profile(traps: Path, *options: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """A run of the command line with these packages first; what it printed, and the packages that were imported."""
    path = os.pathsep.join([str(traps), *filter(None, [os.environ.get("PYTHONPATH")])])
    variables = os.environ | {"PYTHONPATH": path, "TRACES": str(traps.parent / "traces")}
    command = [sys.executable, "-m", "srbench.cli", "profile", "--models", "ecbsr-m4c8", "--lr", "16x16", "--quiet"]
    done = subprocess.run(
        [*command, *options], cwd=traps.parent, env=variables, capture_output=True, text=True, check=False
    )
    return done, sorted(trace.name.partition("-")[0] for trace in (traps.parent / "traces").iterdir())


def counts_of(folder: Path) -> dict[str, dict[str, Any]]:
    [path] = (folder / "results" / "runs").glob("*.json")
    return {each["counter"]: each for each in json.loads(path.read_text())["counts"]}


def test_without_the_option_no_process_imports_them(traps: Path) -> None:
    for package in ("fvcore", "thop"):
        trap(traps, package, "raise ImportError('not asked for')")
    done, imported = profile(traps, "--rounds", "1", "--budget", "0.1", "--counters", "torch")
    assert done.returncode == 0, done.stderr
    assert imported == []


def test_one_that_breaks_costs_its_count_and_no_more(traps: Path) -> None:
    trap(traps, "thop", "import distutils_of_old")
    trap(traps, "fvcore", "raise ImportError('libfoo.so: cannot open\\nmore')")
    done, imported = profile(traps, "--static-only", "--counters", "torch,fvcore,thop")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert imported == ["fvcore", "thop"]  # each in one process, and not in the parent
    found = counts_of(traps.parent)
    # ECBSR M4C8 x4 on one channel of 16x16, folded: 3x3 of 1 to 8, 4 of 8 to 8, 8 to 16.
    assert found["torch"]["multi_adds"] == 9 * (8 + 4 * 64 + 128) * 256
    reason = "cannot be imported (ImportError: libfoo.so: cannot open); pip install --force-reinstall fvcore"
    assert found["fvcore"]["error"] == f"fvcore {version('fvcore')} {reason}"
    needs = "needs distutils_of_old, which is not installed; pip install distutils_of_old"
    assert found["thop"]["error"] == f"thop {version('thop')} {needs}"
    assert (found["fvcore"]["multi_adds"], found["thop"]["multi_adds"]) == (None, None)
    shown = " ".join(done.stdout.split())
    assert reason in shown
    assert needs in shown


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither package is installed."""

    def missing(package: str) -> str:
        raise PackageNotFoundError(package)

    monkeypatch.setattr(counters, "version", missing)
    failing(monkeypatch, lambda name: ModuleNotFoundError(f"No module named {name!r}", name=name))


def failing(monkeypatch: pytest.MonkeyPatch, error: Any) -> None:
    def fails(module: str) -> ModuleType:
        raise error(module)

    monkeypatch.setattr(counters, "import_module", fails)


def asked(package: str) -> Count:
    model = nn.Conv2d(3, 4, 3)
    ours = count(nn.Conv2d(3, 4, 3, device="meta"), (1, 3, 8, 8))[0]
    return (counters.by_fvcore if package == "fvcore" else counters.by_thop)(model, torch.rand(1, 3, 8, 8), ours)


@pytest.mark.usefixtures("absent")
@pytest.mark.parametrize("package", ["fvcore", "thop"])
def test_one_that_is_not_installed_says_its_cure(package: str) -> None:
    found = asked(package)
    assert (found.counter, found.version, found.multi_adds) == (package, "", None)
    assert found.error == f"{package} is not installed; pip install {package}"
    assert counters.installed(package) == ""


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        # thop imports it, and Python 3.12 has it from setuptools alone.
        (
            ModuleNotFoundError("No module named 'distutils'", name="distutils"),
            "needs distutils, which left Python's standard library in 3.12; pip install setuptools",
        ),
        (
            ModuleNotFoundError("No module named 'a.b'", name="a.b"),
            "needs a, which is not installed; pip install a",
        ),
        (
            ModuleNotFoundError("No module named 'thop.profile'", name="thop.profile"),
            "cannot be imported (ModuleNotFoundError: No module named 'thop.profile'); "
            "pip install --force-reinstall thop",
        ),
        (AttributeError(), "cannot be imported (AttributeError); pip install --force-reinstall thop"),
    ],
)
def test_one_that_breaks_at_its_import(error: Exception, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, lambda _: error)
    found = asked("thop")
    assert (found.version, found.multi_adds) == (version("thop"), None)
    assert found.error == f"thop {version('thop')} {reason}"
