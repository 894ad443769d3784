"""The command line called from a test; the fixture ``run`` is in conftest.py."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Done:
    """Exit code, stdout and stderr of a command."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]
