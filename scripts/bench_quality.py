"""Resizing, and PSNR with SSIM, against the per-image Python of the field's scripts, in interleaved runs.

    python scripts/bench_quality.py                                    print the table
    python scripts/bench_quality.py --weights DIR --data DIR           and what an evaluation takes beside its passes
    python scripts/bench_quality.py --weights DIR --data DIR --write   the same, into docs/method/quality.md

Both sides of a pair get the same image of 2040x1356 (the usual size of DIV2K), and must agree to 1e-9.
"""

import argparse
import statistics
import sys
from collections.abc import Callable
from math import ceil, floor, log10
from pathlib import Path
from time import perf_counter

import cv2
import numpy as np
from numpy.typing import NDArray

from parts import write_part
from srbench import machine, models
from srbench.launch import PROCESSES
from srbench.quality import datasets
from srbench.quality.checkpoints import weights_of
from srbench.quality.evaluate import Evaluate, Evaluated
from srbench.quality.imresize import imresize
from srbench.quality.metrics import score
from srbench.quality.protocols import PRESETS, Image
from srbench.quality.results import Evaluation, ImageResult, SetRead
from srbench.quality.weights import Given

Floats = NDArray[np.float64]
SIZE = (1356, 2040)
SCALE = 4
#: Most that two sides may differ by, in grey levels, dB and SSIM.
AGREE = 1e-9


def resize_by_rows(image: NDArray[np.generic], scale: float) -> Floats:
    """Bicubic resize as test scripts have it: a Python loop over output rows and channels, then over columns."""
    return _rows(_rows(image.astype(np.float64), scale).swapaxes(0, 1), scale).swapaxes(0, 1)


def _rows(image: Floats, scale: float) -> Floats:
    taps, weights = _taps(image.shape[0], scale)
    out = np.empty((len(taps), *image.shape[1:]))
    for row in range(len(taps)):
        for channel in np.ndindex(image.shape[2:]):
            out[row, :, *channel] = weights[row] @ image[taps[row], :, *channel]
    return out


def resize_by_pixels(image: NDArray[np.generic], scale: float) -> Floats:
    """Bicubic resize as literal translations of MATLAB have it: a Python loop over columns, in it one over rows."""
    return _pixels(_pixels(image.astype(np.float64), scale).swapaxes(0, 1), scale).swapaxes(0, 1)


def _pixels(image: Floats, scale: float) -> Floats:
    taps, weights = _taps(image.shape[0], scale)
    out = np.empty((len(taps), *image.shape[1:]))
    for column in range(image.shape[1]):
        for row in range(len(taps)):
            out[row, column] = weights[row] @ image[taps[row], column]
    return out


def _taps(length: int, scale: float) -> tuple[list[list[int]], list[Floats]]:
    """Of each output row: the input rows that it is made of, mirrored at the border, and their weights."""
    stretch = min(scale, 1.0)
    taps, weights = [], []
    for row in range(ceil(length * scale)):
        centre = (row + 0.5) / scale - 0.5
        near = range(floor(centre - 2 / stretch), ceil(centre + 2 / stretch) + 1)
        raw = np.array([_keys((centre - tap) * stretch) for tap in near])
        folded = [tap % (2 * length) for tap in near]
        taps.append([tap if tap < length else 2 * length - 1 - tap for tap in folded])
        weights.append(raw / raw.sum())
    return taps, weights


def _keys(x: float) -> float:
    x = abs(x)
    if x <= 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x <= 2 else 0.0


def usual_score(image: Image, truth: Image, scale: int) -> tuple[float, float]:
    """PSNR and SSIM on unrounded Y as test scripts write them: five maps, each smoothed by one 11x11 filter."""
    a, b = (
        (picture[scale:-scale, scale:-scale].astype(np.float64) @ np.array([65.481, 128.553, 24.966]) / 255.0 + 16.0)
        for picture in (image, truth)
    )
    psnr = 10 * log10(255.0**2 / float(((a - b) ** 2).mean()))
    line = cv2.getGaussianKernel(11, 1.5)
    window = np.outer(line, line)

    def smooth(plane: Floats) -> Floats:
        return np.asarray(cv2.filter2D(plane, -1, window)[5:-5, 5:-5], dtype=np.float64)

    mean_a, mean_b = smooth(a), smooth(b)
    square_a, square_b, product = mean_a**2, mean_b**2, mean_a * mean_b
    variance_a, variance_b = smooth(a**2) - square_a, smooth(b**2) - square_b
    covariance = smooth(a * b) - product
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    upper = (2 * product + c1) * (2 * covariance + c2)
    return psnr, float((upper / ((square_a + square_b + c1) * (variance_a + variance_b + c2))).mean())


def pictures() -> tuple[Image, Image]:
    """A smooth random image and a noisy copy of it, uint8 RGB."""
    dice = np.random.default_rng(0)
    small = dice.uniform(0, 255, (34, 51, 3))
    truth = cv2.resize(small, SIZE[::-1], interpolation=cv2.INTER_CUBIC)
    noisy = truth + dice.normal(0, 6, truth.shape)
    first, second = (np.clip(np.round(each), 0, 255).astype(np.uint8) for each in (truth, noisy))
    return first, second


