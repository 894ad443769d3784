"""What giving freed memory back costs a CPU runtime: timed processes that keep it against those that do not.

    python scripts/bench_allocator.py [--rounds 8] [--seconds 2]           print the table
    python scripts/bench_allocator.py [--rounds 8] [--seconds 2] --write   the same, into docs/method/measuring.md

Processes take turns, one of either kind in a round, started as ``srbench profile`` starts them (``--allocator``).
"""

import argparse
import statistics
import sys
from math import log
from typing import get_args

import model_defs
from parts import write_part
from srbench import machine, models, sizes
from srbench.cases import Case
from srbench.failures import Failure
from srbench.launch import PROCESSES
from srbench.measure.comparing import paired_effect
from srbench.records import Allocator, Settings, Visit
from srbench.tasks import Time

SCALE = 4
WAYS: tuple[Allocator, ...] = get_args(Allocator)


def visit(case: Case, way: Allocator, seconds: float) -> Visit:
    """One timed process."""
    settings = Settings(seed=0, budget_s=seconds, timeout_s=300, rounds=1, precision=1e-6, allocator=way)
    found = PROCESSES.launch(Time(case, settings), settings.timeout_s)
    if isinstance(found, Failure) or found.problem is not None:
        raise SystemExit(f"{case.model.variant}: {found}")
    if found.settings.allocator != way:
        raise SystemExit("this C library cannot be told to keep memory")
    return found.visit


def measure(case: Case, rounds: int, seconds: float) -> dict[Allocator, list[Visit]]:
    """Visits of either kind, a round each."""
    found: dict[Allocator, list[Visit]] = {way: [] for way in WAYS}
    for number in range(rounds):
        PROCESSES.renew()
        for way in WAYS if number % 2 else reversed(WAYS):
            found[way].append(visit(case, way, seconds))
    return found


def row(case: Case, found: dict[Allocator, list[Visit]]) -> str:
    """One line of the table."""
    cells = [case.model.architecture]
    for way in WAYS:
        medians = [visit.median_ns or 0.0 for visit in found[way]]
        scatter = statistics.stdev(map(log, medians))
        faults = statistics.fmean(count for visit in found[way] for count in visit.faults)
        cells += [f"{statistics.median(medians) / 1e6:,.1f}", f"{scatter:.1%}", f"{faults:,.0f}"]
    keep, system = (dict(enumerate(v.median_ns or 0.0 for v in found[way])) for way in WAYS)
    effect = paired_effect(keep, system)
    assert effect is not None, "as many visits of either kind"
    return f"| {' | '.join(cells)} | {effect.ratio:.3f} [{effect.low:.3f}, {effect.high:.3f}] |"


def main() -> None:
    """Measure the seven and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=2.0, help="of passes in each process")
    parser.add_argument("--write", action="store_true", help="put the table into docs/method/measuring.md")
    options = parser.parse_args()
    here = machine.describe()
    lines = [
        f"`python scripts/bench_allocator.py --rounds {options.rounds} --seconds {options.seconds:g}` "
        f"({here.name}, torch {here.torch})",
        "",
        "| x4, GT 1280x720 | keep [ms] | scatter of processes | page faults a pass "
        "| system [ms] | scatter of processes | page faults a pass | keep / system |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for model in models.parse(",".join(model_defs.DEFAULTS), "deploy"):
        case = Case(model=model, size=sizes.plan(SCALE), device="cpu", threads=machine.usable_cores())
        lines.append(row(case, measure(case, options.rounds, options.seconds)))
        print(lines[-1], file=sys.stderr, flush=True)
    text = "\n".join(lines)
    print(text)
    if options.write:
        write_part("docs/method/measuring.md", "allocator", text)


if __name__ == "__main__":
    main()
