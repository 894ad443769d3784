"""``srbench profile``: check, measure, store, print."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import monotonic_ns
from typing import get_args

from srbench import journal, limits, machine, models, progress, runner, sizes, store
from srbench.assemble import Plan
from srbench.board import editions
from srbench.board.editions import Edition
from srbench.board.leaderboard import published_rows, rows_of
from srbench.board.published import ClaimBook, load_claims
from srbench.cases import Case, Form, Size
from srbench.commands import say
from srbench.commands.leaderboard import Shown, measured_in, write_leaderboards
from srbench.errors import InputError
from srbench.journal import Header, Journal
from srbench.machine.device import choose_device
from srbench.records import Allocator, CounterName, Record, Settings
from srbench.render import details, formats, tables
from srbench.timings import timings_text

OK, FAILED = 0, 1


@dataclass(frozen=True)
class Options:
    """The options as typed; the CLI's help says what they mean."""

    names: str | None
    scales: Sequence[int]
    gt: str | None
    lr: str | None
    lr_rounding: sizes.Rounding
    batch: int
    form: Form
    static_only: bool
    output: Path
    device: str
    threads: int | None
    budget_s: float
    timeout_s: float
    rounds: int
    patience_s: float
    precision: float
    memory_limit: str | None
    allocator: Allocator
    resume: bool
    timings: bool
    started_ns: int
    counters: Sequence[CounterName]
    challenge: str | None
    layers: bool
    samples: bool
    shown: Shown
    seed: int
    quiet: bool


def profile(options: Options) -> int:
    """Measure the cases, store each as it is done, print the table; 1 if a row failed, else 0."""
    if options.resume:
        store.check_exists(options.output)
        with store.locked(options.output):
            header, log = _resumed(options)
            plans = runner.look_ahead(header.cases, header.settings)
            return _measure(plans, header, log or _begun(header, options), options)
    header = _header(options)
    plans = runner.look_ahead(header.cases, header.settings)
    store.prepare(options.output)
    with store.locked(options.output):
        return _measure(plans, header, _begun(header, options), options)


def _begun(header: Header, options: Options) -> Journal:
    log, aside = journal.begin(options.output, header)
    if aside:
        say(f"{aside} finished process(es) of an unfinished run are set aside in {options.output / journal.SET_ASIDE}")
    return log


def _measure(plans: Sequence[Plan], header: Header, log: Journal, options: Options) -> int:
    records: list[Record] = []
    before = len(log.entries)

    def keep(record: Record) -> None:
        store.write(options.output, record)
        records.append(record)

    stopped = ""
    try:
        display = progress.choose(quiet=options.quiet)
        runner.run(plans, header.settings, header.counters, keep, display, log)
        log.close()
    except KeyboardInterrupt:
        stopped = "interrupted"
    except OSError as error:
        # A full or vanished disk: what is in the journal stays, and the rest is for another attempt.
        stopped = f"cannot write to {options.output}: {error.strerror or error}"
    if records and not stopped:
        scales = {record.case.size.scale for record in records}
        files = write_leaderboards(options.output, scales, machine.describe().name, options.shown)
        print(_report(records, options))
        if not options.quiet:
            say(f"wrote {len(records)} record(s) to {options.output / store.RUNS}; {', '.join(map(str, files))}")
            if options.challenge is not None:
                typed = f"--challenge {shlex.quote(options.challenge)} --output {shlex.quote(str(options.output))}"
                say(f"'srbench leaderboard {typed}' ranks them")
    if options.timings:
        print(f"\n{timings_text(log.entries[before:], (monotonic_ns() - options.started_ns) / 1e9)}")
    if stopped:
        done = f"{len(records)} of {len(plans)} cases are stored and {len(log.entries)} finished processes are kept"
        say(f"{stopped}: {done}; 'srbench profile --resume --output {options.output}' goes on")
    return FAILED if stopped or any(record.failed for record in records) else OK


