"""Prove, or disprove, what srbench says of GPUs on this very GPU: one command, one folder to bring back.

    python scripts/gpu_drill.py [--minutes 8] [--device cuda:0] [--output drill] [--data DIR] [--weights DIR]

Needs torch, srbench's other packages and this checkout. Each claim is a check with its figures and one word: HOLDS,
FAILS, or SKIPPED with the reason. drill.json and drill.md are written after every check, so that a drill which is cut
off leaves what it found; the records of what was profiled lie beside them. Checks that no time is left for are SKIPPED.

``--device cpu`` is a dry run: every check that has a meaning on a CPU, on small images. It proves nothing of a GPU.

Exit code: 0 if nothing FAILS, else 1; 2 where the command is wrong.
"""

import argparse
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from drill import challenge, consumption, limits, memory, neighbours, outputs, report, runtime, synchronisation
from drill.checks import Bench, Check, Outcome, run
from srbench.errors import InputError
from srbench.machine.device import choose_device

#: In the order in which they run: what all else rests on comes first, what takes longest last.
CHECKS: tuple[Check, ...] = (
    *synchronisation.CHECKS,
    *memory.CHECKS,
    *limits.CHECKS,
    *outputs.CHECKS,
    *neighbours.CHECKS,
    *consumption.CHECKS,
    *challenge.CHECKS,
    *runtime.CHECKS,
)
DEFAULT_MINUTES = 8.0


def drill(bench: Bench, checks: Sequence[Check], minutes: float, asked: str) -> dict[Check, Outcome]:
    """Do the checks one after another and write the folder.

    Args:
        bench: where they run.
        checks: in order.
        minutes: wall time after which no further check begins.
        asked: the command, for the report.
    """
    bench = replace(bench, end=time.monotonic() + minutes * 60)
    outcomes: dict[Check, Outcome] = {}
    for check in checks:
        over = Outcome(word="SKIPPED", reason=f"{minutes:g} minutes were over")
        outcomes[check] = over if bench.late else run(check, bench)
        report.write(bench.output, bench.device, asked, outcomes)
        print(f"{check.name}: {outcomes[check].word} {outcomes[check].reason}".rstrip(), file=sys.stderr, flush=True)
    return outcomes


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the drill; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=DEFAULT_MINUTES, help="no check begins after so long")
    parser.add_argument("--device", default="cuda:0", help="cuda:N, or cpu for a dry run")
    parser.add_argument("--output", type=Path, default=Path("drill"), help="folder to bring back")
    parser.add_argument("--data", type=Path, help="folder with Set5, for PSNR")
    parser.add_argument("--weights", type=Path, help="folder of official checkpoints, for PSNR")
    options = parser.parse_args(arguments)
    if not options.minutes > 0:
        parser.error(f"--minutes {options.minutes:g} must be positive")
    for name in ("data", "weights"):
        if (folder := getattr(options, name)) is not None and not folder.is_dir():
            parser.error(f"--{name} {folder}: no such folder")
    try:
        device = choose_device(options.device)
        options.output.mkdir(parents=True, exist_ok=True)
    except (InputError, OSError) as error:
        parser.error(str(error))
    bench = Bench(device, options.output.resolve(), options.data, options.weights)
    asked = shlex.join(["python", "scripts/gpu_drill.py", *(arguments if arguments is not None else sys.argv[1:])])
    outcomes = drill(bench, CHECKS, options.minutes, asked)
    return int(any(outcome.word == "FAILS" for outcome in outcomes.values()))


if __name__ == "__main__":
    sys.exit(main())
