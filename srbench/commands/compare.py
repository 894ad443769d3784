"""``srbench compare``: measure networks in interleaved rounds, or take stored runs, and say which is faster."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from pydantic import ValidationError

import model_defs
from srbench import limits, machine, migrations, models, progress, runner, sizes, store
from srbench.assemble import Plan
from srbench.board import gates, pairing
from srbench.board.comparison import ASSUMED, Comparison, Floor, Pair, Side, compare
from srbench.board.gates import Gate
from srbench.board.pairing import Alone, Stored
from srbench.cases import Case, Form, Model
from srbench.commands import say
from srbench.errors import InputError
from srbench.files import write_text
from srbench.machine import noise
from srbench.machine.device import choose_device
from srbench.records import Allocator, Record, Settings
from srbench.render import comparison as render

OK, FAILED = 0, 1

#: Each from a fork server of its own. With the noise of a shared host (one process in seven slower by an exponential
#: 12 %) 12 find a true 10 % difference in more than 9 of 10 runs (``scripts/simulate_compare.py``, docs/measuring.md).
ROUNDS = 12
#: More than a second for each process: two networks at x4 take about a minute.
BUDGET_S = 16.0


@dataclass(frozen=True)
class Measuring:
    """Options that bear on networks measured now; None where they are not typed."""

    scale: Sequence[int] | None = None
    gt: str | None = None
    lr: str | None = None
    batch: int | None = None
    form: Form | None = None
    device: str | None = None
    threads: int | None = None
    rounds: int | None = None
    budget: float | None = None
    precision: float | None = None
    timeout: float | None = None
    allocator: Allocator | None = None


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
    """Compare and print; 1 if a row failed or a gate said no, else 0."""
    if len(options.what) < 2:
        raise InputError("compare needs two networks or two stored runs at least; the first is judged against the rest")
    asked = gates.parse_gates(options.fail_on)
    stored = [is_stored(name) for name in options.what]
    if any(stored) and not all(stored):
        network, run_ = options.what[stored.index(False)], options.what[stored.index(True)]
        models.parse(network, "deploy")  # a name that is neither is told as such
        raise InputError(
            f"'{network}' is a network and '{run_}' a stored run; give networks only (measured now, in turns) or "
            "stored runs only"
        )
    if options.output is not None and not options.output.parent.is_dir():
        raise InputError(f"no folder {options.output.parent} for --output {options.output}")
    if all(stored):
        pairs, alone = _stored_pairs(options)
    else:
        if options.force:
            raise InputError("--force is for stored runs; networks are measured alike")
        networks = prepare(options)
        try:
            pairs, alone = measure(networks, quiet=options.quiet), []
        except KeyboardInterrupt:
            say("interrupted: the rounds are not complete, nothing is compared")
            return FAILED
    answers = answer(pairs, asked, options.seed)
    results = gates.check(asked, answers)
    unpaired_fail = bool(asked and alone and not options.allow_unpaired)
    print(render.terminal(answers, results, alone, unpaired_fail=unpaired_fail))
    if options.output is not None:
        write_text(options.output, render.as_json(answers, results, alone, unpaired_fail=unpaired_fail))
        if not options.quiet:
            say(f"wrote {options.output}")
    noes = {"FAILS", "UNDECIDED"} if options.fail_undecided else {"FAILS"}
    failed = any(each.problem for each in answers) or any(result.outcome in noes for result in results)
    return FAILED if failed or unpaired_fail else OK


def answer(pairs: Sequence[Pair], asked: Sequence[Gate] = (), seed: int = 0) -> list[Comparison]:
    """Every pair's answer, with the noise floor of its machine. Without a gate, a runtime is what is asked for."""
    timed = not asked or any(gate.metric == gates.RUNTIME for gate in asked)
    return compare(pairs, _floor_of, seed=seed, timed=timed)


def _floor_of(record: Record) -> Floor:
    found = noise.load(record.machine.name, record.case.device, say) if record.case.device != "none" else None
    if found is None:
        return ASSUMED
    other = f", with {found.threads} threads" if found.threads != record.case.threads else ""
    return Floor(found.floor, f"srbench doctor, {found.measured:%Y-%m-%d}, {record.case.device}{other}")


# --- Networks, measured now


@dataclass(frozen=True)
class Networks:
    """What is to be measured: all networks of a workload together, the one to be judged first.

    Attributes:
        plans: the cases, looked at ahead.
        names: what the output calls each.
        settings: of the run.
    """

    plans: tuple[Plan, ...]
    names: tuple[str, ...]
    settings: Settings


def prepare(options: Options) -> Networks:
    """Resolve names and options, and count every case, before anything is measured.

    Raises:
        InputError: one of them is wrong.
    """
    named, settings = _named(options), _settings(options)
    cases = _cases(named, options.measuring)
    return Networks(tuple(runner.look_ahead(cases, settings)), tuple(_names(cases, len(named))), settings)


def _settings(options: Options) -> Settings:
    typed = options.measuring
    return Settings(
        seed=options.seed,
        budget_s=typed.budget or BUDGET_S,
        timeout_s=typed.timeout or 300.0,
        rounds=typed.rounds or ROUNDS,
        precision=typed.precision or 0.01,
        memory_limit_bytes=limits.available_bytes(),
        allocator=typed.allocator or "keep",
    )


