"""Private interfaces of torch and of Python: every one that srbench uses, and what becomes of srbench without it.

Nobody promises these from one version to the next. So each stands here alone, in a function that says what is private,
which versions have it, and what is lost where it is gone. Versions were looked up in the sources of torch 2.6, the
oldest that srbench is declared for, and of torch 2.13, with which it is tested.

Importing this file does not import torch: whoever starts processes does without it.
"""

import contextlib
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from multiprocessing import forkserver, resource_tracker
from typing import TYPE_CHECKING, Any, cast

from srbench.errors import InputError, UnsupportedError

if TYPE_CHECKING:
    import torch
    from torch import nn


class LackingInterfaceError(InputError, UnsupportedError):
    """The installed torch lacks an interface without which a question has no answer."""


#: A fork server that is asked to end does so in a tenth of a second.
_SERVER_ENDS_S = 5.0


# --- Python


def can_end_fork_server() -> bool:
    """Whether :func:`end_fork_server` works here."""
    return _fork_server_stop() is not None


def end_fork_server() -> None:
    """End the fork server, if one runs; the next process that is forked starts another.

    Private: ``multiprocessing.forkserver._forkserver._stop``. No public call ends a fork server; this is what Python's
    own tests use, since 3.8.

    A server that was stopped is woken; one that does not end is killed.

    Without it processes cannot be given another server's address layout and hash seed, which makes them replicates.
    Ask :func:`can_end_fork_server` first and spawn processes where it says no: they are as independent, and each takes
    seconds longer to import torch.

    Raises:
        RuntimeError: it cannot.
    """
    stop = _fork_server_stop()
    if stop is None:
        raise RuntimeError("this Python's fork server cannot be ended")
    wake_fork_server()
    # It stays as long as any process holds a file of its: one that a network left behind can.
    late = threading.Timer(_SERVER_ENDS_S, _signal_fork_server, (signal.SIGKILL,))
    late.start()
    try:
        stop()
    finally:
        late.cancel()


def wake_fork_server() -> None:
    """Let a fork server go on that some network has stopped; else the next process would be waited for without end.

    Private: ``multiprocessing.forkserver._forkserver._forkserver_pid``, since Python 3.4. Without it a network that
    stops the server stops the run.
    """
    _signal_fork_server(signal.SIGCONT)


def leave_fork_server(*, tracked: bool) -> None:
    """In a process of a fork server: close what it could write to the server, and to the tracker of resources.

    A network that writes into everything that is open would end both, and a process that it leaves behind would keep
    the server for as long as it lives.

    Private: ``multiprocessing.forkserver._forkserver._forkserver_alive_fd`` and
    ``multiprocessing.resource_tracker._resource_tracker._fd``, since Python 3.4 and 3.8. Without them they stay open.

    Args:
        tracked: leave the tracker open; libraries that hold semaphores need it.
    """
    places = [(getattr(forkserver, "_forkserver", None), "_forkserver_alive_fd")]
    places += [] if tracked else [(getattr(resource_tracker, "_resource_tracker", None), "_fd")]
    for place, name in places:
        if isinstance(file := getattr(place, name, None), int):
            os.close(file)
            setattr(place, name, None)


def _signal_fork_server(number: signal.Signals) -> None:
    pid = getattr(getattr(forkserver, "_forkserver", None), "_forkserver_pid", None)
    if isinstance(pid, int):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _fork_server_stop() -> Callable[[], None] | None:
    stop = getattr(getattr(forkserver, "_forkserver", None), "_stop", None)
    return cast(Callable[[], None], stop) if callable(stop) else None


# --- torch

See = Callable[[Any, tuple[Any, ...], dict[str, Any]], object]


