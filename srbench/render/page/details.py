"""What lies behind each row: its processes and samples, layers, memory, machine and settings."""

from collections.abc import Hashable, Sequence
from datetime import UTC
from pathlib import Path
from statistics import median
from typing import Generic, TypeVar

from srbench import store
from srbench.counts import Complexity
from srbench.measure.verdict import CONTENTION_CORES
from srbench.records import Memory, Record, Visit
from srbench.render.details import PERCENTILES, counters_text
from srbench.render.page.facts import facts, size_text
from srbench.render.page.values import DetailData, Details, Fact, LayerRow, VisitData
from srbench.text import plain

NS_PER_MS = 1e6
Shared = TypeVar("Shared", bound=Hashable)


class _Pool(Generic[Shared]):
    """What many rows share, each once: a machine's facts, a network's layers."""

    def __init__(self) -> None:
        self._places: dict[Shared, int] = {}

    def place(self, value: Shared) -> int:
        """The index of a value, among those that differ."""
        return self._places.setdefault(value, len(self._places))

    def values(self) -> tuple[Shared, ...]:
        """Each value once, by index."""
        return tuple(self._places)


def details_of(records: Sequence[Record | None]) -> Details:
    """What lies behind the rows that these records gave; None stays None."""
    machines: _Pool[tuple[Fact, ...]] = _Pool()
    settings: _Pool[tuple[Fact, ...]] = _Pool()
    layers: _Pool[tuple[LayerRow, ...]] = _Pool()

    def detail(record: Record) -> DetailData:
        counts = record.complexity
        return DetailData(
            file=store.path_of(Path(), record).name,
            finished=f"{record.finished.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
            version=record.srbench_version,
            machine=machines.place(facts(record.machine)),
            settings=settings.place(facts(record.settings)),
            layers=layers.place(_layers(counts)) if counts else None,
            visits=tuple(_visit(visit) for visit in record.latency.visits) if record.latency else (),
            runtime=_runtime(record),
            memory=_memory(record.memory) if record.memory else (),
            counters=tuple(counters_text([record]).splitlines()[1:]),
            traceback=record.detail,
        )

    rows = tuple(detail(record) if record is not None else None for record in records)
    return Details(machines=machines.values(), settings=settings.values(), layers=layers.values(), rows=rows)


def _layers(counts: Complexity) -> tuple[LayerRow, ...]:
    return tuple(
        (
            plain(layer.name),
            layer.operator,
            "x".join(map(str, layer.in_shape)),
            "x".join(map(str, layer.out_shape)),
            layer.params,
            layer.multi_adds,
            layer.activations,
        )
        for layer in counts.layers
    )


def _visit(visit: Visit) -> VisitData:
    return VisitData(
        round=visit.round,
        cold=_ms(visit.cold_ns),
        warmup=tuple(map(_ms, visit.warmup_ns)),
        samples=tuple(map(_ms, visit.samples_ns)),
        median=None if visit.median_ns is None else _ms(visit.median_ns),
        remarks=tuple(_remarks(visit)),
    )


def _ms(ns: float) -> float:
    """To the microsecond, which is finer than a pixel of any strip."""
    return round(ns / NS_PER_MS, 3)


def _remarks(visit: Visit) -> list[str]:
    """What disturbed a process, of what its verdict looks at."""
    remarks = []
    if not visit.samples_ns:
        remarks.append("no samples")
    if visit.warm is False:
        remarks.append("still changing after its warm-up")
    if visit.others_cores is not None and visit.others_cores > CONTENTION_CORES:
        remarks.append(f"others used {visit.others_cores:.2f} of a core")
    # The first reading of a process tells of what was before it.
    held = dict.fromkeys(reason for reading in visit.readings[1:] for reason in reading.reasons)
    if held:
        remarks.append(f"clock held back: {', '.join(held)}")
    return remarks


def _runtime(record: Record) -> tuple[Fact, ...]:
    latency = record.latency
    if latency is None or not latency.visits:
        return ()
    found = [
        ("processes", str(len(latency.visits))),
        ("timed passes", f"{len(latency.samples_ns):,}"),
        ("first pass, median", f"{median(visit.cold_ns for visit in latency.visits) / NS_PER_MS:,.1f} ms"),
    ]
    if latency.spread is not None:
        found.append(("spread within a process", f"{latency.spread:.1%}"))
    percentiles = [(f"p{percent}", latency.percentile_ns(percent)) for percent in PERCENTILES]
    found += [(name, f"{value / NS_PER_MS:,.1f} ms") for name, value in percentiles if value is not None]
    return tuple(found)


def _memory(memory: Memory) -> tuple[Fact, ...]:
    sizes = (
        ("peak", memory.peak_bytes),
        ("weights", memory.weights_bytes),
        ("input", memory.input_bytes),
        ("activations", memory.activations_bytes),
        ("first pass", memory.cold_bytes),
        ("allocator", memory.allocator_bytes),
        ("reserved", memory.reserved_bytes),
        ("whole process", memory.process_bytes),
    )
    return (*((name, size_text(size)) for name, size in sizes if size is not None), ("read by", memory.method))
