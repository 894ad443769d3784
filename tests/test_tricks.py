"""Networks that would make another way of running them pass for the plain one."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from srbench import planning, running, sizes
from srbench.cases import Case, Mode
from srbench.errors import UnsupportedError
from srbench.tasks import Agree
from tests.builders import make_settings

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
