"""One process of a case: build the network, do one task, answer through a pipe.

The process starts from a fork server that has torch imported already, measures one thing and ends. It never writes
files. What the model does wrong is answered as a status; what kills the process is seen by the parent.
"""

import contextlib
import gc
import multiprocessing
import os
import re
import resource
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from time import perf_counter_ns
from typing import Any, Literal, Protocol

import torch
from pydantic import Field
from torch import Tensor, nn

from srbench import inputs, models, private
from srbench.cases import Case
from srbench.fingerprint import files_of, loaded_code
from srbench.machine import busy_seconds, read_back
from srbench.machine.device import Device, open_device
from srbench.measure import complexity, copies, counters
from srbench.measure.latency import MIN_SAMPLES, NS_PER_S, TimingPlan, measure_latency
from srbench.measure.memory import measure_memory
from srbench.measure.stats import MIN_SAMPLES_95
from srbench.records import Complexity, Count, Frozen, Memory, Settings, Status, Visit

Task = Literal["static", "time", "memory", "fvcore", "thop"]

#: Share of the timeout after which the timed loop starts no further pass, so that its answer still arrives.
DEADLINE_SHARE = 0.9
#: The kernel counts in hundredths of a second: shorter measurements say nothing about others.
CONTENTION_NEEDS_S = 0.5
#: First message of every worker: its clock starts now, not while the fork server still imports torch.
STARTED = "started"
#: The parent hears of progress at most this often: each message is a system call between two passes here, and work for
#: the parent, which then takes a core from the measurement.
REPORT_EVERY_NS = 1_000_000_000


class Work(Protocol):
    """What a process is given to do; it travels there by pickle."""

    @property
    def memory_limit_bytes(self) -> int | None:
        """Most private memory that the process may map; None where there is no limit."""

    def run(self, report: Callable[[Any], None]) -> "Answer":
        """Do it in this process. What it tells meanwhile goes to whoever waits; what it raises becomes a status."""


@dataclass(frozen=True)
class Job:
    """One process of a case.

    Attributes:
        counts: ours, for the counters that are compared with them.
        round, place: where in the run a timed visit stands.
    """

    task: Task
    case: Case
    settings: Settings
    counts: Complexity | None = None
    round: int = 0
    place: int = 0

    @property
    def memory_limit_bytes(self) -> int | None:
        """As the settings have it; a CUDA driver maps as it likes."""
        return None if self.case.device.startswith("cuda") else self.settings.memory_limit_bytes

    def run(self, report: Callable[["Progress"], None]) -> "Answer":
        """See :func:`run`."""
        return run(self, report)


@dataclass(frozen=True)
class Progress:
    """A sign of life: samples taken and the last pass in ms."""

    samples: int
    last_ms: float


class Answer(Frozen):
    """What a worker found out; the field of its task is set. ``status`` other than VALID has a ``reason``.

    ``files`` are those of a user's network (:mod:`srbench.fingerprint`). ``build_ns`` is the time for building the
    network and its input, ``passes_ns`` that inside its forward passes.
    """

    status: Status = "VALID"
    reason: str = ""
    detail: str = ""
    settings: Settings | None = None
    complexity: Complexity | None = None
    files: dict[str, str] = Field(default_factory=dict)
    visit: Visit | None = None
    memory: Memory | None = None
    count: Count | None = None
    build_ns: int = 0
    passes_ns: int = 0


class OutputMismatchError(Exception):
    """The network gave something else than an upscaled image."""


def main(work: Work, pipe: Connection) -> None:
    """Entry point of the process: do the work, send one :class:`Answer`, end."""
    # Ctrl-C goes to the whole process group; the parent decides, then ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        os.setsid()  # a group of its own: the parent ends the model's own children too
    # What a model prints must not mix with the tables on stdout.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    _end_with_parent()
    try:
        limit_memory(work.memory_limit_bytes)
        pipe.send(STARTED)
        answer = work.run(lambda news: _tell(pipe, news))
    except BaseException as error:  # noqa: BLE001 - whatever a model raises, SystemExit included, is a row
        answer = failure(error)
    with contextlib.suppress(BrokenPipeError):
        pipe.send(answer)


