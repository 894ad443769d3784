"""A natural image of any size: what two ways of running a network must agree on.

``astronaut.png`` is a part, 256x256, of NASA's portrait of Eileen Collins (S99-02812), which is in the public domain.
Noise would not do: networks are made for images, and what flat regions and edges do to short formats is not what noise
does to them.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

#: What agreement is told of.
NAME = "astronaut 256x256, mirrored to the LR size"
_FILE = Path(__file__).with_name("astronaut.png")
#: Of luma in ITU-R BT.601, for networks on luma alone.
_LUMA = (0.299, 0.587, 0.114)


def natural_image(batch: int, channels: int, height: int, width: int, *, other: bool = False) -> Tensor:
    """The image in [0, 1], mirrored on to the size.

    Args:
        batch: images, all alike.
        channels: 3 for RGB, 1 for luma.
        height: in pixels.
        width: in pixels.
        other: another picture of the size: begin at the photo's other quarter, and run from right to left.

    Returns:
        (batch, channels, height, width), float32, on the CPU; luma where there is one channel.
    """
    from PIL import Image

    with Image.open(_FILE) as file:
        pixels = np.asarray(file.convert("RGB"))
    if other:
        pixels = np.roll(pixels, [side // 2 for side in pixels.shape[:2]], axis=(0, 1))[:, ::-1]
    rows, columns = _mirrored(pixels.shape[0], height), _mirrored(pixels.shape[1], width)
    image = torch.from_numpy(pixels[rows][:, columns]).permute(2, 0, 1).to(torch.float32) / 255
    if channels == 1:
        image = (image * torch.tensor(_LUMA)[:, None, None]).sum(0, keepdim=True)
    return image.expand(batch, -1, -1, -1).contiguous()


def _mirrored(length: int, wanted: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """``0, 1, ..., n-1, n-1, ..., 1, 0, 0, 1, ...`` as far as wanted."""
    there_and_back = np.concatenate([np.arange(length), np.arange(length)[::-1]])
    return np.resize(there_and_back, wanted).astype(np.int64)
