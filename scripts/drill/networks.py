"""Networks for the drill alone: one that takes all the memory there is."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

#: Of one block that :class:`Hungry` takes.
BLOCK_BYTES = 256 * 2**20


class Hungry(nn.Module):
    """Takes block after block until there is no more; counted from shapes it takes one."""

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, 3, scale*H, scale*W), where it ever ends."""
        blocks = [torch.empty(BLOCK_BYTES, dtype=torch.uint8, device=x.device)]
        while x.device.type != "meta":
            blocks.append(torch.empty(BLOCK_BYTES, dtype=torch.uint8, device=x.device))
        return F.interpolate(x * self.weight, scale_factor=self.scale)
