"""How often `srbench compare` is right: a network against itself, quiet and loaded, and against one a tenth larger.

The networks are chains of equal convolutions (scripts/chains.py). Each comparison runs through the functions of
`srbench compare`, with its default rounds. The quiet conditions come from the same rounds of three networks; the load
is one process that loops without pause (``--load 2`` for two).

    python scripts/bench_aa.py [--repeats 40] [--budget 5.4] [--lr 32x32] [--threads 1] [--load 1] [--write]

``--only quiet`` or ``--only loaded`` leaves the other part out. ``--write`` stores the table in
docs/method/measuring.md.
Run it on a quiet machine.
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
from srbench import progress, sizes
from srbench.api import comparing, profiling
from srbench.api.request import Request
from srbench.board.comparison import Comparison
from srbench.errors import InputError
from srbench.measure.comparing import Word
from srbench.measure.stats import t_interval

CHAINS = Path(__file__).with_name("chains.py")
NINE, TEN = f"{CHAINS}:Nine", f"{CHAINS}:Ten"
WORDS: tuple[Word, ...] = get_args(Word)
#: The right word and the wrong ones for a network against itself.
AGAINST_ITSELF: tuple[Word, tuple[Word, ...]] = ("SAME", ("FASTER", "SLOWER"))


@dataclass
class Condition:
    """One row of the table: which words would be right and wrong, and what came out."""

    title: str
    right: Word
    wrong: tuple[Word, ...]
    answers: list[Comparison] = field(default_factory=list)


@dataclass
class Setting:
    """Networks that run in the same rounds: the first is compared with each of the others, a condition each."""

    request: Request
    conditions: tuple[Condition, ...]
    load: int = 0
    seconds: float = 0.0

    def run_once(self, seed: int) -> None:
        """Measure once; each comparison is answered by itself, as the command does it for two."""
        start = perf_counter()
        with profiling.opened(replace(self.request, seed=seed), None) as session:
            pairs = comparing.measured_pairs(session, progress.Quiet())
        self.seconds += perf_counter() - start
        for condition, pair in zip(self.conditions, pairs, strict=True):
            [found] = comparing.judged([pair], seed=seed).answers
            condition.answers.append(found)
            ratio = (
                f"{found.effect.ratio:.4f} [{found.effect.low:.4f}, {found.effect.high:.4f}]" if found.effect else ""
            )
            number = len(condition.answers)
            print(f"{condition.title} {number}: {found.word} {ratio} {found.problem}", file=sys.stderr, flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=40, help="comparisons of each condition")
    parser.add_argument("--rounds", type=int, default=comparing.COMPARE_ROUNDS, help="as of srbench compare")
    parser.add_argument("--budget", type=float, default=5.4, help="as of srbench compare: seconds for each network")
    parser.add_argument("--lr", default="32x32", help="LR size")
    parser.add_argument("--threads", type=int, help="as of srbench compare")
    parser.add_argument("--device", default="auto", help="as of srbench compare")
    parser.add_argument("--load", type=int, default=1, help="busy processes of the loaded condition")
    parser.add_argument("--only", choices=("quiet", "loaded"), help="one part alone")
    parser.add_argument("--write", action="store_true", help="store the table in docs/method/measuring.md")
    options = parser.parse_args()
    quiet = (
        Condition("A/A, quiet", *AGAINST_ITSELF),
        Condition("against 10 % more work, quiet", "FASTER", ("SLOWER", "SAME")),
    )
    try:
        settings = [
            Setting(networks((NINE, NINE, TEN), options), quiet),
            Setting(networks((NINE, NINE), options), (Condition("A/A, under load", *AGAINST_ITSELF),), options.load),
        ]
    except InputError as error:
        sys.exit(str(error))
    if options.only:
        settings = [setting for setting in settings if bool(setting.load) == (options.only == "loaded")]
    try:
        for setting in settings:
            with busy(setting.load):
                for seed in range(options.repeats):
                    setting.run_once(seed)
    except KeyboardInterrupt:
        print("interrupted: the table has what was done", file=sys.stderr)
    settings = [setting for setting in settings if setting.conditions[0].answers]
    if not settings:
        sys.exit(1)
    text = report(settings, options)
    print(text)
    if options.write:
        write_part("docs/method/measuring.md", "calibration", text)


def networks(names: Sequence[str], options: argparse.Namespace) -> Request:
    """A comparison as the command makes it of its options."""
    return comparing.request_of(
        names,
        lr=(sizes.parse_size(options.lr, "--lr"),),
        rounds=options.rounds,
        budget_s=options.budget,
        device=options.device,
        threads=(options.threads,),
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


def report(done: Sequence[Setting], options: argparse.Namespace) -> str:
    """The table in Markdown, with what it rests on."""
    conditions = [condition for setting in done for condition in setting.conditions]
    first = conditions[0].answers[0]
    record, settings = first.pair.first.record, done[0].request.settings
    load, machine = record.case.size, record.machine
    head = ["", "comparisons", *WORDS, "right", "wrong", "spread of a round"]
    lines = [
        f"{machine.name}, {record.case.device}, torch {machine.torch}; LR {load.lr_width}x{load.lr_height} at"
        f" x{load.scale}, {record.case.threads} thread(s), {settings.rounds} rounds,"
        f" {settings.budget_s:g} s for each network;"
        f" floor ±{first.floor.share:.1%} ({first.floor.source}).",
        "",
        f"| {' | '.join(head)} |",
        f"|---|{'---:|' * (len(head) - 1)}",
        *(f"| {' | '.join(_row(condition))} |" for condition in conditions),
        "",
        "Right is SAME for a network against itself, FASTER against the one with 10 % more work. Wrong is FASTER or "
        "SLOWER for the former, SLOWER or SAME for the latter; CANNOT TELL is neither. Spread of a round: standard "
        "deviation of its log ratio (winsorised), the median over the comparisons. Load: "
        f"{options.load} process{'es' if options.load != 1 else ''} looping without pause.",
        "",
        *(_truth(condition) for condition in conditions),
        "",
        f"    python scripts/bench_aa.py {' '.join(sys.argv[1:])}".rstrip(),
        "",
        f"took {sum(setting.seconds for setting in done) / 60:.0f} minutes.",
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
    ]


def _truth(condition: Condition) -> str:
    """All rounds of a condition pooled: what the ratio truly is here, beside that of the work."""
    means = [answer.effect.mean for answer in condition.answers if answer.effect]
    failed = len(condition.answers) - len(means)
    pair = condition.answers[0].pair
    work = [side.record.complexity.multi_adds if side.record.complexity else 0 for side in (pair.first, pair.second)]
    text = f"- {condition.title}: Multi-Adds ratio {work[0] / work[1]:.4f}"
    if means:
        text += f"; runtime ratio of all its rounds pooled {math.exp(fmean(means)):.4f}"
    if len(means) > 2:
        low, high = t_interval(means)
        text += f" [{math.exp(low):.4f}, {math.exp(high):.4f}]"
    return text + (f"; {failed} without an answer" if failed else "")


if __name__ == "__main__":
    main()
