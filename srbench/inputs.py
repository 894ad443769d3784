"""What goes into a network of a case, and the shape of what must come out."""

import torch

from srbench.cases import Case


def input_shape(case: Case) -> tuple[int, int, int, int]:
    """(N, C, H, W) of the bare network's input."""
    channels = 3 if case.model.colors == "rgb" else 1
    return case.size.batch, channels, case.size.lr_height, case.size.lr_width


def output_shape(case: Case) -> tuple[int, int, int, int]:
    """(N, C, H, W) that a network of this scale must give."""
    batch, channels, height, width = input_shape(case)
    return batch, channels, height * case.size.scale, width * case.size.scale


def make_input(case: Case, seed: int) -> torch.Tensor:
    """A reproducible random LR batch in the network's value range, on the CPU, in the mode's dtype."""
    generator = torch.Generator().manual_seed(seed)
    image = torch.rand(input_shape(case), generator=generator)
    return (image * case.model.value_range).to(getattr(torch, case.mode.dtype))