def every_operator(see: See, whole: Callable[[Any], bool]) -> AbstractContextManager[object]:
    """A context in which each operator of torch goes through ``see``, which gives what the operator gives.

    Private: the module of ``torch.utils._python_dispatch.TorchDispatchMode``, and that class's method
    ``_should_skip_dynamo``. torch 2.6 and 2.13 have the class; 2.6 does without the method, and nothing is lost.

    Without the class no operator is seen, and nothing can be counted: a case keeps its runtime and memory, and says why
    it has no counts.

    Args:
        see: takes the operator (an ``OpOverload``), its arguments, and those with a name. What it calls itself is not
            seen again.
        whole: whether an operator is to be seen as it is. Others are taken apart into what they consist of, where
            torch defines them by other operators.

    Raises:
        LackingInterfaceError: this torch does not have the class.
    """
    try:
        from torch.utils._python_dispatch import TorchDispatchMode
    except ImportError:
        import torch

        raise LackingInterfaceError(
            f"torch {torch.__version__} has no torch.utils._python_dispatch.TorchDispatchMode, which counting needs; "
            "torch 2.6 to 2.13 have it"
        ) from None
    return _watch(TorchDispatchMode)(see, whole)


@cache
def _watch(base: type[Any]) -> Callable[[See, Callable[[Any], bool]], AbstractContextManager[object]]:
    """The class of such contexts; a class for each of them would stay in memory until the garbage is collected."""

    class Watch(base):  # type: ignore[misc]  # known once torch is imported
        def __init__(self, see: See, whole: Callable[[Any], bool]) -> None:
            super().__init__()
            self.see, self.whole = see, whole

        @classmethod
        def _should_skip_dynamo(cls) -> bool:
            # torch's default wraps the method below in a guard against compilation, and with it loads the whole
            # compiler (800 modules, above a second) at the first operator. Nothing is compiled while counting.
            return False

        def __torch_dispatch__(
            self, func: Any, types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
        ) -> object:
            kwargs = kwargs or {}
            if not self.whole(func) and may_be_composite(func):
                with self:
                    result = func.decompose(*args, **kwargs)
                if result is not NotImplemented:
                    return cast(object, result)
            return self.see(func, args, kwargs)

    return Watch


def may_be_composite(operator: Any) -> bool:
    """Whether torch defines an operator by other operators; True where only trying tells.

    Private: ``torch._C._dispatch_has_kernel_for_dispatch_key``, in torch 2.6 and 2.13.

    Without it every operator is tried, which takes up to twice as long and gives the same.
    """
    import torch

    ask = getattr(torch._C, "_dispatch_has_kernel_for_dispatch_key", None)
    return ask is None or bool(ask(operator.name(), "CompositeImplicitAutograd"))


def own_tensors(module: "nn.Module") -> tuple[list["torch.Tensor"], list["torch.Tensor"]]:
    """Parameters and buffers that a module has itself, without those of its parts.

    Private: ``nn.Module._parameters`` and ``nn.Module._buffers``, in torch 2.6 and 2.13.

    Without them torch's own iterators give the same in twenty times the time, a tenth of a count.

    Args:
        module: of which.
    """
    parameters, buffers = getattr(module, "_parameters", None), getattr(module, "_buffers", None)
    if parameters is None or buffers is None:
        return list(module.parameters(recurse=False)), list(module.buffers(recurse=False))
    return [p for p in parameters.values() if p is not None], [b for b in buffers.values() if b is not None]


def changes_argument(operator: Any) -> bool:
    """Whether an operator writes into one of its arguments.

    Private: ``OpOverload._schema``, in torch 2.6 and 2.13.

    Without it the underscore at the end of a name tells: a network that works on its own weights through anything else
    is counted in its first pass.

    Args:
        operator: an ``OpOverload``.
    """
    schema = getattr(operator, "_schema", None)
    return bool(schema.is_mutable) if schema is not None else operator.name().partition(".")[0].endswith("_")


def gives_views(operator: Any) -> bool:
    """Whether all that an operator gives are views of its arguments, so that no element is touched.

    Private: ``OpOverload._schema``, in torch 2.6 and 2.13.

    Without it a view is of unknown cost: every count is a lower bound.

    Args:
        operator: an ``OpOverload``.
    """
    returned = getattr(getattr(operator, "_schema", None), "returns", ())
    return bool(returned) and all(each.alias_info is not None and not each.alias_info.is_write for each in returned)


