"""Memory that a convolution needs on a CPU beside its input and weights, by rules instead of by running it.

PyTorch gives a float32 convolution to oneDNN, which works on layouts of its own: channels in blocks of 16 (AVX-512)
or 8 (AVX2), the last block padded. So the plain input and the weights are copied into such blocks, the result arrives
in blocks, and is copied back into a plain tensor once the input's copy is gone. Small convolutions, and single-threaded
1x1 ones, stay with PyTorch itself, which unfolds the input: a value for each pixel and each place in the kernel.

The rules restate what ``ONEDNN_VERBOSE=1`` and the allocations in ``torch.profiler`` show with torch 2.13 and oneDNN
3.12 on AVX-512 and AVX2; a test holds them against such allocations, and docs/method/measuring.md has whole networks.
Of transposed convolutions with a stride no rule fits all: 15 % too low to 40 % too high. Not covered: the scratch pad
of a 1x1 convolution with a stride, dilated and 9x9 ones where AVX2 unfolds the input, what bfloat16 needs besides, and
the buffers of matrix products.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import prod

import torch
from torch import Tensor

from srbench import private

#: Channels in a block, by the vector instructions that torch finds. Other processors get unpadded layouts (assumed).
BLOCKS = {"AVX512": 16, "AVX2": 8}
#: PyTorch keeps smaller inputs to itself (ConvParams::use_mkldnn in ATen/native/Convolution.cpp) ...
ONEDNN_MIN_ELEMENTS = 20480
#: ... unless both sides of the kernel are larger than this, or there are groups, or several images.
SMALL_KERNEL = 3
#: Enough images for a 1x1 convolution to go to oneDNN on one thread.
MANY_IMAGES = 16


@dataclass(frozen=True)
class Cpu:
    """What decides how a CPU convolves.

    Attributes:
        block: channels in a block of oneDNN's layouts; 1 pads nothing.
        threads: one, or more.
        dtypes: what oneDNN convolves here; empty where torch is built without it.
    """

    block: int
    threads: int
    dtypes: frozenset[torch.dtype]


@cache
def this_cpu(threads: int | None = None) -> Cpu:
    """The processor that runs this. ``threads`` None is taken as several."""
    return Cpu(BLOCKS.get(torch.backends.cpu.get_cpu_capability(), 1), threads or 2, _onednn_dtypes())


def _onednn_dtypes() -> frozenset[torch.dtype]:
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return frozenset()
    return frozenset((torch.float32, *filter(private.onednn_takes, (torch.bfloat16, torch.float16))))


def convolution_bytes(
    cpu: Cpu,
    x: Tensor,
    weight: Tensor,
    out: Tensor,
    *,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    transposed: bool,
    groups: int,
) -> int:
    """Most bytes that a convolution holds at once beside ``x`` and ``weight``, its output included.

    Args:
        cpu: where it runs.
        x: (N, C, ...).
        weight: (out, in / groups, ...), or (in, out / groups, ...) if transposed.
        out: (N, C', ...).
        stride: in pixels, by axis.
        padding: in pixels, by axis.
        dilation: in pixels, by axis.
        transposed: whether it is a transposed convolution.
        groups: of channels.
    """
    strided = any(s != 1 for s in stride)
    dilated = any(d != 1 for d in dilation)
    if _is_for_onednn(cpu, x, weight, groups, eased=strided or dilated):
        return _by_onednn(cpu.block, x, weight, out, groups, transposed=transposed, strided=strided)
    in_place = not (transposed or strided or dilated or any(padding)) and prod(weight.shape[2:]) == 1
    return _by_torch(x, weight, out, groups, transposed=transposed, dilated=dilated, in_place=in_place)


def _is_for_onednn(cpu: Cpu, x: Tensor, weight: Tensor, groups: int, *, eased: bool) -> bool:
    """As ``ConvParams::use_mkldnn`` decides for images; volumes are taken to stay with torch."""
    if x.dtype not in cpu.dtypes or x.ndim > 4:
        return False
    if x.dtype is not torch.float32:
        return True
    kernel = weight.shape[2:]
    parallel = cpu.threads > 1 or eased or x.shape[0] >= MANY_IMAGES or any(side != 1 for side in kernel)
    large = x.numel() > ONEDNN_MIN_ELEMENTS or x.shape[0] > 1 or groups > 1 or min(kernel) > SMALL_KERNEL
    return parallel and large


def _by_onednn(
    block: int, x: Tensor, weight: Tensor, out: Tensor, groups: int, *, transposed: bool, strided: bool
) -> int:
    """Blocked input, blocked weights and blocked output; then blocked output and plain output."""
    size = x.element_size()
    plain_out = out.numel() * size
    # A part of a larger tensor is made contiguous first, and that copy lives until the end.
    nhwc = not x.is_contiguous() and x.ndim == 4 and x.is_contiguous(memory_format=torch.channels_last)
    contiguous = 0 if nhwc or x.is_contiguous() else x.numel() * size
    if nhwc and not transposed:
        return plain_out  # oneDNN takes that layout, and the output has it too
    if transposed and strided:
        # Layout and scratch pad differ from case to case; this is about the most that was seen.
        return contiguous + max(3 * x.numel() * size + 2 * plain_out, 3 * plain_out)

    takes, gives = x.shape[1], out.shape[1]
    depthwise = groups == takes == gives and groups > 1
    # Groups of several channels come in blocks of 16, 8 or 4 that fit, hence unpadded, or are not copied at all.
    block = 1 if groups > 1 and not depthwise else block
    pointwise = prod(weight.shape[2:]) == 1
    # Fewer channels than a block are read in place, except by 1x1 and depthwise convolutions.
    reads_plain = not pointwise and groups == 1 and takes < block and not transposed
    blocked_in = 0 if reads_plain else _padded(takes, block) * (x.numel() // takes) * size
    blocked_out = _padded(gives, block) * (out.numel() // gives) * size
    inputs = weight.shape[1] if reads_plain or groups > 1 else _padded(takes, block)
    weights = _padded(gives, block) * inputs * prod(weight.shape[2:]) * size
    scratch = blocked_out if transposed else 0
    return contiguous + blocked_out + max(scratch + blocked_in + weights, plain_out)


def _by_torch(
    x: Tensor, weight: Tensor, out: Tensor, groups: int, *, transposed: bool, dilated: bool, in_place: bool
) -> int:
    """The unfolded input beside the output; for groups one after the other, then joined: the output twice."""
    contiguous = 0 if x.is_contiguous() else x.numel()
    # Transposed and dilated ones unfold one image after the other.
    images = 1 if transposed or dilated else x.shape[0]
    if transposed:
        pixels, channels = prod(x.shape[2:]), out.shape[1] // groups
    else:
        pixels, channels = prod(out.shape[2:]), x.shape[1] // groups
    unfolded = 0 if in_place else images * channels * prod(weight.shape[2:]) * pixels
    joined = out.numel() if groups > 1 else 0
    return (contiguous + max(unfolded, joined) + out.numel()) * x.element_size()


def _padded(channels: int, block: int) -> int:
    return -(-channels // block) * block
