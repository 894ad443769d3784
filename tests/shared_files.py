"""Official outputs, checkpoints and images, which lie in a folder beside the repository and are not part of it.

A test that needs them carries :func:`needs_shared`: where the folder is absent (a fresh clone has none) it skips and
names what it missed.
"""

import importlib.util
from pathlib import Path
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

SHARED = Path(__file__).resolve().parents[2] / "shared"
WEIGHTS, MORE_WEIGHTS = "weights", "weights_more"
OUTPUTS, MORE_OUTPUTS = "facts/expected_outputs", "facts/expected_outputs_more"
FILLER = "facts/keyed_fill.py"

#: Official checkpoints: the variant and scale that each belongs to. Source: weights/README.md and, for where they are
#: from, expected_outputs/README.md.
CHECKPOINTS = {
    "ECBSR_M4C16_RGB_x2_plain": ("ecbsr-m4c16-rgb", 2),
    "ECBSR_M4C16_RGB_x3_plain": ("ecbsr-m4c16-rgb", 3),
    "ECBSR_M4C16_RGB_x4_plain": ("ecbsr-m4c16-rgb", 4),
    "ECBSR_M6C40_RGB_x2_plain": ("ecbsr-m6c40-rgb", 2),
    "ECBSR_M6C40_RGB_x3_plain": ("ecbsr-m6c40-rgb", 3),
    "ECBSR_M6C40_RGB_x4_plain": ("ecbsr-m6c40-rgb", 4),
    "IMDN_RTC_x2": ("imdn-rtc", 2),
    "IMDN_RTE_x2": ("imdn-rte", 2),
    "IMDN_x2": ("imdn", 2),
    "IMDN_x3": ("imdn", 3),
    "IMDN_x4": ("imdn", 4),
    "RFDN_AIM": ("rfdn", 4),
    "SPAN_ch48_x2_deploy_fp16": ("span", 2),
    "SPAN_ch48_x4_deploy_fp16": ("span", 4),
    "SPAN_ch52_x2_deploy_fp16": ("span-ch52", 2),
    "SPAN_ch52_x4_deploy_fp16": ("span-ch52", 4),
    "net_g_BSRN-S": ("bsrn-s", 4),
    "net_g_BSRN_x2": ("bsrn", 2),
    "net_g_BSRN_x3": ("bsrn", 3),
    "net_g_BSRN_x4": ("bsrn", 4),
}
#: Those of them that lie in the second folder (weights_more/README.md).
_MORE = (
    *(f"ECBSR_M4C16_RGB_x{scale}_plain" for scale in (2, 3)),
    *(f"ECBSR_M6C40_RGB_x{scale}_plain" for scale in (2, 3, 4)),
    *("IMDN_RTE_x2", "IMDN_x3", "SPAN_ch48_x2_deploy_fp16", "SPAN_ch52_x4_deploy_fp16", "net_g_BSRN_x3"),
)


def checkpoint(name: str) -> str:
    """Where an official checkpoint lies in the shared folder."""
    return f"{MORE_WEIGHTS if name in _MORE else WEIGHTS}/{name}.pth"


class Filler(Protocol):
    """What the shared ``keyed_fill.py`` offers: numbers that depend on names and shapes alone."""

    def keyed_fill(self, module: nn.Module) -> nn.Module:
        """Fill in place, in float64, and return the module in evaluation mode."""

    def keyed_input(self, channels: int, height: int, width: int) -> Tensor:
        """A (1, C, H, W) float64 image in [0, 1]."""


def needs_shared(*paths: str) -> pytest.MarkDecorator:
    """Skip the test unless each of ``paths`` (relative to the shared folder) exists."""
    absent = [path for path in paths if not (SHARED / path).exists()]
    return pytest.mark.skipif(bool(absent), reason=f"the shared folder lacks {', '.join(absent)}")


def keyed() -> Filler:
    """The shared module, loaded from where it lies: a copy here could drift from the one the outputs were made with."""
    spec = importlib.util.spec_from_file_location("keyed_fill", SHARED / FILLER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast(Filler, module)


def names_in(folder: str, suffix: str) -> set[str]:
    """The stems of the files of one kind in a shared folder."""
    return {path.stem for path in (SHARED / folder).glob(f"*{suffix}")}


def output_of(name: str) -> str:
    """Where an official output lies in the shared folder."""
    folder = MORE_OUTPUTS if name.removeprefix("checkpoint_") in _MORE else OUTPUTS
    return f"{folder}/{name}.npz"


def expected_output(name: str) -> Tensor:
    """What the official implementation gave."""
    with np.load(SHARED / output_of(name)) as arrays:
        return torch.from_numpy(arrays["output"])


def read_image(path: str) -> Tensor:
    """(1, 3, H, W), float32 in [0, 1]."""
    with Image.open(SHARED / path) as file:
        pixels: npt.NDArray[np.uint8] = np.array(file.convert("RGB"))
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
