"""ECBSR: edge-oriented convolution block (Zhang et al., ACM MM 2021; code xindongzhang/ECBSR).

A plain chain of 3x3 convolutions at run time; in training each is five branches, three of which are learned
multiples of fixed edge filters.
"""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model_defs.layers import conv3x3, normal
from model_defs.reparam import Foldable, Form, Kernel

SOBEL_X = ((1.0, 0.0, -1.0), (2.0, 0.0, -2.0), (1.0, 0.0, -1.0))
SOBEL_Y = ((1.0, 2.0, 1.0), (0.0, 0.0, 0.0), (-1.0, -2.0, -1.0))
LAPLACE = ((0.0, 1.0, 0.0), (1.0, -4.0, 1.0), (0.0, 1.0, 0.0))


def pad_with_bias(x: Tensor, bias: Tensor) -> Tensor:
    """Pad (N, C, H, W) by one pixel with ``bias`` (C,).

    A zero pixel through a 1x1 convolution gives its bias, so this equals padding *before* the 1x1: the reason
    why the block folds exactly at the borders.
    """
    ring = F.pad(x.new_zeros(1, 1, *x.shape[2:]), (1, 1, 1, 1), value=1.0)
    return F.pad(x, (1, 1, 1, 1)) + ring * bias.view(1, -1, 1, 1)


class ExpandSqueeze(nn.Module):
    """Branch: 1x1 to twice the width, then 3x3."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        expand, squeeze = (
            nn.Conv2d(in_channels, 2 * out_channels, 1),
            nn.Conv2d(2 * out_channels, out_channels, 3),
        )
        self.k0, self.b0 = expand.weight, _bias(expand)
        self.k1, self.b1 = squeeze.weight, _bias(squeeze)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) -> (N, out, H, W)."""
        return F.conv2d(pad_with_bias(F.conv2d(x, self.k0, self.b0), self.b0), self.k1, self.b1)

    def kernel(self) -> Kernel:
        """The chain as one 3x3 kernel."""
        return _kernel(self.k1, self.b1).after(_kernel(self.k0, self.b0))


class EdgeBranch(nn.Module):
    """Branch: 1x1, then a fixed edge filter times a learned ``scale`` for each channel, plus ``bias``."""

    mask: nn.Parameter

    def __init__(self, in_channels: int, out_channels: int, edge: tuple[tuple[float, ...], ...]) -> None:
        super().__init__()
        conv = nn.Conv2d(in_channels, out_channels, 1)
        self.k0, self.b0 = conv.weight, _bias(conv)
        self.scale = nn.Parameter(normal((out_channels, 1, 1, 1), std=1e-3))
        self.bias = nn.Parameter(normal((out_channels,), std=1e-3))
        # A parameter, though frozen, because the official one is: `parameters()` counts it.
        mask = torch.tensor([[edge]] * out_channels)
        self.mask = nn.Parameter(mask, requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) -> (N, out, H, W)."""
        padded = pad_with_bias(F.conv2d(x, self.k0, self.b0), self.b0)
        return F.conv2d(padded, self.scale * self.mask, self.bias, groups=self.mask.shape[0])

    def kernel(self) -> Kernel:
        """The chain as one 3x3 kernel."""
        return Kernel.depthwise(self.scale * self.mask, self.bias).after(_kernel(self.k0, self.b0))


class EdgeBlock(Foldable):
    """ECB (paper, Fig. 2): a 3x3, an expand-and-squeeze and three edge branches, added; then PReLU if ``active``."""

    def __init__(self, in_channels: int, out_channels: int, *, active: bool = True) -> None:
        super().__init__()
        self.channels = (in_channels, out_channels)
        self.active = active
        self.conv3x3 = conv3x3(in_channels, out_channels)
        self.conv1x1_3x3 = ExpandSqueeze(in_channels, out_channels)
        self.conv1x1_sbx = EdgeBranch(in_channels, out_channels, SOBEL_X)
        self.conv1x1_sby = EdgeBranch(in_channels, out_channels, SOBEL_Y)
        self.conv1x1_lpl = EdgeBranch(in_channels, out_channels, LAPLACE)
        self.act: nn.Module = nn.PReLU(out_channels) if active else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) -> (N, out, H, W)."""
        out = self.conv3x3(x) + self.conv1x1_3x3(x)
        out = out + self.conv1x1_sbx(x) + self.conv1x1_sby(x) + self.conv1x1_lpl(x)
        result: Tensor = self.act(out)
        return result

    def kernel(self) -> Kernel:
        """The sum of the five branches."""
        edges = self.conv1x1_sbx.kernel() + self.conv1x1_sby.kernel() + self.conv1x1_lpl.kernel()
        return Kernel.of(self.conv3x3) + self.conv1x1_3x3.kernel() + edges

    def folded(self) -> nn.Module:
        """Convolution and activation, keyed as in the official PlainSR; the learned slopes go along."""
        folded = plain_block(*self.channels, active=self.active)
        if self.active:
            folded.act = self.act
        return folded


def plain_block(in_channels: int, out_channels: int, *, active: bool = True) -> nn.Module:
    """ECB in deploy form.

    Args:
        in_channels: of the input.
        out_channels: of the output.
        active: whether an activation follows.
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict(conv3x3=conv3x3(in_channels, out_channels))
    if active:
        layers["act"] = nn.PReLU(out_channels)
    return nn.Sequential(layers)


class ECBSR(nn.Module):
    """MxCy: ``blocks`` ECBs of ``features`` channels between a first and a last one, and a nearest-neighbour skip.

    Args:
        scale: 2, 3 or 4.
        blocks: M.
        features: C.
        colors: 1 (Y in [0, 255], the official network) or 3 (RGB, third-party re-trainings).
        form: branches or plain convolutions.
    """

    def __init__(self, scale: int, blocks: int = 16, features: int = 64, colors: int = 1, form: Form = "train") -> None:
        super().__init__()
        self.scale = scale
        block = EdgeBlock if form == "train" else plain_block
        chain = [block(colors, features)]
        chain += [block(features, features) for _ in range(blocks)]
        chain += [block(features, colors * scale**2, active=False)]
        self.backbone = nn.Sequential(*chain)

    def forward(self, x: Tensor) -> Tensor:
        """(N, colors, H, W) -> (N, colors, scale*H, scale*W)."""
        # Each colour repeated scale**2 times, in the channel order of the shuffle: the nearest-neighbour image.
        nearest = x.repeat_interleave(self.scale**2, dim=1)
        return F.pixel_shuffle(self.backbone(x) + nearest, self.scale)


def _bias(conv: nn.Conv2d) -> nn.Parameter:
    assert isinstance(conv.bias, nn.Parameter)
    return conv.bias


def _kernel(weight: Tensor, bias: Tensor) -> Kernel:
    return Kernel(weight.detach().double(), bias.detach().double())
