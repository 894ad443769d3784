"""Commands that tell what to expect of this machine: ``doctor`` and ``fit``."""

from typing import Annotated

import typer

from srbench.cli.options import Dtypes, FormOption, form_of, scales_of
from srbench.errors import InputError


def doctor(
    device: Annotated[str, typer.Option(help="auto, cpu or cuda:N.")] = "auto",
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads. [default: the usable cores]")] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave out the run of a network against itself, which takes half a minute.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Say what this machine is, what disturbs it now and whether its clocks are true; measure its noise floor.

    Exits with 1, and the reason in the last line, where what is measured now could not be trusted.
    """
    from srbench.commands.doctor import doctor

    raise typer.Exit(doctor(device, threads, quick=quick, as_json=as_json))


def fit(
    models: Annotated[
        str,
        typer.Argument(
            metavar="MODELS",
            help="Comma-separated, as in profile: NAME, all, NAME@train, path/to/net.py:Name.",
            show_default=False,
        ),
    ],
    memory: Annotated[
        str | None, typer.Option(metavar="SIZE", help="8GiB, 512MiB, 6e9 ... [default: what the device has free now]")
    ] = None,
    scale: Annotated[str, typer.Option(help="Upscaling factor.")] = "4",
    aspect: Annotated[str, typer.Option(metavar="W:H", help="Shape of the image, or several.")] = "1:1,16:9",
    multiple: Annotated[
        int | None,
        typer.Option(min=1, max=1024, help="LR sides are multiples of this. [default: 1; 8 for a network of your own]"),
    ] = None,
    batch: Annotated[int, typer.Option(help="Images in a pass.")] = 1,
    dtype: Dtypes = "float32",
    form: Annotated[FormOption, typer.Option(help="Re-parameterised networks: folded, or with all branches.")] = (
        FormOption.deploy
    ),
    device: Annotated[
        str,
        typer.Option(help="auto, cpu or cuda:N: how memory is predicted. With --memory the GPU need not be here."),
    ] = "auto",
    reserve: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="Part of the memory kept for interpreter and libraries, or 0. [default: 300MiB; 1GiB with CUDA]",
        ),
    ] = None,
) -> None:
    """Predict the largest LR image that fits a memory size, from shapes alone; nothing runs."""
    [*scales] = scales_of(scale)
    if len(scales) != 1:
        raise InputError(f"--scale {scale}: give one scale")
    from srbench.api.fitting import FitRequest
    from srbench.commands.fit import fit
    from srbench.limits import parse_bytes

    kept = None if reserve is None else 0 if reserve.strip() == "0" else parse_bytes(reserve, "--reserve")
    request = FitRequest(
        models=models,
        memory_bytes=parse_bytes(memory, "--memory") if memory is not None else None,
        scale=scales[0],
        aspects=aspect,
        dtype=dtype,
        form=form_of(form),
        device=device,
        batch=batch,
        reserve_bytes=kept,
        multiple=multiple,
    )
    raise typer.Exit(fit(request))
