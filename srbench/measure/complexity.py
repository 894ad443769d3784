"""Static counts: parameters, Multi-Adds, activations and predicted memory, from one pass over shapes.

The model runs once on the meta device, where tensors have shapes but no values. Every operator that reaches torch's
dispatcher is seen, whatever module, function or functional call it came from. Multi-Adds are those of convolutions and
matrix products, bias-free; activations are the output elements of convolutions (the "activations" of the NTIRE
challenges). What else a network does is free by the papers' rule, or unknown: then the count says that it is a lower
bound (:mod:`srbench.measure.operators`). A network that needs values runs on a real image in the same way.

Shapes of the common operators are worked out here (:mod:`srbench.measure.shapes`); torch's own meta functions load
a second's worth of modules at their first call and take about 100 µs for each after it.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from srbench.measure.copies import Cpu, this_cpu
from srbench.measure.counting import Counter
from srbench.records import Complexity, Content


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
    return count_on(model, torch.empty(*input_shape, dtype=dtype, device="meta"), cpu)


def count_on(model: nn.Module, image: Tensor, cpu: Cpu | None = None) -> tuple[Complexity, object]:
    """Count a model as it runs on an image, which may have values.

    A model that works on its own weights in its first pass runs twice, and the second pass is counted.

    Args:
        model: on the image's device; evaluation mode is the caller's choice.
        image: (N, C, H, W). Multi-Adds and activations are stated for one image of the batch.
        cpu: where ``cpu_peak_bytes`` is predicted for. [default: this machine's, with several threads]

    Returns:
        The counts, and what the model gave.

    Raises:
        LackingInterfaceError: the installed torch does not show its operators.
        Exception: whatever the model raises for such an image.
    """
    cpu = cpu or this_cpu()
    first = counter = Counter(model, image, cpu)
    output = _run(model, image, counter)
    after = list(model.parameters())
    if counter.changes or list(map(id, after)) != list(map(id, counter.parameters)):
        counter = Counter(model, image, cpu)
        output = _run(model, image, counter)
        after = list(model.parameters())
    return _counts(image, after, (first, counter)), output


def on_two(one: Complexity, other: Complexity) -> Complexity:
    """The counts of a network on an image, with what those on another image say of it.

    Args:
        one: on an image.
        other: on another one of the same size.
    """
    differs = (one.multi_adds, one.activations, one.convs) != (other.multi_adds, other.activations, other.convs)
    content = None
    if differs or one.content is not None or other.content is not None:
        both = one.multi_adds, other.multi_adds
        content = Content(least=min(both), most=max(both))
    unread = None if one.never_read is None or other.never_read is None else min(one.never_read, other.never_read)
    known = {(each.operator, each.shapes) for each in one.uncounted}
    more = tuple(each for each in other.uncounted if (each.operator, each.shapes) not in known)
    return one.model_copy(update={"content": content, "never_read": unread, "uncounted": (*one.uncounted, *more)})


def _run(model: nn.Module, image: Tensor, counter: Counter) -> object:
    with torch.no_grad(), _without_fused_attention(), counter.watching():
        return model(image)


def _counts(image: Tensor, parameters: Sequence[Tensor], passes: tuple[Counter, Counter]) -> Complexity:
    first, counter = passes
    batch, layers = image.shape[0], counter.layers
    weights = sum(t.numel() * t.element_size() for t in (*parameters, *counter.buffers))
    input_bytes = image.numel() * image.element_size()
    multi_adds = sum(layer.multi_adds for layer in layers) // batch
    return Complexity(
        params=sum(p.numel() for p in parameters),
        multi_adds=multi_adds,
        activations=sum(layer.activations for layer in layers) // batch,
        convs=sum(layer.operator.startswith("conv ") for layer in layers),
        weights_bytes=weights,
        input_bytes=input_bytes,
        peak_bytes=weights + input_bytes + counter.liveness.peak_bytes,
        cpu_peak_bytes=weights + input_bytes + counter.liveness.peak_with_copies_bytes,
        layers=tuple(layers),
        uncounted=counter.uncounted,
        by_rule=tuple(counter.by_rule),
        free_elements=counter.free_elements // batch,
        never_read=sum(p.numel() for p in parameters if first.unread(p) and counter.unread(p)),
        folds_each_pass=counter.folded,
        content=Content(least=multi_adds, most=multi_adds) if counter.reads_image else None,
    )


@contextmanager
def _without_fused_attention() -> Iterator[None]:
    """Let transformer layers call the operators that they consist of, in place of one for all."""
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)


def abbreviated(name: str) -> str:
    """A module path with its block numbers left out: ``B3.esa.conv1`` -> ``B*.esa.conv1``, ``body.0`` -> ``body.*``."""
    *blocks, last = name.split(".")
    return ".".join([*(re.sub(r"\d+$", "*", block) for block in blocks), "*" if last.isdecimal() else last])
