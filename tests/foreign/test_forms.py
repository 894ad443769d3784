"""A deploy form that was not asked for: found by its switch, tried on a copy, taken where it is the same network."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from srbench.foreign import forms

IMAGE = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))


class Block(nn.Module):
    """3x3 + 1x1 branches; folded into one by a method that each subclass calls as it likes."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 3, 3, padding=1), nn.Conv2d(3, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.a(x) + self.b(x) if hasattr(self, "b") else self.a(x)
        return out

    def _fold(self, by: float = 1.0) -> None:
        self.a.weight.data += by * F.pad(self.b.weight.data, [1] * 4)
        self.a.bias.data += self.b.bias.data  # type: ignore[union-attr]
        del self.b


class Switching(Block):
    def switch_to_deploy(self) -> None:
        self._fold()


class Wrong(Block):
    def reparameterize(self) -> None:
        self._fold(by=0.5)


class Failing(Block):
    def fuse(self) -> None:
        raise RuntimeError("no")


class Asking(Block):
    def convert(self, *, size: int) -> None:
        raise AssertionError("it needs an argument, and is another thing")


class Whole(nn.Module):
    """Blocks, and a switch of its own that folds them all."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(Switching(), Switching())

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.body(x)
        return out

    def fuse_model(self) -> None:
        for block in self.body:
            block._fold()  # type: ignore[operator]


def in_blocks(kind: type[nn.Module]) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(kind(), nn.ReLU(), kind()).eval()


def test_blocks_that_fold_are_folded_on_a_copy() -> None:
    network = in_blocks(Switching)
    found = forms.tried(network, IMAGE)
    assert (found.method, found.proven) == ("switch_to_deploy", True)
    assert found.psnr_db is None or found.psnr_db > 100
    assert found.remark.startswith("folded by its switch_to_deploy(): ")
    assert hasattr(network[0], "b")  # type: ignore[index]
    expected = network(IMAGE)
    forms.fold(network, found.method)
    assert not hasattr(network[2], "b")  # type: ignore[index]
    torch.testing.assert_close(network(IMAGE), expected)


def test_a_networks_own_switch_goes_before_that_of_its_blocks() -> None:
    torch.manual_seed(0)
    found = forms.tried(Whole().eval(), IMAGE)
    assert (found.method, found.proven) == ("fuse_model", True)


@pytest.mark.parametrize(
    ("kind", "remark"),
    [
        (Wrong, "not folded, maybe in its training form: what its reparameterize() makes gives another output ("),
        (Failing, "not folded, maybe in its training form: its fuse() fails (RuntimeError)"),
        (Asking, ""),
        (Block, ""),
    ],
)
def test_what_is_not_proven_stays_as_it_is_and_says_so(kind: type[nn.Module], remark: str) -> None:
    found = forms.tried(in_blocks(kind), IMAGE)
    assert not found.proven
    assert found.remark.startswith(remark)
    assert bool(found.remark) == bool(remark)


def test_a_block_that_says_it_is_deployed_is_left_alone() -> None:
    network = in_blocks(Failing)
    for block in network.children():
        block.deploy = True  # type: ignore[assignment]
    network.get_submodule("1").deploy = False  # type: ignore[assignment]
    assert forms.tried(network, IMAGE) == forms.Folding()


def test_what_is_deployed_already_has_nothing_to_fold() -> None:
    network: Any = in_blocks(Switching)
    forms.fold(network, "switch_to_deploy")

    class Deployed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = network[0]

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.body(x)
            return out

        def switch_to_deploy(self) -> None:
            """There is nothing left to do."""

    assert forms.tried(Deployed(), IMAGE).remark == ""
