"""What goes wrong, as types: on the user's side, and in a network under test."""

from typing import ClassVar, Literal


class InputError(ValueError):
    """The command or its input is wrong and nothing was measured: one line, the thing and the way out; exit code 2."""


class CaseError(Exception):
    """A case cannot be measured: a row with a status and this reason; the other rows go on."""

    status: ClassVar[Literal["MISMATCH", "UNSUPPORTED", "TIMEOUT"]]


class MismatchError(CaseError):
    """A network gave something else than it should: no image, another size, values that are no numbers."""

    status = "MISMATCH"


class UnsupportedError(CaseError):
    """A network, or a way of running it, that cannot be built here."""

    status = "UNSUPPORTED"
