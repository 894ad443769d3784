"""MSRN: multi-scale residual network (Li et al., ECCV 2018), in the RGB form of the 2019 code (MIVRC/MSRN-PyTorch)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model_defs.layers import conv1x1, conv3x3

RGB_MEAN = (0.4488, 0.4371, 0.4040)  # of DIV2K, for RGB in [0, 1]
RGB_RANGE = 255.0


class MeanShift(nn.Conv2d):
    """Adds ``sign`` times the mean colour, written as a 1x1 convolution. Its 12 numbers are trainable and counted."""

    def __init__(self, sign: int) -> None:
        super().__init__(3, 3, kernel_size=1)
        identity = [[[[float(i == j)]] for j in range(3)] for i in range(3)]
        self.weight = nn.Parameter(torch.tensor(identity))
        self.bias = nn.Parameter(torch.tensor([sign * RGB_RANGE * mean for mean in RGB_MEAN]))


class MultiScaleBlock(nn.Module):
    """MSRB (paper, Fig. 2): 3x3 and 5x5 convolutions side by side, crossed, twice."""

    def __init__(self, features: int = 64) -> None:
        super().__init__()
        self.conv_3_1 = conv3x3(features, features)
        self.conv_5_1 = nn.Conv2d(features, features, 5, padding=2)
        self.conv_3_2 = conv3x3(2 * features, 2 * features)
        self.conv_5_2 = nn.Conv2d(2 * features, 2 * features, 5, padding=2)
        self.confusion = conv1x1(4 * features, features)

    def forward(self, x: Tensor) -> Tensor:
        """(N, features, H, W) -> the same."""
        crossed = torch.cat([F.relu_(self.conv_3_1(x)), F.relu_(self.conv_5_1(x))], dim=1)
        joined = torch.cat([F.relu_(self.conv_3_2(crossed)), F.relu_(self.conv_5_2(crossed))], dim=1)
        out: Tensor = self.confusion(joined)
        return out.add_(x)  # in place, as the official code: 2 % of the runtime


def staged_upsampler(features: int, scale: int) -> nn.Sequential:
    """One x3 stage, or a x2 stage for each factor of two."""
    factors = {2: [2], 3: [3], 4: [2, 2], 8: [2, 2, 2]}[scale]
    stages: list[nn.Module] = []
    for factor in factors:
        stages += [conv3x3(features, features * factor**2), nn.PixelShuffle(factor)]
    return nn.Sequential(*stages)


class MSRN(nn.Module):
    """Eight MSRBs, all of whose outputs (and the first features, last) reach the tail; RGB in [0, 255]."""

    def __init__(self, scale: int, features: int = 64) -> None:
        super().__init__()
        self.sub_mean = MeanShift(-1)
        self.head = nn.Sequential(conv3x3(3, features))
        self.body = nn.Sequential(*(MultiScaleBlock(features) for _ in range(8)))
        self.tail = nn.Sequential(
            conv1x1(9 * features, features),
            conv3x3(features, features),
            staged_upsampler(features, scale),
            conv3x3(features, 3),
        )
        self.add_mean = MeanShift(+1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, 3, scale*H, scale*W)."""
        shallow = self.head(self.sub_mean(x))
        out = shallow
        outs: list[Tensor] = []
        for block in self.body:
            out = block(out)
            outs.append(out)
        detail = self.tail(torch.cat([*outs, shallow], dim=1))
        result: Tensor = self.add_mean(detail)
        return result
