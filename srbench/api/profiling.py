"""Measure networks: check everything, run the processes, keep each record as soon as it is there."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

from srbench import inline, journal, machine, progress, runner, store
from srbench.api.request import Request, Resolved, Tell, resolve, silent
from srbench.assemble import Plan
from srbench.errors import InputError
from srbench.journal import Entry, Header, Journal
from srbench.launch import PROCESSES
from srbench.live import Live
from srbench.machine import clocks
from srbench.records import Record
from srbench.runner import Watcher
from srbench.work import Launcher


class Session:
    """A run that is checked and not begun.

    Attributes:
        header: what the run is.
        plans: its cases with what follows from their shapes.
        records: what is done so far.
        networks: how many were named; of each combination of a grid so many cases stand in a row.
    """

    def __init__(
        self,
        header: Header,
        plans: Sequence[Plan],
        output: Path | None,
        log: Journal | None,
        launcher: Launcher,
        earlier: int = 0,
        networks: int = 0,
    ) -> None:
        self.header, self.plans, self.records, self.networks = header, plans, list[Record](), networks
        self._output, self._log, self._launcher = output, log, launcher
        self._earlier = earlier

    @property
    def entries(self) -> Sequence[Entry]:
        """Finished processes of the whole run."""
        return self._log.entries if self._log else ()

    @property
    def entries_now(self) -> Sequence[Entry]:
        """Those of this attempt alone."""
        return self.entries[self._earlier :]

    def measure(self, watcher: Watcher) -> list[Record]:
        """Run what is not done yet; the records in the order of the cases.

        Raises:
            OSError: a record or the journal cannot be written; what was written stays.
        """
        settings = self.header.settings
        with self._clocks():
            found = runner.run(
                self.plans, settings, self.header.counters, self._keep, watcher, self._log, self._launcher
            )
        if self._log:
            self._log.close()
        return found

    def _clocks(self) -> AbstractContextManager[None]:
        """The GPU's clock, fixed as long as the run lasts, where that was asked for."""
        mhz = self.header.settings.lock_mhz
        device = next((case.device for case in self.header.cases if case.device != "none"), "none")
        return nullcontext() if mhz is None else clocks.locked(device, mhz)

    def _keep(self, record: Record) -> None:
        if self._output is not None:
            store.write(self._output, record)
        self.records.append(record)


def profile(
    request: Request,
    output: Path | None = None,
    *,
    resume: bool = False,
    watcher: Watcher | None = None,
    tell: Tell = silent,
    launcher: Launcher = PROCESSES,
) -> list[Record]:
    """Measure what is asked; see ``srbench.profile``.

    Args:
        request: networks, sizes, modes and budgets.
        output: folder of records and journal; None to keep nothing.
        resume: go on with what the journal holds.
        watcher: its methods are called as the run goes.
        tell: gets lines on what is left out.
        launcher: starts processes.
    """
    with opened(request, output, resume=resume, tell=tell, launcher=launcher) as session:
        return session.measure(watcher or progress.Quiet())


@contextmanager
def opened(
    request: Request,
    output: Path | None,
    *,
    resume: bool = False,
    tell: Tell = silent,
    note: Tell = silent,
    launcher: Launcher = PROCESSES,
) -> Iterator[Session]:
    """A session, with its folder locked as long as it is open.

    Args:
        request: what to measure; without models the unfinished run of the folder.
        output: folder of records and journal; None to keep nothing.
        resume: go on with the unfinished run of the folder.
        tell: gets lines that people should not miss.
        note: gets lines that help.
        launcher: starts the processes.

    Raises:
        InputError: something is wrong with the request, or with what it is to go on with.
    """
    if resume and output is not None:
        store.check_exists(output)
        with store.locked(output):
            found, log = _resumed(request, output, tell, note)
            yield _session(found, output, log, tell, launcher)
        return
    found = resolve(request, tell, note)
    plans, launching = _looked_ahead(found, launcher, tell if request.skip_invalid else None)
    header = found.header.model_copy(update={"cases": tuple(plan.case for plan in plans)})
    if output is not None:
        store.prepare(output)
    with store.locked(output) if output is not None else nullcontext():
        log = _begun(header, output, tell) if output is not None else None
        yield Session(header, plans, output, log, launching, networks=found.networks)


