"""The command line: arguments in, exit code out. Heavy imports happen inside the commands."""

import os
import sys
from pathlib import Path
from time import monotonic_ns
from typing import Annotated

import typer
from typer.exceptions import TyperException

from srbench.errors import InputError
from srbench.options import (
    RIGOROUS_ROUNDS,
    FormOption,
    MachineName,
    Output,
    RoundingOption,
    StrictRanks,
    WithPublished,
    check_positive,
    check_together,
    form_of,
    scales_of,
    share_of,
    typed,
)

#: For the wall time of a whole run.
STARTED_NS = monotonic_ns()
#: What typer returns for a Ctrl-C that it sees itself.
_TYPER_INTERRUPTED = 130

app = typer.Typer(
    name="srbench",
    help="Which super-resolution network is the better trade, on this machine?",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"srbench {version('srbench')}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Which super-resolution network is the better trade, on this machine?"""


@app.command()
def profile(
    context: typer.Context,
    models: Annotated[
        str | None,
        typer.Option(
            help="Comma-separated: names of 'srbench models', 'all' for the seven defaults, NAME@train, "
            "or path/to/net.py:Name for a network of your own."
        ),
    ] = None,
    scale: Annotated[str, typer.Option(help="Upscaling factor, or several: 2,3,4.")] = "4",
    gt: Annotated[
        str | None, typer.Option(metavar="WxH", help="GT size; LR is GT / scale. [default: 1280x720]")
    ] = None,
    lr: Annotated[str | None, typer.Option(metavar="WxH", help="LR size, in place of --gt.")] = None,
    lr_rounding: Annotated[RoundingOption, typer.Option(help="For a GT that the scale does not divide.")] = (
        RoundingOption.half_up
    ),
    batch: Annotated[int, typer.Option(help="Images in a pass.")] = 1,
    form: Annotated[FormOption, typer.Option(help="Re-parameterised networks: folded, or with all branches.")] = (
        FormOption.deploy
    ),
    static_only: Annotated[bool, typer.Option("--static-only", help="Only what follows from shapes; run nothing.")] = (
        False
    ),
    device: Annotated[str, typer.Option(help="auto, cpu or cuda:N.")] = "auto",
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads. [default: the usable cores]")] = None,
    budget: Annotated[
        float, typer.Option(help="Seconds of passes for a case, shared by its processes; at least 2 timed ones each.")
    ] = 15.0,
    rounds: Annotated[int, typer.Option(min=1, max=1000, help="Fresh processes for each case, in as many rounds.")] = 3,
    rigorous: Annotated[bool, typer.Option("--rigorous", help="5 rounds, and the budget grown alike.")] = False,
    precision: Annotated[
        str, typer.Option(help="A process stops once the interval of its median is this narrow, before its budget.")
    ] = "1%",
    timeout: Annotated[float, typer.Option(help="Seconds after which a process of a case is ended.")] = 300.0,
    counters: Annotated[str, typer.Option(help="Also count with others and name differences: torch,fvcore,thop.")] = (
        "torch"
    ),
    layers: Annotated[bool, typer.Option("--layers", help="Print a row for each convolution.")] = False,
    samples: Annotated[bool, typer.Option("--samples", help="Print what lies behind each runtime and peak.")] = False,
    with_published: WithPublished = False,
    strict_ranks: StrictRanks = False,
    memory_limit: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="Most that a process may map, e.g. 8GiB (CPU). [default: what is available]"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of weights, input and the order of rounds.")] = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the unfinished run in --output; nothing is measured twice.")
    ] = False,
    timings: Annotated[bool, typer.Option("--timings", help="Print where the wall time of the run went.")] = False,
    output: Output = Path("results"),
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
) -> None:
    """Measure models and print their leaderboard; records and tables go to --output."""
    check_together(typed(context))
    scales = scales_of(scale)
    check_positive("--budget", budget)
    check_positive("--timeout", timeout)
    from srbench.commands.leaderboard import Shown
    from srbench.commands.profile import Options, profile, read_counters

    raise typer.Exit(
        profile(
            Options(
                names=models,
                scales=scales,
                gt=gt,
                lr=lr,
                lr_rounding="floor" if lr_rounding is RoundingOption.floor else "half-up",
                batch=batch,
                form=form_of(form),
                static_only=static_only,
                output=output,
                device=device,
                threads=threads,
                budget_s=budget * RIGOROUS_ROUNDS / rounds if rigorous else budget,
                timeout_s=timeout,
                rounds=RIGOROUS_ROUNDS if rigorous else rounds,
                precision=share_of("--precision", precision),
                memory_limit=memory_limit,
                resume=resume,
                timings=timings,
                started_ns=STARTED_NS,
                counters=read_counters(counters),
                layers=layers,
                samples=samples,
                shown=Shown(with_published, strict_ranks),
                seed=seed,
                quiet=quiet,
            )
        )
    )


@app.command(name="models")
def list_models() -> None:
    """List the zoo: variants, scales, params, Multi-Adds, paper, notes."""
    from srbench.commands.zoo import list_models

    raise typer.Exit(list_models())


@app.command()
def leaderboard(
    scale: Annotated[str | None, typer.Option(help="One or several. [default: all that have records]")] = None,
    machine: MachineName = None,
    with_published: WithPublished = False,
    strict_ranks: StrictRanks = False,
    output: Output = Path("results"),
) -> None:
    """Rebuild the tables from stored records; measures nothing."""
    scales = scales_of(scale) if scale is not None else []
    from srbench.commands.leaderboard import Shown, leaderboard

    raise typer.Exit(leaderboard(output, scales, machine, Shown(with_published, strict_ranks)))


