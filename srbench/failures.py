"""What became of work that failed: a status and its reason, as a value."""

import re
import traceback

import torch

from srbench.errors import CaseError
from srbench.records import Frozen, Status

#: How torch, oneDNN and the C++ library say that an allocation failed.
_OUT_OF_MEMORY = (
    "can't allocate memory",
    "not enough memory",
    "bad_alloc",
    "could not create a memory",
    "out of memory",
)
#: What an allocation that failed had asked for, as torch says it on a CPU (in bytes) and on a GPU (with a unit).
_ASKED_FOR = re.compile(r"tried to allocate ([\d.]+) ?(bytes|KiB|MiB|GiB)", re.IGNORECASE)
_UNITS = {"bytes": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30}
#: How torch says that it has no kernel of a dtype.
_NO_KERNEL = re.compile(r"not implemented for '(\w+)'")
#: A traceback is for a reader: its head and its tail say enough.
_MOST_DETAIL = 100_000


class Failure(Frozen):
    """Work that gave no result.

    Attributes:
        status: one of the failures.
        reason: one line.
        detail: a traceback where there is one.
    """

    status: Status
    reason: str
    detail: str = ""


def failure_of(error: BaseException) -> Failure:
    """An exception as a value: out of memory, a wrong output, an unknown way of running, or a crash."""
    first = (str(error).strip().splitlines() or [""])[0]
    detail = "".join(traceback.format_exception(error))[-_MOST_DETAIL:]
    if isinstance(error, torch.OutOfMemoryError | MemoryError) or any(sign in str(error) for sign in _OUT_OF_MEMORY):
        return Failure(status="OOM", reason=_lacking(str(error)), detail=detail)
    if isinstance(error, CaseError):
        return Failure(status=error.status, reason=first, detail=detail)
    if missing := _NO_KERNEL.search(str(error)):
        return Failure(
            status="UNSUPPORTED", reason=f"torch has no kernel for {missing[1]} here: {first}", detail=detail
        )
    reason = f"{type(error).__name__}: {first}" if first else type(error).__name__
    return Failure(status="CRASH", reason=reason, detail=detail)


def _lacking(text: str) -> str:
    """What memory was lacking, in a phrase; torch's own words are in the detail."""
    found = _ASKED_FOR.search(text)
    if found is None:
        return "there was no memory for what it asked for"
    size = float(found[1]) * _UNITS[found[2].lower()]
    shown = f"{size / 2**30:,.1f} GiB" if size >= 2**30 else f"{size / 2**20:,.1f} MiB"
    return f"there was no memory for {shown} that it asked for at once"
