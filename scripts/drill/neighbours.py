"""Whoever else computes on the device is told of."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from drill.checks import Bench, Check, Figures, Found, Skip
from srbench import machine
from srbench.api import profiling
from srbench.api.request import Request
from srbench.machine import nvml
from srbench.machine.neighbours import sharing
from srbench.records import Record

#: Computes without pause until whoever started it is gone; says a line once it does.
_ON_CPU = """
import os, sys
parent = int(sys.argv[1])
print("at work", flush=True)
number = 0
while number % 10_000_000 or os.getppid() == parent:
    number += 1
"""
_ON_GPU = """
import os, sys
import torch
parent, device = int(sys.argv[1]), sys.argv[2]
a = torch.rand(2048, 2048, device=device)
torch.cuda.synchronize(device)
print("at work", flush=True)
while os.getppid() == parent:
    for _ in range(20):
        a @ a
    torch.cuda.synchronize(device)
"""


@contextmanager
def beside(device: str) -> Iterator[None]:
    """Programs that keep the device busy meanwhile: one on a GPU, one for each usable core of a CPU."""
    code, count = (_ON_CPU, machine.usable_cores()) if device == "cpu" else (_ON_GPU, 1)
    command = [sys.executable, "-c", code, str(os.getpid()), device]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(count)]
    try:
        for process in started:
            assert process.stdout is not None
            if not process.stdout.readline():
                raise RuntimeError("the program beside it did not start")
        yield
    finally:
        for process in started:
            process.kill()
            process.communicate()


def _row(bench: Bench) -> Record:
    request = Request(
        models="ecbsr" if bench.on_cpu else "span",
        lr=((64, 48) if bench.on_cpu else (320, 180),),
        device=bench.device,
        rounds=1,
        budget_s=0.7 if bench.on_cpu else 2.0,
        patience_s=0,
        timeout_s=60,
    )
    [record] = profiling.profile(request, launcher=bench.launcher)
    return record


def contended(bench: Bench) -> Found:
    """A network timed beside another program is CONTENDED; alone it is as it is, for comparison."""
    alone = _row(bench)
    with beside(bench.device):
        crowded = _row(bench)
    figures: Figures = {"alone_status": alone.status, "beside_another_status": crowded.status}
    for name, record in (("alone", alone), ("beside_another", crowded)):
        visits = record.latency.visits if record.latency is not None else ()
        interval = record.latency.interval if record.latency is not None else None
        figures[f"{name}_ms"] = interval.median / 1e6 if interval is not None else None
        told = [reading.others for visit in visits for reading in visit.readings if reading.others is not None]
        figures[f"{name}_others_told"] = max(told, default=None)
    figures["reason"] = crowded.reason
    if alone.status == "CONTENDED":
        return Found(
            figures=figures, undecided=f"it is CONTENDED already without the program beside it: {alone.reason}"
        )
    if crowded.status == "CONTENDED":
        return Found(figures=figures)
    if not bench.on_cpu and figures["beside_another_others_told"] is None:
        why = "this driver tells neither programs nor their shares of the GPU (a container, or vGPU)"
        return Found(figures=figures, undecided=why)
    return Found(figures=figures, wrong=(f"beside another program its row is {crowded.status}",))


def named(bench: Bench) -> Found:
    """What NVML says of MIG and MPS, and the words that a row has for it."""
    if bench.on_cpu:
        raise Skip("MIG and MPS are of GPUs")
    gpu = nvml.of_cuda(torch.device(bench.device).index) if nvml.start() else None
    if gpu is None:
        raise Skip("NVML does not know this GPU")
    words = sharing(gpu)
    figures: Figures = {
        "gpu_is_split": str(gpu.mig),
        "on_an_instance": str(gpu.instance),
        "mps_clients": str(gpu.mps),
        "remarks": "; ".join(words) or None,
    }
    # torch calls an instance by a name of its own, which NVML's answer is held against.
    is_instance = "MIG" in torch.cuda.get_device_name(bench.device)
    wrong = ("torch calls the device a MIG instance, and no remark does",) if is_instance and not gpu.instance else ()
    return Found(figures=figures, wrong=wrong)


CHECKS = (
    Check("neighbours.contended", "Beside another program on the device a row is CONTENDED.", contended, launches=True),
    Check("neighbours.named", "MIG and MPS are named.", named),
)
