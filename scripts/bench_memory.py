"""How well the predicted peak of a forward pass agrees with the measured one.

The seven default networks, deploy form, each in a fresh process: the peak as ``srbench profile`` measures it, then
torch's own list of allocations in another pass. A chain of known tensors goes the same way: what it is off by is the
kernel's counting. Last the whole process as it is with malloc's usual settings, also with a large image.

    python scripts/bench_memory.py [--scale 4] [--lr 320x180] [--threads N] [--write]

``--write`` puts the tables into docs/method/measuring.md. Linux only.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

import model_defs
from parts import write_part
from srbench import inputs, models, sizes
from srbench.api.fitting import RESERVE_BYTES
from srbench.cases import Case, Model, Size
from srbench.counts import Complexity
from srbench.machine.device import open_device
from srbench.measure.complexity import count
from srbench.measure.copies import this_cpu
from srbench.measure.memory import measure_memory

MIB = 2**20
KNOWN = "known tensors"
#: Passes after which an ordinary process has seen its peak.
ORDINARY_PASSES = 4
#: A network on an LR image whose feature maps take more than 32 MiB each.
LARGE, LARGE_LR = "bsrn", "448x448"
#: Known tensors of this size in all are counted so often, while they are held and after their release.
COUNTED_BYTES, COUNTINGS = 96 * MIB, 10


@dataclass(frozen=True)
class Peaks:
    """Bytes: predicted without and with copies, measured, by torch's list of allocations, of the whole process."""

    tensors: int
    predicted: int
    measured: int
    listed: int
    process: int


@dataclass(frozen=True)
class Row:
    """A network with its peaks, and that of a process that leaves malloc alone."""

    title: str
    peaks: Peaks
    ordinary: int


