"""A network with its weights, and what it makes of an 8-bit image: whole, or in overlapping tiles."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from model_defs.inference import in_range, unclamped
from srbench import models
from srbench.cases import Form, Model
from srbench.errors import MismatchError
from srbench.foreign import adapting
from srbench.foreign.adapting import Question
from srbench.quality.protocols import Image
from srbench.running.natural import natural_image

#: Of the weights that a user's network makes up: random ones, but each time the same.
SEED = 0
#: Of the picture that says what a network asks for: multiples of nothing.
_ODD_SIDES = (61, 67)
#: LR pixels that a tile sees beyond its own on each side.
OVERLAP = 32


def load(
    model: Model,
    scale: int,
    checkpoint: Path | None,
    seed: int = SEED,
    tell: Callable[[str], None] = lambda _: None,
) -> tuple[nn.Module, Form]:
    """A network with its weights in the form asked for, and the form that the checkpoint held.

    Args:
        model: the network.
        scale: upscaling factor.
        checkpoint: a file of weights; None for a user's network that brings its own.
        seed: of the weights that such a network makes up.
        tell: gets a phrase for each thing of the checkpoint that was undone.

    Raises:
        InputError: the checkpoint does not fit, or what was typed names no network.
        Exception: whatever a user's network raises.
    """
    assert model.own or checkpoint is not None, "a network of the zoo has no weights of its own"
    torch.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)
    return models.load(model, scale, checkpoint, tell)


def adapted(network: nn.Module, model: Model, scale: int) -> tuple[nn.Module, tuple[str, ...]]:
    """A network ready for images of any size, and what readers should know of that.

    A user's is brought to its multiple and folded, and its image is taken out of what it gives.

    Args:
        network: on the CPU; is changed.
        model: what is declared of it.
        scale: of the network.
    """
    if not model.own:
        return network, ()

    def picture(width: int, height: int) -> Tensor:
        channels = 3 if model.colors == "rgb" else 1
        return natural_image(1, channels, height, width) * model.value_range

    try:
        found = adapting.find(network, Question(scale, _ODD_SIDES, picture), model.contract)
    except Exception:  # noqa: BLE001 - each image says what it raises
        found = adapting.as_declared(model.contract)
    return found.apply(network, scale), found.remarks


def runner_of(network: nn.Module, model: Model) -> Callable[[Tensor], Tensor]:
    """What upscales a float RGB batch in [0, 1].

    What it gives is not clamped, and of a user's network may be anything: :func:`upscale` looks at it first.

    Args:
        network: see :func:`adapted`.
        model: its colours and range.
    """
    if not model.own:
        return lambda image: unclamped(network, image)
    if (model.colors, model.value_range) == ("rgb", 1):
        return network
    return lambda image: in_range(network, image, model.colors, model.value_range)


def upscale(run: Callable[[Tensor], Tensor], low: Image, like: Tensor, scale: int, tile: int | None = None) -> Image:
    """Upscale an image.

    Args:
        run: see :func:`runner_of`.
        low: (H, W, 3), uint8.
        like: a tensor of the device, dtype and memory format to work in.
        scale: of the network.
        tile: LR side of tiles that run one by one; None for the whole image at once.

    Returns:
        (scale*H, scale*W, 3), uint8, clamped and rounded half up.

    Raises:
        MismatchError: no float tensor, another shape, NaN or infinite values.
    """
    image = torch.from_numpy(np.ascontiguousarray(low)).to(like.device).permute(2, 0, 1)[None]
    image = image.to(like.dtype) / 255
    if like.is_contiguous(memory_format=torch.channels_last) and not like.is_contiguous():
        image = image.contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        if tile is None:
            return _to_pixels(_checked(run(image), low, scale))
        whole = np.empty((low.shape[0] * scale, low.shape[1] * scale, 3), np.uint8)
        for rows, seen_rows in _spans(low.shape[0], tile):
            for columns, seen_columns in _spans(low.shape[1], tile):
                seen = low[seen_rows, seen_columns]
                pixels = _to_pixels(_checked(run(image[..., seen_rows, seen_columns]), seen, scale))
                inner = _inner(rows, seen_rows, scale), _inner(columns, seen_columns, scale)
                whole[_times(rows, scale), _times(columns, scale)] = pixels[inner]
        return whole


def _checked(output: object, low: Image, scale: int) -> Tensor:
    expected = (1, 3, low.shape[0] * scale, low.shape[1] * scale)
    if not isinstance(output, Tensor):
        raise MismatchError(f"the output is a {type(output).__name__}, not a tensor")
    if tuple(output.shape) != expected:
        found, wanted = ("x".join(map(str, shape)) for shape in (output.shape, expected))
        raise MismatchError(f"the output is {found}, expected {wanted}")
    if not output.is_floating_point():
        raise MismatchError(f"the output is {output.dtype}, expected floats in [0, 1]")
    if bad := int((~torch.isfinite(output)).sum()):
        raise MismatchError(f"the output holds {bad} NaN or infinite values of {output.numel()}")
    return output


def _to_pixels(output: Tensor) -> Image:
    values = (output[0].float() * 255 + 0.5).floor().clamp(0, 255).to(torch.uint8)
    pixels: Image = values.permute(1, 2, 0).cpu().numpy()
    return pixels


def _spans(length: int, tile: int) -> Iterator[tuple[slice, slice]]:
    """Along an axis: what each tile fills, and what it sees."""
    for start in range(0, length, tile):
        stop = min(start + tile, length)
        yield slice(start, stop), slice(max(0, start - OVERLAP), min(length, stop + OVERLAP))


def _inner(filled: slice, seen: slice, scale: int) -> slice:
    return slice((filled.start - seen.start) * scale, (filled.stop - seen.start) * scale)


def _times(span: slice, scale: int) -> slice:
    return slice(span.start * scale, span.stop * scale)