@app.command()
def plot(
    scale: Annotated[str, typer.Option(help="Upscaling factor.")] = "4",
    x: Annotated[str, typer.Option(help="Column on x: params, multi-adds, activations, convs, runtime, memory.")] = (
        "params"
    ),
    y: Annotated[str, typer.Option(help="Column on y: psnr, ssim, or any of the above.")] = "psnr",
    dataset: Annotated[str, typer.Option(help="Of psnr and ssim: set5, set14, b100, urban100, manga109.")] = "set5",
    size: Annotated[str, typer.Option(help="Column of the bubbles' area, or none.")] = "multi-adds",
    machine: MachineName = None,
    with_published: WithPublished = False,
    output: Output = Path("results"),
) -> None:
    """Draw the trade-off figure from stored records: PNG, PDF, SVG, and the plotted numbers as CSV."""
    [*scales] = scales_of(scale)
    if len(scales) != 1:
        raise InputError(f"--scale {scale}: a figure shows one scale")
    from srbench.commands.plot import plot

    raise typer.Exit(plot(output, scales[0], (x, y, size), dataset, machine, with_published))


@app.command()
def compare(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="FIRST OTHER...",
            help="Networks, as in profile (NAME, NAME@train, path/to/net.py:Name): measured now, in turns. Or stored "
            "runs: --output folders or single record files. A name of the zoo is a network even where a folder is "
            "called so; write ./span for the folder.",
            show_default=False,
        ),
    ],
    scale: Annotated[str | None, typer.Option(help="Upscaling factor, or several: 2,3,4. [default: 4]")] = None,
    gt: Annotated[
        str | None, typer.Option(metavar="WxH", help="GT size; LR is GT / scale. [default: 1280x720]")
    ] = None,
    lr: Annotated[str | None, typer.Option(metavar="WxH", help="LR size, in place of --gt.")] = None,
    batch: Annotated[int | None, typer.Option(help="Images in a pass. [default: 1]")] = None,
    form: Annotated[
        FormOption | None, typer.Option(help="Re-parameterised networks: folded or not. [default: deploy]")
    ] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu or cuda:N. [default: auto]")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads. [default: the usable cores]")] = None,
    rounds: Annotated[
        int | None,
        typer.Option(min=3, max=1000, help="Rounds; in each, every network runs in a fresh process. [default: 8]"),
    ] = None,
    budget: Annotated[
        float | None, typer.Option(help="Seconds of passes for each network, shared by its rounds. [default: 16]")
    ] = None,
    precision: Annotated[
        str | None, typer.Option(help="A process stops once the interval of its median is this narrow. [default: 1%]")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(help="Seconds after which a process is ended. [default: 300]")
    ] = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="METRIC:PERCENT",
            help="Exit 1 where FIRST is worse by more: runtime:3%,params:0%. Metrics: runtime, params, multi-adds, "
            "activations, convs, memory. A runtime fails only where its whole interval lies beyond; "
            "UNDECIDED does not fail.",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Compare stored runs of unlike machines, versions or settings; list them.")
    ] = False,
    fail_undecided: Annotated[
        bool, typer.Option("--fail-undecided", help="Exit 1 also where a gate cannot be decided.")
    ] = False,
    seed: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="Of weights, input, order of rounds and bootstrap.")
    ] = 0,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE.json", help="Also write the answers as JSON.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
) -> None:
    """Judge FIRST against each of the others: FASTER, SLOWER, SAME or CANNOT TELL, with the ratio and its interval.

    As a gate for CI: srbench compare new/ baseline/ --fail-on runtime:3% fails when new is slower.
    """
    for option, seconds in (("--budget", budget), ("--timeout", timeout)):
        if seconds is not None:
            check_positive(option, seconds)
    from srbench.commands.compare import Measuring, Options, run

    measuring = Measuring(
        scale=scales_of(scale) if scale is not None else None,
        gt=gt,
        lr=lr,
        batch=batch,
        form=None if form is None else form_of(form),
        device=device,
        threads=threads,
        rounds=rounds,
        budget=budget,
        precision=share_of("--precision", precision) if precision is not None else None,
        timeout=timeout,
    )
    raise typer.Exit(run(Options(what, measuring, fail_on or [], fail_undecided, force, seed, output, quiet)))


@app.command()
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


@app.command()
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
    from srbench.commands.fit import Options, fit

    raise typer.Exit(
        fit(
            Options(
                names=models,
                memory=memory,
                scale=scales[0],
                aspects=aspect,
                form=form_of(form),
                device=device,
                batch=batch,
                reserve=reserve,
                multiple=multiple,
            )
        )
    )


def main() -> None:
    """Run the command line. Exit codes: 0 good, 1 a row failed, 2 the command or its input is wrong."""
    try:
        code = app(prog_name="srbench", args=sys.argv[1:] or ["--help"], standalone_mode=False)
    except InputError as error:
        _fail(str(error))
    except TyperException as error:
        context = getattr(error, "ctx", None)
        _fail(f"{error.format_message().rstrip('.')}; see '{context.command_path if context else 'srbench'} --help'")
    except (KeyboardInterrupt, typer.Abort):
        print("srbench: interrupted", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            _leave_quietly()
        print(f"srbench: {error}", file=sys.stderr)
        sys.exit(1)
    if code == _TYPER_INTERRUPTED:
        print("srbench: interrupted", file=sys.stderr)
        code = 1
    sys.exit(code)


def _leave_quietly() -> None:
    """The reader of our output has left (`| head`); Python would complain again when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(1)


def _fail(message: str) -> None:
    print(f"srbench: {' '.join(message.replace('Value error, ', '').split())}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
