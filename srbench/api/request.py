"""What a run is asked, in typed values: networks, the axes of a grid, and how long to measure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from math import inf
from pathlib import Path

from srbench import journal, limits, live, machine, planning, sizes, suites
from srbench.board import editions
from srbench.cases import Case, Form, Size
from srbench.counts import CounterName
from srbench.defaults import BUDGET_S, PATIENCE_S, ROUNDS, TIMEOUT_S
from srbench.errors import InputError
from srbench.journal import Header
from srbench.live import Live, Networks
from srbench.machine.device import choose_device
from srbench.planning import Asked
from srbench.quality import weights
from srbench.quality.checkpoints import weights_with
from srbench.records import Allocator, ClockDemand, Input, Settings

#: Width and height in pixels.
Pixels = tuple[int, int]
#: A line for people.
Tell = Callable[[str], None]


def silent(line: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Request:
    """Everything that a run depends on. Axes with several values are a grid together: one case for each combination.

    Attributes:
        models: names as on the command line, live modules, or both; None for those of the suite alone.
        suite: a file that lists further networks (:mod:`srbench.suites`).
        skip_invalid: leave networks out that cannot be asked for, rather than refuse all.
        weights: folders or files of checkpoints, or ``MODEL=FILE``, that networks are measured with.
        scale: upscaling factors.
        gt: GT sizes, (width, height) in pixels; LR is GT / scale.
        lr: LR sizes in place of ``gt``.
        lr_rounding: of a GT that the scale does not divide.
        batch: images in a pass.
        form: of networks that re-parameterise themselves.
        engine, dtype, layout, tf32: ways of running, comma-separated; no ``tf32`` for torch's defaults.
        device: ``auto``, ``cpu`` or ``cuda:N``; ``none`` for what follows from shapes alone.
        threads: of the CPU; None for all usable cores.
        challenge: name or file of an edition, whose inputs then are measured in place of ``scale``, ``gt`` and ``lr``.
        rounds: fresh processes for each case.
        budget_s: seconds of passes for a case, shared by its processes.
        patience_s: seconds of passes in further rounds, for a case whose interval is still too wide.
        precision: a process stops once the interval of its median is this share of it.
        timeout_s: after which a process is ended.
        counters: to hold our Multi-Adds against.
        memory_limit_bytes: most that a process may map; None for what is available.
        input: what passes see: ``natural``, a picture, or ``noise``.
        clock: ``locked`` for rows of a GPU whose clock is fixed alone.
        lock_mhz: the clock to which the GPU is locked during the run; None to set nothing.
        energy: whether energy is measured, too, by the device's counter.
        allocator: what a timed process does with freed memory on a CPU.
        seed: of weights, input and the order of rounds.
        repeated: whether a network that is named twice is measured twice.
    """

    models: Networks | None
    scale: Sequence[int] = (4,)
    gt: Sequence[Pixels] = ()
    lr: Sequence[Pixels] = ()
    lr_rounding: sizes.Rounding = "half-up"
    batch: Sequence[int] = (1,)
    form: Form = "deploy"
    engine: str = "eager"
    dtype: str = "float32"
    layout: str = "contiguous"
    tf32: str = ""
    device: str = "auto"
    threads: Sequence[int | None] = (None,)
    challenge: str | None = None
    rounds: int = ROUNDS
    budget_s: float = BUDGET_S
    patience_s: float = PATIENCE_S
    precision: float = 0.01
    timeout_s: float = TIMEOUT_S
    counters: Sequence[CounterName] = ("torch",)
    memory_limit_bytes: int | None = None
    input: Input = "natural"
    clock: ClockDemand = "as-is"
    lock_mhz: int | None = None
    energy: bool = False
    allocator: Allocator = "keep"
    seed: int = 0
    repeated: bool = False
    suite: Path | None = None
    skip_invalid: bool = False
    weights: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Refuse what no run can be asked.

        Raises:
            InputError: a number that makes no sense, or an unknown form.
        """
        if self.form not in ("train", "deploy"):
            raise InputError(f"form {self.form!r} is neither train nor deploy")
        if self.rounds < 1:
            raise InputError(f"rounds {self.rounds} must be at least 1")
        for name, seconds in (("budget", self.budget_s), ("timeout", self.timeout_s)):
            if not 0 < seconds < inf:
                raise InputError(f"{name} {seconds:g} must be a positive number of seconds")
        if not 0 <= self.patience_s < inf:
            raise InputError(f"patience {self.patience_s:g} must be a number of seconds, 0 for none")
        if not 0 < self.precision < 1:
            raise InputError(f"precision {self.precision:g} is no share such as 0.01")

    @property
    def nameless(self) -> bool:
        """Whether it names no network, but asks for what was begun before."""
        return self.models is None and self.suite is None

    @property
    def settings(self) -> Settings:
        """How each case is measured."""
        return Settings(
            seed=self.seed,
            budget_s=self.budget_s,
            timeout_s=self.timeout_s,
            rounds=self.rounds,
            patience_s=self.patience_s,
            precision=self.precision,
            memory_limit_bytes=self.memory_limit_bytes or limits.available_bytes(),
            input=self.input,
            clock="locked" if self.lock_mhz is not None else self.clock,
            lock_mhz=self.lock_mhz,
            energy=self.energy,
            allocator=self.allocator,
        )


