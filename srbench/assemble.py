"""From the answers of a case's processes to its record."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version

from srbench import machine
from srbench.agreements import Agreement
from srbench.cases import Case
from srbench.counts import Complexity, Count, CounterName
from srbench.energies import Energy
from srbench.failures import Failure
from srbench.foreign.adapting import Adaptation
from srbench.journal import Entry
from srbench.measure import patience, verdict
from srbench.measure.agreement import floor_of
from srbench.measure.counters import installed
from srbench.measure.verdict import Verdict
from srbench.metering import Metered
from srbench.preparing import UNCHANGED
from srbench.records import Latency, Memory, Record, Settings, Visit
from srbench.statuses import advice
from srbench.tasks import Agreed


@dataclass(frozen=True)
class Plan:
    """A case with what is known of it before it runs.

    Attributes:
        counts: None where a user's network could not be counted, for ``problem``.
        files: that a user's network is made of, with their hashes (:mod:`srbench.fingerprint`).
        network: the pickle of a live module; None for what has a name.
        remark: what a reader of its row should know, a phrase.
        adaptation: what is done to a user's network before anything of it is measured.
        params: of a network that could be built and not be counted.
    """

    case: Case
    counts: Complexity | None
    problem: Failure | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    network: bytes | None = None
    remark: str = ""
    adaptation: Adaptation = UNCHANGED
    params: int | None = None


class OpenCase:
    """A case under measurement: collects what its processes give.

    ``failure`` is the first one after which measuring on makes no sense.
    """

    def __init__(self, plan: Plan, settings: Settings, counters: tuple[CounterName, ...]) -> None:
        self.plan = plan
        self.failure: Failure | None = None
        self._settings = settings
        self._counters = counters
        self._used: Settings | None = None
        self._visits: list[Visit] = []
        self._memory: Memory | None = None
        self._agreement: Agreement | None = None
        self._energy: Energy | None = None
        self._counts: dict[str, Count] = {}
        # What does not end on a small picture is not waited for once more in each process.
        if plan.problem is not None and (plan.case.device == "none" or plan.problem.status == "TIMEOUT"):
            self.failure = plan.problem

    def take(self, entry: Entry) -> None:
        """Keep what a process found out."""
        step, result = entry.step, entry.result
        if step.task in ("fvcore", "thop"):
            # Another counter may fail on a network that runs well.
            why = result.reason if isinstance(result, Failure) else ""
            failed = Count(counter=step.task, version=installed(step.task), multi_adds=None, error=why)
            self._counts[step.task] = result if isinstance(result, Count) else failed
            return
        if step.task == "energy":
            # A runtime and a peak stand without it.
            why = result.reason if isinstance(result, Failure) else "its process told of something else"
            self._energy = result.energy if isinstance(result, Metered) else Energy(reason=why)
            return
        self._used = self._used or entry.settings
        if entry.visit is not None:
            self._visits.append(entry.visit.model_copy(update={"further": step.further}))
        self._memory = entry.memory or self._memory
        if isinstance(result, Agreed):
            # The floor is ours to set, not the worker's.
            floor = floor_of(self.plan.case.mode.dtype, self.plan.case.device)
            self._agreement = result.agreement.model_copy(update={"floor_db": floor})
        self.failure = entry.failure or self._disagreement()

    def _disagreement(self) -> Failure | None:
        """Why the mode is not to be timed; None where it gives what eager float32 gives."""
        found = self._agreement
        if found is None or found.good:
            return None
        mode = self.plan.case.mode.label
        reason = (
            f"its output in {mode} is not that of eager float32: {found.psnr_db:.1f} dB apart on {found.image}, at "
            f"least {found.floor_db:g} dB are expected; nothing was timed"
        )
        return Failure(status="MISMATCH", reason=reason)

    @property
    def budget_is_spent(self) -> bool:
        """Whether it takes part in no more of the rounds that every case gets."""
        return patience.budget_is_spent(Latency(visits=tuple(self._visits)), self._settings)

    @property
    def another_round_helps(self) -> bool:
        """Whether its interval is too wide, nothing disturbed it, and more rounds can mend it in time."""
        if self.failure is not None or not self._visits:
            return False
        latency = Latency(visits=tuple(self._visits))
        return self._verdict(latency).status == "NOISY" and patience.another_round_helps(latency, self._settings)

    def record(self) -> Record:
        """What the case gave."""
        case = self.plan.case
        latency = Latency(visits=tuple(self._visits)) if self._visits else None
        found = self._verdict(latency)
        return Record(
            srbench_version=version("srbench"),
            case=case,
            machine=machine.describe(),
            settings=self._used or self._settings,
            finished=datetime.now(UTC),
            status=found.status,
            reason=found.reason,
            advice=found.advice,
            detail=self._detail(),
            files=dict(self.plan.files),
            complexity=self.plan.counts,
            counts=tuple(self._count(name) for name in self._counters),
            latency=latency,
            memory=self._memory,
            agreement=self._agreement,
            energy=self._energy,
            params=self.plan.params if self.plan.counts is None else None,
        )

    def _detail(self) -> str:
        source = self.failure or self.plan.problem
        return source.detail if source is not None else ""

    def _verdict(self, latency: Latency | None) -> Verdict:
        if self.failure is not None:
            return Verdict(self.failure.status, self.failure.reason, _advice(self.failure, self._settings))
        found = Verdict()
        if latency is not None:
            found = verdict.judge(latency, self._used or self._settings, machine.usable_cores(), self.plan.case.device)
        # It runs, but not on the meta device: its runtime stands, its counts are missing.
        problem = self.plan.problem
        missing = f"not counted from shapes ({problem.reason})" if problem is not None else ""
        engine = latency.remarks if latency is not None else ()
        energy = f"no energy: {self._energy.reason}" if self._energy is not None and self._energy.reason else ""
        said = (found.reason, missing, self.plan.remark, *engine, energy)
        return replace(found, reason="; ".join(filter(None, said)))

    def _count(self, name: CounterName) -> Count:
        counts = self.plan.counts
        if counts is None:
            return Count(counter=name, version="", multi_adds=None, error="not counted from shapes: nothing to compare")
        if name == "torch":
            return Count(counter=name, version=version("torch"), multi_adds=counts.multi_adds)
        missing = Count(counter=name, version=installed(name), multi_adds=None, error="not run: the case had failed")
        return self._counts.get(name, missing)


def _advice(failure: Failure, settings: Settings) -> str:
    """One line on what to do next; nothing where there is nothing to say."""
    if failure.status == "CRASH" and failure.detail:
        return "the record holds the traceback"
    limited = failure.status == "OOM" and settings.memory_limit_bytes is not None
    return advice(failure.status, settings.timeout_s) + (", or give it more by --memory-limit" if limited else "")
