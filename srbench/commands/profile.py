"""``srbench profile``: check, measure, store, print."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from srbench import machine, models, progress, runner, store, workload
from srbench.board.leaderboard import published_rows, rows_of
from srbench.board.published import ClaimBook, load_claims
from srbench.commands import say
from srbench.commands.leaderboard import write_leaderboards
from srbench.device import choose_device
from srbench.errors import InputError
from srbench.records import Case, CounterName, Form, Record, Settings
from srbench.render import details, tables

OK, FAILED = 0, 1


@dataclass(frozen=True)
class Options:
    """The options as typed; the CLI's help says what they mean."""

    names: str
    scales: Sequence[int]
    gt: str | None
    lr: str | None
    lr_rounding: workload.Rounding
    batch: int
    form: Form
    static_only: bool
    output: Path
    device: str
    threads: int | None
    budget_s: float
    timeout_s: float
    counters: Sequence[CounterName]
    layers: bool
    with_published: bool
    seed: int
    quiet: bool


def profile(options: Options) -> int:
    """Measure the cases, store each as it is done, print the table; 1 if a row failed, else 0."""
    settings = Settings(seed=options.seed, budget_s=options.budget_s, timeout_s=options.timeout_s)
    cases = _cases(options)
    plans = runner.look_ahead(cases, settings)
    store.prepare(options.output)
    records: list[Record] = []

    def keep(record: Record) -> None:
        store.write(options.output, record)
        records.append(record)

    interrupted = False
    try:
        runner.run(plans, settings, options.counters, keep, progress.choose(quiet=options.quiet))
    except KeyboardInterrupt:
        interrupted = True
    if records:
        scales = {record.case.workload.scale for record in records}
        files = write_leaderboards(options.output, scales, machine.describe().name, options.with_published)
        print(_report(records, options))
        if not options.quiet:
            say(f"wrote {len(records)} record(s) to {options.output / store.RUNS}; {', '.join(map(str, files))}")
    if interrupted:
        say(f"interrupted: {len(records)} of {len(plans)} cases are done and stored")
    return FAILED if interrupted or any(record.failed for record in records) else OK


def read_counters(text: str) -> list[CounterName]:
    """``torch,fvcore`` -> those counters, ours (``torch``) first where it is named; the table shows ours anyway.

    Raises:
        InputError: an unknown one.
    """
    known = get_args(CounterName)
    asked = [part.strip().lower() for part in text.split(",") if part.strip()]
    for name in asked:
        if name not in known:
            raise InputError(f"unknown counter '{name}'; known are {', '.join(known)}")
    return [name for name in known if name in asked]


def _cases(options: Options) -> list[Case]:
    if options.lr is not None and options.gt is not None:
        raise InputError(f"--gt {options.gt} and --lr {options.lr} say the same thing twice; give one of them")
    if options.lr is not None:
        gt, lr = workload.HD720, workload.parse_size(options.lr, "--lr")
    else:
        gt, lr = workload.parse_size(options.gt, "--gt") if options.gt else workload.HD720, None
    loads = [
        workload.plan(scale, gt=gt, lr=lr, rounding=options.lr_rounding, batch=options.batch)
        for scale in dict.fromkeys(options.scales)
    ]
    named = models.parse(options.names, options.form)
    device = "none" if options.static_only else choose_device(options.device)
    if options.threads is not None and options.threads > machine.usable_cores():
        raise InputError(f"--threads {options.threads}: this process may use {machine.usable_cores()} cores")
    if options.threads is not None and device not in ("cpu", "none"):
        raise InputError(f"--threads is for the CPU; the device is {device}")
    parts = [part for part in options.names.split(",") if part.strip()]
    explicit = ",".join(part for part in parts if part.strip().lower().partition("@")[0] != "all")
    by_name = models.parse(explicit, options.form) if explicit else []
    optional = [model for model in named if model not in by_name]
    cases = runner.plan_cases(named, loads, device=device, threads=options.threads, optional=optional, tell=say)
    if not options.quiet:
        for remainder in dict.fromkeys(case.workload.remainder for case in cases):
            if remainder:
                say(remainder)
    return cases


def _report(records: Sequence[Record], options: Options) -> str:
    claims = ClaimBook(load_claims())
    rows = rows_of(records, claims)
    if options.with_published:
        rows += [row for scale in sorted({r.scale for r in rows}) for row in published_rows(scale, claims)]
    parts = [details.layers_text(record) for record in records] if options.layers else []
    parts += [tables.terminal(rows), details.counters_text(records)]
    return "\n\n".join(part for part in parts if part)
