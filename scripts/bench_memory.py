"""How well the predicted peak of a forward pass agrees with the measured one.

The seven default networks, deploy form, each in a fresh process: the peak by the protocol of ``srbench profile``, then
torch's own list of allocations in another pass, then the whole process as it is with malloc's usual settings. A chain
of known tensors goes the same way: what it is off by is the kernel's counting.

    python scripts/bench_memory.py [--scale 4] [--lr 320x180] [--threads N] [--write]

``--write`` puts the tables into docs/measuring.md.
"""

import argparse
import json
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from parts import write_part
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

import model_defs
from srbench import models, workload
from srbench.commands.fit import RESERVE_BYTES
from srbench.device import open_device
from srbench.measure import complexity
from srbench.measure.copies import this_cpu
from srbench.measure.memory import measure_memory
from srbench.records import ModelId, Workload

MIB = 2**20
KNOWN = "known tensors"
#: Passes after which an ordinary process has seen its peak.
ORDINARY_PASSES = 4


@dataclass(frozen=True)
class Result:
    """Bytes: predicted without and with copies, measured, by torch's list of allocations, of the whole process."""

    tensors: int
    predicted: int
    measured: int
    listed: int
    process: int


class Chain(nn.Module):
    """Tensors whose sizes are known: at its peak the input's size three times, and nothing is copied."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> the same."""
        first = x + 1
        second = first * 2
        return first + second


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=int, default=4)
    parser.add_argument("--lr", help="LR size, WxH [default: of GT 1280x720]")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--write", action="store_true", help="put the tables into docs/measuring.md")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--ordinary", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    lr = workload.parse_size(options.lr, "--lr") if options.lr else None
    load = workload.plan(options.scale, lr=lr)
    torch.set_num_threads(options.threads)
    if options.one:
        print(_process_peak(options.one, load) if options.ordinary else json.dumps(asdict(_measure(options.one, load))))
        return

    def fresh(name: str, *more: str) -> str:
        size = f"{load.lr_width}x{load.lr_height}"
        numbers = ["--scale", str(load.scale), "--lr", size, "--threads", str(options.threads)]
        command = [sys.executable, str(Path(__file__).resolve()), "--one", name, *numbers, *more]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    results = {name: Result(**json.loads(fresh(name))) for name in (*model_defs.DEFAULTS, KNOWN)}
    ordinary = {name: int(fresh(name, "--ordinary")) for name in model_defs.DEFAULTS}
    text = _report(results, ordinary, load, options.threads)
    print(text)
    if options.write:
        write_part("docs/measuring.md", "memory", text)


def _prepare(name: str, load: Workload) -> tuple[Callable[[], object], complexity.Complexity]:
    """A pass, and what its shapes predict."""
    cpu = this_cpu(torch.get_num_threads())
    if name == KNOWN:
        chain, x = Chain(), torch.rand(1, 64, load.lr_height, load.lr_width)
        return lambda: chain(x), complexity.count(chain, x.shape, cpu=cpu)[0]
    model = _model(name)
    network = models.build(model, load.scale)
    image = workload.make_input(model, load, seed=0)
    on_meta = models.build(model, load.scale, "meta")
    return lambda: network(image), complexity.count(on_meta, image.shape, cpu=cpu)[0]


def _model(name: str) -> ModelId:
    [model] = models.parse(name, "deploy")
    return model


def _measure(name: str, load: Workload) -> Result:
    device = open_device("cpu")
    device.prepare_memory()
    forward, counts = _prepare(name, load)
    with torch.inference_mode():
        memory = measure_memory(forward, device, counts.weights_bytes, counts.input_bytes)
        listed = counts.weights_bytes + counts.input_bytes + _listed_peak(forward)
    if memory.process_bytes is None:
        raise SystemExit(f"this kernel does not tell peaks exactly: {memory.method}")
    return Result(counts.peak_bytes, counts.cpu_peak_bytes, memory.peak_bytes, listed, memory.process_bytes)


def _listed_peak(forward: Callable[[], object]) -> int:
    """The running sum of torch's allocations and releases in a pass, at its highest."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        forward()
    assert seen.profiler is not None
    events = [event for event in seen.profiler.kineto_results.events() if event.name() == "[memory]"]
    held = peak = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        held += event.nbytes()
        peak = max(peak, held)
    return peak


def _process_peak(name: str, load: Workload) -> int:
    """Of a process that does what a program does which upscales image after image, malloc left alone."""
    forward, _ = _prepare(name, load)
    with torch.inference_mode():
        for _ in range(ORDINARY_PASSES):
            forward()
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def _report(results: dict[str, Result], ordinary: dict[str, int], load: Workload, threads: int) -> str:
    rows = []
    for name, r in results.items():
        title = name if name == KNOWN else _model(name).architecture
        cells = [title, _mib(r.tensors), _mib(r.predicted), _mib(r.listed), _mib(r.measured)]
        difference = [_mib(r.listed - r.predicted, sign="+"), _mib(r.measured - r.listed, sign="+")]
        rows.append(_row([*cells, f"{r.predicted / r.measured:.3f}", *difference]))
    networks = [name for name in results if name != KNOWN]
    whole = [
        _row([_model(name).architecture, *map(_mib, (r.predicted + RESERVE_BYTES["cpu"], r.process, ordinary[name]))])
        for name, r in ((name, results[name]) for name in networks)
    ]
    worst = max(abs(r.predicted / r.measured - 1) for r in (results[name] for name in networks))
    arguments = " ".join(sys.argv[1:])
    block = this_cpu().block
    return f"""\
Made by `python scripts/bench_memory.py{" " if arguments else ""}{arguments}` (torch {torch.__version__}, {platform.system()}, {threads}
threads, oneDNN layouts of {block} channels): x{load.scale}, LR {load.lr_width}x{load.lr_height}, deploy form, float32; peak of one
forward pass in MiB, weights and input included. Largest deviation of the seven: {worst:.2%}.

| Network | tensors alone | with copies (predicted) | allocated, by torch's list | measured | predicted / measured | rest: scratch pads | rest: kernel's counting |
|---|--:|--:|--:|--:|--:|--:|--:|
{chr(10).join(rows)}

"Tensors alone" is what a caching GPU allocator would hand out, without cuDNN's workspace. "With copies" adds what a
convolution on a CPU holds for its own duration (`srbench/measure/copies.py`). What remains has two names. *Scratch
pads*: what torch allocated in that pass beyond the prediction (small buffers of convolutions, of means and of
interpolation), from the allocations that torch.profiler lists. *Kernel's counting*: the difference between that list
and the growth of the process. The kernel counts whole pages, and hands each processor up to 32 of them (128 KiB) before
it adds them up, so a chain of known tensors, last row, is off by as much.

What a process needs in all, in MiB; `srbench fit` sets {RESERVE_BYTES["cpu"] // MIB} aside for interpreter and libraries:

| Network | predicted + {RESERVE_BYTES["cpu"] // MIB} | process | process, malloc as usual |
|---|--:|--:|--:|
{chr(10).join(whole)}

"Process" returns freed tensors to the kernel, as the measurement does and as `MALLOC_MMAP_THRESHOLD_=65536` in the
environment makes any program do. Left alone, glibc's malloc keeps freed blocks below 32 MiB for reuse, and a process
grows beyond its needs; of larger tensors it keeps none, so at sizes where memory is short the two are close."""


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _mib(amount: int, sign: str = "") -> str:
    return f"{amount / MIB:{sign},.2f}"


if __name__ == "__main__":
    main()
