"""From what people type ("span", "imdn-rtc", "span@train", "my_net.py:Net") to a ready module."""

import ast
import copy
import difflib
import importlib.util
import inspect
import os
import pickle
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

import model_defs
from srbench.cases import Form, Model
from srbench.errors import InputError, UnsupportedError

#: Names under which networks in the field take their upscaling factor.
SCALE_ARGUMENTS = ("scale", "upscale", "upscale_factor", "scale_factor", "upscaling_factor", "sr_rate")


#: Packages whose classes are parts of a network at best.
_NO_NETWORKS = frozenset(("torch", "typing", "collections", "dataclasses", "pathlib", "enum", "abc", "functools"))


#: What gives live modules that this process was lent, by their sources and the device they are wanted on.
_LENT: dict[str, Callable[[str], nn.Module]] = {}


def parse(names: str, form: Form) -> list[Model]:
    """Resolve a comma-separated list; ``all`` is the seven defaults. Repeated names are kept once.

    ``@train`` or ``@deploy`` behind a name wins over ``form``. Networks that do not fold have no form.

    Raises:
        InputError: an unknown name or form, a form of a network that has none, or a file or name in it that does not
            exist.
    """

    found: dict[tuple[str, str], Model] = {}
    for typed in (part.strip() for part in names.split(",")):
        if typed:
            name, asked = _split_form(typed)
            for model in _resolve(name, asked, form):
                found.setdefault(model.key, model)
    if not found:
        raise InputError("--models names no model; 'srbench models' lists them")
    return list(found.values())


def _split_form(typed: str) -> tuple[str, Form]:
    """A name and the form behind it; empty where there is none."""
    name, at, asked = typed.rpartition("@")
    if not at or ".py" in asked:  # the @ belongs to a path
        return typed, ""
    if asked not in ("train", "deploy"):
        raise InputError(f"'{typed}': after @ comes train or deploy, not '{asked}'")
    return name, "train" if asked == "train" else "deploy"


def _resolve(name: str, asked: Form, usual: Form) -> list[Model]:
    if ".py" in name:
        model = _from_file(name)
        if asked:
            raise InputError(
                f"'{name}@{asked}': srbench does not fold a network of yours, it runs what your file builds; "
                f"leave @{asked} out"
            )
        return [model]
    if name.lower() == "all":
        return [_of_zoo(each, asked or usual) for each in model_defs.DEFAULTS]
    model = _of_zoo(name, asked or usual)
    if asked and not model.form:
        raise InputError(f"'{name}@{asked}': {model.variant} does not fold, it has one form; leave @{asked} out")
    return [model]


def _of_zoo(name: str, form: Form) -> Model:
    """A network of the zoo in a form, if it has forms."""
    try:
        variant = model_defs.get(name)
    except model_defs.ZooError as error:
        raise InputError(str(error)) from None
    return Model(
        architecture=variant.architecture,
        variant=variant.name,
        form=form if variant.folds else "",
        colors=variant.colors,
        value_range=variant.value_range,
        note=variant.note,
    )


def _from_file(typed: str) -> Model:
    """A user's network. The file is parsed, not run: a crash at its import must not reach this process."""
    file, _, name = typed.rpartition(":")
    path = Path(file or typed)
    if not file or not name:
        raise InputError(f"'{typed}' lacks the name of the network; write path/to/net.py:Name")
    if not path.is_file():
        raise InputError(f"no file {path} (for the model '{typed}')")
    try:
        tree = ast.parse(path.read_bytes(), filename=str(path))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except (SyntaxError, ValueError) as error:
        raise InputError(f"{path} is not Python: {str(error).splitlines()[0]}") from None
    names = _names_in(tree)
    if name not in names.there and names.complete:
        near = difflib.get_close_matches(name, names.networks, n=2, cutoff=0.5) or names.networks
        there = f"did you mean {' or '.join(near)}?" if near else "it defines no network"
        raise InputError(f"{path} has no '{name}'; {there}")
    whole = path.resolve()
    return Model(architecture=name, variant=typed, source=str(whole), within=_within(whole, path))


def _within(whole: Path, typed: Path) -> str:
    """A file's path in its checkout: two checkouts of one repository have the same; outside of one as it was typed."""
    for folder in whole.parents:
        if (folder / ".git").exists():
            return whole.relative_to(folder).as_posix()
    return Path(os.path.normpath(typed)).as_posix()


@dataclass(frozen=True)
class _Names:
    """Names at the top level of a file.

    Attributes:
        there: all of them.
        networks: those that may be a network or make one, in the order of the file.
        complete: False where more may come from a star import or a condition.
    """

    there: frozenset[str]
    networks: list[str]
    complete: bool


