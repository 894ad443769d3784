"""Whether the machine is quiet now: a short look at what would disturb a measurement, and how long to wait for less."""

from collections.abc import Callable
from time import monotonic, sleep

from srbench import machine
from srbench.doctor import gpu, sampling, surroundings
from srbench.doctor.report import Finding
from srbench.facts import Machine
from srbench.machine import cgroup
from srbench.machine.device import open_device
from srbench.records import Settings

#: Of one look; the doctor takes longer.
LOOK_S = 1.0
#: Quiet at so many looks, one after the other, is quiet.
_LOOKS = 2
#: Between two looks of a wait, and between two lines that say what is waited for.
_PAUSE_S, _SAY_S = 5.0, 60.0
#: Who waits longer than an hour wants to be asked.
MOST_S = 3600.0


def look_around(device: str, here: Machine, settings: Settings, seconds: float) -> tuple[list[Finding], int | None]:
    """Everything that could disturb a measurement, looked at while this process sleeps.

    Args:
        device: ``cpu`` or ``cuda:N``.
        here: the machine.
        settings: with the threads that a measurement would use.
        seconds: of the look.

    Returns:
        The findings, and a GPU's highest clock in MHz.
    """
    on_gpu = device != "cpu"
    loads = [gpu.loads()] if on_gpu else []
    state = surroundings.look(open_device("cpu").reading(0))
    found = surroundings.findings(here, state, sampling.sample(seconds), settings.threads or here.cores)
    if not on_gpu:
        return found, None
    loads.append(gpu.loads())
    seen = gpu.look(int(device.partition(":")[2]), gpu.busiest(loads))
    return [*found, *gpu.findings(seen, settings)], seen.max_clock_mhz if seen else None


def disturbances(device: str, settings: Settings, seconds: float = LOOK_S) -> list[Finding]:
    """What would make a runtime wrong now; nothing where the machine is quiet.

    Args:
        device: ``cpu`` or ``cuda:N``.
        settings: with the threads that a measurement would use.
        seconds: of the look, in which this process sleeps.
    """
    here = machine.describe()
    before = cgroup.throttled_periods()
    found, _ = look_around(device, here, settings, seconds)
    periods = surroundings.grown(before, cgroup.throttled_periods())
    found.append(surroundings.throttled(periods, here.limits, settings.threads or here.cores))
    return [finding for finding in found if finding.level == "unfit"]


def wait_for_quiet(
    look: Callable[[], list[Finding]],
    tell: Callable[[str], None],
    most_s: float = MOST_S,
    clock: Callable[[], float] = monotonic,
    pause: Callable[[float], None] = sleep,
) -> list[Finding]:
    """Look until the machine is quiet, or for so long at most; what still disturbs it then.

    Args:
        look: gives what disturbs now.
        tell: gets a line when the wait begins, and one a minute.
        most_s: seconds.
        clock: in seconds.
        pause: sleeps.
    """
    begin = clock()
    told: float | None = None
    quiet = 0
    while True:
        found = look()
        quiet = 0 if found else quiet + 1
        if quiet >= _LOOKS:
            return []
        waited = clock() - begin
        if waited >= most_s:
            return found
        if found and (told is None or waited - told >= _SAY_S):
            tell(f"waiting for quiet ({waited / 60:.0f} min): {found[0].sentence}")
            told = waited
        if found:
            pause(_PAUSE_S)
