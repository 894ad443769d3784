"""How a run goes, on stderr: a bar where there is a terminal, plain lines elsewhere, or nothing."""

import sys
from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING

from srbench.records import Case, Record, Settings
from srbench.runner import Plan, Watcher, expected_seconds
from srbench.worker import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

#: Until a case is measured: about 100 G Multi-Adds in a second, a laptop processor.
_FIRST_GUESS_NS = 0.01


class Forecast:
    """Time left, from the Multi-Adds that remain and the speed seen so far."""

    def __init__(self, plans: Sequence[Plan], settings: Settings) -> None:
        self._plans = plans
        self._settings = settings
        self._pace_ns = _FIRST_GUESS_NS
        self._started = monotonic()

    def start(self) -> None:
        """A case starts."""
        self._started = monotonic()

    def learn(self, record: Record) -> None:
        """Take the pace of a case that has been measured."""
        if record.latency and record.complexity and (interval := record.latency.interval):
            self._pace_ns = interval.median / (record.complexity.multi_adds * record.case.workload.batch or 1)

    def left_s(self, index: int) -> float:
        """Seconds until the run is over, case ``index`` being under way."""
        whole = [expected_seconds(plan, self._settings, self._pace_ns) for plan in self._plans[index:]]
        if not whole:
            return 0.0
        return max(0.0, whole[0] - (monotonic() - self._started)) + sum(whole[1:])


class Quiet:
    """Says nothing."""

    def begin(self, plans: Sequence[Plan], settings: Settings) -> None:
        """Nothing."""

    def start(self, index: int, plan: Plan) -> None:
        """Nothing."""

    def sample(self, progress: Progress) -> None:
        """Nothing."""

    def done(self, index: int, record: Record) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""


class Lines(Quiet):
    """One line when a case starts and one when it is done, for logs."""

    def begin(self, plans: Sequence[Plan], settings: Settings) -> None:
        """Remember how many cases there are."""
        self._total = len(plans)
        self._forecast = Forecast(plans, settings)

    def start(self, index: int, plan: Plan) -> None:
        """Name the case and the time left."""
        self._forecast.start()
        left = f", about {_duration(self._forecast.left_s(index))} left" if plan.case.device != "none" else ""
        print(f"[{index + 1}/{self._total}] {label(plan.case)}{left}", file=sys.stderr, flush=True)

    def done(self, index: int, record: Record) -> None:
        """Say what came out."""
        self._forecast.learn(record)
        print(f"[{index + 1}/{self._total}] {outcome(record)}", file=sys.stderr, flush=True)


class LiveBar(Quiet):
    """A bar with the running case, its latest pass and the time left."""

    def begin(self, plans: Sequence[Plan], settings: Settings) -> None:
        """Draw the bar."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as RichProgress

        self._forecast = Forecast(plans, settings)
        self._index = 0
        self._name = ""
        columns = (BarColumn(20), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
        # Drawn when something happens, not ten times a second: the display must not run beside the measurement.
        console = Console(stderr=True)
        self._bar: Bar = RichProgress(*columns, console=console, transient=True, auto_refresh=False)
        self._task: TaskID = self._bar.add_task("", total=len(plans))
        self._bar.start()

    def start(self, index: int, plan: Plan) -> None:
        """Name the case."""
        self._index, self._name = index, label(plan.case)
        self._forecast.start()
        self._show("starting")

    def sample(self, progress: Progress) -> None:
        """Show the latest pass."""
        stage = f"{progress.samples} passes" if progress.samples else "warm-up"
        self._show(f"{stage}, last {progress.last_ms:,.1f} ms")

    def done(self, index: int, record: Record) -> None:
        """Leave a line above the bar."""
        self._forecast.learn(record)
        self._bar.console.print(outcome(record), markup=False, highlight=False)
        self._bar.update(self._task, completed=index + 1, refresh=True)

    def end(self) -> None:
        """Take the bar away."""
        self._bar.stop()

    def _show(self, what: str) -> None:
        left = _duration(self._forecast.left_s(self._index))
        self._bar.update(self._task, description=f"{self._name}: {what}; about {left} left", refresh=True)


def choose(*, quiet: bool) -> Watcher:
    """The display that suits stderr."""
    if quiet:
        return Quiet()
    return LiveBar() if sys.stderr.isatty() else Lines()


def label(case: Case) -> str:
    """A case in a few words."""
    return f"{case.model.variant}{'@train' if case.model.form == 'train' else ''} x{case.workload.scale}"


def outcome(record: Record) -> str:
    """What a case gave, in one line."""
    name = label(record.case)
    if record.failed:
        return f"{name}: {record.status}: {record.reason}"
    parts = []
    if record.latency and (interval := record.latency.interval):
        parts.append(f"{interval.median / 1e6:,.1f} ms ({len(record.latency.samples_ns)} passes)")
    if record.memory:
        parts.append(f"peak {record.memory.peak_bytes / 2**20:,.1f} MiB")
    if not parts and record.complexity:
        parts.append(f"{record.complexity.params / 1e3:,.1f} K params, {record.complexity.multi_adds / 1e9:,.2f} G")
    return f"{name}: {', '.join(parts) or record.status}{f' [{record.status}]' if record.status != 'VALID' else ''}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
