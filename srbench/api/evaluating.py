"""Evaluate networks with their weights: every question planned and checked, then image by image, each one kept."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from srbench import limits, live, machine, planning, running, store
from srbench.api.request import Tell, silent
from srbench.cases import MODE_SIGN, Form, Mode, Model
from srbench.errors import InputError
from srbench.facts import Machine
from srbench.failures import Failure
from srbench.journal import SAME_MACHINE
from srbench.launch import PROCESSES
from srbench.live import Networks
from srbench.machine.device import choose_device
from srbench.models import typed
from srbench.planning import Asked
from srbench.quality import datasets, weights
from srbench.quality import store as quality_store
from srbench.quality.checkpoints import fingerprint_of, weights_of
from srbench.quality.datasets import Dataset
from srbench.quality.evaluate import BICUBIC, Evaluate
from srbench.quality.protocols import PRESETS, Protocol
from srbench.quality.results import Evaluation, ImageResult, QualityRecord, SetRead
from srbench.work import Launcher

#: Is told of the images of a record as they come.
Told = Callable[["Question", Sequence[ImageResult]], None]


@dataclass(frozen=True)
class EvaluateRequest:
    """What is to be evaluated.

    Attributes:
        models: names as on the command line, live modules, or both.
        datasets: names of sets in ``data``, or paths of folders of GT images, comma-separated.
        scale: upscaling factors.
        weights: folders or files of checkpoints, or ``MODEL=FILE``.
        data: folder of the data sets.
        protocol: conventions of PSNR and SSIM, comma-separated.
        form: of networks that re-parameterise themselves.
        engine, dtype, layout: ways of running, comma-separated.
        tile: LR side of tiles that run one by one; None for whole images.
        device: ``auto``, ``cpu`` or ``cuda:N``.
        threads: of the CPU; None for all usable cores.
        timeout_s: after which an image is given up.
    """

    models: Networks
    datasets: str = "set5"
    scale: Sequence[int] = (4,)
    weights: Sequence[str] = ()
    data: Path = Path("data")
    protocol: str = "paper"
    form: Form = "deploy"
    engine: str = "eager"
    dtype: str = "float32"
    layout: str = "contiguous"
    tile: int | None = None
    device: str = "auto"
    threads: int | None = None
    timeout_s: float = 600.0


@dataclass(frozen=True)
class Question:
    """One record to be: the question, and the files that it is asked of.

    Attributes:
        asked: network, set, protocols, mode.
        checkpoint: the file of the weights.
        dataset: the files of the set.
        problem: what went wrong with a user's network before anything could be asked of it.
        network: the pickle of a live module; None for what has a name.
    """

    asked: Evaluation
    checkpoint: Path | None
    dataset: Dataset
    problem: Failure | None = None
    network: bytes | None = None


def evaluate(
    request: EvaluateRequest,
    output: Path | None = None,
    *,
    resume: bool = False,
    tell: Tell = silent,
    told: Told = lambda question, images: None,
    launcher: Launcher = PROCESSES,
) -> list[QualityRecord]:
    """Evaluate every network on every set; see ``srbench.evaluate``.

    Args:
        request: networks, sets, weights and modes.
        output: folder of results; None to keep nothing.
        resume: keep images that are stored there for the same question.
        tell: gets lines for people.
        told: gets a question and its images, each time that one is done.
        launcher: starts processes.
    """
    with opened(request, output, resume=resume, tell=tell, launcher=launcher) as session:
        return session.evaluate(told)


@contextmanager
def opened(
    request: EvaluateRequest,
    output: Path | None,
    *,
    resume: bool = False,
    tell: Tell = silent,
    launcher: Launcher = PROCESSES,
) -> Iterator["Session"]:
    """A session that is checked and not begun, with its folder locked as long as it is open.

    Args:
        request: what to evaluate.
        output: folder of records; None to keep nothing.
        resume: keep images that are stored there for the same question.
        tell: gets lines for people.
        launcher: starts the processes.

    Raises:
        InputError: a name, a file or a set that is not there or does not fit.
    """
    with TemporaryDirectory(prefix="srbench-") as scratch:
        folder = output if output is not None else Path(scratch)
        questions = plan(request, folder, tell, launcher)
        store.prepare(folder)
        with store.locked(folder):
            yield Session(questions, folder, resume, request.timeout_s, tell, launcher)


class Session:
    """Questions that are checked, and the records that answer them.

    Attributes:
        questions: in order.
        records: what is done so far.
        written: how many of them are new.
    """

    def __init__(
        self,
        questions: Sequence[Question],
        output: Path,
        resume: bool,
        timeout_s: float,
        tell: Tell,
        launcher: Launcher,
    ) -> None:
        self.questions, self.records, self.written = questions, list[QualityRecord](), 0
        self._output, self._resume, self._timeout_s = output, resume, timeout_s
        self._tell, self._launcher = tell, launcher
        self._here = machine.describe()

    def evaluate(self, told: Told = lambda question, images: None) -> list[QualityRecord]:
        """Answer every question; each record is stored after every image.

        Raises:
            OSError: a record cannot be written; what was written stays.
        """
        for question in self.questions:
            before = self._earlier(question.asked) if self._resume else None
            if before is None or not before.complete:
                before, self.written = self._one(question, before, told), self.written + 1
            self.records.append(before)
        return self.records

    def _earlier(self, asked: Evaluation) -> QualityRecord | None:
        """What is stored, to be returned where it is complete and gone on with where it is not; None to start anew.

        A record names one srbench and one machine: images that another one did are not mixed with ours.
        """
        output, here = self._output, self._here
        quality_store.settle(output, asked)
        before = quality_store.earlier(output, asked)
        if before is not None and before.complete and before.evaluation.network != asked.network:
            # The same weights by the same code, from other files: tables look whether those have changed.
            same = before.evaluation.model_copy(update={"network": asked.network})
            before = before.model_copy(update={"evaluation": same})
            quality_store.write(output, before)
        if before is None or before.complete:
            return before
        other = _other_conditions(before, asked, here)
        if other is None:
            return before
        if before.images:
            self._tell(f"{asked.model.variant} x{asked.scale} on {asked.dataset.name} starts anew: {other}")
        return None

    def _one(self, question: Question, before: QualityRecord | None, told: Told) -> QualityRecord:
        """Evaluate one network on one set, going on from a part."""
        asked, order = question.asked, {s.name: place for place, s in enumerate(question.dataset.samples)}
        images = list(before.images) if before is not None else []

        def record(failure: Failure | None = None) -> QualityRecord:
            return QualityRecord(
                srbench_version=version("srbench"),
                evaluation=asked,
                machine=self._here,
                finished=datetime.now(UTC),
                images=tuple(sorted(images, key=lambda image: order[image.name])),
                **(failure.model_dump(exclude={"wrong"}) if failure is not None else {}),
            )

        def keep(image: ImageResult) -> None:
            # Whatever a worker says: each image once, with a score by each protocol.
            if image.name in order.keys() - {i.name for i in images} and len(image.scores) == len(asked.protocols):
                images.append(image)
                quality_store.write(self._output, record(), part=True)
                told(question, images)

        problem = question.problem or self._run(question, frozenset(image.name for image in images), keep)
        # Where it was ended it could not say where it was.
        if problem is not None and question.problem is None and problem.status in ("CRASH", "TIMEOUT"):
            left = [name for name in order if name not in {image.name for image in images}]
            if left and not problem.detail:
                problem = problem.model_copy(update={"reason": f"{problem.reason}, at {left[0]}"})
        done = record(problem)
        spare = not done.complete and quality_store.stored_whole(self._output, asked)
        quality_store.write(self._output, done, part=spare)
        if not done.complete:
            kept = "; the complete record of an earlier run is kept" if spare else ""
            self._tell(f"{named(asked)} on {asked.dataset.name}: {done.status}: {done.reason}{kept}")
        return done

    def _run(self, question: Question, done: frozenset[str], keep: Callable[[ImageResult], None]) -> Failure | None:
        asked = question.asked
        # A CUDA driver maps as it likes.
        limit = None if asked.device.startswith("cuda") else limits.available_bytes()
        work = Evaluate(asked, question.checkpoint, question.dataset, done, limit, question.network)
        found = self._launcher.launch(work, self._timeout_s, keep, from_last_news=True)
        return found if isinstance(found, Failure) else found.problem


def named(asked: Evaluation) -> str:
    """A question's network, scale and mode, in few words."""
    return MODE_SIGN.join([f"{asked.model.label} x{asked.scale}", *asked.mode.words])


