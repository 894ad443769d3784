"""Output shapes of the common operators on the meta device, without torch's own meta functions.

Each rule covers the plain case of its operator (floating point, usual arguments) and gives what torch would: an empty
tensor of the right shape and dtype. For anything else, errors among them, it steps aside by returning None, and torch
answers. A test holds every rule against torch.
"""

from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Any

import torch
from torch import Tensor

from srbench import private

aten = torch.ops.aten
Rule = Callable[..., Any]


def output_of(operator: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> object:
    """What an operator gives for meta tensors: by its rule where one applies, else by torch.

    Args:
        operator: of torch's dispatcher.
        args: as it is called with.
        kwargs: as it is called with.

    Raises:
        RuntimeError: (or another) as torch does for arguments that do not go together.
    """
    rule = SHAPE_RULES.get(operator)
    out = rule(*args, **kwargs) if rule is not None else None
    return operator(*args, **kwargs) if out is None else out


def _empty(like: Tensor, shape: Sequence[int], dtype: torch.dtype | None = None) -> Tensor:
    """Empty, its channels side by side in memory where those of ``like`` are (:func:`_is_nhwc`)."""
    # Not like.new_empty: on the meta device that one runs through torch's Python reference and loads all of it.
    layout = torch.channels_last if len(shape) == 4 and _is_nhwc(like) else torch.contiguous_format
    return torch.empty(shape, dtype=dtype or like.dtype, device="meta", memory_format=layout)


def _is_nhwc(x: Tensor) -> bool:
    """Whether operators take a tensor's channels to be side by side in memory, and give theirs so.

    That is what a permuted matrix product is, as a linear layer on channels gives it. It bears on copies alone.
    """
    return x.ndim == 4 and not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last)


