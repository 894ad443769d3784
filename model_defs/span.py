"""SPAN: swift parameter-free attention network (Wan et al., CVPRW 2024, arXiv 2311.12770; code hongyuanyu/SPAN)."""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model_defs.layers import conv1x1, conv3x3, upsampler
from model_defs.reparam import Foldable, Form, Kernel

#: Mean colour of DIV2K that the official code subtracts from its RGB input.
RGB_MEAN = (0.4488, 0.4371, 0.4040)


class Conv3XC(Foldable):
    """A 3x3 convolution trained as 1x1 -> 3x3 -> 1x1 beside a 1x1 (paper, section 3.3).

    The input is zero-padded before the first 1x1, so border pixels carry its bias and the fold is exact there too.
    ``eval_conv`` is a copy of the folded weights that official checkpoints carry. It may be stale, so it is never
    used here; it exists (frozen) because the official class has it, counts it and stores it.
    """

    def __init__(self, in_channels: int, out_channels: int, gain: int = 2) -> None:
        super().__init__()
        self.sk = conv1x1(in_channels, out_channels)
        self.conv = nn.Sequential(
            conv1x1(in_channels, in_channels * gain),
            conv3x3(in_channels * gain, out_channels * gain, padding=0),
            conv1x1(out_channels * gain, out_channels),
        )
        self.eval_conv = conv3x3(in_channels, out_channels).requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) -> (N, out, H, W)."""
        out: Tensor = self.conv(F.pad(x, (1, 1, 1, 1))) + self.sk(x)
        return out

    def kernel(self) -> Kernel:
        """The three convolutions in a chain, plus the 1x1 beside them."""
        expand, mix, squeeze = (Kernel.of(c) for c in self.conv if isinstance(c, nn.Conv2d))
        return squeeze.after(mix.after(expand)) + Kernel.of(self.sk)

    def folded(self) -> nn.Module:
        """The deploy form, keyed ``eval_conv`` as in official deploy files."""
        return folded_conv3xc(self.sk.in_channels, self.sk.out_channels)


def folded_conv3xc(in_channels: int, out_channels: int) -> nn.Module:
    """Conv3XC in deploy form."""
    return nn.Sequential(OrderedDict(eval_conv=conv3x3(in_channels, out_channels)))


class AttentionBlock(nn.Module):
    """SPAB (paper, Fig. 3): the attention mask is the sigmoid of the block's own output, without parameters."""

    def __init__(self, features: int, form: Form) -> None:
        super().__init__()
        conv = Conv3XC if form == "train" else folded_conv3xc
        self.c1_r = conv(features, features)
        self.c2_r = conv(features, features)
        self.c3_r = conv(features, features)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C, H, W) -> the output and the first activation, both (N, C, H, W)."""
        first = F.silu(self.c1_r(x))
        out = self.c3_r(F.silu(self.c2_r(first)))
        return (out + x) * (torch.sigmoid(out) - 0.5), first


class SPAN(nn.Module):
    """Six SPABs; RGB in [0, 1]. ``features`` 48 in the released code, 52 for the 498 K of the paper."""

    mean: Tensor

    def __init__(self, scale: int, features: int = 48, form: Form = "train") -> None:
        super().__init__()
        conv = Conv3XC if form == "train" else folded_conv3xc
        self.conv_1 = conv(3, features)
        for i in range(1, 7):
            self.add_module(f"block_{i}", AttentionBlock(features, form))
        self.conv_cat = conv1x1(4 * features, features)
        self.conv_2 = conv(features, features)
        self.upsampler = upsampler(features, 3, scale)
        self.register_buffer("mean", torch.tensor(RGB_MEAN).view(1, 3, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, 3, scale*H, scale*W)."""
        shallow = self.conv_1((x - self.mean) * 255.0)
        out, _ = self.get_submodule("block_1")(shallow)
        after_first = out
        for i in range(2, 7):
            out, first = self.get_submodule(f"block_{i}")(out)
        # The fourth input is the *activated* first convolution of the sixth block. The paper's Fig. 2 draws the
        # output of the fifth block; the released weights were trained with this one (the official SiLU works in place).
        joined = torch.cat([shallow, self.conv_2(out), after_first, first], dim=1)
        result: Tensor = self.upsampler(self.conv_cat(joined))
        return result
