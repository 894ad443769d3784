"""One run of the doctor: everything in order, each section shown as soon as it is done."""

from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version

from srbench import machine
from srbench.doctor import inventory, physics, probe, quiet, repeat, sampling, surroundings, timer
from srbench.doctor.report import Finding, Report, Section
from srbench.facts import Machine
from srbench.machine import cgroup, noise
from srbench.machine.noise import NoiseFloor
from srbench.records import Settings


def examine(
    device: str,
    threads: int | None,
    *,
    quick: bool,
    show: Callable[[Section], None],
    tell: Callable[[str], None],
) -> Report:
    """Look and test.

    What others do is looked at first, while this program sleeps and before torch touches a GPU. The A/A run is left
    out where numbers could not be trusted anyway.

    Args:
        device: ``cpu`` or ``cuda:N``, checked to be there.
        threads: of the CPU; None for what torch takes.
        quick: leave out the A/A run.
        show: gets each section.
        tell: gets a line before what takes long.
    """
    here = machine.describe()
    settings = machine.read_back(Settings(seed=0, budget_s=1, timeout_s=1))
    if threads is not None:
        settings = settings.model_copy(update={"threads": threads})
    sections: list[Section] = []

    def add(section: Section) -> None:
        sections.append(section)
        show(section)

    def fit() -> bool:
        return not any(finding.level == "unfit" for section in sections for finding in section.findings)

    throttled = cgroup.throttled_periods()
    add(inventory.section(here, settings))
    begin = timer.moment()
    disturbing, max_gpu_mhz = quiet.look_around(device, here, settings, sampling.SAMPLE_S)
    rate = timer.rate(begin, timer.moment())
    add(Section(title="What would disturb a measurement now", findings=tuple(disturbing)))
    add(Section(title="Self-tests", findings=tuple(_self_tests(device, threads, here, settings, rate, max_gpu_mhz))))
    floor, found = _noise(device, threads, here, tell) if not quick and fit() else (None, [_left_out(quick=quick)])
    periods = surroundings.grown(throttled, cgroup.throttled_periods())
    found.append(surroundings.throttled(periods, here.limits, settings.threads or here.cores))
    if floor is not None:
        found.append(_keep(floor, fit=fit() and not any(finding.level == "unfit" for finding in found)))
    add(Section(title="Noise floor", findings=tuple(found)))
    return Report(
        srbench_version=version("srbench"),
        finished=datetime.now(UTC),
        device=device,
        machine=here,
        sections=tuple(sections),
        floor=floor,
    )


def _self_tests(
    device: str, threads: int | None, here: Machine, settings: Settings, rate: Finding, max_gpu_mhz: int | None
) -> list[Finding]:
    found = [*timer.findings(timer.look(), timer.source()), rate]
    measured = probe.run(device, threads)
    if measured.error:
        sentence = f"memory and matrix product could not be tested: {measured.error}"
        return [*found, Finding(code="probe.failed", level="unfit", sentence=sentence)]
    if device == "cpu":
        peak = physics.cpu_peak(here.processor, measured.threads)
    else:
        peak = physics.gpu_peak(max_gpu_mhz, measured.multiprocessors)
    return [*found, physics.memory(measured), physics.product(measured, peak, settings)]


def _noise(
    device: str, threads: int | None, here: Machine, tell: Callable[[str], None]
) -> tuple[NoiseFloor | None, list[Finding]]:
    tell(
        f"a network against itself: {repeat.ROUNDS} rounds, in each {repeat.VISITS} fresh processes for either side, "
        "about half a minute ..."
    )
    outcome = repeat.run(device, threads, here)
    return outcome.floor, list(outcome.findings)


def _left_out(*, quick: bool) -> Finding:
    why = "--quick" if quick else "the machine is unfit, so it would say nothing"
    return Finding(code="aa.left_out", level="fact", sentence=f"the A/A run is left out ({why})")


def _keep(floor: NoiseFloor, *, fit: bool) -> Finding:
    code = "aa.stored"
    if not fit:
        return Finding(code=code, level="fact", sentence="not stored: measured while the machine was unfit")
    complaints: list[str] = []
    path = noise.save(floor, complaints.append)
    if path is None:
        advice = "make that folder writable, or set XDG_STATE_HOME to one that is"
        return Finding(code=code, level="note", sentence=complaints[0], advice=advice)
    return Finding(code=code, level="ok", sentence=f"stored for 'srbench compare' in {path}")
