"""Resizing, and PSNR with SSIM, against the per-image Python that the field's scripts use, in interleaved runs.

    python scripts/bench_quality.py           print the table
    python scripts/bench_quality.py --write   the same, into docs/quality.md

Both sides of a pair get the same image of 2040x1356 (the usual size of DIV2K), and must agree.
"""

import argparse
import statistics
import sys
from collections.abc import Callable
from math import ceil, floor, log10
from time import perf_counter

import cv2
import numpy as np
from numpy.typing import NDArray

from parts import write_part
from srbench import machine
from srbench.quality.imresize import imresize
from srbench.quality.metrics import PRESETS, Image, score

Floats = NDArray[np.float64]
SIZE = (1356, 2040)
SCALE = 4


def resize_by_rows(image: NDArray[np.generic], scale: float) -> Floats:
    """Bicubic resize with a Python loop over output rows, then columns: float in, float out, mirrored borders."""
    return _rows(_rows(image.astype(np.float64), scale).swapaxes(0, 1), scale).swapaxes(0, 1)


def _rows(image: Floats, scale: float) -> Floats:
    stretch = min(scale, 1.0)
    length = image.shape[0]
    out = np.empty((ceil(length * scale), *image.shape[1:]))
    for row in range(len(out)):
        centre = (row + 0.5) / scale - 0.5
        first, last = floor(centre - 2 / stretch), ceil(centre + 2 / stretch)
        weights = np.array([_keys((centre - tap) * stretch) for tap in range(first, last + 1)])
        taps = [tap % (2 * length) for tap in range(first, last + 1)]
        picked = image[[tap if tap < length else 2 * length - 1 - tap for tap in taps]]
        out[row] = np.tensordot(weights / weights.sum(), picked, axes=1)
    return out


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


def interleaved(ours: Callable[[], object], usual: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median seconds of either, in turns."""
    times: dict[int, list[float]] = {0: [], 1: []}
    for _ in range(repeats):
        for which, run in enumerate((ours, usual)):
            start = perf_counter()
            run()
            times[which].append(perf_counter() - start)
    return statistics.median(times[0]), statistics.median(times[1])


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--write", action="store_true", help="put the table into docs/quality.md")
    options = parser.parse_args()
    truth, noisy = pictures()
    floats = truth.astype(np.float64)
    cases: list[tuple[str, Callable[[], object], Callable[[], object], float]] = [
        (
            f"bicubic resize to a {each}" if each == "quarter" else "bicubic resize of the quarter to the whole",
            lambda image=image, factor=factor: imresize(image, factor),  # type: ignore[misc]
            lambda image=image, factor=factor: resize_by_rows(image, factor),  # type: ignore[misc]
            float(np.abs(imresize(image, factor).astype(np.float64) - resize_by_rows(image, factor)).max()),
        )
        for each, image, factor in (
            ("quarter", floats, 1 / SCALE),
            ("whole", imresize(floats, 1 / SCALE), float(SCALE)),
        )
    ]
    ours, usual = score(noisy, truth, PRESETS["paper"], SCALE), usual_score(noisy, truth, SCALE)
    cases.append(
        (
            "PSNR and SSIM on Y",
            lambda: score(noisy, truth, PRESETS["paper"], SCALE),
            lambda: usual_score(noisy, truth, SCALE),
            max(abs(ours.psnr - usual[0]), abs(ours.ssim - usual[1])),
        )
    )
    here = machine.describe()
    lines = [
        f"`python scripts/bench_quality.py` ({here.name}; image of {SIZE[1]}x{SIZE[0]})",
        "",
        "| | usual Python [ms] | srbench [ms] | ratio | largest difference |",
        "|---|---:|---:|---:|---:|",
    ]
    for title, run, other, difference in cases:
        fast, slow = interleaved(run, other, options.repeats)
        lines.append(f"| {title} | {slow * 1e3:,.0f} | {fast * 1e3:,.0f} | {slow / fast:.1f} | {difference:.1e} |")
        print(lines[-1], file=sys.stderr, flush=True)
    text = "\n".join(lines)
    print(text)
    if options.write:
        write_part("docs/quality.md", "speed", text)


if __name__ == "__main__":
    main()
