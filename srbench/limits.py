"""How much memory a process under measurement may take."""

import re

from srbench import machine
from srbench.errors import InputError
from srbench.machine import linux

#: Left to everything else on the machine, as a share of what is available.
RESERVE_SHARE = 0.05
_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
#: Bytes that the system calls for limits cannot even express.
_NO_MEMORY_HAS = 2**63


def parse_bytes(text: str, option: str) -> int:
    """``8GiB``, ``512 MiB``, ``6GB`` or a number of bytes, such as ``6e9``.

    Raises:
        InputError: something else, or nothing.
    """
    match = re.fullmatch(r"\s*(\d{1,15}(?:\.\d{1,6})?(?:[eE]\d{1,2})?)\s*([a-zA-Z]*)\s*", text, re.ASCII)
    unit = _UNITS.get(match[2].lower()) if match else None
    size = int(float(match[1]) * unit) if match is not None and unit is not None else 0
    if not 0 < size < _NO_MEMORY_HAS:
        raise InputError(f"{option} {text!r} is no size such as 8GiB, 512MiB or 6GB")
    return size


def available_bytes() -> int | None:
    """What a new process could take now without pushing others out; None where the system does not tell."""
    free = linux.meminfo().get("MemAvailable")
    total = machine.device_memory_bytes("cpu")
    if free is None:
        return total or None
    return int((1 - RESERVE_SHARE) * (min(free, total) if total else free))
