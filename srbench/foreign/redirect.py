"""Where there is no GPU: what a network's code asks of CUDA is done where its tensors are.

Authors write ``.cuda()`` into constructors, ``device="cuda"`` into factories and ``torch.load`` without
``map_location``. None of it changes what a network computes. Nothing is redirected where CUDA is there.
"""

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

#: Functions of torch that make tensors on a device.
_FACTORIES = (
    *("zeros", "ones", "empty", "full", "rand", "randn", "randint", "arange", "linspace", "logspace", "eye"),
    *("tensor", "as_tensor", "zeros_like", "ones_like", "empty_like", "full_like", "rand_like", "randn_like"),
    *("randperm", "normal", "tril_indices", "triu_indices", "hann_window", "hamming_window", "from_file"),
)
#: Methods of tensors that do.
_FROM_TENSORS = ("new_zeros", "new_ones", "new_empty", "new_full", "new_tensor")
#: Stands for a function that an owner has of its base.
_INHERITED = object()
#: What asks CUDA to do something that a CPU has done already.
_NOTHING_TO_DO = ("set_device", "synchronize", "manual_seed", "manual_seed_all", "empty_cache")

#: Whether this process redirects, and what was asked of CUDA since; and what stood where patches stand.
_asked: dict[str, None] | None = None
_replaced: list[tuple[object, str, Any]] = []


def install() -> None:
    """Redirect from now on, in this process; nothing where CUDA is there, or where it is done already."""
    global _asked  # noqa: PLW0603 - what is patched is the process's, too
    if _asked is not None or torch.cuda.is_available():
        return
    _asked = {}
    with torch.device("meta"):
        # torch notes at its first use which functions make tensors: it must see its own ones.
        torch.empty(0)
    patches: list[tuple[object, str, Callable[..., Any]]] = []
    for kind in (torch.Tensor, nn.Module):
        patches.append((kind, "cuda", _staying(f"{kind.__name__}.cuda()")))
        patches.append((kind, "to", _without_cuda(kind.to, f'{kind.__name__}.to("cuda")')))
    for name in _FACTORIES:
        if (function := getattr(torch, name, None)) is not None:
            patches.append((torch, name, _on_cpu(function, f"torch.{name}")))
    patches += [(torch.Tensor, name, _on_cpu(getattr(torch.Tensor, name), name)) for name in _FROM_TENSORS]
    patches.append((torch, "load", _loading(torch.load)))
    patches.append((torch, "set_default_device", _default(torch.set_default_device)))
    patches += [(torch.cuda, name, _done()) for name in _NOTHING_TO_DO]
    patches.append((torch.cuda, "current_device", _first))
    for owner, name, patch in patches:
        # As it stands in the class, for what is inherited must not be written into it.
        _replaced.append((owner, name, vars(owner).get(name, _INHERITED)))
        setattr(owner, name, patch)


def remove() -> None:
    """Put torch's own functions back: a network that asks for no CUDA is not to pay for the question in its passes."""
    global _asked  # noqa: PLW0603 - as above
    while _replaced:
        owner, name, original = _replaced.pop()
        if original is _INHERITED:
            delattr(owner, name)
        else:
            setattr(owner, name, original)
    _asked = None


def remark() -> str:
    """What was asked of CUDA so far, in the words of the code that asked; empty for nothing."""
    return f"it asks for CUDA, and ran on the CPU: {', '.join(_asked)}" if _asked else ""


def _note(what: str) -> None:
    # A file may hold one of the patches under a name of its own, after they were removed.
    if _asked is not None:
        _asked[what] = None


def _is_cuda(value: object) -> bool:
    """Whether a value names a CUDA device, as ``to`` and ``device=`` take it."""
    if isinstance(value, str):
        return value == "cuda" or value.startswith("cuda:")
    if isinstance(value, torch.device):
        return value.type == "cuda"
    return isinstance(value, int) and not isinstance(value, bool)


def _staying(what: str) -> Callable[..., Any]:
    def cuda(self: Any, *_: object, **__: object) -> Any:
        _note(what)
        return self

    return cuda


def _without_cuda(to: Callable[..., Any], what: str) -> Callable[..., Any]:
    @functools.wraps(to)
    def moved(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not any(map(_is_cuda, args)) and not _is_cuda(kwargs.get("device")):
            return to(self, *args, **kwargs)
        _note(what)
        args = tuple(each for each in args if not _is_cuda(each))
        kwargs = {name: value for name, value in kwargs.items() if name != "device" or not _is_cuda(value)}
        rest = {name: value for name, value in kwargs.items() if name != "non_blocking"}
        return to(self, *args, **kwargs) if args or rest else self

    return moved


def _on_cpu(function: Callable[..., Any], what: str) -> Callable[..., Any]:
    @functools.wraps(function)
    def made(*args: Any, **kwargs: Any) -> Any:
        if _is_cuda(kwargs.get("device")):
            _note(f'{what}(device="cuda")')
            del kwargs["device"]
        return function(*args, **kwargs)

    return made


def _loading(load: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(load)
    def loaded(f: Any, map_location: Any = None, *args: Any, **kwargs: Any) -> Any:
        if map_location is None or _is_cuda(map_location):
            # Said only where it asks for CUDA: without a place a file of the CPU loads as it is.
            if map_location is not None:
                _note('torch.load(map_location="cuda")')
            map_location = "cpu"
        return load(f, map_location, *args, **kwargs)

    return loaded


def _default(set_default: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(set_default)
    def device(value: Any) -> None:
        if _is_cuda(value):
            _note('torch.set_default_device("cuda")')
        else:
            set_default(value)

    return device


def _done() -> Callable[..., None]:
    """A function of its own for each name, as torch's compiler wants it: what it is asked for is done."""

    def nothing(*_: object, **__: object) -> None: ...

    return nothing


def _first() -> int:
    """Number of the device that is asked about."""
    return 0