def _named(options: Options) -> list[Model]:
    """Each argument as one network; the same one twice is an A/A run."""
    named = []
    for typed in options.what:
        found = models.parse(typed, options.measuring.form or "deploy")
        if len(found) != 1:
            raise InputError(f"'{typed}' names {len(found)} networks; give each as an argument of its own")
        named += found
    return named


def _cases(named: Sequence[Model], typed: Measuring) -> list[Case]:
    if typed.lr is not None and typed.gt is not None:
        raise InputError(f"--gt {typed.gt} and --lr {typed.lr} say the same thing twice; give one of them")
    lr = sizes.parse_size(typed.lr, "--lr") if typed.lr is not None else None
    gt = sizes.parse_size(typed.gt, "--gt") if typed.gt is not None else sizes.HD720
    scales = dict.fromkeys(typed.scale or (4,))
    loads = [sizes.plan(scale, gt=gt, lr=lr, batch=1 if typed.batch is None else typed.batch) for scale in scales]
    device = choose_device(typed.device or "auto")
    if typed.threads is not None and typed.threads > machine.usable_cores():
        raise InputError(f"--threads {typed.threads}: this process may use {machine.usable_cores()} cores")
    if typed.threads is not None and device != "cpu":
        raise InputError(f"--threads is for the CPU; the device is {device}")
    return runner.plan_cases(named, loads, device=device, threads=typed.threads)


def _names(cases: Sequence[Case], networks: int) -> list[str]:
    """``span``, ``rfdn``; of the same network named again: ``span #2``."""
    names: list[str] = []
    for index, case in enumerate(cases):
        name = case.model.label
        earlier = [other.model.label for other in cases[index - index % networks : index]].count(name)
        names.append(f"{name} #{earlier + 1}" if earlier else name)
    return names


def measure(networks: Networks, *, quiet: bool) -> list[Pair]:
    """Measure in interleaved rounds; the first of each workload is paired with each of the others."""
    display = progress.choose(quiet=quiet)
    records = runner.run(networks.plans, networks.settings, (), lambda record: None, display)
    sides = [Side(name, record) for name, record in zip(networks.names, records, strict=True)]
    by_load: dict[tuple[int, ...], list[Side]] = {}
    for side in sides:
        by_load.setdefault(side.record.case.size.key, []).append(side)
    return [Pair(first, other, interleaved=True) for first, *others in by_load.values() for other in others]


# --- Stored runs


def is_stored(name: str) -> bool:
    """Whether an argument means a folder or file of records.

    A name of the zoo means the network, even where a folder is called so: ``./span`` then means the folder. Whatever
    else is a folder, or ends in ``.json``, or has a slash and is no Python file, is stored.
    """
    if ".py" in name:
        return False
    if name.endswith(".json") or "/" in name:
        return True
    return Path(name).exists() and not _is_network(name)


def _is_network(name: str) -> bool:
    try:
        model_defs.get(name.partition("@")[0])
    except model_defs.ZooError:
        return False
    return True


def _stored_pairs(options: Options) -> tuple[list[Pair], list[Alone]]:
    typed = [field.name for field in fields(Measuring) if getattr(options.measuring, field.name) is not None]
    if typed:
        raise InputError(f"--{typed[0]} is for networks that are measured now; stored runs have their own")
    paths = [Path(name).resolve() for name in options.what]
    if paths[0] in paths[1:]:
        raise InputError(f"{options.what[0]} would be compared with itself")
    first, *others = [_read(Path(name), name) for name in options.what]
    pairs: list[Pair] = []
    alone: list[Alone] = []
    for other in others:
        found = pairing.pair_up(first, other, force=options.force)
        if not found.pairs:
            raise InputError(_nothing_in_common(first, other))
        pairs += found.pairs
        alone += found.alone
    refused = pairing.refusal(pairs)
    if refused and not options.force:
        raise InputError(f"{refused}; --force compares all the same and lists the differences")
    return pairs, alone


def _nothing_in_common(first: Stored, other: Stored) -> str:
    near = pairing.near_misses(first, other)
    why = f": their networks differ in {'; '.join(near)}; --force compares all the same" if near else ""
    return f"{first.name} and {other.name} have no case in common{why}"


def _read(path: Path, typed: str) -> Stored:
    """The records of an --output folder (or of its ``runs``), or of one file.

    Raises:
        InputError: there is none.
    """
    name = typed.rstrip("/") or typed
    if path.is_dir():
        folder = path.parent if path.name == store.RUNS and not (path / store.RUNS).is_dir() else path
        if not any((folder / store.RUNS).glob("*.json")):
            where = folder / store.RUNS
            raise InputError(f"no records in {where}; give an --output folder of 'srbench profile', or a record file")
        return Stored(name, tuple(store.read(folder, complain=say)))
    try:
        record = migrations.load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"no folder or file {path}, nor a network of that name") from None
    except (ValidationError, UnicodeDecodeError):
        raise InputError(f"{path} is not a record of srbench") from None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    return Stored(name, (record,), single=True)
