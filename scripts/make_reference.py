"""Make results/reference (leaderboard, a challenge's table, figures, records) and the documents' view of it.

    python scripts/make_reference.py               measure on this machine, then draw and write everything
    python scripts/make_reference.py --challenge   measure anew what the challenge and the figures of growth need
    python scripts/make_reference.py --redraw      only layers: tables, figures, page and documents from records
    python scripts/make_reference.py --parts       only rewrite the documents' generated parts from what is there
    python scripts/bench_counting.py --write       the counting benchmark, which --parts then shows

The generated parts of ``DOCUMENTS`` lie between ``<!-- NAME:begin -->`` and ``<!-- NAME:end -->``.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from parts import with_part
from srbench.api.boards import Leaderboard
from srbench.api.papers import PaperTable, paper_table
from srbench.api.stored import rows_in
from srbench.board.metric import Metric
from srbench.board.metrics import METRICS, QUALITY
from srbench.render.formats import markdown_table
from srbench.render.text import escape_markdown

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "results" / "reference"
SCALE = 4
#: Counted from shapes and scored with the official checkpoints; runtimes are at SCALE alone.
COUNTED = "2,3"
#: What the README shows: networks, published ones beside them, the width of its blocks, and lines of each at most.
SHOWN, BESIDE, WIDTH, LINES = "bsrn,rfdn,span", "LKDN,SAFMN", 80, 12
COMPARED = ("span", "rfdn")
#: What `srbench compare` printed of them.
COMPARISON = REFERENCE / "compare.txt"
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
#: Where generated parts stand.
DOCUMENTS = ("README.md", "docs/gallery.md", "docs/guide/profile.md", "docs/method/counting.md")


def main() -> None:
    """Measure unless told not to; then draw, and write the documents' parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--challenge", action="store_true", help="leave the leaderboard's records as they are")
    only.add_argument("--redraw", action="store_true", help="leave all records as they are")
    only.add_argument("--parts", action="store_true", help="leave everything but the documents as it is")
    options = parser.parse_args()
    if not (options.challenge or options.redraw or options.parts):
        # More than by default, since these figures are shown to everybody.
        _srbench("profile", REFERENCE, "--models", MODELS, "--scale", str(SCALE), "--thorough", "--timings")
        _srbench("profile", REFERENCE, "--models", "all", "--scale", COUNTED, "--static-only")
        program = [sys.executable, "-m", "srbench.cli", "compare", *COMPARED, "--scale", str(SCALE)]
        done = subprocess.run(
            program, check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, "COLUMNS": str(WIDTH)}
        )
        COMPARISON.write_text(done.stdout, encoding="utf-8")
    if not (options.redraw or options.parts):
        _srbench("profile", REFERENCE / EDITION, "--models", ENTRANTS, "--challenge", EDITION, "--rounds", "5")
        for size in SIZES:
            short = ("--rounds", "5", "--budget", "5")
            _srbench("profile", REFERENCE / "scaling", "--models", GROWING, "--lr", size, *short)
    if not options.parts:
        draw()
    for document in DOCUMENTS:
        path = ROOT / document
        path.write_text(with_parts(path.read_text(encoding="utf-8"), document), encoding="utf-8")


def draw() -> None:
    """Tables, figures and the picture of the page, from the records."""
    _srbench("leaderboard", REFERENCE)
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


def with_parts(text: str, document: str) -> str:
    """A document with the generated parts that it has made anew.

    Args:
        text: of the document.
        document: its path from the root of the repository, which paths of figures follow.
    """
    for name, part in parts("../" * document.count("/")).items():
        if f"<!-- {name}:begin -->" in text:
            text = with_part(text, name, part)
    return text


def parts(up: str) -> dict[str, str]:
    """All generated parts.

    Args:
        up: the way from the document's folder to the root of the repository: ``../`` or longer, or nothing.
    """
    return {
        "reference": reference_part(up),
        "columns": columns_part(),
        "first": first_part(),
        "compare": _block(COMPARISON.read_text(encoding="utf-8")),
        "paper": _block(_paper().text(WIDTH)),
        "counting": (REFERENCE / "counting.md").read_text(encoding="utf-8").strip(),
        "challenge": _body(REFERENCE / EDITION / f"{EDITION}.md"),
        "gallery": gallery_part(up),
    }


def _body(page: Path) -> str:
    """A Markdown page without its title."""
    return page.read_text(encoding="utf-8").partition("\n\n")[2].strip()


def _figures() -> list[tuple[str, str, str]]:
    """Of every figure: its file in results/reference, what it shows, the command that draws it."""
    shown = [(f"plot_x{SCALE}_{stem}.png", words, f"--preset {preset}") for preset, (stem, words) in FIGURES.items()]
    shown += [
        (f"scaling/plot_x{SCALE}_scaling.png", "Runtime and peak memory over LR size", "--preset scaling"),
        (
            f"plot_x{SCALE}_layers_{LAYERS}.png",
            "Where SPAN's time and Multi-Adds go",
            f"--preset layers --models {LAYERS}",
        ),
    ]
    return shown


def gallery_part(up: str) -> str:
    """The presets but the first with what they show and their commands, one below the other."""
    return "\n\n".join(
        f"### {words}\n\n    srbench plot {options}\n\n{_image(up, path, words, width=460)}"
        for path, words, options in _figures()[1:]
    )


def _image(up: str, path: str, words: str, *, width: int) -> str:
    return f'<img src="{up}results/reference/{path}" width="{width}" alt="{words}">'


def reference_part(up: str) -> str:
    """The stored leaderboard without its title, and the plot."""
    path, words, _ = _figures()[0]
    # Drawn for a printed column, so shown at about that size.
    return f"{_body(REFERENCE / f'leaderboard_x{SCALE}.md')}\n\n{_image(up, path, words, width=460)}"


def first_part() -> str:
    """What `srbench profile` prints of a few networks of the stored leaderboard."""
    rows = rows_in(REFERENCE, [SCALE], None, with_published=False, tell=print)
    names = SHOWN.split(",")
    return _block(Leaderboard([row for row in rows if row.variant in names]).text(WIDTH))


def _paper() -> PaperTable:
    return paper_table(REFERENCE, scale=SCALE, models=SHOWN, published=BESIDE)


def _block(text: str) -> str:
    """The first lines of an output, as Markdown shows code; what is cut off is counted."""
    lines = text.strip().splitlines()
    more = len(lines) - LINES
    shown = [*lines[: LINES - 1], f"... {more + 1} more lines"] if more > 0 else lines
    return "\n".join(["```text", *shown, "```"])


def columns_part() -> str:
    """What the columns of the stored leaderboard mean, from the table of metrics."""
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
