"""What a check is: a claim, what measures it, and what came of it."""

import math
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from srbench.facts import Frozen
from srbench.failures import Failure
from srbench.launch import PROCESSES
from srbench.work import Launcher, Nothing, Work

Word = Literal["HOLDS", "FAILS", "SKIPPED"]
Figures = dict[str, int | float | str | None]


class Found(Frozen):
    """What a check measured.

    Attributes:
        figures: by name, with the unit in the name; None where something was not told.
        wrong: a sentence for everything that contradicts the claim; nothing where it holds.
        undecided: why the figures neither contradict nor prove it, such as a device that others used.
    """

    figures: Figures
    wrong: tuple[str, ...] = ()
    undecided: str = ""


class Outcome(Frozen):
    """What came of a check.

    Attributes:
        word: whether the claim holds.
        reason: why it fails or was skipped; empty where it holds.
        figures: see :class:`Found`.
        seconds: wall time of the check.
        detail: a traceback, where the check itself broke down.
    """

    word: Word
    reason: str = ""
    figures: Figures = Field(default_factory=dict)
    seconds: float = 0.0
    detail: str = ""


class Skip(Exception):  # noqa: N818 - not an error
    """The claim has no meaning here, or what it needs is not there; the message says which."""


@dataclass(frozen=True)
class Bench:
    """Where the checks run, and with what.

    Attributes:
        device: ``cpu`` or ``cuda:N``.
        output: folder for records.
        data, weights: folders of data sets and of official checkpoints; None where there are none.
        launcher: starts the processes of those checks that need several.
        end: of ``time.monotonic()``; what repeats something stops there.
    """

    device: str
    output: Path
    data: Path | None = None
    weights: Path | None = None
    launcher: Launcher = PROCESSES
    end: float = math.inf

    @property
    def late(self) -> bool:
        """Whether its time is over."""
        return time.monotonic() >= self.end

    @property
    def on_cpu(self) -> bool:
        """Whether this is the dry run: small images, few repeats."""
        return self.device == "cpu"


@dataclass(frozen=True)
class Check:
    """A claim and what measures it.

    Attributes:
        name: as ``sync.events``; what is before the point groups them.
        claim: one sentence, as the documentation has it.
        measure: finds the figures; raises :class:`Skip` where the claim has no meaning.
        launches: whether it starts processes itself. All others run in a fresh process of their own, so that a crash,
            a broken CUDA context or a hang is the end of one check alone.
        timeout_s: most wall time of a check in a process of its own.
    """

    name: str
    claim: str
    measure: Callable[[Bench], Found]
    launches: bool = False
    timeout_s: float = 60.0


@dataclass(frozen=True)
class InAProcess(Work[Outcome, Nothing]):
    """A check, done in the process that this travels to."""

    check: Check
    bench: Bench
    result = Outcome
    news = Nothing

    def run(self, report: Callable[[Nothing], None]) -> Outcome:
        """Measure."""
        return judged(self.check, self.bench)


def run(check: Check, bench: Bench) -> Outcome:
    """Do a check where it belongs; nothing that it raises or breaks ends the drill."""
    if check.launches:
        return judged(check, bench)
    start = time.monotonic()
    found = bench.launcher.launch(InAProcess(check, bench), check.timeout_s)
    if isinstance(found, Failure):
        reason = f"the check's process ended in {found.status}: {found.reason}"
        return Outcome(word="FAILS", reason=reason, seconds=time.monotonic() - start, detail=found.detail)
    return found


def judged(check: Check, bench: Bench) -> Outcome:
    """Do a check in this process."""
    start = time.monotonic()
    try:
        found = check.measure(bench)
    except Skip as skip:
        return Outcome(word="SKIPPED", reason=str(skip), seconds=time.monotonic() - start)
    except Exception as error:  # noqa: BLE001 - a check that breaks down proves nothing, and the next one runs
        reason = f"the check broke down: {type(error).__name__}: {error}"
        detail = traceback.format_exc()
        return Outcome(word="FAILS", reason=reason, seconds=time.monotonic() - start, detail=detail)
    word: Word = "FAILS" if found.wrong else "SKIPPED" if found.undecided else "HOLDS"
    reason = "; ".join(found.wrong) or found.undecided
    return Outcome(word=word, reason=reason, figures=found.figures, seconds=time.monotonic() - start)
