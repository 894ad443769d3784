"""Layers carry the path of the module that ran them."""

import contextlib

import pytest
import torch.nn.functional as F
from torch import Tensor, nn

from srbench.measure.complexity import abbreviated, count


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("B3.esa.conv1", "B*.esa.conv1"),
        ("body.0.conv3x3", "body.*.conv3x3"),
        ("backbone.12", "backbone.*"),
        ("conv_1", "conv_1"),
        ("", ""),
    ],
)
def test_abbreviated_names_lack_block_numbers(name: str, short: str) -> None:
    assert abbreviated(name) == short


def test_a_swallowed_error_does_not_shift_names() -> None:
    class Careful(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bad = nn.Conv2d(5, 5, 3)
            self.good = nn.Conv2d(3, 3, 3)

        def forward(self, x: Tensor) -> Tensor:
            with contextlib.suppress(RuntimeError):
                self.bad(x)
            return F.conv2d(self.good(x), self.good.weight)

    counts, _ = count(Careful().to("meta"), (1, 3, 9, 9))
    assert [layer.name for layer in counts.layers] == ["good", ""]


def test_a_product_with_a_vector_is_counted() -> None:
    class Weighted(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x[0, 0] @ x[0, 0, 0]

    counts, _ = count(Weighted(), (1, 1, 4, 4))
    assert counts.multi_adds == 4 * 4
