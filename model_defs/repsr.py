"""RepSR: re-parameterised VGG-style network with batch norm (Wang et al., ACM MM 2022, arXiv 2205.05671).

RECONSTRUCTION. There is no official code. Sourced: a chain of 3x3 convolutions with PReLU and a sub-pixel tail, a
clean identity path and two expand-and-squeeze branches with batch norm for each block, a nearest-neighbour skip.
Ours, after a third-party repository (JL-DY/RepSR): expansion by 2, biases everywhere, plain head and tail.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from model_defs.layers import conv1x1, conv3x3
from model_defs.reparam import Foldable, Form, Kernel


class NormBranch(nn.Module):
    """3x3 to twice the width, batch norm, 1x1 back. Nothing padded follows the norm, so it folds exactly."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.expand = conv3x3(features, 2 * features)
        self.norm = nn.BatchNorm2d(2 * features)
        self.squeeze = conv1x1(2 * features, features)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> the same."""
        out: Tensor = self.squeeze(self.norm(self.expand(x)))
        return out

    def kernel(self) -> Kernel:
        """The chain as one 3x3 kernel, with the running statistics of the norm."""
        return Kernel.of(self.squeeze).after(Kernel.of(self.expand).normalised(self.norm))


class RepBlock(Foldable):
    """x + branch1(x) + branch2(x); the identity path has no norm."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.features = features
        self.branch1 = NormBranch(features)
        self.branch2 = NormBranch(features)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> the same."""
        out: Tensor = self.branch1(x) + self.branch2(x)
        return out + x

    def kernel(self) -> Kernel:
        """The sum of the three paths."""
        branches = self.branch1.kernel() + self.branch2.kernel()
        return branches + Kernel.identity(branches.weight, self.features)

    def folded(self) -> nn.Module:
        """A bare 3x3 convolution."""
        return conv3x3(self.features, self.features)


class RepSR(nn.Module):
    """MxCy in ECBSR's naming: ``blocks`` RepBlocks of ``features`` channels between two plain convolutions.

    Args:
        scale: 2, 3 or 4.
        blocks: M.
        features: C.
        colors: 1 (Y) or 3 (RGB), in [0, 1].
        form: branches or plain convolutions.
    """

    def __init__(self, scale: int, blocks: int = 16, features: int = 64, colors: int = 1, form: Form = "train") -> None:
        super().__init__()
        self.scale = scale
        self.head = nn.Sequential(conv3x3(colors, features), nn.PReLU(features))
        self.body = nn.Sequential()
        for _ in range(blocks):
            block = RepBlock(features) if form == "train" else conv3x3(features, features)
            self.body.append(nn.Sequential(block, nn.PReLU(features)))
        self.tail = conv3x3(features, colors * scale**2)

    def forward(self, x: Tensor) -> Tensor:
        """(N, colors, H, W) -> (N, colors, scale*H, scale*W)."""
        detail = F.pixel_shuffle(self.tail(self.body(self.head(x))), self.scale)
        return detail + F.interpolate(x, scale_factor=self.scale, mode="nearest")
