"""IMDN: information multi-distillation network (Hui et al., ACM MM 2019, arXiv 1909.11856; code Zheng222/IMDN).

Each block splits its features again and again: a part is kept ("distilled"), the rest goes on through the next
convolution, and the kept parts are joined at the end.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model_defs.layers import ContrastAttention, conv1x1, conv3x3, upsampler

SLOPE = 0.05  # of every leaky ReLU


class DistillationBlock(nn.Module):
    """IMDB (paper, Fig. 3): three splits keep a quarter of the features each, a fourth convolution the last quarter."""

    def __init__(self, features: int, *, attention: bool = True) -> None:
        super().__init__()
        self.kept = features // 4
        self.rest = features - self.kept
        self.c1 = conv3x3(features, features)
        self.c2 = conv3x3(self.rest, features)
        self.c3 = conv3x3(self.rest, features)
        self.c4 = conv3x3(self.rest, self.kept)
        self.c5 = conv1x1(4 * self.kept, features)
        self.cca: nn.Module = ContrastAttention(4 * self.kept) if attention else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(N, features, H, W) -> the same."""
        parts: list[Tensor] = []
        rest = x
        for conv in (self.c1, self.c2, self.c3):
            kept, rest = torch.split(F.leaky_relu(conv(rest), SLOPE), [self.kept, self.rest], dim=1)
            parts.append(kept)
        parts.append(self.c4(rest))
        out: Tensor = self.c5(self.cca(torch.cat(parts, dim=1)))
        return out + x


class IMDN(nn.Module):
    """The network of the paper: 64 features, 6 blocks, RGB in [0, 1]."""

    def __init__(self, scale: int, features: int = 64) -> None:
        super().__init__()
        self.fea_conv: nn.Module = conv3x3(3, features)
        for i in range(1, 7):
            self.add_module(f"IMDB{i}", DistillationBlock(features))
        self.c = nn.Sequential(conv1x1(6 * features, features), nn.LeakyReLU(SLOPE))
        self.LR_conv = conv3x3(features, features)
        self.upsampler = upsampler(features, 3, scale)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, 3, scale*H, scale*W)."""
        shallow = self.fea_conv(x)
        out = shallow
        outs: list[Tensor] = []
        for i in range(1, 7):
            out = self.get_submodule(f"IMDB{i}")(out)
            outs.append(out)
        deep = self.LR_conv(self.c(torch.cat(outs, dim=1))) + shallow
        result: Tensor = self.upsampler(deep)
        return result


class AnyScaleIMDN(IMDN):
    """IMDN_AS (paper, section 3.4): two strided convolutions, the IMDN trunk, x4 upsampling: output size = input size.

    The input is the image already interpolated to the target size, its sides divisible by 4.
    """

    def __init__(self, features: int = 64) -> None:
        super().__init__(scale=4, features=features)
        self.fea_conv = nn.Sequential(
            conv3x3(3, features, stride=2),
            nn.LeakyReLU(SLOPE),
            conv3x3(features, features, stride=2),
        )


class Shortcut(nn.Module):
    """x + sub(x)."""

    def __init__(self, sub: nn.Module) -> None:
        super().__init__()
        self.sub = sub

    def forward(self, x: Tensor) -> Tensor:
        """Any shape that ``sub`` keeps."""
        out: Tensor = self.sub(x)
        return out + x


class IMDN_RTC(nn.Module):  # noqa: N801 - the official name
    """The real-time variant of the official code: 12 features, 5 blocks without attention."""

    def __init__(self, scale: int, features: int = 12) -> None:
        super().__init__()
        blocks = [DistillationBlock(features, attention=False) for _ in range(5)]
        self.model = nn.Sequential(
            conv3x3(3, features),
            Shortcut(nn.Sequential(*blocks, conv1x1(features, features))),
            conv3x3(features, 3 * scale**2),
            nn.PixelShuffle(scale),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, 3, scale*H, scale*W)."""
        out: Tensor = self.model(x)
        return out


class LongDistillationBlock(nn.Module):
    """The block of IMDN_RTE: five splits of 5 channels out of 20, 15, 10, no biases, ReLU."""

    def __init__(self) -> None:
        super().__init__()
        self.kept = 5
        self.c1 = conv3x3(20, 20, bias=False)
        self.c2 = conv3x3(15, 20, bias=False)
        self.c3 = conv3x3(15, 20, bias=False)
        self.c4 = conv3x3(15, 15, bias=False)
        self.c5 = conv3x3(10, 10, bias=False)
        self.c6 = conv3x3(5, 5, bias=False)
        self.c7 = conv1x1(30, 20, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 20, H, W) -> the same."""
        parts: list[Tensor] = []
        rest = x
        for conv in (self.c1, self.c2, self.c3, self.c4, self.c5):
            out = F.relu(conv(rest))
            kept, rest = torch.split(out, [self.kept, out.shape[1] - self.kept], dim=1)
            parts.append(kept)
        parts.append(F.relu(self.c6(rest)))
        joined: Tensor = self.c7(torch.cat(parts, dim=1))
        return joined + x


class IMDN_RTE(nn.Module):  # noqa: N801 - the official name
    """The enhanced real-time variant: features on a grid of half the LR size, RGB in [0, 255], even LR sides.

    The upsampler makes up for the halved grid, so it shuffles by scale**2 (4 at x2, the only released scale).
    """

    def __init__(self, scale: int = 2) -> None:
        super().__init__()
        self.fea_conv = nn.Sequential(conv3x3(3, 20), nn.ReLU(), conv3x3(20, 20, stride=2, bias=False))
        for i in range(1, 7):
            self.add_module(f"block{i}", LongDistillationBlock())
        self.LR_conv = conv1x1(20, 20, bias=False)
        self.upsampler = upsampler(20, 3, scale**2)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) with even H, W -> (N, 3, 2*H, 2*W)."""
        shallow = self.fea_conv(x)
        out = shallow
        for i in range(1, 7):
            out = self.get_submodule(f"block{i}")(out)
        result: Tensor = self.upsampler(self.LR_conv(out) + shallow)
        return result
