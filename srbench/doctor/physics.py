"""Can these figures be? Known memory, and a matrix product against what the hardware can do at most."""

from dataclasses import dataclass

from srbench.doctor.probe import KNOWN_BYTES, Probe
from srbench.doctor.report import Finding
from srbench.facts import Processor
from srbench.records import Settings

#: Share by which the peak of known memory may be off.
MEMORY_TOLERANCE = 0.02
#: No processor has been sold with a higher clock; taken where the real one is not told.
FASTEST_MHZ = 6500
#: A timer may be off by this much before a figure above the peak means that it is broken.
PEAK_TOLERANCE = 1.02
#: Below this share of the peak something holds the product back.
SLOW_SHARE = 0.1
#: float32 operations of a core in a cycle: lanes x multiply and add x units. The most that any processor with that
#: extension does, so that no true figure lies above it; the first that fits counts.
_FLOPS_PER_CYCLE = (
    (("avx512f",), 64),
    (("avx2", "fma"), 32),
    (("avx",), 16),
    (("sve",), 64),
    (("asimd",), 32),
)
#: And of a multiprocessor: 128 lanes at most, in every generation so far.
_GPU_FLOPS_PER_CYCLE = 256


@dataclass(frozen=True)
class Peak:
    """What the hardware can do at most: operations per second, and how that was reckoned."""

    flops: float
    reckoning: str


def memory(probe: Probe) -> Finding:
    """Judge the peak of a pass whose memory is known."""
    code = "memory.known"
    if "lower bound" in probe.method:
        sentence = "this kernel does not let a process reset its peak: measured memory would be too small"
        advice = "runtimes are not affected; writing to /proc/self/clear_refs must be allowed"
        return Finding(code=code, level="unfit", sentence=sentence, advice=advice)
    off = probe.memory_bytes / KNOWN_BYTES - 1
    sentence = (
        f"a pass that holds {KNOWN_BYTES / 2**20:.0f} MiB reads {probe.memory_bytes / 2**20:.2f} MiB ({off:+.2%})"
    )
    if abs(off) <= MEMORY_TOLERANCE:
        return Finding(code=code, level="ok", sentence=sentence)
    advice = f"memory figures would be as wrong; they are read from the {probe.method}"
    return Finding(code=code, level="unfit", sentence=sentence, advice=advice)


def cpu_peak(chip: Processor, threads: int) -> Peak | None:
    """The peak of so many threads; None for a processor without a known vector extension."""
    per_cycle = next((n for needs, n in _FLOPS_PER_CYCLE if set(needs) <= set(chip.flags)), None)
    if per_cycle is None:
        return None
    cores = min(threads, chip.usable_physical_cores or threads)
    mhz = chip.max_mhz or FASTEST_MHZ
    clock = f"{mhz} MHz" if chip.max_mhz else f"{mhz} MHz, taken since the highest clock is not told"
    reckoning = f"{cores} core{'s' if cores != 1 else ''} x {per_cycle} operations a cycle x {clock}"
    return Peak(cores * per_cycle * mhz * 1e6, reckoning)


def gpu_peak(max_clock_mhz: int | None, multiprocessors: int | None) -> Peak | None:
    """The peak of a GPU in float32 without tensor cores; None where its clock or size is not told."""
    if not max_clock_mhz or not multiprocessors:
        return None
    reckoning = f"{multiprocessors} multiprocessors x {_GPU_FLOPS_PER_CYCLE} operations a cycle x {max_clock_mhz} MHz"
    return Peak(multiprocessors * _GPU_FLOPS_PER_CYCLE * max_clock_mhz * 1e6, reckoning)


def product(probe: Probe, peak: Peak | None, settings: Settings) -> Finding:
    """Judge the fastest product: no clock that tells the truth shows more than the peak.

    Args:
        probe: what the doctor's process measured.
        peak: what the device can do; None where that is unknown.
        settings: under which it was measured.
    """
    code = "timer.product"
    if probe.multiprocessors is not None and settings.environment.get("NVIDIA_TF32_OVERRIDE") == "1":
        sentence = "matrix product: skipped, NVIDIA_TF32_OVERRIDE=1 puts it on tensor cores"
        return Finding(code=code, level="unknown", sentence=sentence)
    reached = 2 * probe.side**3 / (min(probe.product_ns) / 1e9)
    sentence = f"a float32 matrix product reaches {_giga(reached)}"
    if peak is None:
        reason = "the peak of this device is not known, so that says nothing of the clock"
        return Finding(code=code, level="unknown", sentence=f"{sentence}; {reason}")
    share = reached / peak.flops
    sentence += f", {share:.0%} of the {_giga(peak.flops)} that it can do at most ({peak.reckoning})"
    if share > PEAK_TOLERANCE:
        advice = "no hardware does that: the clock that times it is broken, or the stated clock rate is too low"
        return Finding(code=code, level="unfit", sentence=sentence, advice=advice)
    if share < SLOW_SHARE:
        advice = "something holds it back: other programs, a quota, a low clock, or a slow library"
        return Finding(code=code, level="note", sentence=sentence, advice=advice)
    return Finding(code=code, level="ok", sentence=sentence)


def _giga(flops: float) -> str:
    return f"{flops / 1e12:,.1f} TFLOPS" if flops >= 1e12 else f"{flops / 1e9:,.0f} GFLOPS"
