"""What a count says of weights and of images: what is never read, folded, or looked at.

Expected numbers are arithmetic on shapes, beside each case. Images are 16x12.
"""

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from srbench.counts import Complexity, Content, Uncounted
from srbench.measure.complexity import count_on
from srbench.measure.counting import OUTSIDE
from tests.measure.counted import BOTH_WAYS, CONV, IMAGE, Function, on_shapes, on_values

# --- Weights


class Spare(nn.Module):
    """A convolution, and one that forward never calls."""

    def __init__(self) -> None:
        super().__init__()
        self.used, self.spare = nn.Conv2d(3, 3, 3, padding=1), nn.Conv2d(8, 8, 3)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.used(x)
        return out


@BOTH_WAYS
def test_parameters_that_no_pass_reads(counted: Callable[..., Complexity]) -> None:
    counts = counted(Spare())
    assert (counts.params, counts.never_read) == (84 + 584, 584)  # 3*3*9 + 3, and 8*8*9 + 8


class Folding(nn.Module):
    """A 3x3 and a 1x1 convolution as one: folded at every pass, or for good in the first."""

    def __init__(self, *, once: bool) -> None:
        super().__init__()
        self.a, self.b, self.once = nn.Conv2d(3, 3, 3, padding=1), nn.Conv2d(3, 3, 1, bias=False), once

    def forward(self, x: Tensor) -> Tensor:
        if not hasattr(self, "b"):
            return self.a(x)  # type: ignore[no-any-return]
        weight = F.conv2d(self.b.weight, torch.eye(3, device=x.device)[:, :, None, None])
        if self.once:
            self.a.weight.data += F.pad(weight, [1] * 4)
            del self.b
            return self.a(x)  # type: ignore[no-any-return]
        return F.conv2d(x, self.a.weight + F.pad(weight, [1] * 4), self.a.bias, padding=1)


@BOTH_WAYS
def test_a_network_that_changes_itself_is_counted_after_its_first_pass(counted: Callable[..., Complexity]) -> None:
    counts = counted(Folding(once=True))
    assert (counts.params, counts.multi_adds, counts.convs) == (84, CONV, 1)
    assert (counts.folds_each_pass, counts.never_read) == (0, 0)


@BOTH_WAYS
def test_a_network_that_folds_anew_in_each_pass_says_so(counted: Callable[..., Complexity]) -> None:
    counts = counted(Folding(once=False))
    # What it folds with is work of each pass: 3 channels to 3 for 3 "images" of one pixel.
    assert (counts.params, counts.multi_adds, counts.convs) == (84 + 9, CONV + 27, 2)
    assert counts.folds_each_pass == 1


def test_a_cached_fold_is_not_counted() -> None:
    class Lazy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Parameter(torch.rand(3, 3, 1, 1)), nn.Parameter(torch.rand(3, 3, 3, 3))
            self.folded: Tensor | None = None

        def forward(self, x: Tensor) -> Tensor:
            if self.folded is None:
                self.folded = F.conv2d(self.b, self.a)
            return F.conv2d(x, self.folded, padding=1)

    counts = on_shapes(Lazy())
    assert (counts.multi_adds, counts.convs, counts.folds_each_pass, counts.never_read) == (CONV, 1, 0, 0)


def test_weights_made_of_the_image_are_no_fold() -> None:
    counts = on_shapes(Function(lambda x, w: F.conv2d(x, w * x.mean((2, 3))[..., None, None]), w=(3, 3, 1, 1)))
    assert counts.folds_each_pass == 0


@pytest.mark.parametrize(
    "weight",
    [
        lambda w: w.to(torch.float32).contiguous(),
        lambda w: w[:3].double().float(),
        lambda w: w.half().float().clone(),
    ],
)
def test_a_cast_of_a_weight_is_no_fold(weight: Callable[[Tensor], Tensor]) -> None:
    counts = on_shapes(Function(lambda x, w: F.conv2d(x, weight(w), padding=1), w=(3, 3, 3, 3)))
    assert (counts.multi_adds, counts.folds_each_pass) == (CONV, 0)


def test_a_fold_into_a_copy_is_one() -> None:
    def forward(x: Tensor, a: Tensor, b: Tensor) -> Tensor:
        weight = a.clone()
        weight += b
        return F.conv2d(x, weight, padding=1)

    assert on_shapes(Function(forward, a=(3, 3, 3, 3), b=(3, 3, 1, 1))).folds_each_pass == 1


# --- Content


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x * 2 if x.mean().item() > 0.1 else x,
        lambda x: x[x > 0.5],
        lambda x: x if torch.equal(x, x.flip(-1)) else -x,
        lambda x: x.flatten()[x.flatten().nonzero()[:, 0]],
    ],
)
def test_a_network_that_looks_at_its_image_is_content_dependent(function: Callable[..., Tensor]) -> None:
    with pytest.raises((RuntimeError, NotImplementedError)):
        on_shapes(Function(function))
    assert on_values(Function(function)).content == Content(least=0, most=0)


def test_a_network_that_looks_at_its_weights_is_not() -> None:
    found = on_values(Function(lambda x, w: x * w.sum().item() * torch.tensor([2.0]).item(), w=(3,)))
    assert found.content is None
    assert found.uncounted == ()


def test_two_images_give_the_range() -> None:
    def forward(x: Tensor, w: Tensor) -> Tensor:
        out = F.conv2d(x, w, padding=1)
        return F.conv2d(out, w, padding=1) if x[0, 0, 0, 0].item() > 0.5 else out

    one, other = torch.zeros(IMAGE), torch.ones(IMAGE)
    found, _ = count_on(Function(forward, w=(3, 3, 3, 3)), one, other)
    assert (found.multi_adds, found.content) == (CONV, Content(least=CONV, most=2 * CONV))


@pytest.mark.parametrize("back", [torch.from_numpy, torch.tensor])
def test_what_numpy_computes_is_not_seen_and_said(back: Callable[[object], Tensor]) -> None:
    counts = on_values(Function(lambda x: back(np.cumsum(x.numpy(), -1)) * 2))
    assert counts.uncounted == (Uncounted(operator=OUTSIDE, calls=1, shapes=(IMAGE,)),)


def test_constants_are_from_outside_and_no_result() -> None:
    kernel = torch.ones(3, 1, 3, 3)
    counts = on_values(Function(lambda x: F.conv2d(x * torch.tensor([1.0, 2, 3])[:, None, None], kernel, groups=3)))
    assert counts.uncounted == ()
