"""The A/A run: one network as if it were two. What differs then is the machine's noise, not the network's."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

from srbench import models, progress, runner, sizes
from srbench.cases import Case
from srbench.doctor.report import Finding
from srbench.facts import Machine
from srbench.machine import noise, usable_cores
from srbench.machine.noise import NoiseFloor
from srbench.measure.verdict import CONTENTION_CORES
from srbench.records import Record, Settings

#: A network of the zoo whose passes take some ten milliseconds on a few cores.
NETWORK, SCALE = "span", 4
CPU_LR, CUDA_LR = (64, 64), (320, 180)
#: Rounds, and processes of each of the two in a round. Five leave an interval of 1.2 standard deviations of a round.
ROUNDS, VISITS = 5, 3
#: Seconds of passes in each process, its warm-up included.
VISIT_S = 0.6
TIMEOUT_S = 60.0
#: From here on a difference that matters to a reader gets lost.
NOISY = 0.02


@dataclass(frozen=True)
class Outcome:
    """What the run gave: the floor, None where there is none, and what to say of it."""

    floor: NoiseFloor | None
    findings: tuple[Finding, ...]


def run(
    device: str, threads: int | None, machine: Machine, measure: Callable[..., Sequence[Record]] = runner.run
) -> Outcome:
    """Visit the network alternately as the first and as the second of a pair, in fresh processes, and judge.

    Args:
        device: ``cpu`` or ``cuda:N``.
        threads: of the CPU; None on another device.
        machine: this one, for the record.
        measure: runs the visits.
    """
    [model] = models.parse(NETWORK, "deploy")
    load = sizes.plan(SCALE, lr=CPU_LR if device == "cpu" else CUDA_LR)
    case = Case(model=model, size=load, device=device, threads=(threads or usable_cores()) if device == "cpu" else None)
    settings = Settings(seed=0, budget_s=ROUNDS * VISITS * VISIT_S, timeout_s=TIMEOUT_S, rounds=ROUNDS, visits=VISITS)
    plans = runner.look_ahead([case, case], settings)
    first, second = measure(plans, settings, (), lambda record: None, progress.choose(quiet=True))
    return judge(first, second, machine, datetime.now(UTC))


def judge(first: Record, second: Record, machine: Machine, now: datetime) -> Outcome:
    """The floor that two records of one case give.

    Args:
        first: record of the network as the first of the pair.
        second: record of the same network as the second.
        machine: where both were measured.
        now: date and time that the floor carries.
    """
    medians = [r.latency.round_medians_ns if r.latency else {} for r in (first, second)]
    ratios = noise.paired_ratios(*medians)
    broken = next((record for record in (first, second) if record.failed), None)
    if broken is not None or len(ratios) < noise.MIN_ROUNDS:
        reason = f"{broken.status}: {broken.reason}" if broken else f"only {len(ratios)} rounds gave a pair"
        sentence = f"no noise floor: a network against itself could not be measured ({reason})"
        return Outcome(None, (Finding(code="aa.failed", level="unfit", sentence=sentence),))
    floor = NoiseFloor(
        machine=machine.name,
        device=first.case.device,
        floor=noise.floor_of(ratios),
        rounds=len(ratios),
        ratios=tuple(ratios),
        measured=now,
        threads=first.case.threads,
        versions={"srbench": version("srbench"), "torch": machine.torch, "python": machine.python},
        what=_what(first.case),
    )
    findings = [_floor(floor), _contended((first, second), machine.cores), _throttled((first, second))]
    return Outcome(floor, tuple(finding for finding in findings if finding is not None))


def _contended(records: Sequence[Record], cores: int) -> Finding | None:
    """Judged process by process: a neighbour that came for one of them has spoilt its round."""
    code = "aa.contended"
    used = [v.others_cores for r in records if r.latency for v in r.latency.visits if v.others_cores is not None]
    many = [share for share in used if share > CONTENTION_CORES]
    if many:
        sentence = (
            f"other programs used up to {max(many):.2f} of the {cores} cores "
            f"in {len(many)} of the {len(used)} processes of that run"
        )
        return Finding(code=code, level="unfit", sentence=sentence, advice="end the other programs and try again")
    record = next((record for record in records if record.status == "CONTENDED"), None)
    if record is None:
        return None
    return Finding(code=code, level="unfit", sentence=record.reason, advice=record.advice)


def _throttled(records: Sequence[Record]) -> Finding | None:
    record = next((record for record in records if record.status == "THROTTLED"), None)
    if record is None:
        return None
    return Finding(code="aa.throttled", level="note", sentence=record.reason, advice=record.advice)


def _what(case: Case) -> str:
    load = case.size
    return f"{case.model.variant} x{load.scale}, LR {load.lr_width}x{load.lr_height}"


def _floor(floor: NoiseFloor) -> Finding:
    low, high = min(floor.ratios), max(floor.ratios)
    sentence = (
        f"{floor.what} against itself in {floor.rounds} rounds: ratios {low:.3f} to {high:.3f}; "
        f"noise floor {floor.floor:.1%}"
    )
    if floor.floor <= NOISY:
        return Finding(code="aa.floor", level="ok", sentence=sentence)
    advice = "'srbench compare' takes smaller differences for noise; a quieter machine has a lower floor"
    return Finding(code="aa.floor", level="note", sentence=sentence, advice=advice)
