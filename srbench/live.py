"""Modules that live in the caller's memory: what they are called, and how another process gets them."""

import copy
import hashlib
import marshal
import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType

from torch import nn
from torch.nn.parameter import is_lazy

from srbench.cases import LIVE, Model
from srbench.errors import InputError
from srbench.models.typed import check_name

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
        InputError: a name that would not do in a table, or parameters that are not there yet.
    """
    import cloudpickle

    kind = type(module).__name__
    if any(is_lazy(tensor) for tensor in (*module.parameters(), *module.buffers())):
        raise InputError(f"{kind} has lazy parameters, which its first pass makes; run it once on an image before")
    if name:
        check_name(name)
    pickled, why = None, ""
    try:
        pickled = cloudpickle.dumps(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever its own methods raise
        first = (str(error).splitlines() or [""])[0]
        why = f"it cannot be pickled ({type(error).__name__}: {first})"
    try:
        held, copied = copy.deepcopy(module), True
    except (Exception, SystemExit):  # noqa: BLE001 - likewise
        held, copied = module, False
    model = Model(architecture=kind, variant=name or kind, source=f"{LIVE}{_digest(module, name)}")
    return Live(model, pickled, why, held, copied)


def names_and_modules(networks: Networks) -> Iterator[str | tuple[str, nn.Module]]:
    """The networks one by one: names as typed, modules with the names that they were given, if any.

    Raises:
        InputError: something that is neither.
    """
    if isinstance(networks, Mapping):
        for name, module in networks.items():
            yield str(name), _module(module)
        return
    if isinstance(networks, str | nn.Module) or not isinstance(networks, Iterable):
        networks = (networks,)
    for each in networks:
        yield each if isinstance(each, str) else ("", _module(each))


def _module(given: object) -> nn.Module:
    if isinstance(given, nn.Module):
        return given
    if isinstance(given, type):
        raise InputError(f"{given.__name__} is a class; give a module that is made of it: {given.__name__}(...)")
    raise InputError(f"a {type(given).__name__} is neither the name of a network nor a torch.nn.Module")


def _digest(module: nn.Module, name: str) -> str:
    """12 digits of what a module is: its name, classes with their code, attributes and tensors.

    The same module is the same network in every run; two that differ in one of these are two.
    """
    found = hashlib.sha256(f"{name}\0{module}".encode(errors="replace"))
    for path, part in module.named_modules():
        found.update(f"{path} {type(part).__module__}.{type(part).__qualname__}\0".encode(errors="replace"))
        found.update(_code_of(type(part)))
        for attribute, value in sorted(vars(part).items()):
            if attribute not in _OF_TORCH:
                found.update(attribute.encode() + b"\0" + _bytes_of(value))
    for path, tensor in [*module.named_parameters(), *module.named_buffers()]:
        found.update(f"{path} {tensor.dtype} {tuple(tensor.shape)}\0".encode())
        if not tensor.is_meta:
            plain = tensor.detach().cpu().contiguous()
            found.update(plain.float().numpy().tobytes() if plain.is_floating_point() else _bytes_of(plain))
    return found.hexdigest()[:12]


#: What every module has, and what bears on nothing: tensors and parts are looked at by themselves.
_OF_TORCH = frozenset(vars(nn.Module()))


def _code_of(kind: type) -> bytes:
    """What a class of the caller's does; of an installed one its name says it."""
    if kind.__module__.partition(".")[0] == "torch":
        return b""
    methods = sorted((name, member) for name, member in vars(kind).items() if isinstance(member, FunctionType))
    return b"".join(name.encode() + marshal.dumps(member.__code__) for name, member in methods)


def _bytes_of(value: object) -> bytes:
    try:
        return pickle.dumps(value)
    except Exception:  # noqa: BLE001 - whatever its own methods raise
        return type(value).__qualname__.encode()
