"""What a user's network asks for, declared or found by trying; from a file to its row."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from srbench import store
from srbench.cases import Contract
from srbench.errors import InputError
from srbench.foreign import adapting
from srbench.foreign.adapting import Adaptation, Question
from srbench.models import habits, parse
from tests.command_line import Run
from tests.foreign.test_contract import Picky

#: One convolution 3x3 from 3 to 48 channels at LR 16x12: 3 * 48 * 9 weights at 192 pixels.
MULTI_ADDS = 3 * 48 * 9 * 16 * 12
NETWORKS = """
import numpy as np, torch
from torch import nn
import torch.nn.functional as F
class Tiny(nn.Module):
    def __init__(self, scale=4):
        super().__init__(); self.c = nn.Conv2d(3, 3 * scale**2, 3, padding=1); self.s = nn.PixelShuffle(scale)
    def forward(self, x): return self.s(self.c(x))
class Linspace(Tiny):
    def __init__(self): super().__init__(); self.rates = [x.item() for x in torch.linspace(0, 1, 3)]
class Cuda(Tiny):
    def __init__(self): super().__init__(); self.cuda()(torch.zeros(1, 3, 8, 8, device="cuda"))
class Late(Tiny):
    def forward(self, x): return super().forward(x.cuda())
class Half(Tiny):
    def __init__(self): super().__init__(); self.half()
    def forward(self, x): return super().forward(x.half())
class M8(Tiny):
    def forward(self, x):
        assert not x.shape[-1] % 8 and not x.shape[-2] % 8
        return super().forward(x)
class Dic(Tiny):
    def forward(self, x): return {"lr": x, "sr": super().forward(x)}
class Rep(nn.Module):
    def __init__(self): super().__init__(); self.a = nn.Conv2d(3, 48, 3, padding=1); self.b = nn.Conv2d(3, 48, 1)
    def forward(self, x): return self.a(x) + self.b(x) if hasattr(self, "b") else self.a(x)
    def switch_to_deploy(self):
        self.a.weight.data += F.pad(self.b.weight.data, [1] * 4); self.a.bias.data += self.b.bias.data; del self.b
class Train(nn.Module):
    def __init__(self): super().__init__(); self.r = Rep(); self.s = nn.PixelShuffle(4)
    def forward(self, x): return self.s(self.r(x))
class Breaks(Tiny):
    def forward(self, x): raise ValueError("on every image")
