"""How often `srbench compare` is right: a network against itself, quiet and under load, and against a 10 % smaller one.

The networks are chains of equal convolutions (scripts/chains.py). Each comparison runs through the functions of
`srbench compare`, with its default rounds. The quiet conditions take turns, so that both meet the same hours; the load
is one process that loops without pause (``--load 2`` for two).

    python scripts/bench_aa.py [--repeats 40] [--rounds 8] [--budget 2] [--lr 32x32] [--threads 1] [--load 1] [--write]

``--write`` stores the table in docs/measuring.md. Run it on a quiet machine.
"""

import argparse
import math
import multiprocessing
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean, median
from time import perf_counter
from typing import get_args

from parts import write_part
from srbench.board.comparison import Comparison
from srbench.commands import compare
from srbench.commands.compare import Measuring, Networks, Options
from srbench.errors import InputError
from srbench.measure.comparing import Word
from srbench.measure.stats import t_interval

CHAINS = Path(__file__).with_name("chains.py")
NINE, TEN = f"{CHAINS}:Nine", f"{CHAINS}:Ten"
WORDS: tuple[Word, ...] = get_args(Word)


@dataclass
class Condition:
    """One row of the table: what is compared, and which words would be wrong."""

    title: str
    networks: Networks
    wrong: tuple[Word, ...]
    right: Word
    load: int = 0
    answers: list[Comparison] = field(default_factory=list)
    seconds: float = 0.0

    def run_once(self, seed: int) -> None:
        """One comparison, as the command does it."""
        start = perf_counter()
        settings = self.networks.settings.model_copy(update={"seed": seed})
        [found] = compare.answer(compare.measure(replace(self.networks, settings=settings), quiet=True), seed=seed)
        self.seconds += perf_counter() - start
        self.answers.append(found)
        ratio = f"{found.effect.ratio:.4f} [{found.effect.low:.4f}, {found.effect.high:.4f}]" if found.effect else ""
        print(f"{self.title} {len(self.answers)}: {found.word} {ratio} {found.problem}", file=sys.stderr, flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=40, help="comparisons of each condition")
    parser.add_argument("--rounds", type=int, default=compare.ROUNDS, help="as of srbench compare")
    parser.add_argument("--budget", type=float, default=2.0, help="as of srbench compare: seconds for each network")
    parser.add_argument("--lr", default="32x32", help="LR size")
    parser.add_argument("--threads", type=int, help="as of srbench compare")
    parser.add_argument("--device", default="auto", help="as of srbench compare")
    parser.add_argument("--load", type=int, default=1, help="busy processes of the loaded condition")
    parser.add_argument("--write", action="store_true", help="store the table in docs/measuring.md")
    options = parser.parse_args()
    try:
        conditions = [
            Condition("A/A, quiet", networks((NINE, NINE), options), ("FASTER", "SLOWER"), "SAME"),
            Condition("10 % more work, quiet", networks((TEN, NINE), options), ("FASTER", "SAME"), "SLOWER"),
            Condition(
                "A/A, under load", networks((NINE, NINE), options), ("FASTER", "SLOWER"), "SAME", load=options.load
            ),
        ]
    except InputError as error:
        sys.exit(str(error))
    try:
        for quiet in (True, False):
            group = [condition for condition in conditions if (condition.load == 0) is quiet]
            with busy(max(condition.load for condition in group)):
                for seed in range(options.repeats):
                    for condition in group:
                        condition.run_once(seed)
    except KeyboardInterrupt:
        print("interrupted: the table has what was done", file=sys.stderr)
    conditions = [condition for condition in conditions if condition.answers]
    if not conditions:
        sys.exit(1)
    text = report(conditions, options)
    print(text)
    if options.write:
        write_part("docs/measuring.md", "calibration", text)


def networks(names: Sequence[str], options: argparse.Namespace) -> Networks:
    """The cases of a comparison, as the command makes them of its options."""
    measuring = Measuring(
        lr=options.lr,
        rounds=options.rounds,
        budget=options.budget,
        device=options.device,
        threads=options.threads,
    )
    return compare.prepare(
        Options(names, measuring, fail_on=(), force=False, seed=0, output=None, quiet=True),
    )


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """Keep so many processes busy meanwhile."""
    context = multiprocessing.get_context("spawn")
    started = [context.Process(target=_spin, args=(os.getpid(),), daemon=True) for _ in range(processes)]
    for process in started:
        process.start()
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.join()


def _spin(parent: int) -> None:
    number = 0
    while number % 10_000_000 or os.getppid() == parent:
        number += 1


def report(conditions: Sequence[Condition], options: argparse.Namespace) -> str:
    """The table in Markdown, with what it rests on."""
    first = next(answer for condition in conditions for answer in condition.answers)
    record, settings = first.pair.first.record, conditions[0].networks.settings
    load, machine = record.case.workload, record.machine
    head = ["", "comparisons", *WORDS, "right", "wrong", "spread of a round", "seconds each"]
    lines = [
        f"{machine.name}, {record.case.device}, torch {machine.torch}; LR {load.lr_width}x{load.lr_height} at"
        f" x{load.scale}, {settings.rounds} rounds, {settings.budget_s:g} s for each network;"
        f" floor ±{first.floor.share:.1%} ({first.floor.source}).",
        "",
        f"| {' | '.join(head)} |",
        f"|---|{'---:|' * (len(head) - 1)}",
        *(f"| {' | '.join(_row(condition))} |" for condition in conditions),
        "",
        "Right is SAME for a network against itself, SLOWER for the one with 10 % more work. Wrong is FASTER or SLOWER "
        "for the former, FASTER or SAME for the latter; CANNOT TELL is neither. Spread of a round: standard deviation "
        "of its log ratio, the median over the comparisons. Load: "
        f"{options.load} process{'es' if options.load != 1 else ''} looping without pause.",
        "",
        *(_truth(condition) for condition in conditions),
        "",
        f"    python scripts/bench_aa.py {' '.join(sys.argv[1:])}".rstrip(),
        "",
        f"took {sum(condition.seconds for condition in conditions) / 60:.0f} minutes.",
    ]
    return "\n".join(lines)


def _row(condition: Condition) -> list[str]:
    words = Counter(answer.word for answer in condition.answers)
    number = len(condition.answers)
    spreads = [answer.effect.groups[0].spread for answer in condition.answers if answer.effect]

    def share(wanted: Callable[[Word | None], bool]) -> str:
        return f"{sum(wanted(answer.word) for answer in condition.answers) / number:.1%}"

    return [
        condition.title,
        str(number),
        *(str(words[word]) for word in WORDS),
        share(lambda word: word == condition.right),
        share(lambda word: word in condition.wrong),
        f"{median(spreads):.1%}" if spreads else "-",
        f"{condition.seconds / number:.1f}",
    ]


def _truth(condition: Condition) -> str:
    """All rounds of a condition pooled: what the ratio truly is here, beside that of the work."""
    means = [answer.effect.mean for answer in condition.answers if answer.effect]
    failed = len(condition.answers) - len(means)
    work = [plan.counts.multi_adds if plan.counts else 0 for plan in condition.networks.plans]
    text = f"- {condition.title}: Multi-Adds ratio {work[0] / work[1]:.4f}"
    if means:
        text += f"; runtime ratio of all its rounds pooled {math.exp(fmean(means)):.4f}"
    if len(means) > 2:
        low, high = t_interval(means)
        text += f" [{math.exp(low):.4f}, {math.exp(high):.4f}]"
    return text + (f"; {failed} without an answer" if failed else "")


if __name__ == "__main__":
    main()
