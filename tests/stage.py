"""A stage for runs: processes by script, and a diary of all that happens."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from srbench import journal, machine, runner
from srbench.assemble import Plan
from srbench.counts import CounterName
from srbench.failures import Failure
from srbench.journal import Entry, Header, Journal, Step
from srbench.records import Frozen, Record, Settings
from srbench.tasks import Agree, Count, Memory, Progress, Time, Timed, Watched
from srbench.work import News, Result, Work, no_news
from tests.builders import (
    NOON,
    agreed,
    make_case,
    make_machine,
    make_plan,
    make_settings,
    make_visit,
    timed,
    watched,
)

NAMES = ("bsrn", "rfdn", "span")


def what(step: Step, plans: Sequence[Plan]) -> str:
    """A process in a word: ``bsrn time 0``."""
    variant = plans[step.case].case.model.variant
    return f"{variant} {step.task} {step.round}" if step.task == "time" else f"{variant} {step.task}"


def asked(work: Work[Any, Any]) -> str:
    """The same of a piece of work."""
    assert isinstance(work, Time | Memory | Agree | Count)
    variant = work.case.model.variant
    if isinstance(work, Time):
        return f"{variant} time {work.round}"
    return f"{variant} {work.counter if isinstance(work, Count) else type(work).__name__.lower()}"


class Stage:
    """A launcher with a result for every process, by script, and a diary of all that happens."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.diary: list[str] = []
        self.script: dict[str, Frozen | BaseException] = {}
        self.plans: Sequence[Plan] = ()
        self.before: Callable[[object], None] = lambda work: None
        monkeypatch.setattr(machine, "describe", make_machine)
        monkeypatch.setattr(machine, "usable_cores", lambda: 2)

    def renew(self) -> None:
        self.diary.append("fresh server")

    def launch(
        self,
        work: Work[Result, News],
        timeout_s: float,
        report: Callable[[News], None] = no_news,
        *,
        from_last_news: bool = False,
    ) -> Result | Failure:
        self.before(work)
        self.diary.append(f"run {asked(work)}")
        if isinstance(work, Time):
            cast(Callable[[Progress], None], report)(Progress(samples=7, last_ms=1.5))
        scripted = self.script.get(asked(work), self._usual(work))
        if isinstance(scripted, BaseException):
            raise scripted
        if isinstance(scripted, Timed | Watched):
            assert isinstance(work, Time | Memory)
            scripted = scripted.model_copy(update={"settings": work.settings})
        assert isinstance(scripted, work.result | Failure)
        return scripted

    def _usual(self, work: Work[Any, Any]) -> Frozen:
        if isinstance(work, Time):
            return timed(make_visit(100, 101, 102, round=work.round, place=work.place))
        if isinstance(work, Agree):
            return agreed()
        return watched() if isinstance(work, Memory) else Failure(status="CRASH", reason="no counter")

    # What a watcher is told.

    def begin(self, plans: Sequence[Plan], settings: Settings, steps: Sequence[Step]) -> None:
        self.plans = plans
        self.diary.append(f"begin {len(steps)}")

    def start(self, step: Step) -> None:
        self.diary.append(f"start {what(step, self.plans)}")

    def sample(self, progress: Progress) -> None:
        assert progress == Progress(samples=7, last_ms=1.5)

    def finish(self, step: Step, entry: Entry | None) -> None:
        word = "left out" if entry is None else entry.failure.status if entry.failure else "VALID"
        assert entry is None or entry.step == step
        self.diary.append(f"finish {what(step, self.plans)} {word}")

    def more(self, steps: Sequence[Step]) -> None:
        self.diary.append(f"more {' '.join(sorted(self.plans[step.case].case.model.variant for step in steps))}")

    def done(self, record: Record) -> None:
        self.diary.append(f"done {record.case.model.variant}")

    def end(self) -> None:
        self.diary.append("end")

    # How a test asks.

    def keep(self, record: Record) -> None:
        self.diary.append(f"keep {record.case.model.variant} {record.status}")

    def run(
        self,
        *names: str,
        counters: tuple[CounterName, ...] = ("torch",),
        log: Journal | None = None,
        device: str = "cpu",
        keep: Callable[[Record], None] | None = None,
        **settings: Any,
    ) -> list[Record]:
        self.diary.clear()
        plans = [make_plan(name, device=device) for name in names]
        return runner.run(plans, make_settings(**settings), counters, keep or self.keep, self, log, self)

    def said(self, word: str) -> list[str]:
        return [line.removeprefix(f"{word} ") for line in self.diary if line.startswith(f"{word} ")]


def begun(folder: Path) -> Journal:
    header = Header(
        srbench_version="0.1.0",
        started=NOON,
        machine=make_machine(),
        settings=make_settings(),
        counters=("torch",),
        cases=tuple(make_case(name) for name in NAMES),
        sources={},
    )
    return journal.begin(folder, header)[0]


def resumed(folder: Path) -> Journal:
    found = journal.resume(folder)
    assert found is not None
    return found[1]
