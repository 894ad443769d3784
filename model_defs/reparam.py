"""The algebra of folding: what is trained as many branches runs as one convolution.

A convolution is a linear map, so sums and compositions of convolutions are convolutions again. :class:`Kernel`
holds one as numbers and offers exactly those operations; a block that can fold says once, in this algebra,
which kernel its branches add up to.

Composition is exact at the borders of an image only where the *outermost* convolution does the zero padding of
the whole chain, or where a 1x1 runs before the padding and the padding carries its bias (ECB pads with ``b0``,
Conv3XC pads the input of its first 1x1). Blocks in this package are built that way.
"""

import copy
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Form = Literal["train", "deploy"]


@dataclass(frozen=True)
class Kernel:
    """A dense convolution as numbers: ``weight`` (out, in, k, k) and ``bias`` (out,), both float64.

    Folding is done in float64 whatever the network's dtype: products of three kernels lose digits in float32.
    """

    weight: Tensor
    bias: Tensor

    @classmethod
    def of(cls, conv: nn.Conv2d) -> "Kernel":
        """Read a plain (ungrouped, biased) convolution.

        Raises:
            ValueError: it has groups or no bias.
        """
        if conv.groups != 1 or conv.bias is None:
            raise ValueError("only ungrouped convolutions with a bias are read; use Kernel.depthwise for the rest")
        return cls(conv.weight.detach().double(), conv.bias.detach().double())

    @classmethod
    def depthwise(cls, weight: Tensor, bias: Tensor) -> "Kernel":
        """Spread a depthwise ``weight`` (C, 1, k, k) over the diagonal of a dense (C, C, k, k) kernel."""
        channels = weight.shape[0]
        diagonal = torch.eye(channels, dtype=torch.float64, device=weight.device)
        return cls(diagonal[:, :, None, None] * weight.detach().double(), bias.detach().double())

    @classmethod
    def identity(cls, like: Tensor, channels: int) -> "Kernel":
        """The 1x1 kernel that returns its input, on the device of ``like``."""
        eye = torch.eye(channels, dtype=torch.float64, device=like.device)
        return cls(eye[:, :, None, None], torch.zeros(channels, dtype=torch.float64, device=like.device))

    def __add__(self, other: "Kernel") -> "Kernel":
        """Two branches on one input: the smaller kernel sits at the centre of the larger."""
        size = max(self.weight.shape[-1], other.weight.shape[-1])
        return Kernel(_centred(self.weight, size) + _centred(other.weight, size), self.bias + other.bias)

    def after(self, first: "Kernel") -> "Kernel":
        """The chain ``self(first(x))``, where one of the two is 1x1.

        Raises:
            ValueError: neither is 1x1.
        """
        if first.weight.shape[-1] == 1:
            weight = torch.einsum("omyx,mi->oiyx", self.weight, first.weight[:, :, 0, 0])
        elif self.weight.shape[-1] == 1:
            weight = torch.einsum("om,miyx->oiyx", self.weight[:, :, 0, 0], first.weight)
        else:
            raise ValueError("one of the two kernels of a chain must be 1x1")
        bias = torch.einsum("omyx,m->o", self.weight, first.bias) + self.bias
        return Kernel(weight, bias)

    def normalised(self, norm: nn.BatchNorm2d) -> "Kernel":
        """The chain ``norm(self(x))`` with the running (population) statistics of ``norm``.

        Raises:
            ValueError: ``norm`` has no running statistics.
        """
        if norm.running_mean is None or norm.running_var is None:
            raise ValueError("a batch norm without running statistics cannot be folded")
        gain = norm.weight.detach().double() / torch.sqrt(norm.running_var.double() + norm.eps)
        bias = (self.bias - norm.running_mean.double()) * gain + norm.bias.detach().double()
        return Kernel(self.weight * gain[:, None, None, None], bias)

    def write_to(self, conv: nn.Conv2d) -> None:
        """Store the numbers in ``conv``, in its dtype."""
        assert conv.bias is not None
        with torch.no_grad():
            conv.weight.copy_(self.weight)
            conv.bias.copy_(self.bias)


def _centred(weight: Tensor, size: int) -> Tensor:
    margin = (size - weight.shape[-1]) // 2
    return F.pad(weight, [margin] * 4)


class Foldable(nn.Module):
    """A block in training form that equals one 3x3 convolution (stride 1, zero padding 1)."""

    def kernel(self) -> Kernel:
        """The convolution that the branches add up to, in evaluation mode."""
        raise TypeError(f"{type(self).__name__} does not say how it folds")

    def folded(self) -> nn.Module:
        """A new block in deploy form, without weights yet; its keys are those of official deploy files."""
        raise TypeError(f"{type(self).__name__} does not say what it folds into")

    def convolution_of(self, folded: nn.Module) -> nn.Conv2d:
        """The convolution inside ``folded`` that takes :meth:`kernel`."""
        return next(m for m in folded.modules() if isinstance(m, nn.Conv2d))


def form_of(model: nn.Module) -> Form:
    """``train`` where a block still has its branches, else ``deploy``; networks that never fold are ``deploy``."""
    return "train" if any(isinstance(m, Foldable) for m in model.modules()) else "deploy"


def to_deploy(model: nn.Module) -> nn.Module:
    """Return a folded copy of ``model``; the original stays as it is.

    Every :class:`Foldable` block becomes one convolution with the same dtype, device and train/eval mode. A network
    without such blocks is copied unchanged. Equal to the training form in evaluation mode up to rounding.
    """
    model = copy.deepcopy(model)
    if isinstance(model, Foldable):
        return _fold(model)
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, Foldable):
                setattr(parent, name, _fold(child))
    return model


def _fold(block: Foldable) -> nn.Module:
    kernel = block.kernel()
    reference = next(block.parameters())
    folded = block.folded()
    block.convolution_of(folded).to(reference)
    kernel.write_to(block.convolution_of(folded))
    return folded.train(block.training)
