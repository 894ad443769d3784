"""Static counts from shapes alone: one forward pass on the meta device, without arithmetic.

The counter sits at the dispatcher, below modules and functions alike, so a functional convolution counts as much as
``nn.Conv2d``. Multi-Adds are convolutions and matrix products, bias-free; activations are the output elements of
convolutions (the "activations" of the NTIRE challenges); what else a network does is not counted, never hidden in
these numbers (see ``facts`` in the README on what other counters add).

Shapes of the common operators are worked out here (:mod:`srbench.measure.shapes`); torch's own meta functions load
a second's worth of modules at their first call and take about 100 µs for each after it.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from srbench import private
from srbench.measure.copies import Cpu, convolution_bytes, this_cpu
from srbench.measure.liveness import Liveness
from srbench.measure.shapes import SHAPE_RULES, output_of
from srbench.records import Complexity, Layer

aten = torch.ops.aten


def count(
    model: nn.Module,
    input_shape: Sequence[int],
    dtype: torch.dtype = torch.float32,
    cpu: Cpu | None = None,
) -> tuple[Complexity, object]:
    """Count a model on the meta device.

    Args:
        model: its parameters must be on the meta device; evaluation mode is the caller's choice.
        input_shape: (N, C, H, W). Multi-Adds and activations are stated for one image of the batch.
        dtype: of the input; bears on the predicted memory only.
        cpu: where ``cpu_peak_bytes`` is predicted for. [default: this machine's, with several threads]

    Returns:
        The counts, and what the model gave (a meta tensor, where it is a network that gives one).

    Raises:
        LackingInterfaceError: the installed torch does not show its operators.
        RuntimeError: whatever the model raises for such an input.
    """
    image = torch.empty(*input_shape, dtype=dtype, device="meta")
    counter = _Counter(model, image, cpu or this_cpu())
    with torch.no_grad(), counter.watching_modules(), private.every_operator(counter.see, _is_whole):
        output = model(image)
    batch = input_shape[0]
    weights = sum(t.numel() * t.element_size() for t in (*model.parameters(), *model.buffers()))
    input_bytes = image.numel() * image.element_size()
    counts = Complexity(
        params=sum(p.numel() for p in model.parameters()),
        multi_adds=sum(layer.multi_adds for layer in counter.layers) // batch,
        activations=sum(layer.activations for layer in counter.layers) // batch,
        convs=sum(layer.operator.startswith("conv") for layer in counter.layers),
        weights_bytes=weights,
        input_bytes=input_bytes,
        peak_bytes=weights + input_bytes + counter.liveness.peak_bytes,
        cpu_peak_bytes=weights + input_bytes + counter.liveness.peak_with_copies_bytes,
        layers=tuple(counter.layers),
    )
    return counts, output


class _Counter:
    """Sees every operator of a forward pass: counts it, and follows which tensors are alive."""

    def __init__(self, model: nn.Module, image: Tensor, cpu: Cpu) -> None:
        self.layers: list[Layer] = []
        self.liveness = Liveness((image, *model.parameters(), *model.buffers()))
        self._cpu = cpu
        self._names = {id(module): name for name, module in model.named_modules()}
        self._stack: list[nn.Module] = []
        self._seen: set[int] = set()

    @contextmanager
    def watching_modules(self) -> Iterator[None]:
        """Know which module runs, for the names of layers."""
        enter = register_module_forward_pre_hook(lambda module, _: self._stack.append(module))
        leave = register_module_forward_hook(lambda *_: _drop(self._stack), always_call=True)
        try:
            yield
        finally:
            enter.remove()
            leave.remove()

    def see(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> object:
        """An operator is called: what it gives."""
        packet = func.overloadpacket
        out = output_of(func, args, kwargs)
        if packet is aten.convolution:
            self._convolution(cast(Tensor, out), *args)
        elif packet in _FORMULAS:
            self._matrix_product(_FORMULAS[packet], args, out)
        self.liveness.follow(out)
        return out

    def _convolution(self, out: Tensor, x: Tensor, weight: Tensor, *rest: Any) -> None:
        _, stride, padding, dilation, transposed, _, groups = rest
        self.liveness.during(
            convolution_bytes(
                self._cpu,
                x,
                weight,
                out,
                stride=stride,
                padding=padding,
                dilation=dilation,
                transposed=transposed,
                groups=groups,
            )
        )
        # Each weight meets every pixel of the output once; of the input where the convolution is transposed.
        pixels = prod(x.shape[2:]) if transposed else prod(out.shape[2:])
        multi_adds = weight.numel() * pixels * out.shape[0]
        name, params = self._who()
        kernel = "x".join(map(str, weight.shape[2:]))
        kind = " depthwise" if groups > 1 and groups == x.shape[1] else f" {groups} groups" if groups > 1 else ""
        self.layers.append(
            Layer(
                name=name,
                operator=f"conv {kernel}{kind}{' transposed' if transposed else ''}",
                in_shape=tuple(x.shape[1:]),
                out_shape=tuple(out.shape[1:]),
                params=params,
                multi_adds=multi_adds,
                activations=out.numel(),
            )
        )

    def _matrix_product(self, formula: Callable[..., int], args: tuple[Any, ...], out: object) -> None:
        name, params = self._who()
        shapes = [tuple(a.shape) for a in args if isinstance(a, Tensor) and a.ndim > 1]
        self.layers.append(
            Layer(
                name=name,
                operator="matmul",
                in_shape=shapes[0],
                out_shape=tuple(out.shape) if isinstance(out, Tensor) else (),
                params=params,
                multi_adds=formula(*args),
                activations=0,
            )
        )

    def _who(self) -> tuple[str, int]:
        """Path of the running module, and its own parameters if this is its first layer."""
        if not self._stack:
            return "", 0
        module = self._stack[-1]
        first = id(module) not in self._seen
        self._seen.add(id(module))
        own = sum(p.numel() for p in module.parameters(recurse=False)) if first else 0
        return self._names.get(id(module), type(module).__name__), own


def _drop(stack: list[nn.Module]) -> None:
    stack.pop()


def _is_whole(func: Any) -> bool:
    """Whether an operator is counted as it is; linear, matmul, einsum and attention consist of others."""
    return func in SHAPE_RULES or func.overloadpacket in _FORMULAS


def _mm(a: Tensor, b: Tensor, *_: object) -> int:
    return a.numel() * b.shape[-1]


def _mv(a: Tensor, _: Tensor) -> int:
    return a.numel()


def _addmv(_: Tensor, a: Tensor, __: Tensor, *___: object) -> int:
    return a.numel()


def _addmm(_: Tensor, a: Tensor, b: Tensor, *__: object) -> int:
    return a.numel() * b.shape[-1]


#: Multi-Adds of the matrix products that everything else (linear, matmul, einsum, attention) decomposes into.
_FORMULAS: dict[object, Callable[..., int]] = {
    aten.mm: _mm,
    aten.bmm: _mm,
    aten.addmm: _addmm,
    aten.baddbmm: _addmm,
    aten.mv: _mv,
    aten.dot: _mv,
    aten.addmv: _addmv,
}


def abbreviated(name: str) -> str:
    """A module path with its block numbers left out: ``B3.esa.conv1`` -> ``B*.esa.conv1``, ``body.0`` -> ``body.*``."""
    *blocks, last = name.split(".")
    return ".".join([*(re.sub(r"\d+$", "*", block) for block in blocks), "*" if last.isdecimal() else last])
