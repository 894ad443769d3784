"""Which weights a network is evaluated with: the file, what is recorded of it, and what a user's network then is."""

from collections.abc import Callable, Sequence
from pathlib import Path

import model_defs
from srbench import limits, models
from srbench.cases import Model, Weights
from srbench.errors import InputError
from srbench.failures import Failure
from srbench.fingerprint import Fingerprint
from srbench.launch import PROCESSES
from srbench.quality import weights
from srbench.quality.datasets import some
from srbench.quality.evaluate import BICUBIC
from srbench.quality.identify import identify
from srbench.quality.results import Checkpoint
from srbench.quality.weights import Given
from srbench.work import Launcher


def weights_of(
    model: Model, scale: int, given: Given, tell: Callable[[str], None], *, optional: bool
) -> tuple[Path | None, Checkpoint | None] | None:
    """The file and what is recorded of it; None where the network is left out, for a reason that ``tell`` hears.

    Args:
        model: the network.
        scale: upscaling factor.
        given: folders and files of weights.
        tell: gets the reason where the network is left out, and what of its checkpoint was undone.
        optional: leave a network without a checkpoint out, rather than refuse it.

    Raises:
        InputError: a network that was named has no checkpoint, or one that does not fit.
    """
    if model.variant == BICUBIC:
        return None, None
    if model.own:
        path = own_weights(model, scale, given)
        return path, None if path is None else Checkpoint(file=path.name, sha256=weights.sha256(path), form="")
    if not models.has_scale(model, scale):
        if optional:
            tell(f"{model.variant} has no x{scale}: skipped")
            return None
        models.check(model, scale, 1 << 16, 1 << 16)
    name, folders = model.variant, given.searched
    path = given.file_of(model) or weights.find(name, scale, folders, tell)
    if path is None:
        where = f"in {' or '.join(map(str, folders))}" if folders else "at hand"
        if optional:
            tell(f"no checkpoint of {name} x{scale} {where}: skipped")
            return None
        known = any((each.variant, each.scale) == (name, scale) and each.url for each in weights.registry())
        raise InputError(
            f"no checkpoint of {name} x{scale} {where}; put one into a folder as {name}_x{scale}.pth and name the "
            f"folder with --weights, or write --weights {name}=FILE"
            + (f", or try 'srbench weights fetch {name} --scale {scale}'" if known else "")
            + _at_hand(model, scale, folders)
        )
    try:
        loaded = model_defs.load_checkpoint(model.variant, path, scale, lambda remark: tell(f"{path}: {remark}"))
        held = model_defs.form_of(loaded)
    except model_defs.ZooError as error:
        raise InputError(str(error)) from None
    if model.form == "train" and held == "deploy":
        raise InputError(f"{path} holds {name} folded: its training form cannot be evaluated; leave train out")
    return path, Checkpoint(file=path.name, sha256=weights.sha256(path), form=held if model.form else "")


def weights_with(
    model: Model, scale: int, given: Given, named: Path | None, tell: Callable[[str], None]
) -> Weights | None:
    """The file that a network's costs are measured with; None for the weights that building it gives.

    Costs seldom depend on weights, so a network that nothing is found for is measured all the same.

    Args:
        model: the network.
        scale: upscaling factor.
        given: folders and files of weights.
        named: a file that was named with the network; None where none was.
        tell: gets a line where folders were named and none has a file for it, and what of a file was undone.

    Raises:
        InputError: a file that cannot be read, or of a network of the zoo one that does not fit.
    """
    if model.live:
        return None
    path = named or given.file_of(model)
    if path is None and given.folders:
        own = weights.find_own(model, scale, given.folders) if model.own else None
        path = own or (None if model.own else weights.find(model.variant, scale, given.folders, tell))
        if path is None:
            where = " or ".join(map(str, given.folders))
            tell(f"no weights of {model.label} x{scale} in {where}: it is measured with those that building it gives")
    if path is None:
        return None
    if not model.own:
        weights_of(model, scale, Given({model.label.lower(): path}), tell, optional=False)
    else:
        try:
            model_defs.read_tensors(path)
        except model_defs.ZooError as error:
            raise InputError(str(error)) from None
    return Weights(file=path.name, sha256=weights.sha256(path), path=str(path.resolve()))


def own_weights(model: Model, scale: int, given: Given) -> Path | None:
    """The checkpoint of a user's network; None where it is to run with what its file gives it.

    Args:
        model: a user's network.
        scale: upscaling factor.
        given: folders and files of weights.

    Raises:
        InputError: folders were named, and none of them has one.
    """
    path = given.file_of(model) or weights.find_own(model, scale, given.searched)
    if path is None and given.folders:
        there = [file.name for folder in given.folders for file in weights.files_in(folder)]
        names = " or ".join(f"{name}.pth" for name in weights.expected(model, scale))
        where = " or ".join(map(str, given.folders))
        raise InputError(
            f"no weights of {model.variant} x{scale} in {where}: expected {names}, there is "
            f"{some(there) if there else 'nothing'}; --weights {model.architecture}=FILE names the file"
        )
    return path


def fingerprint_of(
    model: Model,
    scale: int,
    path: Path | None,
    tell: Callable[[str], None],
    timeout_s: float,
    device: str,
    launcher: Launcher = PROCESSES,
) -> tuple[Fingerprint | None, Failure | None]:
    """What a user's network is with its weights, and what went wrong where it cannot be built; nothing for the zoo.

    Args:
        model: the network.
        scale: upscaling factor.
        path: of its checkpoint; None for the weights that its file gives it.
        tell: gets a line where something of the checkpoint was undone.
        timeout_s: seconds after which building it is given up.
        device: that it is evaluated on.
        launcher: starts processes.

    Raises:
        InputError: a file of weights that was given to it does not fit.
    """
    if not model.own:
        return None, None
    limit = None if device.startswith("cuda") else limits.available_bytes()
    found = identify(model, scale, path, tell, timeout_s, limit, launcher)
    return (found, None) if isinstance(found, Fingerprint) else (None, found)


def _at_hand(model: Model, scale: int, folders: Sequence[Path]) -> str:
    """Which other variants of a network have a checkpoint there."""
    others = [v.name for v in model_defs.variants() if v.architecture == model.architecture and v.name != model.variant]
    found = [name for name in others if weights.find(name, scale, folders) is not None]
    return f"; there is one of {', '.join(found)}" if found else ""
