"""Peaks: known tensors to the byte, the driver's figure, the prediction, and what becomes of a case without memory."""

from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn

import model_defs
from drill.checks import Bench, Check, Figures, Found, Skip
from srbench import machine, models, sizes
from srbench.api import profiling
from srbench.api.fitting import RESERVE_BYTES
from srbench.api.request import Request
from srbench.cases import Case
from srbench.failures import Failure
from srbench.machine.device import open_device
from srbench.measure.memory import measure_memory
from srbench.preparing import static
from srbench.records import KERNEL_ERROR_BYTES, Memory, Settings
from srbench.tasks import Memory as WatchMemory

MIB = 2**20
#: 16 MiB: torch's allocator gives whole blocks of 2 MiB to tensors of this size, and rounds nothing.
KNOWN_SHAPE = (1, 64, 256, 256)
KNOWN_BYTES = 16 * MIB
#: Held and given back before the watched pass: what a peak that is not reset would show.
BEFORE_BYTES = 256 * MIB
#: On a CPU the prediction is within this of the measurement (docs/measuring.md: 0.21 %), beside the kernel's counting.
CPU_ERROR = 0.01
#: What the dry run is about, and what a GPU is asked.
DRY, DRY_LR = ("ecbsr", "rfdn"), (96, 64)
LR = (320, 180)
#: What :class:`drill.networks.Hungry` may take on a CPU.
CPU_LIMIT_BYTES = 3 * 2**30
HUNGRY = f"{Path(__file__).with_name('networks.py')}:Hungry"


class Chain(nn.Module):
    """At its peak three tensors of the input's size beside it."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> the same."""
        first = x + 1
        second = first * 2
        return first + second


def _watched(bench: Bench) -> Memory:
    device = open_device(bench.device)
    device.prepare_memory()
    where = device.torch_device
    # A figure of a pass that comes after a larger one: of what was before nothing may be left in it.
    del_me = torch.ones(BEFORE_BYTES // 4, device=where)
    del del_me
    chain, image = Chain(), torch.rand(KNOWN_SHAPE, device=where)
    with torch.inference_mode():
        return measure_memory(lambda: chain(image), device, 0, KNOWN_BYTES)


def known_tensors(bench: Bench) -> Found:
    """The peak of a chain of known tensors is what arithmetic says; twice, so that the second pass is a pass alone."""
    memory = _watched(bench)
    expected, error = 4 * KNOWN_BYTES, memory.error_bytes
    if "lower bound" in memory.method:
        raise Skip(f"this kernel does not let a process reset its peak: {memory.method}")
    off = memory.peak_bytes - expected
    figures: Figures = {
        "expected_bytes": expected,
        "peak_bytes": memory.peak_bytes,
        "first_pass_bytes": memory.cold_bytes,
        "error_allowed_bytes": error,
    }
    wrong = (f"the peak is read {off:+,} bytes off ({memory.method})",) if abs(off) > error else ()
    return Found(figures=figures, wrong=wrong)


def driver(bench: Bench) -> Found:
    """Each figure holds the one before: tensors, what the allocator reserved, the process as the driver sees it."""
    memory = _watched(bench)
    named = {
        "peak_bytes": memory.peak_bytes,
        "reserved_bytes": memory.reserved_bytes,
        "process_bytes": memory.process_bytes,
    }
    told = [(name, value) for name, value in named.items() if value is not None]
    if len(told) < 2:
        raise Skip("neither the allocator's reserve nor the process's figure is told here")
    steps = pairwise(told)
    wrong = [f"{outer} ({b:,}) is less than {inner} ({a:,})" for (inner, a), (outer, b) in steps if b < a]
    return Found(figures=dict(named), wrong=tuple(wrong))


def predicted(bench: Bench) -> Found:
    """The prediction against the measured peak, network by network; on a GPU what is beyond it is cuDNN's."""
    names = DRY if bench.on_cpu else tuple(model_defs.DEFAULTS)
    settings = Settings(seed=0, budget_s=1, timeout_s=60)
    figures: Figures = {}
    wrong = []
    for name in names:
        [model] = models.parse(name, "deploy")
        size = sizes.plan(4, lr=DRY_LR if bench.on_cpu else LR)
        case = Case(model=model, size=size, device=bench.device, threads=machine.usable_cores())
        told = static(case).predicted_peak_bytes(bench.device)
        found = bench.launcher.launch(WatchMemory(case, settings), settings.timeout_s)
        if isinstance(found, Failure):
            wrong.append(f"{name}: {found.status}, {found.reason}")
            continue
        beyond = found.memory.peak_bytes - told
        figures |= {f"{name}_predicted_mib": told / MIB, f"{name}_measured_mib": found.memory.peak_bytes / MIB}
        figures |= {f"{name}_beyond_mib": beyond / MIB}
        low, high = -KERNEL_ERROR_BYTES - CPU_ERROR * told, KERNEL_ERROR_BYTES + CPU_ERROR * told
        if not bench.on_cpu:
            # The allocator knows its tensors to the byte; what fit keeps beside them must hold the workspaces.
            low, high = 0, RESERVE_BYTES["cuda"]
        if not low <= beyond <= high:
            wrong.append(f"{name}: measured {beyond / MIB:+,.2f} MiB beyond the prediction")
    return Found(figures=figures, wrong=tuple(wrong))


def no_memory(bench: Bench) -> Found:
    """A network that takes all memory is a row, and the one behind it is measured."""
    limit = CPU_LIMIT_BYTES if bench.on_cpu else None
    after = "ecbsr"
    request = Request(
        models=(HUNGRY, after),
        lr=((32, 24),),
        device=bench.device,
        rounds=1,
        budget_s=0.2,
        patience_s=0,
        timeout_s=60,
        memory_limit_bytes=limit,
    )
    hungry, behind = profiling.profile(request, launcher=bench.launcher)
    wrong = []
    if hungry.status != "OOM":
        wrong.append(f"the network that takes all memory is {hungry.status} ({hungry.reason})")
    if behind.failed or behind.latency is None or behind.memory is None:
        wrong.append(f"the network behind it was not measured: {behind.status} ({behind.reason})")
    figures: Figures = {"status": hungry.status, "reason": hungry.reason, "behind_it": behind.status}
    return Found(figures=figures, wrong=tuple(wrong))


CHECKS = (
    Check("memory.known-tensors", "A peak is that of the watched pass alone, to the byte on a GPU.", known_tensors),
    Check("memory.driver", "The process's figure holds the allocator's reserve, and that its peak.", driver),
    Check(
        "memory.predicted",
        "The predicted peak is the measured one; on a GPU but for workspaces, which fit's reserve covers.",
        predicted,
        launches=True,
    ),
    Check("memory.oom", "A network without memory is a row with OOM, and the next runs.", no_memory, launches=True),
)
