"""``srbench compare``: measure networks in interleaved rounds, or take stored runs, and say which is faster."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from srbench import planning, progress
from srbench.api import comparing
from srbench.api.comparing import Compared, is_stored
from srbench.api.request import Pixels
from srbench.board import gates
from srbench.cases import Form
from srbench.commands import say, width
from srbench.errors import InputError
from srbench.files import write_text
from srbench.records import Allocator
from srbench.render import comparison as render

OK, FAILED = 0, 1


@dataclass(frozen=True)
class Measuring:
    """Options that bear on networks measured now, by their names in a request; None where they are not typed."""

    scale: Sequence[int] | None = None
    gt: Sequence[Pixels] | None = None
    lr: Sequence[Pixels] | None = None
    batch: Sequence[int] | None = None
    form: Form | None = None
    engine: str | None = None
    dtype: str | None = None
    layout: str | None = None
    tf32: str | None = None
    device: str | None = None
    threads: Sequence[int] | None = None
    rounds: int | None = None
    budget_s: float | None = None
    precision: float | None = None
    timeout_s: float | None = None
    allocator: Allocator | None = None
    weights: Sequence[str] | None = None

    @property
    def typed(self) -> dict[str, Any]:
        """Those that are typed."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True)
class Options:
    """The options as typed; the CLI's help says what they mean."""

    what: Sequence[str]
    measuring: Measuring
    fail_on: Sequence[str]
    fail_undecided: bool
    allow_unpaired: bool
    force: bool
    seed: int
    output: Path | None
    quiet: bool


def run(options: Options) -> int:
    """Compare and print; 1 if a row failed or a gate said no, else 0.

    Raises:
        InputError: fewer than two sides, networks and stored runs mixed, or what the comparison refuses.
    """
    if len(options.what) < 2:
        raise InputError("compare needs two networks or two stored runs at least; the first is judged against the rest")
    gates.parse_gates(options.fail_on)
    stored = [is_stored(name) for name in options.what]
    if any(stored) and not all(stored):
        network, run_ = options.what[stored.index(False)], options.what[stored.index(True)]
        planning.parse(network)  # a name that is neither is told as such
        raise InputError(
            f"'{network}' is a network and '{run_}' a stored run; give networks only (measured now, in turns) or "
            "stored runs only"
        )
    if options.output is not None and not options.output.parent.is_dir():
        raise InputError(f"no folder {options.output.parent} for --output {options.output}")
    try:
        found = _stored(options) if all(stored) else _measured(options)
    except KeyboardInterrupt:
        say("interrupted: the rounds are not complete, nothing is compared")
        return FAILED
    return _told(found, options)


def _measured(options: Options) -> Compared:
    if options.force:
        raise InputError("--force is for stored runs; networks are measured alike")
    return comparing.compare_networks(
        comparing.request_of(options.what, seed=options.seed, **options.measuring.typed),
        options.fail_on,
        watcher=progress.choose(quiet=options.quiet),
        tell=say,
    )


def _stored(options: Options) -> Compared:
    if typed := list(options.measuring.typed):
        option = typed[0].removesuffix("_s")
        raise InputError(f"--{option} is for networks that are measured now; stored runs have their own")
    return comparing.compare_stored(options.what, options.fail_on, force=options.force, seed=options.seed, tell=say)


def _told(found: Compared, options: Options) -> int:
    unpaired_fail = bool(found.gates and found.alone and not options.allow_unpaired)
    what = (found.answers, found.gates, found.alone)
    print(render.terminal(*what, unpaired_fail=unpaired_fail, width=width()))
    if options.output is not None:
        write_text(options.output, render.as_json(*what, unpaired_fail=unpaired_fail))
        if not options.quiet:
            say(f"wrote {options.output}")
    noes = {"FAILS", "UNDECIDED"} if options.fail_undecided else {"FAILS"}
    failed = any(each.problem for each in found.answers) or any(each.outcome in noes for each in found.gates)
    return FAILED if failed or unpaired_fail else OK
