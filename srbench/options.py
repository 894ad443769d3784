"""Options that several commands share, and how their texts are read. Nothing heavy is imported here."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from srbench.errors import InputError


class FormOption(StrEnum):
    """What is counted and timed."""

    train = "train"
    deploy = "deploy"


class RoundingOption(StrEnum):
    """How GT / scale becomes whole pixels."""

    half_up = "half-up"
    floor = "floor"


Output = Annotated[Path, typer.Option("--output", "-o", help="Folder of records, tables and plots.")]
WithPublished = Annotated[
    bool, typer.Option("--with-published", help="Also list networks outside the zoo, with their published figures.")
]
StrictRanks = Annotated[
    bool, typer.Option("--strict-ranks", help="Rank by the median alone, even where intervals overlap.")
]
MachineName = Annotated[
    str | None, typer.Option("--machine", help="Show this machine's records, or 'all'. [default: the newest record's]")
]


def form_of(option: FormOption) -> Literal["train", "deploy"]:
    """The form as the vocabulary has it."""
    return "train" if option is FormOption.train else "deploy"


def scales_of(text: str) -> list[int]:
    """``2,3,x4`` -> [2, 3, 4].

    Raises:
        InputError: no such list.
    """
    parts = [part.strip().lower().removeprefix("x") for part in text.split(",")]
    if not all(part.isdecimal() and 0 < int(part) <= 64 for part in parts):
        raise InputError(f"--scale {text!r} is not a scale such as 4, or several such as 2,3,4")
    return [int(part) for part in parts]


def share_of(option: str, text: str) -> float:
    """``1%`` or ``0.01`` -> 0.01.

    Raises:
        InputError: no share between 0 and 1.
    """
    try:
        value = float(text.strip().removesuffix("%")) / (100 if text.strip().endswith("%") else 1)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise InputError(f"{option} {text!r} is no share such as 1% or 0.01")
    return value


def check_positive(option: str, seconds: float) -> None:
    """Refuse a time that is not positive and finite.

    Raises:
        InputError: it is not.
    """
    if not 0 < seconds < float("inf"):
        raise InputError(f"{option} {seconds:g} must be a positive number of seconds")
