"""Commands that run networks: ``profile`` and ``compare``."""

from pathlib import Path
from time import monotonic_ns
from typing import Annotated

import typer

from srbench.board import metrics
from srbench.cli.options import (
    CHALLENGES,
    MOST_BATCH,
    MOST_THREADS,
    QUICK_ROUNDS,
    THOROUGH,
    AllocatorOption,
    ClockOption,
    Dtypes,
    Engines,
    FormOption,
    InputOption,
    Layouts,
    Output,
    RoundingOption,
    StrictRanks,
    Tf32,
    Weights,
    WithPublished,
    allocator_of,
    check_positive,
    check_together,
    form_of,
    pixels_of,
    scales_of,
    share_of,
    typed,
    whole_numbers_of,
)
from srbench.defaults import BUDGET_S, PATIENCE_S, ROUNDS, TIMEOUT_S
from srbench.errors import InputError
from srbench.running import ENGINES

#: For the wall time of a whole run.
STARTED_NS = monotonic_ns()


def profile(
    context: typer.Context,
    models: Annotated[
        str | None,
        typer.Option(
            help="Comma-separated: names of 'srbench models', 'all' for the seven defaults, NAME@train, "
            "or path/to/net.py:Name for a network of your own, 'net.py:Name(width=32)=Ours' with arguments and a name; "
            "a way of running may stand behind each: span+compile."
        ),
    ] = None,
    suite: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="Networks, each with all that it needs: see the guide.")
    ] = None,
    skip_invalid: Annotated[
        bool, typer.Option("--skip-invalid", help="Leave networks out that are named wrongly, rather than refuse all.")
    ] = False,
    weights: Weights = None,
    scale: Annotated[str, typer.Option(help="Upscaling factor, or several: 2,3,4.")] = "4",
    gt: Annotated[
        str | None, typer.Option(metavar="WxH", help="GT size, or several; LR is GT / scale. [default: 1280x720]")
    ] = None,
    lr: Annotated[str | None, typer.Option(metavar="WxH", help="LR size, or several, in place of --gt.")] = None,
    lr_rounding: Annotated[RoundingOption, typer.Option(help="For a GT that the scale does not divide.")] = (
        RoundingOption.half_up
    ),
    batch: Annotated[str, typer.Option(metavar="N", help="Images in a pass, or several: 1,4.")] = "1",
    form: Annotated[FormOption, typer.Option(help="Re-parameterised networks: folded, or with all branches.")] = (
        FormOption.deploy
    ),
    engine: Engines = "eager",
    dtype: Dtypes = "float32",
    layout: Layouts = "contiguous",
    tf32: Tf32 = None,
    static_only: Annotated[bool, typer.Option("--static-only", help="Only what follows from shapes; run nothing.")] = (
        False
    ),
    device: Annotated[str, typer.Option(help="auto, cpu or cuda:N.")] = "auto",
    threads: Annotated[
        str | None, typer.Option(metavar="N", help="CPU threads, or several: 1,2. [default: the usable cores]")
    ] = None,
    budget: Annotated[
        float, typer.Option(help="Seconds of passes for a case, shared by its processes; at least 2 timed ones each.")
    ] = BUDGET_S,
    rounds: Annotated[
        int,
        typer.Option(
            min=1,
            max=1000,
            help="Fresh processes for each case, in as many rounds; 3 for one so slow that these spend its budget.",
        ),
    ] = ROUNDS,
    patience: Annotated[
        float,
        typer.Option(
            help="Seconds of passes in further rounds, for a case whose interval is still too wide; 0 for none."
        ),
    ] = PATIENCE_S,
    quick: Annotated[
        bool, typer.Option("--quick", help="A first look: 3 rounds, budget to match, no patience; intervals are wide.")
    ] = False,
    thorough: Annotated[
        bool, typer.Option("--thorough", "--rigorous", help="Twice the rounds, the budget and the patience.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Begin when the machine is quiet; wait for that an hour at most.")
    ] = False,
    precision: Annotated[
        str, typer.Option(help="A process stops once the interval of its median is this narrow, before its budget.")
    ] = "1%",
    timeout: Annotated[float, typer.Option(help="Seconds after which a process of a case is ended.")] = TIMEOUT_S,
    counters: Annotated[str, typer.Option(help="Also count with others and name differences: torch,fvcore,thop.")] = (
        "torch"
    ),
    challenge: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE.toml", help=f"Measure what a challenge needs, in its inputs: {CHALLENGES}."),
    ] = None,
    layers: Annotated[bool, typer.Option("--layers", help="Print a row for each convolution.")] = False,
    samples: Annotated[bool, typer.Option("--samples", help="Print what lies behind each runtime and peak.")] = False,
    with_published: WithPublished = False,
    strict_ranks: StrictRanks = False,
    memory_limit: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="Most that a process may map, e.g. 8GiB (CPU). [default: what is available]"),
    ] = None,
    allocator: Annotated[
        AllocatorOption,
        typer.Option(help="CPU: timed processes keep freed memory for the next pass, or do as the C library does."),
    ] = AllocatorOption.keep,
    input_: Annotated[
        InputOption, typer.Option("--input", help="What passes see: a photograph, or uniform noise.")
    ] = InputOption.natural,
    clock: Annotated[
        ClockOption, typer.Option(help="GPU: locked marks rows UNLOCKED whose clock was not fixed; nothing is set.")
    ] = ClockOption.as_is,
    lock_clocks: Annotated[
        int | None,
        typer.Option(metavar="MHZ", min=1, max=100_000, help="GPU: fix its clock for this run (needs permission)."),
    ] = None,
    energy: Annotated[
        bool,
        typer.Option("--energy", help="Also energy of an image, by the device's counter: 5 to 20 s for each case."),
    ] = False,
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
    if patience:
        check_positive("--patience", patience)
    gts, lrs = pixels_of("--gt", gt), pixels_of("--lr", lr)
    batches = whole_numbers_of("--batch", batch, MOST_BATCH)
    counts = whole_numbers_of("--threads", threads, MOST_THREADS) if threads is not None else [None]
    from srbench.api.request import Request
    from srbench.commands.profile import Options, profile, read_counters
    from srbench.limits import parse_bytes

    if quick and thorough:
        raise InputError("--quick and --thorough are two budgets; give one")
    if quick:
        rounds, budget, patience = min(rounds, QUICK_ROUNDS), budget * QUICK_ROUNDS / ROUNDS, 0.0
    more = THOROUGH if thorough else 1
    request = Request(
        models=models,
        scale=scales,
        gt=gts,
        lr=lrs,
        lr_rounding="floor" if lr_rounding is RoundingOption.floor else "half-up",
        batch=batches,
        form=form_of(form),
        engine=engine,
        dtype=dtype,
        layout=layout,
        tf32=tf32 or "",
        device="none" if static_only else device,
        threads=counts,
        challenge=challenge,
        rounds=rounds * more,
        budget_s=budget * more,
        patience_s=patience * more,
        precision=share_of("--precision", precision),
        timeout_s=timeout,
        counters=read_counters(counters),
        memory_limit_bytes=parse_bytes(memory_limit, "--memory-limit") if memory_limit else None,
        input="natural" if input_ is InputOption.natural else "noise",
        clock="locked" if clock is ClockOption.locked else "as-is",
        lock_mhz=lock_clocks,
        energy=energy,
        allocator=allocator_of(allocator),
        seed=seed,
        suite=suite,
        skip_invalid=skip_invalid,
        weights=weights or (),
    )
    raise typer.Exit(
        profile(
            Options(
                request=request,
                output=output,
                resume=resume,
                timings=timings,
                started_ns=STARTED_NS,
                layers=layers,
                samples=samples,
                published=with_published,
                strict_ranks=strict_ranks,
                wait=wait,
                quiet=quiet,
            )
        )
    )


