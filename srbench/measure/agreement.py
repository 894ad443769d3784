"""How near two outputs of one network are: that of eager float32, and that of the mode which is to be timed."""

import math

import numpy as np
import torch
from torch import Tensor

from srbench.agreements import Agreement
from srbench.cases import Dtype

#: Below this a mode is taken for broken. Rounding alone stays above by far: with random weights and with official
#: checkpoints alike, the seven reach 100 dB and more in float32, 55 dB in float16 and 40 dB in bfloat16
#: (docs/method/measuring.md).
FLOOR_DB: dict[Dtype, float] = {"float32": 60.0, "float16": 40.0, "bfloat16": 30.0}


def floor_of(dtype: Dtype, device: str) -> float:
    """The floor of a mode on a device, in dB.

    On a GPU torch's convolutions round the factors of float32 to TF32 unless they are told not to: the 10 bits behind
    the point that float16 has, so that its floor holds for whatever is compared with them.
    """
    return FLOOR_DB["float16" if dtype == "float32" and device.startswith("cuda") else dtype]


#: Share of values at either end that the span leaves out.
_OUT = 0.0005


def agreement(
    reference: Tensor, output: Tensor, floor_db: float, image: str, versions: dict[str, str], build_ns: int | None
) -> Agreement:
    """Compare two outputs of one shape.

    The peak of the PSNR is what the reference spans, but for one value in 2000 at either end: about white for
    trained weights on a natural image, and what it takes for random weights, whose outputs may be of any size. A few
    values far out would otherwise hide that all others are wrong.

    Args:
        reference: of eager float32.
        output: of the mode, finite.
        floor_db: below which the mode is taken for broken (:func:`floor_of`).
        image: name of what both ran on.
        versions: of what ran the mode.
        build_ns: what its engine took to build.
    """
    wide = reference.detach().to("cpu", torch.float64)
    difference = output.detach().to("cpu", torch.float64) - wide
    low = float(np.quantile(wide.numpy(), _OUT, method="lower"))
    high = float(np.quantile(wide.numpy(), 1 - _OUT, method="higher"))
    span = high - low or float(wide.max() - wide.min())
    error = float(difference.square().mean())
    largest = float(difference.abs().max()) / span if span else float(difference.abs().max() > 0)
    psnr = None if error == 0 else 10 * math.log10(span**2 / error) if span else 0.0
    return Agreement(
        psnr_db=psnr, largest=largest, floor_db=floor_db, image=image, versions=versions, build_ns=build_ns
    )
