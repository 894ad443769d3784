"""What would disturb a measurement on a GPU now. Readings in, findings out."""

import os
from collections.abc import Iterable
from dataclasses import dataclass

from srbench.doctor.report import Finding
from srbench.machine import nvml
from srbench.records import Settings

#: Percent of the time in which something ran on the GPU: below it is what a display or a monitor needs.
BUSY_PERCENT = 5
#: Ampere; GPUs before it have no TF32.
_TF32_SINCE = 8.0


@dataclass(frozen=True)
class Load:
    """What runs on a GPU before this program has touched it; None where the driver does not tell."""

    programs: int | None
    utilisation_percent: int | None


@dataclass(frozen=True)
class State:
    """A GPU at one moment; None where the driver does not tell.

    Attributes:
        number: for nvidia-smi.
        load: what others run on it.
        max_clock_mhz, clock_mhz: of its multiprocessors.
        locked: whether somebody fixed its clocks.
    """

    name: str
    number: int | None
    load: Load
    locked: bool | None
    persistence: bool | None
    exclusive: bool | None
    mig: bool | None
    compute_capability: str | None
    reasons: tuple[str, ...]
    clock_mhz: int | None
    max_clock_mhz: int | None
    temperature_c: int | None


def loads() -> dict[str, Load]:
    """What runs on each GPU, by its UUID; to be asked before torch opens a context, which would count itself in."""
    found = {}
    for gpu in nvml.all_gpus() if nvml.start() else []:
        # In a container the driver's process numbers are the host's; this process is listed under none of them yet.
        others = None if gpu.processes is None else [p for p in gpu.processes if p.pid != os.getpid()]
        found[gpu.uuid or ""] = Load(None if others is None else len(others), gpu.utilisation_percent)
    return found


def busiest(samples: Iterable[dict[str, Load]]) -> dict[str, Load]:
    """Of several samples the highest figures: a GPU that is busy now and then is busy."""
    most: dict[str, Load] = {}
    for sample in samples:
        for uuid, load in sample.items():
            before = most.get(uuid, Load(None, None))
            most[uuid] = Load(
                _most(before.programs, load.programs), _most(before.utilisation_percent, load.utilisation_percent)
            )
    return most


def _most(*numbers: int | None) -> int | None:
    return max((number for number in numbers if number is not None), default=None)


def look(index: int, loads_before: dict[str, Load]) -> State | None:
    """The GPU that torch calls ``cuda:index``; None where NVML does not know it."""
    gpu = nvml.of_cuda(index) if nvml.start() else None
    if gpu is None:
        return None
    return State(
        name=gpu.name,
        number=gpu.index,
        load=loads_before.get(gpu.uuid or "", Load(None, None)),
        locked=gpu.clocks_locked,
        persistence=gpu.persistence,
        exclusive=gpu.exclusive,
        mig=gpu.mig,
        compute_capability=gpu.compute_capability,
        reasons=gpu.reasons,
        clock_mhz=gpu.clock_mhz,
        max_clock_mhz=gpu.max_clock_mhz,
        temperature_c=gpu.temperature_c,
    )


def findings(state: State | None, settings: Settings) -> list[Finding]:
    """All findings on the GPU; ``settings`` are torch's, read back."""
    if state is None:
        sentence = "NVML does not know this GPU: its load, clocks and temperature are not told"
        return [Finding(code="gpu.nvml", level="unknown", sentence=sentence)]
    return [
        _busy(state.load),
        _programs(state.load),
        _locked(state),
        _reasons(state.reasons),
        _tf32(state.compute_capability, settings),
        _persistence(state),
        _exclusive(state),
        _mig(state.mig),
        _now(state),
    ]


def _busy(load: Load) -> Finding:
    code, percent = "gpu.busy", load.utilisation_percent
    if percent is None:
        return Finding(code=code, level="unknown", sentence="the GPU's utilisation is not told")
    sentence = f"the GPU was busy {percent} % of the time before this program used it"
    if percent <= BUSY_PERCENT:
        return Finding(code=code, level="ok", sentence=sentence)
    advice = "wait for the others, or choose another with --device"
    return Finding(code=code, level="unfit", sentence=sentence, advice=advice)


