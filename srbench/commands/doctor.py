"""``srbench doctor``: is this machine fit for measuring?"""

from srbench import machine
from srbench.commands import say
from srbench.doctor import render
from srbench.doctor.examine import examine
from srbench.doctor.report import Section
from srbench.errors import InputError
from srbench.machine.device import choose_device

FIT, UNFIT = 0, 1


def doctor(device: str, threads: int | None, *, quick: bool, as_json: bool) -> int:
    """Look, test, print; 1 if what is measured now could not be trusted, else 0."""
    chosen = choose_device(device)
    if threads is not None and chosen != "cpu":
        raise InputError(f"--threads is for the CPU; the device is {chosen}")
    if threads is not None and threads > machine.usable_cores():
        raise InputError(f"--threads {threads}: this process may use {machine.usable_cores()} cores")

    def show(section: Section) -> None:
        if not as_json:
            print(render.section(section), end="\n\n", flush=True)

    report = examine(chosen, threads, quick=quick, show=show, tell=say)
    print(report.model_dump_json(indent=1) if as_json else render.verdict(report))
    return UNFIT if report.unfit else FIT
