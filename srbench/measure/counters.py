"""fvcore and thop as independent counters, and where they differ from ours by name and amount.

Both run real tensors, and thop leaves buffers in the module: call these in a process of their own. Neither package is
imported before it is asked for; one that is missing, or breaks at its import, gives a count that says so.
"""

from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

from torch import Tensor, nn

from srbench.counts import Complexity, Count, Difference
from srbench.measure.complexity import abbreviated
from srbench.measure.operators import sort_by_name

Other = Literal["fvcore", "thop"]

#: What fvcore calls the operators that Multi-Adds consist of.
_FVCORE_PRODUCTS = {"conv", "linear", "addmm", "mm", "bmm", "baddbmm", "matmul", "einsum"}
_TRANSPOSED = ("ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d")
_UNSEEN = "convolutions or matrix products in functions or classes that it does not know"
_AT_OUTPUT = "transposed convolutions, counted at the output's size"
_MORE = "convolutions or matrix products that it counts larger"
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
    """Count with fvcore's FlopCountAnalysis (its "flop" is one multiply-add), for one image.

    Args:
        model: in evaluation mode.
        image: (N, C, H, W).
        ours: srbench's own count, which differences refer to.
    """
    library = _imported("fvcore", "fvcore.nn")
    if isinstance(library, Count):
        return library
    analysis = library.FlopCountAnalysis(model, (image,))
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False).tracer_warnings("none")
    inclusive = analysis.by_module_and_operator()
    own: Counter[tuple[str, str]] = Counter()
    for name, operators in inclusive.items():
        prefix = f"{name}." if name else ""
        children = [c for c in inclusive if c and c.startswith(prefix) and "." not in c[len(prefix) :] and c != name]
        for operator, amount in operators.items():
            rest = amount - sum(inclusive[c].get(operator, 0) for c in children)
            own[operator, abbreviated(name)] += int(rest)
    found = _compare("fvcore", own, _FVCORE_PRODUCTS, ours, image.shape[0])
    left_out = {name: calls for name, calls in analysis.unsupported_ops().items() if sort_by_name(name) == "unknown"}
    return found.model_copy(update={"unsupported": tuple(sorted(left_out.items()))})


def by_thop(model: nn.Module, image: Tensor, ours: Complexity) -> Count:
    """Count with thop, which looks at modules only: what is called as a function it cannot see.

    Args:
        model: in evaluation mode.
        image: (N, C, H, W).
        ours: srbench's own count, which differences refer to.
    """
    thop = _imported("thop", "thop")
    if isinstance(thop, Count):
        return thop
    convolutions = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
    products = {c.__name__ for c in (*convolutions, nn.Linear)}
    kinds = {name: type(module).__name__ for name, module in model.named_modules(remove_duplicate=False)}
    total, _, tree = thop.profile(model, inputs=(image,), verbose=False, ret_layer_info=True)
    own: Counter[tuple[str, str]] = Counter()
    transposed: Counter[str] = Counter()
    # A network that is a single layer has no tree below it.
    for name, amount in _leaves(tree) if tree else [("", total)]:
        own[kinds[name], abbreviated(name)] += int(amount)
        if kinds[name] in _TRANSPOSED:
            transposed[name] += int(amount)
    # A module may run several times; both count each.
    excess = sum(transposed.values()) // image.shape[0] - sum(
        layer.multi_adds // image.shape[0] for layer in ours.layers if layer.name in transposed
    )
    return _compare("thop", own, products, ours, image.shape[0], at_output=excess)


def installed(package: str) -> str:
    """The version of an installed package; empty where there is none."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _imported(package: Other, module: str) -> Any:
    """A module of another counter, or the count that says why there is none."""
    try:
        return import_module(module)
    except Exception as error:  # noqa: BLE001 - whatever a package of others does at its import
        return Count(counter=package, version=installed(package), multi_adds=None, error=_why(package, error))


def _why(package: str, error: Exception) -> str:
    """One line with the cure, where there is one."""
    named = f"{package} {installed(package)}".strip()
    needed = (error.name or "").partition(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    if needed == package == named:
        return f"{package} is not installed; pip install {package}"
    if needed == "distutils":
        return f"{named} needs distutils, which left Python's standard library in 3.12; pip install setuptools"
    if needed and needed != package:
        return f"{named} needs {needed}, which is not installed; pip install {needed}"
    why = ": ".join([type(error).__name__, *str(error).strip().splitlines()[:1]])
    return f"{named} cannot be imported ({why}); pip install --force-reinstall {package}"


def _leaves(tree: dict[str, tuple[float, float, dict[str, Any]]], prefix: str = "") -> Iterator[tuple[str, float]]:
    """(path, operations) of thop's nested answer, modules without children only."""
    for name, (amount, _, children) in tree.items():
        if children:
            yield from _leaves(children, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", amount


def _compare(
    counter: Other,
    own: Counter[tuple[str, str]],
    products: set[str],
    ours: Complexity,
    batch: int,
    *,
    at_output: int = 0,
) -> Count:
    """Split a total into what we count too and what the other adds; both sides for one image.

    ``at_output`` is what the other counts too much since it takes transposed convolutions at their output's size.
    """
    shared = sum(amount for (operator, _), amount in own.items() if operator in products) // batch
    differences = [
        Difference(amount=amount // batch, where=f"{_READABLE.get(operator, operator)} in {place or 'the network'}")
        for (operator, place), amount in own.most_common()
        if amount and operator not in products
    ]
    rest = shared - ours.multi_adds - at_output
    if rest:
        differences.insert(0, Difference(amount=rest, where=_UNSEEN if rest < 0 else _MORE))
    if at_output:
        differences.insert(0, Difference(amount=at_output, where=_AT_OUTPUT))
    return Count(
        counter=counter,
        version=installed(counter),
        multi_adds=sum(own.values()) // batch,
        differences=tuple(differences),
    )
