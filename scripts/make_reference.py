"""Make results/reference (leaderboard, a challenge's table, figures, records) and the README's view of it.

    python scripts/make_reference.py               measure on this machine, then draw and write everything
    python scripts/make_reference.py --challenge   measure anew what the challenge and the figures of growth need
    python scripts/make_reference.py --redraw      only layers: tables, figures, page and README from records
    python scripts/make_reference.py --readme      only rewrite the README's generated parts from what is there
    python scripts/bench_counting.py --write       the counting benchmark

The README's generated parts lie between ``<!-- NAME:begin -->`` and ``<!-- NAME:end -->``.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from parts import with_part
from srbench.board.metric import Metric
from srbench.board.metrics import METRICS, QUALITY
from srbench.render.formats import markdown_table
from srbench.render.text import escape_markdown

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "results" / "reference"
SCALE = 4
#: The seven defaults, and two siblings that papers print figures of.
MODELS = "all,rfdn-paper,bsrn-s"
#: A challenge whose baseline is in the zoo, and networks that it would have.
EDITION, ENTRANTS = "ntire2023", "rfdn,bsrn,bsrn-s,imdn,span"
#: For the figure of growth.
GROWING, SIZES = "bsrn,imdn,span", ("64x64", "128x128", "256x256")
#: Presets of `srbench plot` from the leaderboard's records -> what they show.
FIGURES = {
    "fig1": ("psnr_y_set5_over_params", "PSNR on Set5 over parameters, area by Multi-Adds, with the Pareto front"),
    "runtime": ("psnr_y_set5_over_runtime_ms", "PSNR on Set5 over runtime with its interval, area by parameters"),
    "memory": ("psnr_y_set5_over_peak_memory_mib", "PSNR on Set5 over peak memory"),
}
LAYERS = "span"
PAGE = ROOT / "docs" / "page.png"


def main() -> None:
    """Measure unless told not to; then draw, and write the README's parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--challenge", action="store_true", help="leave the leaderboard's records as they are")
    only.add_argument("--redraw", action="store_true", help="leave all records as they are")
    only.add_argument("--readme", action="store_true", help="leave everything but the README as it is")
    options = parser.parse_args()
    if not (options.challenge or options.redraw or options.readme):
        # More than by default, since these figures are shown to everybody.
        _srbench("profile", REFERENCE, "--models", MODELS, "--scale", str(SCALE), "--thorough", "--timings")
    if not (options.redraw or options.readme):
        _srbench("profile", REFERENCE / EDITION, "--models", ENTRANTS, "--challenge", EDITION, "--rounds", "5")
        for size in SIZES:
            short = ("--rounds", "5", "--budget", "5")
            _srbench("profile", REFERENCE / "scaling", "--models", GROWING, "--lr", size, *short)
    if not options.readme:
        draw()
    readme = ROOT / "README.md"
    readme.write_text(with_parts(readme.read_text(encoding="utf-8")), encoding="utf-8")


def draw() -> None:
    """Tables, figures and the picture of the page, from the records."""
    _srbench("leaderboard", REFERENCE, "--scale", str(SCALE))
    for preset in FIGURES:
        _srbench("plot", REFERENCE, "--preset", preset)
    _srbench("plot", REFERENCE, "--preset", "layers", "--models", LAYERS)
    _srbench("plot", REFERENCE / "scaling", "--preset", "scaling")
    _srbench("leaderboard", REFERENCE / EDITION, "--challenge", EDITION)
    for path in (*REFERENCE.glob("*/leaderboard_x*"), *REFERENCE.rglob("plot_*.svg"), *REFERENCE.rglob("plot_*.pdf")):
        if path.name != f"plot_x{SCALE}_psnr_y_set5_over_params{path.suffix}":
            path.unlink()  # the records give them again; one figure in every format is enough to look at
    browser = shutil.which("chromium")
    if browser is None:
        print("chromium is not installed: the picture of the page stays as it is", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(REFERENCE, folder, dirs_exist_ok=True)
        _srbench("report", Path(folder), "--with-published")
        window = ("--window-size=1280,1700", "--hide-scrollbars", f"--screenshot={PAGE}")
        command = [browser, "--headless=new", "--no-sandbox", *window, f"file://{folder}/report.html"]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


def with_parts(text: str) -> str:
    """The README with its generated parts made anew."""
    counting = (REFERENCE / "counting.md").read_text(encoding="utf-8").strip()
    parts = {
        "reference": reference_part(),
        "columns": columns_part(),
        "counting": counting,
        "challenge": _body(REFERENCE / EDITION / f"{EDITION}.md"),
        "figures": figures_part(),
    }
    for name, part in parts.items():
        text = with_part(text, name, part)
    return text


def _body(page: Path) -> str:
    """A Markdown page without its title."""
    return page.read_text(encoding="utf-8").partition("\n\n")[2].strip()


def figures_part() -> str:
    """The other presets, side by side."""
    shown = [(f"results/reference/plot_x{SCALE}_{stem}.png", words) for stem, words in FIGURES.values()][1:]
    shown += [
        (f"results/reference/scaling/plot_x{SCALE}_scaling.png", "Runtime and peak memory over LR size"),
        (f"results/reference/plot_x{SCALE}_layers_{LAYERS}.png", "Where SPAN's time and Multi-Adds go"),
    ]
    return "\n".join(f'<img src="{path}" width="260" alt="{words}">' for path, words in shown)


def reference_part() -> str:
    """The stored leaderboard without its title, and the plot."""
    stem, words = FIGURES["fig1"]
    plot = f"results/reference/plot_x{SCALE}_{stem}.png"
    # Drawn for a printed column, so shown at about that size.
    return f'{_body(REFERENCE / f"leaderboard_x{SCALE}.md")}\n\n<img src="{plot}" width="460" alt="{words}">'


def columns_part() -> str:
    """What the columns of the stored leaderboard mean, from the table of metrics; docs/metrics.md has them all."""
    head = next(line for line in _body(REFERENCE / f"leaderboard_x{SCALE}.md").splitlines() if line.startswith("| "))
    shown = {title.strip() for title in head.split("|")}
    cells = [["Column", "CSV", "Unit in tables", "Better", "Meaning"]]
    cells += [_column(metric, metric.key) for metric in METRICS if metric.head in shown]
    cells += [_column(metric, f"{metric.key}_<set>") for metric in QUALITY.values()]
    return markdown_table(cells, range(5))


def _column(metric: Metric, key: str) -> list[str]:
    better = {"low": "lower", "high": "higher"}[metric.good] if metric.good else ""
    return [metric.title, f"`{key}`", metric.unit, better, escape_markdown(metric.meaning)]


def _srbench(command: str, output: Path, *arguments: str) -> None:
    program = [sys.executable, "-m", "srbench.cli", command, *arguments, "--output", str(output)]
    subprocess.run(program, check=True, cwd=ROOT)


if __name__ == "__main__":
    main()