def agreement(what: str, ours: Floats, usual: Floats) -> float:
    """The largest difference of two arrays of one shape.

    Raises:
        AssertionError: it is more than :data:`AGREE`, or no number.
    """
    largest = float(np.abs(ours - usual).max())
    assert largest < AGREE, f"{what}: srbench and the usual Python differ by {largest:.1e}"
    return largest


def interleaved(ours: Callable[[], object], usual: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median seconds of either, in turns."""
    times: dict[int, list[float]] = {0: [], 1: []}
    for _ in range(repeats):
        for which, run in enumerate((ours, usual)):
            start = perf_counter()
            run()
            times[which].append(perf_counter() - start)
    return statistics.median(times[0]), statistics.median(times[1])


def evaluation(weights_folder: Path, data: Path, repeats: int) -> str:
    """What evaluating Set5 at x4 with BSRN takes, over the time inside its forward passes; each in a fresh process."""
    [model] = models.parse("bsrn", "deploy")
    found = weights_of(model, SCALE, Given(folders=(weights_folder,)), print, optional=False)
    assert found is not None
    dataset = datasets.find("set5", data, SCALE)
    asked = Evaluation(
        model=model,
        scale=SCALE,
        checkpoint=found[1],
        dataset=SetRead(name=dataset.name, images=len(dataset.samples), sha256="", lr_source=dataset.lr_source),
        protocols=(PRESETS["paper"],),
        device="cpu",
        threads=machine.usable_cores(),
    )
    job = Evaluate(asked, found[0], dataset, frozenset(), None)
    loops, jobs, passes = [], [], []
    for number in range(repeats + 1):
        ends: list[float] = []
        forward: list[float] = []

        def note(image: ImageResult, ends: list[float] = ends, forward: list[float] = forward) -> None:
            ends.append(perf_counter())
            forward.append(image.forward_ns / 1e9)

        start = perf_counter()
        answer = PROCESSES.launch(job, 600, note)
        assert isinstance(answer, Evaluated), answer
        assert answer.problem is None, answer.problem
        if number:  # the first one waits for the fork server's import of torch
            loops.append((ends[-1] - ends[0]) / sum(forward[1:]))
            jobs.append((perf_counter() - start) / sum(forward))
            passes.append(sum(forward))
    loop, whole, inside = (statistics.median(each) for each in (loops, jobs, passes))
    return (
        f"Set5 at x4 with BSRN: {inside * 1e3:,.0f} ms inside the forward passes of its 5 images. From the end of the "
        f"first image to the end of the last {loop:.2f} times the passes between (reading, scoring and reporting are "
        f"the rest); with the start of the process and the loading of the network {whole:.2f} times all passes. "
        f"Medians of {repeats} processes."
    )


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--weights", type=Path, help="folder with the checkpoint of BSRN at x4")
    parser.add_argument("--data", type=Path, help="folder with Set5")
    parser.add_argument("--write", action="store_true", help="put the table into docs/method/quality.md")
    options = parser.parse_args()
    truth, noisy = pictures()
    floats = truth.astype(np.float64)
    quarter = imresize(floats, 1 / SCALE)
    cases: list[tuple[str, Callable[[], object], Callable[[], object], float, int]] = [
        (
            f"bicubic resize {title}, against a loop over {what}",
            lambda image=image, factor=factor: imresize(image, factor),  # type: ignore[misc]
            lambda loop=loop, image=image, factor=factor: loop(image, factor),  # type: ignore[misc]
            agreement(title, imresize(image, factor).astype(np.float64), loop(image, factor)),
            repeats,
        )
        for what, loop, repeats in (
            ("rows and channels", resize_by_rows, options.repeats),
            ("columns and rows", resize_by_pixels, 3),
        )
        for title, image, factor in (("to a quarter", floats, 1 / SCALE), ("of the quarter x4", quarter, float(SCALE)))
    ]
    ours, usual = score(noisy, truth, PRESETS["paper"], SCALE), usual_score(noisy, truth, SCALE)
    cases.append(
        (
            "PSNR and SSIM on Y",
            lambda: score(noisy, truth, PRESETS["paper"], SCALE),
            lambda: usual_score(noisy, truth, SCALE),
            agreement("scores", np.array([ours.psnr, ours.ssim]), np.array(usual)),
            options.repeats,
        )
    )
    here = machine.describe()
    lines = [
        f"`python scripts/bench_quality.py` ({here.name}; image of {SIZE[1]}x{SIZE[0]})",
        "",
        "| | usual Python [ms] | srbench [ms] | ratio | largest difference |",
        "|---|---:|---:|---:|---:|",
    ]
    for title, run, other, difference, repeats in cases:
        fast, slow = interleaved(run, other, repeats)
        lines.append(f"| {title} | {slow * 1e3:,.0f} | {fast * 1e3:,.1f} | {slow / fast:.1f} | {difference:.1e} |")
        print(lines[-1], file=sys.stderr, flush=True)
    if options.weights and options.data:
        lines += ["", evaluation(options.weights, options.data, options.repeats)]
    text = "\n".join(lines)
    print(text)
    if options.write:
        write_part("docs/method/quality.md", "speed", text)


if __name__ == "__main__":
    main()