def _other_conditions(before: QualityRecord, asked: Evaluation, here: Machine) -> str | None:
    """In what an unfinished record was made under other conditions; None where it was not."""
    pairs = [
        ("srbench", before.srbench_version, version("srbench")),
        ("--threads", before.evaluation.threads, asked.threads),
        *(("machine" if f == "name" else f, getattr(before.machine, f), getattr(here, f)) for f in SAME_MACHINE),
    ]
    return next((f"{what} was {then} and is {now} now" for what, then, now in pairs if then != now), None)


def plan(request: EvaluateRequest, output: Path, tell: Tell = silent, launcher: Launcher = PROCESSES) -> list[Question]:
    """Every record to be made, with all files found and all checkpoints looked into, before anything runs.

    Args:
        request: networks, sets, weights and modes.
        output: folder of results.
        tell: gets lines on what is left out.
        launcher: starts the processes that look into checkpoints.

    Raises:
        InputError: a name, a file or a set that is not there or does not fit.
    """
    protocols = _protocols(request.protocol)
    device = choose_device(request.device)
    threads = request.threads or machine.usable_cores() if device == "cpu" else None
    modes = planning.modes_of(request.engine, request.dtype, request.layout)
    modes = [mode.model_copy(update={"tile": request.tile}) for mode in modes]
    networks, modules = networks_of(request.models, request.form)
    models = [each.model for each in networks if each.model.variant != BICUBIC]
    given = weights.given(request.weights, list({model.key: model for model in models}.values()))
    sets = _sets(request)
    read = {(scale, found.folder): _read_set(found) for scale, found in sets}
    questions: dict[str, Question] = {}
    for each in networks:
        model = each.model
        for scale in dict.fromkeys(request.scale):
            if model.live:
                path, checkpoint, network, problem = None, None, None, None
            else:
                found = weights_of(model, scale, given, tell, optional=each.optional)
                if found is None:
                    continue
                path, checkpoint = found
                network, problem = fingerprint_of(model, scale, path, tell, request.timeout_s, device, launcher)
            for (_, dataset), mode in ((s, m) for s in sets if s[0] == scale for m in modes):
                asked = Evaluation(
                    model=model,
                    scale=scale,
                    checkpoint=checkpoint,
                    network=network,
                    dataset=read[scale, dataset.folder],
                    protocols=_fitting(protocols, model),
                    mode=Mode(tile=mode.tile) if model.variant == BICUBIC else each.in_mode(mode),
                    device=device,
                    threads=threads,
                )
                running.check(asked.mode, device)
                # A mode is shown by what it moves: its plain counterpart is evaluated too, unless it is stored.
                # Tiles are for want of memory: there the whole image is not tried.
                wanted = [asked]
                if asked.plain.mode.tile == asked.mode.tile and asked.plain != asked:
                    before = quality_store.earlier(output, asked.plain)
                    if before is None or not before.complete:
                        wanted.insert(0, asked.plain)
                for one in wanted:
                    pickled = modules.get(model.source or "")
                    question = Question(one, path, dataset, problem, pickled)
                    questions.setdefault(f"{one.key} {one.dataset.sha256}", question)
    if not questions:
        raise InputError("nothing to do: no checkpoint of any of the networks is at hand; name a folder with --weights")
    return list(questions.values())