def _session(found: Resolved, output: Path, log: Journal | None, tell: Tell, launcher: Launcher) -> Session:
    plans, launching = _looked_ahead(found, launcher)
    log = log or _begun(found.header, output, tell)
    return Session(found.header, plans, output, log, launching, len(log.entries))


def _looked_ahead(found: Resolved, launcher: Launcher, leave_out: Tell | None = None) -> tuple[list[Plan], Launcher]:
    """The plans of a run; a module that no other process can have is measured in this one."""
    _check_live(found.header, found.modules)
    pickles, launching = lent(found.modules, launcher)
    plans = runner.look_ahead(found.header.cases, found.header.settings, launching, pickles, leave_out)
    remarks = {
        source: f"measured in the caller's own process: {each.why}"
        for source, each in found.modules.items()
        if each.pickled is None
    }
    return [_remarked(plan, remarks) for plan in plans], launching


def lent(modules: Mapping[str, Live], launcher: Launcher = PROCESSES) -> tuple[dict[str, bytes], Launcher]:
    """Pickles of live modules by their sources, and what launches: here what cannot be pickled, processes else."""
    here = {source: each for source, each in modules.items() if each.pickled is None}
    pickles = {source: each.pickled for source, each in modules.items() if each.pickled is not None}
    return pickles, inline.Mixed(launcher, here) if here else launcher


def _remarked(plan: Plan, remarks: Mapping[str, str]) -> Plan:
    here = remarks.get(plan.case.model.source or "", "")
    return replace(plan, remark="; ".join(filter(None, (plan.remark, here))))


def _check_live(header: Header, modules: Mapping[str, Live]) -> None:
    for case in header.cases:
        if case.model.live and case.model.source not in modules:
            raise InputError(f"{case.model.variant} was a live module: only the program that had it can go on with it")
        found = modules.get(case.model.source or "")
        if found is not None and not found.copied and not (case.mode.plain and _is_plain(found, case.device)):
            raise InputError(
                f"{case.model.variant} can be neither pickled nor copied: it runs as it is, in eager float32 on the "
                "device where it lies, and no other way"
            )


def _is_plain(module: Live, device: str) -> bool:
    """Whether a module's own tensors are float32 and lie on a device, so that nothing of it needs to be moved."""
    tensors = [*module.module.parameters(), *module.module.buffers()]
    there = device.partition(":")[0] if device != "none" else "cpu"
    return all(
        tensor.device.type == there and (not tensor.is_floating_point() or tensor.dtype.itemsize == 4)
        for tensor in tensors
    )


def _begun(header: Header, output: Path, tell: Tell) -> Journal:
    log, aside = journal.begin(output, header)
    if aside:
        tell(f"{aside} finished process(es) of an unfinished run are set aside in {output / journal.SET_ASIDE}")
    return log


def _resumed(request: Request, output: Path, tell: Tell, note: Tell) -> tuple[Resolved, Journal | None]:
    """The run to go on with: the unfinished one, or a new one where there is none and models are named.

    Raises:
        InputError: nothing to go on with, or the command or the machine is another than the run began with.
    """
    found = journal.resume(output)
    if found is None:
        if request.nameless:
            raise InputError(f"nothing to resume in {output}: no run was left unfinished there")
        tell(f"nothing to resume in {output}: a new run begins")
        return resolve(request, tell, note), None
    header, log = found
    now = resolve(request, tell, note) if not request.nameless else Resolved(header.renewed(machine.describe()))
    if different := header.differences(now.header):
        raise InputError(
            f"the unfinished run in {output} differs in {'; '.join(different)}; "
            "go on with 'srbench profile --resume' as it was begun, or leave --resume out to begin anew"
        )
    note(f"going on with the run of {header.started:%Y-%m-%d %H:%M} UTC: {len(log.entries)} processes are done")
    return Resolved(header, now.modules), log
