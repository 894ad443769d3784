"""Multi-Adds of convolutions and matrix products, from the shapes that torch's operators get."""

from collections.abc import Callable, Mapping
from math import prod
from typing import Any, TypeVar

import torch
from torch import Tensor

aten = torch.ops.aten
#: torchvision's, whatever its overload.
DEFORMABLE = "torchvision::deform_conv2d"
#: From an operator's arguments to its multiply-adds, for all images of a batch.
Formula = Callable[..., int]
_V = TypeVar("_V")


def convolution(x: Tensor, weight: Tensor, out: Tensor, *, transposed: bool) -> int:
    """Each weight meets every pixel of the output once; of the input where the convolution is transposed.

    Args:
        x: (N, C, ...).
        weight: as torch has it.
        out: (N, C, ...).
        transposed: whether it scatters in place of gathering.
    """
    return weight.numel() * prod((x if transposed else out).shape[2:]) * out.shape[0] * _parts(weight)


def deformable(x: Tensor, weight: Tensor, out: Tensor) -> int:
    """Of torchvision's deform_conv2d: a convolution's; where it looks is resizing, which is free.

    Args:
        x: (N, C, H, W).
        weight: (C out, C in a group, H, W).
        out: (N, C, H, W).
    """
    return convolution(x, weight, out, transposed=False)


def _parts(x: Tensor) -> int:
    """A product of complex numbers is four of real ones."""
    return 4 if x.is_complex() else 1


def _mm(a: Tensor, b: Tensor, *_: object, **__: object) -> int:
    return a.numel() * b.shape[-1] * _parts(a)


def _mv(a: Tensor, *_: object, **__: object) -> int:
    return a.numel() * _parts(a)


def _addmv(_: Tensor, a: Tensor, *__: object, **___: object) -> int:
    return a.numel() * _parts(a)


def _addmm(_: Tensor, a: Tensor, b: Tensor, *__: object, **___: object) -> int:
    return _mm(a, b)


def _addr(_: Tensor, a: Tensor, b: Tensor, *__: object, **___: object) -> int:
    return a.numel() * b.numel() * _parts(a)


def _attention(query: Tensor, key: Tensor, value: Tensor, *_: object, **__: object) -> int:
    """Two products: queries with keys, and what comes of it with values."""
    return query.numel() // query.shape[-1] * key.shape[-2] * (query.shape[-1] + value.shape[-1])


def by_operator(named: Mapping[str, _V]) -> dict[Any, _V]:
    """What stands by the names of torch's own operators, by operator; those that this torch lacks are left out."""
    return {packet: value for name, value in named.items() if (packet := getattr(aten, name, None)) is not None}


#: What everything else (linear, matmul, einsum, attention) decomposes into.
PRODUCTS: dict[Any, Formula] = by_operator(
    {
        "mm": _mm,
        "bmm": _mm,
        "addmm": _addmm,
        "baddbmm": _addmm,
        "addbmm": _addmm,
        "_addmm_activation": _addmm,
        "_int_mm": _mm,
        "mv": _mv,
        "dot": _mv,
        "vdot": _mv,
        "addmv": _addmv,
        "addr": _addr,
    }
)
#: Attention in one piece, as torch runs it where there are values; from shapes alone it is two products.
ATTENTION: dict[Any, Formula] = by_operator(
    dict.fromkeys(
        (
            "_scaled_dot_product_flash_attention_for_cpu",
            "_scaled_dot_product_flash_attention",
            "_scaled_dot_product_efficient_attention",
            "_scaled_dot_product_cudnn_attention",
            "_scaled_dot_product_fused_attention_overrideable",
        ),
        _attention,
    )
)
#: What torch takes apart into these, as people know it.
_COMPOSED = """
conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d convolution _convolution linear matmul einsum
scaled_dot_product_attention
"""


def counts(name: str) -> bool:
    """Whether srbench counts an operator by itself, by namespace and name."""
    namespace, _, plain = name.partition("::")
    if namespace != "aten":
        return name == DEFORMABLE
    return plain in _COMPOSED.split() or getattr(aten, plain, None) in (*PRODUCTS, *ATTENTION)