def limit_memory(limit: int | None) -> None:
    """Let allocations beyond the limit fail here, before the kernel ends some process of its choice.

    RLIMIT_DATA counts private writable mappings (setrlimit(2), Linux 4.7 and later) and not, as RLIMIT_AS does, the
    address space that libraries reserve.
    """
    if limit is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        soft = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _end_with_parent() -> None:
    """End this process when the run that waits for it is gone, however that was ended.

    A thread sleeps on the parent's sentinel; it costs nothing until then. (A signal at the parent's death would not
    do: the parent is the fork server, which lives as long as its workers.)
    """
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def _tell(pipe: Connection, news: object) -> None:
    try:
        pipe.send(news)
    except BrokenPipeError:
        # The parent is gone: nobody waits for this measurement.
        os._exit(1)


#: How torch, oneDNN and the C++ library say that an allocation failed.
_OUT_OF_MEMORY = (
    "can't allocate memory",
    "not enough memory",
    "bad_alloc",
    "could not create a memory",
    "out of memory",
)


#: What an allocation that failed had asked for, as torch says it on a CPU (in bytes) and on a GPU (with a unit).
_ASKED_FOR = re.compile(r"tried to allocate ([\d.]+) ?(bytes|KiB|MiB|GiB)", re.IGNORECASE)
_UNITS = {"bytes": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30}


def _lacking(text: str) -> str:
    """What memory was lacking, in a phrase; torch's own words are in the record's detail."""
    found = _ASKED_FOR.search(text)
    if found is None:
        return "there was no memory for what it asked for"
    size = float(found[1]) * _UNITS[found[2].lower()]
    shown = f"{size / 2**30:,.1f} GiB" if size >= 2**30 else f"{size / 2**20:,.1f} MiB"
    return f"there was no memory for {shown} that it asked for at once"


def failure(error: BaseException) -> Answer:
    """An exception as an answer: out of memory, a wrong output, an unknown kind of network, or a crash."""
    first = (str(error).strip().splitlines() or [""])[0]
    reason = f"{type(error).__name__}: {first}" if first else type(error).__name__
    detail = "".join(traceback.format_exception(error))
    if isinstance(error, torch.OutOfMemoryError | MemoryError) or any(sign in str(error) for sign in _OUT_OF_MEMORY):
        return Answer(status="OOM", reason=_lacking(str(error)), detail=detail)
    if isinstance(error, OutputMismatchError):
        return Answer(status="MISMATCH", reason=first, detail=detail)
    if isinstance(error, models.UnsupportedModelError | private.LackingInterfaceError):
        return Answer(status="UNSUPPORTED", reason=first, detail=detail)
    return Answer(status="CRASH", reason=reason, detail=detail)


def run(job: Job, report: Callable[[Progress], None]) -> Answer:
    """Do a job in this process."""
    start_ns = perf_counter_ns()
    case = job.case
    torch.manual_seed(job.settings.seed)
    if case.threads is not None:
        torch.set_num_threads(case.threads)
    if job.task == "static":
        counts = static(case)
        return Answer(complexity=counts, files=files_of(loaded_code()) if case.model.own else {})
    device = open_device("cpu" if job.task in ("fvcore", "thop") else case.device)
    settings = job.settings
    if job.task == "memory":
        device.prepare_memory()
    elif job.task == "time" and settings.allocator == "keep" and not device.keep_memory():
        settings = settings.model_copy(update={"allocator": "system"})
    model, image = prepare(case, device, job.settings.seed)
    build_ns = perf_counter_ns() - start_ns
    if job.task in ("fvcore", "thop"):
        assert job.counts is not None
        return Answer(count=_independent(job.task, model, image, job.counts), build_ns=build_ns)

    with torch.inference_mode():
        if job.task == "memory":
            answer = _memory(job, device, model, image)
        else:
            answer = _timed(job, device, lambda: model(image), start_ns, report)
    return answer.model_copy(update={"build_ns": build_ns, "settings": read_back(settings)})


def _memory(job: Job, device: Device, model: nn.Module, image: Tensor) -> Answer:
    """The network is known to give images by now: the timed process looked."""
    weights = sum(t.numel() * t.element_size() for t in (*model.parameters(), *model.buffers()))
    start = perf_counter_ns()
    memory = measure_memory(lambda: model(image), device, weights, image.numel() * image.element_size())
    return Answer(memory=memory, passes_ns=perf_counter_ns() - start)


