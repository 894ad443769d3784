"""Ways of running a network: one file and one row in :data:`ENGINES` each.

An engine says what it lacks on this machine, and makes a :class:`Runnable` of a network. It knows no task and no case:
what is measured of a Runnable, and how, is the same for all. Nothing heavy is imported here: the command line's help
lists the engines too.
"""

import os
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from srbench.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from srbench.cases import Dtype, Mode

#: Every way of running: the word that people type, and where its engine is, which is imported when it is asked for.
ENGINES: dict[str, str] = {
    "eager": "srbench.running.eager:Eager",
    "compile": "srbench.running.compiled:Compiled",
    "cudagraph": "srbench.running.cudagraph:CudaGraph",
}


class Runnable(Protocol):
    """A network made ready by an engine."""

    @property
    def weights_bytes(self) -> int:
        """Parameters and buffers, in the form in which the engine holds them."""

    @property
    def build_ns(self) -> int | None:
        """Wall time of making it ready, a first pass included; None where there is nothing to build."""

    @property
    def hidden_bytes(self) -> int:
        """What it holds for its passes that torch's allocator no longer tells of."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the engine has to say of how it runs this network, a phrase each."""

    def __call__(self, image: "Tensor") -> object:
        """One forward pass."""

    def rebuilds(self) -> int:
        """How often it was built anew since it was ready."""


class Engine(Protocol):
    """A way of running networks.

    Attributes:
        name: as typed and stored: lower-case letters, digits and underscores.
        meaning: a sentence for help and documentation.
        dtypes: those that it runs.
    """

    name: str
    meaning: str
    dtypes: "tuple[Dtype, ...]"

    def missing(self, device: str) -> str | None:
        """What it lacks on this machine to run on a device, with the cure; None where nothing."""

    def versions(self) -> Mapping[str, str]:
        """Of what it needs beside torch, by name."""

    def build(self, network: "nn.Module", image: "Tensor", scratch: str) -> Runnable:
        """Make a network ready for images like this one.

        Args:
            network: in evaluation mode, with the mode's dtype and layout, on the device.
            image: (N, C, H, W), likewise.
            scratch: folder for what it keeps from one process of a run to the next; empty where there is none.

        Raises:
            UnsupportedError: it cannot run this network.
        """

    def wrap(self, network: "nn.Module") -> "nn.Module":
        """The network for images of many sizes, whose passes are not timed."""


@cache
def engine(name: str) -> Engine:
    """The engine of a name.

    Raises:
        InputError: there is none of that name.
    """
    if name not in ENGINES:
        raise InputError(f"no engine '{name}'; known are {', '.join(ENGINES)}")
    module, _, kind = ENGINES[name].partition(":")
    return cast(Engine, getattr(import_module(module), kind)())


def check(mode: "Mode", device: str) -> None:
    """Refuse a mode that cannot run on a device here.

    Raises:
        InputError: with what is missing, and the cure.
    """
    found = engine(mode.engine)
    if mode.dtype not in found.dtypes:
        raise InputError(f"{found.name} runs {', '.join(found.dtypes)}, not {mode.dtype}")
    if mode.tf32 is not None and device == "cpu":
        raise InputError(f"TF32 is of NVIDIA GPUs, and the device is {device}; leave --tf32 out")
    if mode.tf32 is not None and mode.dtype != "float32":
        raise InputError(f"TF32 is a way of computing float32, and the dtype is {mode.dtype}; leave --tf32 out")
    if mode.tf32 and os.environ.get("NVIDIA_TF32_OVERRIDE") == "0":
        raise InputError("NVIDIA_TF32_OVERRIDE=0 switches TF32 off, whatever --tf32 says; unset it")
    if device != "none" and (lack := found.missing(device)) is not None:
        raise InputError(f"--engine {found.name}: {lack}")
