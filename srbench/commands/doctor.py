"""``srbench doctor``: is this machine fit for measuring?"""

from srbench.api import examining
from srbench.commands import say
from srbench.doctor import render
from srbench.doctor.report import Section

FIT, UNFIT = 0, 1


def doctor(device: str, threads: int | None, *, quick: bool, as_json: bool) -> int:
    """Look, test, print; 1 if what is measured now could not be trusted, else 0.

    Args:
        device: ``auto``, ``cpu`` or ``cuda:N``.
        threads: of the CPU; None for all usable cores.
        quick: leave the noise floor out.
        as_json: print the report as JSON.
    """

    def show(section: Section) -> None:
        if not as_json:
            print(render.section(section), end="\n\n", flush=True)

    report = examining.examine(device, threads=threads, quick=quick, show=show, tell=say)
    print(report.model_dump_json(indent=1) if as_json else render.verdict(report))
    return UNFIT if report.unfit else FIT
