"""A look at ``torch.compile`` from within a process of its own. It is imported there: nothing slow is imported here."""

import os
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from srbench.facts import Frozen
from srbench.running import engine
from srbench.work import Nothing, Work


class Tiny(nn.Module):
    """A convolution and a pixel shuffle, x2."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 12, 3, padding=1), nn.PixelShuffle(2))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.body(x)
        return out


class Broken(Tiny):
    """Asks for a number in the middle, which no graph holds: one graph before, one behind."""

    def forward(self, x: Tensor) -> Tensor:
        out = super().forward(x)
        return out * 2 + out.mean().item()


class Seen(Frozen):
    """What was seen.

    Attributes:
        rebuilds: after it was ready, after a second pass, after one of another size, after the first size again.
        bytes: of its weights, as the engine has them.
        off: largest difference from the network itself, at either size.
        broken: remarks on :class:`Broken`.
        sizes: of outputs of the network wrapped for many sizes, as (height, width).
    """

    rebuilds: tuple[int, ...]
    bytes: int
    off: float
    broken: tuple[str, ...]
    sizes: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Look(Work[Seen, Nothing]):
    """Compile and look; ``scratch`` is the folder that another process compiled into."""

    scratch: str
    result = Seen
    news = Nothing

    def run(self, report: Callable[[Nothing], None]) -> Seen:
        torch.manual_seed(0)
        torch.set_num_threads(1)
        found, network = engine("compile"), Tiny().eval()
        first, other = torch.rand(1, 3, 8, 8), torch.rand(1, 3, 8, 12)
        with torch.inference_mode():
            ready = found.build(network, first, self.scratch)
            rebuilds, off = [ready.rebuilds()], 0.0
            for image in (first, other, first):
                output = ready(image)
                assert isinstance(output, Tensor)
                off = max(off, float((output - network(image)).abs().max()))
                rebuilds.append(ready.rebuilds())
            broken = found.build(Broken().eval(), first, self.scratch)
            wrapped = found.wrap(network)
            sizes = tuple((out.shape[-2], out.shape[-1]) for out in map(wrapped, (first, other)))
        return Seen(rebuilds=tuple(rebuilds), bytes=ready.weights_bytes, off=off, broken=broken.remarks, sizes=sizes)


@dataclass(frozen=True)
class LookWithoutCompiler(Work[Nothing, Nothing]):
    """Compile with a compiler that does nothing but fail."""

    scratch: str
    result = Nothing
    news = Nothing

    def run(self, report: Callable[[Nothing], None]) -> Nothing:
        os.environ["CXX"] = "false"
        with torch.inference_mode():
            engine("compile").build(Tiny().eval(), torch.rand(1, 3, 8, 8), self.scratch)
        return Nothing()


class Raising(Tiny):
    """Fails by itself, whatever runs it."""

    def forward(self, x: Tensor) -> Tensor:
        raise ZeroDivisionError("of its own")


@dataclass(frozen=True)
class LookAtRaising(Work[Nothing, Nothing]):
    """Compile what fails by itself."""

    result = Nothing
    news = Nothing

    def run(self, report: Callable[[Nothing], None]) -> Nothing:
        with torch.inference_mode():
            engine("compile").build(Raising().eval(), torch.rand(1, 3, 8, 8), "")
        return Nothing()
