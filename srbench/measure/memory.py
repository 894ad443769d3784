"""Peak memory of one forward pass, in a process that does nothing else."""

from collections.abc import Callable

from srbench.machine.device import Device, Peak
from srbench.records import Memory


def measure_memory(
    forward: Callable[[], object], device: Device, weights_bytes: int, input_bytes: int, hidden_bytes: int = 0
) -> Memory:
    """Watch the first pass, then a second one: the cold and the warm peak.

    The first pass takes along what is loaded or packed once (code pages, library handles), so the second one is what a
    program needs that upscales image after image. ``device.prepare_memory`` must have been called before anything was
    allocated.

    Args:
        forward: one pass on a resident input; its result must not be kept.
        device: where it runs.
        weights_bytes: parameters and buffers, resident.
        input_bytes: the LR batch, resident.
        hidden_bytes: held for the pass, though the device's counter no longer tells of it.
    """

    def watched() -> Peak:
        device.reset_peak()
        forward()
        device.synchronize()
        return device.peak()

    def total(peak: Peak) -> int:
        grown = weights_bytes + input_bytes + max(0, peak.added_bytes or 0)
        return hidden_bytes + (grown if peak.total_bytes is None else peak.total_bytes)

    device.synchronize()
    cold, warm = watched(), watched()
    return Memory(
        weights_bytes=weights_bytes,
        input_bytes=input_bytes,
        peak_bytes=total(warm),
        allocator_bytes=warm.total_bytes,
        reserved_bytes=warm.reserved_bytes,
        process_bytes=warm.process_bytes,
        cold_bytes=total(cold),
        method=f"{warm.method}, and what a recording holds" if hidden_bytes else warm.method,
    )