def _names_in(tree: ast.Module) -> _Names:
    there: set[str] = set()
    networks: list[str] = []
    complete = True
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            there.add(node.name)
            networks.append(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            imported = {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
            complete = complete and "*" not in imported
            there |= imported
            # A class, as its name tells, which is not one of torch's own.
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] not in _NO_NETWORKS:
                networks += sorted(name for name in imported if name[:1].isupper())
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            assigned = {leaf.id for target in targets for leaf in ast.walk(target) if isinstance(leaf, ast.Name)}
            there |= assigned
            if not isinstance(node.value, ast.Constant | ast.List | ast.Tuple | ast.Dict):
                networks += sorted(assigned)
        elif isinstance(node, ast.If | ast.Try | ast.For | ast.With | ast.While | ast.Match):
            complete = False
    public = [name for name in dict.fromkeys(networks) if not name.startswith("_")]
    return _Names(frozenset(there), public, complete)


def check(model: Model, scale: int, lr_width: int, lr_height: int) -> None:
    """Refuse what a network of the zoo cannot do; a user's network is only known once it runs.

    Args:
        model: the network.
        scale: upscaling factor.
        lr_width: in pixels.
        lr_height: in pixels.

    Raises:
        InputError: a scale or an LR size that the network does not take.
    """

    if model.source is None:
        variant = model_defs.get(model.variant)
        try:
            variant.check_scale(scale)
            variant.check_size(lr_width, lr_height)
        except model_defs.ZooError as error:
            raise InputError(str(error)) from None


def has_scale(model: Model, scale: int) -> bool:
    """Whether the zoo's network exists at a scale; a user's network is taken at its word."""

    return model.source is not None or scale in model_defs.get(model.variant).scales


def build(model: Model, scale: int, device: str = "cpu") -> nn.Module:
    """The bare network in evaluation mode with its random weights, on a device (``meta`` allocates nothing).

    Runs the user's file where the model is one: call this only where a crash may happen.

    Args:
        model: the network, with its form.
        scale: upscaling factor.
        device: ``cpu``, ``cuda:N``, or ``meta``, which allocates nothing.

    Raises:
        UnsupportedError: a user's network that takes arguments srbench does not know.
        Exception: whatever the user's code raises.
    """

    if model.source is None:
        return model_defs.build(model.variant, scale, model.form or "deploy", device)
    if model.live:
        return _LENT[model.source](device).to(device).eval()
    maker = getattr(_import_file(Path(model.source)), model.architecture, None)
    if maker is None:
        raise UnsupportedError(f"{model.source} defines no '{model.architecture}' when it is imported")
    with torch.device(device):
        network = copy.deepcopy(maker) if isinstance(maker, nn.Module) else _call(maker, model.architecture, scale)
    if not isinstance(network, nn.Module):
        raise UnsupportedError(f"{model.architecture} gives a {type(network).__name__}, not a torch.nn.Module")
    return network.to(device).eval()


def lend(model: Model, network: bytes | nn.Module, *, copied: bool = True) -> None:
    """Give this process a live module, for :func:`build` to build.

    Args:
        model: what it is called.
        network: its pickle, made by the process that asks for the work, or the module itself.
        copied: whether anything may be done to that module; else it is run as it is, on a CPU.
    """

    def give(device: str) -> nn.Module:
        if isinstance(network, bytes):
            loaded = pickle.loads(network)
            assert isinstance(loaded, nn.Module)
            return loaded
        if copied:
            return copy.deepcopy(network)
        if device == "meta":
            raise UnsupportedError("it can be neither pickled nor copied, so its shapes cannot be followed")
        return network

    assert model.source is not None
    _LENT[model.source] = give


def take_back(model: Model) -> None:
    """Let go of a live module."""
    _LENT.pop(model.source or "", None)


def _import_file(path: Path) -> object:
    """Run a user's file as a module of its own, with its folder first on the path for its own imports."""
    folder = str(path.parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    # A name of its own: a user's `torch.py` must not stand in for torch.
    name = f"srbench_user_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UnsupportedError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _call(maker: object, name: str, scale: int) -> object:
    """Build a network: with the scale where it takes one, else without arguments."""
    if not callable(maker):
        raise UnsupportedError(f"{name} is a {type(maker).__name__}, not a network or something that makes one")
    parameters = inspect.signature(maker).parameters.values()
    taken = next((p.name for p in parameters if p.name in SCALE_ARGUMENTS), None)
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [p.name for p in parameters if p.default is p.empty and p.kind not in variadic and p.name != taken]
    if needed:
        raise UnsupportedError(
            f"{name} needs {', '.join(needed)}; give them defaults, or name a function that takes at most scale"
        )
    return maker(**{taken: scale}) if taken else maker()
