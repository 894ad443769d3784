"""Self-tests that need a fresh process: memory that is known beforehand, and a matrix product."""

import contextlib
import multiprocessing
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from time import perf_counter_ns

import torch

from srbench.machine.device import open_device
from srbench.measure.memory import measure_memory

#: What the pass of the memory test holds at its peak: large beside the pages that an interpreter touches.
KNOWN_BYTES = 64 * 2**20
#: Sides of the square matrices: 17 and 550 GFLOP, a tenth of a second on a few cores, some milliseconds on a GPU.
CPU_SIDE, CUDA_SIDE = 2048, 6500
#: Products are repeated for so long; the first ones wake the clock up.
PRODUCTS_S = 1.5
#: The process imports torch first, which takes seconds on a slow disk.
TIMEOUT_S = 120.0


@dataclass(frozen=True)
class Probe:
    """What the process measured.

    Attributes:
        memory_bytes, method: peak of a pass that holds :data:`KNOWN_BYTES`, and how it was read.
        side: of the square matrices.
        product_ns: wall time of each product.
        threads: that computed it, on a CPU.
        multiprocessors: of the GPU; None on a CPU.
        error: what went wrong; the rest is empty then.
    """

    memory_bytes: int = 0
    method: str = ""
    side: int = 0
    product_ns: tuple[int, ...] = ()
    threads: int = 0
    multiprocessors: int | None = None
    error: str = ""


def run(device: str, threads: int | None) -> Probe:
    """Start the process and wait for what it finds."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=main, args=(device, threads, sender), daemon=True)
    process.start()
    sender.close()
    try:
        if not receiver.poll(TIMEOUT_S):
            return Probe(error=f"no answer within {TIMEOUT_S:g} s")
        found = receiver.recv()
        assert isinstance(found, Probe)
        return found
    except EOFError:
        process.join(timeout=5)
        return Probe(error=f"the process ended with exit code {process.exitcode} and no answer")
    finally:
        receiver.close()
        process.kill()
        process.join()


def main(device: str, threads: int | None, pipe: Connection) -> None:
    """Entry point of the process.

    Args:
        device: ``cpu`` or ``cuda:N``.
        threads: of the CPU; None to leave them as they are.
        pipe: where the result goes.
    """
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        answer = probe(device, threads)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong is a finding
        answer = Probe(error=f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}")
    with contextlib.suppress(BrokenPipeError):
        pipe.send(answer)


def probe(device: str, threads: int | None) -> Probe:
    """The tests themselves; alters the allocator and the threads of this process."""
    opened = open_device(device)
    opened.prepare_memory()
    if threads is not None:
        torch.set_num_threads(threads)
    where = opened.torch_device

    def hold() -> None:
        torch.ones(KNOWN_BYTES // 4, dtype=torch.float32, device=where)

    memory = measure_memory(hold, opened, weights_bytes=0, input_bytes=0)
    on_gpu = where.type == "cuda"
    side = CUDA_SIDE if on_gpu else CPU_SIDE
    return Probe(
        memory_bytes=memory.peak_bytes,
        method=memory.method,
        side=side,
        product_ns=_products(side, where, opened.synchronize),
        threads=torch.get_num_threads(),
        multiprocessors=torch.cuda.get_device_properties(where).multi_processor_count if on_gpu else None,
    )


def _products(side: int, where: torch.device, synchronize: Callable[[], None]) -> tuple[int, ...]:
    """Time float32 products in full precision (no TF32, no bfloat16), the output allocated once."""
    torch.set_float32_matmul_precision("highest")
    left, right = (torch.rand(side, side, device=where) for _ in range(2))
    out = torch.empty(side, side, device=where)
    times: list[int] = []
    start = perf_counter_ns()
    while len(times) < 3 or perf_counter_ns() - start < PRODUCTS_S * 1e9:
        synchronize()
        begin = perf_counter_ns()
        torch.mm(left, right, out=out)
        synchronize()
        times.append(perf_counter_ns() - begin)
    return tuple(times)
