"""What became of work that failed: a status and its reason, as a value."""

import re
import traceback
from collections.abc import Callable

import torch
from pydantic import field_validator

from srbench.errors import CaseError, InputError
from srbench.facts import Frozen
from srbench.statuses import FAILURES, Status
from srbench.text import one_line

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
_NO_KERNEL = re.compile(r"not implemented for '(\w+)'|Unsupported dtype (\w+)")
#: A traceback is for a reader: its head and its tail say enough.
_MOST_DETAIL = 100_000
#: A reason is one line of a table's notes.
_MOST_REASON = 1_000


class Failure(Frozen):
    """Work that gave no result.

    Whatever the worker says, what is kept of it is short and can be shown.

    Attributes:
        status: one of the failures.
        reason: one printable line of at most 1,000 characters.
        detail: a traceback where there is one, its last 100,000 characters.
        wrong: whether what was asked is wrong, not what was asked of: then nothing should be measured.
    """

    status: Status
    reason: str
    detail: str = ""
    wrong: bool = False

    @field_validator("status")
    @classmethod
    def _failed(cls, status: Status) -> Status:
        if status not in FAILURES:
            raise ValueError(f"{status} is no failure")
        return status

    @field_validator("reason")
    @classmethod
    def _short(cls, reason: str) -> str:
        return one_line(reason, _MOST_REASON)

    @field_validator("detail")
    @classmethod
    def _bounded(cls, detail: str) -> str:
        return detail[-_MOST_DETAIL:]


def failure_of(error: BaseException) -> Failure:
    """An exception as a value: out of memory, a wrong output, a wrong question, no way of running, or a crash."""
    text = _text(lambda: str(error))
    first = (text.strip().splitlines() or [""])[0]
    detail = _text(lambda: "".join(traceback.format_exception(error)))
    if isinstance(error, torch.OutOfMemoryError | MemoryError) or any(sign in text for sign in _OUT_OF_MEMORY):
        return Failure(status="OOM", reason=_lacking(text), detail=detail)
    if isinstance(error, InputError):
        return Failure(status="UNSUPPORTED", reason=first, detail=detail, wrong=True)
    if isinstance(error, CaseError):
        return Failure(status=error.status, reason=first, detail=detail)
    if missing := _NO_KERNEL.search(text):
        reason = f"torch has no kernel for {missing[1] or missing[2]} here: {first}"
        return Failure(status="UNSUPPORTED", reason=reason, detail=detail)
    reason = f"{type(error).__name__}: {first}" if first else type(error).__name__
    return Failure(status="CRASH", reason=reason, detail=detail)


def _text(make: Callable[[], str]) -> str:
    """What an error says of itself, as text that can be stored; its own methods may fail, too."""
    try:
        return make().encode("utf-8", "replace").decode("utf-8")
    except Exception as error:  # noqa: BLE001 - whatever they raise
        return f"(its text cannot be made: {type(error).__name__})"


def _lacking(text: str) -> str:
    """What memory was lacking, in a phrase; torch's own words are in the detail."""
    found = _ASKED_FOR.search(text)
    if found is None:
        return "there was no memory for what it asked for"
    size = float(found[1]) * _UNITS[found[2].lower()]
    shown = f"{size / 2**30:,.1f} GiB" if size >= 2**30 else f"{size / 2**20:,.1f} MiB"
    return f"there was no memory for {shown} that it asked for at once"
