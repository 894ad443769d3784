"""``srbench fit``: the largest LR image that fits a memory size, by prediction; nothing runs."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

import model_defs
from srbench import limits, models, sizes, worker
from srbench.cases import Case, Form, Model
from srbench.errors import InputError
from srbench.launch import launch
from srbench.machine.device import choose_device
from srbench.measure.fitting import Aspect, Fit, Ladder, Sized, ladder, largest_that_fits, parse_aspects
from srbench.records import Complexity, Settings
from srbench.render.formats import tabulated
from srbench.render.text import plain
from srbench.worker import Job

MIB = 2**20
#: What a process holds beside a pass. CPU: interpreter, torch and its libraries, a little more than the most that
#: ``scripts/bench_memory.py`` finds (docs/measuring.md). CUDA: context, kernels and cuDNN's workspaces; an assumption.
RESERVE_BYTES = {"cpu": 300 * MIB, "cuda": 1024 * MIB}
#: Where a network of the user's own starts: below, many refuse to work.
OWN_MIN_SIDE = 64
#: Most networks with a contracting path want such sides.
OWN_MULTIPLE = 8
#: A count takes milliseconds; a network that needs longer hangs.
TIMEOUT_S = 120.0

PEAK_ON_CPU = """\
Peak: weights, input, output and everything alive between them at the worst moment of a pass, with the copies that
convolutions make. glibc's malloc keeps freed tensors below 32 MiB; MALLOC_MMAP_THRESHOLD_=65536 in the environment
lets a program get by with this. On one thread 1x1 convolutions copy nothing, so it needs less."""
PEAK_ON_CUDA = """\
Peak: weights, input, output and everything alive between them at the worst moment of a pass, as a caching allocator
hands it out; cuDNN's workspaces are part of what is kept."""


@dataclass(frozen=True)
class Options:
    """The options as typed; the CLI's help says what they mean."""

    names: str
    memory: str | None
    scale: int
    aspects: str
    form: Form
    device: str
    batch: int
    reserve: str | None
    multiple: int | None


def fit(options: Options) -> int:
    """Print a row for each model and aspect."""
    named = models.parse(options.names, options.form)
    aspects = parse_aspects(options.aspects)
    sizes.plan(options.scale, batch=options.batch)  # refuses a wrong batch
    device = _rule(options)
    memory = _memory(options, device)
    reserve = RESERVE_BYTES[device.partition(":")[0]]
    if options.reserve is not None:
        reserve = 0 if options.reserve.strip() == "0" else limits.parse_bytes(options.reserve, "--reserve")
    limit = memory - reserve
    if limit <= 0:
        raise InputError(
            f"--memory of {_mib(memory)} MiB leaves nothing beside the {_mib(reserve)} MiB kept for interpreter and "
            "libraries; give more, or a smaller --reserve"
        )
    head = ["Model", "Aspect", "LR", "GT", "Peak [MiB]", "Next LR", "would need [MiB]"]
    cells = [head]
    for model in named:
        for aspect in aspects:
            cells.append(
                [*_names(model, aspect), *_found(_search(model, aspect, options, device, limit), options.scale)]
            )
    print(_title(options, device, memory, reserve))
    print()
    print(tabulated(cells, "simple", left=(0,)))
    print(f"\n{PEAK_ON_CPU if device == 'cpu' else PEAK_ON_CUDA}\nPredicted from shapes; nothing was run.")
    return 0


def _rule(options: Options) -> str:
    """The device whose rule predicts: with --memory it need not be here."""
    name = options.device.strip().lower()
    if options.memory is None or name in ("auto", "cpu"):
        return choose_device(options.device)
    if name == "cuda" or (name.startswith("cuda:") and name[5:].isascii() and name[5:].isdigit()):
        return name if ":" in name else "cuda:0"
    raise InputError(f"--device {options.device}: write auto, cpu or cuda:N")


def _memory(options: Options, device: str) -> int:
    if options.memory is not None:
        return limits.parse_bytes(options.memory, "--memory")
    if device != "cpu":
        return int(torch.cuda.mem_get_info(int(device.partition(":")[2]))[0])
    free = limits.available_bytes()
    if free is None:
        raise InputError("this system does not tell how much memory is free; give --memory")
    return free


def _search(model: Model, aspect: Aspect, options: Options, device: str, limit: int) -> Fit:
    steps = _sizes(model, aspect, options.multiple)
    models.check(model, options.scale, *steps.size(steps.first))

    def peak_bytes(width: int, height: int) -> int:
        load = sizes.plan(options.scale, lr=(width, height), batch=options.batch)
        return _counts(Case(model=model, size=load, device="none")).predicted_peak_bytes(device)

    try:
        return largest_that_fits(steps, peak_bytes, limit)
    except InputError as error:
        raise InputError(f"{model.variant} x{options.scale}: {error}") from None


def _sizes(model: Model, aspect: Aspect, multiple: int | None) -> Ladder:
    if model.source is not None:
        return ladder(aspect, multiple or OWN_MULTIPLE, OWN_MIN_SIDE, 1)
    variant = model_defs.get(model.variant)
    return ladder(aspect, multiple or 1, variant.min_size, variant.size_multiple)


def _counts(case: Case) -> Complexity:
    """A network of the zoo is counted here, a user's in a process of its own."""
    if case.model.source is None:
        return worker.static(case)
    answer = launch(Job("static", case, Settings(seed=0, budget_s=1, timeout_s=TIMEOUT_S)), TIMEOUT_S)
    if answer.complexity is None:
        size = f"{case.size.lr_width}x{case.size.lr_height}"
        raise InputError(f"it cannot be counted on LR {size}: {answer.reason}")
    return answer.complexity


def _title(options: Options, device: str, memory: int, reserve: int) -> str:
    source = "--memory" if options.memory is not None else "free now"
    if source == "free now" and device == "cpu":
        source += f", less {limits.RESERVE_SHARE:.0%}"
    return (
        f"Largest LR image at x{options.scale}, batch {options.batch}, float32, on {device}\n"
        f"{_mib(memory)} MiB ({source}), {_mib(reserve)} MiB of it kept for interpreter and libraries (--reserve)"
    )


def _names(model: Model, aspect: Aspect) -> list[str]:
    return [plain(model.label), str(aspect)]


def _found(found: Fit, scale: int) -> Sequence[str]:
    largest = found.largest
    after = ("", "") if found.next is None else (_size(found.next), _mib(found.next.peak_bytes))
    return (_size(largest), f"{largest.width * scale}x{largest.height * scale}", _mib(largest.peak_bytes), *after)


def _size(image: Sized) -> str:
    return f"{image.width}x{image.height}"


def _mib(amount: int) -> str:
    return f"{amount / MIB:,.1f}"
