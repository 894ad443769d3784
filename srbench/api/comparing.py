"""Hold networks, or stored runs, against each other: the first is judged against each of the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from torch import nn

import model_defs
from srbench import migrations, planning, progress, store
from srbench.api.profiling import Session, opened
from srbench.api.request import Request, Tell, silent
from srbench.board import gates, pairing
from srbench.board.comparison import ASSUMED, Comparison, Floor, Pair, Side, compare
from srbench.board.gates import Gate, GateResult
from srbench.board.pairing import Alone, Stored
from srbench.cases import Case
from srbench.errors import InputError
from srbench.files import read_text
from srbench.launch import PROCESSES
from srbench.machine import noise
from srbench.models import typed
from srbench.records import Record
from srbench.runner import Watcher
from srbench.work import Launcher

#: Each from a fork server of its own. With the noise of a shared host (one process in seven slower by an exponential
#: 12 %) 12 find a true 10 % difference in more than 9 of 10 runs (``scripts/simulate_compare.py``,
#: docs/method/measuring.md).
COMPARE_ROUNDS = 12
#: More than a second for each process: two networks at x4 take about a minute.
COMPARE_BUDGET_S = 16.0


@dataclass(frozen=True)
class Compared:
    """What a comparison says.

    Attributes:
        answers: one for each pair, the first of it judged against the second.
        alone: cases of stored runs that have no partner.
        gates: what was asked for with ``fail_on``, on every pair.
    """

    answers: tuple[Comparison, ...]
    alone: tuple[Alone, ...] = ()
    gates: tuple[GateResult, ...] = ()


def request_of(networks: Sequence[str | nn.Module], **options: Any) -> Request:
    """What a comparison measures, with its own defaults for rounds and budget.

    Raises:
        InputError: a name that stands for several networks.
    """
    for each in networks:
        if isinstance(each, str) and (count := len(planning.parse(each))) != 1:
            raise InputError(f"'{each}' names {count} networks; give each as an argument of its own")
    ours = {"rounds": COMPARE_ROUNDS, "budget_s": COMPARE_BUDGET_S, "patience_s": 0.0, "repeated": True}
    return Request(models=tuple(networks), **{**ours, **options})


def compare_networks(
    request: Request,
    fail_on: Sequence[str] = (),
    *,
    watcher: Watcher | None = None,
    tell: Tell = silent,
    launcher: Launcher = PROCESSES,
) -> Compared:
    """Measure networks in interleaved rounds; the first of each combination is paired with each of the others.

    Args:
        request: its networks are as many as are named: the same one twice is a run against itself.
        fail_on: gates, such as ``runtime:3%``.
        watcher: its methods are called as the run goes.
        tell: gets lines for people.
        launcher: starts the processes.

    Raises:
        InputError: fewer than two networks, or something wrong with them.
    """
    asked = gates.parse_gates(fail_on)
    with opened(request, None, tell=tell, launcher=launcher) as session:
        pairs = measured_pairs(session, watcher or progress.Quiet())
    return judged(pairs, asked, seed=request.seed, tell=tell)


def measured_pairs(session: Session, watcher: Watcher) -> list[Pair]:
    """Measure a session's cases; the first of each combination is paired with each of the others.

    Raises:
        InputError: fewer than two networks.
    """
    together = session.networks
    if together < 2:
        raise InputError("compare needs two networks at least; the first is judged against the rest")
    names = _names([plan.case for plan in session.plans], together)
    sides = [Side(name, record) for name, record in zip(names, session.measure(watcher), strict=True)]
    groups = [sides[start : start + together] for start in range(0, len(sides), together)]
    return [Pair(first, other, interleaved=True) for first, *others in groups for other in others]


def judged(
    pairs: Sequence[Pair],
    asked: Sequence[Gate] = (),
    alone: Sequence[Alone] = (),
    *,
    seed: int = 0,
    tell: Tell = silent,
) -> Compared:
    """Every pair's answer, with the noise floor of its machine. Without a gate, a runtime is what is asked for.

    Args:
        pairs: that are judged.
        asked: gates; the runtime alone where there are none.
        alone: stored cases without a partner.
        seed: of the bootstrap.
        tell: gets lines for people.
    """
    timed = not asked or any(gate.of_runtime for gate in asked)
    answers = compare(pairs, lambda record: _floor_of(record, tell), seed=seed, timed=timed)
    return Compared(tuple(answers), tuple(alone), tuple(gates.check(asked, answers)))


def _floor_of(record: Record, tell: Tell) -> Floor:
    found = noise.load(record.machine.name, record.case.device, tell) if record.case.device != "none" else None
    if found is None:
        return ASSUMED
    other = f", with {found.threads} threads" if found.threads != record.case.threads else ""
    return Floor(found.floor, f"srbench doctor, {found.measured:%Y-%m-%d}, {record.case.device}{other}")


def _names(cases: Sequence[Case], together: int) -> list[str]:
    """``span``, ``span · compile``; of the same network named again: ``span #2``."""
    names: list[str] = []
    for index, case in enumerate(cases):
        earlier = [other.label for other in cases[index - index % together : index]].count(case.label)
        names.append(f"{case.label} #{earlier + 1}" if earlier else case.label)
    return names