def _convolution(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    transposed: bool,
    output_padding: Sequence[int],
    groups: int,
) -> Tensor | None:
    """The formulas in torch.nn.Conv2d and ConvTranspose2d."""
    takes, gives = weight.shape[1] * groups, weight.shape[0]
    if transposed:
        takes, gives = gives, takes
    if x.ndim != weight.ndim or x.dtype != weight.dtype:
        return None
    if x.shape[1] != takes or gives % groups:
        # torch's meta function lets some of these pass, its CPU none.
        size = "x".join(map(str, weight.shape))
        raise RuntimeError(
            f"a convolution with weight {size} takes {takes} channels, not {x.shape[1]}, in {groups} group(s)"
        )
    if bias is not None and (tuple(bias.shape) != (gives,) or bias.dtype != x.dtype):
        return None
    out = [x.shape[0], gives]
    for axis, side in enumerate(x.shape[2:]):
        # torch lets one number stand for all axes.
        s, p, d, o = (v[axis % len(v)] for v in (stride, padding, dilation, output_padding))
        reach = d * (weight.shape[2 + axis] - 1) + 1
        if s < 1 or p < 0 or d < 1:
            return None
        out.append((side - 1) * s - 2 * p + reach + o if transposed else (side + 2 * p - reach) // s + 1)
    return _empty(x, out) if min(out[2:], default=0) > 0 else None


def _same(x: Tensor, *_: object, **__: object) -> Tensor | None:
    return _empty(x, x.shape) if x.is_floating_point() else None


def _prelu(x: Tensor, weight: Tensor) -> Tensor | None:
    plain = x.is_floating_point() and x.dtype == weight.dtype and _broadcast_shape(x.shape, weight.shape) == [*x.shape]
    return _empty(x, x.shape) if plain else None


def _broadcast(x: Tensor | float, y: Tensor | float, *_: object, **__: object) -> Tensor | None:
    tensors = [t for t in (x, y) if isinstance(t, Tensor)]
    if not tensors or not all(t.is_floating_point() for t in tensors):
        return None
    shape = [*tensors[0].shape] if len(tensors) == 1 else _broadcast_shape(tensors[0].shape, tensors[1].shape)
    if shape is None:
        return None
    # The first that is as large as the result decides how it lies in memory.
    leading = next((t for t in tensors if [*t.shape] == shape), tensors[0])
    return _empty(leading, shape, torch.result_type(x, y))


def _in_place(x: Tensor, *_: object, **__: object) -> Tensor | None:
    return x if x.is_floating_point() else None


def _broadcast_in_place(x: Tensor, y: Tensor | float, *_: object, **__: object) -> Tensor | None:
    """The first one, if the second fits into it without making it larger or of another type."""
    out = _broadcast(x, y)
    return x if out is not None and out.shape == x.shape and out.dtype == x.dtype else None


def _broadcast_shape(a: Sequence[int], b: Sequence[int]) -> list[int] | None:
    # Not torch.broadcast_shapes, which loads torch's symbolic shapes at its first call.
    shape = []
    for left, right in zip_longest(reversed(a), reversed(b), fillvalue=1):
        if left != right and 1 not in (left, right):
            return None
        shape.append(right if left == 1 else left)
    return shape[::-1]


def _cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor | None:
    first = tensors[0]
    if not -first.ndim <= dim < first.ndim or any(t.ndim != first.ndim or t.dtype != first.dtype for t in tensors):
        return None
    shape, joined = list(first.shape), dim % first.ndim
    shape[joined] = sum(t.shape[joined] for t in tensors)
    if any(size != shape[axis] for t in tensors for axis, size in enumerate(t.shape) if axis != joined):
        return None
    # Parts that lie in different ways are joined in the plain one.
    plain = next((t for t in tensors if not _is_nhwc(t)), first)
    return _empty(plain, shape)


def _mean(x: Tensor, dim: Sequence[int] | None, keepdim: bool = False, **kwargs: object) -> Tensor | None:
    if kwargs or not dim or not x.is_floating_point() or not all(-x.ndim <= d < x.ndim for d in dim):
        return None
    reduced = {d % x.ndim for d in dim}
    if len(reduced) < len(dim):
        return None
    kept = [(1 if axis in reduced else size) for axis, size in enumerate(x.shape) if keepdim or axis not in reduced]
    return _empty(x, kept)


def _pad(x: Tensor, pad: Sequence[int], value: float = 0.0) -> Tensor | None:
    if len(pad) % 2 or len(pad) > 2 * x.ndim:
        return None
    shape = list(x.shape)
    for i in range(len(pad) // 2):
        shape[-1 - i] += pad[2 * i] + pad[2 * i + 1]
    return _empty(x, shape) if min(shape) > 0 else None


def _resized(x: Tensor, output_size: Sequence[int], *_: object) -> Tensor | None:
    plain = x.ndim == 4 and len(output_size) == 2 and min(*output_size, *x.shape) > 0 and x.is_floating_point()
    return _empty(x, [*x.shape[:2], *output_size]) if plain else None


def _pixel_shuffle(x: Tensor, factor: int) -> Tensor | None:
    if x.ndim < 3 or factor < 1 or x.shape[-3] % factor**2:
        return None
    *batch, channels, height, width = x.shape
    return _empty(x, [*batch, channels // factor**2, height * factor, width * factor])


def _mm(a: Tensor, b: Tensor) -> Tensor | None:
    plain = a.ndim == b.ndim == 2 and a.shape[1] == b.shape[0] and a.dtype == b.dtype and a.is_floating_point()
    return _empty(a, [a.shape[0], b.shape[1]]) if plain else None


def _addmm(bias: Tensor, a: Tensor, b: Tensor, **kwargs: object) -> Tensor | None:
    product = _mm(a, b)
    if product is None or kwargs or bias.dtype != product.dtype:
        return None
    return product if _broadcast_shape(bias.shape, product.shape) == [*product.shape] else None


def _max_pool(
    x: Tensor,
    kernel: Sequence[int],
    stride: Sequence[int] = (),
    padding: Sequence[int] = (0,),
    dilation: Sequence[int] = (1,),
    ceil_mode: bool = False,
) -> tuple[Tensor, Tensor] | None:
    if ceil_mode or x.ndim not in (3, 4) or not x.is_floating_point():
        return None
    sides = []
    for axis, side in enumerate(x.shape[-2:]):
        k, p, d = (v[axis % len(v)] for v in (kernel, padding, dilation))
        s = stride[axis % len(stride)] if stride else k
        if s < 1 or not 0 <= 2 * p <= k:
            return None
        sides.append((side + 2 * p - d * (k - 1) - 1) // s + 1)
    shape = [*x.shape[:-2], *sides]
    return (_empty(x, shape), torch.empty(shape, dtype=torch.int64, device="meta")) if min(shape) > 0 else None


def _batch_norm(
    x: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    mean: Tensor | None,
    var: Tensor | None,
    training: bool,
    *_: object,
) -> tuple[Tensor, Tensor, Tensor] | None:
    parts = [t for t in (weight, bias, mean, var) if t is not None]
    if training or mean is None or var is None or any(tuple(t.shape) != (x.shape[1],) for t in parts):
        return None
    # The CPU gives no statistics of the batch in evaluation mode; torch's meta function does.
    return _empty(x, x.shape), _empty(x, [0]), _empty(x, [0])


SHAPE_RULES: dict[object, Rule] = {
    aten.convolution.default: _convolution,
    **dict.fromkeys(
        (
            aten.relu.default,
            aten.leaky_relu.default,
            aten.gelu.default,
            aten.silu.default,
            aten.sigmoid.default,
            aten.hardtanh.default,
            aten.sqrt.default,
            aten.pow.Tensor_Scalar,
        ),
        _same,
    ),
    **dict.fromkeys(
        (
            aten.relu_.default,
            aten.leaky_relu_.default,
            aten.silu_.default,
            aten.sigmoid_.default,
            aten.hardtanh_.default,
        ),
        _in_place,
    ),
    **dict.fromkeys((aten.add_.Tensor, aten.sub_.Tensor, aten.mul_.Tensor), _broadcast_in_place),
    **({} if (prelu := private.prelu_kernel()) is None else {prelu: _prelu}),
    **dict.fromkeys((aten.add.Tensor, aten.sub.Tensor, aten.mul.Tensor), _broadcast),
    aten.cat.default: _cat,
    aten.mean.dim: _mean,
    aten.constant_pad_nd.default: _pad,
    aten.upsample_bilinear2d.default: _resized,
    aten.upsample_nearest2d.default: _resized,
    aten.pixel_shuffle.default: _pixel_shuffle,
    aten.max_pool2d_with_indices.default: _max_pool,
    aten.native_batch_norm.default: _batch_norm,
    aten.mm.default: _mm,
    aten.addmm.default: _addmm,
}
