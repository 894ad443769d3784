"""Output shapes of the common operators on the meta device.

Each rule gives what torch's own meta function would: an empty tensor of the right shape and dtype. A test holds every
rule against torch's answer. Operators without a rule go to torch.
"""

from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Any

import torch
from torch import Tensor

aten = torch.ops.aten
Rule = Callable[..., Any]


def conv_output(
    x: Sequence[int],
    weight: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    transposed: bool,
    output_padding: Sequence[int],
    groups: int,
) -> list[int]:
    """(N, C_out, *spatial) of a convolution, by the formulas in torch.nn.Conv2d and ConvTranspose2d.

    Raises:
        RuntimeError: channels that do not match, or a kernel larger than the padded input; as torch does.
    """
    expected = weight[0] if transposed else weight[1] * groups
    if x[1] != expected:
        raise RuntimeError(f"a convolution with weight {_size(weight)} takes {expected} channels, not {x[1]}")
    out = [x[0], weight[1] * groups if transposed else weight[0]]
    for axis, side in enumerate(x[2:]):
        # torch lets one number stand for all axes.
        s, p, d, o = (v[axis % len(v)] for v in (stride, padding, dilation, output_padding))
        reach = d * (weight[2 + axis] - 1) + 1
        size = (side - 1) * s - 2 * p + reach + o if transposed else (side + 2 * p - reach) // s + 1
        if size < 1:
            raise RuntimeError(f"a {_size(weight[2:])} kernel does not fit into an input of {_size(x[2:])}")
        out.append(size)
    return out


def _size(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))


def _empty(like: Tensor, shape: Sequence[int]) -> Tensor:
    # Not like.new_empty: on the meta device that one runs through torch's Python reference and loads all of it.
    return torch.empty(shape, dtype=like.dtype, device="meta")


def _same(x: Tensor, *_: object, **__: object) -> Tensor:
    return _empty(x, x.shape)


def _broadcast(x: Tensor | float, y: Tensor | float, *_: object, **__: object) -> Tensor:
    if isinstance(x, Tensor) and isinstance(y, Tensor):
        shape = x.shape if x.shape == y.shape else _broadcast_shape(x.shape, y.shape)
        return torch.empty(shape, dtype=torch.result_type(x, y), device="meta")
    tensor = x if isinstance(x, Tensor) else y
    assert isinstance(tensor, Tensor)
    return torch.empty(tensor.shape, dtype=torch.result_type(x, y), device="meta")


def _broadcast_shape(a: Sequence[int], b: Sequence[int]) -> list[int]:
    # Not torch.broadcast_shapes, which loads torch's symbolic shapes at its first call.
    shape = []
    for left, right in zip_longest(reversed(a), reversed(b), fillvalue=1):
        if left != right and 1 not in (left, right):
            raise RuntimeError(f"shapes {_size(a)} and {_size(b)} do not go together")
        shape.append(right if left == 1 else left)
    return shape[::-1]


def _cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    first = tensors[0]
    shape = list(first.shape)
    if any(t.ndim != first.ndim or t.dtype != first.dtype for t in tensors):
        out: Tensor = aten.cat.default(tensors, dim)
        return out
    shape[dim] = sum(t.shape[dim] for t in tensors)
    if any(size != shape[axis] for t in tensors for axis, size in enumerate(t.shape) if axis != dim % first.ndim):
        raise RuntimeError(f"cannot join tensors of shapes {[tuple(t.shape) for t in tensors]} along axis {dim}")
    return _empty(first, shape)


def _mean(x: Tensor, dim: Sequence[int] | None, keepdim: bool = False, **kwargs: object) -> Tensor:
    if kwargs or not dim:
        out: Tensor = aten.mean.dim(x, dim, keepdim, **kwargs)
        return out
    reduced = {d % x.ndim for d in dim}
    kept = [(1 if axis in reduced else size) for axis, size in enumerate(x.shape) if keepdim or axis not in reduced]
    return _empty(x, kept)


def _pad(x: Tensor, pad: Sequence[int], value: float = 0.0) -> Tensor:
    shape = list(x.shape)
    for i in range(len(pad) // 2):
        shape[-1 - i] += pad[2 * i] + pad[2 * i + 1]
    return _empty(x, shape)


def _resized(x: Tensor, output_size: Sequence[int], *_: object) -> Tensor:
    return _empty(x, [*x.shape[:2], *output_size])


def _pixel_shuffle(x: Tensor, factor: int) -> Tensor:
    *batch, channels, height, width = x.shape
    if channels % factor**2:
        raise RuntimeError(f"pixel shuffle by {factor} needs channels divisible by {factor**2}, not {channels}")
    return _empty(x, [*batch, channels // factor**2, height * factor, width * factor])


def _mm(a: Tensor, b: Tensor) -> Tensor:
    if a.shape[-1] != b.shape[-2]:
        raise RuntimeError(f"cannot multiply {_size(a.shape)} and {_size(b.shape)} matrices")
    return _empty(a, [*a.shape[:-1], b.shape[-1]])


def _addmm(bias: Tensor, a: Tensor, b: Tensor, **_: object) -> Tensor:
    return _mm(a, b)


def _max_pool(
    x: Tensor,
    kernel: Sequence[int],
    stride: Sequence[int] = (),
    padding: Sequence[int] = (0,),
    dilation: Sequence[int] = (1,),
    ceil_mode: bool = False,
) -> tuple[Tensor, Tensor]:
    if ceil_mode:
        pooled: tuple[Tensor, Tensor] = aten.max_pool2d_with_indices.default(
            x, kernel, stride, padding, dilation, ceil_mode
        )
        return pooled
    sides = []
    for axis, side in enumerate(x.shape[-2:]):
        k, p, d = (v[axis % len(v)] for v in (kernel, padding, dilation))
        s = stride[axis % len(stride)] if stride else k
        sides.append((side + 2 * p - d * (k - 1) - 1) // s + 1)
    if min(sides) < 1:
        raise RuntimeError(f"a {_size(kernel)} pooling does not fit into an input of {_size(x.shape[-2:])}")
    shape = [*x.shape[:-2], *sides]
    return _empty(x, shape), torch.empty(shape, dtype=torch.int64, device="meta")


def _batch_norm(x: Tensor, *_: object) -> tuple[Tensor, Tensor, Tensor]:
    return _empty(x, x.shape), _empty(x, [0]), _empty(x, [0])


SHAPE_RULES: dict[object, Rule] = {
    **dict.fromkeys(
        (
            aten.relu.default,
            aten.leaky_relu.default,
            aten.gelu.default,
            aten.silu.default,
            aten.sigmoid.default,
            aten.hardtanh.default,
            aten.sqrt.default,
            aten._prelu_kernel.default,
            aten.pow.Tensor_Scalar,
        ),
        _same,
    ),
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
