"""From a model to a ready module. A user's code runs here: only where a crash may happen."""

import copy
import inspect
import linecache
import pickle
from collections.abc import Callable
from pathlib import Path

from torch import nn

import model_defs
from srbench.cases import Form, Model
from srbench.errors import InputError, UnsupportedError
from srbench.foreign import adapting, effects, redirect
from srbench.models import arguments, importing, looking

#: Names under which networks in the field take their upscaling factor, the plainest first: beside one of the others,
#: ``scale`` is what a residual is scaled by.
SCALE_ARGUMENTS = ("upscale_factor", "upscaling_factor", "upscale", "sr_rate", "scale_factor", "sf", "scale")
#: One that means other things, too: taken for the scale where no other argument is, and said.
_MAYBE_SCALE = "r"
#: Of a complaint about keys, in characters.
_LONGEST = 160

#: What gives live modules that this process was lent, by their sources and the device they are wanted on.
_LENT: dict[str, Callable[[str], nn.Module]] = {}


def _nobody(remark: str) -> None:
    """Hears what nobody asked for."""


def build(model: Model, scale: int, device: str = "cpu", tell: Callable[[str], None] = _nobody) -> nn.Module:
    """The bare network in evaluation mode with its random weights, on a device (``meta`` allocates nothing).

    Runs the user's file where the model is one: call this only where a crash may happen.

    Args:
        model: the network, with its form.
        scale: upscaling factor.
        device: ``cpu``, ``cuda:N``, or ``meta``, which allocates nothing.
        tell: gets a phrase where something was assumed.

    Raises:
        InputError: what was typed names no network, or not all of its arguments.
        UnsupportedError: a module that the user's file needs is not there.
        Exception: whatever the user's code raises.
    """
    if model.source is None:
        return model_defs.build(model.variant, scale, model.form or "deploy", device)
    if model.live:
        return _LENT[model.source](device).to(device).eval()
    # Where its author would: on a CPU, with values. Only then it goes where it is wanted.
    redirect.install()
    settings = effects.Settings()
    with importing.at_home(Path(model.source)):
        if model.module == looking.READER:
            network: object = _by_weights(Path(model.source), scale)
        else:
            maker = _named(model)
            # What its file sets is not what its network is built with.
            settings.put_back()
            network = _copied(maker) if isinstance(maker, nn.Module) else _call(maker, model, scale, tell)
        settings.put_back()
    if not isinstance(network, nn.Module):
        raise InputError(f"{model.called} gives a {type(network).__name__}, not a torch.nn.Module")
    network, said = adapting.plain(network)
    for remark in (*settings.remarks, *said):
        tell(remark)
    if asked := redirect.remark():
        tell(asked)
    return network.eval().to(device)


def _copied(network: nn.Module) -> nn.Module:
    """A copy of a module that a file holds, for it may be built again; itself where it cannot be copied."""
    try:
        return copy.deepcopy(network)
    except Exception:  # noqa: BLE001 - such as a tensor that it keeps of a pass
        return network


def load(
    model: Model, scale: int, checkpoint: Path | None, tell: Callable[[str], None] = _nobody
) -> tuple[nn.Module, Form]:
    """A network with its weights in the form asked for, on the CPU, and the form that the checkpoint held.

    Args:
        model: the network.
        scale: upscaling factor.
        checkpoint: a file of weights; None for those that building it gives.
        tell: gets a phrase where something was assumed, or undone of the checkpoint so that it fits.

    Raises:
        InputError: the checkpoint does not fit, or as :func:`build`.
        Exception: whatever a user's network raises.
    """
    if checkpoint is None:
        return build(model, scale, tell=tell), model.form
    try:
        if model.source is None:
            network = model_defs.load_checkpoint(model.variant, checkpoint, scale, tell)
            held = model_defs.form_of(network)
            if model.form == "deploy" and held == "train":
                network = model_defs.to_deploy(network)
            return network, held if model.form else ""
        tensors = model_defs.read_tensors(checkpoint, tell)
    except model_defs.ZooError as error:
        raise InputError(str(error)) from None
    network = build(model, scale, tell=tell)
    try:
        network.load_state_dict(model_defs.keyed_like(tensors, network.state_dict(), tell))
    except RuntimeError as error:
        raise InputError(f"{checkpoint} does not fit {model.called}: {_in_one_line(error)}") from None
    return network, model.form


