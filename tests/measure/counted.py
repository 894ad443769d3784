"""Small networks counted both ways: on shapes alone, and on values. Images are 16x12."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from srbench.counts import Complexity
from srbench.measure.complexity import count, count_on

IMAGE = (1, 3, 12, 16)
PIXELS = 12 * 16
CONV = 3 * 3 * 9 * PIXELS  # a 3x3 convolution from 3 channels to 3


class Function(nn.Module):
    """A function as a network, with its parameters by name."""

    def __init__(self, function: Callable[..., Tensor], **weights: tuple[int, ...]) -> None:
        super().__init__()
        self.function = function
        for name, shape in weights.items():
            self.register_parameter(name, nn.Parameter(torch.rand(shape)))

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x, *self.parameters())


def on_shapes(network: nn.Module, *shape: int) -> Complexity:
    return count(network.eval().to("meta"), shape or IMAGE)[0]


def on_values(network: nn.Module, *shape: int) -> Complexity:
    generator = torch.Generator().manual_seed(0)
    one, other = (torch.rand(shape or IMAGE, generator=generator) for _ in range(2))
    return count_on(network.eval(), one, other)[0]


BOTH_WAYS = pytest.mark.parametrize("counted", [on_shapes, on_values])
