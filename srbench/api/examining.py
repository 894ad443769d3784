"""Is this machine fit for measuring?"""

from collections.abc import Callable

from srbench import machine
from srbench.api.request import Tell, silent
from srbench.doctor import quiet
from srbench.doctor.examine import examine as _examine
from srbench.doctor.report import Finding, Report, Section
from srbench.errors import InputError
from srbench.machine.device import choose_device
from srbench.records import Settings


def examine(
    device: str = "auto",
    *,
    threads: int | None = None,
    quick: bool = False,
    show: Callable[[Section], None] = lambda section: None,
    tell: Tell = silent,
) -> Report:
    """Look at what would disturb a measurement now, test clocks and counters, and measure the noise floor.

    Args:
        device: ``auto``, ``cpu`` or ``cuda:N``.
        threads: of the CPU. [default: the usable cores]
        quick: leave out the run of a network against itself, which takes half a minute.
        show: gets each section as soon as it is done.
        tell: gets a line before what takes long.

    Returns:
        The findings; ``report.unfit`` has what makes every number doubtful.

    Raises:
        InputError: no such device, or more threads than there are cores.
    """
    chosen = choose_device(device)
    if threads is not None and chosen != "cpu":
        raise InputError(f"--threads is for the CPU; the device is {chosen}")
    if threads is not None and threads > machine.usable_cores():
        raise InputError(f"--threads {threads}: this process may use {machine.usable_cores()} cores")
    return _examine(chosen, threads, quick=quick, show=show, tell=tell)


def disturbances(device: str, settings: Settings, *, wait: bool = False, tell: Tell = silent) -> str:
    """What would make a runtime wrong now, in one line; empty where the machine is quiet.

    Args:
        device: ``cpu`` or ``cuda:N``.
        settings: of the measurement.
        wait: look again until it is quiet, for an hour at most.
        tell: gets lines on what is waited for.
    """

    def look() -> list[Finding]:
        return quiet.disturbances(device, settings)

    found = quiet.wait_for_quiet(look, tell) if wait else look()
    return "; ".join(finding.sentence for finding in found)
