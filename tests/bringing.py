"""A folder with a user's file, its checkpoints and suites, and runs of it by shapes in this process."""

import hashlib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from srbench import models, planning
from srbench.api import profiling
from srbench.api.request import Request
from srbench.failures import failure_of
from srbench.records import Record
from srbench.work import Work
from tests.scripted_launcher import Scripted

NET = """
from torch import nn

class Net(nn.Module):
    def __init__(self, feat=3, scale=4):
        super().__init__()
        self.body = nn.Conv2d(3, feat, 3, padding=1)
        self.tail = nn.Conv2d(feat, 3 * scale**2, 1)
        self.shuffle = nn.PixelShuffle(scale)

    def forward(self, x):
        return self.shuffle(self.tail(self.body(x)))

class Needy(Net):
    def __init__(self, width): super().__init__(width)
"""


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """An empty folder with a file of networks; neither paths nor modules are left behind."""
    monkeypatch.setattr(sys, "path", sys.path.copy())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(NET)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def in_this_process(work: Work[Any, Any], timeout_s: float, report: Callable[[Any], None]) -> object:
    """As a worker does it."""
    try:
        return work.run(report)
    except Exception as error:  # noqa: BLE001 - whatever a network raises
        return failure_of(error)


HERE = Scripted(in_this_process)


def suite(text: str, name: str = "teams.toml") -> Path:
    Path(name).write_text(text)
    return Path(name)


def asked(models: str | None, scale: Sequence[int] = (4,), **changes: Any) -> Request:
    """By shapes, of a small image."""
    return Request(models, scale, lr=[(16, 12)], device="none", **changes)


def counted(request: Request, told: list[str] | None = None) -> list[Record]:
    """Profiled by shapes."""
    return profiling.profile(request, tell=(told if told is not None else []).append, launcher=HERE)


def save(file: str, feat: int = 3, wrap: str = "", prefix: str = "") -> str:
    """A checkpoint of Net; its sha256."""
    [found] = planning.parse(f"net.py:Net({feat})")
    state = {prefix + key: value for key, value in models.build(found.model, 4).state_dict().items()}
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    torch.save({wrap: state} if wrap else state, file)
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()
