"""Ours against the official code, side by side: same weights, same input, passes in turns.

    python scripts/bench_official.py --official DIR [--networks bsrn,span] [--rounds 8] [--write]

DIR holds the user's own checkouts of the official repositories, one folder each under the repository's name: BSRN
(github xiaom233/BSRN), RFDN (njulj/RFDN), IMDN (Zheng222/IMDN), MSRN-PyTorch (MIVRC/MSRN-PyTorch), ECBSR
(xindongzhang/ECBSR), SPAN (hongyuanyu/SPAN). Their code runs as it is, in processes of its own; what it imports beside
torch is stood in for. A checkout that is not there is left out, and said.

Each round is a fresh process in which both networks take turns over one input; its ratio is official / ours, above 1
where ours is faster. Ours is in deploy form, the official network in eval mode. RepSR has no official code.
"""

import argparse
import json
import statistics
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from time import perf_counter_ns
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

import model_defs
from parts import write_part
from srbench import machine
from srbench.machine.device import open_device
from srbench.measure.comparing import paired_effect

SCALE = 4
SIZES = ((64, 64), (320, 180))
#: Wall time of the passes of a round, shared by both.
ROUND_S = {(64, 64): 3.0, (320, 180): 8.0}
#: Outputs of the same weights agree within this share of the largest value: float32 sums in another order.
AGREE = 1e-4


@dataclass(frozen=True)
class Official:
    """Where a network's official code is, and how it is built at x4.

    Attributes:
        folder: of the checkout.
        path: to put on sys.path, within the checkout.
        build: makes the network once its modules can be imported.
        range: white in its input over white in ours.
    """

    folder: str
    path: str
    build: Callable[[], nn.Module]
    range: float = 1.0


def _msrn() -> nn.Module:
    options = Namespace(scale=[SCALE], n_colors=3, rgb_range=255)
    return _module(import_module("model.msrn").MSRN(options))


def _module(made: object) -> nn.Module:
    assert isinstance(made, nn.Module)
    return made


OFFICIAL = {
    "bsrn": Official("BSRN", ".", lambda: _module(import_module("basicsr.archs.BSRN_arch").BSRN())),
    "rfdn": Official("RFDN", ".", lambda: _module(import_module("RFDN").RFDN())),
    "imdn": Official("IMDN", ".", lambda: _module(import_module("model.architecture").IMDN())),
    "msrn": Official("MSRN-PyTorch", "MSRN/Test/code", _msrn),
    "ecbsr": Official("ECBSR", ".", lambda: _module(import_module("models.ecbsr").ECBSR(16, 64, 0, "prelu", SCALE, 1))),
    "span": Official(
        "SPAN", ".", lambda: _module(import_module("basicsr.archs.span_arch").SPAN(3, 3, 48, upscale=SCALE))
    ),
}


class Anything(ModuleType):
    """Stands in for a package that official code imports and does not need for a forward pass."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__ = []

    def __getattr__(self, name: str) -> Any:
        """Whatever is asked of it is another one."""
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything(f"{self.__name__}.{name}")

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """As a decorator, or a decorator's maker, it leaves what it is given."""
        return arguments[0] if len(arguments) == 1 and callable(arguments[0]) else self


def stand_in(root: Path) -> None:
    """Let ``basicsr.archs.*`` be imported from a checkout without the rest of BasicSR."""
    archs = ModuleType("basicsr.archs")
    archs.__path__ = [str(root / "basicsr/archs")]
    for name in ("basicsr", "basicsr.utils", "basicsr.utils.registry", "fvcore", "fvcore.nn"):
        sys.modules[name] = Anything(name)
    sys.modules["basicsr.archs"] = archs
    sys.modules["basicsr"].archs = archs  # type: ignore[attr-defined]


