"""What passes are given, and whether what they give is made anew each time.

A network that keeps its output and gives it again would be the fastest of all. So no two passes see the same picture,
and the last timed output is held against a fresh pass on a copy of its input.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from srbench.errors import MismatchError
from srbench.failures import failure_of

#: Two outputs of one network on one picture differ by less of their span, whatever order sums were taken in: bfloat16
#: keeps 1 in 256 of a value, and some of that adds up over layers.
_SAME = 0.05
#: Its multiples are spread over 0 to 1, and none comes twice.
_GOLDEN = 0.6180339887498949


class Pictures:
    """Two resident images that passes see in turn, each with one value that was never there before.

    Args:
        first, second: (N, C, H, W), of one shape and type, on the device.
        white: the largest value.
    """

    def __init__(self, first: Tensor, second: Tensor, white: float) -> None:
        self._images = (first, second)
        self._white = white
        self._turn = 0

    @property
    def current(self) -> Tensor:
        """What the next pass sees."""
        return self._images[self._turn % 2]

    @property
    def other(self) -> Tensor:
        """What the pass after it will see, but for one value."""
        return self._images[(self._turn + 1) % 2]

    def turn(self) -> None:
        """The other image, changed; to be called outside of the timed region."""
        self._turn += 1
        image = self.current
        share = self._turn * _GOLDEN % 1
        row, column = int(share * image.shape[2]), int(share * 7919 % 1 * image.shape[3])
        image[:, :, row, column] = self._white * share


class Watch:
    """Looks at the first output and at the last one.

    Args:
        forward: one pass on an image.
        pictures: what the timed passes see.
        check: refuses an output that is no image.
        dtype: what the network is run in.
    """

    def __init__(
        self,
        forward: Callable[[Tensor], object],
        pictures: Pictures,
        check: Callable[[object], Tensor],
        dtype: torch.dtype,
    ) -> None:
        self._forward, self._pictures, self._check, self._dtype = forward, pictures, check, dtype
        self._before = pictures.current.clone()
        self._writes = False
        self.remarks: list[str] = []

    def first(self, output: object) -> None:
        """The output of the first pass.

        Raises:
            MismatchError: it is no image.
        """
        image = self._check(output)
        if image.dtype is not self._dtype:
            self.remarks.append(f"its output is {_name(image.dtype)}, not {_name(self._dtype)}")
        self._writes = not torch.equal(self._before, self._pictures.current)
        if self._writes:
            self.remarks.append("writes into its input")
        del self._before

    def last(self, output: object) -> None:
        """The output of the last timed pass.

        Raises:
            MismatchError: it is no image, or not the one that a fresh pass on the same input gives.
        """
        image = self._check(output)
        if self._writes:
            return  # what it saw is gone
        try:
            self._hold(image.to("cpu", copy=True))
        except Exception as error:
            # It holds more than a pass does: two outputs and a copy of the input.
            if failure_of(error).status != "OOM":
                raise
            self.remarks.append("its last output was not looked at: no memory for a second one")

    def _hold(self, image: Tensor) -> None:
        """Hold an output against fresh ones."""
        seen = self._pictures.current
        fresh = self._fresh(seen)
        if not _alike(fresh, image):
            if not _alike(self._fresh(seen), fresh):
                self.remarks.append("random: two passes on one image give different outputs")
                return
            raise MismatchError("its timed passes give another output than a fresh pass on the same image")
        if torch.equal(self._fresh(self._pictures.other), image):
            raise MismatchError("gives one output for two different images: kept from another pass, or all constant")

    def _fresh(self, picture: Tensor) -> Tensor:
        """What a pass on a copy of a picture gives; copied, for a network may write over it at its next pass."""
        return self._check(self._forward(picture.clone())).to("cpu", copy=True)


def _alike(reference: Tensor, output: Tensor) -> bool:
    """Whether two outputs of one mode are one but for the order of sums, everywhere.

    A kept output may differ from a fresh one in a few places alone, where the picture was changed: so the largest
    difference counts, beside what all values span.
    """
    span, largest = 0.0, 0.0
    for one, other in zip(reference, output, strict=True):  # image by image, for memory's sake
        wide = one.to(torch.float64)
        span = max(span, float(wide.max() - wide.min()))
        largest = max(largest, float((wide - other.to(torch.float64)).abs().max()))
    return largest <= _SAME * span


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
