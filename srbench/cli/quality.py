"""Commands about what networks make of images: ``evaluate``, ``visual`` and ``weights``."""

from pathlib import Path
from typing import Annotated

import typer

from srbench.cli.options import (
    Dtypes,
    Engines,
    FormOption,
    Layouts,
    Output,
    Weights,
    check_positive,
    form_of,
    scales_of,
)
from srbench.errors import InputError
from srbench.render.plots.look import PAGE_CM


def evaluate(
    models: Annotated[str, typer.Option(help="Comma-separated, as in profile; bicubic is the row below all networks.")],
    datasets: Annotated[
        str, typer.Option(help="Comma-separated: set5, set14, b100 ... in --data, or paths to folders of GT images.")
    ] = "set5",
    scale: Annotated[str, typer.Option(help="Upscaling factor, or several: 2,3,4.")] = "4",
    weights: Weights = None,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the data sets. [default: $SRBENCH_DATA, or data]")
    ] = None,
    protocol: Annotated[
        str, typer.Option(help="Comma-separated: paper, paper-rounded, ntire; classic for bicubic.")
    ] = "paper",
    form: Annotated[FormOption, typer.Option(help="Re-parameterised networks: folded, or with all branches.")] = (
        FormOption.deploy
    ),
    device: Annotated[str, typer.Option(help="auto, cpu or cuda:N.")] = "auto",
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads. [default: the usable cores]")] = None,
    engine: Engines = "eager",
    dtype: Dtypes = "float32",
    layout: Layouts = "contiguous",
    channels_last: Annotated[bool, typer.Option("--channels-last", help="Short for --layout channels_last.")] = False,
    tile: Annotated[
        int | None,
        typer.Option(
            min=32,
            help="Side of LR tiles, where memory is short; each sees 32 pixels more on every side, so small ones are "
            "slow. [default: whole]",
        ),
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds after which an image is given up.")] = 600.0,
    images: Annotated[bool, typer.Option("--images", help="Print every image, worst first.")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep images that are stored for the same question.")
    ] = False,
    output: Output = Path("results"),
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
) -> None:
    """Measure PSNR and SSIM of networks with their weights; records go to --output, published figures stand beside."""
    scales = scales_of(scale)
    check_positive("--timeout", timeout)
    from srbench.api.evaluating import EvaluateRequest
    from srbench.commands.evaluate import Options, default_data, evaluate

    request = EvaluateRequest(
        models=models,
        datasets=datasets,
        scale=scales,
        weights=weights or (),
        data=data if data is not None else default_data(),
        protocol=protocol,
        form=form_of(form),
        engine=engine,
        dtype=dtype,
        layout="channels_last" if channels_last else layout,
        tile=tile,
        device=device,
        threads=threads,
        timeout_s=timeout,
    )
    raise typer.Exit(evaluate(Options(request, images, resume, output, quiet)))


def visual(
    models: Annotated[str, typer.Option(help="Comma-separated, as in evaluate; bicubic is always there.")],
    image: Annotated[str, typer.Option(help="Name of an image of the set, such as butterfly.")],
    crop: Annotated[str, typer.Option(metavar="X,Y,W,H", help="What is shown of it, in GT pixels.")],
    dataset: Annotated[str, typer.Option(help="A set in --data, or the path of a folder of GT images.")] = "set5",
    scale: Annotated[str, typer.Option(help="Upscaling factor.")] = "4",
    weights: Weights = None,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the data sets. [default: $SRBENCH_DATA, or data]")
    ] = None,
    form: Annotated[FormOption, typer.Option(help="Re-parameterised networks: folded, or with all branches.")] = (
        FormOption.deploy
    ),
    timeout: Annotated[float, typer.Option(help="Seconds after which a network is given up.")] = 600.0,
    width: Annotated[float, typer.Option(metavar="CM", help="Printed width; 8 for one column.")] = PAGE_CM,
    error_map: Annotated[
        bool, typer.Option("--error-map", help="Below each crop how far it is from the GT, all on one scale.")
    ] = False,
    output: Output = Path("results"),
) -> None:
    """Draw the figure of the papers: an image with a box, and the box as GT, bicubic and each network have it."""
    [*scales] = scales_of(scale)
    if len(scales) != 1:
        raise InputError(f"--scale {scale}: a figure shows one scale")
    check_positive("--timeout", timeout)
    from srbench.api.visualising import Visual, parse_crop
    from srbench.commands import say
    from srbench.commands.evaluate import default_data
    from srbench.commands.visual import visual

    raise typer.Exit(
        visual(
            Visual(
                names=models,
                scale=scales[0],
                dataset=dataset,
                image=image,
                crop=parse_crop(crop),
                weights=weights or (),
                data=data if data is not None else default_data(),
                form=form_of(form),
                timeout_s=timeout,
                output=output,
                width_cm=width,
                error_map=error_map,
                tell=say,
            )
        )
    )


weights = typer.Typer(
    help="Official checkpoints: which there are, which are at hand. Only 'fetch' touches the network.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@weights.command(name="list")
def list_weights() -> None:
    """List the official checkpoints known, and which are in the cache."""
    from srbench.commands.weights import list_all

    raise typer.Exit(list_all())


@weights.command()
def fetch(
    models: Annotated[list[str], typer.Argument(metavar="MODEL...", help="Names of the zoo, or all.")],
    scale: Annotated[str | None, typer.Option(help="One or several. [default: all there are]")] = None,
) -> None:
    """Download official checkpoints into the cache; each is verified by its sha256."""
    scales = scales_of(scale) if scale is not None else []
    from srbench.commands.weights import fetch_all

    raise typer.Exit(fetch_all(models, scales))


@weights.command()
def verify(
    folder: Annotated[
        Path | None, typer.Option("--weights", metavar="DIR", help="Of checkpoints. [default: the cache]")
    ] = None,
) -> None:
    """Say what each checkpoint of a folder is, by its sha256; exit 1 where one is not what its name says."""
    from srbench.commands.weights import verify

    raise typer.Exit(verify(folder))


@weights.command()
def add(
    file: Annotated[Path, typer.Argument(help="A checkpoint of your own.")],
    model: Annotated[str, typer.Option(help="The network of the zoo that it belongs to.")],
    scale: Annotated[int, typer.Option(help="Its upscaling factor.")],
) -> None:
    """Put a checkpoint of your own into the cache, where evaluate finds it; it is checked to fit first."""
    from srbench.commands.weights import add

    raise typer.Exit(add(file, model, scale))
