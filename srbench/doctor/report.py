"""What the doctor found, as data; how it looks is the business of :mod:`srbench.doctor.render`."""

from collections.abc import Iterable
from typing import Literal

from srbench.facts import Frozen, Machine, Moment
from srbench.machine.noise import NoiseFloor

#: ``fact``: neither good nor bad. ``unknown``: the system does not tell. ``note``: may disturb. ``unfit``: numbers
#: measured now would be wrong.
Level = Literal["fact", "ok", "note", "unknown", "unfit"]


class Finding(Frozen):
    """One thing found.

    Attributes:
        code: names the thing for programs: ``cpu.others``, ``timer.resolution`` ...
        level: what it means.
        sentence: what was found, with numbers.
        advice: one line on what to do; empty where there is nothing to do.
    """

    code: str
    level: Level
    sentence: str
    advice: str = ""


class Section(Frozen):
    """Findings that belong together."""

    title: str
    findings: tuple[Finding, ...]


class Report(Frozen):
    """All that one run of the doctor found; ``floor`` is None where no A/A run was made, or it failed."""

    srbench_version: str
    finished: Moment
    device: str
    machine: Machine
    sections: tuple[Section, ...]
    floor: NoiseFloor | None = None

    @property
    def unfit(self) -> tuple[Finding, ...]:
        """The findings that make the machine unfit."""
        return tuple(finding for finding in all_findings(self.sections) if finding.level == "unfit")


def all_findings(sections: Iterable[Section]) -> list[Finding]:
    """The findings of all sections in order."""
    return [finding for section in sections for finding in section.findings]
