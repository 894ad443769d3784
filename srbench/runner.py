"""Many cases: checked first, then measured in interleaved rounds, each process journalled, each record stored."""

import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from time import monotonic_ns
from types import MappingProxyType
from typing import Any, Protocol

from srbench import machine, tasks
from srbench.assemble import OpenCase, Plan
from srbench.cases import Case
from srbench.counts import Complexity, CounterName
from srbench.errors import InputError, WrongInputsError
from srbench.failures import Failure, failure_of
from srbench.fingerprint import files_of
from srbench.journal import Entry, Journal, Step
from srbench.launch import PROCESSES
from srbench.metering import Meter
from srbench.preparing import static
from srbench.private import LackingInterfaceError
from srbench.records import Record, Settings
from srbench.tasks import Progress
from srbench.work import Launcher, Work

GIB = 2**30
#: Where no module is live.
NO_NETWORKS: Mapping[str, bytes] = MappingProxyType({})


class Watcher(Protocol):
    """Is told how a run goes."""

    def begin(self, plans: Sequence[Plan], settings: Settings, steps: Sequence[Step]) -> None:
        """The run starts.

        Args:
            plans: its cases.
            settings: how they are measured.
            steps: the processes that are known to come.
        """

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


def look_ahead(
    cases: Sequence[Case],
    settings: Settings,
    launcher: Launcher = PROCESSES,
    networks: Mapping[str, bytes] = NO_NETWORKS,
    leave_out: Callable[[str], None] | None = None,
) -> list[Plan]:
    """Count every case from its shapes, and refuse what is asked wrongly or does not fit into memory, before any run.

    Networks of the zoo are counted here, a user's network in a process of its own.

    Args:
        cases: all of the run.
        settings: of the run.
        launcher: starts the processes.
        networks: pickles of live modules, by their sources.
        leave_out: gets a line for each case that is wrong, which then is left out; None to refuse all.

    Raises:
        WrongInputsError: networks that lack an argument or do not take their weights, and cases whose predicted peak
            exceeds the device's memory, all of them at once.
    """
    plans, wrong = list[Plan](), list[str]()
    for case in cases:
        try:
            plans.append(_plan(case, settings, launcher, networks.get(case.model.source or "")))
        except InputError as error:
            wrong.append(str(error))
    if wrong and (leave_out is None or not plans):
        raise WrongInputsError(wrong)
    for line in dict.fromkeys(wrong):
        assert leave_out is not None, "else it was refused"
        leave_out(f"left out: {line}")
    return plans


