"""Many cases: checked first, then measured one after the other, each stored as soon as it is done."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from time import monotonic
from typing import Protocol

from srbench import machine, models, worker
from srbench.errors import InputError
from srbench.measure.latency import MIN_SAMPLES, NS_PER_S
from srbench.records import Case, Complexity, Count, CounterName, ModelId, Record, Settings, Status, Workload
from srbench.worker import Answer, Job, Progress, Task

#: Time for the fork server to import torch, once, before the clock of the first case starts.
START_GRACE_S = 120.0
GIB = 2**30


@dataclass(frozen=True)
class Plan:
    """A case with what is known of it before it runs; ``problem`` where a user's network could not be counted."""

    case: Case
    counts: Complexity | None
    problem: Answer | None = None


class Watcher(Protocol):
    """Is told how a run goes."""

    def begin(self, plans: Sequence[Plan], settings: Settings) -> None:
        """The run starts."""

    def start(self, index: int, plan: Plan) -> None:
        """A case starts."""

    def sample(self, progress: Progress) -> None:
        """A sign of life of the running case."""

    def done(self, index: int, record: Record) -> None:
        """A case is measured and stored."""

    def end(self) -> None:
        """The run is over, for good or ill."""


def plan_cases(
    named: Sequence[ModelId],
    workloads: Sequence[Workload],
    *,
    device: str,
    threads: int | None,
    optional: Collection[ModelId] = (),
    tell: Callable[[str], None] = lambda line: None,
) -> list[Case]:
    """Every model under every workload, scale by scale.

    Args:
        named: the models.
        workloads: one for each scale.
        device: ``none`` (shapes only), ``cpu`` or ``cuda:N``.
        threads: of the CPU; None for the machine's cores.
        optional: models whose missing scales are left out, with a line to ``tell``; for the others they are errors.
        tell: gets those lines.

    Raises:
        InputError: a scale or an LR size that a named network does not take, or nothing left to do.
    """
    if device == "cpu" and threads is None:
        threads = machine.usable_cores()
    cases = []
    for load in workloads:
        for model in named:
            if model in optional and not models.has_scale(model, load.scale):
                tell(f"{model.variant} has no x{load.scale}: skipped")
                continue
            models.check(model, load.scale, load.lr_width, load.lr_height)
            cases.append(Case(model=model, workload=load, device=device, threads=threads if device == "cpu" else None))
    if not cases:
        raise InputError("nothing to do: none of the models has any of the scales")
    return cases


def look_ahead(cases: Sequence[Case], settings: Settings) -> list[Plan]:
    """Count every case from its shapes, and refuse what cannot fit into memory, before anything is measured.

    Networks of the zoo are counted here, a user's network in a process of its own.

    Raises:
        InputError: a case whose predicted peak exceeds the device's memory.
    """
    plans = []
    for case in cases:
        if case.model.source is None:
            plan = Plan(case, worker.static(case))
        else:
            answer = launch(Job("static", case, settings), settings.timeout_s)
            plan = Plan(case, answer.complexity, None if answer.complexity else answer)
        if case.device != "none" and plan.counts is not None:
            _check_memory(case, plan.counts)
        plans.append(plan)
    return plans


def _check_memory(case: Case, counts: Complexity) -> None:
    available = machine.device_memory_bytes(case.device)
    if available and counts.peak_bytes > available:
        load = case.workload
        raise InputError(
            f"{case.model.variant} x{load.scale} on {load.batch} LR image(s) of {load.lr_width}x{load.lr_height} needs "
            f"about {counts.peak_bytes / GIB:.1f} GiB, {case.device} has {available / GIB:.1f} GiB; "
            "choose a smaller --gt, --lr or --batch"
        )


def run(
    plans: Sequence[Plan],
    settings: Settings,
    counters: Sequence[CounterName],
    keep: Callable[[Record], None],
    watcher: Watcher,
) -> list[Record]:
    """Measure the cases in order; ``keep`` gets each record as soon as there is one."""
    records = []
    watcher.begin(plans, settings)
    try:
        for index, plan in enumerate(plans):
            watcher.start(index, plan)
            record = measure(plan, settings, counters, watcher.sample)
            keep(record)
            records.append(record)
            watcher.done(index, record)
    finally:
        watcher.end()
    return records


