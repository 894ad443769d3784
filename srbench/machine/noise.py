"""The noise floor of a machine: what comparing a network with itself cannot tell from a difference.

``srbench doctor`` measures it, ``srbench compare`` takes differences below it for none. One file for each machine and
device, in the user's state folder (``~/.local/state/srbench`` on Linux).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from platformdirs import user_state_path
from pydantic import Field, ValidationError

from srbench.facts import Moment
from srbench.files import first_line, read_text, write_text
from srbench.measure import stats
from srbench.records import Frozen

#: No A/A run of a few rounds shows less than this: below it, quiet rounds are luck.
LEAST_FLOOR = 0.005
#: Fewer rounds leave an interval that says nothing (its factor is 12.7 for two).
MIN_ROUNDS = 3


class NoiseFloor(Frozen):
    """What an A/A run on one machine and device could not exclude.

    Attributes:
        machine: ``Machine.name``.
        device: ``cpu`` or ``cuda:N``.
        floor: share of a runtime: 0.01 is 1 %.
        rounds: that it comes from, with fresh processes in each.
        ratios: runtime of the second over that of the first, round by round.
        measured: when.
        threads: of the CPU; None on a GPU.
        versions: of torch, srbench and Python.
        what: the network and its input, in words.
    """

    machine: str
    device: str
    floor: float = Field(gt=0)
    rounds: int = Field(ge=MIN_ROUNDS)
    ratios: tuple[float, ...]
    measured: Moment
    threads: int | None = None
    versions: dict[str, str]
    what: str


def floor_of(ratios: Sequence[float]) -> float:
    """The floor that paired ratios of an A/A run give: the farther end of their interval, as a share.

    The true ratio is 1. What the 95 % t interval of the mean log ratio still holds, this machine cannot tell from 1 in
    so many rounds; a steady difference between the first and the second of a pair moves the interval and so counts in.

    Raises:
        ValueError: fewer than three rounds, or a ratio that is not positive.
    """
    if len(ratios) < MIN_ROUNDS:
        raise ValueError(f"{len(ratios)} rounds give no floor; at least {MIN_ROUNDS} are needed")
    low, high = stats.t_interval([math.log(ratio) for ratio in ratios])
    return max(LEAST_FLOOR, math.expm1(max(abs(low), abs(high))))


def paired_ratios(first: Mapping[int, float], second: Mapping[int, float]) -> list[float]:
    """Second over first in each round that both have, in order of the rounds."""
    return [second[number] / first[number] for number in sorted(first.keys() & second.keys())]


def folder() -> Path:
    """Where the floors are kept."""
    return user_state_path("srbench", appauthor=False)


def path_of(machine: str, device: str) -> Path:
    """The file of a machine and device."""
    name = sha256(f"{machine}\n{device}".encode()).hexdigest()[:12]
    return folder() / f"noise_{device.replace(':', '')}_{name}.json"


def save(floor: NoiseFloor, complain: Callable[[str], None]) -> Path | None:
    """Store a floor in place of an earlier one; None, and a line to ``complain``, where that cannot be."""
    path = path_of(floor.machine, floor.device)
    try:
        write_text(path, floor.model_dump_json(indent=1) + "\n")
    except OSError as error:
        complain(f"the noise floor is not stored: cannot write {path} ({error.strerror or error})")
        return None
    return path


def load(machine: str, device: str, complain: Callable[[str], None] = lambda line: None) -> NoiseFloor | None:
    """The stored floor of a machine and device; None without one.

    A file that cannot be read, or is not that floor, is as good as none; ``complain`` gets a line about it.

    Args:
        machine: its name.
        device: ``cpu`` or ``cuda:N``.
        complain: gets a line on a file that cannot be read.
    """
    path = path_of(machine, device)
    try:
        found = NoiseFloor.model_validate_json(read_text(path))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        complain(f"ignored {path}: not a noise floor ({first_line(error)})")
        return None
    if (found.machine, found.device) != (machine, device):
        complain(f"ignored {path}: the floor of {found.machine} ({found.device})")
        return None
    return found
