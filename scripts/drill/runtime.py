"""Runtimes: a network against itself and against more work, what timing adds, the first pass, every way of running."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import monotonic, perf_counter_ns, sleep
from typing import Any

import torch

import model_defs
from drill import ground as grounds
from drill.checks import Bench, Check, Figures, Found, Skip
from srbench import models, progress, sizes, statuses
from srbench.api import comparing, plotting, profiling
from srbench.api.request import Request
from srbench.cases import Case
from srbench.errors import InputError
from srbench.machine.device import open_device
from srbench.measure.comparing import paired_effect
from srbench.measure.latency import NS_PER_S, TimingPlan, measure_latency
from srbench.preparing import prepare
from srbench.records import Record, Visit

NS_PER_MS = 1e6
CHAINS = Path(__file__).parent.with_name("chains.py")
NINE, TEN = f"{CHAINS}:Nine", f"{CHAINS}:Ten"
#: What timing may add to a bare loop.
OVERHEAD = 0.02
#: 10.06 / 11.06 of the work (scripts/chains.py) is less by this share.
LESS_WORK = 0.09
#: Wall time after which no further comparison begins: each starts 15 processes.
WORDS_S = 120.0
#: How long the first pass of :func:`cold` lasts beyond all others.
COLD_NS = 100_000_000
DRY, DRY_LR = ("ecbsr",), (64, 48)
LR = (320, 180)
#: The run that the figures show.
FIRST = "float32"
#: Folder for records of a run, below the drill's.
RECORDS = "records"


def words(bench: Bench) -> Found:
    """The functions of ``srbench compare`` on a network, itself and one with 10 % more work, again and again."""
    repeats = 1 if bench.on_cpu else 20
    request = comparing.request_of(
        (NINE, NINE, TEN),
        lr=((32, 32) if bench.on_cpu else LR,),
        device=bench.device,
        threads=(1,),
        rounds=3 if bench.on_cpu else 5,
        budget_s=0.5 if bench.on_cpu else 1.0,
    )
    answers: dict[str, list[str]] = {"against_itself": [], "against_more_work": []}
    ratios: dict[str, list[float]] = {name: [] for name in answers}
    end, floor = min(bench.end, monotonic() + WORDS_S), 0.0
    for seed in range(repeats):
        if seed and monotonic() > end:
            break
        with profiling.opened(replace(request, seed=seed), None, launcher=bench.launcher) as session:
            pairs = comparing.measured_pairs(session, progress.Quiet())
        for name, answer in zip(answers, comparing.judged(pairs, seed=seed).answers, strict=True):
            answers[name].append(answer.word or answer.problem)
            floor = max(floor, answer.floor.share)
            if answer.effect is not None:
                ratios[name].append(answer.effect.ratio)
    figures: Figures = {"comparisons": len(answers["against_itself"]), "noise_floor": floor}
    for name, given in answers.items():
        figures |= {f"{name}_{word}": given.count(word) for word in sorted(set(given))}
        figures[f"{name}_ratio"] = median(ratios[name]) if ratios[name] else None
    itself, more = answers["against_itself"], answers["against_more_work"]
    wrong = [f"against itself it is {word}" for word in itself if word not in ("SAME", "CANNOT TELL")]
    # Where the machine's own floor is as large as the difference, SAME is the right word for it.
    allowed = ("FASTER", "CANNOT TELL", *(("SAME",) if floor >= LESS_WORK else ()))
    wrong += [f"against 10 % more work it is {word}" for word in more if word not in allowed]
    if not wrong and "FASTER" not in more:
        return Found(figures=figures, undecided=f"10 % more work was not told apart in {len(more)} comparison(s)")
    return Found(figures=figures, wrong=tuple(dict.fromkeys(wrong)))


def overhead(bench: Bench) -> Found:
    """Timing and a bare synchronised loop take turns over the same network; the ratio of their medians."""
    turns, seconds = (6, 0.1) if bench.on_cpu else (20, 0.3)
    device = open_device(bench.device)
    device.keep_memory()
    [model] = models.parse("span", "deploy")
    size = sizes.plan(4, lr=DRY_LR if bench.on_cpu else LR)
    network, image = prepare(Case(model=model, size=size, device=bench.device), device, seed=0)
    plan = TimingPlan(budget_ns=int(seconds * NS_PER_S), deadline_ns=2**62, precision=1e-9)

    def forward() -> object:
        return network(image)

    def bare() -> float:
        times: list[int] = []
        end = perf_counter_ns() + plan.budget_ns
        while perf_counter_ns() < end or len(times) < 3:
            # As people write it, without srbench.
            _wait(device.torch_device)
            start = perf_counter_ns()
            output = forward()
            _wait(device.torch_device)
            times.append(perf_counter_ns() - start)
            del output
        return median(times)

    ours, theirs = {}, {}
    with torch.inference_mode():
        for turn in range(turns):
            theirs[turn] = bare()
            ours[turn] = median(measure_latency(forward, device, plan).samples_ns)
    effect = paired_effect(ours, theirs)
    assert effect is not None, "as many turns on either side"
    figures: Figures = {
        "bare_ms": median(theirs.values()) / NS_PER_MS,
        "ratio": effect.ratio,
        "ratio_low": effect.low,
        "ratio_high": effect.high,
        "turns": turns,
    }
    if effect.low > 1 + OVERHEAD:
        return Found(figures=figures, wrong=(f"timing adds {effect.ratio - 1:.1%}",))
    if effect.high > 1 + OVERHEAD:
        return Found(figures=figures, undecided=f"too noisy here: the ratio may be up to {effect.high:.3f}")
    return Found(figures=figures)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def cold(bench: Bench) -> Found:
    """A first pass that lasts longer than all others is kept apart, in full."""
    ground = grounds.open_ground(bench.device)
    passes = 0

    def forward() -> None:
        nonlocal passes
        passes += 1
        if passes == 1:
            sleep(COLD_NS / NS_PER_S)
        ground.work()

    plan = TimingPlan(budget_ns=NS_PER_S // 2, deadline_ns=perf_counter_ns() + 30 * NS_PER_S, precision=1e-9)
    visit = measure_latency(forward, ground.device, plan)
    wrong = []
    if visit.cold_ns < COLD_NS:
        wrong.append(f"the first pass is told as {visit.cold_ns / NS_PER_MS:.1f} ms, and it slept longer")
    told = 1 + len(visit.warmup_ns) + len(visit.samples_ns)
    if told != passes:
        wrong.append(f"{passes} passes ran and {told} are told")
    # Its own time is where it belongs only if it is nowhere else.
    if visit.cold_ns in visit.samples_ns:
        wrong.append("the first pass is among the samples")
    figures: Figures = {
        "first_pass_ms": visit.cold_ns / NS_PER_MS,
        "sample_median_ms": median(visit.samples_ns) / NS_PER_MS,
        "passes": passes,
    }
    return Found(figures=figures, wrong=tuple(wrong))


def ways(bench: Bench) -> Found:
    """Every scale, dtype, layout and engine, each a record; launch share and clocks are in them."""
    dry = bench.on_cpu
    figures: Figures = {}
    wrong = []
    for name, options in _runs(dry):
        if bench.late:
            figures[name] = "no time was left"
            continue
        request = Request(
            models=DRY if dry else tuple(model_defs.DEFAULTS),
            lr=(DRY_LR if dry else LR,),
            device=bench.device,
            rounds=1,
            budget_s=0.3,
            patience_s=0,
            timeout_s=120,
            **options,
        )
        try:
            records = profiling.profile(request, bench.output / RECORDS / name, launcher=bench.launcher)
        except InputError as error:
            figures[name] = f"not here: {error}"
            continue
        for record in records:
            key = f"{name}_{record.case.label}_x{record.case.size.scale}"
            figures |= _row(key, record)
            if not _accounted(record):
                wrong.append(f"{key}: {record.status} {record.reason}")
    try:
        drawn = plotting.plot(bench.output / RECORDS / FIRST, "runtime", published=False)
        figures["figure"] = ", ".join(str(path.relative_to(bench.output)) for path in drawn)
    except InputError as error:
        figures["figure"] = f"none: {error}"
    return Found(figures=figures, wrong=tuple(wrong))


def _runs(dry: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """In the order in which they matter, should time run out."""
    yield FIRST, {}
    yield "short", {"dtype": "bfloat16" if dry else "float16,bfloat16"}
    yield "channels-last", {"layout": "channels_last"}
    if not dry:
        yield "tf32", {"tf32": "on,off"}
        yield "recorded", {"engine": "cudagraph"}
        yield "compiled", {"engine": "compile"}
        yield "other-scales", {"scale": (2, 3)}


def _accounted(record: Record) -> bool:
    """Whether it has a runtime and a peak, or says that the device cannot run it so."""
    if record.status == "UNSUPPORTED":
        return bool(record.reason)
    return record.status not in statuses.FAILURES and record.latency is not None and record.memory is not None


def _row(key: str, record: Record) -> Figures:
    figures: Figures = {f"{key}_status": record.status}
    interval = record.latency.interval if record.latency is not None else None
    if record.latency is None or interval is None or record.memory is None:
        return figures
    figures |= {f"{key}_ms": interval.median / NS_PER_MS, f"{key}_peak_mib": record.memory.peak_bytes / 2**20}
    if record.case.device != "cpu":
        figures[f"{key}_launch_share"] = launch_share(record.latency.visits)
    return figures


def launch_share(visits: "tuple[Visit, ...]") -> float | None:
    """Share of a pass in which the GPU's stream had nothing to do; None without device times."""
    pairs = [pair for visit in visits for pair in zip(visit.samples_ns, visit.device_ns, strict=False)]
    return median(1 - device / wall for wall, device in pairs) if pairs else None


