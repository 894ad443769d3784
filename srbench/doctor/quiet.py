"""Whether the machine is quiet now: a short look at what would disturb a measurement, and how long to wait for less."""

from collections.abc import Callable
from time import monotonic, sleep

from srbench import machine
from srbench.doctor import gpu, sampling, surroundings
from srbench.doctor.report import Finding
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


def disturbances(device: str, settings: Settings, seconds: float = LOOK_S) -> list[Finding]:
    """What would make a runtime wrong now; nothing where the machine is quiet.

    Args:
        device: ``cpu`` or ``cuda:N``.
        settings: with the threads that a measurement would use.
        seconds: of the look, in which this process sleeps.
    """
    here = machine.describe()
    threads = settings.threads or here.cores
    on_gpu = device != "cpu"
    loads = [gpu.loads()] if on_gpu else []
    before = cgroup.throttled_periods()
    state = surroundings.look(open_device("cpu").reading(0))
    activity = sampling.sample(seconds)
    found = surroundings.findings(here, state, activity, threads)
    after = cgroup.throttled_periods()
    periods = None if before is None or after is None else after - before
    found.append(surroundings.throttled(periods, here.limits, threads))
    if on_gpu:
        loads.append(gpu.loads())
        found += gpu.findings(gpu.look(int(device.partition(":")[2]), gpu.busiest(loads)), settings)
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