def _programs(load: Load) -> Finding:
    code, count = "gpu.programs", load.programs
    if count is None:
        return Finding(code=code, level="unknown", sentence="which programs use the GPU is not told")
    if count == 0:
        return Finding(code=code, level="ok", sentence="no other program is listed on the GPU")
    sentence = f"{count} other program{'s hold' if count != 1 else ' holds'} a context on the GPU"
    return Finding(
        code=code, level="note", sentence=sentence, advice="nvidia-smi lists them; they may start work any time"
    )


def _locked(state: State) -> Finding:
    code = "gpu.clocks"
    if state.locked is None:
        return Finding(code=code, level="unknown", sentence="whether the clocks are locked is not told")
    if state.locked:
        return Finding(code=code, level="ok", sentence="the clocks are set on purpose")
    highest = f" up to {state.max_clock_mhz} MHz" if state.max_clock_mhz else ""
    advice = f"sudo nvidia-smi{_number(state)} --lock-gpu-clocks=MHZ, with a clock that it holds under load"
    sentence = f"no clock is set: it follows load and temperature{highest}"
    return Finding(code=code, level="note", sentence=sentence, advice=advice)


def _reasons(reasons: tuple[str, ...]) -> Finding:
    if not reasons:
        return Finding(code="gpu.reasons", level="ok", sentence="nothing holds the clock back now")
    sentence = f"the clock is held back now: {', '.join(reasons)}"
    return Finding(code="gpu.reasons", level="note", sentence=sentence, advice="look at cooling and power supply")


def _tf32(capability: str | None, settings: Settings) -> Finding:
    code = "gpu.tf32"
    if capability is not None and float(capability) < _TF32_SINCE:
        return Finding(code=code, level="ok", sentence="this GPU has no TF32")
    if settings.environment.get("NVIDIA_TF32_OVERRIDE") == "0":
        return Finding(code=code, level="ok", sentence="TF32 is switched off by NVIDIA_TF32_OVERRIDE=0")
    switched = (("convolutions", settings.cudnn_tf32), ("matrix products", settings.matmul_tf32))
    used = [name for name, on in switched if on]
    if not used:
        return Finding(code=code, level="ok", sentence="TF32 is off")
    sentence = f"TF32 is on for {' and '.join(used)}: float32 with factors of 10 bits, faster and less exact"
    return Finding(code=code, level="note", sentence=sentence, advice="for full float32: NVIDIA_TF32_OVERRIDE=0")


def _persistence(state: State) -> Finding:
    code = "gpu.persistence"
    if state.persistence is None:
        return Finding(code=code, level="unknown", sentence="persistence mode is not told")
    if state.persistence:
        return Finding(code=code, level="ok", sentence="persistence mode is on")
    sentence = "persistence mode is off: the driver unloads between programs, and first passes take longer"
    return Finding(code=code, level="note", sentence=sentence, advice=f"sudo nvidia-smi{_number(state)} -pm 1")


def _exclusive(state: State) -> Finding:
    code = "gpu.exclusive"
    if state.exclusive is None:
        return Finding(code=code, level="unknown", sentence="whether other programs may use the GPU is not told")
    if state.exclusive:
        return Finding(code=code, level="ok", sentence="the GPU takes one program at a time (EXCLUSIVE_PROCESS)")
    sentence = "any program may start work on the GPU while it is measured"
    advice = f"sudo nvidia-smi{_number(state)} -c EXCLUSIVE_PROCESS"
    return Finding(code=code, level="note", sentence=sentence, advice=advice)


def _mig(mig: bool | None) -> Finding:
    if mig:
        sentence = "the GPU is split by MIG: its instances share power and clocks"
        return Finding(code="gpu.mig", level="note", sentence=sentence, advice="see that the other instances are idle")
    known = mig is not None
    return Finding(code="gpu.mig", level="ok", sentence="the GPU is not split" if known else "this GPU cannot be split")


def _now(state: State) -> Finding:
    clock = f"{state.clock_mhz} MHz" if state.clock_mhz is not None else "not told"
    warmth = f"{state.temperature_c} °C" if state.temperature_c is not None else "not told"
    return Finding(code="gpu.clock", level="fact", sentence=f"clock now {clock}; temperature {warmth}")


def _number(state: State) -> str:
    return f" -i {state.number}" if state.number is not None else ""
