"""One case in a process of its own: build, run, answer through a pipe.

The process starts from a fork server that has torch imported already, measures one thing and ends. It never writes
files. What the model does wrong is answered as a status; what kills the process is seen by the parent.
"""

import contextlib
import gc
import multiprocessing
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from time import perf_counter_ns
from typing import Literal

import torch
from torch import Tensor, nn

from srbench import models, workload
from srbench.device import Device, open_device
from srbench.machine import busy_seconds, read_back, usable_cores
from srbench.measure import complexity, counters
from srbench.measure.latency import MIN_SAMPLES, NS_PER_S, TimingPlan, measure_latency
from srbench.measure.memory import measure_memory
from srbench.records import Case, Complexity, Count, Latency, Memory, Settings, Status

Task = Literal["static", "time", "memory", "fvcore", "thop"]

#: Share of the timeout after which the timed loop starts no further pass, so that its answer still arrives.
DEADLINE_SHARE = 0.9
#: Others may take this share of a core before a runtime is called contended; housekeeping stays below.
CONTENTION_CORES = 0.15
#: The kernel counts in hundredths of a second: shorter measurements say nothing about others.
CONTENTION_NEEDS_S = 1.0
#: First message of every worker: its clock starts now, not while the fork server still imports torch.
STARTED = "started"
#: The parent hears of progress at most this often: each message is a system call between two passes here, and work for
#: the parent, which then takes a core from the measurement.
REPORT_EVERY_NS = 1_000_000_000


@dataclass(frozen=True)
class Job:
    """What a worker is to do. ``counts`` are ours, for the counters that are compared with them."""

    task: Task
    case: Case
    settings: Settings
    counts: Complexity | None = None


@dataclass(frozen=True)
class Progress:
    """A sign of life: samples taken and the last pass in ms."""

    samples: int
    last_ms: float


@dataclass(frozen=True)
class Answer:
    """What a worker found out; the field of its task is set. ``status`` other than VALID has a ``reason``."""

    status: Status = "VALID"
    reason: str = ""
    detail: str = ""
    settings: Settings | None = None
    complexity: Complexity | None = None
    latency: Latency | None = None
    memory: Memory | None = None
    count: Count | None = None


class OutputMismatchError(Exception):
    """The network gave something else than an upscaled image."""


def main(job: Job, pipe: Connection) -> None:
    """Entry point of the process: do the job, send one :class:`Answer`, end."""
    # Ctrl-C goes to the whole process group; the parent decides, then ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        os.setsid()  # a group of its own: the parent ends the model's own children too
    # What a model prints must not mix with the tables on stdout.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    _end_with_parent()
    try:
        pipe.send(STARTED)
        answer = run(job, lambda progress: _tell(pipe, progress))
    except BaseException as error:  # noqa: BLE001 - whatever a model raises, SystemExit included, is a row
        answer = failure(error)
    with contextlib.suppress(BrokenPipeError):
        pipe.send(answer)


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


def _tell(pipe: Connection, progress: Progress) -> None:
    try:
        pipe.send(progress)
    except BrokenPipeError:
        # The parent is gone: nobody waits for this measurement.
        os._exit(1)


def failure(error: BaseException) -> Answer:
    """An exception as an answer: out of memory, a wrong output, an unknown kind of network, or a crash."""
    first = (str(error).strip().splitlines() or [""])[0]
    reason = f"{type(error).__name__}: {first}" if first else type(error).__name__
    detail = "".join(traceback.format_exception(error))
    if isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error):
        return Answer("OOM", reason, detail)
    if isinstance(error, OutputMismatchError):
        return Answer("MISMATCH", first, detail)
    if isinstance(error, models.UnsupportedModelError):
        return Answer("UNSUPPORTED", first, detail)
    return Answer("CRASH", reason, detail)


def run(job: Job, report: Callable[[Progress], None]) -> Answer:
    """Do a job in this process."""
    start_ns = perf_counter_ns()
    case = job.case
    torch.manual_seed(job.settings.seed)
    if case.threads is not None:
        torch.set_num_threads(case.threads)
    if job.task == "static":
        return Answer(complexity=static(case))
    device = open_device("cpu" if job.task in ("fvcore", "thop") else case.device)
    if job.task == "memory":
        device.prepare_memory()
    model, image = prepare(case, device, job.settings.seed)
    if job.task in ("fvcore", "thop"):
        assert job.counts is not None
        return Answer(count=_independent(job.task, model, image, job.counts))

    with torch.inference_mode():
        if job.task == "memory":
            return _memory(job, device, model, image)
        return _timed(job, device, lambda: model(image), start_ns, report)