class Chain(nn.Module):
    """Tensors whose sizes are known: at its peak three times the input's size beside it, and nothing is copied."""

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
    parser.add_argument("--write", action="store_true", help="put the tables into docs/method/measuring.md")
    parser.add_argument("--task", choices=TASKS, help=argparse.SUPPRESS)
    parser.add_argument("--name", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    load = sizes.plan(options.scale, lr=sizes.parse_size(options.lr, "--lr") if options.lr else None)
    torch.set_num_threads(options.threads)
    if options.task:
        print(json.dumps(TASKS[options.task](options.name, load)))
        return

    def fresh(task: str, name: str, lr: str) -> Any:
        numbers = ["--scale", str(load.scale), "--lr", lr, "--threads", str(options.threads)]
        command = [sys.executable, str(Path(__file__).resolve()), "--task", task, "--name", name, *numbers]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    def row(name: str, lr: str, title: str) -> Row:
        ordinary = 0 if name == KNOWN else fresh("ordinary", name, lr)
        return Row(title, Peaks(**fresh("peaks", name, lr)), ordinary)

    lr = f"{load.lr_width}x{load.lr_height}"
    rows = [row(name, lr, _model(name).architecture) for name in model_defs.DEFAULTS]
    large = row(LARGE, LARGE_LR, f"{_model(LARGE).architecture}, LR {LARGE_LR}")
    text = _report(rows, row(KNOWN, lr, KNOWN), large, fresh("counting", KNOWN, lr), options.threads, load)
    print(text)
    if options.write:
        write_part("docs/method/measuring.md", "memory", text)


def _prepare(name: str, load: Size) -> tuple[Callable[[], object], Complexity]:
    """A pass, and what its shapes predict."""
    cpu = this_cpu(torch.get_num_threads())
    if name == KNOWN:
        chain, x = Chain(), torch.rand(1, 64, load.lr_height, load.lr_width)
        return lambda: chain(x), count(chain, x.shape, cpu=cpu)[0]
    model = _model(name)
    case = Case(model=model, size=load, device="cpu")
    network, image = models.build(model, load.scale), inputs.make_input(case, seed=0)
    return lambda: network(image), count(models.build(model, load.scale, "meta"), image.shape, cpu=cpu)[0]


def _model(name: str) -> Model:
    [model] = models.parse(name, "deploy")
    return model


def _peaks(name: str, load: Size) -> dict[str, int]:
    device = open_device("cpu")
    device.prepare_memory()
    forward, counts = _prepare(name, load)
    with torch.inference_mode():
        memory = measure_memory(forward, device, counts.weights_bytes, counts.input_bytes)
        listed = counts.weights_bytes + counts.input_bytes + _listed_peak(forward)
    if memory.process_bytes is None:
        raise SystemExit(f"this kernel does not tell peaks exactly: {memory.method}")
    return asdict(Peaks(counts.peak_bytes, counts.cpu_peak_bytes, memory.peak_bytes, listed, memory.process_bytes))


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


def _ordinary(name: str, load: Size) -> int:
    """Peak of a process that upscales image after image and leaves malloc alone."""
    forward, _ = _prepare(name, load)
    with torch.inference_mode():
        for _ in range(ORDINARY_PASSES):
            forward()
    return _status_bytes("VmHWM")


def _counting(_: str, __: Size) -> dict[str, list[int]]:
    """Growth that the kernel tells for tensors of ``COUNTED_BYTES``, minus that: read before or after their release."""
    open_device("cpu").prepare_memory()
    errors: dict[str, list[int]] = {"held": [], "released": []}
    for _round in range(COUNTINGS + 1):
        for when, found in errors.items():
            Path("/proc/self/clear_refs").write_text("5")
            before = _status_bytes("VmRSS")
            tensors = [torch.zeros(COUNTED_BYTES // 8) for _half in range(2)]
            if when == "released":
                tensors.clear()
            found.append(_status_bytes("VmHWM") - before - COUNTED_BYTES)
            tensors.clear()
    return {when: found[1:] for when, found in errors.items()}  # the first loads code


def _status_bytes(field: str) -> int:
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(f"{field}:")]
    return int(line.split()[1]) * 1024


#: What a fresh process can be asked for; each answers with JSON.
TASKS: dict[str, Callable[[str, Size], object]] = {"peaks": _peaks, "ordinary": _ordinary, "counting": _counting}


def _report(rows: list[Row], known: Row, large: Row, errors: dict[str, list[int]], threads: int, load: Size) -> str:
    peaks = [["Network", "tensors alone", "with copies (predicted)", "allocated (torch's list)", "measured"]]
    peaks[0] += ["predicted / measured", "rest: scratch pads", "rest: kernel's counting"]
    for row in (*rows, known):
        p = row.peaks
        rest = [_mib(p.listed - p.predicted, sign="+"), _mib(p.measured - p.listed, sign="+")]
        sizes = map(_mib, (p.tensors, p.predicted, p.listed, p.measured))
        peaks.append([row.title, *sizes, f"{p.predicted / p.measured:.3f}", *rest])
    reserve = RESERVE_BYTES["cpu"]
    kept = reserve // MIB
    whole = [["Network", f"predicted + {kept}", "process", "process, malloc as usual"]]
    whole += [[r.title, *map(_mib, (r.peaks.predicted + reserve, r.peaks.process, r.ordinary))] for r in (*rows, large)]
    worst = max(abs(row.peaks.predicted / row.peaks.measured - 1) for row in rows)
    held, released = (f"{min(found) // 1024:+d} to {max(found) // 1024:+d} KiB" for found in errors.values())
    beside = [row.peaks.process - row.peaks.predicted for row in (*rows, large)]
    libraries = f"{min(beside) // MIB} to {max(beside) // MIB}"
    command = " ".join(["python scripts/bench_memory.py", *sys.argv[1:]])
    return f"""\
Made by `{command}` (torch {torch.__version__}, {threads} threads, oneDNN
layouts of {this_cpu().block} channels): x{load.scale}, LR {load.lr_width}x{load.lr_height}, deploy form, float32.
Peak of one forward pass in MiB, weights and input included. Largest deviation of the seven: {worst:.2%}.

{_table(peaks)}

"Tensors alone" is what a caching GPU allocator would hand out, without cuDNN's workspaces. "With copies" adds what a
convolution on a CPU holds for its own duration: a copy of its input in oneDNN's layout, one of its weights, and its
output in that layout until it is copied back (`srbench/measure/copies.py`). What remains has two names. *Scratch pads*:
what torch allocated in that pass beyond the prediction, from the allocations that torch.profiler lists. *Kernel's
counting*: the growth of the process against that list. Linux takes the high-water mark from counters of which each
processor keeps some pages to itself: {COUNTED_BYTES // MIB} MiB of tensors, counted {COUNTINGS} times, are read
{held} off while they are held, and {released} off after their release. The last row is a chain of
known tensors, measured as the networks are.

What a process needs in all, in MiB. Interpreter and libraries take {libraries} of it; `srbench fit` keeps {kept}.

{_table(whole)}

"Process" gives freed tensors back to the kernel, as the measurement does, and as `MALLOC_MMAP_THRESHOLD_=65536` in the
environment makes any program do. As usual, glibc's malloc keeps freed blocks below 32 MiB for reuse, and a process
grows beyond its needs, by how much differs from run to run. Larger tensors go back at once, so the share falls with the
size of the image (last row)."""


def _table(cells: list[list[str]]) -> str:
    head, *body = (f"| {' | '.join(row)} |" for row in cells)
    return "\n".join([head, f"|---|{'--:|' * (len(cells[0]) - 1)}", *body])


def _mib(amount: int, sign: str = "") -> str:
    return f"{amount / MIB:{sign},.2f}"


if __name__ == "__main__":
    main()
