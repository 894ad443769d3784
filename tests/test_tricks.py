"""Networks that would pass for what they are not, and processes that tell what cannot be."""

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

import srbench
from srbench import planning, running, sizes
from srbench.assemble import OpenCase, Plan
from srbench.cases import Case, Mode
from srbench.errors import UnsupportedError
from srbench.failures import Failure
from srbench.journal import Step
from srbench.tasks import Agree, Timed, Watched
from tests.builders import agreed, make_case, make_counts, make_entry, make_settings, make_visit, timed, watched
from tests.command_line import Run

NETS = """
import torch
from torch import nn


class Grey(nn.Module):
    '''In bfloat16 all is grey.'''

    def __init__(self, scale=4):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 3 * scale**2, 3, padding=1), nn.PixelShuffle(scale))

    def forward(self, x):
        out = self.body(x)
        return out if x.dtype is torch.float32 else out * 0 + 0.5


class Keeps(Grey):
    '''Gives what it keeps, and writes over it at its next pass.'''

    def forward(self, x):
        out = super().forward(x)
        if not hasattr(self, "kept"):
            self.kept = torch.empty_like(out)
        self.kept.copy_(out)
        return self.kept


class Outlier(Grey):
    '''One pixel is as far out in either.'''

    def forward(self, x):
        out = super().forward(x).clone()
        out[..., 0, 0] = 1e6
        return out
"""


@pytest.mark.parametrize("name", ["Grey", "Keeps", "Outlier"])
def test_another_image_does_not_agree(name: str, tmp_path: Path) -> None:
    (tmp_path / "nets.py").write_text(NETS)
    [asked] = planning.parse(f"{tmp_path / 'nets.py'}:{name}")
    case = Case(model=asked.model, size=sizes.plan(4, lr=(32, 24)), mode=Mode(dtype="bfloat16"), device="cpu")
    assert not Agree(case, make_settings()).run(lambda _: None).agreement.good


class Halves(nn.Module):
    """Writes into its input, so that a second pass on it would see another image."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()  # neither pickled nor copied: it runs here

    def forward(self, x: Tensor) -> Tensor:
        os.environ["LEFT_BEHIND"] = "yes"
        if x.shape[-1] > 32:
            raise SystemExit(3)
        return nn.functional.interpolate(x.mul_(0.5), scale_factor=4.0)


def test_what_runs_here_leaves_nothing_and_ends_nothing() -> None:
    quick: dict[str, Any] = {"rounds": 1, "budget_s": 0.05, "patience_s": 0.0, "device": "cpu"}
    small, large = srbench.profile(Halves(), lr=[(32, 24), (48, 24)], **quick)
    assert not small.failed
    assert (large.status, large.reason) == ("CRASH", "SystemExit: 3")
    assert "LEFT_BEHIND" not in os.environ


class Disabled(nn.Module):
    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def forward(self, x: Tensor) -> Tensor:
        return x * 2


def test_what_is_not_compiled_is_not_timed_as_compiled() -> None:
    engine = running.engine("compile")
    if engine.missing("cpu"):
        pytest.skip("no C++ compiler")
    with pytest.raises(UnsupportedError, match="compiles nothing of it"):
        engine.build(Disabled().eval(), torch.rand(1, 3, 8, 8), "")


# --- What a process tells is held to what can be


@pytest.mark.parametrize("told", [-1, 10**400, 2**63])
@pytest.mark.parametrize("field", ["cold_ns", "samples_ns", "warmup_ns", "build_ns", "rebuilds"])
def test_a_time_that_cannot_be_is_no_answer(field: str, told: int) -> None:
    answer = json.loads(timed(make_visit(1, 1, 1)).model_dump_json())
    before = answer["visit"][field]
    answer["visit"][field] = [told] if isinstance(before, list) else told
    with pytest.raises(ValidationError):
        Timed.model_validate_json(json.dumps(answer))


def test_memory_below_nothing_is_no_answer() -> None:
    answer = json.loads(watched().model_dump_json())
    answer["memory"]["peak_bytes"] = -1
    with pytest.raises(ValidationError):
        Watched.model_validate_json(json.dumps(answer))


def test_the_floor_is_not_the_workers_to_set() -> None:
    case = OpenCase(Plan(make_case(mode=Mode(dtype="bfloat16")), make_counts()), make_settings(), ())
    case.take(make_entry(Step(task="agree", case=0), agreed(-100.0, floor_db=-999.0)))
    assert case.failure is not None
    assert case.failure.status == "MISMATCH"


def test_a_failure_says_that_it_failed() -> None:
    with pytest.raises(ValidationError, match="VALID is no failure"):
        Failure.model_validate_json('{"status": "VALID", "reason": ""}')


def test_a_name_does_not_move_the_cursor(run: Run) -> None:
    done = run("profile", "--models", "no\x1b[31mfile.py:Net")
    assert (done.code, "\x1b" in done.err) == (2, False)
