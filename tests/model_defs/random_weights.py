"""Random weights that reach every term of a network, where fresh ones (zero biases, unit norms) would hide errors."""

import math
from typing import TypeVar

import torch
from torch import Tensor, nn

M = TypeVar("M", bound=nn.Module)


def randomise(module: M, seed: int) -> M:
    """Fill in place, in float64, and return the module in evaluation mode.

    Kernels keep the scale of their input; biases, slopes and the affine part of norms have unit variance; running
    variances lie in 0.1..10.
    """
    generator = torch.Generator().manual_seed(seed)
    for key, tensor in module.double().state_dict().items():
        if key.endswith("running_var"):
            tensor.uniform_(0.1, 10.0, generator=generator)
        elif tensor.is_floating_point():
            fan_in = tensor[0].numel() if tensor.ndim > 1 else 1
            tensor.normal_(0.0, 1 / math.sqrt(fan_in), generator=generator)
    return module.eval()


def image(seed: int, channels: int, height: int, width: int) -> Tensor:
    """A (1, C, H, W) float64 input of zero mean and unit variance."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(1, channels, height, width, generator=generator, dtype=torch.float64)


def copy_of_state(module: nn.Module) -> dict[str, Tensor]:
    """The state as it is now: ``state_dict`` alone would follow later changes."""
    return {key: tensor.clone() for key, tensor in module.state_dict().items()}


def same_state(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    """Whether two states agree in keys, dtypes and every bit of every number."""
    return one.keys() == other.keys() and all(
        one[key].dtype == other[key].dtype and torch.equal(one[key], other[key]) for key in one
    )