def _plan(case: Case, settings: Settings, launcher: Launcher, network: bytes | None) -> Plan:
    if case.model.source is None:
        try:
            plan = Plan(case, static(case))
        except LackingInterfaceError as error:
            plan = Plan(case, None, failure_of(error))
    else:
        found = launcher.launch(tasks.Static(case, settings, network), settings.timeout_s)
        files = files_of([case.model.source])
        if isinstance(found, Failure):
            if found.wrong:
                raise InputError(f"{case.model.variant}: {found.reason}" if case.model.named else found.reason)
            plan = Plan(case, None, found, files, network)
        else:
            own, done = {**files, **found.files}, found.adaptation
            said = "; ".join(done.remarks)
            plan = Plan(case, found.complexity, found.problem, own, network, said, done, found.params)
    # What another engine needs, nobody predicts.
    if case.device != "none" and plan.counts is not None and case.mode.engine == "eager":
        _check_memory(case, plan.counts)
    return plan


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
    """Every process of a run, in order: other counters, agreement of modes, then rounds that visit each case.

    Memory is watched in the last round, and energy where it is asked for.

    Rounds spread whatever drifts over all cases alike. The order within a round is shuffled by the seed, so that no
    case always follows the same neighbour.

    Args:
        plans: cases of the run.
        settings: of the run; its seed shuffles.
        counters: other counters that count, too.
    """
    steps = [
        Step(task="fvcore" if name == "fvcore" else "thop", case=index)
        for index, plan in enumerate(plans)
        for name in counters
        if name != "torch" and plan.counts is not None
    ]
    # Before anything is timed, and with nothing kept from before: what an engine builds here is its build time.
    steps += [
        Step(task="agree", case=index)
        for index, plan in enumerate(plans)
        if plan.case.device != "none" and not plan.case.mode.plain
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
                if settings.energy:
                    steps.append(Step(task="energy", case=index, round=number, place=place))
    return steps


def run(
    plans: Sequence[Plan],
    settings: Settings,
    counters: Sequence[CounterName],
    keep: Callable[[Record], None],
    watcher: Watcher,
    journal: Journal | None = None,
    launcher: Launcher = PROCESSES,
) -> list[Record]:
    """Measure the cases; ``keep`` gets each record as soon as its last process is done.

    After the rounds that every case gets, further ones go to those alone whose interval is still too wide, as far as
    their patience helps (:mod:`srbench.measure.patience`). A case that fails is not visited again; what was measured of
    it before stays in its record. With a journal, every finished process is on the disk before the next one starts, and
    those that it already holds are not run again. Returns the records in the order of the plans.

    Args:
        plans: cases of the run.
        settings: of the run.
        counters: other counters that count, too.
        keep: gets each record as soon as its last process is done.
        watcher: its methods are called as the run goes.
        journal: holds what is finished; None for none.
        launcher: starts processes.
    """
    with tempfile.TemporaryDirectory(prefix="srbench-", ignore_cleanup_errors=True) as scratch:
        return _Run(plans, settings, counters, keep, watcher, journal, launcher, scratch).measure()


class _Run:
    """The cases of a run, as they are measured."""

    def __init__(
        self,
        plans: Sequence[Plan],
        settings: Settings,
        counters: Sequence[CounterName],
        keep: Callable[[Record], None],
        watcher: Watcher,
        journal: Journal | None,
        launcher: Launcher,
        scratch: str,
    ) -> None:
        self._steps = steps_of(plans, settings, counters)
        self._cases = [OpenCase(plan, settings, tuple(counters)) for plan in plans]
        self._plans, self._settings, self._keep, self._watcher = plans, settings, keep, watcher
        self._journal, self._launcher, self._scratch = journal, launcher, scratch
        self._records: dict[int, Record] = {}
        self._server_of: int | None = None

    def measure(self) -> list[Record]:
        """All steps, then further rounds; the records in the order of the plans."""
        self._watcher.begin(self._plans, self._settings, self._steps)
        try:
            self._all_steps()
            self._further_rounds()
        finally:
            self._watcher.end()
        return [self._records[index] for index in range(len(self._plans))]

    def _all_steps(self) -> None:
        last = {step.case: step for step in self._steps}
        for index in range(len(self._cases)):
            if index not in last:  # nothing to run: its shapes were all that was asked for
                self._close(index)
        for step in self._steps:
            case = self._cases[step.case]
            if case.failure is not None or (step.task == "time" and case.budget_is_spent):
                self._watcher.finish(step, None)
                continue
            self._visit(step)
            if case.failure is not None or (last[step.case] == step and not case.another_round_helps):
                self._close(step.case)

    def _further_rounds(self) -> None:
        dice = random.Random(self._settings.seed)
        number = self._settings.rounds
        while still_open := [index for index in range(len(self._cases)) if index not in self._records]:
            dice.shuffle(still_open)
            further = [
                Step(task="time", case=index, round=number, place=place, further=True)
                for place, index in enumerate(still_open)
            ]
            self._watcher.more(further)
            for step in further:
                self._visit(step)
                if not self._cases[step.case].another_round_helps:
                    self._close(step.case)
            number += 1

    def _visit(self, step: Step) -> None:
        entry = self._journal.find(step) if self._journal else None
        if entry is None:
            entry = self._launch(step)
            if self._journal:
                self._journal.add(entry)
        self._cases[step.case].take(entry)
        self._watcher.finish(step, entry)

    def _launch(self, step: Step) -> Entry:
        if step.task == "time" and step.round != self._server_of:
            begin_round(self._launcher)
            self._server_of = step.round
        self._watcher.start(step)
        start = monotonic_ns()
        task = task_of(step, self._plans[step.case], self._settings, f"{self._scratch}/{step.case}")
        result = self._launcher.launch(task, self._settings.timeout_s, self._watcher.sample)
        return Entry(step=step, result=result, wall_ns=monotonic_ns() - start)

    def _close(self, index: int) -> None:
        record = self._cases[index].record()
        self._keep(record)
        self._records[index] = record
        self._watcher.done(record)


def begin_round(launcher: Launcher) -> None:
    """Let the processes of a round share nothing with those of the rounds before."""
    launcher.renew()


def task_of(step: Step, plan: Plan, settings: Settings, scratch: str) -> Work[Any, Any]:
    """What the process of a step is to do; ``scratch`` is the folder that belongs to its case in this run.

    Args:
        step: the process.
        plan: its case.
        settings: of the run.
        scratch: folder that belongs to the case in this run.
    """
    of = (plan.case, settings, plan.network, scratch, plan.adaptation)
    if step.task == "time":
        return tasks.Time(*of, round=step.round, place=step.place)
    if step.task == "memory":
        return tasks.Memory(*of)
    if step.task == "energy":
        return Meter(*of)
    if step.task == "agree":
        return tasks.Agree(*of)
    return tasks.Count(*of, counter=step.task, ours=plan.counts)