def _memory(job: Job, device: Device, model: nn.Module, image: Tensor) -> Answer:
    """The network is known to give images by now: the timed process looked."""
    weights = sum(t.numel() * t.element_size() for t in (*model.parameters(), *model.buffers()))
    memory = measure_memory(lambda: model(image), device, weights, image.numel() * image.element_size())
    return Answer(memory=memory, settings=read_back(job.settings))


def _timed(
    job: Job, device: Device, forward: Callable[[], object], start_ns: int, report: Callable[[Progress], None]
) -> Answer:
    limits = job.settings
    deadline = start_ns + int(limits.timeout_s * DEADLINE_SHARE * NS_PER_S)
    plan = TimingPlan(budget_ns=int(limits.budget_s * NS_PER_S), deadline_ns=deadline)

    def inspect(output: object) -> None:
        check_output(output, job.case)

    gc.collect()
    gc.disable()
    before = _clocks()
    latency = measure_latency(forward, device.synchronize, plan, report=_throttled(report), inspect=inspect)
    contention = describe_contention(before, _clocks(), usable_cores())
    gc.enable()
    samples = len(latency.samples_ns)
    status: Status = "VALID"
    reason = ""
    if not samples:
        status = "TIMEOUT"
        reason = f"its first pass took {latency.cold_ns / NS_PER_S:.1f} s of the {limits.timeout_s:g} s allowed"
    elif samples < MIN_SAMPLES:
        status, reason = "SHORT", f"only {samples} timed pass(es) fit into --timeout {limits.timeout_s:g}"
    elif contention:
        status, reason = "CONTENDED", contention
    return Answer(status, reason, settings=read_back(limits), latency=latency)


@dataclass(frozen=True)
class Clocks:
    """Seconds: of the wall, of this process on its cores, of everyone on those cores (None where unknown)."""

    wall_s: float
    own_s: float
    everyone_s: float | None


def _clocks() -> Clocks:
    times = os.times()
    return Clocks(perf_counter_ns() / NS_PER_S, times.user + times.system, busy_seconds())


def describe_contention(start: Clocks, end: Clocks, cores: int) -> str:
    """A sentence where other programs took a share of the cores while a case was timed; empty where they did not."""
    wall = end.wall_s - start.wall_s
    if start.everyone_s is None or end.everyone_s is None or wall < CONTENTION_NEEDS_S:
        return ""
    others = (end.everyone_s - start.everyone_s - (end.own_s - start.own_s)) / wall
    if others <= CONTENTION_CORES:
        return ""
    return f"other programs used {others:.1f} of the {cores} cores while it was timed: its runtime is too long"


def prepare(case: Case, device: Device, seed: int) -> tuple[nn.Module, Tensor]:
    """The network and its resident input, both in the workload's dtype on the device."""
    dtype = getattr(torch, case.workload.dtype)
    model = models.build(case.model, case.workload.scale).to(device.torch_device, dtype)
    return model, workload.make_input(case.model, case.workload, seed).to(device.torch_device)


def static(case: Case) -> Complexity:
    """Count a case from shapes alone, on the meta device.

    Raises:
        OutputMismatchError: the output would not be an upscaled image.
        Exception: whatever the network raises for such an input.
    """
    dtype = getattr(torch, case.workload.dtype)
    model = models.build(case.model, case.workload.scale, "meta").to(dtype)
    counts, output = complexity.count(model, workload.input_shape(case.model, case.workload), dtype)
    check_shape(output, case)
    return counts


def check_shape(output: object, case: Case) -> None:
    """Refuse an output that is not an image ``scale`` times the size of the input."""
    expected = workload.output_shape(case.model, case.workload)
    if not isinstance(output, Tensor):
        raise OutputMismatchError(f"the output is a {type(output).__name__}, not a tensor")
    if tuple(output.shape) != expected:
        found, wanted = ("x".join(map(str, shape)) for shape in (output.shape, expected))
        raise OutputMismatchError(f"the output is {found}, expected {wanted} at x{case.workload.scale}")


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
