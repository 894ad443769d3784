"""Make results/reference (leaderboard, plot, records; the seven and two siblings at x4) and the README's view of it.

    python scripts/make_reference.py            measure on this machine, then write everything
    python scripts/bench_counting.py --write    the counting benchmark
    python scripts/make_reference.py --readme   only rewrite the README's generated parts from what is there

The README's generated parts lie between ``<!-- NAME:begin -->`` and ``<!-- NAME:end -->``.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from parts import with_part
from srbench.render.columns import COSTS, QUALITY
from srbench.render.formats import tabulated
from srbench.render.text import escape_markdown

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "results" / "reference"
SCALE = 4
#: The seven defaults, and two siblings that papers print figures of.
MODELS = "all,rfdn-paper,bsrn-s"
#: More processes than by default, since these figures are shown to everybody: an interval of three is wide.
ROUNDS, BUDGET_S = 8, 32


def main() -> None:
    """Measure unless told not to; then write the README's parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readme", action="store_true", help="measure nothing")
    if not parser.parse_args().readme:
        effort = ("--rounds", str(ROUNDS), "--budget", str(BUDGET_S), "--timings")
        _srbench("profile", "--models", MODELS, "--scale", str(SCALE), *effort)
        _srbench("plot", "--scale", str(SCALE))
    readme = ROOT / "README.md"
    readme.write_text(with_parts(readme.read_text(encoding="utf-8")), encoding="utf-8")


def with_parts(text: str) -> str:
    """The README with its generated parts made anew."""
    counting = (REFERENCE / "counting.md").read_text(encoding="utf-8").strip()
    for name, part in (("reference", reference_part()), ("columns", columns_part()), ("counting", counting)):
        text = with_part(text, name, part)
    return text


def reference_part() -> str:
    """The stored leaderboard without its title, and the plot."""
    board = (REFERENCE / f"leaderboard_x{SCALE}.md").read_text(encoding="utf-8")
    body = board.partition("\n\n")[2].strip()
    plot = f"results/reference/plot_x{SCALE}_psnr_y_set5_over_params.png"
    words = f"PSNR on Set5 over parameters at x{SCALE}, area by Multi-Adds, with the Pareto front"
    # Drawn for a printed column, so shown at about that size.
    return f'{body}\n\n<img src="{plot}" width="460" alt="{words}">'


def columns_part() -> str:
    """What each column means, from the table of columns."""
    cells = [["Column", "CSV", "Unit in tables", "Better", "Meaning"]]
    for column in COSTS:
        better = {"low": "lower", "high": "higher"}[column.good] if column.good else ""
        cells.append([column.title, f"`{column.key}`", column.unit, better, escape_markdown(column.meaning)])
    psnr, ssim = QUALITY[:2]
    for column in (psnr, ssim):
        metric = column.key.rpartition("_")[0]
        cells.append(
            [
                column.title.split()[0],
                f"`{metric}_<set>`",
                column.unit,
                "higher",
                column.meaning.replace("Set5", "the set"),
            ]
        )
    return tabulated(cells, "pipe", left=range(5))


def _srbench(command: str, *arguments: str) -> None:
    program = [sys.executable, "-m", "srbench.cli", command, *arguments, "--output", str(REFERENCE)]
    subprocess.run(program, check=True, cwd=ROOT)


if __name__ == "__main__":
    main()
