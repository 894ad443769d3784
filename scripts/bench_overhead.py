"""What srbench's timing adds: its median runtime against that of a bare loop, in one interleaved run.

    python scripts/bench_overhead.py           print the table
    python scripts/bench_overhead.py --write   the same, into docs/measuring.md

Each pair is one process of srbench (from its fork server, with everything that a profile does) and one plain Python
process that imports torch, builds the same network and loops over it with a clock. Which of the two goes first
alternates. The ratio is that of the medians of the process medians.
"""

import argparse
import statistics
import subprocess
import sys

from parts import write_part
from srbench import launch, machine, models, workload
from srbench.measure.comparing import Effect, paired_effect
from srbench.records import Case, Settings
from srbench.worker import Job

#: What a careful person writes by hand. Nothing of srbench is in it.
BARE = """
import statistics, sys, time
import torch
import model_defs

name, width, height, threads, seconds = sys.argv[1], *map(float, sys.argv[2:])
torch.set_num_threads(int(threads))
torch.manual_seed(0)
model = model_defs.build(name, 4).eval()
channels = 1 if model_defs.get(name).colors == "y" else 3
image = torch.rand(1, channels, int(height), int(width))
times = []
with torch.inference_mode():
    warm = time.perf_counter() + 0.3 * seconds
    while time.perf_counter() < warm:
        model(image)
    end = time.perf_counter() + 0.7 * seconds
    while time.perf_counter() < end or len(times) < 3:
        start = time.perf_counter()
        model(image)
        times.append(time.perf_counter() - start)
print(statistics.median(times))
"""
CASES = (("span", (320, 180)), ("rfdn", (320, 180)), ("ecbsr", (64, 48)))


def bare_s(name: str, lr: tuple[int, int], threads: int, seconds: float) -> float:
    """Median pass of the bare loop in a process of its own."""
    arguments = [name, *map(str, lr), str(threads), str(seconds)]
    done = subprocess.run([sys.executable, "-c", BARE, *arguments], capture_output=True, text=True, check=True)
    return float(done.stdout)


def srbench_s(case: Case, seconds: float) -> float:
    """Median pass of one process as a profile measures it."""
    settings = Settings(seed=0, budget_s=seconds, timeout_s=120, rounds=1, precision=1e-6)
    answer = launch.launch(Job("time", case, settings), settings.timeout_s)
    if answer.visit is None or answer.visit.median_ns is None:
        raise SystemExit(f"{case.model.variant}: {answer.status}: {answer.reason}")
    return answer.visit.median_ns / 1e9


def compare(name: str, lr: tuple[int, int], pairs: int, seconds: float) -> tuple[Effect, float]:
    """Ratio srbench / bare over ``pairs`` pairs of processes, and the bare loop's median in ms."""
    threads = machine.usable_cores()
    [model] = models.parse(name, "deploy")
    case = Case(model=model, workload=workload.plan(4, lr=lr), device="cpu", threads=threads)
    ours, bare = [], []
    for number in range(pairs):
        launch.fresh_server()
        if number % 2:
            ours.append(srbench_s(case, seconds))
            bare.append(bare_s(name, lr, threads, seconds))
        else:
            bare.append(bare_s(name, lr, threads, seconds))
            ours.append(srbench_s(case, seconds))
        print(f"{name} {number + 1}/{pairs}: {ours[-1] / bare[-1]:.4f}", file=sys.stderr, flush=True)
    effect = paired_effect(dict(enumerate(ours)), dict(enumerate(bare)))
    assert effect is not None, "as many values on either side"
    return effect, statistics.median(bare) * 1e3


def main() -> None:
    """Measure all cases and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=3.0, help="passes of each process")
    parser.add_argument("--write", action="store_true", help="put the table into docs/measuring.md")
    options = parser.parse_args()
    lines = [
        f"`python scripts/bench_overhead.py --pairs {options.pairs} --seconds {options.seconds:g}` "
        f"({machine.describe().name}, torch {machine.describe().torch})",
        "",
        "| network, LR at x4 | bare loop [ms] | srbench / bare loop | 95 % interval |",
        "|---|---:|---:|---:|",
    ]
    for name, lr in CASES:
        effect, bare_ms = compare(name, lr, options.pairs, options.seconds)
        interval = f"[{effect.low:.4f}, {effect.high:.4f}]"
        lines.append(f"| {name}, {lr[0]}x{lr[1]} | {bare_ms:.2f} | {effect.ratio:.4f} | {interval} |")
    text = "\n".join(lines)
    print(text)
    if options.write:
        write_part("docs/measuring.md", "overhead", text)


if __name__ == "__main__":
    main()
