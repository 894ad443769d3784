"""RFDN: residual feature distillation network (Liu et al., AIM 2020, arXiv 2009.11551; code njulj/RFDN).

Two networks carry the name. The *released* one (AIM 2020 winner, E-RFDN) has 50 features, 4 blocks and spatial
attention (ESA). The one *printed* in the paper's tables (534 K / 541 K / 550 K parameters) was never released; its
counts fit 48 features, 6 blocks and contrast attention (CCA), which is a reconstruction of ours.
"""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model_defs.layers import ContrastAttention, SpatialAttention, conv1x1, conv3x3, upsampler

SLOPE = 0.05  # of every leaky ReLU

#: ``esa``: as released. ``cca``: CCA after the fusing 1x1, reduction 4. ``cca-wide``: CCA on the joined features before
#: it, reduction 16. The paper's parameter counts fit both CCA forms and cannot tell them apart.
Attention = Literal["esa", "cca", "cca-wide"]


class ResidualDistillationBlock(nn.Module):
    """RFDB (paper, Fig. 2d): distils by 1x1 convolutions beside residual 3x3 convolutions. No residual to the input."""

    def __init__(self, features: int, attention: Attention) -> None:
        super().__init__()
        kept = features // 2
        self.c1_d = conv1x1(features, kept)
        self.c1_r = conv3x3(features, features)
        self.c2_d = conv1x1(features, kept)
        self.c2_r = conv3x3(features, features)
        self.c3_d = conv1x1(features, kept)
        self.c3_r = conv3x3(features, features)
        self.c4 = conv3x3(features, kept)
        self.c5 = conv1x1(4 * kept, features)
        self.wide: nn.Module = ContrastAttention(4 * kept, reduction=16) if attention == "cca-wide" else nn.Identity()
        self.esa: nn.Module = _spatial(features) if attention == "esa" else nn.Identity()
        self.cca: nn.Module = ContrastAttention(features, reduction=4) if attention == "cca" else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(N, features, H, W) -> the same."""
        parts: list[Tensor] = []
        rest = x
        for distil, refine in ((self.c1_d, self.c1_r), (self.c2_d, self.c2_r), (self.c3_d, self.c3_r)):
            parts.append(F.leaky_relu(distil(rest), SLOPE))
            rest = F.leaky_relu(refine(rest) + rest, SLOPE)
        parts.append(F.leaky_relu(self.c4(rest), SLOPE))
        out: Tensor = self.cca(self.esa(self.c5(self.wide(torch.cat(parts, dim=1)))))
        return out


def _spatial(features: int) -> SpatialAttention:
    return SpatialAttention(
        features,
        width=features // 4,
        conv=conv3x3,
        strided=lambda i, o: conv3x3(i, o, stride=2, padding=0),
        pointwise=conv1x1,
        activation=nn.ReLU(),
    )


class RFDN(nn.Module):
    """RFDN in all its layouts; the defaults are the released network, RGB in [0, 255]."""

    def __init__(self, scale: int, features: int = 50, blocks: int = 4, attention: Attention = "esa") -> None:
        super().__init__()
        self.blocks = blocks
        self.fea_conv = conv3x3(3, features)
        for i in range(1, blocks + 1):
            self.add_module(f"B{i}", ResidualDistillationBlock(features, attention))
        self.c = nn.Sequential(conv1x1(blocks * features, features), nn.LeakyReLU(SLOPE))
        self.LR_conv = conv3x3(features, features)
        self.upsampler = upsampler(features, 3, scale)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, 3, scale*H, scale*W); H, W >= 15 with ``esa``."""
        shallow = self.fea_conv(x)
        out = shallow
        outs: list[Tensor] = []
        for i in range(1, self.blocks + 1):
            out = self.get_submodule(f"B{i}")(out)
            outs.append(out)
        deep = self.LR_conv(self.c(torch.cat(outs, dim=1))) + shallow
        result: Tensor = self.upsampler(deep)
        return result
