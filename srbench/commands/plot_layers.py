"""``srbench plot --preset layers``: the networks of stored records, taken apart in processes of their own."""

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from srbench import limits, machine, worker
from srbench.board.leaderboard import rows_of
from srbench.board.published import ClaimBook
from srbench.cases import Case
from srbench.commands import say
from srbench.launch import launch
from srbench.machine.device import choose_device, open_device
from srbench.measure.layers import NS_PER_S, LayerTimes, measure_layers
from srbench.records import Complexity, Record
from srbench.render.plots.breakdown import breakdown_of
from srbench.render.plots.layers import layers
from srbench.worker import Answer

OK, FAILED = 0, 1
#: Wall time of one network's passes; more where five of either kind take longer.
BUDGET_S = 4.0
TIMEOUT_S = 300.0


@dataclass(frozen=True)
class Found:
    """What the process tells: counts, times, and the cores that other programs used meanwhile (None: not known)."""

    counts: Complexity
    times: LayerTimes
    others_cores: float | None


@dataclass(frozen=True)
class LayersJob:
    """One network timed module by module, in a process of its own."""

    case: Case
    seed: int
    memory_limit_bytes: int | None

    def run(self, report: Callable[[Found], None]) -> Answer:
        """Count it anew, so that counts and times are of the same code, time it, and tell."""
        counts = worker.static(self.case)
        torch.manual_seed(self.seed)
        if self.case.threads is not None:
            torch.set_num_threads(self.case.threads)
        device = open_device(self.case.device)
        device.keep_memory()
        model, image = worker.prepare(self.case, device, self.seed)
        gc.collect()
        gc.disable()
        with torch.inference_mode():
            before = worker.clocks()
            times = measure_layers(model, lambda: model(image), device, int(BUDGET_S * NS_PER_S))
        report(Found(counts, times, worker.others_cores(before, worker.clocks())))
        return Answer()


def plot_layers(records: Sequence[Record], output: Path, stem: Callable[[Record], str]) -> int:
    """Measure and draw each record's network; 1 where one failed.

    Raises:
        InputError: the records' device is not here.
    """
    failed, files = False, list[Path]()
    for record in records:
        case = case_here(record)
        told: list[Found] = []
        limit = None if case.device.startswith("cuda") else limits.available_bytes()
        answer = launch(LayersJob(case, record.settings.seed, limit), TIMEOUT_S, told.append)
        if not told:
            failed = True
            say(f"{case.model.variant} x{case.size.scale}: {answer.status}: {answer.reason}")
            continue
        found = told[0]
        [row] = rows_of([record], ClaimBook(()))
        where = f"{case.device} of {machine.describe().name}"
        files += layers(
            breakdown_of(row, found.counts.layers, found.times, where, found.others_cores), output / stem(record)
        )
    if files:
        say(f"wrote {', '.join(map(str, files))}")
    return FAILED if failed else OK


def case_here(record: Record) -> Case:
    """The record's case on a device of this machine.

    Raises:
        InputError: it has no such device.
    """
    case = record.case
    device = choose_device("auto" if case.device == "none" else case.device)
    threads = min(case.threads or machine.usable_cores(), machine.usable_cores()) if device == "cpu" else None
    return case.model_copy(update={"device": device, "threads": threads})
