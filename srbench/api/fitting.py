"""The largest LR image that fits a memory size, by prediction; nothing runs."""

from dataclasses import dataclass

import torch

import model_defs
from srbench import limits, models, planning, preparing, sizes, tasks
from srbench.api.profiling import lent
from srbench.api.request import Request, networks_of
from srbench.cases import Case, Form, Mode, Model
from srbench.counts import Complexity
from srbench.errors import InputError
from srbench.failures import Failure
from srbench.launch import PROCESSES
from srbench.live import Networks
from srbench.machine.device import choose_device
from srbench.measure.fitting import Aspect, Fit, Ladder, ladder, largest_that_fits, parse_aspects
from srbench.records import Settings
from srbench.work import Launcher

MIB = 2**20
#: What a process holds beside a pass. CPU: interpreter, torch and its libraries, a little more than the most that
#: ``scripts/bench_memory.py`` finds (docs/method/measuring.md). CUDA: context, kernels and cuDNN's workspaces; an
#: assumption.
RESERVE_BYTES = {"cpu": 300 * MIB, "cuda": 1024 * MIB}
#: Where a network of the user's own starts: below, many refuse to work.
OWN_MIN_SIDE = 64
#: Most networks with a contracting path want such sides.
OWN_MULTIPLE = 8
#: A count takes milliseconds; a network that needs longer hangs.
TIMEOUT_S = 120.0


@dataclass(frozen=True)
class FitRequest:
    """What is to be fitted into what.

    Attributes:
        models: names as on the command line, live modules, or both.
        memory_bytes: what there is; None for what the device has free now.
        scale: upscaling factor.
        aspects: of the image, such as ``1:1,16:9``.
        dtype: what the network computes in, or several, comma-separated.
        form: of networks that re-parameterise themselves.
        device: ``auto``, ``cpu`` or ``cuda:N``; with ``memory_bytes`` a GPU need not be here.
        batch: images in a pass.
        reserve_bytes: part of the memory kept for interpreter and libraries; None for the device's usual one.
        multiple: both LR sides are multiples of it; None for 1, and for 8 of a network of one's own.
    """

    models: Networks
    memory_bytes: int | None = None
    scale: int = 4
    aspects: str = "1:1,16:9"
    dtype: str = "float32"
    form: Form = "deploy"
    device: str = "auto"
    batch: int = 1
    reserve_bytes: int | None = None
    multiple: int | None = None


@dataclass(frozen=True)
class Fitted:
    """The answer for one network in one dtype and one aspect."""

    model: Model
    mode: Mode
    aspect: Aspect
    fit: Fit


@dataclass(frozen=True)
class FitAnswer:
    """All answers, and what they are answers for: the device whose rule predicts, its memory, the part kept of it."""

    device: str
    memory_bytes: int
    reserve_bytes: int
    fitted: tuple[Fitted, ...]


def fit(request: FitRequest, launcher: Launcher = PROCESSES) -> FitAnswer:
    """Search the sizes of each network; see ``FitRequest``.

    Raises:
        InputError: an unknown name, a memory that leaves nothing, or a network that cannot be counted or does not fit.
    """
    asked, modules = networks_of(Request(request.models, form=request.form))
    aspects = parse_aspects(request.aspects)
    sizes.plan(request.scale, batch=request.batch)  # refuses a wrong batch
    device = _rule(request)
    memory = request.memory_bytes if request.memory_bytes is not None else _free(device)
    usual = RESERVE_BYTES[device.partition(":")[0]]
    reserve = usual if request.reserve_bytes is None else request.reserve_bytes
    if memory <= reserve:
        raise InputError(
            f"--memory of {memory / MIB:,.1f} MiB leaves nothing beside the {reserve / MIB:,.1f} MiB kept for "
            "interpreter and libraries; give more, or a smaller --reserve"
        )
    modes = planning.modes_of("eager", request.dtype, "contiguous")
    fitted: dict[tuple[object, ...], Fitted] = {}
    pickles, launcher = lent(modules, launcher)
    for each in asked:
        pickled = pickles.get(each.model.source or "")
        for mode in (each.in_mode(mode) for mode in modes):
            if mode != Mode(dtype=mode.dtype):
                raise InputError(f"{mode.label}: what it needs nobody predicts; fit answers for eager, contiguous")
            for aspect in aspects:
                largest = _search(each.model, mode, aspect, request, device, memory - reserve, launcher, pickled)
                fitted.setdefault((each.model.key, mode, aspect), Fitted(each.model, mode, aspect, largest))
    return FitAnswer(device, memory, reserve, tuple(fitted.values()))


def _rule(request: FitRequest) -> str:
    """The device whose rule predicts: with --memory it need not be here."""
    name = request.device.strip().lower()
    if request.memory_bytes is None or name in ("auto", "cpu"):
        return choose_device(request.device)
    if name == "cuda" or (name.startswith("cuda:") and name[5:].isascii() and name[5:].isdigit()):
        return name if ":" in name else "cuda:0"
    raise InputError(f"--device {request.device}: write auto, cpu or cuda:N")


def _free(device: str) -> int:
    if device != "cpu":
        return int(torch.cuda.mem_get_info(int(device.partition(":")[2]))[0])
    free = limits.available_bytes()
    if free is None:
        raise InputError("this system does not tell how much memory is free; give --memory")
    return free


def _search(
    model: Model,
    mode: Mode,
    aspect: Aspect,
    request: FitRequest,
    device: str,
    limit: int,
    launcher: Launcher,
    pickled: bytes | None,
) -> Fit:
    steps = _ladder(model, aspect, request.multiple)
    models.check(model, request.scale, *steps.size(steps.first))

    def peak_bytes(width: int, height: int) -> int:
        size = sizes.plan(request.scale, lr=(width, height), batch=request.batch)
        case = Case(model=model, size=size, mode=mode, device="none")
        return count_case(case, launcher, pickled).predicted_peak_bytes(device)

    try:
        return largest_that_fits(steps, peak_bytes, limit)
    except InputError as error:
        raise InputError(f"{model.variant} x{request.scale}: {error}") from None


def _ladder(model: Model, aspect: Aspect, multiple: int | None) -> Ladder:
    if model.own:
        return ladder(aspect, multiple or OWN_MULTIPLE, OWN_MIN_SIDE, 1)
    variant = model_defs.get(model.variant)
    return ladder(aspect, multiple or 1, variant.min_size, variant.size_multiple)


def count_case(case: Case, launcher: Launcher = PROCESSES, pickled: bytes | None = None) -> Complexity:
    """What follows from a case's shapes: of the zoo counted here, of a user's network in a process of its own.

    Args:
        case: network, size and mode.
        launcher: starts the process that counts a user's network.
        pickled: a live module; None for one that is named.

    Raises:
        InputError: it cannot be counted.
    """
    if not case.model.own:
        return preparing.static(case)
    # A network that needs values runs: what does not fit must end that process, not this machine.
    settings = Settings(seed=0, budget_s=1, timeout_s=TIMEOUT_S, memory_limit_bytes=limits.available_bytes())
    found = launcher.launch(tasks.Static(case, settings, pickled), TIMEOUT_S)
    problem = found if isinstance(found, Failure) else found.problem
    if isinstance(found, Failure) or found.complexity is None:
        size = f"{case.size.lr_width}x{case.size.lr_height}"
        why = problem.reason if problem is not None else "its process does not say why"
        raise InputError(f"it cannot be counted on LR {size}: {why}")
    return found.complexity
