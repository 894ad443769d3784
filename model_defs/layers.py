"""Blocks that at least two architectures share."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

#: Smallest side that :class:`SpatialAttention` takes: its strided 3x3 leaves floor((n - 3) / 2) + 1, pooling needs 7.
SPATIAL_ATTENTION_MIN_SIDE = 15


def conv3x3(in_channels: int, out_channels: int, *, stride: int = 1, padding: int = 1, bias: bool = True) -> nn.Conv2d:
    """A 3x3 convolution that keeps the size unless told otherwise.

    Args:
        in_channels: of the input.
        out_channels: of the output.
        stride: in pixels.
        padding: zeros at every border.
        bias: whether it has one.
    """
    return nn.Conv2d(in_channels, out_channels, 3, stride, padding, bias=bias)


def conv1x1(in_channels: int, out_channels: int, *, bias: bool = True) -> nn.Conv2d:
    """A 1x1 convolution: a linear map of each pixel's channels.

    Args:
        in_channels: of the input.
        out_channels: of the output.
        bias: whether it has one.
    """
    return nn.Conv2d(in_channels, out_channels, 1, bias=bias)


def normal(shape: tuple[int, ...], *, mean: float = 0.0, std: float) -> Tensor:
    """A new tensor of normally distributed numbers; empty on the meta device, where filling loads torch's compiler.

    Args:
        shape: of the tensor.
        mean: of the numbers.
        std: their standard deviation.
    """
    tensor = torch.empty(shape)
    return tensor if tensor.is_meta else nn.init.normal_(tensor, mean, std)


def upsampler(in_channels: int, out_channels: int, scale: int) -> nn.Sequential:
    """3x3 convolution to ``out_channels * scale**2``, then sub-pixel shuffle (Shi et al., CVPR 2016).

    Args:
        in_channels: of the input.
        out_channels: of the upscaled output.
        scale: upscaling factor.
    """
    return nn.Sequential(conv3x3(in_channels, out_channels * scale**2), nn.PixelShuffle(scale))


class ContrastAttention(nn.Module):
    """Contrast-aware channel attention, CCA (IMDN, arXiv 1909.11856, section 3.3).

    A channel's descriptor is its mean plus its population standard deviation over the image. The official code
    takes the root of the variance without an epsilon, so the gradient is NaN on a constant channel.
    """

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        self.conv_du = nn.Sequential(
            conv1x1(channels, channels // reduction),
            nn.ReLU(),
            conv1x1(channels // reduction, channels),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> the same, each channel weighted in (0, 1)."""
        mean = F.adaptive_avg_pool2d(x, 1)
        variance = (x - mean).pow(2).mean(dim=(2, 3), keepdim=True)
        weights: Tensor = self.conv_du(mean + variance.sqrt())
        return x * weights


class SpatialAttention(nn.Module):
    """Enhanced spatial attention, ESA (RFDN, arXiv 2009.11551, section 3.3).

    A mask from a strongly reduced view of the features, resized to the input by bilinear interpolation. RFDN builds
    it from plain convolutions, BSRN from blueprint-separable ones, hence the factories:

    Args:
        channels: of input and output.
        width: of the reduced view.
        conv: makes the 3x3 convolutions, ``conv(in, out)``.
        strided: makes the 3x3 convolution with stride 2 and no padding.
        pointwise: makes the 1x1 maps, ``pointwise(in, out)``.
        activation: between the 3x3 convolutions.
    """

    def __init__(
        self,
        channels: int,
        width: int,
        *,
        conv: Callable[[int, int], nn.Module],
        strided: Callable[[int, int], nn.Module],
        pointwise: Callable[[int, int], nn.Module],
        activation: nn.Module,
    ) -> None:
        super().__init__()
        self.conv1 = pointwise(channels, width)
        self.conv_f = pointwise(width, width)
        self.conv_max = conv(width, width)
        self.conv2 = strided(width, width)
        self.conv3 = conv(width, width)
        self.conv3_ = conv(width, width)
        self.conv4 = pointwise(width, channels)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) with H, W >= 15 -> the same, each value weighted in (0, 1)."""
        reduced = self.conv1(x)
        view = F.max_pool2d(self.conv2(reduced), kernel_size=7, stride=3)
        view = self.activation(self.conv_max(view))
        view = self.activation(self.conv3(view))
        view = self.conv3_(view)
        view = F.interpolate(view, size=x.shape[2:], mode="bilinear", align_corners=False)
        mask = torch.sigmoid(self.conv4(view + self.conv_f(reduced)))
        return x * mask