def telemetry(bench: Bench) -> Found:
    """Every visit says how its device was, at its begin and at its end."""
    ground = grounds.open_ground(bench.device)
    plan = TimingPlan(budget_ns=NS_PER_S, deadline_ns=perf_counter_ns() + 30 * NS_PER_S, precision=1e-9)
    visit = measure_latency(ground.work, ground.device, plan)
    readings = visit.readings
    wrong = []
    if len(readings) < 2 or readings[0].after != 0 or readings[-1].after != len(visit.samples_ns):
        wrong.append(f"{len(visit.samples_ns)} samples came with readings after {[r.after for r in readings]}")
    clocks = [reading.clock_mhz for reading in readings if reading.clock_mhz is not None]
    temperatures = [reading.temperature_c for reading in readings if reading.temperature_c is not None]
    if not bench.on_cpu and not clocks:
        raise Skip("the driver does not tell this GPU's clock")
    figures: Figures = {
        "readings": len(readings),
        "clock_min_mhz": min(clocks, default=None),
        "clock_max_mhz": max(clocks, default=None),
        "temperature_max_c": max(temperatures, default=None),
        "held_back_by": ", ".join(sorted({reason for reading in readings for reason in reading.reasons})) or None,
    }
    return Found(figures=figures, wrong=tuple(wrong))


CHECKS = (
    Check("runtime.cold", "The first pass is kept apart.", cold),
    Check("runtime.telemetry", "Clock, temperature and what held it back stand beside the samples.", telemetry),
    Check("runtime.overhead", "Timing adds no more than 2 % to a bare loop.", overhead),
    Check(
        "runtime.words",
        "A network is neither FASTER nor SLOWER than itself, and 10 % more work is found.",
        words,
        launches=True,
    ),
    Check("runtime.ways", "Each way of running has a runtime, or says why not.", ways, launches=True),
)
