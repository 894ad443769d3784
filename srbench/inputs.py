"""What goes into a network of a case, and what must come out."""

import torch
from torch import Tensor

from srbench.cases import Case, Layout
from srbench.errors import MismatchError
from srbench.running.natural import natural_image

#: The layouts as torch has them.
MEMORY_FORMATS: dict[Layout, torch.memory_format] = {
    "contiguous": torch.contiguous_format,
    "channels_last": torch.channels_last,
}


def input_shape(case: Case) -> tuple[int, int, int, int]:
    """(N, C, H, W) of the bare network's input."""
    channels = 3 if case.model.colors == "rgb" else 1
    return case.size.batch, channels, case.size.lr_height, case.size.lr_width


def output_shape(case: Case) -> tuple[int, int, int, int]:
    """(N, C, H, W) that a network of this scale must give."""
    batch, channels, height, width = input_shape(case)
    return batch, channels, height * case.size.scale, width * case.size.scale


def make_input(case: Case, seed: int) -> Tensor:
    """A reproducible random LR batch in the network's value range, on the CPU, in the mode's dtype and layout."""
    generator = torch.Generator().manual_seed(seed)
    return _in_mode(torch.rand(input_shape(case), generator=generator), case)


def natural_input(case: Case, *, other: bool = False) -> Tensor:
    """The same of a natural image, with real edges and flat regions; ``other`` is a second picture."""
    return _in_mode(natural_image(*input_shape(case), other=other), case)


def _in_mode(image: Tensor, case: Case) -> Tensor:
    image = (image * case.model.value_range).to(getattr(torch, case.mode.dtype))
    return image.contiguous(memory_format=MEMORY_FORMATS[case.mode.layout])


def check_shape(output: object, case: Case) -> None:
    """Refuse an output that is not an image ``scale`` times the size of the input.

    Raises:
        MismatchError: what it is instead.
    """
    expected = output_shape(case)
    if not isinstance(output, Tensor):
        raise MismatchError(f"the output is a {type(output).__name__}, not a tensor")
    if tuple(output.shape) != expected:
        found, wanted = ("x".join(map(str, shape)) for shape in (output.shape, expected))
        raise MismatchError(f"the output is {found}, expected {wanted} at x{case.size.scale}")


def check_output(output: object, case: Case) -> Tensor:
    """Refuse what is no image: another shape, NaN or infinite values.

    Raises:
        MismatchError: what it is instead.
    """
    check_shape(output, case)
    assert isinstance(output, Tensor)
    if output.layout is not torch.strided:
        raise MismatchError(f"the output is a {str(output.layout).removeprefix('torch.')} tensor, not a dense one")
    if output.is_meta:
        raise MismatchError("the output is a meta tensor, which has a shape and no values")
    if any(stride == 0 and side > 1 for stride, side in zip(output.stride(), output.shape, strict=True)):
        raise MismatchError("the output is one value or line that stands for many: it is expanded, not computed")
    bad = int((~torch.isfinite(output)).sum())
    if bad:
        raise MismatchError(f"the output holds {bad} NaN or infinite values of {output.numel()}")
    return output.as_subclass(Tensor)
