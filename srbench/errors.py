"""What goes wrong, as types: on the user's side, and in a network under test."""

from collections.abc import Iterable
from typing import ClassVar, Literal


class InputError(ValueError):
    """The command or its input is wrong and nothing was measured: one line, the thing and the way out; exit code 2."""


class WrongInputsError(InputError):
    """Several at once, a line each.

    Attributes:
        lines: what is wrong, one by one.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(dict.fromkeys(lines))
        super().__init__("; ".join(self.lines))


class CaseError(Exception):
    """A case cannot be measured: a row with a status and this reason; the other rows go on."""

    status: ClassVar[Literal["MISMATCH", "UNSUPPORTED", "TIMEOUT"]]


class MismatchError(CaseError):
    """A network gave something else than it should: no image, another size, values that are no numbers."""

    status = "MISMATCH"


class UnsupportedError(CaseError):
    """A network, or a way of running it, that cannot be built here."""

    status = "UNSUPPORTED"
