"""What a runtime is worth: each word with its reason and advice, its borders, and which one goes before another."""

import math
import random
from collections.abc import Sequence
from typing import Any

import pytest

from srbench.measure.verdict import DRIFT_P, Verdict, judge, trend
from srbench.records import Latency, Reading, Visit
from tests.builders import make_settings, make_visit

STEADY = [100.0, 101.0] * 10
CORES = 2


def judged(*visits: Visit, cores: int = CORES, **settings: Any) -> Verdict:
    return judge(Latency(visits=visits), make_settings(**settings), cores)


def of_processes(*processes: Sequence[float], **settings: Any) -> Verdict:
    return judged(*(make_visit(*samples, round=i) for i, samples in enumerate(processes)), **settings)


def readings(*reasons: str) -> tuple[Reading, ...]:
    """One reading before the first sample, then one for each word; an empty word is a free clock."""
    return tuple(Reading(after=i, reasons=(word,) if word else ()) for i, word in enumerate(("", *reasons)))


def test_a_quiet_runtime_is_valid_without_a_word() -> None:
    assert of_processes(STEADY, STEADY, STEADY) == Verdict("VALID", "", "")


# --- SHORT


@pytest.mark.parametrize(("processes", "number"), [([[100], [100]], 2), ([[100], []], 1), ([[], []], 0)])
def test_fewer_than_three_samples_in_all_are_short(processes: list[list[float]], number: int) -> None:
    found = of_processes(*processes, timeout_s=4.4)
    assert found.status == "SHORT"
    assert found.reason == f"only {number} timed pass(es) fit into --timeout 4.4"
    assert found.advice == "raise --timeout (now 4.4 s) or choose a smaller --gt"


def test_three_samples_in_all_are_enough() -> None:
    assert of_processes([100], [100], [100]).status == "VALID"


# --- THROTTLED


@pytest.mark.parametrize(
    ("words", "throttled"),
    [
        (("SW power cap", "", "", ""), True),  # one of four
        (("SW power cap", "", "", "", ""), False),  # one of five
        (("", "", "", ""), False),
        ((), False),
    ],
)
def test_a_quarter_of_the_readings_makes_it_throttled(words: tuple[str, ...], throttled: bool) -> None:
    found = judged(make_visit(*STEADY, readings=readings(*words)))
    assert (found.status == "THROTTLED") is throttled


def test_throttling_names_what_held_the_clock_back_and_how_often() -> None:
    found = judged(
        make_visit(*STEADY, readings=readings("SW power cap", "")),
        make_visit(*STEADY, readings=readings("HW thermal slowdown", "SW power cap")),
        make_visit(*STEADY),
    )
    assert found.reason == "the clock was held back (SW power cap, HW thermal slowdown) in 3 of 4 readings"
    assert found.advice == "let the device cool down, or lock its clock below what it can hold"


def test_the_first_reading_of_a_process_tells_of_what_was_before_it() -> None:
    before = (Reading(after=0, reasons=("thermal",)), Reading(after=20))
    assert judged(*(make_visit(*STEADY, readings=before) for _ in range(3))).status == "VALID"


@pytest.mark.parametrize(
    ("threads", "advice"),
    [
        (2, "raise the container's CPU quota, or lower --threads to it"),
        (1, "raise the container's CPU quota"),  # it cannot be lower
    ],
)
def test_a_quota_has_its_own_advice(threads: int, advice: str) -> None:
    found = judged(make_visit(*STEADY, readings=readings("cgroup quota")), threads=threads)
    assert (found.status, found.advice) == ("THROTTLED", advice)


# --- UNLOCKED


def clocked(*told: tuple[int | None, bool | None]) -> tuple[Reading, ...]:
    """One reading before the first sample, then clock and lock as told."""
    return (
        Reading(after=0),
        *(Reading(after=i, clock_mhz=mhz, locked=fixed) for i, (mhz, fixed) in enumerate(told, 1)),
    )


