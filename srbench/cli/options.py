"""Options that several commands share, and how their texts are read. Nothing heavy is imported here."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from srbench.board import shipped
from srbench.errors import InputError
from srbench.running import ENGINES

#: What --challenge takes, for help texts.
CHALLENGES = f"{', '.join(shipped.names())}, or a .toml of your own"

#: How many times as much of everything `--thorough` takes.
THOROUGH = 2
#: Rounds of `--quick`; its budget is the same share of the usual one, and it has no patience.
QUICK_ROUNDS = 3
#: What may stand beside a bare --resume: how things are shown, not how they are measured.
WITH_RESUME = {
    "--resume",
    "--output",
    "--quiet",
    "--wait",
    "--timings",
    "--layers",
    "--samples",
    "--with-published",
    "--strict-ranks",
}


class FormOption(StrEnum):
    """What is counted and timed."""

    train = "train"
    deploy = "deploy"


class RoundingOption(StrEnum):
    """How GT / scale becomes whole pixels."""

    half_up = "half-up"
    floor = "floor"


class AllocatorOption(StrEnum):
    """What a timed process does with freed memory."""

    keep = "keep"
    system = "system"


Engines = Annotated[str, typer.Option("--engine", help=f"What runs it: {', '.join(ENGINES)}; several make a grid.")]
Dtypes = Annotated[str, typer.Option("--dtype", help="What it computes in: float32, bfloat16, float16; or several.")]
Layouts = Annotated[
    str, typer.Option("--layout", help="Order of the axes in memory: contiguous, channels_last; or several.")
]
#: Beyond this a number is a typing error; what a machine has is asked later, and answered better.
MOST_BATCH = MOST_THREADS = 10**9

Tf32 = Annotated[
    str | None,
    typer.Option(metavar="on|off", help="GPU: may float32 use TF32? Or both: on,off. [default: torch's own way]"),
]
Output = Annotated[Path, typer.Option("--output", "-o", help="Folder of records, tables and plots.")]
Weights = Annotated[
    list[str] | None,
    typer.Option(
        metavar="DIR|FILE|MODEL=FILE",
        help="Checkpoints, several times if need be: a folder of official files or of NAME_xSCALE.pth, or a file.",
    ),
]
WithPublished = Annotated[
    bool, typer.Option("--with-published", help="Also list networks outside the zoo, with their published figures.")
]
StrictRanks = Annotated[
    bool, typer.Option("--strict-ranks", help="Rank by the median alone, even where intervals overlap.")
]
MachineName = Annotated[
    str | None, typer.Option("--machine", help="Show this machine's records, or 'all'. [default: the newest record's]")
]


class InputOption(StrEnum):
    """What passes see."""

    natural = "natural"
    noise = "noise"


class ClockOption(StrEnum):
    """What is asked of a GPU's clock."""

    as_is = "as-is"
    locked = "locked"


def allocator_of(option: AllocatorOption) -> Literal["keep", "system"]:
    """The allocator as the vocabulary has it."""
    return "keep" if option is AllocatorOption.keep else "system"


def form_of(option: FormOption) -> Literal["train", "deploy"]:
    """The form as the vocabulary has it."""
    return "train" if option is FormOption.train else "deploy"


def scales_of(text: str) -> list[int]:
    """``2,3,x4`` -> [2, 3, 4].

    Raises:
        InputError: no such list.
    """
    parts = [part.strip().lower().removeprefix("x") for part in text.split(",")]
    if not all(part.isascii() and part.isdecimal() and 0 < int(part) <= 64 for part in parts):
        raise InputError(f"--scale {text!r} is not a scale such as 4, or several such as 2,3,4")
    return [int(part) for part in parts]


def formats_of(text: str, known: Sequence[str]) -> tuple[str, ...]:
    """``md,csv`` -> those formats, each once.

    Raises:
        InputError: one that is not known here, or none.
    """
    asked = [part.strip().lower() for part in text.split(",") if part.strip()]
    for part in asked:
        if part not in known:
            raise InputError(f"--format '{part}' is none of {', '.join(known)}")
    if not asked:
        raise InputError(f"--format names none of {', '.join(known)}")
    return tuple(dict.fromkeys(asked))


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


def typed(context: typer.Context) -> set[str]:
    """The options that stand on the command line, as ``--budget``; defaults are left out."""
    names = (name for name in context.params if _source(context, name) == "COMMANDLINE")
    return {f"--{name.replace('_', '-')}" for name in names}


def _source(context: typer.Context, name: str) -> str:
    source = context.get_parameter_source(name)
    return source.name if source is not None else ""


def check_together(given: set[str]) -> None:
    """Refuse options of ``profile`` that do not go together.

    Raises:
        InputError: a bare --resume with other options, or a challenge's size stated twice.
    """
    if "--resume" in given and not given & {"--models", "--suite"} and (others := sorted(given - WITH_RESUME)):
        raise InputError(
            f"--resume goes on as the run was begun: leave {', '.join(others)} out, or give the whole command again"
        )
    if "--challenge" in given and (sizes := sorted(given & {"--scale", "--gt", "--lr", "--lr-rounding", "--batch"})):
        raise InputError(f"--challenge says on what input is measured: leave {', '.join(sizes)} out")


def whole_numbers_of(option: str, text: str, most: int) -> list[int]:
    """``1,4`` -> [1, 4], each once.

    Raises:
        InputError: something that is no whole number from 1 to ``most``.
    """
    parts = [part.strip() for part in text.split(",")]
    for part in parts:
        if not (part.isascii() and part.isdecimal() and 0 < int(part) <= most):
            raise InputError(f"{option} {text!r}: write a whole number from 1 to {most}, or several such as 1,2")
    return list(dict.fromkeys(map(int, parts)))


def pixels_of(option: str, text: str | None) -> list[tuple[int, int]]:
    """``64x64,320x180`` -> those sizes, (width, height) in pixels, each once; nothing where nothing is typed.

    Raises:
        InputError: something that is no size.
    """
    from srbench.sizes import parse_size

    return list(dict.fromkeys(parse_size(part, option) for part in text.split(","))) if text is not None else []