def networks_of(networks: Networks, form: Form) -> tuple[list[Asked], Mapping[str, bytes]]:
    """The networks, ``bicubic`` among them, and the pickles of live modules by their sources.

    Raises:
        InputError: an unknown name, none at all, or a module that no other process can have.
    """
    found: dict[tuple[object, ...], Asked] = {}
    modules: dict[str, bytes] = {}
    for each in live.names_and_modules(networks):
        if isinstance(each, str):
            asked = [one for text in typed.split(each) for one in _parse(text, form)]
        else:
            adopted = live.adopt(each[1], each[0])
            if adopted.pickled is None:
                raise InputError(f"{adopted.model.variant}: {adopted.why}, so no other process can evaluate it")
            assert adopted.model.source is not None
            modules[adopted.model.source] = adopted.pickled
            asked = [Asked(adopted.model)]
        for one in asked:
            key = (*one.model.key, *sorted(one.fixed.items()))
            # A user's file may be typed in several ways, and a part of `all` be named as well.
            if key not in found or (found[key].optional and not one.optional):
                found[key] = one
    if not found:
        raise InputError("--models names no model; 'srbench models' lists them")
    planning.check_told_apart(list(found.values()))
    return list(found.values()), modules


def _parse(text: str, form: Form) -> list[Asked]:
    if text.lower() == BICUBIC:
        return [Asked(Model(architecture="Bicubic", variant=BICUBIC))]
    return planning.asked_by(typed.read(text), form)


def _sets(request: EvaluateRequest) -> list[tuple[int, Dataset]]:
    sets = [
        (scale, datasets.find(name.strip(), request.data, scale))
        for scale in dict.fromkeys(request.scale)
        for name in request.datasets.split(",")
        if name.strip()
    ]
    sets = list({(scale, found.folder.resolve()): (scale, found) for scale, found in sets}.values())
    for number, (scale, one) in enumerate(sets):
        twin = next((each for s, each in sets[:number] if (s, each.name) == (scale, one.name)), None)
        if twin is not None:
            raise InputError(f"{twin.folder} and {one.folder} are both called {one.name}; evaluate one at a time")
    if not sets:
        raise InputError("--datasets names no set, such as set5,set14,b100")
    return sets


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