@pytest.mark.parametrize(
    ("told", "mhz", "status"),
    [
        ([(1200, True)] * 4, None, "VALID"),
        ([(1200, False)] * 4, None, "UNLOCKED"),
        ([(1200, None)] * 4, None, "UNLOCKED"),  # nobody tells
        ([(1200, True)] * 4 + [(1200, False)], None, "VALID"),  # one of five
        ([(1200, True)] * 3 + [(1200, False)], None, "UNLOCKED"),  # one of four
        ([(1200, None), (1185, None)] * 2, 1200, "VALID"),  # a step of 15 MHz below
        ([(1755, True)] * 4, 1200, "UNLOCKED"),
        ([(None, True)] * 4, 1200, "UNLOCKED"),
        ([], None, "UNLOCKED"),
    ],
)
def test_a_clock_that_was_to_be_locked(
    told: list[tuple[int | None, bool | None]], mhz: int | None, status: str
) -> None:
    visits = [make_visit(*STEADY, round=i).model_copy(update={"readings": clocked(*told)}) for i in range(3)]
    latency = Latency(visits=tuple(visits))
    demand = make_settings(clock="locked", lock_mhz=mhz)
    assert judge(latency, demand, CORES, "cuda:0").status == status
    assert judge(latency, make_settings(), CORES, "cuda:0").status == "VALID"


# --- CONTENDED


@pytest.mark.parametrize(("others", "contended"), [(0.15, False), (0.16, True), (None, False)])
def test_a_sixth_of_a_core_is_what_others_may_not_take(others: float | None, contended: bool) -> None:
    found = judged(*(make_visit(*STEADY, others_cores=others) for _ in range(3)))
    assert (found.status == "CONTENDED") is contended


def test_others_are_weighed_by_how_long_they_disturbed() -> None:
    # A core taken for 1 s of 20 is 0.05 on average, for 18 s of 20 it is 0.9.
    def one(seconds: int, others: float) -> Visit:
        samples = [100.0] * (10 * seconds)
        return make_visit(*samples, cold_ns=0, warmup_ns=(), others_cores=others)

    assert judged(one(1, 1.0), one(19, 0.0)).status == "VALID"
    found = judged(one(2, 0.0), one(18, 1.0))
    assert found.status == "CONTENDED"
    assert found.reason == "other programs used 0.9 of the 2 cores while it was timed: its runtime is too long"
    assert found.advice == "end the other programs and measure again"


def test_a_process_that_does_not_know_of_others_does_not_vote() -> None:
    known, unknown = make_visit(*STEADY, others_cores=0.2), make_visit(*STEADY, others_cores=None)
    assert judged(known, unknown, unknown).status == "CONTENDED"


@pytest.mark.parametrize(
    ("cores", "ms", "usual"),
    [
        # One, and fifty a second and core.
        (2, 10, 2),
        (2, 100, 11),
        (4, 100, 21),
        (1, 1, 1),
    ],
)
def test_a_pass_may_be_taken_off_its_cores_now_and_then(cores: int, ms: float, usual: int) -> None:
    def found(switches: int) -> str:
        samples = [ms] * 20
        return judged(make_visit(*samples, switches=(switches,) * 20), cores=64, threads=cores).status

    assert (found(usual), found(usual + 1)) == ("VALID", "CONTENDED")


@pytest.mark.parametrize(("preempted", "contended"), [(10, False), (11, True), (20, True)])
def test_more_than_half_of_the_passes_make_it_contended(preempted: int, contended: bool) -> None:
    # Preempted passes of 14.7 ms among clean ones of 7.6 ms (methods.md, section 4).
    samples = [14.7] * preempted + [7.6] * (20 - preempted)
    random.Random(0).shuffle(samples)
    switches = tuple(9 if sample > 10 else 0 for sample in samples)
    found = judged(make_visit(*samples, switches=switches), precision=1.0)
    assert (found.status == "CONTENDED") is contended
    if contended:
        quiet = ", of the others 7.6 ms" if preempted < 20 else ""
        assert found.reason == f"{preempted} of 20 passes were taken off their cores: their median is 14.7 ms{quiet}"


