"""The command that makes the table of a paper: ``table``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from srbench.board import metrics
from srbench.cli.options import MachineName, Output, formats_of, scales_of
from srbench.render.formats import names

_FORMATS = names("paper")


class NotesOption(StrEnum):
    """What stands below the table."""

    none = "none"
    short = "short"
    full = "full"


def table(
    scale: Annotated[str | None, typer.Option(help="One or several. [default: all that have records]")] = None,
    models: Annotated[
        str | None, typer.Option(help="Only these networks, as named in the records. [default: all]")
    ] = None,
    published: Annotated[
        str, typer.Option("--with", metavar="NAME,...", help="Networks by what papers print: LKDN,SAFMN, or all.")
    ] = "",
    columns: Annotated[
        str, typer.Option(help=f"Costs, in order: {', '.join(metric.name for metric in metrics.METRICS)}.")
    ] = "params,multi-adds",
    datasets: Annotated[str, typer.Option(help="Sets, in order. [default: those that any network has]")] = "",
    sort: Annotated[str, typer.Option(help="A cost, or name; scales always stand below one another.")] = "multi-adds",
    caption: Annotated[str, typer.Option(help="What the table is; the rule of its figures follows.")] = "",
    label: Annotated[str, typer.Option(help="For LaTeX's \\ref, such as tab:sota.")] = "",
    notes: Annotated[
        NotesOption, typer.Option(help="Below the table: nothing, sizes and machine, or every source.")
    ] = NotesOption.short,
    macros: Annotated[bool, typer.Option("--macros", help="Also write a \\newcommand for each number.")] = False,
    formats: Annotated[
        str, typer.Option("--format", help=f"Files to write: {', '.join(_FORMATS)} (to paste into a document).")
    ] = "latex,md",
    machine: MachineName = None,
    output: Output = Path("results"),
) -> None:
    """Make the one table of a paper: costs, then PSNR/SSIM of each set; best bold, second underlined."""
    scales = scales_of(scale) if scale is not None else []
    forms = list(formats_of(formats, _FORMATS))
    from srbench.commands.table import table

    raise typer.Exit(
        table(
            output,
            forms,
            macros=macros,
            scale=scales,
            models=models,
            published=published,
            columns=columns,
            datasets=datasets,
            sort=sort,
            caption=caption,
            label=label,
            notes=notes.value,
            machine=machine,
        )
    )
