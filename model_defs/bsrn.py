"""BSRN: blueprint separable residual network (Li et al., CVPRW 2022, arXiv 2205.05996; code xiaom233/BSRN).

RFDN's distillation with every 3x3 convolution replaced by a blueprint-separable one (1x1, then depthwise 3x3).
BSRN-S, the NTIRE 2022 winner of the complexity track, is a smaller relative with linear layers and a learned
channel weight in the place of contrast attention.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model_defs.layers import ContrastAttention, SpatialAttention, conv1x1, conv3x3, normal, upsampler

#: Makes a layer from its input and output channels.
Make = Callable[[int, int], nn.Module]


class PointwiseLinear(nn.Linear):
    """A 1x1 convolution written as a linear layer on the channels of (N, C, H, W); its weight is 2-D."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) -> (N, out, H, W)."""
        return F.linear(x.permute(0, 2, 3, 1), self.weight, self.bias).permute(0, 3, 1, 2)


class BlueprintConv(nn.Module):
    """BSConvU (paper, Fig. 2): ``pw`` 1x1, then ``dw`` depthwise 3x3.

    The zero padding lies between the two. Where ``pw`` has a bias (BSRN-S), the padded zeros are not what ``pw``
    would give, so the two cannot be merged into one padded convolution.
    """

    def __init__(self, pointwise: nn.Module, out_channels: int, *, stride: int = 1, padding: int = 1) -> None:
        super().__init__()
        self.pw = pointwise
        self.dw = nn.Conv2d(out_channels, out_channels, 3, stride, padding, groups=out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) -> (N, out, H, W), smaller with a stride."""
        out: Tensor = self.dw(self.pw(x))
        return out


def separable(in_channels: int, out_channels: int, *, stride: int = 1, padding: int = 1) -> BlueprintConv:
    """BSConvU as BSRN has it: no bias in the 1x1.

    Args:
        in_channels: of the input.
        out_channels: of the output.
        stride: of the depthwise 3x3 convolution, in pixels.
        padding: zeros at every border of it.
    """
    pointwise = conv1x1(in_channels, out_channels, bias=False)
    return BlueprintConv(pointwise, out_channels, stride=stride, padding=padding)


def separable_linear(in_channels: int, out_channels: int) -> BlueprintConv:
    """BSConvU as BSRN-S has it: the 1x1 is a linear layer with a bias."""
    return BlueprintConv(PointwiseLinear(in_channels, out_channels), out_channels)


class DistillationBlock(nn.Module):
    """What the blocks of both networks do before their attention: RFDN's distillation, GELU, fused by ``c5``.

    Args:
        features: channels of input and output.
        conv: makes the separable 3x3 convolutions, ``conv(in, out)``.
        pointwise: makes the 1x1 maps, ``pointwise(in, out)``.
    """

    def __init__(self, features: int, conv: Make, pointwise: Make) -> None:
        super().__init__()
        kept = features // 2
        self.c1_d, self.c1_r = pointwise(features, kept), conv(features, features)
        self.c2_d, self.c2_r = pointwise(features, kept), conv(features, features)
        self.c3_d, self.c3_r = pointwise(features, kept), conv(features, features)
        self.c4 = conv(features, kept)
        self.c5 = pointwise(4 * kept, features)

    def distil(self, x: Tensor) -> Tensor:
        """(N, features, H, W) -> the same: four distilled parts, joined and fused."""
        parts: list[Tensor] = []
        rest = x
        for distil, refine in ((self.c1_d, self.c1_r), (self.c2_d, self.c2_r), (self.c3_d, self.c3_r)):
            parts.append(F.gelu(distil(rest)))
            rest = F.gelu(refine(rest) + rest)
        parts.append(F.gelu(self.c4(rest)))
        fused: Tensor = self.c5(torch.cat(parts, dim=1))
        return fused


class SeparableDistillationBlock(DistillationBlock):
    """ESDB (paper, Fig. 3): distillation, ESA, CCA and a residual to the input."""

    def __init__(self, features: int) -> None:
        super().__init__(features, separable, conv1x1)
        self.esa = SpatialAttention(
            features,
            width=features // 4,
            conv=separable,
            strided=lambda i, o: separable(i, o, stride=2, padding=0),
            pointwise=conv1x1,
            activation=nn.GELU(),
        )
        self.cca = ContrastAttention(features)

    def forward(self, x: Tensor) -> Tensor:
        """(N, features, H, W) -> the same."""
        out: Tensor = self.cca(self.esa(self.distil(x)))
        return out + x


class LinearDistillationBlock(DistillationBlock):
    """The block of BSRN-S: linear layers, a plain strided 3x3 in ESA, a learned channel weight ``cw``."""

    def __init__(self, features: int) -> None:
        super().__init__(features, separable_linear, PointwiseLinear)
        self.cw = nn.Parameter(normal((1, features), mean=1.0, std=0.2))
        self.esa = SpatialAttention(
            features,
            width=features // 4,
            conv=separable_linear,
            strided=lambda i, o: conv3x3(i, o, stride=2, padding=0),
            pointwise=PointwiseLinear,
            activation=nn.GELU(),
        )
        self.conv_out = PointwiseLinear(features, features)

    def forward(self, x: Tensor) -> Tensor:
        """(N, features, H, W) -> the same."""
        weighted = self.esa(self.distil(x)) * self.cw[:, :, None, None]
        residual: Tensor = self.conv_out(weighted)
        return residual + x


class BSRN(nn.Module):
    """BSRN (64 features, 8 blocks) or, with ``small``, BSRN-S (48 features, 5 blocks); RGB in [0, 1]."""

    def __init__(self, scale: int, *, small: bool = False) -> None:
        super().__init__()
        features, self.blocks = (48, 5) if small else (64, 8)
        conv = separable_linear if small else separable
        self.fea_conv = conv(4 * 3, features)
        for i in range(1, self.blocks + 1):
            block = LinearDistillationBlock(features) if small else SeparableDistillationBlock(features)
            self.add_module(f"B{i}", block)
        self.c1: nn.Module = (PointwiseLinear if small else conv1x1)(self.blocks * features, features)
        self.c2 = conv(features, features)
        self.upsampler = nn.ModuleDict({"upsampleOneStep": upsampler(features, 3, scale)})

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) with H, W >= 15 -> (N, 3, scale*H, scale*W)."""
        # Four copies of the image: the first separable convolution gets 12 channels to mix (paper, section 3.1).
        shallow = self.fea_conv(torch.cat([x] * 4, dim=1))
        out = shallow
        outs: list[Tensor] = []
        for i in range(1, self.blocks + 1):
            out = self.get_submodule(f"B{i}")(out)
            outs.append(out)
        deep = self.c2(F.gelu(self.c1(torch.cat(outs, dim=1)))) + shallow
        result: Tensor = self.upsampler["upsampleOneStep"](deep)
        return result