@dataclass(frozen=True)
class Resolved:
    """A request with its names looked up: what the run is, its live modules by their sources, and how many networks."""

    header: Header
    modules: Mapping[str, Live] = field(default_factory=dict)
    networks: int = 0


def resolve(request: Request, tell: Tell = silent, note: Tell = silent) -> Resolved:
    """Look everything up before anything is measured; ``tell`` gets what was left out, ``note`` what else is special.

    Args:
        request: what was asked for.
        tell: gets lines on what is left out.
        note: gets lines on what else is special.

    Raises:
        InputError: a name, a size or a way of running that is wrong, or nothing to do.
    """
    asked, modules = networks_of(request, tell)
    cases = tuple(_cases(request, asked, tell, note))
    if request.settings.clock == "locked" and any(case.device == "cpu" for case in cases):
        raise InputError("a clock is locked on GPUs alone, and the device is cpu; leave --clock and --lock-clocks out")
    header = Header(
        srbench_version=version("srbench"),
        started=datetime.now(UTC),
        machine=machine.describe(),
        settings=request.settings,
        counters=tuple(request.counters),
        cases=cases,
        sources=journal.source_hashes(cases),
    )
    return Resolved(header, modules, len(asked))


def networks_of(request: Request, tell: Tell = silent) -> tuple[list[Asked], dict[str, Live]]:
    """The networks of a request, and its live modules by their sources; ``tell`` gets what was left out.

    Raises:
        InputError: an unknown name, or none at all.
    """
    if request.nameless:
        raise InputError("name what to measure with --models; 'srbench models' lists the zoo")
    asked: list[Asked] = []
    modules: dict[str, Live] = {}
    for each in live.names_and_modules(request.models if request.models is not None else ()):
        if isinstance(each, str):
            names = planning.valid(each, tell) if request.skip_invalid else each
            asked += planning.parse(names, request.form)
            continue
        name, module = each
        found = live.adopt(module, name)
        assert found.model.source is not None
        modules[found.model.source] = found
        asked.append(Asked(found.model))
    if request.suite is not None:
        asked += suites.read(request.suite, tell if request.skip_invalid else None)
    if not asked:
        raise InputError("no network is named; 'srbench models' lists the zoo")
    planning.check_told_apart(asked)
    return asked, modules


def sizes_of(request: Request) -> list[Size]:
    """Every size of the grid, scale by scale.

    Raises:
        InputError: GT and LR at once, or a size that leaves no pixel.
    """
    if request.gt and request.lr:
        gt, lr = ("x".join(map(str, each[0])) for each in (request.gt, request.lr))
        raise InputError(f"--gt {gt} and --lr {lr} say the same thing twice; give one of them")
    given: list[dict[str, Pixels]] = [{"lr": each} for each in request.lr] or [
        {"gt": each} for each in (request.gt or [sizes.HD720])
    ]
    return [
        sizes.plan(each, **size, rounding=request.lr_rounding, batch=batch)
        for each in dict.fromkeys(request.scale)
        for size in given
        for batch in dict.fromkeys(request.batch)
    ]


def _cases(request: Request, asked: Sequence[Asked], tell: Tell, note: Tell) -> list[Case]:
    if request.challenge is None:
        return _under(request, asked, sizes_of(request), tell, note)
    edition = editions.find(request.challenge)
    # What an edition needs: its counts from shapes alone, runtime and memory at its timed size.
    counted, timed = (sizes.plan(edition.scale, lr=lr) for lr in (edition.inputs.counts_lr, edition.inputs.time_lr))
    cases = _under(request, asked, [timed], tell, note)
    if counted == timed:
        return cases
    return [*_under(replace(request, device="none", threads=(None,)), asked, [counted], silent, silent), *cases]


def _under(request: Request, asked: Sequence[Asked], sizes_: Sequence[Size], tell: Tell, note: Tell) -> list[Case]:
    models = {each.model.key: each.model for each in asked if not each.model.live}
    given = weights.given(request.weights, list(models.values()))
    cases = planning.cases_of(
        asked,
        sizes_,
        planning.modes_of(request.engine, request.dtype, request.layout, request.tf32),
        device=request.device if request.device == "none" else choose_device(request.device),
        threads=request.threads,
        once=not request.repeated,
        weights=lambda each, scale: weights_with(each.model, scale, given, each.weights, tell),
        tell=tell,
    )
    for remainder in dict.fromkeys(case.size.remainder for case in cases):
        if remainder:
            note(remainder)
    return cases
