"""``report``: what is stored, as a page to explore."""

from pathlib import Path
from typing import Annotated

import typer

from srbench.cli.options import MachineName, Output, WithPublished, scales_of


def report(
    scale: Annotated[str | None, typer.Option(help="One or several. [default: all that have records]")] = None,
    machine: MachineName = None,
    with_published: WithPublished = False,
    output: Output = Path("results"),
) -> None:
    """Write one HTML file to explore stored records: table, plot, samples, layers. It needs no network."""
    scales = scales_of(scale) if scale is not None else []
    from srbench.commands.report import report

    raise typer.Exit(report(output, scales, machine, published=with_published))