def _timed(
    job: Job, device: Device, forward: Callable[[], object], start_ns: int, report: Callable[[Progress], None]
) -> Answer:
    limits = job.settings
    plan = TimingPlan(
        budget_ns=int(limits.budget_s * NS_PER_S / limits.processes),
        deadline_ns=start_ns + int(limits.timeout_s * DEADLINE_SHARE * NS_PER_S),
        precision=limits.precision,
        min_samples=min_samples(limits.processes),
    )
    gc.collect()
    gc.disable()
    before = clocks()
    visit = measure_latency(
        forward,
        device,
        plan,
        report=_throttled(report),
        inspect=lambda output: check_output(output, job.case),
    )
    others = others_cores(before, clocks())
    gc.enable()
    visit = visit.model_copy(update={"round": job.round, "place": job.place, "others_cores": others})
    if not visit.samples_ns:
        reason = f"its first pass took {visit.cold_ns / NS_PER_S:.1f} s of the {limits.timeout_s:g} s allowed"
        return Answer(status="TIMEOUT", reason=reason, visit=visit, passes_ns=visit.passes_ns)
    return Answer(visit=visit, passes_ns=visit.passes_ns)


def min_samples(processes: int) -> int:
    """Samples that a process takes whatever they cost: 3 in all, and 6 where that is one more for each process.

    Three processes with two samples each give a 95 % interval; with one each they would give a range.
    """
    return max(2, MIN_SAMPLES if processes == 1 else MIN_SAMPLES_95 // processes)


@dataclass(frozen=True)
class Clocks:
    """Seconds: of the wall, of this process on its cores, of everyone on those cores (None where unknown)."""

    wall_s: float
    own_s: float
    everyone_s: float | None


def clocks() -> Clocks:
    """As they stand now."""
    times = os.times()
    return Clocks(perf_counter_ns() / NS_PER_S, times.user + times.system, busy_seconds())


def others_cores(start: Clocks, end: Clocks) -> float | None:
    """Cores that other programs used meanwhile; None where that is not known or the time was too short to tell."""
    wall = end.wall_s - start.wall_s
    if start.everyone_s is None or end.everyone_s is None or wall < CONTENTION_NEEDS_S:
        return None
    return max(0.0, (end.everyone_s - start.everyone_s - (end.own_s - start.own_s)) / wall)


def prepare(case: Case, device: Device, seed: int) -> tuple[nn.Module, Tensor]:
    """The network and its resident input, both in the mode's dtype on the device."""
    dtype = getattr(torch, case.mode.dtype)
    model = models.build(case.model, case.size.scale).to(device.torch_device, dtype)
    return model, inputs.make_input(case, seed).to(device.torch_device)


def static(case: Case) -> Complexity:
    """Count a case from shapes alone, on the meta device.

    Raises:
        OutputMismatchError: the output would not be an upscaled image.
        Exception: whatever the network raises for such an input.
    """
    dtype = getattr(torch, case.mode.dtype)
    model = models.build(case.model, case.size.scale, "meta").to(dtype)
    shape = inputs.input_shape(case)
    counts, output = complexity.count(model, shape, dtype, copies.this_cpu(case.threads))
    check_shape(output, case)
    return counts


def check_shape(output: object, case: Case) -> None:
    """Refuse an output that is not an image ``scale`` times the size of the input."""
    expected = inputs.output_shape(case)
    if not isinstance(output, Tensor):
        raise OutputMismatchError(f"the output is a {type(output).__name__}, not a tensor")
    if tuple(output.shape) != expected:
        found, wanted = ("x".join(map(str, shape)) for shape in (output.shape, expected))
        raise OutputMismatchError(f"the output is {found}, expected {wanted} at x{case.size.scale}")


def check_output(output: object, case: Case) -> None:
    """Refuse what is no image: another shape, NaN or infinite values."""
    check_shape(output, case)
    assert isinstance(output, Tensor)
    bad = int((~torch.isfinite(output)).sum())
    if bad:
        raise OutputMismatchError(f"the output holds {bad} NaN or infinite values of {output.numel()}")


def _independent(task: Literal["fvcore", "thop"], model: nn.Module, image: Tensor, ours: Complexity) -> Count:
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return (counters.by_fvcore if task == "fvcore" else counters.by_thop)(model, image, ours)


def _throttled(report: Callable[[Progress], None]) -> Callable[[int, int], None]:
    last = perf_counter_ns()

    def tell(samples: int, pass_ns: int) -> None:
        nonlocal last
        now = perf_counter_ns()
        if now - last >= REPORT_EVERY_NS:
            last = now
            report(Progress(samples, pass_ns / 1e6))

    return tell
