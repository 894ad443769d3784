"""fvcore and thop as independent counters, and where they differ from ours by name and amount.

Both run real tensors, and thop leaves buffers in the module: call these in a process of their own.
"""

from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from torch import Tensor, nn

from srbench.measure.complexity import abbreviated
from srbench.records import Complexity, Count, Difference

#: What fvcore calls the operators that Multi-Adds consist of.
_FVCORE_PRODUCTS = {"conv", "linear", "addmm", "mm", "bmm", "baddbmm", "matmul", "einsum"}
_READABLE = {
    "upsample_bilinear2d": "bilinear upsampling",
    "upsample_nearest2d": "nearest upsampling",
    "upsample_bicubic2d": "bicubic upsampling",
    "adaptive_avg_pool2d": "average pooling",
    "AdaptiveAvgPool2d": "average pooling",
    "AvgPool2d": "average pooling",
    "batch_norm": "batch norm",
    "BatchNorm2d": "batch norm",
}


def by_fvcore(model: nn.Module, image: Tensor, ours: Complexity) -> Count:
    """Count with fvcore's FlopCountAnalysis (its "flop" is one multiply-add), for one image."""
    from fvcore.nn import FlopCountAnalysis

    analysis = FlopCountAnalysis(model, (image,))
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False).tracer_warnings("none")
    inclusive = analysis.by_module_and_operator()
    own: Counter[tuple[str, str]] = Counter()
    for name, operators in inclusive.items():
        prefix = f"{name}." if name else ""
        children = [c for c in inclusive if c and c.startswith(prefix) and "." not in c[len(prefix) :] and c != name]
        for operator, amount in operators.items():
            rest = amount - sum(inclusive[c].get(operator, 0) for c in children)
            own[operator, abbreviated(name)] += int(rest)
    return _compare("fvcore", version("fvcore"), own, _FVCORE_PRODUCTS, ours, image.shape[0])


def by_thop(model: nn.Module, image: Tensor, ours: Complexity) -> Count:
    """Count with thop, which looks at modules only: what is called as a function it cannot see."""
    import thop

    convolutions = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
    products = {c.__name__ for c in (*convolutions, nn.Linear)}
    kinds = {name: type(module).__name__ for name, module in model.named_modules(remove_duplicate=False)}
    total, _, tree = thop.profile(model, inputs=(image,), verbose=False, ret_layer_info=True)
    own: Counter[tuple[str, str]] = Counter()
    # A network that is a single layer has no tree below it.
    for name, amount in _leaves(tree) if tree else [("", total)]:
        own[kinds[name], abbreviated(name)] += int(amount)
    return _compare("thop", version("thop"), own, products, ours, image.shape[0])


def _leaves(tree: dict[str, tuple[float, float, dict[str, Any]]], prefix: str = "") -> Iterator[tuple[str, float]]:
    """(path, operations) of thop's nested answer, modules without children only."""
    for name, (amount, _, children) in tree.items():
        if children:
            yield from _leaves(children, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", amount


def _compare(
    counter: str,
    its_version: str,
    own: Counter[tuple[str, str]],
    products: set[str],
    ours: Complexity,
    batch: int,
) -> Count:
    """Split a total into what we count too and what the other adds; both sides for one image."""
    shared = sum(amount for (operator, _), amount in own.items() if operator in products) // batch
    differences = [
        Difference(amount=amount // batch, where=f"{_READABLE.get(operator, operator)} in {place or 'the network'}")
        for (operator, place), amount in own.most_common()
        if amount and operator not in products
    ]
    if shared != ours.multi_adds:
        seen = "convolutions or matrix products in functions or classes that it does not know"
        differences.insert(0, Difference(amount=shared - ours.multi_adds, where=seen))
    return Count(
        counter="fvcore" if counter == "fvcore" else "thop",
        version=its_version,
        multi_adds=sum(own.values()) // batch,
        differences=tuple(differences),
    )
