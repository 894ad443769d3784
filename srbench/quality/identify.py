"""What a user's network is: built twice under two seeds, each time in a process of its own."""

import hashlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from srbench.cases import Model
from srbench.errors import InputError
from srbench.facts import Frozen
from srbench.failures import Failure
from srbench.fingerprint import NAMED, Fingerprint, files_of, loaded_code
from srbench.launch import PROCESSES
from srbench.quality import upscale
from srbench.work import Launcher, Nothing, Work

#: The second differs from the first; weights that depend on it are random ones.
SEEDS = (upscale.SEED, upscale.SEED + 1)


class Built(Frozen):
    """What a process built.

    Attributes:
        tensors: a hash for each tensor of the ``state_dict``.
        files: that were read for it, with their hashes.
        remarks: phrases on its checkpoint: what of it was undone.
    """

    tensors: dict[str, str]
    files: dict[str, str]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Identify(Work[Built, Nothing]):
    """Build a user's network with its weights, in a process of its own, and say what it is made of."""

    result = Built
    news = Nothing

    model: Model
    scale: int
    checkpoint: Path | None
    seed: int
    limit: int | None

    @property
    def memory_limit_bytes(self) -> int | None:
        """Most private memory that the process may map."""
        return self.limit

    def run(self, report: Callable[[Nothing], None]) -> Built:
        """Build, and look."""
        read: dict[str, None] = {}
        _watch_reading(read)
        remarks: list[str] = []
        network, _ = upscale.load(self.model, self.scale, self.checkpoint, self.seed, remarks.append)
        files = {**read, **dict.fromkeys(loaded_code())}
        return Built(tensors=tensor_hashes(network), files=files_of(files), remarks=tuple(remarks))


def identify(
    model: Model,
    scale: int,
    checkpoint: Path | None,
    tell: Callable[[str], None],
    timeout_s: float,
    memory_limit_bytes: int | None,
    launcher: Launcher = PROCESSES,
) -> Fingerprint | Failure:
    """The fingerprint of a user's network with its weights; what went wrong where it cannot be built.

    Args:
        model: a user's network.
        scale: upscaling factor.
        checkpoint: its weights; None for those that its file gives it.
        tell: gets a line for each thing of the checkpoint that was undone.
        timeout_s: seconds after which it is given up.
        memory_limit_bytes: most that the process may map; None for no limit.
        launcher: starts processes.

    Raises:
        InputError: the checkpoint does not fit it, or what was typed names no network.
    """
    built: list[Built] = []
    for seed in SEEDS:
        found = launcher.launch(Identify(model, scale, checkpoint, seed, memory_limit_bytes), timeout_s)
        if isinstance(found, Failure):
            if found.wrong:
                raise InputError(found.reason)
            return found
        built.append(found)
    first, second = built
    for remark in first.remarks if checkpoint is not None else ():
        tell(f"{model.label}: {remark}")
    random = [name for name, found in first.tensors.items() if second.tensors.get(name) != found]
    return Fingerprint(
        state=state_hash(first.tensors),
        tensors=len(first.tensors),
        random=len(random),
        random_names=tuple(random[:NAMED]),
        files=first.files,
    )


def tensor_hashes(network: nn.Module) -> dict[str, str]:
    """Name -> hash of type, shape and bytes, for every tensor of the ``state_dict``, by name."""
    return {name: _tensor_hash(value) for name, value in sorted(network.state_dict().items())}


def state_hash(tensors: dict[str, str]) -> str:
    """One hash of names and tensors."""
    lines = "\n".join(f"{name} {found}" for name, found in tensors.items())
    return hashlib.sha256(lines.encode()).hexdigest()


def _tensor_hash(value: object) -> str:
    if not isinstance(value, torch.Tensor):  # a module may keep anything as its extra state
        return hashlib.sha256(repr(value).encode()).hexdigest()[:16]
    digest = hashlib.sha256(f"{value.dtype} {tuple(value.shape)}\0".encode())
    plain = value.detach().cpu()
    plain = plain.int_repr() if plain.is_quantized else plain if plain.layout is torch.strided else plain.to_dense()
    flat = plain.contiguous().reshape(-1)
    flat = torch.view_as_real(flat).reshape(-1) if flat.is_complex() else flat
    digest.update(flat.view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]


def _watch_reading(read: dict[str, None]) -> None:
    """Note every file that Python opens for reading from now on; such a hook stays until the process ends."""

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event != "open":
            return
        path, mode = arguments[0], arguments[1]
        if isinstance(path, str | os.PathLike) and (mode is None or (isinstance(mode, str) and "r" in mode)):
            read[os.path.abspath(os.fspath(path))] = None  # noqa: PTH100 - within every open: as little as can be

    sys.addaudithook(hook)