def measure(
    plan: Plan, settings: Settings, counters: Sequence[CounterName], report: Callable[[Progress], None]
) -> Record:
    """One case, each task in a process of its own: other counters, runtime, then memory."""
    case = plan.case
    counts = tuple(_count(name, plan, settings) for name in counters)
    answers: list[Answer] = []
    if case.device == "none":
        answers.append(plan.problem or Answer())
    else:
        answers.append(launch(Job("time", case, settings), settings.timeout_s, report))
        if answers[0].status in ("VALID", "SHORT", "CONTENDED"):
            answers.append(launch(Job("memory", case, settings), settings.timeout_s, report))
    status, reason, detail = _verdict(answers, plan)
    return Record(
        srbench_version=version("srbench"),
        case=case,
        machine=machine.describe(),
        settings=answers[0].settings or settings,
        finished=datetime.now(UTC),
        status=status,
        reason=reason,
        advice="the record holds the traceback" if status == "CRASH" and detail else _advice(status, settings),
        detail=detail,
        complexity=plan.counts,
        counts=counts,
        latency=answers[0].latency,
        memory=answers[-1].memory,
    )


def _verdict(answers: Sequence[Answer], plan: Plan) -> tuple[Status, str, str]:
    worst = next((a for a in answers if a.status != "VALID"), None)
    if worst is not None:
        return worst.status, worst.reason, worst.detail
    if plan.problem is not None:
        # It runs, but not on the meta device: its runtime stands, its counts are missing.
        return "VALID", f"not counted from shapes ({plan.problem.reason})", plan.problem.detail
    return "VALID", "", ""


def _advice(status: Status, settings: Settings) -> str:
    """One line on what to do next; nothing where there is nothing to say."""
    slow = f"raise --timeout (now {settings.timeout_s:g} s) or choose a smaller --gt"
    advice: dict[Status, str] = {
        "TIMEOUT": slow,
        "SHORT": slow,
        "OOM": "choose a smaller --gt, --lr or --batch",
        "CONTENDED": "end the other programs and measure again",
    }
    return advice.get(status, "")


def _count(name: CounterName, plan: Plan, settings: Settings) -> Count:
    if plan.counts is None:
        return Count(counter=name, version="", multi_adds=None, error="not counted from shapes: nothing to compare")
    if name == "torch":
        return Count(counter=name, version=version("torch"), multi_adds=plan.counts.multi_adds)
    task: Task = "fvcore" if name == "fvcore" else "thop"
    answer = launch(Job(task, plan.case, settings, plan.counts), settings.timeout_s)
    return answer.count or Count(counter=name, version=version(name), multi_adds=None, error=answer.reason)


def launch(job: Job, timeout_s: float, report: Callable[[Progress], None] = lambda _: None) -> Answer:
    """Run a job in a process of its own and wait for its answer, at most ``timeout_s`` from its start.

    A process that dies is answered CRASH with the signal's name, one that is too slow is killed: TIMEOUT.
    """
    context = _context()
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=worker.main, args=(job, sender), daemon=False)
    process.start()
    sender.close()
    deadline = monotonic() + START_GRACE_S + timeout_s
    try:
        while True:
            ready = wait([receiver, process.sentinel], timeout=max(0.0, deadline - monotonic()))
            if not ready:
                return Answer("TIMEOUT", f"no answer within --timeout {timeout_s:g} s")
            if receiver not in ready:
                process.join()
                return Answer("CRASH", _cause(process.exitcode))
            try:
                message = receiver.recv()
            except EOFError:
                process.join(timeout=5)
                return Answer("CRASH", _cause(process.exitcode))
            if isinstance(message, Answer):
                return message
            if message == worker.STARTED:
                deadline = monotonic() + timeout_s
            else:
                report(message)
    finally:
        receiver.close()
        _end(process)


def _context() -> ForkServerContext | SpawnContext:
    """A fork server that has torch imported: 40 ms for a process instead of seconds; spawn where there is none."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["srbench.worker"])
    return context


def _end(process: BaseProcess) -> None:
    """End a worker and whatever it started (it leads a process group of its own)."""
    if process.is_alive() and process.pid is not None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            process.kill()  # it has not made its group yet
    process.join(timeout=10)


def _cause(exit_code: int | None) -> str:
    if exit_code is None or exit_code >= 0:
        return f"the process ended with exit code {exit_code} and no answer"
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:
        name = f"signal {-exit_code}"
    likely = ", as the kernel does when memory runs out" if exit_code == -signal.SIGKILL else ""
    return f"the process was ended by {name}{likely}"


def expected_seconds(plan: Plan, settings: Settings, ns_per_multi_add: float) -> float:
    """A guess of how long a case will take, for the display of time left."""
    if plan.case.device == "none" or plan.counts is None:
        return settings.budget_s
    one_pass = plan.counts.multi_adds * plan.case.workload.batch * ns_per_multi_add / NS_PER_S
    timed = max(settings.budget_s, (MIN_SAMPLES + 2) * one_pass)
    # The memory process runs two passes.
    return timed + 2 * one_pass
