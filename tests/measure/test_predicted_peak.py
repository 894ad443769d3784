"""Predicted peak of a forward pass: weights, input, and the most bytes of tensors alive at once, by hand.

All networks work on a 3-channel 16x16 image: a float32 feature map of 8 channels is 8 * 256 * 4 bytes.
"""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from srbench.measure.complexity import count

MAP = 8 * 256 * 4
INPUT = 3 * 256 * 4


def head() -> nn.Conv2d:
    return nn.Conv2d(3, 8, 3, padding=1)


def body(channels: int = 8) -> nn.Conv2d:
    return nn.Conv2d(8, channels, 3, padding=1)


class Chain(nn.Module):
    """A head, then a function of its feature maps and a body convolution."""

    def __init__(self, rest: Callable[[Tensor, nn.Conv2d], Tensor]) -> None:
        super().__init__()
        self.rest = rest
        self.head = head()
        self.body = body()

    def forward(self, x: Tensor) -> Tensor:
        return self.rest(self.head(x), self.body)


def residual(first: Tensor, conv: nn.Conv2d) -> Tensor:
    active = torch.relu(first)
    second: Tensor = conv(active)
    return second + first  # first, active, second and the sum


def joined(first: Tensor, conv: nn.Conv2d) -> Tensor:
    second: Tensor = conv(first)
    return torch.cat([first, second], dim=1)  # two maps, and both again in one


def viewed(first: Tensor, _: nn.Conv2d) -> Tensor:
    left, right = first.chunk(2, dim=1)  # views take nothing
    return left.transpose(2, 3) * right.flip(-1)  # the map, half of it flipped, half of it as the product


@pytest.mark.parametrize(
    ("make", "most"),
    [
        pytest.param(lambda: nn.Sequential(head()), MAP, id="one convolution"),
        pytest.param(lambda: nn.Sequential(head(), nn.ReLU(), body(4)), 2 * MAP, id="activation"),
        pytest.param(lambda: nn.Sequential(head(), nn.ReLU(inplace=True), body(4)), 1.5 * MAP, id="in place"),
        pytest.param(lambda: nn.Sequential(head(), *(body() for _ in range(9))), 2 * MAP, id="deep chain"),
        pytest.param(lambda: nn.Sequential(head(), body(32), nn.PixelShuffle(2)), 8 * MAP, id="shuffle copies"),
        pytest.param(lambda: nn.Sequential(head(), nn.MaxPool2d(2)), MAP + MAP // 4 * 3, id="pooling with indices"),
        pytest.param(lambda: Chain(residual), 4 * MAP, id="residual"),
        pytest.param(lambda: Chain(joined), 4 * MAP, id="joined maps"),
        pytest.param(lambda: Chain(viewed), 2 * MAP, id="views"),
    ],
)
def test_peak_is_what_lives_at_once(make: Callable[[], nn.Module], most: float) -> None:
    model = make()
    weights = 4 * sum(p.numel() for p in model.parameters())
    counts = count(model.to("meta"), (1, 3, 16, 16))[0]
    assert (counts.weights_bytes, counts.input_bytes) == (weights, INPUT)
    assert counts.peak_bytes == weights + INPUT + most


def test_the_peak_of_a_batch_and_of_halves() -> None:
    model = nn.Sequential(head(), nn.ReLU(), body(4)).to("meta")
    weights = 4 * (8 * 27 + 8 + 4 * 72 + 4)
    assert count(model, (5, 3, 16, 16))[0].peak_bytes == weights + 5 * (INPUT + 2 * MAP)
    halves = count(model.half(), (1, 3, 16, 16), torch.float16)[0]
    assert (halves.weights_bytes, halves.input_bytes) == (weights // 2, INPUT // 2)
    assert halves.peak_bytes == (weights + INPUT + 2 * MAP) // 2


def test_weights_include_buffers() -> None:
    counts = count(nn.Sequential(head(), nn.BatchNorm2d(8)).eval().to("meta"), (1, 3, 16, 16))[0]
    # Slope, offset, mean and variance of 8 channels, and a counter of 8 bytes.
    assert counts.weights_bytes == 4 * (8 * 27 + 8) + 4 * 4 * 8 + 8
    assert counts.params == 8 * 27 + 8 + 2 * 8


def test_a_second_count_starts_from_nothing() -> None:
    model = nn.Sequential(head(), nn.ReLU(), body(4)).to("meta")
    first, second = (count(model, (1, 3, 16, 16)) for _ in range(2))  # the first output is still alive
    assert first[0] == second[0]


def test_views_of_the_weights_are_no_new_memory() -> None:
    counts, _ = count(nn.Linear(64, 64).to("meta"), (1, 8, 64))
    # The product transposes the weight, which is a view; the output has 8 x 64 float32.
    assert counts.peak_bytes - counts.weights_bytes - counts.input_bytes == 8 * 64 * 4


def test_views_of_the_input_are_no_new_memory() -> None:
    class Flat(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.relu(x.view(x.shape[0], -1))

    counts, _ = count(Flat(), (1, 3, 8, 8))
    assert counts.peak_bytes - counts.input_bytes == 3 * 8 * 8 * 4
