"""From an image to an image, whatever range and colours the bare network takes."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model_defs.catalog import ZooError, identity_of

#: BT.601 as MATLAB's rgb2ycbcr has it, for RGB in [0, 1] and YCbCr in [0, 255] (Y in 16..235).
_TO_YCBCR = ((65.481, 128.553, 24.966), (-37.797, -74.203, 112.0), (112.0, -93.786, -18.214))
_OFFSET = (16.0, 128.0, 128.0)


def super_resolve(model: nn.Module, image: Tensor) -> Tensor:
    """Upscale an RGB image with a network of the zoo.

    The network's own range and colours are looked up: RGB networks get the image in their range; Y networks get its
    luma (BT.601, 16..235) and the chroma is upscaled by bicubic interpolation (a = -0.5).

    Args:
        model: from ``model_defs.build`` or ``model_defs.load_checkpoint``.
        image: (3, H, W) or (N, 3, H, W), RGB in [0, 1], on the model's device and in its dtype.

    Returns:
        The same rank and dtype, sides times the scale, clamped to [0, 1]; made in inference mode.

    Raises:
        ZooError: a module from elsewhere, an image of another shape, or one smaller than the network takes.
    """
    return unclamped(model, image).clamp(0, 1)


def unclamped(model: nn.Module, image: Tensor) -> Tensor:
    """As :func:`super_resolve`, but the values are those that the network gave: beyond [0, 1], infinite or NaN too.

    Raises:
        ZooError: as ``super_resolve``.
    """
    variant, _ = identity_of(model)
    if image.ndim not in (3, 4) or image.shape[-3] != 3 or not image.is_floating_point():
        raise ZooError(f"expected a float RGB image (3, H, W) or (N, 3, H, W), not {image.dtype} {tuple(image.shape)}")
    variant.check_size(image.shape[-1], image.shape[-2])
    out = in_range(model, image if image.ndim == 4 else image[None], variant.colors, variant.value_range)
    return out if image.ndim == 4 else out[0]


def in_range(model: nn.Module, batch: Tensor, colors: str, value_range: int) -> Tensor:
    """An RGB batch through any network that works in another range, or on luma alone; made in inference mode.

    Args:
        model: takes and gives images of its colours and range.
        batch: (N, 3, H, W), RGB in [0, 1].
        colors: ``rgb``, or ``y`` for luma (BT.601, 16..235 of 255).
        value_range: white in its input, 1 or 255.

    Returns:
        (N, 3, scale*H, scale*W), RGB in [0, 1] where the network keeps to its range.
    """
    out: Tensor
    with torch.inference_mode():
        if colors == "rgb":
            out = model(batch * value_range) / value_range
        else:
            # Colours in float32 at least: at 255 a bfloat16 step is a whole grey level.
            ycbcr = _rgb_to_ycbcr(batch.to(torch.promote_types(batch.dtype, torch.float32)))
            gain = 255.0 / value_range
            luma = model((ycbcr[:, :1] / gain).to(batch.dtype)) * gain
            chroma = F.interpolate(ycbcr[:, 1:], size=luma.shape[-2:], mode="bicubic", antialias=True)
            out = _ycbcr_to_rgb(torch.cat([luma.to(ycbcr.dtype), chroma], dim=1)).to(batch.dtype)
    return out


def _matrix(like: Tensor) -> tuple[Tensor, Tensor]:
    matrix = torch.tensor(_TO_YCBCR, dtype=torch.float64)
    return matrix.to(like.device), torch.tensor(_OFFSET, dtype=like.dtype, device=like.device).view(1, 3, 1, 1)


def _rgb_to_ycbcr(rgb: Tensor) -> Tensor:
    matrix, offset = _matrix(rgb)
    return torch.einsum("oc,nchw->nohw", matrix.to(rgb.dtype), rgb) + offset


def _ycbcr_to_rgb(ycbcr: Tensor) -> Tensor:
    matrix, offset = _matrix(ycbcr)
    return torch.einsum("oc,nchw->nohw", torch.linalg.inv(matrix).to(ycbcr.dtype), ycbcr - offset)
