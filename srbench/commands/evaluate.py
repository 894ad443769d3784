"""``srbench evaluate``: PSNR and SSIM of networks with their weights on data sets."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import fmean

from srbench import limits, machine, models, store
from srbench.board.published import ClaimBook, load_claims
from srbench.cases import Form, Mode, Model
from srbench.commands import say
from srbench.errors import InputError
from srbench.facts import Machine
from srbench.journal import SAME_MACHINE
from srbench.launch import launch
from srbench.machine.device import choose_device
from srbench.quality import datasets, weights
from srbench.quality import store as quality_store
from srbench.quality.checkpoints import fingerprint_of, weights_of
from srbench.quality.datasets import Dataset
from srbench.quality.evaluate import BICUBIC, EvaluationJob
from srbench.quality.protocols import PRESETS, Protocol
from srbench.quality.results import Evaluation, ImageResult, QualityRecord, SetRead
from srbench.render import quality as render
from srbench.worker import Answer

OK, FAILED = 0, 1


@dataclass(frozen=True)
class Options:
    """The options as typed; the CLI's help says what they mean."""

    names: str
    scales: Sequence[int]
    datasets: str
    weights: Sequence[str]
    data: Path
    protocols: str
    form: Form
    device: str
    threads: int | None
    mode: Mode
    timeout_s: float
    images: bool
    resume: bool
    output: Path
    quiet: bool


@dataclass(frozen=True)
class Task:
    """One record to be: the question, and the files that it is asked of.

    ``problem`` is what went wrong with a user's network before anything could be asked of it.
    """

    asked: Evaluation
    checkpoint: Path | None
    dataset: Dataset
    problem: Answer | None = None


def evaluate(options: Options) -> int:
    """Evaluate every network on every set, store each image as it is done, print the table; 1 if a row failed."""
    tasks = plan(options)
    store.prepare(options.output)
    here = machine.describe()
    records, written = [], 0
    with store.locked(options.output):
        try:
            for number, task in enumerate(tasks, 1):
                before = _earlier(task.asked, here, options.output) if options.resume else None
                if before is None or not before.complete:
                    tell = _silent if options.quiet else _Told(task, f"[{number}/{len(tasks)}] ")
                    before, written = _one(task, before, here, options, tell), written + 1
                records.append(before)
        except KeyboardInterrupt:
            say(f"interrupted: what is done is kept in {options.output / quality_store.FOLDER}; --resume goes on")
            return FAILED
        except OSError as error:
            where = error.filename or options.output
            say(f"cannot write to {where}: {error.strerror or error}; --resume goes on with what is stored")
            return FAILED
    with_modes = [record.evaluation for record in records if not record.evaluation.mode.plain]
    plain = [quality_store.earlier(options.output, asked.plain) for asked in with_modes]
    modes = render.modes(records, [record for record in plain if record is not None])
    print(render.terminal(records, ClaimBook(load_claims()), images=options.images) + modes)
    if not options.quiet:
        kept = f"; {len(records) - written} were complete" if written < len(records) else ""
        say(f"wrote {written} record(s) to {options.output / quality_store.FOLDER}{kept}")
    return OK if all(record.complete for record in records) else FAILED


def plan(options: Options) -> list[Task]:
    """Every record to be made, with all files found and all checkpoints looked into, before anything runs.

    Raises:
        InputError: a name, a file or a set that is not there or does not fit.
    """
    protocols = _protocols(options.protocols)
    device = choose_device(options.device)
    threads = options.threads or machine.usable_cores() if device == "cpu" else None
    networks = named(options.names, options.form)
    given = weights.given(options.weights, [model for model, _ in networks if model.variant != BICUBIC])
    sets = [
        (scale, datasets.find(name.strip(), options.data, scale))
        for scale in dict.fromkeys(options.scales)
        for name in options.datasets.split(",")
        if name.strip()
    ]
    sets = list({(scale, found.folder.resolve()): (scale, found) for scale, found in sets}.values())
    for number, (scale, one) in enumerate(sets):
        twin = next((each for s, each in sets[:number] if (s, each.name) == (scale, one.name)), None)
        if twin is not None:
            raise InputError(f"{twin.folder} and {one.folder} are both called {one.name}; evaluate one at a time")
    if not sets:
        raise InputError("--datasets names no set, such as set5,set14,b100")
    read = {(scale, found.folder): _read_set(found) for scale, found in sets}
    tasks = []
    for model, optional in networks:
        for scale in dict.fromkeys(options.scales):
            found = weights_of(model, scale, given, say, optional=optional)
            if found is None:
                continue
            path, checkpoint = found
            network, problem = fingerprint_of(model, scale, path, options.timeout_s, device)
            for _, dataset in (each for each in sets if each[0] == scale):
                asked = Evaluation(
                    model=model,
                    scale=scale,
                    checkpoint=checkpoint,
                    network=network,
                    dataset=read[scale, dataset.folder],
                    protocols=_fitting(protocols, model),
                    mode=options.mode,
                    device=device,
                    threads=threads,
                )
                # A mode is shown by what it moves: its plain counterpart is evaluated too, unless it is stored.
                # Tiles are for want of memory: there the whole image is not tried.
                if asked.plain.mode.tile == asked.mode.tile and asked.plain != asked:
                    before = quality_store.earlier(options.output, asked.plain)
                    if before is None or not before.complete:
                        tasks.append(Task(asked.plain, path, dataset, problem))
                tasks.append(Task(asked, path, dataset, problem))
    if not tasks:
        raise InputError("nothing to do: no checkpoint of any of the networks is at hand; name a folder with --weights")
    return tasks


