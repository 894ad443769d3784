"""``srbench profile``: check, measure, store, print."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic_ns
from typing import get_args

from srbench import journal, machine, progress, store
from srbench.api.boards import Leaderboard
from srbench.api.examining import disturbances
from srbench.api.profiling import Session, opened
from srbench.api.request import Request, silent
from srbench.api.stored import measured_in, published_beside, rows_in
from srbench.board.leaderboard import rows_of
from srbench.board.published import ClaimBook, load_claims
from srbench.commands import readable, say, width
from srbench.counts import CounterName
from srbench.errors import InputError
from srbench.files import cause
from srbench.records import Record
from srbench.render import details
from srbench.timings import timings_text

OK, FAILED = 0, 1


@dataclass(frozen=True)
class Options:
    """What is measured, where it goes, and what is shown of it; the CLI's help says what they mean."""

    request: Request
    output: Path
    resume: bool
    timings: bool
    started_ns: int
    layers: bool
    samples: bool
    published: bool
    strict_ranks: bool
    wait: bool
    quiet: bool


def profile(options: Options) -> int:
    """Measure the cases, store each as it is done, print the table; 1 if a row failed, else 0."""
    note = silent if options.quiet else say
    with opened(options.request, options.output, resume=options.resume, tell=say, note=note) as session:
        stopped = _measure(session, options)
        records = session.records
        if records and not stopped:
            _show(records, options)
        if options.timings:
            print(f"\n{timings_text(session.entries_now, (monotonic_ns() - options.started_ns) / 1e9)}")
        if stopped and not (options.output / journal.NAME).is_file():
            say(f"{stopped}: the run's journal is gone, so nothing is there to go on with; measure again")
        elif stopped:
            finished = f"{len(session.entries)} finished processes are kept"
            done = f"{len(records)} of {len(session.plans)} cases are stored and {finished}"
            say(f"{stopped}: {done}; 'srbench profile --resume --output {options.output}' goes on")
    return FAILED if stopped or any(record.failed for record in records) else OK


def _measure(session: Session, options: Options) -> str:
    """Measure; why it stopped before its end, empty where it did not."""
    try:
        _look_around(session, options)
        session.measure(progress.choose(quiet=options.quiet))
    except KeyboardInterrupt:
        return "interrupted"
    except OSError as error:
        # A full or vanished disk: what is in the journal stays, and the rest is for another attempt.
        return f"cannot write to {options.output}: {cause(error)}"
    return ""


def _look_around(session: Session, options: Options) -> None:
    """Say in one line what would disturb the runtimes now, or wait until nothing does."""
    devices = [case.device for case in session.header.cases if case.device != "none"]
    if not devices or (options.quiet and not options.wait):
        return
    found = disturbances(devices[0], session.header.settings, wait=options.wait, tell=say)
    if found and not options.quiet:
        cure = "this was waited for, for an hour" if options.wait else "--wait waits until it has ended"
        say(f"not quiet now: {found}; runtimes will say so ({cure})")


def _show(records: Sequence[Record], options: Options) -> None:
    scales = {record.case.size.scale for record in records}
    everything = rows_in(options.output, scales, machine.describe().name, with_published=options.published, tell=say)
    files = Leaderboard(everything, options.strict_ranks).write(options.output)
    print(_report(records, options, files))
    for why in dict.fromkeys(each.energy.reason for each in records if each.energy is not None and each.energy.reason):
        say(f"no energy: {why}")
    if options.quiet:
        return
    say(f"wrote {len(records)} record(s) to {options.output / store.RUNS}; {', '.join(map(str, files))}")
    if options.request.challenge is not None:
        typed = f"--challenge {shlex.quote(options.request.challenge)} --output {shlex.quote(str(options.output))}"
        say(f"'srbench leaderboard {typed}' ranks them")


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


def _report(records: Sequence[Record], options: Options, files: Sequence[Path]) -> str:
    # What was left out of the folder's quality is said once, where its tables are written.
    rows = rows_of(records, ClaimBook(load_claims()), measured_in(options.output, tell=silent))
    rows += published_beside(rows) if options.published else []
    parts = [details.layers_text(record, width()) for record in records] if options.layers else []
    parts += [
        Leaderboard(rows, options.strict_ranks).text(width(), readable(files)),
        details.counters_text(records),
    ]
    parts += [details.samples_text(records, width())] if options.samples else []
    return "\n\n".join(part for part in parts if part)
