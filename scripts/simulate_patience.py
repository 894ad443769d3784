"""What the interval of a runtime covers where its width decided how many processes it comes from.

    python scripts/simulate_patience.py [--trials 4000]           print the tables
    python scripts/simulate_patience.py [--trials 4000] --write   the same, into docs/method/measuring.md

Every trial is a case of `srbench profile`: its first rounds, then further ones by the rule of
``srbench.measure.patience``, on noise whose truth (the median of all processes there could be) is known. The random
numbers are seeded: every run prints the same tables.
"""

import argparse
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from parts import write_part
from srbench.measure.patience import another_round_helps
from srbench.records import Latency, Settings, Visit

Noise = Callable[[np.random.Generator, int], NDArray[np.float64]]
#: A pass takes this long where nothing disturbs it; a process has a cold, a warm-up and two timed passes.
PASS_NS, PASSES = 100_000_000, 4
#: Rounds that patience lasts for.
PATIENCE = (0, 4, 8, 16)
#: What fewer trials than this say of one stopping point is not printed.
FEWEST = 400


@dataclass(frozen=True)
class Kind:
    """Noise of a process's logarithm: drawn, with its median."""

    title: str
    draw: Noise
    centre: float


def normal(share: float) -> Kind:
    """Processes that scatter normally."""
    return Kind(f"normal, {share:.0%}", lambda dice, count: dice.normal(0, share, count), 0.0)


def neighbours(share: float, often: float) -> Kind:
    """A shared host: some processes are slower, by an exponential 12 %; all scatter normally beside that."""

    def draw(dice: np.random.Generator, count: int) -> NDArray[np.float64]:
        hit = dice.random(count) < often
        return dice.normal(0, share, count) + hit * dice.exponential(0.12, count)

    centre = float(np.median(draw(np.random.default_rng(1), 4_000_000)))
    return Kind(f"{share:.0%}, and {often:.0%} of processes slower by 12 % on average", draw, centre)


KINDS = (
    *(normal(share) for share in (0.01, 0.02, 0.03, 0.05, 0.08, 0.12)),
    *(neighbours(share, 0.15) for share in (0.01, 0.03, 0.05)),
)


@dataclass(frozen=True)
class End:
    """How a trial ended: rounds, whether the interval covers the truth, half its width as a share."""

    rounds: int
    covered: bool
    relative: float


def trial(kind: Kind, dice: np.random.Generator, first: int, patience: int) -> End:
    """Measure one case: so many rounds, and as many more as the rule asks for within its patience."""
    times = PASS_NS * np.exp(kind.draw(dice, first + patience))
    settings = Settings(seed=0, budget_s=15, timeout_s=300, rounds=first, patience_s=patience * PASSES * PASS_NS / 1e9)
    visits = [_visit(times[number], number, further=False) for number in range(first)]
    while another_round_helps(latency := Latency(visits=tuple(visits)), settings) and len(visits) < len(times):
        visits.append(_visit(times[len(visits)], len(visits), further=True))
    interval = latency.interval
    assert interval is not None
    truth = PASS_NS * math.exp(kind.centre)
    return End(len(visits), interval.low <= truth <= interval.high, interval.relative)


def _visit(pass_ns: float, number: int, *, further: bool) -> Visit:
    ns = round(pass_ns)
    # Its passes are taken to cost what they cost undisturbed, so that patience is so many rounds.
    return Visit(round=number, cold_ns=PASS_NS, warmup_ns=(3 * PASS_NS - 2 * ns,), samples_ns=(ns, ns), further=further)


def coverage(first: int, trials: int) -> str:
    """Of each kind of noise: coverage for each end of patience, width and share within the target for the longest."""
    heads = [f"patience {p}" for p in PATIENCE]
    lines = [
        f"| {first} rounds at first; noise of a process | {' | '.join(heads)} | rounds | half-width | within 5 % |",
        f"|---|{'---:|' * (len(heads) + 3)}",
    ]
    for kind in KINDS:
        ends: Sequence[End] = ()
        cells = []
        for patience in PATIENCE:
            dice = np.random.default_rng([first, patience])
            ends = [trial(kind, dice, first, patience) for _ in range(trials)]
            cells.append(f"{sum(end.covered for end in ends) / trials:.1%}")
        rounds = sum(end.rounds for end in ends) / trials
        width = median(end.relative for end in ends)
        within = sum(end.relative <= 0.05 for end in ends) / trials
        lines.append(f"| {kind.title} | {' | '.join(cells)} | {rounds:.1f} | {width:.1%} | {within:.0%} |")
    return "\n".join(lines)


def by_rounds(first: int, patience: int, trials: int) -> str:
    """Coverage of those that ended after so many rounds."""
    lines = [f"| noise of a process | {first} rounds | {first + 1} to {first + 4} | more |", "|---|---:|---:|---:|"]
    for kind in KINDS:
        dice = np.random.default_rng([first, patience, 1])
        groups: dict[int, list[bool]] = defaultdict(list)
        for end in (trial(kind, dice, first, patience) for _ in range(trials)):
            groups[min(2, -((first - end.rounds) // 4))].append(end.covered)
        cells = [
            f"{sum(groups[n]) / len(groups[n]):.1%} ({len(groups[n]) / trials:.0%})"
            if len(groups[n]) >= FEWEST
            else "-"
            for n in range(3)
        ]
        lines.append(f"| {kind.title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=4000)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/method/measuring.md")
    options = parser.parse_args()
    tables = [coverage(first, options.trials) for first in (3, 5, 8)]
    text = "\n\n".join(
        [
            f"`python scripts/simulate_patience.py --trials {options.trials}`: share of intervals that hold the truth",
            *tables,
            "Of the same, with 8 rounds at first and patience for 8, by the number of rounds after which they ended:",
            by_rounds(8, 8, options.trials),
        ]
    )
    print(text)
    if options.write:
        write_part("docs/method/measuring.md", "patience", text)


if __name__ == "__main__":
    main()
