"""Many cases: checked first, then measured in interleaved rounds, each process journalled, each record stored."""

import random
from collections.abc import Callable, Collection, Sequence
from time import monotonic_ns
from typing import Protocol

from srbench import machine, models, worker
from srbench.assemble import OpenCase, Plan
from srbench.cases import Case, Model, Size
from srbench.errors import InputError
from srbench.fingerprint import files_of
from srbench.journal import Entry, Journal, Step
from srbench.launch import fresh_server, launch
from srbench.private import LackingInterfaceError
from srbench.records import Complexity, CounterName, Record, Settings
from srbench.worker import Job, Progress

GIB = 2**30


class Watcher(Protocol):
    """Is told how a run goes."""

    def begin(self, plans: Sequence[Plan], settings: Settings, steps: Sequence[Step]) -> None:
        """The run starts."""

    def start(self, step: Step) -> None:
        """A process starts."""

    def sample(self, progress: Progress) -> None:
        """A sign of life of the running process."""

    def finish(self, step: Step, entry: Entry | None) -> None:
        """A process is over, or (None) was left out since its case has failed or has spent its budget."""

    def more(self, steps: Sequence[Step]) -> None:
        """Processes are added to those that the run began with."""

    def done(self, record: Record) -> None:
        """A case is measured and stored."""

    def end(self) -> None:
        """The run is over, for good or ill."""


def plan_cases(
    named: Sequence[Model],
    workloads: Sequence[Size],
    *,
    device: str,
    threads: int | None,
    optional: Collection[Model] = (),
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
            cases.append(Case(model=model, size=load, device=device, threads=threads if device == "cpu" else None))
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
            try:
                plan = Plan(case, worker.static(case))
            except LackingInterfaceError as error:
                plan = Plan(case, None, worker.failure(error))
        else:
            answer = launch(Job("static", case, settings), settings.timeout_s)
            files = {**files_of([case.model.source]), **answer.files}
            plan = Plan(case, answer.complexity, None if answer.complexity else answer, files)
        if case.device != "none" and plan.counts is not None:
            _check_memory(case, plan.counts)
        plans.append(plan)
    return plans


def _check_memory(case: Case, counts: Complexity) -> None:
    available = machine.device_memory_bytes(case.device)
    needed = counts.predicted_peak_bytes(case.device)
    if available and needed > available:
        load = case.size
        raise InputError(
            f"{case.model.variant} x{load.scale} on {load.batch} LR image(s) of {load.lr_width}x{load.lr_height} needs "
            f"about {needed / GIB:.1f} GiB, {case.device} has {available / GIB:.1f} GiB; "
            "choose a smaller --gt, --lr or --batch"
        )


def steps_of(plans: Sequence[Plan], settings: Settings, counters: Sequence[CounterName]) -> list[Step]:
    """Every process of a run, in order: other counters, then rounds that visit each case, memory in the last.

    Rounds spread whatever drifts over all cases alike. The order within a round is shuffled by the seed, so that no
    case always follows the same neighbour.
    """
    steps = [
        Step(task="fvcore" if name == "fvcore" else "thop", case=index)
        for index, plan in enumerate(plans)
        for name in counters
        if name != "torch" and plan.counts is not None
    ]
    timed = [index for index, plan in enumerate(plans) if plan.case.device != "none"]
    dice = random.Random(settings.seed)
    for turn in range(settings.processes):
        number, again = divmod(turn, settings.visits)
        dice.shuffle(timed)
        for place, index in enumerate(timed, again * len(timed)):
            steps.append(Step(task="time", case=index, round=number, place=place))
            if turn == settings.processes - 1:
                steps.append(Step(task="memory", case=index, round=number, place=place))
    return steps


def run(
    plans: Sequence[Plan],
    settings: Settings,
    counters: Sequence[CounterName],
    keep: Callable[[Record], None],
    watcher: Watcher,
    journal: Journal | None = None,
) -> list[Record]:
    """Measure the cases; ``keep`` gets each record as soon as its last process is done.

    After the rounds that every case gets, further ones go to those alone whose interval is still too wide, as far as
    their patience helps (:mod:`srbench.measure.patience`). A case that fails is not visited again; what was measured of
    it before stays in its record. With a journal, every
    finished process is on the disk before the next one starts, and those that it already holds are not run again.
    Returns the records in the order of the plans.
    """
    steps = steps_of(plans, settings, counters)
    cases = [OpenCase(plan, settings, tuple(counters)) for plan in plans]
    last = {step.case: step for step in steps}
    records: dict[int, Record] = {}
    server_of: int | None = None

    def close(index: int) -> None:
        record = cases[index].record()
        keep(record)
        records[index] = record
        watcher.done(record)

    def visit(step: Step) -> None:
        nonlocal server_of
        case = cases[step.case]
        entry = journal.find(step) if journal else None
        if entry is None:
            if step.task == "time" and step.round != server_of:
                fresh_server()
                server_of = step.round
            watcher.start(step)
            entry = _run(step, case.plan, settings, watcher.sample)
            if journal:
                journal.add(entry)
        case.take(step, entry.answer)
        watcher.finish(step, entry)

    watcher.begin(plans, settings, steps)
    try:
        for index in range(len(cases)):
            if index not in last:  # nothing to run: its shapes were all that was asked for
                close(index)
        for step in steps:
            case = cases[step.case]
            if case.failure is not None or (step.task == "time" and case.budget_is_spent):
                watcher.finish(step, None)
                continue
            visit(step)
            if case.failure is not None or (last[step.case] == step and not case.another_round_helps):
                close(step.case)
        dice = random.Random(settings.seed)
        number = settings.rounds
        while still_open := [index for index in range(len(cases)) if index not in records]:
            dice.shuffle(still_open)
            further = [
                Step(task="time", case=index, round=number, place=place, further=True)
                for place, index in enumerate(still_open)
            ]
            watcher.more(further)
            for step in further:
                visit(step)
                if not cases[step.case].another_round_helps:
                    close(step.case)
            number += 1
    finally:
        watcher.end()
    return [records[index] for index in range(len(plans))]


def _run(step: Step, plan: Plan, settings: Settings, report: Callable[[Progress], None]) -> Entry:
    job = Job(step.task, plan.case, settings, plan.counts, step.round, step.place)
    start = monotonic_ns()
    answer = launch(job, settings.timeout_s, report)
    return Entry(step=step, answer=answer, wall_ns=monotonic_ns() - start)
