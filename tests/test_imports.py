"""Every way into the package works by itself: imports that go in a circle depend on which module comes first."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module",
    [
        *(f"srbench.commands.{name}" for name in ("profile", "compare", "evaluate", "visual", "doctor", "fit")),
        *(f"srbench.commands.{name}" for name in ("leaderboard", "challenge", "plot", "report", "zoo", "weights")),
        *(f"srbench.{name}" for name in ("facts", "records", "machine", "machine.device", "measure.latency", "worker")),
    ],
)
def test_a_module_can_be_imported_first(module: str) -> None:
    done = subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
