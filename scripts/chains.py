"""Two networks that differ by one block in ten, for scripts/bench_aa.py: chains of equal 3x3 convolutions.

Head and tail cost as much as another 1.06 blocks at x4, so 10 blocks against 9 are 11.06 / 10.06 = 1.099 of the work.
"""

from torch import Tensor, nn

WIDTH = 48


class Nine(nn.Module):
    """Head, blocks, tail, pixel shuffle."""

    blocks = 9

    def __init__(self, scale: int) -> None:
        super().__init__()
        middle = (nn.Conv2d(WIDTH, WIDTH, 3, padding=1) for _ in range(self.blocks))
        head, tail = nn.Conv2d(3, WIDTH, 3, padding=1), nn.Conv2d(WIDTH, 3 * scale**2, 3, padding=1)
        self.body = nn.Sequential(head, *middle, tail, nn.PixelShuffle(scale))

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, 3, scale*H, scale*W)."""
        out: Tensor = self.body(x)
        return out


class Ten(Nine):
    """One block more."""

    blocks = 10
