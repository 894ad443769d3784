"""Modules as callers hold them. Processes that measure them import this file, so nothing slow is imported here."""

import threading
import time
from typing import Any

import torch
from torch import Tensor, nn


class Tiny(nn.Module):
    """One convolution and a pixel shuffle, x4; counted by hand in the tests."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 48, 3, padding=1)
        self.shuffle = nn.PixelShuffle(4)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.shuffle(self.conv(x))
        return out


class Naps(Tiny):
    """A pass takes 0.1 s, however fast or busy the machine is."""

    def forward(self, x: Tensor) -> Tensor:
        if not x.is_meta:
            time.sleep(0.1)
        return super().forward(x)


class Repeats(Tiny):
    """Convolves as often as it is told, which no parameter shows."""

    def __init__(self, times: int) -> None:
        torch.manual_seed(0)
        super().__init__()
        self.times = times

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(self.times):
            out = super().forward(x)
        return out


class Grey(nn.Module):
    """The same grey whatever comes, x2."""

    def __init__(self, level: int) -> None:
        super().__init__()
        self.register_buffer("level", torch.tensor(level / 255))

    def forward(self, x: Tensor) -> Tensor:
        assert isinstance(self.level, Tensor)
        return self.level.to(x.dtype).expand(x.shape[0], 3, 2 * x.shape[2], 2 * x.shape[3])


class Locked(Tiny):
    """Holds what neither pickle nor a copy can take along."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()
        self.drop = nn.Dropout(0.5)
        self.passes_in: set[int] = set()

    def forward(self, x: Tensor) -> Tensor:
        with self.lock:
            self.passes_in.add(threading.get_ident())
            out: Tensor = self.drop(super().forward(x))
        return out


class Copyable(Locked):
    """Cannot be pickled, and knows how it is copied."""

    def __deepcopy__(self, memo: dict[int, Any]) -> "Copyable":
        other = Copyable()
        other.load_state_dict(self.state_dict())
        return other.to(self.conv.weight.dtype)
