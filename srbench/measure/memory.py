"""Peak memory of one forward pass, in a process that does nothing else."""

from collections.abc import Callable

from srbench.device import Device
from srbench.records import Memory


def measure_memory(forward: Callable[[], object], device: Device, weights_bytes: int, input_bytes: int) -> Memory:
    """Run a warm-up pass, reset the device's peak, run one pass and read it.

    The warm-up pass takes along what is loaded or packed once (code pages, library handles). ``device.prepare_memory``
    must have been called before anything was allocated.

    Args:
        forward: one pass on a resident input; its result must not be kept.
        device: where it runs.
        weights_bytes: parameters and buffers, resident.
        input_bytes: the LR batch, resident.
    """
    forward()
    device.synchronize()
    device.reset_peak()
    forward()
    device.synchronize()
    peak = device.peak()
    resident = weights_bytes + input_bytes
    total = peak.total_bytes if peak.total_bytes is not None else resident + max(0, peak.added_bytes or 0)
    return Memory(
        weights_bytes=weights_bytes,
        input_bytes=input_bytes,
        peak_bytes=total,
        reserved_bytes=peak.reserved_bytes,
        method=peak.method,
    )
