"""The command that draws: ``plot``."""

from pathlib import Path
from typing import Annotated

import typer

from srbench.board import metrics
from srbench.cli.options import CHALLENGES, MachineName, Output, WithPublished, scales_of
from srbench.errors import InputError
from srbench.render.plots.look import COLUMN_CM, FONTS, FORMATS, Look


def plot(
    preset: Annotated[
        str,
        typer.Option(
            help="fig1 (PSNR over params, area Multi-Adds), runtime, memory, scaling (runtime"
            "  and memory over LR size), layers (where a network's time goes; measures some seconds each)."
        ),
    ] = "fig1",
    scale: Annotated[str, typer.Option(help="Upscaling factor.")] = "4",
    models: Annotated[
        str | None, typer.Option(help="Only these networks, as named in the records. [default: all]")
    ] = None,
    x: Annotated[
        str | None,
        typer.Option(
            help=f"Column on x, in place of the preset's: {', '.join(metrics.axes())}, score (of --challenge)."
        ),
    ] = None,
    y: Annotated[str | None, typer.Option(help="Column on y.")] = None,
    size: Annotated[str | None, typer.Option(help="Column of the bubbles' area, or none.")] = None,
    color: Annotated[
        str | None, typer.Option(help="Column of the bubbles' colour. [default: one colour an architecture]")
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            help="Of psnr and ssim: set5, set14, b100, urban100, manga109, or a set of yours. [default: set5]"
        ),
    ] = None,
    challenge: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE.toml",
            help=f"Of score: a challenge whose inputs were measured (profile --challenge): {CHALLENGES}.",
        ),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(help="With --challenge: whose figures its scores are relative to. [default: the challenge's]"),
    ] = None,
    machine: MachineName = None,
    lr: Annotated[str | None, typer.Option(metavar="WxH", help="Only records of this LR size.")] = None,
    batch: Annotated[int | None, typer.Option(help="Only records of this batch.")] = None,
    mode: Annotated[
        str | None, typer.Option(help="Only records of this mode, as tables have it behind a name, or plain.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="Only records of this device: cpu, cuda:N.")] = None,
    threads: Annotated[int | None, typer.Option(help="Only records of so many CPU threads.")] = None,
    with_published: WithPublished = False,
    highlight: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Comma-separated: networks that stand out, by a star and a bold name."),
    ] = None,
    xlim: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Ends of the x axis, in its unit. [default: all but what is far out]"),
    ] = None,
    ylim: Annotated[str | None, typer.Option(metavar="A,B", help="Ends of the y axis.")] = None,
    width: Annotated[float, typer.Option(metavar="CM", help="Printed width; 17.5 for both columns.")] = COLUMN_CM,
    font: Annotated[str, typer.Option(help=f"{' or '.join(FONTS)}.")] = "sans",
    usetex: Annotated[bool, typer.Option("--usetex", help="Let LaTeX set the text, in its own fonts.")] = False,
    formats: Annotated[
        str, typer.Option("--format", help=f"Of {', '.join(FORMATS)}, separated by commas; the CSV is always written.")
    ] = ",".join(FORMATS),
    notes: Annotated[
        bool, typer.Option("--notes", help="Say below under which conditions, and what is not shown and why.")
    ] = False,
    output: Output = Path("results"),
) -> None:
    """Draw figures from stored records: PNG, PDF, SVG, and the plotted numbers as CSV."""
    [*scales] = scales_of(scale)
    if len(scales) != 1:
        raise InputError(f"--scale {scale}: a figure shows one scale")
    from srbench.api.plotting import Axes, Drawing
    from srbench.board.choosing import Wanted
    from srbench.commands import say
    from srbench.commands.plot import plot
    from srbench.sizes import parse_size

    ends = limits_of(xlim, "--xlim"), limits_of(ylim, "--ylim")
    axes = Axes(x, y, size, color, dataset, challenge, with_published, highlight, *ends)
    look = Look(width, font, usetex, formats_of(formats), notes)
    wanted = Wanted(parse_size(lr, "--lr") if lr is not None else None, batch, mode, device, threads)
    raise typer.Exit(plot(Drawing(output, preset, scales[0], models, axes, baseline, machine, wanted, look, say)))


def limits_of(text: str | None, option: str) -> tuple[float, float] | None:
    """``100,800`` as two numbers.

    Raises:
        InputError: another form.
    """
    if text is None:
        return None
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"{option} '{text}' is not two numbers, such as 100,800") from None
    return low, high


def formats_of(text: str) -> tuple[str, ...]:
    """``png,pdf`` as names, each once.

    Raises:
        InputError: none.
    """
    names = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
    if not names:
        raise InputError(f"--format names none of {', '.join(FORMATS)}")
    return names
