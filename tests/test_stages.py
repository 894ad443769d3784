"""A row blames what did it: building, moving or running a network, whether it raises, hangs or dies."""

from pathlib import Path

import pytest
import torch

from srbench.cases import Case, Mode
from srbench.failures import Failure
from srbench.launch import PROCESSES
from srbench.models import parse
from srbench.tasks import Time, Timed
from tests.builders import make_settings, make_size

NETWORKS = """
import os, time
from torch import nn
class Tiny(nn.Module):
    def __init__(self):
        super().__init__(); self.c = nn.Conv2d(3, 48, 3, padding=1); self.s = nn.PixelShuffle(4)
    def forward(self, x): return self.s(self.c(x))
class BuildRaises(Tiny):
    def __init__(self): raise ValueError("no")
class BuildHangs(Tiny):
    def __init__(self): time.sleep(60)
class BuildDies(Tiny):
    def __init__(self): os._exit(3)
class MoveRaises(Tiny):
    def to(self, *args, **kwargs):
        if getattr(self, "built", False): raise ValueError("no")
        self.built = True
        return self
class RunRaises(Tiny):
    def forward(self, x): raise ValueError("no")
class RunHangs(Tiny):
    def forward(self, x): time.sleep(60)
"""
SAYS = {
    "BuildRaises": ("CRASH", "while it was built: no"),
    "BuildHangs": ("TIMEOUT", "no answer within --timeout 3 s while it was built"),
    "BuildDies": ("CRASH", "the process ended with exit code 3 and no answer while it was built"),
    "MoveRaises": ("CRASH", "while it was moved to its device: no"),
    "RunRaises": ("CRASH", "no"),
    "RunHangs": ("TIMEOUT", "no answer within --timeout 3 s"),
}


def test_tf32_that_srbench_sets_itself_is_no_change_of_the_networks() -> None:
    # On a CPU it changes nothing but the flags, and these are what a network is held to.
    [model] = parse("ecbsr-m4c8", "deploy")
    mode = Mode(tf32=not torch.backends.cudnn.allow_tf32)
    case = Case(model=model, size=make_size(4, lr=(16, 12)), mode=mode, device="cpu", threads=1)
    found = PROCESSES.launch(Time(case, make_settings(timeout_s=30, budget_s=0.1)), 30)
    assert isinstance(found, Timed)
    assert found.settings.cudnn_tf32 is mode.tf32


@pytest.mark.parametrize("name", SAYS)
def test_the_reason_names_what_was_done_then(name: str, tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text(NETWORKS)
    [model] = parse(f"{file}:{name}", "deploy")
    case = Case(model=model, size=make_size(4, lr=(16, 12)), device="cpu", threads=1)
    found = PROCESSES.launch(Time(case, make_settings(timeout_s=3, budget_s=0.1)), 3)
    assert isinstance(found, Failure)
    status, reason = SAYS[name]
    assert found.status == status
    assert found.reason.removeprefix("ValueError: ").replace("ValueError: ", "") == reason
