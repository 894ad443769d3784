"""How a run goes, on stderr: a bar where there is a terminal, plain lines elsewhere, or nothing."""

import sys
from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING

from srbench.agreements import Agreement
from srbench.assemble import Plan
from srbench.cases import Case
from srbench.journal import Entry, Step
from srbench.measure.latency import NS_PER_S
from srbench.records import Record, Settings
from srbench.runner import Watcher
from srbench.tasks import Agreed, Progress, min_samples
from srbench.text import plain

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

#: Until a case is measured: about 100 G Multi-Adds in a second, a laptop processor.
_FIRST_GUESS_NS = 0.01
#: Import of torch for a round, start and end of a process.
_ROUND_S, _PROCESS_S = 1.5, 0.2
#: Passes of the memory process; cold and warm-up passes of a timed one.
_MEMORY_PASSES, _UNTIMED_PASSES = 2, 2


class Forecast:
    """Time left: a case's own pace where it has been visited, else its Multi-Adds at the pace of the others."""

    def __init__(self, plans: Sequence[Plan], settings: Settings, steps: Sequence[Step]) -> None:
        self._plans = plans
        self._settings = settings
        self._left = list(steps)
        self._pass_s: dict[int, float] = {}
        self._pace_ns = _FIRST_GUESS_NS
        self._started: float | None = None

    def more(self, steps: Sequence[Step]) -> None:
        """Processes are added."""
        self._left += steps

    def start(self) -> None:
        """A process starts."""
        self._started = monotonic()

    def finish(self, step: Step, entry: Entry | None) -> None:
        """A process is over."""
        self._left.remove(step)
        self._started = None
        visit = entry.visit if entry else None
        if visit is None or visit.median_ns is None:
            return
        self._pass_s[step.case] = visit.median_ns / NS_PER_S
        plan = self._plans[step.case]
        if plan.counts is not None and plan.counts.multi_adds:
            self._pace_ns = visit.median_ns / (plan.counts.multi_adds * plan.case.size.batch)

    def left_s(self) -> float:
        """Seconds until the run is over."""
        under_way = monotonic() - self._started if self._started is not None and self._left else 0.0
        rounds = len({step.round for step in self._left if step.task == "time"})
        whole = [self._expected_s(step) for step in self._left]
        first = max(0.0, whole[0] - under_way) if whole else 0.0
        return first + sum(whole[1:]) + rounds * _ROUND_S

    def _expected_s(self, step: Step) -> float:
        plan = self._plans[step.case]
        one = self._pass_s.get(step.case)
        if one is None:
            counts = plan.counts
            one = counts.multi_adds * plan.case.size.batch * self._pace_ns / NS_PER_S if counts else 0.0
        if step.task != "time":
            return _PROCESS_S + _MEMORY_PASSES * one
        least = (_UNTIMED_PASSES + min_samples(self._settings.processes)) * one
        return _PROCESS_S + max(self._settings.budget_s / self._settings.processes, least)


class Quiet:
    """Says nothing."""

    def begin(self, plans: Sequence[Plan], settings: Settings, steps: Sequence[Step]) -> None:
        """Nothing."""

    def start(self, step: Step) -> None:
        """Nothing."""

    def sample(self, progress: Progress) -> None:
        """Nothing."""

    def finish(self, step: Step, entry: Entry | None) -> None:
        """Nothing."""

    def more(self, steps: Sequence[Step]) -> None:
        """Nothing."""

    def done(self, record: Record) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""


class Lines(Quiet):
    """One line when a process is over and one when a case is done, for logs."""

    def begin(self, plans: Sequence[Plan], settings: Settings, steps: Sequence[Step]) -> None:
        """Say how much there is to do."""
        self._plans, self._settings = plans, settings
        self._total, self._over = len(steps), 0
        self._forecast = Forecast(plans, settings, steps)
        if steps:
            self._say(f"{len(plans)} case(s), {self._total} processes, about {_duration(self._forecast.left_s())}")

    def start(self, step: Step) -> None:
        """Its time runs."""
        self._forecast.start()

    def finish(self, step: Step, entry: Entry | None) -> None:
        """Say what came out."""
        self._over += 1
        self._forecast.finish(step, entry)
        if entry is not None:
            what = f"{describe(step, self._plans, self._settings)}: {result(entry)}"
            self._say(f"[{self._over}/{self._total}] {what}; about {_duration(self._forecast.left_s())} left")

    def more(self, steps: Sequence[Step]) -> None:
        """Say for whom there is another round."""
        self._total += len(steps)
        self._forecast.more(steps)
        names = ", ".join(label(self._plans[step.case].case) for step in steps)
        self._say(f"another round for what is still too uncertain: {names}")

    def done(self, record: Record) -> None:
        """Say what the case gave."""
        self._say(outcome(record))

    def _say(self, line: str) -> None:
        print(plain(line), file=sys.stderr, flush=True)


