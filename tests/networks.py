"""Networks as users bring them: good ones, and every way to go wrong. Named on the command line as this_file.py:Name.

Counting runs on the meta device in a process of its own; the failures below wait for real tensors, so that they
strike where a runtime is measured.
"""

import ctypes
import os
import sys
import time
from pathlib import Path

import torch
from torch import Tensor, nn


class Tiny(nn.Module):
    """One convolution and a pixel shuffle."""

    def __init__(self, scale: int = 4) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3 * scale**2, 3, padding=1)
        self.shuffle = nn.PixelShuffle(scale)

    def forward(self, x: Tensor) -> Tensor:
        if not x.is_meta:
            self.strike(x)
        out: Tensor = self.shuffle(self.conv(x))
        return out

    def strike(self, x: Tensor) -> None:
        """What goes wrong, on real tensors."""


class Trained(Tiny):
    """With weights that no seed changes."""

    def __init__(self, scale: int = 4) -> None:
        super().__init__(scale)
        state = {name: torch.full_like(tensor, 0.03) for name, tensor in self.state_dict().items()}
        self.load_state_dict(state)


class Raises(Tiny):
    def strike(self, x: Tensor) -> None:
        raise RuntimeError("the first line\nthe second line")


class Exits(Tiny):
    def strike(self, x: Tensor) -> None:
        sys.exit(3)


class ExitsHard(Tiny):
    def strike(self, x: Tensor) -> None:
        os._exit(7)


class Segfaults(Tiny):
    def strike(self, x: Tensor) -> None:
        ctypes.string_at(0)


class Hangs(Tiny):
    def strike(self, x: Tensor) -> None:
        time.sleep(600)


class HangsInAChild(Tiny):
    """Starts a process that outlives a kill of the worker alone; its number goes into CHILD_PID_FILE."""

    def strike(self, x: Tensor) -> None:
        child = os.fork()
        if child == 0:
            time.sleep(600)
            os._exit(0)
        Path(os.environ["CHILD_PID_FILE"]).write_text(str(child))
        time.sleep(600)


class OutOfMemory(Tiny):
    def strike(self, x: Tensor) -> None:
        torch.empty(1 << 50, dtype=torch.uint8)


class AllocatesWithoutEnd(Tiny):
    """Takes 64 MiB after 64 MiB and writes to them; a limit on the process must end it, not the kernel."""

    def strike(self, x: Tensor) -> None:
        kept = []
        while True:
            kept.append(torch.ones(1 << 24))


class GivesNaN(Tiny):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * float("nan")


class WrongSize(Tiny):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x)[..., 1:]


class GivesTuple(Tiny):
    def forward(self, x: Tensor) -> Tensor:
        return (super().forward(x),) * 2  # type: ignore[return-value]  # the mistake under test


class Chatty(Tiny):
    def strike(self, x: Tensor) -> None:
        print("words on stdout")
        print("words on stderr", file=sys.stderr)


class NotOnMeta(Tiny):
    def forward(self, x: Tensor) -> Tensor:
        if x.is_meta:
            raise TypeError("needs real numbers")
        return super().forward(x)


class NotCounted(Tiny):
    """Runs where it is timed alone, which is in inference mode."""

    def forward(self, x: Tensor) -> Tensor:
        if not torch.is_inference_mode_enabled():
            raise TypeError("is not to be counted")
        return super().forward(x)


class Slow(Tiny):
    """A pass of 1.2 s."""

    def strike(self, x: Tensor) -> None:
        time.sleep(1.2)


class NeedsArguments(nn.Module):
    def __init__(self, width: int, depth: int) -> None:
        super().__init__()


not_a_network = 42
