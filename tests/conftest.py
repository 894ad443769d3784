"""Fixtures of several files."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from srbench import runner
from srbench.doctor import quiet
from srbench.launch import PROCESSES
from srbench.work import Launcher
from tests.command_line import Done, Run


@pytest.fixture(scope="session", autouse=True)
def _share_the_cores() -> None:
    """Each of several testers takes its part: two pools of threads on the same cores wait for each other."""
    testers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if testers > 1:
        torch.set_num_threads(max(1, torch.get_num_threads() // testers))


@pytest.fixture(autouse=True)
def _one_server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Rounds of the tests share a fork server: a new one costs seconds, and makes what only figures need, replicates.

    Tests of just that, and those that change what workers find in their environment, are marked ``fresh_servers``.
    """
    fresh = request.node.get_closest_marker("fresh_servers") is not None
    if not fresh:
        monkeypatch.setattr(runner, "begin_round", _begin_round)
    yield
    if fresh:
        PROCESSES.renew()


def _begin_round(launcher: Launcher) -> None:
    if launcher is not PROCESSES:
        launcher.renew()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Call the command line in this process, in an empty folder."""
    from srbench import cli

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)  # several testers have one
    monkeypatch.setattr(quiet, "disturbances", lambda device, settings: [])  # a second each, and other tests disturb

    def call(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["srbench", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            cli.main()
        captured = capsys.readouterr()
        return Done(int(stop.value.code or 0), captured.out, captured.err)

    return call