class LiveBar(Quiet):
    """A bar with the running process, its latest pass and the time left."""

    def begin(self, plans: Sequence[Plan], settings: Settings, steps: Sequence[Step]) -> None:
        """Draw the bar."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as RichProgress

        self._plans, self._settings = plans, settings
        self._forecast = Forecast(plans, settings, steps)
        self._name = ""
        columns = (BarColumn(20), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
        # Drawn when something happens, not ten times a second: the display must not run beside the measurement.
        console = Console(stderr=True)
        self._bar: Bar = RichProgress(*columns, console=console, transient=True, auto_refresh=False)
        self._total = len(steps)
        self._task: TaskID = self._bar.add_task("", total=self._total)
        self._bar.start()

    def start(self, step: Step) -> None:
        """Name the process."""
        self._name = describe(step, self._plans, self._settings)
        self._forecast.start()
        self._show("starting")

    def sample(self, progress: Progress) -> None:
        """Show the latest pass."""
        stage = f"{progress.samples} passes" if progress.samples else "warm-up"
        self._show(f"{stage}, last {progress.last_ms:,.1f} ms")

    def finish(self, step: Step, entry: Entry | None) -> None:
        """One more is over."""
        self._forecast.finish(step, entry)
        self._bar.update(self._task, advance=1, refresh=True)

    def more(self, steps: Sequence[Step]) -> None:
        """Make the bar longer."""
        self._total += len(steps)
        self._forecast.more(steps)
        self._bar.update(self._task, total=self._total)

    def done(self, record: Record) -> None:
        """Leave a line above the bar."""
        self._bar.console.print(plain(outcome(record)), markup=False, highlight=False)

    def end(self) -> None:
        """Take the bar away."""
        self._bar.stop()

    def _show(self, what: str) -> None:
        left = _duration(self._forecast.left_s())
        self._bar.update(self._task, description=plain(f"{self._name}: {what}; about {left} left"), refresh=True)


def choose(*, quiet: bool) -> Watcher:
    """The display that suits stderr."""
    if quiet:
        return Quiet()
    return LiveBar() if sys.stderr.isatty() else Lines()


def label(case: Case) -> str:
    """A case in few words."""
    mode = f" ({case.mode.label})" if case.mode.words else ""
    return f"{case.model.label} x{case.size.scale}{mode}"


def describe(step: Step, plans: Sequence[Plan], settings: Settings) -> str:
    """A process in few words.

    Args:
        step: the process.
        plans: cases of the run.
        settings: of the run.
    """
    name = label(plans[step.case].case)
    if step.task == "time":
        return f"{name}, round {step.round + 1}" + ("" if step.further else f" of {settings.rounds}")
    return f"{name}, {'agreement with eager float32' if step.task == 'agree' else step.task}"


def agreed(found: Agreement) -> str:
    """How near a mode is to eager float32, in few words."""
    built = f", built in {found.build_ns / 1e9:,.1f} s" if found.build_ns is not None else ""
    return ("equal to eager float32" if found.psnr_db is None else f"{found.psnr_db:.1f} dB") + built


def result(entry: Entry) -> str:
    """What a process found, in few words."""
    if entry.failure is not None:
        return f"{entry.failure.status}: {entry.failure.reason}"
    if entry.visit is not None and entry.visit.median_ns is not None:
        return f"{entry.visit.median_ns / 1e6:,.1f} ms ({len(entry.visit.samples_ns)} passes)"
    if entry.memory is not None:
        return f"peak {entry.memory.peak_bytes / 2**20:,.1f} MiB"
    if isinstance(entry.result, Agreed):
        return agreed(entry.result.agreement)
    return "done"


def outcome(record: Record) -> str:
    """What a case gave, in one line."""
    name = label(record.case)
    if record.failed:
        return f"{name}: {record.status}: {record.reason}"
    parts = []
    if record.latency and (interval := record.latency.interval):
        spread = f" ±{interval.relative:.1%}" if interval.relative < 1 else " ±100 % and more"
        count = f"{len(record.latency.samples_ns)} passes in {len(record.latency.visits)} process(es)"
        parts.append(f"{interval.median / 1e6:,.1f} ms{spread} ({count})")
    if record.memory:
        parts.append(f"peak {record.memory.peak_bytes / 2**20:,.1f} MiB")
    if not parts and record.complexity:
        counts = record.complexity
        bound = ">= " if counts.is_lower_bound else ""
        parts.append(f"{counts.params / 1e3:,.1f} K params, {bound}{counts.multi_adds / 1e9:,.2f} G")
    return f"{name}: {', '.join(parts) or record.status}{f' [{record.status}]' if record.status != 'VALID' else ''}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
