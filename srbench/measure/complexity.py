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

from srbench.counts import Complexity, Content
from srbench.measure.copies import Cpu, this_cpu
from srbench.measure.counting import Counter


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
        The counts, and what the model gave (a meta tensor, where it is a network that gives one). A model that works
        on its own weights in its first pass runs twice, and the second pass is counted.

    Raises:
        LackingInterfaceError: the installed torch does not show its operators.
        RuntimeError: whatever the model raises for such an input.
    """
    image = torch.empty(*input_shape, dtype=dtype, device="meta")
    passes, output = _passes(model, image, cpu or this_cpu())
    return _counts(image, passes), output


def count_on(model: nn.Module, image: Tensor, other: Tensor, cpu: Cpu | None = None) -> tuple[Complexity, object]:
    """Count a model that needs values as it runs on an image, and see on another whether that tells of both.

    Args:
        model: on the images' device; evaluation mode is the caller's choice.
        image: (N, C, H, W). Multi-Adds and activations are stated for one image of the batch.
        other: shows something else, in the same shape.
        cpu: where ``cpu_peak_bytes`` is predicted for. [default: this machine's, with several threads]

    Returns:
        The counts on the first image, and what the model gave there. ``content`` has those on both where the model
        looked at what it made of an image, or costs more on one of them.

    Raises:
        LackingInterfaceError: the installed torch does not show its operators.
        Exception: whatever the model raises for such an image.
    """
    cpu = cpu or this_cpu()
    passes, output = _passes(model, image, cpu)
    others, _ = _passes(model, other, cpu)
    here, there = _counts(image, passes), _counts(other, others)
    costs = here.multi_adds, there.multi_adds
    differs = (here.multi_adds, here.activations, here.convs) != (there.multi_adds, there.activations, there.convs)
    dependent = differs or any(counter.reads_image for counter in (*passes, *others))
    known = {(each.operator, each.shapes) for each in here.uncounted}
    more = [each for each in there.uncounted if (each.operator, each.shapes) not in known]
    changes = {
        "content": Content(least=min(costs), most=max(costs)) if dependent else None,
        "never_read": _unread((*passes, *others)),
        "uncounted": (*here.uncounted, *more, *others[-1].arrived(passes[-1])),
    }
    return here.model_copy(update=changes), output


def _passes(model: nn.Module, image: Tensor, cpu: Cpu) -> tuple[list[Counter], object]:
    """One pass, and a second of a model that works on its own weights in its first; the last is the one that counts."""
    passes = [Counter(model, image, cpu)]
    output = _run(model, image, passes[0])
    if passes[0].changes or not passes[0].has_all_of(model):
        passes.append(Counter(model, image, cpu))
        output = _run(model, image, passes[1])
    return passes, output


def _unread(passes: Sequence[Counter]) -> int:
    """Parameters of the last pass that none of them read."""
    return sum(p.numel() for p in passes[-1].parameters if all(counter.unread(p) for counter in passes))


def _run(model: nn.Module, image: Tensor, counter: Counter) -> object:
    with torch.no_grad(), _without_fused_attention(), counter.watching():
        return model(image)


def _counts(image: Tensor, passes: Sequence[Counter]) -> Complexity:
    counter = passes[-1]
    batch, layers = image.shape[0], counter.layers
    weights = sum(t.numel() * t.element_size() for t in (*counter.parameters, *counter.buffers))
    input_bytes = image.numel() * image.element_size()
    return Complexity(
        params=sum(p.numel() for p in counter.parameters),
        multi_adds=sum(layer.multi_adds for layer in layers) // batch,
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
        never_read=_unread(passes),
        folds_each_pass=counter.folded,
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
