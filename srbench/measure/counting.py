"""What a forward pass costs, seen operator by operator."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from srbench import private
from srbench.counts import Layer, Uncounted
from srbench.measure import operators, products, rules
from srbench.measure.copies import Cpu, convolution_bytes
from srbench.measure.liveness import (
    COPY,
    IMAGE,
    MADE,
    PARAMETER,
    PATCHES,
    PRODUCT,
    UNREAD,
    WEIGHTS,
    Liveness,
    storage_of,
)
from srbench.measure.shapes import SHAPE_RULES, output_of

aten = torch.ops.aten

Arguments = tuple[Any, ...]
#: What is done about an operator: with its arguments, those with a name, what it gives, and what it was made of.
Way = Callable[[Any, Arguments, dict[str, Any], object, int], None]

#: Copies of a tensor, its elements in another order or dtype at most: what it was it still is.
_COPIES = products.by_operator(dict.fromkeys(("clone", "_to_copy", "_unsafe_view"), ""))
#: Their shapes hang on values where they are given a mask.
_INDEXED = products.by_operator(dict.fromkeys(("index", "_unsafe_index"), ""))
#: The second is what traced networks call.
_CONVOLUTIONS = products.by_operator(dict.fromkeys(("convolution", "_convolution"), ""))
#: Elements of a constant that somebody typed; more of them are a result, or data.
_MOST_TYPED = 256
#: What made a tensor that no operator of torch gave.
OUTSIDE = "code outside of torch"
#: Most arguments of an operator are no tensors: to see so at once is a twentieth of a count.
_NUMBERS = frozenset((int, float, bool, str, type(None), torch.dtype))
_SEQUENCES = frozenset((list, tuple))


class Counter:
    """Sees every operator of a forward pass: counts it, and follows which tensors are alive and what of.

    Attributes:
        parameters, buffers: of the network as the pass begins, each once.
        layers: every convolution and matrix product, in order.
        liveness: of tensors.
        free_elements: that operators gave which are free by the papers' rule, for all images of the batch.
        by_rule: operators that were counted by a rule of the user's, or of torch's registry.
        folded: convolutions whose weights were made from other weights in this pass.
        foreign: tensors that operators got and none gave, by the identity of their storage.
        reads_image: whether Python read what was made of the image: the count may hang on what the image shows.
        changes: whether the network worked on its own weights: what it costs may be less from now on.

    Args:
        model: the network.
        image: that it gets.
        cpu: where memory is predicted for.
    """

    def __init__(self, model: nn.Module, image: Tensor, cpu: Cpu) -> None:
        self.layers: list[Layer] = []
        # One walk through the network for all: a walk takes as long as a tenth of a pass over shapes.
        self._names: dict[int, str] = {}
        self._own: dict[int, int] = {}
        parameters: dict[int, Tensor] = {}
        buffers: dict[int, Tensor] = {}
        for name, module in model.named_modules():
            own, others = private.own_tensors(module)
            self._names[id(module)] = name
            self._own[id(module)] = sum({id(p): p.numel() for p in own}.values())
            parameters.update((id(p), p) for p in own)
            buffers.update((id(b), b) for b in others)
        self.parameters, self.buffers = list(parameters.values()), list(buffers.values())
        self.liveness = Liveness(image, self.parameters, self.buffers)
        self.free_elements = 0
        self.by_rule: dict[str, None] = {}
        self.folded = 0
        self.reads_image = self.changes = False
        self._uncounted: dict[tuple[str, tuple[tuple[int, ...], ...]], int] = {}
        self._meta = image.is_meta
        self._cpu = cpu
        self._stack: list[nn.Module] = []
        self._seen: set[int] = set()
        self._ways: dict[Any, Way] = {}
        self._wholes: dict[Any, bool] = {}
        self._product_sizes: dict[int, int] = {}
        self.foreign: dict[int, Tensor] = {}

    @property
    def uncounted(self) -> tuple[Uncounted, ...]:
        """Operators that nobody knows the cost of, by name and shapes."""
        return tuple(Uncounted(operator=n, calls=calls, shapes=s) for (n, s), calls in self._uncounted.items())

    def arrived(self, before: "Counter") -> tuple[Uncounted, ...]:
        """Tensors that came from outside of torch's operators, such as from NumPy, and were not there in a pass before.

        Constants are from outside, too; they are the same ones in every pass. Whatever made the others is not seen.
        """
        new = [tensor for key, tensor in self.foreign.items() if key not in before.foreign]
        shapes = tuple(dict.fromkeys(tuple(tensor.shape) for tensor in new))
        return (Uncounted(operator=OUTSIDE, calls=len(new), shapes=shapes),) if new else ()

    def has_all_of(self, model: nn.Module) -> bool:
        """Whether a model still has the parameters that it had as the pass began, and no others."""
        now = {id(p) for module in model.modules() for p in private.own_tensors(module)[0]}
        return now == set(map(id, self.parameters))

    def unread(self, parameter: Tensor) -> bool:
        """Whether no operator got a parameter."""
        return bool(self.liveness.origins.get(id(storage_of(parameter)), 0) & UNREAD)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """See whatever runs, and know in which module, for the names of layers."""
        enter = register_module_forward_pre_hook(lambda module, _: self._stack.append(module))
        leave = register_module_forward_hook(lambda *_: _drop(self._stack), always_call=True)
        try:
            with private.every_operator(self._see, self._whole):
                yield
        finally:
            enter.remove()
            leave.remove()

    def _whole(self, func: Any) -> bool:
        """Whether an operator is counted as it is; linear, matmul, einsum and attention consist of others."""
        known = self._wholes.get(func)
        if known is None:
            packet = func.overloadpacket
            counted = func in SHAPE_RULES or packet in products.PRODUCTS or packet in products.ATTENTION
            known = self._wholes[func] = counted or rules.has_rule(func) or not private.may_be_composite(func)
        return known

    def _see(self, func: Any, args: Arguments, kwargs: dict[str, Any]) -> object:
        """An operator is called: what it gives."""
        way = self._ways.get(func)
        if way is None:
            way = self._ways[func] = self._way(func)
        origin = self._origin(args)
        if kwargs:
            origin |= self._origin(kwargs.values())
        out = output_of(func, args, kwargs) if self._meta else func(*args, **kwargs)
        way(func, args, kwargs, out, origin)
        self.liveness.follow(out, origin)
        return out

    def _origin(self, args: Iterable[Any]) -> int:
        """What an operator's arguments are made of; the parameters among them are read now."""
        origins, origin = self.liveness.origins, 0
        for each in args:
            kind = type(each)
            if kind in _NUMBERS:
                continue
            if isinstance(each, Tensor):
                key = id(storage_of(each))
                if of := origins.get(key, 0):
                    if of & UNREAD:
                        origins[key] = of & ~UNREAD
                    origin |= of & MADE
                elif key not in origins:
                    self.foreign[key] = each
            elif kind in _SEQUENCES and each and type(each[0]) not in _NUMBERS:
                origin |= self._origin(each)
        return origin

    def _way(self, func: Any) -> Way:  # noqa: PLR0911 - one line for each sort
        packet = func.overloadpacket
        if packet in _CONVOLUTIONS:
            return self._convolution
        if operators.name_of(func) == products.DEFORMABLE:
            return self._deformable
        if packet in products.PRODUCTS or packet in products.ATTENTION:
            return self._product
        if (cost := rules.cost_by_rule(func)) is not None:
            return lambda func, args, kwargs, out, origin: self._ruled(func, args, cost(args, kwargs, out), out)
        if packet is aten.lift_fresh:
            return self._lifted
        if packet is aten.mul:
            return self._multiplied
        if packet is aten.sum:
            return self._summed
        if packet is aten.im2col or packet in _COPIES:
            return self._moved
        if operators.reads_values(func):
            return self._read
        if operators.writes(func):
            return self._written
        return self._sorted(func)

    def _sorted(self, func: Any) -> Way:
        """What is done about an operator that nothing is special about."""
        sorts: dict[operators.Sort, Way] = {"view": _nothing, "free": self._free, "unknown": self._unknown}
        return sorts[operators.sort(func)]

    # --- What is counted

    def _convolution(self, _: Any, args: Arguments, __: object, out: object, origin: int) -> None:
        x, weight, _, stride, padding, dilation, transposed, _, groups = args[:9]
        out = cast(Tensor, out)
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
        kind = " depthwise" if groups > 1 and groups == x.shape[1] else f" {groups} groups" if groups > 1 else ""
        multi_adds = products.convolution(x, weight, out, transposed=transposed)
        self._convolved(x, weight, out, multi_adds, f"{kind}{' transposed' if transposed else ''}")
        of = self.liveness.origins.get(id(storage_of(weight)), 0)
        if of & WEIGHTS and not of & (IMAGE | PARAMETER | COPY):
            self.folded += 1
        self._worked(origin)

    def _deformable(self, _: Any, args: Arguments, __: object, out: object, ___: int) -> None:
        x, weight, out = args[0], args[1], cast(Tensor, out)
        self._convolved(x, weight, out, products.deformable(x, weight, out), " deformable")

    def _convolved(self, x: Tensor, weight: Tensor, out: Tensor, multi_adds: int, kind: str) -> None:
        kernel = "x".join(map(str, weight.shape[2:]))
        self._layer(f"conv {kernel}{kind}", tuple(x.shape[1:]), tuple(out.shape[1:]), multi_adds, out.numel())

    def _product(self, func: Any, args: Arguments, kwargs: dict[str, Any], out: object, origin: int) -> None:
        packet = func.overloadpacket
        formula = products.PRODUCTS.get(packet)
        name = "attention" if formula is None else "matmul"
        self._layer(name, _first_shape(args), _shape(out), (formula or products.ATTENTION[packet])(*args, **kwargs), 0)
        self._worked(origin)

    def _ruled(self, func: Any, args: Arguments, multi_adds: int, out: object) -> None:
        name = operators.name_of(func)
        self.by_rule[name] = None
        self._layer(name, _first_shape(args), _shape(out), multi_adds, 0)

    def _summed(self, _: Any, args: Arguments, __: object, out: object, ___: int) -> None:
        """A sum over a product of each with each is a matrix product: what unfold, multiply, sum make a convolution."""
        key = id(storage_of(args[0]))
        if self.liveness.origins.get(key, 0) & PRODUCT:
            self.liveness.origins[key] &= ~PRODUCT
            self._layer("multiply and sum", _shape(args[0]), _shape(out), self._product_sizes[key], 0)
        else:
            self._free(_, args, __, out, ___)

    def _layer(
        self, operator: str, in_shape: tuple[int, ...], out_shape: tuple[int, ...], multi_adds: int, activations: int
    ) -> None:
        name, params = self._who()
        self.layers.append(
            Layer(
                name=name,
                operator=operator,
                in_shape=in_shape,
                out_shape=out_shape,
                params=params,
                multi_adds=multi_adds,
                activations=activations,
            )
        )

    # --- What is not

    def _free(self, _: Any, __: Arguments, ___: object, out: object, ____: int) -> None:
        first = out[0] if isinstance(out, list | tuple) and out else out
        if isinstance(first, Tensor):
            self.free_elements += first.numel()

    def _unknown(self, func: Any, args: Arguments, kwargs: dict[str, Any], _: object, __: int) -> None:
        shapes = tuple(tuple(t.shape) for t in _tensors((*args, *kwargs.values())))
        key = operators.name_of(func), shapes
        self._uncounted[key] = self._uncounted.get(key, 0) + 1

    def _multiplied(self, _: Any, args: Arguments, __: object, out: object, ___: int) -> None:
        a, b, out = args[0], args[1], cast(Tensor, out)
        self._free(_, args, __, out, ___)
        if not (isinstance(a, Tensor) and isinstance(b, Tensor)):
            return
        origins = self.liveness.origins
        windows = any(origins.get(id(storage_of(t)), 0) & PATCHES and t.numel() == out.numel() for t in (a, b))
        if windows or out.numel() > max(_elements(a), _elements(b)):
            self._become(out, PRODUCT, out.numel())

    def _moved(self, func: Any, args: Arguments, _: object, out: object, __: int) -> None:
        self._free(func, args, _, out, __)
        of = self.liveness.origins.get(key := id(storage_of(args[0])), 0)
        was = of & (PATCHES | PRODUCT | COPY) | (COPY if of & PARAMETER else 0)
        if func.overloadpacket is aten.im2col:
            was = PATCHES
        if was:
            self._become(cast(Tensor, out), was, self._product_sizes.get(key, 0))

    def _lifted(self, _: Any, args: Arguments, __: object, ___: object, ____: int) -> None:
        """A constant that stands in Python's text is made anew at every pass, and is no result of anything."""
        if args[0].numel() <= _MOST_TYPED:
            self.foreign.pop(id(storage_of(args[0])), None)

    def _become(self, out: Tensor, what: int, size: int) -> None:
        """Mark a new tensor before others see it."""
        self.liveness.follow(out, what)
        self._product_sizes[id(storage_of(out))] = size

    def _read(self, func: Any, args: Arguments, kwargs: dict[str, Any], out: object, origin: int) -> None:
        if func.overloadpacket in _INDEXED and not any(t.dtype in (torch.bool, torch.uint8) for t in _tensors(args[1])):
            self._free(func, args, kwargs, out, origin)
            return
        self.reads_image = self.reads_image or bool(origin & IMAGE)
        self._sorted(func)(func, args, kwargs, out, origin)

    def _written(self, func: Any, args: Arguments, kwargs: dict[str, Any], out: object, origin: int) -> None:
        if (
            args
            and isinstance(args[0], Tensor)
            and (of := self.liveness.origins.get(key := id(storage_of(args[0])), 0))
        ):
            self.changes |= bool(of & PARAMETER)
            self.liveness.origins[key] = of & ~COPY
        self._sorted(func)(func, args, kwargs, out, origin)

    # --- Where

    def _worked(self, origin: int) -> None:
        """A product that the image has no part in is work on weights, which a network may do once for all."""
        self.changes = self.changes or not origin & IMAGE or bool(self.folded)

    def _who(self) -> tuple[str, int]:
        """Path of the running module, and its own parameters if this is its first layer."""
        if not self._stack:
            return "", 0
        module = self._stack[-1]
        first = id(module) not in self._seen
        self._seen.add(id(module))
        name = self._names.get(id(module), type(module).__name__)
        return name, self._own.get(id(module), 0) if first else 0


def _nothing(*_: object) -> None:
    """A view costs nothing, and makes no element."""


def _drop(stack: list[nn.Module]) -> None:
    stack.pop()


def _tensors(values: object) -> Iterator[Tensor]:
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, list | tuple):
        for each in values:
            yield from _tensors(each)


def _shape(value: object) -> tuple[int, ...]:
    return tuple(value.shape) if isinstance(value, Tensor) else ()


def _first_shape(args: Arguments) -> tuple[int, ...]:
    """Of the first argument that has rows and columns, else of the first."""
    shapes = [tuple(t.shape) for t in _tensors(args)]
    return next((shape for shape in shapes if len(shape) > 1), shapes[0] if shapes else ())


def _elements(tensor: Tensor) -> int:
    """How many it has of its own: a view that repeats or overlaps has fewer than its shape says."""
    storage = storage_of(tensor)
    return tensor.numel() if storage is None else min(tensor.numel(), storage.nbytes() // tensor.element_size())
