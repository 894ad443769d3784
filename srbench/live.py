"""Modules that live in the caller's memory: what they are called, and how another process gets them."""

import copy
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from torch import nn

from srbench.cases import LIVE, Model
from srbench.errors import InputError

#: What a caller may name: names as on the command line, modules, or modules under names of the caller's.
Networks = str | nn.Module | Sequence[str | nn.Module] | Mapping[str, nn.Module]


@dataclass(frozen=True)
class Live:
    """A live module.

    Attributes:
        model: what it is called; its source is a hash of class and state.
        pickled: for other processes; None where it cannot be pickled.
        why: why not, in a phrase; empty where it can.
        module: itself, or, where it can be copied, a copy.
        copied: whether that is a copy, so that anything may be done to it.
    """

    model: Model
    pickled: bytes | None
    why: str
    module: nn.Module
    copied: bool


def adopt(module: nn.Module, name: str = "") -> Live:
    """Take a live module as a network to measure.

    Classes that were defined in a notebook or a script travel with it.

    Raises:
        InputError: a name that would not do in a table.
    """
    import cloudpickle

    kind = type(module).__name__
    if name and (not name.strip() or any(sign in name for sign in ",+@\n\r\t")):
        raise InputError(f"{name!r} is no name for a module: leave out commas, +, @ and line breaks")
    pickled, why = None, ""
    try:
        pickled = cloudpickle.dumps(module)
    except Exception as error:  # noqa: BLE001 - whatever its own methods raise
        first = (str(error).splitlines() or [""])[0]
        why = f"it cannot be pickled ({type(error).__name__}: {first})"
    try:
        held, copied = copy.deepcopy(module), True
    except Exception:  # noqa: BLE001 - likewise
        held, copied = module, False
    model = Model(architecture=kind, variant=name or kind, source=f"{LIVE}{_digest(module)}")
    return Live(model, pickled, why, held, copied)


def names_and_modules(networks: Networks) -> Iterator[str | tuple[str, nn.Module]]:
    """The networks one by one: names as typed, modules with the names that they were given, if any."""
    if isinstance(networks, str):
        yield networks
    elif isinstance(networks, nn.Module):
        yield "", networks
    elif isinstance(networks, Mapping):
        yield from networks.items()
    else:
        for each in networks:
            if isinstance(each, str):
                yield each
            elif isinstance(each, nn.Module):
                yield "", each
            else:
                raise InputError(f"a {type(each).__name__} is neither the name of a network nor a torch.nn.Module")


def _digest(module: nn.Module) -> str:
    """12 digits of class, parameters and buffers: the same module is the same network in every run."""
    found = hashlib.sha256(f"{type(module).__module__}.{type(module).__qualname__}\n{module}".encode())
    for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\0".encode())
        if not tensor.is_meta:
            plain = tensor.detach().cpu().contiguous()
            found.update(plain.float().numpy().tobytes() if plain.is_floating_point() else str(plain).encode())
    return found.hexdigest()[:12]