def named(names: str, form: Form) -> list[tuple[Model, bool]]:
    """The networks, each with whether it may be left out where no weights are at hand (``all``).

    Raises:
        InputError: an unknown name, or none.
    """
    found: list[tuple[Model, bool]] = []
    for typed in (part.strip() for part in names.split(",")):
        if typed.lower() == BICUBIC:
            found.append((Model(architecture="Bicubic", variant=BICUBIC), False))
        elif typed:
            found += [(model, typed.lower() == "all") for model in models.parse(typed, form)]
    if not found:
        raise InputError("--models names no model; 'srbench models' lists them")
    # A user's file may be typed in several ways.
    by_name = {model.key: (model, optional) for model, optional in reversed(found)}
    return list(by_name.values())[::-1]


def _protocols(typed: str) -> tuple[Protocol, ...]:
    names = [name.strip().lower() for name in typed.split(",") if name.strip()]
    for name in names:
        if name not in PRESETS:
            raise InputError(f"--protocol '{name}' is none of {', '.join(PRESETS)}")
    if not names:
        raise InputError(f"--protocol names none of {', '.join(PRESETS)}")
    return tuple(PRESETS[name] for name in dict.fromkeys(names))


def _fitting(protocols: tuple[Protocol, ...], model: Model) -> tuple[Protocol, ...]:
    """Protocols that resize luma by themselves are for bicubic interpolation alone."""
    fitting = tuple(each for each in protocols if each.resized == "rgb" or model.variant == BICUBIC)
    if not fitting:
        raise InputError(f"--protocol {protocols[0].name} is for bicubic interpolation, not for {model.variant}")
    return fitting


def _read_set(dataset: Dataset) -> SetRead:
    return SetRead(
        name=dataset.name,
        images=len(dataset.samples),
        sha256=datasets.fingerprint(dataset),
        lr_source=dataset.lr_source,
    )


def _earlier(asked: Evaluation, here: Machine, output: Path) -> QualityRecord | None:
    """What is stored, to be returned where it is complete and gone on with where it is not; None to start anew.

    A record names one srbench and one machine: images that another one did are not mixed with ours.
    """
    quality_store.settle(output, asked)
    before = quality_store.earlier(output, asked)
    if before is not None and before.complete and before.evaluation.network != asked.network:
        # The same weights by the same code, from other files: tables look whether those have changed.
        same = before.evaluation.model_copy(update={"network": asked.network})
        before = before.model_copy(update={"evaluation": same})
        quality_store.write(output, before)
    if before is None or before.complete:
        return before
    pairs = [
        ("srbench", before.srbench_version, version("srbench")),
        ("--threads", before.evaluation.threads, asked.threads),
        *(("machine" if f == "name" else f, getattr(before.machine, f), getattr(here, f)) for f in SAME_MACHINE),
    ]
    other = next((f"{what} was {then} and is {now} now" for what, then, now in pairs if then != now), None)
    if other is None:
        return before
    if before.images:
        say(f"{asked.model.variant} x{asked.scale} on {asked.dataset.name} starts anew: {other}")
    return None


def _one(
    task: Task,
    before: QualityRecord | None,
    here: Machine,
    options: Options,
    tell: Callable[[list[ImageResult]], None],
) -> QualityRecord:
    """Evaluate one network on one set, going on from a part; the record is stored after every image."""
    asked = task.asked
    images = list(before.images) if before is not None else []

    def record(**changes: object) -> QualityRecord:
        order = {sample.name: place for place, sample in enumerate(task.dataset.samples)}
        found = QualityRecord(
            srbench_version=version("srbench"),
            evaluation=asked,
            machine=here,
            finished=datetime.now(UTC),
            images=tuple(sorted(images, key=lambda image: order[image.name])),
        )
        return found.model_copy(update=changes)

    def keep(image: ImageResult) -> None:
        images.append(image)
        quality_store.write(options.output, record(), part=True)
        tell(images)

    if task.problem is not None:
        answer = task.problem
    else:
        # A CUDA driver maps as it likes.
        limit = None if asked.device.startswith("cuda") else limits.available_bytes()
        job = EvaluationJob(asked, task.checkpoint, task.dataset, frozenset(image.name for image in images), limit)
        answer = launch(job, options.timeout_s, keep, from_last_news=True)
    reason = answer.reason
    # Where it was ended it could not say where it was.
    if task.problem is None and answer.status in ("CRASH", "TIMEOUT") and not answer.detail:
        names = [sample.name for sample in task.dataset.samples]
        reason += f", at {next(name for name in names if name not in {image.name for image in images})}"
    done = record(status=answer.status, reason=reason, detail=answer.detail)
    spare = not done.complete and quality_store.stored_whole(options.output, asked)
    quality_store.write(options.output, done, part=spare)
    if not done.complete:
        kept = "; the complete record of an earlier run is kept" if spare else ""
        say(f"{asked.model.variant} x{asked.scale} on {asked.dataset.name}: {answer.status}: {reason}{kept}")
    return done


def _silent(images: list[ImageResult]) -> None:
    """Nothing."""


class _Told:
    """A line when a set is done, and after each tenth of a long one: the running mean."""

    def __init__(self, task: Task, place: str) -> None:
        asked = task.asked
        self._what = f"{place}{asked.model.variant} x{asked.scale} on {asked.dataset.name}"
        self._images = asked.dataset.images

    def __call__(self, images: list[ImageResult]) -> None:
        step = max(1, self._images // 10)
        if len(images) % step == 0 or len(images) == self._images:
            mean = fmean(image.scores[0].psnr for image in images)
            say(f"{self._what}: {len(images)} of {self._images} images, {mean:.4f} dB so far")


def default_data() -> Path:
    """``SRBENCH_DATA``, or ``data`` here."""
    return Path(os.environ.get("SRBENCH_DATA", "data"))
