"""What the interval of `srbench compare` is worth: coverage and power on noise whose truth is known.

    python scripts/simulate_compare.py [--trials 1000]           print the table
    python scripts/simulate_compare.py [--trials 1000] --write   the same, into docs/method/measuring.md

The random numbers are seeded: every run prints the same table.
"""

import argparse
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from parts import write_part
from srbench.api.comparing import COMPARE_ROUNDS as ROUNDS
from srbench.measure import comparing, stats
from srbench.measure.comparing import Effect, judge, paired_effect

Noise = Callable[[np.random.Generator, int], NDArray[np.float64]]
FLOOR = 0.02
#: One block in ten less: scripts/chains.py.
TRUTH = 10.06 / 11.06
#: Enough for the ends of a 95 % interval, and a tenth of the time.
RESAMPLES = 999


def neighbours(share: float) -> Noise:
    """A shared host: that share of the processes is slower, by an exponential 12 %; the rest scatter by 0.7 %."""

    def noise(dice: np.random.Generator, count: int) -> NDArray[np.float64]:
        hit = dice.random(count) < share
        return dice.normal(0, 0.007, count) + hit * dice.exponential(0.12, count)

    return noise


NOISES: dict[str, Noise] = {
    "normal, 3 %": lambda dice, count: dice.normal(0, 0.03, count),
    "Student's t with 2 degrees of freedom, 1 %": lambda dice, count: 0.01 * dice.standard_t(2, count),
    "15 % of processes slower by 12 % on average": neighbours(0.15),
    "30 % of processes slower by 12 % on average": neighbours(0.30),
}


def trial(noise: Noise, dice: np.random.Generator, rounds: int, truth: float) -> Effect:
    """One comparison of two networks whose runtimes differ by ``truth``."""
    first, second = (np.exp(noise(dice, rounds)) for _ in range(2))
    found = paired_effect(dict(enumerate((first * truth).tolist())), dict(enumerate(second.tolist())))
    assert found is not None
    return found


def row(title: str, noise: Noise, rounds: int, trials: int) -> str:
    """Coverage of the truth, share of true differences found, share of wrong words, of plain and trimmed means."""
    cells = [title, str(rounds)]
    for least in (math.inf, stats.MIN_TRIMMED):
        before, stats.MIN_TRIMMED = stats.MIN_TRIMMED, least  # type: ignore[assignment]
        dice = np.random.default_rng(rounds)
        different = [trial(noise, dice, rounds, TRUTH) for _ in range(trials)]
        equal = [trial(noise, dice, rounds, 1.0) for _ in range(trials)]
        stats.MIN_TRIMMED = before
        found = [judge(each, FLOOR) == "FASTER" for each in different]
        wrong = [judge(each, FLOOR) in ("FASTER", "SLOWER") for each in equal]
        covered = [each.low <= 1 <= each.high for each in equal]
        cells += [f"{sum(each) / trials:.1%}" for each in (covered, found, wrong)]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--write", action="store_true", help="put the table into docs/method/measuring.md")
    options = parser.parse_args()
    comparing.RESAMPLES = RESAMPLES
    lines = [
        f"`python scripts/simulate_compare.py --trials {options.trials}`: a true ratio of {TRUTH:.3f}, a floor of 2 %",
        "",
        "| noise of a process | rounds | plain means: truth covered | difference found | wrong word "
        "| trimmed means: truth covered | difference found | wrong word |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
        *(row(title, noise, n, options.trials) for title, noise in NOISES.items() for n in (8, ROUNDS, 16)),
    ]
    text = "\n".join(lines)
    print(text)
    if options.write:
        write_part("docs/method/measuring.md", "simulation", text)


if __name__ == "__main__":
    main()
