"""Fixing a GPU's clock for the time of a run, and letting it go again."""

from collections.abc import Iterator
from contextlib import contextmanager

from srbench.errors import InputError
from srbench.machine import nvml


@contextmanager
def locked(device: str, mhz: int) -> Iterator[None]:
    """Hold the clock of a GPU at ``mhz`` until the block ends, for good or ill.

    NVML gives no way to read what a clock was locked to, so one that is locked already is left alone. A program that
    is killed lets nothing go: ``nvidia-smi --reset-gpu-clocks`` does.

    Args:
        device: ``cuda:N``.
        mhz: of the multiprocessors.

    Raises:
        InputError: not a GPU, not one that NVML knows, locked already, or not permitted.
    """
    if not device.startswith("cuda"):
        raise InputError(f"--lock-clocks is for GPUs, and the device is {device}")
    gpu = nvml.of_cuda(int(device.partition(":")[2])) if nvml.start() else None
    if gpu is None:
        raise InputError(f"--lock-clocks: NVML does not know {device}")
    if gpu.clocks_locked:
        raise InputError(f"--lock-clocks: the clocks of {device} are set already; use --clock locked")
    if refusal := gpu.lock_clocks(mhz):
        number = f" -i {gpu.index}" if gpu.index is not None else ""
        raise InputError(
            f"--lock-clocks {mhz}: {refusal}; sudo nvidia-smi{number} --lock-gpu-clocks={mhz}, then --clock locked"
        )
    try:
        yield
    finally:
        gpu.unlock_clocks()
