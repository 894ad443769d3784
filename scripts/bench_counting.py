"""How fast srbench counts, against fvcore over the same cases in the same run.

The seven default networks at x2, x3, x4 (21 cases, GT 1280x720, deploy form). For each case in turn fvcore counts a
ready network, then srbench builds the network on the meta device and counts it, so that a drifting machine hits both
alike; fvcore's time leaves out building. What the first count of a fresh process costs is stated apart.

    python scripts/bench_counting.py [--rounds 3] [--write]

``--write`` stores the table in results/reference/counting.md, from where scripts/make_reference.py takes it into the
README.
"""

import argparse
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

import torch
from fvcore.nn import FlopCountAnalysis

import model_defs
from srbench import models, sizes
from srbench.cases import Case, Model
from srbench.inputs import input_shape
from srbench.measure.complexity import count

SCALES = (2, 3, 4)
FIRST = """
from time import perf_counter
start = perf_counter()
import torch
imported = perf_counter()
import model_defs
from srbench.measure.complexity import count
ready = perf_counter()
count(model_defs.build("bsrn", 4, "deploy", "meta"), (1, 3, 180, 320))
counted = perf_counter()
count(model_defs.build("bsrn", 4, "deploy", "meta"), (1, 3, 180, 320))
print(imported - start, ready - imported, counted - ready, perf_counter() - counted)
"""
TORCH_FIRST = """
from time import perf_counter
import torch
start = perf_counter()
with torch.no_grad():
    torch.nn.functional.gelu(torch.nn.Conv2d(3, 8, 3, device="meta")(torch.empty(1, 3, 8, 8, device="meta")))
print(perf_counter() - start)
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="times that srbench counts each case")
    parser.add_argument("--write", action="store_true", help="store the table for the documentation")
    options = parser.parse_args()
    text = measure(options.rounds)
    print(text)
    if options.write:
        (Path(__file__).resolve().parent.parent / "results" / "reference" / "counting.md").write_text(f"{text}\n")


def measure(rounds: int) -> str:
    """Time both counters; Markdown."""
    warnings.simplefilter("ignore")
    named = models.parse("all", "deploy")
    for model in named:  # warm both up: neither pays for imports below
        _fvcore(model, scale=4, lr=(32, 24))()
        _ours(model, scale=4)()
    rows, fvcore_total, ours_total = [], 0.0, 0.0
    for model in named:
        fvcore_s, ours_s = 0.0, 0.0
        for scale in SCALES:
            load = sizes.plan(scale)
            theirs = _fvcore(model, scale, (load.lr_width, load.lr_height))
            fvcore_s += _seconds(theirs)
            ours_s += median(_seconds(_ours(model, scale)) for _ in range(rounds))
        rows.append((model.variant, fvcore_s, ours_s))
        fvcore_total, ours_total = fvcore_total + fvcore_s, ours_total + ours_s
    lines = [
        f"torch {torch.__version__}, {torch.get_num_threads()} threads, GT 1280x720, x2 + x3 + x4 of each network",
        "",
        "| network | fvcore [s] | srbench [s] | ratio |",
        "|---|---:|---:|---:|",
    ]
    for name, theirs_s, ours_s in (*rows, ("**all 21 cases**", fvcore_total, ours_total)):
        lines.append(f"| {name} | {theirs_s:.2f} | {ours_s:.3f} | {theirs_s / ours_s:.0f} |")
    imported, library, first, second = map(float, _fresh(FIRST))
    [torch_first] = map(float, _fresh(TORCH_FIRST))
    lines += [
        "",
        f"In a fresh process: importing torch {imported:.2f} s, model_defs and srbench's counter {library:.2f} s,"
        f" the first count (BSRN x4) {first:.3f} s, the second {second:.3f} s. On torch's own meta functions the first"
        f" two operators alone (convolution, GELU) cost {torch_first:.2f} s of lazy imports.",
    ]
    return "\n".join(lines)


def _ours(model: Model, scale: int) -> Callable[[], object]:
    shape = input_shape(Case(model=model, size=sizes.plan(scale), device="none"))
    return lambda: count(models.build(model, scale, "meta"), shape)


def _fvcore(model: Model, scale: int, lr: tuple[int, int]) -> Callable[[], object]:
    network = model_defs.build(model.variant, scale)
    image = torch.rand(1, 3 if model.colors == "rgb" else 1, lr[1], lr[0])

    def run() -> object:
        with torch.no_grad():
            analysis = FlopCountAnalysis(network, (image,))
            analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
            return analysis.total()

    return run


def _seconds(call: Callable[[], object]) -> float:
    start = perf_counter()
    call()
    return perf_counter() - start


def _fresh(code: str) -> list[str]:
    """Run code in a new interpreter, twice: the first run fills the disk cache, the second is kept."""
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


if __name__ == "__main__":
    main()
