"""What srbench's timing adds: its median runtime against that of a bare loop, in interleaved runs.

    python scripts/bench_overhead.py           print the table
    python scripts/bench_overhead.py --write   the same, into docs/method/measuring.md

Twice. In one process: srbench's timing and a hand-written loop take turns over the same network and input, so that
nothing but the timing differs. And in turns of processes: one process of srbench, as a profile starts it, and one plain
Python process that imports torch, builds the network and loops over it (srbench with ``--allocator system``, as that
has it); this ratio holds everything, and all that processes differ by.
"""

import argparse
import statistics
import subprocess
import sys
import time

import torch

from parts import write_part
from srbench import machine, models, sizes
from srbench.cases import Case
from srbench.failures import Failure
from srbench.launch import PROCESSES
from srbench.machine.device import open_device
from srbench.measure.comparing import Effect, paired_effect
from srbench.measure.latency import MIN_SAMPLES, TimingPlan, measure_latency
from srbench.preparing import prepare
from srbench.records import Settings
from srbench.tasks import Time

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
        output = model(image)
        times.append(time.perf_counter() - start)
        del output
print(statistics.median(times))
"""
#: Network, LR size at x4, seconds of a turn within one process.
CASES = (("ecbsr", (64, 48), 0.2), ("span", (64, 48), 0.2), ("span", (320, 180), 1.5))
#: Of these, the ones for which processes take turns.
IN_PROCESSES = CASES[:2]


def in_one_process(name: str, lr: tuple[int, int], pairs: int, seconds: float) -> tuple[Effect, float]:
    """Ratio srbench / bare over ``pairs`` turns in this process, and the bare loop's median in ms."""
    case = case_of(name, lr)
    torch.set_num_threads(machine.usable_cores())
    device = open_device("cpu")
    device.keep_memory()  # for both
    model, image = prepare(case, device, seed=0)
    plan = TimingPlan(budget_ns=int(seconds * 1e9), deadline_ns=2**62, precision=1e-9)

    def forward() -> object:
        return model(image)

    def ours() -> float:
        return statistics.median(measure_latency(forward, device, plan).samples_ns) / 1e9

    def bare() -> float:
        times: list[float] = []
        end = time.perf_counter() + seconds * 0.7
        while time.perf_counter() < end or len(times) < MIN_SAMPLES:
            start = time.perf_counter()
            output = model(image)
            times.append(time.perf_counter() - start)
            del output  # as srbench does, which gives the memory back outside the clock
        return statistics.median(times)

    found: dict[str, list[float]] = {"ours": [], "bare": []}
    with torch.inference_mode():
        for number in range(pairs):
            turns = (("ours", ours), ("bare", bare))
            for who, turn in turns if number % 2 else reversed(turns):
                found[who].append(turn())
    return _effect(found["ours"], found["bare"]), statistics.median(found["bare"]) * 1e3


def _effect(ours: list[float], bare: list[float]) -> Effect:
    effect = paired_effect(dict(enumerate(ours)), dict(enumerate(bare)))
    assert effect is not None, "as many values on either side"
    return effect


def case_of(name: str, lr: tuple[int, int]) -> Case:
    """A network of the zoo at x4 on all usable cores."""
    [model] = models.parse(name, "deploy")
    return Case(model=model, size=sizes.plan(4, lr=lr), device="cpu", threads=machine.usable_cores())


def bare_s(name: str, lr: tuple[int, int], threads: int, seconds: float) -> float:
    """Median pass of the bare loop in a process of its own."""
    arguments = [name, *map(str, lr), str(threads), str(seconds)]
    done = subprocess.run([sys.executable, "-c", BARE, *arguments], capture_output=True, text=True, check=True)
    return float(done.stdout)


def srbench_s(case: Case, seconds: float) -> float:
    """Median pass of one process as a profile measures it."""
    settings = Settings(seed=0, budget_s=seconds, timeout_s=120, rounds=1, precision=1e-6, allocator="system")
    found = PROCESSES.launch(Time(case, settings), settings.timeout_s)
    problem = found if isinstance(found, Failure) else found.problem
    if problem is not None or isinstance(found, Failure) or found.visit.median_ns is None:
        raise SystemExit(f"{case.model.variant}: {problem}")
    return found.visit.median_ns / 1e9


def in_processes(name: str, lr: tuple[int, int], pairs: int, seconds: float) -> tuple[Effect, float]:
    """Ratio srbench / bare over ``pairs`` pairs of processes, and the bare loop's median in ms."""
    threads = machine.usable_cores()
    case = case_of(name, lr)
    ours, bare = [], []
    for number in range(pairs):
        PROCESSES.renew()
        if number % 2:
            ours.append(srbench_s(case, seconds))
            bare.append(bare_s(name, lr, threads, seconds))
        else:
            bare.append(bare_s(name, lr, threads, seconds))
            ours.append(srbench_s(case, seconds))
    return _effect(ours, bare), statistics.median(bare) * 1e3


def main() -> None:
    """Measure all cases and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=60, help="within one process, for each case")
    parser.add_argument("--pairs", type=int, default=20, help="of processes, for each case")
    parser.add_argument("--write", action="store_true", help="put the table into docs/method/measuring.md")
    options = parser.parse_args()
    here = machine.describe()
    lines = [
        f"`python scripts/bench_overhead.py --turns {options.turns} --pairs {options.pairs}` "
        f"({here.name}, torch {here.torch})",
        "",
        "| network, LR at x4 | taking turns | turns | bare loop [ms] | srbench / bare loop | 95 % interval |",
        "|---|---|---:|---:|---:|---:|",
    ]

    def row(name: str, lr: tuple[int, int], how: str, turns: int, found: tuple[Effect, float]) -> None:
        effect, bare_ms = found
        numbers = f"{bare_ms:.2f} | {effect.ratio:.4f} | [{effect.low:.4f}, {effect.high:.4f}]"
        lines.append(f"| {name}, {lr[0]}x{lr[1]} | {how} | {turns} | {numbers} |")
        print(lines[-1], file=sys.stderr, flush=True)

    for name, lr, seconds in CASES:
        turns = options.turns if seconds < 1 else max(3, options.turns // 3)
        row(name, lr, "in one process", turns, in_one_process(name, lr, turns, seconds))
    for name, lr, _ in IN_PROCESSES:
        row(name, lr, "processes", options.pairs, in_processes(name, lr, options.pairs, 1.0))
    text = "\n".join(lines)
    print(text)
    if options.write:
        write_part("docs/method/measuring.md", "overhead", text)


if __name__ == "__main__":
    main()
