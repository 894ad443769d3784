"""What a file changes for the whole process, and putting it back."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class _Setting:
    """Something global: what it is called, how it is read, and how it is set; None where it cannot be put back."""

    name: str
    read: Callable[[], Any]
    put: Callable[[Any], object] | None


def _of(owner: object, attribute: str, name: str) -> _Setting:
    return _Setting(name, lambda: getattr(owner, attribute), lambda value: setattr(owner, attribute, value))


def _handlers() -> dict[int, Any]:
    kinds = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGALRM, signal.SIGPIPE)
    return {kind: signal.getsignal(kind) for kind in kinds}


def _put_device(before: torch.device) -> None:
    # None takes the mode away that a default costs at every tensor that is made.
    torch.set_default_device(None if before.type == "cpu" else before)


def _put_handlers(before: dict[int, Any]) -> None:
    for kind, handler in before.items():
        # None: it was set by something that is not Python.
        if handler is not None:
            signal.signal(kind, handler)


#: Variables that bear on a runtime begin so. Others are a network's own business, which may need them in its passes.
_OF_LIBRARIES = (
    "OMP_",
    "KMP_",
    "GOMP_",
    "MKL_",
    "DNNL_",
    "ONEDNN_",
    "OPENBLAS_",
    "CUDA_",
    "CUBLAS_",
    "CUDNN_",
    "NVIDIA_",
)


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(_OF_LIBRARIES)}


def _put_environment(before: dict[str, str]) -> None:
    for name in set(_environment()) - set(before):
        del os.environ[name]
    os.environ.update(before)


def _folder() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - goes back as it came, links in it included
    except OSError:
        return ""


def _put_folder(before: str) -> None:
    if before:
        os.chdir(before)


#: What a runtime hangs on, in the words of who changes it.
_OF_SPEED: tuple[_Setting, ...] = (
    _Setting("torch.set_num_threads", torch.get_num_threads, torch.set_num_threads),
    _Setting("torch.set_num_interop_threads", torch.get_num_interop_threads, None),
    _Setting("torch.set_default_dtype", torch.get_default_dtype, torch.set_default_dtype),
    _Setting(
        "torch.use_deterministic_algorithms",
        torch.are_deterministic_algorithms_enabled,
        torch.use_deterministic_algorithms,
    ),
    _Setting(
        "torch.set_float32_matmul_precision",
        torch.get_float32_matmul_precision,
        torch.set_float32_matmul_precision,
    ),
    _of(torch.backends.mkldnn, "enabled", "torch.backends.mkldnn.enabled"),
    _of(torch.backends.cudnn, "enabled", "torch.backends.cudnn.enabled"),
    _of(torch.backends.cudnn, "benchmark", "torch.backends.cudnn.benchmark"),
    _of(torch.backends.cudnn, "deterministic", "torch.backends.cudnn.deterministic"),
    _of(torch.backends.cudnn, "allow_tf32", "torch.backends.cudnn.allow_tf32"),
    _of(torch.backends.cuda.matmul, "allow_tf32", "torch.backends.cuda.matmul.allow_tf32"),
)
_OTHERS: tuple[_Setting, ...] = (
    _Setting("torch.set_default_device", torch.get_default_device, _put_device),
    _Setting("torch.set_grad_enabled", torch.is_grad_enabled, torch.set_grad_enabled),
    _Setting("torch.manual_seed", torch.initial_seed, torch.manual_seed),
    _Setting("signal handlers", _handlers, _put_handlers),
    _Setting("environment variables", _environment, _put_environment),
    _Setting("the current folder", _folder, _put_folder),
)


class Settings:
    """The global settings as they are when this is made.

    Args:
        of_speed: of those alone that a runtime hangs on.

    Attributes:
        changed: names of those that were changed since and put back.
        stuck: names of those that were changed since and could not be put back.
    """

    def __init__(self, *, of_speed: bool = False) -> None:
        self._before = [(each, each.read()) for each in (_OF_SPEED if of_speed else (*_OF_SPEED, *_OTHERS))]
        self.changed: dict[str, None] = {}
        self.stuck: dict[str, None] = {}

    def put_back(self) -> None:
        """Undo what was changed since; may be called again and again."""
        for setting, before in self._before:
            if setting.read() == before:
                continue
            if setting.put is not None:
                setting.put(before)
            if setting.put is not None and setting.read() == before:
                self.changed[setting.name] = None
            else:
                self.stuck[setting.name] = None

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader of the row should know, a phrase."""
        return (f"its file changes {', '.join(self.changed)}: put back",) if self.changed else ()
