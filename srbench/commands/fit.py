"""``srbench fit``: the largest LR image that fits a memory size, by prediction; nothing runs."""

from srbench import limits
from srbench.api.fitting import MIB, FitAnswer, FitRequest, Fitted
from srbench.api.fitting import fit as fitted
from srbench.cases import MODE_SIGN
from srbench.commands import width
from srbench.measure.fitting import Sized
from srbench.render.terminal import table
from srbench.text import plain

PEAK_ON_CPU = """\
Peak: weights, input, output and everything alive between them at the worst moment of a pass, with the copies that
convolutions make. glibc's malloc keeps freed tensors below 32 MiB; MALLOC_MMAP_THRESHOLD_=65536 in the environment
lets a program get by with this. On one thread 1x1 convolutions copy nothing, so it needs less."""
PEAK_ON_CUDA = """\
Peak: weights, input, output and everything alive between them at the worst moment of a pass, as a caching allocator
hands it out; cuDNN's workspaces are part of what is kept."""


def fit(request: FitRequest) -> int:
    """Print a row for each model, dtype and aspect."""
    answer = fitted(request)
    head = ["Model", "Aspect", "LR", "GT", "Peak [MiB]", "Next LR", "would need [MiB]"]
    cells = [head, *(_row(each, request.scale) for each in answer.fitted)]
    print(_title(request, answer))
    print()
    print(table(cells, width=width()))
    peak = PEAK_ON_CPU if answer.device == "cpu" else PEAK_ON_CUDA
    print(f"\n{peak}\nPredicted from shapes; nothing was run.")
    return 0


def _title(request: FitRequest, answer: FitAnswer) -> str:
    source = "--memory" if request.memory_bytes is not None else "free now"
    if source == "free now" and answer.device == "cpu":
        source += f", less {limits.RESERVE_SHARE:.0%}"
    dtypes = ", ".join(dict.fromkeys(each.mode.dtype for each in answer.fitted))
    return (
        f"Largest LR image at x{request.scale}, batch {request.batch}, {dtypes}, on {answer.device}\n"
        f"{_mib(answer.memory_bytes)} MiB ({source}), {_mib(answer.reserve_bytes)} MiB of it kept for interpreter and "
        "libraries (--reserve)"
    )


def _row(each: Fitted, scale: int) -> list[str]:
    largest, beyond = each.fit.largest, each.fit.next
    after = ("", "") if beyond is None else (_size(beyond), _mib(beyond.peak_bytes))
    name = MODE_SIGN.join([plain(each.model.label), *each.mode.words])
    gt = f"{largest.width * scale}x{largest.height * scale}"
    return [name, str(each.aspect), _size(largest), gt, _mib(largest.peak_bytes), *after]


def _size(image: Sized) -> str:
    return f"{image.width}x{image.height}"


def _mib(amount: int) -> str:
    return f"{amount / MIB:,.1f}"
