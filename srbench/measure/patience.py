"""Whether a case whose interval is too wide is worth further rounds: pure functions of what was measured.

The rounds that everybody gets are fixed beforehand. Then those alone whose interval is wider than the target go on,
until it is within, or their patience ends, or what is left of it cannot help. What the intervals are worth that come
out of this: :func:`srbench.measure.stats.mean_error`.
"""

import math
from statistics import median

from srbench.measure.stats import MIN_PROCESSES
from srbench.measure.verdict import NOISY_FACTOR
from srbench.records import Latency, Settings

NS_PER_S = 1e9


def spent_s(latency: Latency, *, further: bool) -> float:
    """Wall time inside the passes of the rounds that everybody gets, or of the further ones."""
    return sum(visit.passes_ns for visit in latency.visits if visit.further is further) / NS_PER_S


def budget_is_spent(latency: Latency, settings: Settings) -> bool:
    """Whether a case takes part in no more of the rounds that everybody gets: three at least are everybody's.

    In a comparison, which visits each case several times in a round, every round is whole.
    """
    rounds = {visit.round for visit in latency.visits}
    enough = settings.visits == 1 and len(rounds) >= MIN_PROCESSES
    return enough and spent_s(latency, further=False) >= settings.budget_s


def another_round_helps(latency: Latency, settings: Settings) -> bool:
    """Whether a further round, and as many after it as there is patience for, can bring the interval within the target.

    With the spread as it is now an interval narrows with the root of the number of rounds.
    """
    interval = latency.interval
    target = NOISY_FACTOR * settings.precision
    if interval is None or interval.method != "t95_processes" or interval.relative <= target:
        return False
    left_s = settings.patience_s - spent_s(latency, further=True)
    affordable = int(left_s / median(visit.passes_ns / NS_PER_S for visit in latency.visits))
    rounds = len(latency.round_medians_ns)
    return affordable >= 1 and interval.relative * math.sqrt(rounds / (rounds + affordable)) <= target