# --- RECOMPILED


def test_a_network_built_anew_inside_the_passes_is_recompiled_whatever_else_it_is() -> None:
    visits = [make_visit(*STEADY, others_cores=1.0), make_visit(*STEADY, rebuilds=2), make_visit(*STEADY)]
    found = judged(*visits)
    assert (found.status, found.reason) == (
        "RECOMPILED",
        "the engine built the network anew 2 time(s) inside the timed passes of 1 of 3 processes",
    )
    assert "--budget" in found.advice
    assert judged(make_visit(1, rebuilds=1)).status == "RECOMPILED"
    assert judged(make_visit(*STEADY), make_visit(*STEADY), make_visit(*STEADY)).status == "VALID"


# --- DRIFTING


def line(first: float, last: float, count: int = 12) -> list[float]:
    return [first + (last - first) * i / (count - 1) for i in range(count)]


@pytest.mark.parametrize(
    ("first", "last", "drifting"),
    [
        (100, 106, True),  # 6 of a median of 103: 5.8 %
        (100, 105, False),  # 5 of 102.5: 4.9 %
        (106, 100, True),
        (105, 100, False),
    ],
)
def test_a_change_of_five_percent_within_a_process_is_drift(first: float, last: float, drifting: bool) -> None:
    found = of_processes(*[line(first, last)] * 3)
    assert (found.status == "DRIFTING") is drifting


def test_a_rise_and_a_fall_have_their_own_advice() -> None:
    rise, fall = of_processes(*[line(100, 120)] * 3), of_processes(*[line(120, 100)] * 3)
    assert rise.reason == "passes rose by 18% within 3 of 3 processes"  # 20 of 110
    assert rise.advice == "the device slows down under load: cool it, or lock its clock"
    assert fall.reason == "passes fell by 18% within 3 of 3 processes"
    assert fall.advice == "it was still warming up: raise --budget"


@pytest.mark.parametrize(
    ("rising", "falling", "flat", "status"),
    [
        (1, 0, 2, "VALID"),
        (2, 0, 2, "DRIFTING"),  # half of them
        (2, 0, 3, "VALID"),
        (1, 1, 1, "VALID"),  # no common direction
        (0, 2, 1, "DRIFTING"),
    ],
)
def test_half_of_the_processes_must_drift_the_same_way(rising: int, falling: int, flat: int, status: str) -> None:
    up, level = line(100, 110), [105.0] * 12
    found = of_processes(*[up] * rising, *[up[::-1]] * falling, *[level] * flat)
    assert found.status == status


def test_fewer_than_ten_samples_show_no_trend() -> None:
    assert trend(line(100, 200, 9)) == 0
    assert trend(line(100, 200, 10)) == pytest.approx(100 / 150)


def test_equal_samples_show_no_trend() -> None:
    assert trend([5] * 50) == 0


@pytest.mark.parametrize("count", [400, 401, 1000, 2000])
def test_the_trend_of_many_samples_is_that_of_some_of_them(count: int) -> None:
    # Every fifth at most: the ends of the line are missed by four samples of 2000.
    assert trend(line(90, 110, count)) == pytest.approx(0.2, rel=0.01)


def test_a_few_slow_passes_are_no_trend() -> None:
    samples = [100.0 + (i * 7 % 10) / 10 for i in range(40)]
    assert trend([*samples[:-2], 500, 500]) == 0
    drifting = [s + i for i, s in enumerate(samples)]  # from 100 to 139
    assert trend([900, 900, *drifting]) == pytest.approx(trend(drifting), rel=0.1)


def test_chance_gives_a_trend_once_in_a_hundred_runs() -> None:
    dice = random.Random(5)
    runs = 500
    found = sum(trend([dice.gauss(100, 20) for _ in range(60)]) != 0 for _ in range(runs))
    assert 0 < found <= runs * DRIFT_P + 4 * math.sqrt(runs * DRIFT_P * (1 - DRIFT_P))


