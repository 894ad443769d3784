"""What tools put into the keys of a checkpoint, undone: wrappers of modules, and what counters leave behind."""

from collections.abc import Callable, Collection, Iterator

from model_defs.checkpoint_files import State, shown

#: Left among the weights: by thop, and by torch's AveragedModel.
_LEFT_BEHIND = ("total_ops", "total_params", "n_averaged")
#: What torch.compile puts before the keys of a module, wherever that lies in the network.
_COMPILED = "_orig_mod"
#: Prefixes within prefixes.
_MOST_PREFIXES = 8


def readings(tensors: State) -> Iterator[tuple[State, tuple[str, ...]]]:
    """The tensors as they stand, then with more and more undone; each with phrases that say what.

    Undone are numbers that thop and AveragedModel leave behind, ``_orig_mod`` of torch.compile, and any prefix that all
    keys share (``module.``, ``model.``, ``generator.``). Which reading is right, the network's own keys tell.
    """
    undone: tuple[str, ...] = ()
    yield tensors, undone
    kept = {key: tensor for key, tensor in tensors.items() if key.rpartition(".")[2] not in _LEFT_BEHIND}
    if kept and len(kept) < len(tensors):
        there = {key.rpartition(".")[2] for key in tensors}
        undone += (f"{', '.join(name for name in _LEFT_BEHIND if name in there)} among its weights left out",)
        yield kept, undone
    plain = {".".join(part for part in key.split(".") if part != _COMPILED): value for key, value in kept.items()}
    if plain.keys() != kept.keys() and len(plain) == len(kept):
        kept, undone = plain, (*undone, f"keys of its weights read without {_COMPILED}.")
        yield kept, undone
    prefix = ""
    for _ in range(_MOST_PREFIXES):
        first, dot, _rest = next(iter(kept), "").partition(".")
        if not dot or not all(key.startswith(f"{first}.") for key in kept):
            return
        prefix += f"{first}."
        kept = {key.removeprefix(f"{first}."): tensor for key, tensor in kept.items()}
        yield kept, (*undone, f"keys of its weights read without {shown(prefix)}")


def keyed_like(tensors: State, keys: Collection[str], tell: Callable[[str], None]) -> State:
    """The reading of a checkpoint whose keys are nearest to those of a network; as it stands where none is nearer.

    Args:
        tensors: of the checkpoint.
        keys: of the network's ``state_dict``.
        tell: gets a phrase for each thing that was undone.
    """
    wanted = set(keys)
    nearest, undone = min(readings(tensors), key=lambda reading: len(wanted ^ reading[0].keys()))
    for phrase in undone:
        tell(phrase)
    return nearest
