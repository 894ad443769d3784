"""What a runtime is worth: one word for a case, with the reason and one line of advice.

Pure functions of what was recorded, so that every verdict is tested with scripted visits. The word names the cause
where there is one (RECOMPILED, THROTTLED, CONTENDED, DRIFTING) and the effect where there is none (NOISY).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from srbench.measure.latency import MIN_SAMPLES
from srbench.measure.stats import lag_correlation
from srbench.records import Latency, Settings, Visit
from srbench.statuses import Status, advice

NS_PER_S = 1e9
NS_PER_MS = 1e6
#: Others may take this share of a core before a runtime is called contended; housekeeping stays below.
CONTENTION_CORES = 0.15
#: A pass is preempted when it was taken off a core more often than this per second and thread: on a quiet machine the
#: kernel's own threads do so a few times a second.
SWITCHES_PER_S = 50.0
#: Share of the passes, or of the device's readings, that must be disturbed for the case to be.
DISTURBED_SHARE = 0.5
THROTTLED_SHARE = 0.25
#: A GPU has its clocks in steps of 15 MHz; it takes the one that is next to what was asked for.
CLOCK_STEP_MHZ = 15
#: Share of a GPU's readings in which others were at work.
SHARED_SHARE = 0.25
#: A trend counts from this share of the median on, and where chance gives it once in a hundred runs.
DRIFT_SHARE, DRIFT_P = 0.05, 0.01
#: Fewest samples that a trend can be seen in.
DRIFT_NEEDS = 10
#: The interval of a case may be this many times as wide as the target of one process before it is NOISY.
NOISY_FACTOR = 5.0


@dataclass(frozen=True)
class Verdict:
    """A status with its reason and advice; both empty for VALID."""

    status: Status = "VALID"
    reason: str = ""
    advice: str = ""


def judge(latency: Latency, settings: Settings, cores: int, device: str = "cpu") -> Verdict:
    """Judge the runtime of a case.

    Args:
        latency: its visits.
        settings: how it was measured; the advice never names what is already so.
        cores: that its processes could use.
        device: where it ran. Of a CPU it is the cores that others took, of a GPU who else was at work on it.
    """
    return (
        _recompiled(latency, settings)
        or _short(latency, settings)
        or _throttled(latency, settings)
        or (_unlocked(latency, settings) if settings.clock == "locked" else None)
        or (_contended(latency, settings, cores) if device == "cpu" else _shared(latency, settings))
        or _drifting(latency)
        or _noisy(latency, settings)
        or Verdict()
    )


def _recompiled(latency: Latency, settings: Settings) -> Verdict | None:
    rebuilt = [visit.rebuilds for visit in latency.visits if visit.rebuilds]
    if not rebuilt:
        return None
    where = f"of {len(rebuilt)} of {len(latency.visits)} processes"
    reason = f"the engine built the network anew {sum(rebuilt)} time(s) inside the timed passes {where}"
    return Verdict("RECOMPILED", reason, advice("RECOMPILED", settings.timeout_s))


def _short(latency: Latency, settings: Settings) -> Verdict | None:
    samples = len(latency.samples_ns)
    if samples >= MIN_SAMPLES:
        return None
    reason = f"only {samples} timed pass(es) fit into --timeout {settings.timeout_s:g}"
    return Verdict("SHORT", reason, advice("SHORT", settings.timeout_s))


def _throttled(latency: Latency, settings: Settings) -> Verdict | None:
    # The first reading of a process tells of what was before it.
    readings = [reading for visit in latency.visits for reading in visit.readings[1:]]
    held = [reading for reading in readings if reading.reasons]
    if not held or len(held) < THROTTLED_SHARE * len(readings):
        return None
    reasons = ", ".join(dict.fromkeys(reason for reading in held for reason in reading.reasons))
    where = f"in {len(held)} of {len(readings)} readings"
    if "cgroup quota" in reasons:
        lower = "" if settings.threads == 1 else ", or lower --threads to it"
        cure = f"raise the container's CPU quota{lower}"
    else:
        cure = "let the device cool down, or lock its clock below what it can hold"
    return Verdict("THROTTLED", f"the clock was held back ({reasons}) {where}", cure)


def _unlocked(latency: Latency, settings: Settings) -> Verdict | None:
    """Whether the clock was what was asked for; of a GPU that srbench has locked itself, by what it reads."""
    readings = [reading for visit in latency.visits for reading in visit.readings[1:]]
    mhz = settings.lock_mhz
    if mhz is None:
        wrong = [reading for reading in readings if not reading.locked]
        how = "not told to be fixed"
    else:
        wrong = [reading for reading in readings if abs((reading.clock_mhz or 0) - mhz) > CLOCK_STEP_MHZ]
        how = f"another than the {mhz} MHz that it was locked to, or not told,"
    if readings and len(wrong) < THROTTLED_SHARE * len(readings):
        return None
    reason = f"the GPU's clock was {how} in {len(wrong)} of {len(readings)} readings"
    return Verdict("UNLOCKED", reason, advice("UNLOCKED", settings.timeout_s))


def _contended(latency: Latency, settings: Settings, cores: int) -> Verdict | None:
    cure = advice("CONTENDED", settings.timeout_s)
    known = [(visit.passes_ns, visit.others_cores) for visit in latency.visits if visit.others_cores is not None]
    if known:
        others = sum(time * used for time, used in known) / sum(time for time, _ in known)
        if others > CONTENTION_CORES:
            reason = (
                f"other programs used {others:.1f} of the {cores} cores while it was timed: its runtime is too long"
            )
            return Verdict("CONTENDED", reason, cure)
    clean, preempted = _split(latency.visits, min(cores, settings.threads or cores))
    if len(preempted) <= DISTURBED_SHARE * (len(clean) + len(preempted)):
        return None
    quiet = f", of the others {median(clean) / NS_PER_MS:,.1f} ms" if clean else ""
    reason = (
        f"{len(preempted)} of {len(clean) + len(preempted)} passes were taken off their cores: "
        f"their median is {median(preempted) / NS_PER_MS:,.1f} ms{quiet}"
    )
    return Verdict("CONTENDED", reason, cure)


def _shared(latency: Latency, settings: Settings) -> Verdict | None:
    """On a GPU whoever is at work takes turns with the network, or a part of its multiprocessors."""
    # The first reading of a process tells of what was before it.
    told = [r.others for visit in latency.visits for r in visit.readings[1:] if r.others is not None]
    beside = [others for others in told if others]
    if not beside or len(beside) < SHARED_SHARE * len(told):
        return None
    who = "another program was" if max(beside) == 1 else f"up to {max(beside)} other programs were"
    reason = f"{who} at work on the GPU in {len(beside)} of {len(told)} readings: its runtime is too long"
    return Verdict("CONTENDED", reason, advice("CONTENDED", settings.timeout_s))


def _split(visits: Iterable[Visit], threads: int) -> tuple[list[int], list[int]]:
    """Samples that ran undisturbed, and those that were preempted."""
    clean: list[int] = []
    preempted: list[int] = []
    for visit in visits:
        for sample, switches in zip(visit.samples_ns, visit.switches, strict=False):
            usual = 1 + SWITCHES_PER_S * threads * sample / NS_PER_S
            (preempted if switches > usual else clean).append(sample)
    return clean, preempted


def _drifting(latency: Latency) -> Verdict | None:
    trends = [trend(visit.samples_ns) for visit in latency.visits]
    rising = [change for change in trends if change > DRIFT_SHARE]
    falling = [change for change in trends if change < -DRIFT_SHARE]
    most = max(rising, falling, key=len)
    if not most or len(most) < DISTURBED_SHARE * len(trends):
        return None
    way = "rose" if most is rising else "fell"
    reason = f"passes {way} by {abs(median(most)):.0%} within {len(most)} of {len(trends)} processes"
    if most is rising:
        return Verdict("DRIFTING", reason, "the device slows down under load: cool it, or lock its clock")
    return Verdict("DRIFTING", reason, "it was still warming up: raise --budget")


def trend(samples: Sequence[float]) -> float:
    """Change from the first to the last sample as a share of their median; 0 where chance could give it.

    The Theil-Sen slope says how large it is, Spearman's rank correlation with time whether there is one: neither minds
    a few slow passes. Neighbouring passes resemble each other without any trend, so the correlation counts with the
    number of independent samples that would tell as much, n (1 - r) / (1 + r) for a correlation r of neighbours
    (Bayley & Hammersley 1946), taken after the slope is out.
    """
    # All pairs are compared; some hundreds of samples tell a trend as well as thousands.
    thinned = samples[:: -(-len(samples) // 400)]
    n = len(thinned)
    if n < DRIFT_NEEDS or min(thinned) == max(thinned):
        return 0.0
    from scipy.special import stdtr
    from scipy.stats import spearmanr, theilslopes

    slope = float(theilslopes(thinned)[0])
    resemblance = max(0.0, lag_correlation([sample - slope * place for place, sample in enumerate(thinned)]))
    freedom = n * (1 - resemblance) / (1 + resemblance) - 2
    correlation = float(spearmanr(range(n), thinned).statistic)
    if freedom < 1:
        return 0.0
    if abs(correlation) < 1:
        t = abs(correlation) * math.sqrt(freedom / (1 - correlation**2))
        if 2 * float(stdtr(freedom, -t)) >= DRIFT_P:
            return 0.0
    return slope * (n - 1) / median(samples)


def _noisy(latency: Latency, settings: Settings) -> Verdict | None:
    interval = latency.interval
    limit = NOISY_FACTOR * settings.precision
    if interval is None or interval.relative <= limit:
        return None
    medians = latency.process_medians_ns
    if len(medians) > 1 and interval.method != "range":
        low, high = min(medians) / NS_PER_MS, max(medians) / NS_PER_MS
        source = f"the medians of its {len(medians)} processes go from {low:,.1f} to {high:,.1f} ms"
    else:
        source = f"it comes from {len(latency.samples_ns)} passes of {len(medians)} process(es)"
    reason = f"the interval is ±{interval.relative:.0%} of the median: {source}"
    if settings.patience_s:
        cure = f"raise --patience (now {settings.patience_s:g} s), or use --thorough"
    else:
        cure = f"use more --rounds (now {settings.rounds}), or --patience"
    return Verdict("NOISY", reason, f"{cure}; srbench doctor says what disturbs")
