"""Records, rows and what they are made of: complete by default, so that a test states only what it is about."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from srbench import sizes
from srbench.agreements import Agreement
from srbench.assemble import Plan
from srbench.board import metrics
from srbench.board.published import Claim
from srbench.board.rows import Quality, QualityKind, Row
from srbench.cases import Case, Form, Model, Size
from srbench.counts import Complexity, Count, Layer
from srbench.facts import Machine
from srbench.failures import Failure
from srbench.journal import Entry, Step
from srbench.measure.stats import Interval
from srbench.records import Latency, Memory, Record, Settings, Status, Visit
from srbench.tasks import Agreed, Timed, Watched

#: Architectures that re-parameterise themselves.
FOLDING = ("ECBSR", "REPSR", "SPAN")
#: When the first record of a test was finished; later ones add minutes.
NOON = datetime(2024, 5, 17, 12, tzinfo=UTC)
MS = 1_000_000
S = 1000 * MS
MIB = 2**20


def make_machine(name: str = "Test CPU, 2 cores, 8 GiB", cores: int = 2) -> Machine:
    return Machine(
        name=name,
        system="Linux 6.1 x86_64",
        cpu="Test CPU",
        cores=cores,
        memory_bytes=8 * 2**30,
        gpus=(),
        driver=None,
        python="3.11.7",
        torch="2.6.0",
        cuda=None,
        cudnn=None,
    )


def make_model(variant: str = "bsrn", form: Form | None = None, **changes: Any) -> Model:
    """A network of the zoo; its architecture is what stands before the first dash, and decides whether it has forms."""
    architecture = variant.partition("-")[0].upper()
    usual: Form = "deploy" if architecture in FOLDING else ""
    model = Model(architecture=architecture, variant=variant, form=usual if form is None else form)
    return model.model_copy(update=changes)


def make_size(scale: int = 4, **changes: Any) -> Size:
    """GT 1280x720, batch 1."""
    return sizes.plan(scale).model_copy(update=changes)


def make_case(variant: str = "bsrn", scale: int = 4, device: str = "cpu", **changes: Any) -> Case:
    """On the CPU with the two threads of :func:`make_machine`, unless told otherwise."""
    threads = 2 if device == "cpu" else None
    case = Case(model=make_model(variant), size=make_size(scale), device=device, threads=threads)
    return case.model_copy(update=changes)


def make_counts(params: int = 352_400, multi_adds: int = 19_177_176_448, **changes: Any) -> Complexity:
    """The counts of BSRN x4 (official class, GT 1280x720), as one convolution."""
    layer = Layer(
        name="fea_conv.pw",
        operator="conv 1x1",
        in_shape=(12, 180, 320),
        out_shape=(64, 180, 320),
        params=params,
        multi_adds=multi_adds,
        activations=355_881_376,
    )
    counts = Complexity(
        params=params,
        multi_adds=multi_adds,
        activations=355_881_376,
        convs=206,
        weights_bytes=4 * params,
        input_bytes=4 * 3 * 320 * 180,
        peak_bytes=200 * MIB,
        cpu_peak_bytes=240 * MIB,
        layers=(layer,),
    )
    return counts.model_copy(update=changes)


def make_visit(*samples_ms: float, **changes: Any) -> Visit:
    """A cold pass of 900 ms, a warm-up pass of 500 ms, then the samples, undisturbed."""
    visit = Visit(
        round=0,
        cold_ns=900 * MS,
        warmup_ns=(500 * MS,),
        samples_ns=tuple(round_ns(ms) for ms in samples_ms),
        device_ns=tuple(round_ns(ms) for ms in samples_ms),
        switches=(0,) * len(samples_ms),
        others_cores=0.0,
    )
    return visit.model_copy(update=changes)


def round_ns(ms: float) -> int:
    return round(ms * MS)


def make_latency(*processes: Sequence[float]) -> Latency:
    """One visit for each sequence of samples in ms."""
    return Latency(visits=tuple(make_visit(*samples, round=i) for i, samples in enumerate(processes)))


def make_settings(**changes: Any) -> Settings:
    """Three rounds, 15 s a case, two threads."""
    return Settings(seed=0, budget_s=15, timeout_s=300, threads=2).model_copy(update=changes)


def make_plan(variant: str = "bsrn", scale: int = 4, device: str = "cpu", **counts: Any) -> Plan:
    """A case that was counted from its shapes."""
    return Plan(make_case(variant, scale, device), make_counts(**counts))


def make_memory(peak_bytes: int = 150 * MIB) -> Memory:
    """Of BSRN x4, weights and input as in :func:`make_counts`."""
    return Memory(weights_bytes=1_409_600, input_bytes=691_200, peak_bytes=peak_bytes, method="kernel high-water mark")


def timed(visit: Visit, *, build_s: float = 0.0, problem: Failure | None = None, **settings: Any) -> Timed:
    """What a timed process gives."""
    return Timed(visit=visit, settings=make_settings(**settings), build_ns=round(build_s * S), problem=problem)


def watched(memory: Memory | None = None, *, build_s: float = 0.0, passes_s: float = 0.0) -> Watched:
    """What a process gives that watches memory."""
    return Watched(
        memory=memory or make_memory(),
        settings=make_settings(),
        build_ns=round(build_s * S),
        passes_ns=round(passes_s * S),
    )


def agreed(psnr_db: float | None = 90.0, *, build_ns: int | None = None, floor_db: float = 60.0) -> Agreed:
    """What a process gives that holds a mode against eager float32."""
    found = Agreement(psnr_db=psnr_db, largest=0.0, floor_db=floor_db, image="an image", build_ns=build_ns)
    return Agreed(agreement=found)


def make_entry(
    step: Step, result: Agreed | Timed | Watched | Count | Failure | None = None, wall_s: float = 2.0
) -> Entry:
    """A finished process; by default one that took three samples of 100 ms."""
    usual = timed(make_visit(100, 100, 100, round=step.round, place=step.place))
    return Entry(step=step, result=result or usual, wall_ns=round(wall_s * S))


def make_record(case: Case | None = None, status: Status = "VALID", *, minutes: int = 0, **changes: Any) -> Record:
    """A measured case, finished ``minutes`` after noon."""
    record = Record(
        srbench_version="0.1.0",
        case=case or make_case(),
        machine=make_machine(),
        settings=make_settings(),
        finished=NOON + timedelta(minutes=minutes),
        status=status,
        complexity=make_counts(),
        latency=make_latency([101, 102, 103, 104, 105, 106, 107]),
        memory=make_memory(),
    )
    return record.model_copy(update=changes)


def with_figures(row: Row, **changes: Any) -> Row:
    """A row with some fields or metrics changed; a metric that is None is not known."""
    keys = {metric.key for metric in metrics.METRICS}
    figures = {**row.figures, **{key: value for key, value in changes.items() if key in keys}}
    known = {key: value for key, value in figures.items() if value is not None}
    return replace(row, figures=known, **{key: value for key, value in changes.items() if key not in keys})


def make_row(variant: str = "bsrn", **changes: Any) -> Row:
    """A measured row at x4 with GT 1280x720 on a CPU."""
    row = Row(
        model=variant.partition("-")[0].upper(),
        variant=variant,
        scale=4,
        form="deploy" if variant.partition("-")[0].upper() in FOLDING else "",
        colors="rgb",
        gt_width=1280,
        gt_height=720,
        lr_width=320,
        lr_height=180,
        batch=1,
        dtype="float32",
        device="cpu",
        machine="Test CPU, 2 cores, 8 GiB",
        figures={
            "params": 352_400,
            "multi_adds": 19_177_176_448,
            "activations": 355_881_376,
            "convs": 206,
            "runtime_ms": Interval(104.25, 103.5, 105.75, "t95_processes"),
            "peak_memory_mib": 150.25,
        },
    )
    return with_figures(row, **{"network": changes.get("variant", variant), **changes})


def make_quality(
    printed: str, kind: QualityKind = "published", source: str = "A paper, Table 4", **changes: Any
) -> Quality:
    return replace(Quality(float(printed), printed, kind, source), **changes)


def make_claim(metric: str, printed: str, unit: str = "", **changes: Any) -> Claim:
    """A published number of BSRN on Set5 at x4."""
    row: dict[str, Any] = {
        "network": "BSRN",
        "printed_as": "BSRN",
        "architecture": "bsrn",
        "variant": "bsrn",
        "scale": 4,
        "metric": metric,
        "dataset": "Set5",
        "value": printed,
        "unit": unit,
        "kind": "published",
        "source_id": "a-table4",
        "source": "A paper, Table 4",
        "own": True,
        "protocol": "",
        "note": "",
    }
    return Claim.model_validate(row | changes)