def flop_formula(operator: Any) -> Callable[..., Any] | None:
    """What a user registered with torch's ``register_flop_formula`` for an operator; None where nobody did.

    Private: ``torch.utils.flop_counter.flop_registry``, in torch 2.6 and 2.13; the function that fills it is public.

    Without it such an operator is of unknown cost, unless it has a rule of srbench's.

    Args:
        operator: an ``OpOverloadPacket``.
    """
    # Whoever registers has imported it; for nobody else it is loaded.
    registry = getattr(sys.modules.get("torch.utils.flop_counter"), "flop_registry", {})
    return cast("Callable[..., Any] | None", registry.get(operator))


def prelu_kernel() -> object | None:
    """The operator that a PReLU consists of; None where this torch has none of that name.

    Private: ``torch.ops.aten._prelu_kernel``, in torch 2.6 and 2.13.

    Without it torch itself works out the output's shape: the first count takes a second longer.
    """
    import torch

    packet = getattr(torch.ops.aten, "_prelu_kernel", None)
    return getattr(packet, "default", None)


def onednn_takes(half: "torch.dtype") -> bool:
    """Whether oneDNN convolves bfloat16 or float16 on this processor.

    Private: ``torch.ops.mkldnn._is_mkldnn_bf16_supported``, in torch 2.6 and 2.13, and ``_is_mkldnn_fp16_supported``,
    in 2.13 (2.6 was not asked).

    Without them the vector extension decides: bfloat16 where torch uses AVX-512, which leaves out processors that
    convert it on AVX2; float16 nowhere. There the predicted peak of a half-precision case is of another layout.
    """
    import torch

    name = {torch.bfloat16: "_is_mkldnn_bf16_supported", torch.float16: "_is_mkldnn_fp16_supported"}[half]
    ask = getattr(torch.ops.mkldnn, name, None)
    if ask is None:
        return half is torch.bfloat16 and torch.backends.cpu.get_cpu_capability() == "AVX512"
    return bool(ask())


# --- torch.compile


def is_compiler_error(error: BaseException) -> bool:
    """Whether ``torch.compile`` raised it, not the network.

    Private: where its exceptions live, ``torch._dynamo`` and ``torch._inductor``, in torch 2.6 and 2.13.

    Without these names a network that cannot be compiled is a CRASH, in place of UNSUPPORTED.
    """
    return any(kind.__module__.startswith(("torch._dynamo", "torch._inductor")) for kind in type(error).__mro__)


def forget_compiled_graphs() -> None:
    """Begin the counts of :func:`compiled_graphs` and :func:`graph_breaks` anew; nothing compiled is kept."""
    import torch

    torch.compiler.reset()
    if (counters := _compiler_counters()) is not None:
        counters.clear()


def compiled_graphs() -> int | None:
    """Graphs that ``torch.compile`` has compiled; None where this torch does not tell.

    Private: ``torch._dynamo.utils.counters``, in torch 2.6 and 2.13.

    Without it a network that is compiled anew inside the timed passes is not told.
    """
    counters = _compiler_counters()
    return None if counters is None else int(counters["stats"]["unique_graphs"])


def graph_breaks() -> int | None:
    """Places where tracing had to stop and begin anew, counted as :func:`compiled_graphs` are."""
    counters = _compiler_counters()
    return None if counters is None else sum(counters["graph_break"].values())


def _compiler_counters() -> dict[str, Counter[str]] | None:
    try:
        from torch._dynamo.utils import counters
    except ImportError:
        return None
    return cast(dict[str, Counter[str]], counters)


def gpu_sleep(cycles: int) -> None:
    """A kernel that does nothing for so many clock cycles, on the current CUDA stream.

    Private: ``torch.cuda._sleep``, with which torch tests its own streams, in 2.6 as in 2.13. Without it the checks of
    synchronisation in the GPU drill have no work of known length.

    Raises:
        LackingInterfaceError: torch has it no longer.
    """
    import torch

    sleep = getattr(torch.cuda, "_sleep", None)
    if sleep is None:
        raise LackingInterfaceError("this torch has no kernel of a known length (torch.cuda._sleep)")
    sleep(cycles)


def uncompiled(network: "nn.Module") -> "nn.Module":
    """The network inside of ``torch.compile``'s own module; itself where there is none.

    Without it such a network is measured as its author compiled it, and its row says nothing of that.
    """
    inner: nn.Module = getattr(network, "_orig_mod", network)
    return inner