# --- Stored runs


def is_stored(name: str) -> bool:
    """Whether an argument means a folder or file of records.

    A name of the zoo means the network, even where a folder is called so: ``./span`` then means the folder. Whatever
    else is a folder, or ends in ``.json``, or has a slash and names no file, module or weights of a network, is stored.
    """
    if Path(name).is_dir():
        return not _is_network(name)
    if name.endswith(".json"):
        return True
    if typed.read(name).kind != "name":
        return False
    return "/" in name or (Path(name).exists() and not _is_network(name))


def _is_network(name: str) -> bool:
    try:
        model_defs.get(name.partition("@")[0].partition("+")[0])
    except model_defs.ZooError:
        return False
    return True


def compare_stored(
    what: Sequence[str | Path],
    fail_on: Sequence[str] = (),
    *,
    force: bool = False,
    seed: int = 0,
    tell: Tell = silent,
) -> Compared:
    """Hold a stored run against others.

    Args:
        what: folders of records, or single files; the first is judged against the rest.
        fail_on: gates, such as ``runtime:3%``.
        force: also where machines, versions or settings differ; the differences are listed.
        seed: of the bootstrap.
        tell: gets lines for people.

    Raises:
        InputError: nothing stored there, nothing in common, or runs that do not compare.
    """
    asked = gates.parse_gates(fail_on)
    if len(what) < 2:
        raise InputError("compare needs two stored runs at least; the first is judged against the rest")
    paths = [Path(name).resolve() for name in what]
    if paths[0] in paths[1:]:
        raise InputError(f"{what[0]} would be compared with itself")
    first, *others = [_read(Path(name), str(name), tell) for name in what]
    pairs: list[Pair] = []
    alone: list[Alone] = []
    for other in others:
        found = pairing.pair_up(first, other, force=force)
        if not found.pairs:
            raise InputError(_nothing_in_common(first, other))
        pairs += found.pairs
        alone += found.alone
    refused = pairing.refusal(pairs)
    if refused and not force:
        raise InputError(f"{refused}; --force compares all the same and lists the differences")
    return judged(pairs, asked, alone, seed=seed, tell=tell)


def _nothing_in_common(first: Stored, other: Stored) -> str:
    near = pairing.near_misses(first, other)
    why = f": their networks differ in {'; '.join(near)}; --force compares all the same" if near else ""
    return f"{first.name} and {other.name} have no case in common{why}"


def _read(path: Path, typed: str, tell: Tell) -> Stored:
    """The records of an --output folder (or of its ``runs``), or of one file.

    Raises:
        InputError: there is none.
    """
    name = typed.rstrip("/") or typed
    if path.is_dir():
        folder = path.parent if path.name == store.RUNS and not (path / store.RUNS).is_dir() else path
        if not any((folder / store.RUNS).glob("*.json")):
            where = folder / store.RUNS
            raise InputError(f"no records in {where}; give an --output folder of 'srbench profile', or a record file")
        return Stored(name, tuple(store.read(folder, complain=tell)))
    try:
        record = migrations.load(read_text(path))
    except FileNotFoundError:
        raise InputError(f"no folder or file {path}, nor a network of that name") from None
    except (ValidationError, UnicodeDecodeError):
        raise InputError(f"{path} is not a record of srbench") from None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    return Stored(name, (record,), single=True)