# --- NOISY


def apart(by: float) -> list[list[float]]:
    """Three processes whose medians' logarithms are so far apart."""
    return [[100 * math.exp(step * by)] * 10 for step in (-1, 0, 1)]


@pytest.mark.parametrize(
    ("by", "precision", "status"),
    [
        # Half the width is sinh(4.3027 / sqrt(3) * by) of the median; the limit five times the target.
        (0.0200, 0.01, "VALID"),  # sinh(0.0497) = 4.97 %
        (0.0202, 0.01, "NOISY"),  # sinh(0.0502) = 5.02 %
        (0.0400, 0.02, "VALID"),  # sinh(0.0994) = 9.95 %
        (0.0404, 0.02, "NOISY"),  # sinh(0.1004) = 10.05 %
    ],
)
def test_five_times_the_target_is_noisy(by: float, precision: float, status: str) -> None:
    assert of_processes(*apart(by), precision=precision).status == status


def test_noise_says_where_it_comes_from() -> None:
    found = of_processes(*apart(0.1))
    # sinh(0.2484) = 25 %; 100 * exp(-0.1) and 100 * exp(0.1).
    assert found.reason == (
        "the interval is ±25% of the median: the medians of its 3 processes go from 90.5 to 110.5 ms"
    )


def test_noise_of_few_samples_says_how_few() -> None:
    found = of_processes([100, 90, 130], rounds=1)
    assert found.status == "NOISY"
    assert found.reason == "the interval is ±20% of the median: it comes from 3 passes of 1 process(es)"


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"rounds": 4}, "use more --rounds (now 4), or --patience; srbench doctor says what disturbs"),
        ({"patience_s": 15.0}, "raise --patience (now 15 s), or use --thorough; srbench doctor says what disturbs"),
    ],
)
def test_the_advice_names_what_there_is_to_raise(changes: dict[str, Any], advice: str) -> None:
    assert of_processes(*apart(0.1), **changes).advice == advice


# --- Which word goes first


def test_the_cause_goes_before_the_effect() -> None:
    """A case with everything, then without one thing after another."""

    def found(*, throttled: bool, contended: bool, drifting: bool) -> str:
        visits: list[Visit] = []
        for samples in apart(0.1):
            factor = line(0.8, 1.2, len(samples)) if drifting else [1.0] * len(samples)
            visit = make_visit(
                *(s * f for s, f in zip(samples, factor, strict=True)),
                others_cores=1.0 if contended else 0.0,
                readings=readings("thermal" if throttled else ""),
                round=len(visits),
            )
            visits.append(visit)
        return judged(*visits).status

    assert found(throttled=True, contended=True, drifting=True) == "THROTTLED"
    assert found(throttled=False, contended=True, drifting=True) == "CONTENDED"
    assert found(throttled=False, contended=False, drifting=True) == "DRIFTING"
    assert found(throttled=False, contended=False, drifting=False) == "NOISY"


def test_too_few_samples_go_before_everything() -> None:
    visit = make_visit(100, 100, others_cores=2.0, readings=readings("thermal"))
    assert judged(visit).status == "SHORT"


@pytest.mark.parametrize(
    ("others", "status"),
    [
        ((2, 0, 0), "VALID"),  # the first reading tells of what was before
        ((0, 1, 0, 0, 0, 0), "VALID"),  # one in five
        ((0, 1, 0, 0, 0), "CONTENDED"),  # one in four
        ((0, 1, 1), "CONTENDED"),
        ((None, None, None), "VALID"),
    ],
)
def test_who_else_is_at_work_on_a_gpu(others: tuple[int | None, ...], status: str) -> None:
    readings = tuple(Reading(after=after, others=count) for after, count in enumerate(others))
    latency = Latency(visits=(Visit(cold_ns=1, warmup_ns=(), samples_ns=(100,) * 8, readings=readings),))
    assert judge(latency, make_settings(), 4, "cuda:0").status == status
