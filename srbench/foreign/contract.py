"""What a network asks of whoever runs it: sides of a multiple, and where in what it gives the image is.

Both are hooks of the network itself, so whatever runs or counts it pays for them, and its layers keep their names.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from srbench.errors import MismatchError

#: Tried in this order, where an image of the size asked for does not run.
MULTIPLES = (2, 4, 8, 16, 32, 64)


def bind(network: nn.Module, scale: int, multiple: int = 1, output: int | str | None = None) -> None:
    """Let a network take images of any size and give the upscaled image alone.

    Args:
        network: takes (N, C, H, W).
        scale: upscaling factor, by which what was padded is cut off again.
        multiple: of which both sides of its input are to be; 1 for any.
        output: which part of what it gives is the image: the place in a tuple or list, or the key of a mapping.
    """
    # Inner before outer: the image is taken out, then cut.
    if output is not None:
        network.register_forward_hook(Taking(output))
    if multiple > 1:
        padding = Padding(multiple, scale)
        network.register_forward_pre_hook(padding.before)
        network.register_forward_hook(padding.after)


class Taking:
    """Takes the image out of what a network gives."""

    def __init__(self, output: int | str) -> None:
        self.output = output

    def __call__(self, network: nn.Module, args: Any, given: Any) -> Any:
        """A forward hook.

        Raises:
            MismatchError: there is no such part.
        """
        try:
            return given[self.output]
        except (KeyError, IndexError, TypeError):
            raise MismatchError(f"the output is {kind_of(given)}, which has no part {self.output!r}") from None


class Padding:
    """Mirrors an image on to sides of a multiple, and cuts the output to size."""

    def __init__(self, multiple: int, scale: int) -> None:
        self.multiple, self.scale = multiple, scale
        self._size = (0, 0)

    def before(self, network: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """A forward pre-hook."""
        image, *rest = args
        height, width = self._size = image.shape[-2:]
        down, right = -height % self.multiple, -width % self.multiple
        if not (down or right):
            return args
        # Mirrored where there is enough to mirror.
        mode = "reflect" if down < height and right < width else "replicate"
        return (F.pad(image, (0, right, 0, down), mode=mode), *rest)

    def after(self, network: nn.Module, args: Any, given: Any) -> Any:
        """A forward hook."""
        if not isinstance(given, Tensor):
            return given
        return given[..., : self._size[0] * self.scale, : self._size[1] * self.scale]


def image_in(given: object, shape: Sequence[int]) -> int | str | None:
    """Where in what a network gives the image is; None where it is the image, or no part of it is.

    Args:
        given: by the network.
        shape: of an upscaled image.

    Raises:
        MismatchError: several parts have that shape.
    """
    parts: Mapping[Any, object] | None = None
    if isinstance(given, Mapping):
        parts = given
    elif isinstance(given, tuple | list):
        parts = dict(enumerate(given))
    if parts is None:
        return None
    fits = [key for key, part in parts.items() if isinstance(part, Tensor) and tuple(part.shape) == tuple(shape)]
    if len(fits) > 1:
        which = " or ".join(repr(key) for key in fits)
        raise MismatchError(f"the output is {kind_of(given)} with {len(fits)} images; say output = {which} in a suite")
    return fits[0] if fits and isinstance(fits[0], int | str) else None


def kind_of(given: object) -> str:
    """What a network gives, in words: ``a tuple of 2``."""
    if isinstance(given, Mapping):
        keys = ", ".join(map(str, list(given)[:4]))
        return f"a {type(given).__name__} of {keys}"
    if isinstance(given, tuple | list):
        return f"a {type(given).__name__} of {len(given)}"
    return f"a {type(given).__name__}"
