"""What asks for CUDA where there is none runs where it is; in a process of its own, whose torch is patched."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parent.parent.parent
CODE = """
import io, sys, warnings
import torch
from torch import nn
from srbench.foreign import redirect
warnings.simplefilter("error")
own = torch.zeros, torch.Tensor.to, nn.Module.to, torch.load
redirect.install()
redirect.install()

with torch.device("meta"):
    assert torch.zeros(2).is_meta and nn.Conv2d(3, 4, 3).weight.is_meta and torch.randn(3).is_meta
layer = nn.Conv2d(3, 4, 3).cuda().to("cuda:0").to(torch.device("cuda"), torch.float64)
assert layer.weight.dtype == torch.float64 and layer.weight.device.type == "cpu"
image = torch.zeros(1, 3, 5, 5, device="cuda", dtype=torch.float64).cuda(non_blocking=True).to(0)
assert layer(image).shape == (1, 4, 3, 3)
assert image.new_zeros(2, device=torch.device("cuda", 0)).to("cuda", torch.float16).dtype == torch.float16
assert torch.zeros(2, device="meta").cuda().is_meta
kept = io.BytesIO(); torch.save({"a": torch.ones(1)}, kept); kept.seek(0)
assert torch.load(kept, map_location="cuda", weights_only=True)["a"].device.type == "cpu"
torch.set_default_device("cuda"); torch.cuda.synchronize(); torch.cuda.set_device(0)
assert torch.zeros(1).device.type == "cpu"
# What names no GPU is as it was.
assert torch.zeros(1, device="meta").is_meta and torch.ones(1).to("meta").is_meta
assert torch.ones(1).to(torch.float16, True).dtype == torch.float16
assert nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last) is not None
print(redirect.remark())
kept = torch.zeros
redirect.remove()
redirect.remove()
assert (torch.zeros, torch.Tensor.to, nn.Module.to, torch.load) == own and redirect.remark() == ""
assert "to" not in vars(torch.Tensor) and kept(1, device="cuda").device.type == "cpu"
redirect.install()
assert torch.zeros(1, device="cuda").device.type == "cpu"
print(redirect.remark())
"""


@pytest.mark.skipif(torch.cuda.is_available(), reason="nothing is redirected where CUDA is there")
def test_what_asks_for_cuda_stays_and_is_said() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True, cwd=ROOT)
    first, again = (line.removeprefix("it asks for CUDA, and ran on the CPU: ") for line in done.stdout.splitlines())
    assert again == 'torch.zeros(device="cuda")'
    assert first.split(", ") == [
        "Module.cuda()",
        'Module.to("cuda")',
        'torch.zeros(device="cuda")',
        "Tensor.cuda()",
        'Tensor.to("cuda")',
        'new_zeros(device="cuda")',
        'torch.load(map_location="cuda")',
        'torch.set_default_device("cuda")',
    ]