def one_round(name: str, root: Path, lr: tuple[int, int], seed: int) -> dict[str, float]:
    """In this process: median pass of both in ms, by turns, and how far their outputs lie apart."""
    official = OFFICIAL[name]
    stand_in(root)
    sys.path.insert(0, str(root / official.path))
    torch.set_num_threads(machine.usable_cores())
    torch.manual_seed(seed)
    trained = model_defs.build(name, SCALE, "train")
    theirs = official.build()
    theirs.load_state_dict(trained.state_dict())
    theirs.eval()
    ours = model_defs.to_deploy(trained).eval()
    open_device("cpu").keep_memory()  # for both
    variant = model_defs.get(name)
    image = torch.rand(1, variant.in_channels, lr[1], lr[0]) * variant.value_range
    passes: tuple[Callable[[], Tensor], ...] = (lambda: theirs(image), lambda: ours(image))
    times: tuple[list[int], list[int]] = ([], [])
    with torch.inference_mode():
        outputs = [run() for run in passes]
        apart = float((outputs[0] - outputs[1]).abs().max() / outputs[0].abs().max())
        for run in passes:
            run()
        end = perf_counter_ns() + int(ROUND_S[lr] * 1e9)
        number = seed
        while perf_counter_ns() < end or len(times[0]) < 3:
            for which in (0, 1) if number % 2 else (1, 0):
                start = perf_counter_ns()
                output = passes[which]()
                times[which].append(perf_counter_ns() - start)
                del output
            number += 1
    theirs_ms, ours_ms = (statistics.median(each) / 1e6 for each in times)
    return {"official_ms": theirs_ms, "ours_ms": ours_ms, "apart": apart}


def row(name: str, root: Path, lr: tuple[int, int], rounds: int) -> str:
    """All rounds of one network at one size."""
    found = []
    for seed in range(rounds):
        arguments = ["--round", name, "--official", str(root), "--lr", f"{lr[0]}x{lr[1]}", "--seed", str(seed)]
        command = [sys.executable, __file__, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{name}: {done.stderr.strip().splitlines()[-1]}")
        found.append(json.loads(done.stdout.splitlines()[-1]))
    apart = max(each["apart"] for each in found)
    if apart > AGREE:
        raise SystemExit(f"{name}: outputs differ by {apart:.1e} of the largest value")
    official, ours = ({n: each[key] for n, each in enumerate(found)} for key in ("official_ms", "ours_ms"))
    effect = paired_effect(official, ours)
    assert effect is not None
    cells = [
        model_defs.get(name).architecture,
        f"{lr[0]}x{lr[1]}",
        *(f"{statistics.median(each.values()):,.1f}" for each in (official, ours)),
        f"{effect.ratio:.3f} [{effect.low:.3f}, {effect.high:.3f}]",
        f"{apart:.0e}",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Measure what is there and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--official", type=Path, required=True, help="folder of the checkouts")
    parser.add_argument("--networks", default=",".join(OFFICIAL), help="some of them")
    parser.add_argument("--rounds", type=int, default=8, help="fresh processes for each network and size")
    parser.add_argument("--write", action="store_true", help="put the table into docs/method/measuring.md")
    parser.add_argument("--round", help=argparse.SUPPRESS)
    parser.add_argument("--lr", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.round:
        width, height = map(int, options.lr.split("x"))
        print(json.dumps(one_round(options.round, options.official, (width, height), options.seed)))
        return
    here = machine.describe()
    lines = [
        f"`python scripts/bench_official.py --rounds {options.rounds}` ({here.name}, torch {here.torch})",
        "",
        "| network | LR at x4 | official [ms] | ours [ms] | official / ours | outputs apart |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for name in options.networks.split(","):
        root = options.official / OFFICIAL[name].folder
        if not root.is_dir():
            print(f"{name}: no checkout {root}; left out", file=sys.stderr)
            continue
        for lr in SIZES:
            lines.append(row(name, root, lr, options.rounds))
            print(lines[-1], file=sys.stderr, flush=True)
    text = "\n".join(lines)
    print(text)
    if options.write:
        write_part("docs/method/measuring.md", "official", text)


if __name__ == "__main__":
    main()