def _resumed(options: Options) -> tuple[Header, Journal | None]:
    """The run to go on with: the unfinished one, or a new one where there is none and models are named.

    Raises:
        InputError: nothing to go on with, or the command or the machine is another than the run began with.
    """
    found = journal.resume(options.output)
    if found is None:
        if options.names is None:
            raise InputError(f"nothing to resume in {options.output}: no run was left unfinished there")
        say(f"nothing to resume in {options.output}: a new run begins")
        return _header(options), None
    header, log = found
    now = _header(options) if options.names is not None else header.renewed(machine.describe())
    if different := header.differences(now):
        raise InputError(
            f"the unfinished run in {options.output} differs in {'; '.join(different)}; "
            "go on with 'srbench profile --resume' as it was begun, or leave --resume out to begin anew"
        )
    if not options.quiet:
        say(f"going on with the run of {header.started:%Y-%m-%d %H:%M} UTC: {len(log.entries)} processes are done")
    return header, log


def _header(options: Options) -> Header:
    if options.names is None:
        raise InputError("name what to measure with --models; 'srbench models' lists the zoo")
    limit = limits.parse_bytes(options.memory_limit, "--memory-limit") if options.memory_limit else None
    cases = tuple(_cases(options, options.names))
    settings = Settings(
        seed=options.seed,
        budget_s=options.budget_s,
        timeout_s=options.timeout_s,
        rounds=options.rounds,
        patience_s=options.patience_s,
        precision=options.precision,
        memory_limit_bytes=limit or limits.available_bytes(),
        allocator=options.allocator,
    )
    return Header(
        srbench_version=version("srbench"),
        started=datetime.now(UTC),
        machine=machine.describe(),
        settings=settings,
        counters=tuple(options.counters),
        cases=cases,
        sources=journal.source_hashes(cases),
    )


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


def _cases(options: Options, names: str) -> list[Case]:
    if options.challenge is not None:
        return _cases_of(options, names, editions.find(options.challenge))
    if options.lr is not None and options.gt is not None:
        raise InputError(f"--gt {options.gt} and --lr {options.lr} say the same thing twice; give one of them")
    if options.lr is not None:
        gt, lr = sizes.HD720, sizes.parse_size(options.lr, "--lr")
    else:
        gt, lr = sizes.parse_size(options.gt, "--gt") if options.gt else sizes.HD720, None
    return _cases_under(
        [
            sizes.plan(scale, gt=gt, lr=lr, rounding=options.lr_rounding, batch=options.batch)
            for scale in dict.fromkeys(options.scales)
        ],
        options,
        names,
    )


def _cases_of(options: Options, names: str, edition: Edition) -> list[Case]:
    """What an edition needs: its counts from shapes alone, runtime and memory at its timed size."""
    counted, timed = (sizes.plan(edition.scale, lr=lr) for lr in (edition.inputs.counts_lr, edition.inputs.time_lr))
    cases = _cases_under([timed], options, names)
    if counted == timed:
        return cases
    shapes_only = replace(options, static_only=True, threads=None, quiet=True)
    return [*_cases_under([counted], shapes_only, names), *cases]


def _cases_under(loads: Sequence[Size], options: Options, names: str) -> list[Case]:
    named = models.parse(names, options.form)
    device = "none" if options.static_only else choose_device(options.device)
    if options.threads is not None and options.threads > machine.usable_cores():
        raise InputError(f"--threads {options.threads}: this process may use {machine.usable_cores()} cores")
    if options.threads is not None and device not in ("cpu", "none"):
        raise InputError(f"--threads is for the CPU; the device is {device}")
    parts = [part for part in names.split(",") if part.strip()]
    explicit = ",".join(part for part in parts if part.strip().lower().partition("@")[0] != "all")
    by_name = models.parse(explicit, options.form) if explicit else []
    optional = [model for model in named if model not in by_name]
    cases = runner.plan_cases(named, loads, device=device, threads=options.threads, optional=optional, tell=say)
    if not options.quiet:
        for remainder in dict.fromkeys(case.size.remainder for case in cases):
            if remainder:
                say(remainder)
    return cases


def _report(records: Sequence[Record], options: Options) -> str:
    claims = ClaimBook(load_claims())
    rows = rows_of(records, claims, measured_in(options.output))
    if options.shown.published:
        rows += [row for scale in sorted({r.scale for r in rows}) for row in published_rows(scale, claims)]
    parts = [details.layers_text(record) for record in records] if options.layers else []
    parts += [
        formats.terminal(tables.sections(rows, by_median=options.shown.strict_ranks)),
        details.counters_text(records),
    ]
    parts += [details.samples_text(records)] if options.samples else []
    return "\n\n".join(part for part in parts if part)