def compare(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="FIRST OTHER...",
            help="Networks, as in profile (NAME, NAME@train, NAME+compile, path/to/net.py:Name): measured now, in "
            "turns. Or stored runs: --output folders or single record files. A name of the zoo is a network even "
            "where a folder is called so; write ./span for the folder.",
            show_default=False,
        ),
    ],
    scale: Annotated[str | None, typer.Option(help="Upscaling factor, or several: 2,3,4. [default: 4]")] = None,
    gt: Annotated[
        str | None, typer.Option(metavar="WxH", help="GT size, or several; LR is GT / scale. [default: 1280x720]")
    ] = None,
    lr: Annotated[str | None, typer.Option(metavar="WxH", help="LR size, or several, in place of --gt.")] = None,
    batch: Annotated[
        str | None, typer.Option(metavar="N", help="Images in a pass, or several: 1,4. [default: 1]")
    ] = None,
    form: Annotated[
        FormOption | None, typer.Option(help="Re-parameterised networks: folded or not. [default: deploy]")
    ] = None,
    engine: Annotated[str | None, typer.Option(help=f"What runs them: {', '.join(ENGINES)}; or several.")] = None,
    dtype: Annotated[str | None, typer.Option(help="float32, bfloat16, float16; or several.")] = None,
    layout: Annotated[str | None, typer.Option(help="contiguous, channels_last; or several.")] = None,
    tf32: Tf32 = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu or cuda:N. [default: auto]")] = None,
    threads: Annotated[
        str | None, typer.Option(metavar="N", help="CPU threads, or several: 1,2. [default: the usable cores]")
    ] = None,
    rounds: Annotated[
        int | None,
        typer.Option(min=3, max=1000, help="Rounds; in each, every network runs in a fresh process. [default: 12]"),
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
    allocator: Annotated[
        AllocatorOption | None,
        typer.Option(help="CPU: keep freed memory for the next pass, or do as the C library does. [default: keep]"),
    ] = None,
    weights: Weights = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="METRIC:PERCENT",
            help="Exit 1 where FIRST is worse by more: runtime:3%,params:0%. Metrics: "
            f"{', '.join(metric.name for metric in metrics.gates())}. A runtime fails only where its whole interval "
            "lies beyond; UNDECIDED does not fail.",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Compare stored runs of unlike machines, versions or settings; list them.")
    ] = False,
    fail_undecided: Annotated[
        bool, typer.Option("--fail-undecided", help="Exit 1 also where a gate cannot be decided.")
    ] = False,
    allow_unpaired: Annotated[
        bool, typer.Option("--allow-unpaired", help="Gates also hold where only one of two stored runs has a case.")
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
        gt=pixels_of("--gt", gt) or None,
        lr=pixels_of("--lr", lr) or None,
        batch=whole_numbers_of("--batch", batch, MOST_BATCH) if batch is not None else None,
        form=None if form is None else form_of(form),
        engine=engine,
        dtype=dtype,
        layout=layout,
        tf32=tf32,
        device=device,
        threads=whole_numbers_of("--threads", threads, MOST_THREADS) if threads is not None else None,
        rounds=rounds,
        budget_s=budget,
        precision=share_of("--precision", precision) if precision is not None else None,
        timeout_s=timeout,
        allocator=None if allocator is None else allocator_of(allocator),
        weights=weights or None,
    )
    raise typer.Exit(
        run(Options(what, measuring, fail_on or [], fail_undecided, allow_unpaired, force, seed, output, quiet))
    )