def _in_one_line(error: Exception) -> str:
    """What ``load_state_dict`` complains of, without its heading and its lists' tails."""
    lines = [line.strip() for line in str(error).splitlines()[1:]] or [str(error)]
    return "; ".join(line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..." for line in lines[:2])


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


def _named(model: Model) -> object:
    """What a user's file or module has under the name that was typed."""
    assert model.source is not None
    path = Path(model.source)
    found: object = (
        importing.of_module(model.module, model.paths) if model.module else importing.of_file(path, model.paths)
    )
    for part in model.architecture.split("."):
        if not hasattr(found, part):
            raise InputError(f"{path} defines no '{model.architecture}' when it is imported")
        found = getattr(found, part)
    if isinstance(found, nn.Module) and model.arguments:
        raise InputError(f"{model.called}: {model.architecture} is a network already and takes no arguments")
    return found


def _by_weights(path: Path, scale: int) -> nn.Module:
    """The network that a file of weights belongs to, by what its tensors are called."""
    spandrel = importing.of_module(looking.READER)
    try:
        found = spandrel.ModelLoader(device="cpu").load_from_file(str(path))
    except Exception as error:  # noqa: BLE001 - it names no set: whatever reading a foreign file leads to
        first = (str(error).splitlines() or [""])[0] or type(error).__name__
        raise InputError(f"{looking.READER} knows no network of {path.name} ({first}); name its class") from None
    if found.scale != scale:
        raise InputError(f"{path.name} is a network for x{found.scale}, not x{scale}")
    network: nn.Module = found.model
    return network


def _call(maker: object, model: Model, scale: int, tell: Callable[[str], None]) -> object:
    """Build a network with the arguments that were typed, and with the scale where it takes one."""
    called = model.called
    if not callable(maker):
        raise InputError(f"{called} is a {type(maker).__name__}, not a network or something that makes one")
    positional, keywords = arguments.read(model.arguments)
    try:
        signature = inspect.signature(maker)
    except (ValueError, TypeError):  # something built in, which does not tell
        return maker(*positional, **keywords)
    parameters = signature.parameters.values()
    try:
        given = signature.bind_partial(*positional, **keywords).arguments
    except TypeError as error:
        takes = ", ".join(signature.parameters) or "nothing"
        raise InputError(f"{called}: {error}; it takes {takes}") from None
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    open_ = [p for p in parameters if p.name not in given and p.kind not in variadic]
    taken, other = _scale_among([p for p in parameters if p.kind not in variadic], [p.name for p in open_])
    if needed := [p.name for p in open_ if p.default is p.empty and p.name != taken]:
        write = ", ".join(filter(None, (model.arguments, *(f"{name}=..." for name in needed))))
        raise InputError(f"{called} needs {', '.join(needed)}; write {model.place}({write})")
    if taken:
        keywords[taken] = scale
    if other:
        write = f"{model.architecture}({other}=...)"
        tell(f"its argument {taken} is taken for the scale, not {other}; write {write} to set it")
    if taken == _MAYBE_SCALE:
        tell(f"its argument r is taken for the scale; write {model.architecture}(r=...) if it is not")
    try:
        return maker(*positional, **keywords)
    except KeyError as error:
        key = _key_of(error)
        if key is None or key in keywords or not any(p.kind is p.VAR_KEYWORD for p in parameters):
            raise
        if key not in SCALE_ARGUMENTS or taken:
            write = ", ".join(filter(None, (model.arguments, f"{key}=...")))
            raise InputError(f"{called} needs {key}; write {model.place}({write})") from error
    return maker(*positional, **keywords, **{key: scale})


def _scale_among(parameters: list[inspect.Parameter], open_: list[str]) -> tuple[str, str]:
    """The argument that is the scale and was not given, and another one that could be; empty where there is none."""
    likely = [p.name for p in parameters if _may_be_scale(p)]
    known = [name for name in SCALE_ARGUMENTS if name in likely]
    if not known:
        return (_MAYBE_SCALE if _MAYBE_SCALE in open_ else ""), ""
    if known[0] not in open_:
        return "", ""
    return known[0], next((name for name in known[1:] if name in open_), "")


def _may_be_scale(parameter: inspect.Parameter) -> bool:
    """Whether a default is none, or an upscaling factor: no switch, no name of a method, no 0.1."""
    default = parameter.default
    if default is parameter.empty or default is None:
        return True
    return isinstance(default, int | float) and not isinstance(default, bool) and default >= 1 and default % 1 == 0


def _key_of(error: KeyError) -> str | None:
    """The keyword that a function's ``**kwargs`` lacked; None where the error is about something else."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None or not error.args or not isinstance(error.args[0], str) or not error.args[0].isidentifier():
        return None
    code = trace.tb_frame.f_code
    if not code.co_flags & inspect.CO_VARKEYWORDS:
        return None
    starred = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & inspect.CO_VARARGS)
    line = linecache.getline(code.co_filename, trace.tb_lineno)
    asks = f"{code.co_varnames[starred]}[" in line or f"{code.co_varnames[starred]}.pop(" in line
    return error.args[0] if asks else None
