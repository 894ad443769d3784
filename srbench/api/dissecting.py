"""The networks of stored records, taken apart in processes of their own."""

from collections.abc import Callable, Sequence
from pathlib import Path

from srbench import limits, machine
from srbench.api.request import Tell
from srbench.board.leaderboard import rows_of
from srbench.board.published import ClaimBook
from srbench.cases import Case
from srbench.failures import Failure
from srbench.launch import PROCESSES
from srbench.machine.device import choose_device
from srbench.records import Record
from srbench.render.plots.breakdown import breakdown_of
from srbench.render.plots.layers import layers
from srbench.render.plots.look import Look
from srbench.tasks import Layers

#: Wall time of one network's passes; more where five of either kind take longer.
BUDGET_S = 4.0
TIMEOUT_S = 300.0


def plot_layers(
    records: Sequence[Record], output: Path, stem: Callable[[Record], str], look: Look, tell: Tell
) -> tuple[list[Path], bool]:
    """Measure and draw each record's network; the files, and whether one failed.

    Args:
        records: whose networks are taken apart.
        output: folder of the figures.
        stem: name of a record's files, without ending.
        look: how they are set.
        tell: gets a line on a network that failed.

    Raises:
        InputError: the records' device is not here.
    """
    failed, files = False, list[Path]()
    for record in records:
        case = case_here(record)
        settings = record.settings.model_copy(update={"memory_limit_bytes": limits.available_bytes()})
        found = PROCESSES.launch(Layers(case, settings, budget_s=BUDGET_S), TIMEOUT_S)
        if isinstance(found, Failure):
            failed = True
            tell(f"{case.model.variant} x{case.size.scale}: {found.status}: {found.reason}")
            continue
        [row] = rows_of([record], ClaimBook(()))
        where = f"{case.device} of {machine.describe().name}"
        files += layers(
            breakdown_of(row, found.counts.layers, found.times, where, found.others_cores), output / stem(record), look
        )
    return files, failed


def case_here(record: Record) -> Case:
    """The record's case on a device of this machine.

    Raises:
        InputError: it has no such device.
    """
    case = record.case
    device = choose_device("auto" if case.device == "none" else case.device)
    threads = min(case.threads or machine.usable_cores(), machine.usable_cores()) if device == "cpu" else None
    return case.model_copy(update={"device": device, "threads": threads})
