"""What is counted of a network: by srbench from its operators, and by other counters beside it."""

from typing import Annotated, Literal

from pydantic import Field

from srbench.facts import Bytes, Frozen, Line, Number

CounterName = Literal["torch", "fvcore", "thop"]


class Layer(Frozen):
    """One convolution or matrix product of a forward pass.

    Attributes:
        name: path of the module that ran it.
        operator: ``conv 3x3``, ``conv 3x3 depthwise``, ``matmul`` ...
        in_shape, out_shape: without the batch axis for convolutions; rows x columns for matrix products.
        params: parameters that the module owns itself, at its first row; 0 at further calls.
        multi_adds: bias-free, 1 multiply-add = 1.
        activations: elements that a convolution gives; 0 for matrix products (the challenge's count).
    """

    name: Line
    operator: Line
    in_shape: tuple[Number, ...]
    out_shape: tuple[Number, ...]
    params: Number
    multi_adds: Number
    activations: Number


class Uncounted(Frozen):
    """An operator that does arithmetic, or may, and that nobody knows the cost of.

    Attributes:
        operator: as torch names it: ``aten::_fft_r2c``, ``mine::conv``.
        calls: in a forward pass, with tensors of these shapes.
        shapes: of the tensors that it takes.
    """

    operator: Line
    calls: Number
    shapes: tuple[tuple[Number, ...], ...] = ()


class Content(Frozen):
    """The Multi-Adds of a network that does more or less by what an image shows, on two images of one size.

    Attributes:
        least: on the cheaper one.
        most: on the other.
    """

    least: Number
    most: Number


class Complexity(Frozen):
    """What follows from shapes alone; of a network that needs values, from a pass over a real image.

    Attributes:
        params: all parameters, frozen ones too (as ``sum(p.numel() for p in parameters())``).
        multi_adds: convolutions and matrix products, bias-free, for one image.
        activations: output elements of all convolutions, for one image.
        convs: convolutions run in a forward pass.
        weights_bytes: parameters and buffers.
        input_bytes: the LR batch.
        peak_bytes: predicted peak of a forward pass: weights, input and the most tensor bytes alive at once.
        cpu_peak_bytes: the same with the copies that torch's convolution library makes on a CPU.
        layers: one row for each convolution and matrix product.
        uncounted: operators of unknown cost: where there are any, ``multi_adds`` is a lower bound.
        by_rule: operators that were counted by a rule of the user's or of torch's registry.
        free_elements: elements that operators give which are free by the papers' rule, for one image; None where
            nobody looked.
        never_read: parameters that no operator of a pass gets; None where nobody looked.
        folds_each_pass: convolutions whose weights are made from other weights at every pass.
        content: what two images cost, where that may hang on what they show; None elsewhere.
    """

    params: Number
    multi_adds: Number
    activations: Number
    convs: Number
    weights_bytes: Bytes
    input_bytes: Bytes
    peak_bytes: Bytes
    cpu_peak_bytes: Bytes
    layers: tuple[Layer, ...]
    uncounted: tuple[Uncounted, ...] = ()
    by_rule: tuple[Line, ...] = ()
    free_elements: Number | None = None
    never_read: Number | None = None
    folds_each_pass: Number = 0
    content: Content | None = None

    @property
    def is_lower_bound(self) -> bool:
        """Whether the network costs as many Multi-Adds at least, and maybe more."""
        return bool(self.uncounted)

    def predicted_peak_bytes(self, device: str) -> int:
        """The predicted peak on a device (``none`` is taken as a CPU)."""
        return self.peak_bytes if device.startswith("cuda") else self.cpu_peak_bytes


class Difference(Frozen):
    """Why another counter differs.

    Attributes:
        amount: multiply-adds that it counts more; negative where it counts fewer.
        where: the operators that they belong to.
    """

    amount: Annotated[int, Field(ge=-(2**62), le=2**62)]
    where: Line


class Count(Frozen):
    """The Multi-Adds of one counter for one image.

    Attributes:
        counter: its name.
        version: of its package.
        multi_adds: None where it failed.
        differences: why it differs from srbench's count.
        unsupported: operators that it says it leaves out and that are not free, with their calls.
        error: why it failed; empty where it did not.
    """

    counter: CounterName
    version: Line
    multi_adds: Number | None
    differences: tuple[Difference, ...] = ()
    unsupported: tuple[tuple[Line, Number], ...] = ()
    error: Line = ""
