"""From what people type ("span", "imdn-rtc", "span@train", "my_net.py:Net") to a ready module."""

import ast
import copy
import difflib
import importlib.util
import inspect
import sys
from pathlib import Path
from typing import get_args

import torch
from torch import nn

import model_defs
from srbench.errors import InputError
from srbench.records import Form, ModelId

#: Names under which networks in the field take their upscaling factor.
SCALE_ARGUMENTS = ("scale", "upscale", "upscale_factor", "scale_factor", "upscaling_factor", "sr_rate")


class UnsupportedModelError(Exception):
    """A user's network that cannot be built as srbench builds it; becomes a row with status UNSUPPORTED."""


def parse(names: str, form: Form) -> list[ModelId]:
    """Resolve a comma-separated list; ``all`` is the seven defaults. Repeated names are kept once.

    ``@train`` or ``@deploy`` behind a name wins over ``form``.

    Raises:
        InputError: an unknown name or form, or a file or name in it that does not exist.
    """

    found: dict[tuple[str, str], ModelId] = {}
    for typed in (part.strip() for part in names.split(",")):
        if typed:
            name, its_form = _split_form(typed, form)
            for each in model_defs.DEFAULTS if name.lower() == "all" else (name,):
                model = _resolve(each, its_form)
                found.setdefault((model.variant, model.form), model)
    if not found:
        raise InputError("--models names no model; 'srbench models' lists them")
    return list(found.values())


def _split_form(typed: str, form: Form) -> tuple[str, Form]:
    name, at, asked = typed.rpartition("@")
    if not at or ".py" in asked:  # the @ belongs to a path
        return typed, form
    if asked not in get_args(Form):
        raise InputError(f"'{typed}': after @ comes train or deploy, not '{asked}'")
    return name, "train" if asked == "train" else "deploy"


def _resolve(name: str, form: Form) -> ModelId:
    if ".py" in name:
        return _from_file(name, form)
    try:
        variant = model_defs.get(name)
    except model_defs.ZooError as error:
        raise InputError(str(error)) from None
    return ModelId(
        architecture=variant.architecture,
        variant=variant.name,
        form=form,
        colors=variant.colors,
        value_range=variant.value_range,
        note=variant.note,
    )


def _from_file(typed: str, form: Form) -> ModelId:
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
    known, complete = _names_in(tree)
    if name not in known and complete:
        near = difflib.get_close_matches(name, known, n=2, cutoff=0.5) or sorted(known)
        there = f"did you mean {' or '.join(near)}?" if near else "the file defines nothing"
        raise InputError(f"{path} has no '{name}'; {there}")
    return ModelId(architecture=name, variant=typed, form=form, source=str(path.resolve()))


def _names_in(tree: ast.Module) -> tuple[set[str], bool]:
    """Names at the top level of a file; False where more may come from a star import or a condition."""
    names: set[str] = set()
    complete = True
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            imported = {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
            complete = complete and "*" not in imported
            names |= imported
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {leaf.id for target in targets for leaf in ast.walk(target) if isinstance(leaf, ast.Name)}
        elif isinstance(node, ast.If | ast.Try | ast.For | ast.With | ast.While | ast.Match):
            complete = False
    return names, complete


def check(model: ModelId, scale: int, lr_width: int, lr_height: int) -> None:
    """Refuse what a network of the zoo cannot do; a user's network is only known once it runs.

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


def has_scale(model: ModelId, scale: int) -> bool:
    """Whether the zoo's network exists at a scale; a user's network is taken at its word."""

    return model.source is not None or scale in model_defs.get(model.variant).scales


def build(model: ModelId, scale: int, device: str = "cpu") -> nn.Module:
    """The bare network in evaluation mode with its random weights, on a device (``meta`` allocates nothing).

    Runs the user's file where the model is one: call this only where a crash may happen.

    Raises:
        UnsupportedModelError: a user's network that takes arguments srbench does not know.
        Exception: whatever the user's code raises.
    """

    if model.source is None:
        return model_defs.build(model.variant, scale, model.form, device)
    maker = getattr(_import_file(Path(model.source)), model.architecture, None)
    if maker is None:
        raise UnsupportedModelError(f"{model.source} defines no '{model.architecture}' when it is imported")
    with torch.device(device):
        network = copy.deepcopy(maker) if isinstance(maker, nn.Module) else _call(maker, model.architecture, scale)
    if not isinstance(network, nn.Module):
        raise UnsupportedModelError(f"{model.architecture} gives a {type(network).__name__}, not a torch.nn.Module")
    return network.to(device).eval()


def _import_file(path: Path) -> object:
    """Run a user's file as a module of its own, with its folder first on the path for its own imports."""
    folder = str(path.parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    # A name of its own: a user's `torch.py` must not stand in for torch.
    name = f"srbench_user_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UnsupportedModelError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _call(maker: object, name: str, scale: int) -> object:
    """Build a network: with the scale where it takes one, else without arguments."""
    if not callable(maker):
        raise UnsupportedModelError(f"{name} is a {type(maker).__name__}, not a network or something that makes one")
    parameters = inspect.signature(maker).parameters.values()
    taken = next((p.name for p in parameters if p.name in SCALE_ARGUMENTS), None)
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [p.name for p in parameters if p.default is p.empty and p.kind not in variadic and p.name != taken]
    if needed:
        raise UnsupportedModelError(
            f"{name} needs {', '.join(needed)}; give them defaults, or name a function that takes at most scale"
        )
    return maker(**{taken: scale}) if taken else maker()