cached = Tiny(); cached.last = cached(torch.zeros(1, 3, 8, 8))
torch.set_default_dtype(torch.float64)
"""
SAYS = {
    "Linspace": "",
    "Cuda": 'it asks for CUDA, and ran on the CPU: Module.cuda(), torch.zeros(device="cuda")',
    "Late": "it asks for CUDA, and ran on the CPU: Tensor.cuda()",
    "Half": "its parameters are float16, and stay so",
    "M8": "its input is mirrored on to multiples of 8, and its output cut",
    "Dic": "its image is part 'sr' of a dict of lr, sr",
    "Train": "folded by its switch_to_deploy(): ",
    "cached": "",
}


def test_each_network_counts_as_the_one_that_it_is_and_says_what_was_done(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text(NETWORKS)
    names = ",".join(f"{file}:{name}" for name in (*SAYS, "Breaks"))
    done = run("profile", "--models", names, "--static-only", "--lr", "16x12", "--output", tmp_path / "out", "-q")
    assert done.code == 1  # Breaks does
    records = {record.case.model.architecture: record for record in store.read(tmp_path / "out", complain=print)}
    for name, said in SAYS.items():
        record = records[name]
        assert record.complexity is not None, (name, record.reason)
        # 12 rows are no multiple of 8: 16 are counted, which is what runs.
        more = 16 / 12 if name == "M8" else 1
        assert (record.complexity.multi_adds, record.complexity.params) == (MULTI_ADDS * more, 1_344), name
        assert said in record.reason
        assert "its file changes torch.set_default_dtype: put back" in record.reason
    broken = records["Breaks"]
    assert (broken.status, broken.complexity, broken.params) == ("CRASH", None, 1_344)
    assert "on every image" in broken.reason


def test_an_authors_own_compilation_is_left_out() -> None:
    network = nn.Conv2d(3, 3, 3)
    assert adapting.plain(network) == (network, ())
    compiled: Any = torch.compile(network)
    inner, said = adapting.plain(compiled)
    assert inner is network
    assert said == ("its own torch.compile is left out: --engine compile measures that",)


def question(width: int, height: int) -> Question:
    return Question(2, (width, height), lambda columns, rows: torch.rand(1, 3, rows, columns))


def test_what_is_declared_is_done_without_asking() -> None:
    found = adapting.find(Picky("tuple").eval(), question(9, 7), Contract(multiple=8, output=1))
    assert found == Adaptation(multiple=8, output=1)
    network = found.apply(Picky("tuple"), 2)
    assert network(torch.rand(1, 3, 7, 9)).shape == (1, 3, 14, 18)


def test_a_network_that_runs_on_nothing_raises_what_it_raised_first() -> None:
    class Never(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            raise ValueError(f"not for {x.shape[-1]}")

    with pytest.raises(ValueError, match="not for 61"):
        adapting.find(Never(), question(61, 67), Contract())


def test_a_class_declares_its_range_colours_and_more(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    spec = {"range": 255, "colors": "y", "multiple": 8, "output": "sr", "deploy": False}
    file.write_text(f"class Net:\n    srbench_spec = {spec!r}\nclass Other:\n    pass\n")
    [net, other] = parse(f"{file}:Net,{file}:Other", "deploy")
    assert (net.value_range, net.colors) == (255, "y")
    assert net.contract == Contract(multiple=8, output="sr", deploy=False)
    assert (other.value_range, other.colors, other.contract) == (1, "rgb", Contract())


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("{'rnage': 255}", "Net.srbench_spec: unknown key 'rnage'; did you mean range?"),
        ("{'range': 100}", "range = 100 is none of 1, 255"),
        ("make()", "Net.srbench_spec is no table of literals"),
        ("{'multiple': 0}", "multiple = 0 is no whole number"),
    ],
)
def test_a_declaration_that_means_nothing_is_refused(spec: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text(f"class Net:\n    {habits.ATTRIBUTE} = {spec}\n")
    with pytest.raises(InputError) as caught:
        parse(f"{file}:Net", "deploy")
    assert said in str(caught.value)


RANGES = """
import torch
from torch.nn.functional import interpolate
class Id255(torch.nn.Module):
    def forward(self, x): return interpolate(x, scale_factor=4, mode="nearest").clamp(0, 255).round()
class Declared(Id255):
    srbench_spec = {"range": 255}
class Id1(torch.nn.Module):
    def forward(self, x): return interpolate(x, scale_factor=4, mode="nearest").clamp(0, 1)
"""


def test_a_network_on_0_to_255_is_asked_about_and_scored_where_it_is_declared(run: Run, tmp_path: Path) -> None:
    from PIL import Image

    generator = torch.Generator().manual_seed(0)
    coarse = torch.randint(0, 256, (8, 10, 3), generator=generator, dtype=torch.uint8)
    smooth = nn.functional.interpolate(coarse.permute(2, 0, 1)[None].float(), size=(64, 80), mode="bicubic")
    (tmp_path / "set").mkdir()
    Image.fromarray(smooth[0].clamp(0, 255).byte().permute(1, 2, 0).numpy()).save(tmp_path / "set" / "one.png")
    file = tmp_path / "net.py"
    file.write_text(RANGES)
    names = ",".join(f"{file}:{name}" for name in ("Id255", "Declared", "Id1"))
    done = run("evaluate", "--models", names, "--datasets", tmp_path / "set", "--output", tmp_path / "out", "-q")
    assert done.code == 1
    found = {}
    for path in (tmp_path / "out").rglob("*.json"):
        record = json.loads(path.read_text())
        if "evaluation" in record:
            scores = [each["scores"][0]["mse"] for each in record["images"]]
            found[record["evaluation"]["model"]["architecture"]] = (record["status"], record["reason"], scores)
    assert found["Id255"][0] == "MISMATCH"
    assert "say range = 255 in its suite, or in srbench_spec" in found["Id255"][1]
    # Rounding to whole values is what 8 bits do anyway: the same image comes out.
    assert found["Declared"][2] == pytest.approx(found["Id1"][2], abs=1e-6)
