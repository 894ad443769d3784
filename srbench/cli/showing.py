"""Commands that show what is stored or known: ``leaderboard``, ``models``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from srbench.cli.options import CHALLENGES, MachineName, Output, StrictRanks, WithPublished, formats_of, scales_of
from srbench.errors import InputError
from srbench.render.formats import names

_PLAIN, _CHALLENGES = names("leaderboard"), names("challenge")


class PivotOption(StrEnum):
    """What stands across in a leaderboard with one network a row."""

    size = "size"
    threads = "threads"
    mode = "mode"


def leaderboard(
    inputs: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[RECORDS|FILE]...",
            help="With --challenge: folders of records, .csv of a challenge, its results.json or results.txt. "
            "[default: --output]",
        ),
    ] = None,
    challenge: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE.toml", help=f"Rank, or list, as a challenge does: {CHALLENGES}."),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="With --challenge: the network that scores are relative to, or a file that has it. [default: its own]",
        ),
    ] = None,
    formats: Annotated[
        str,
        typer.Option(
            "--format",
            help=f"Files to write: {', '.join(_PLAIN)}; with --challenge {', '.join(_CHALLENGES)}.",
        ),
    ] = "md,csv",
    scale: Annotated[str | None, typer.Option(help="One or several. [default: all that have records]")] = None,
    machine: MachineName = None,
    with_published: WithPublished = False,
    strict_ranks: StrictRanks = False,
    pivot: Annotated[
        PivotOption | None, typer.Option(help="One network a row, and this across: what it does to each.")
    ] = None,
    output: Output = Path("results"),
) -> None:
    """Rebuild the tables from stored records, or rank as a challenge does; measures nothing."""
    scales = scales_of(scale) if scale is not None else []
    if challenge is not None:
        from srbench.commands.leaderboard import standings

        raise typer.Exit(
            standings(output, inputs or [], challenge, baseline, machine, formats_of(formats, _CHALLENGES))
        )
    if inputs or baseline is not None:
        what = str(inputs[0]) if inputs else "--baseline"
        raise InputError(f"{what} is for --challenge; a leaderboard shows the records of --output")
    from srbench.commands.leaderboard import leaderboard

    across: Literal["size", "threads", "mode"] | None = pivot.value if pivot is not None else None
    forms = formats_of(formats, _PLAIN)
    raise typer.Exit(
        leaderboard(
            output, scales, machine, published=with_published, strict_ranks=strict_ranks, pivot=across, forms=forms
        )
    )


def models() -> None:
    """List the zoo: variants, scales, params, Multi-Adds, paper, notes."""
    from srbench.commands.zoo import list_models

    raise typer.Exit(list_models())
