"""What fit says is the largest size, held against the true limit."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from drill.checks import Bench, Check, Figures, Found
from srbench import models, sizes
from srbench.api import fitting
from srbench.api.fitting import FitRequest
from srbench.cases import Case
from srbench.failures import Failure
from srbench.machine.device import open_device
from srbench.records import Settings
from srbench.tasks import Memory, Watched
from srbench.work import Nothing

MIB = 2**20
#: The memory that a size is asked for: small, so that a pass takes no minute.
CPU_BYTES, CUDA_BYTES = 450 * MIB, 4096 * MIB
NETWORK = {"cpu": "ecbsr-m4c8", "cuda": "span"}
#: fit keeps a part back; with all of it used, and what it rounds, an image has at most this many times the pixels.
MOST_OVER = 2.5
#: Halvings between the size that fit names and the largest that could run.
HALVINGS = 4
TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Confined(Memory):
    """The memory of a pass in a process that may take so much of a GPU, its context included."""

    allowed_bytes: int = 0

    def run(self, report: Callable[[Nothing], None]) -> Watched:
        """Confine torch's allocator to what the context leaves."""
        if self.case.device != "cpu":
            where = open_device(self.case.device).torch_device
            torch.zeros(1, device=where)
            free, total = torch.cuda.mem_get_info(where)
            context = total - free - torch.cuda.memory_reserved(where)
            torch.cuda.set_per_process_memory_fraction((self.allowed_bytes - context) / total, where)
        return super().run(report)


def limit(bench: Bench) -> Found:
    """The largest square that fit names runs; the true limit by bisection."""
    kind = bench.device.partition(":")[0]
    memory, name = (CPU_BYTES if bench.on_cpu else CUDA_BYTES), NETWORK[kind]
    answer = fitting.fit(FitRequest(name, memory_bytes=memory, aspects="1:1", device=bench.device))
    side = answer.fitted[0].fit.largest.width
    settings = Settings(seed=0, budget_s=1, timeout_s=TIMEOUT_S)
    figures: Figures = {"network": name, "memory_mib": memory / MIB, "named_side": side}

    def runs(tried: int) -> bool:
        [model] = models.parse(name, "deploy")
        threads = 1 if bench.on_cpu else None
        case = Case(model=model, size=sizes.plan(4, lr=(tried, tried)), device=bench.device, threads=threads)
        found = bench.launcher.launch(Confined(case, settings, allowed_bytes=memory), TIMEOUT_S)
        if isinstance(found, Failure):
            figures[f"side_{tried}"] = found.status
            return False
        # Of a CPU nothing is confined: what the kernel counts for the process is held against the memory.
        held = found.memory.process_bytes if bench.on_cpu else None
        figures[f"side_{tried}"] = "runs" if held is None else f"holds {held / MIB:.0f} MiB"
        return held is None or held <= memory

    if not runs(side):
        return Found(figures=figures, wrong=(f"LR {side}x{side}, which fit names, does not run",))
    low, high = side, int(side * MOST_OVER**0.5) + 1
    if runs(high):
        why = f"fit names LR {side}x{side}, and {high}x{high} runs as well"
        return Found(figures=figures, wrong=(why,))
    for _ in range(HALVINGS):
        middle = (low + high) // 2
        if runs(middle):
            low = middle
        else:
            high = middle
    figures["true_side"] = low
    figures["pixels_over_named"] = (low / side) ** 2
    return Found(figures=figures)


CHECKS = (Check("memory.fit", "The largest size that fit names runs, and not much more does.", limit, launches=True),)
