"""What lies behind a row: its layers, and what other counters say."""

from collections.abc import Sequence
from statistics import fmean, median

from srbench.board.counting import MOST_NAMED, named
from srbench.counts import Complexity, Count
from srbench.measure.stats import percentile_floor
from srbench.records import Record
from srbench.render.grid import DASH
from srbench.render.terminal import table
from srbench.text import plain

MIB = 2**20
#: Of Layer, Operator, Input, Output, Params, Multi-Adds, Share, Acts: what stays where room is short.
_IMPORTANCE = (0, 4, 2, 3, 7, 9, 8, 5)
PERCENTILES = (90, 95, 99)


def layers_text(record: Record, width: int | None = None) -> str:
    """Every convolution and matrix product of a case, with its share of the Multi-Adds."""
    counts = record.complexity
    if counts is None:
        return f"{plain(record.case.model.variant)}: not counted from shapes"
    total = sum(layer.multi_adds for layer in counts.layers) or 1
    cells = [["Layer", "Operator", "Input", "Output", "Params", "Multi-Adds [M]", "Share [%]", "Acts [M]"]]
    for layer in counts.layers:
        share = 100 * layer.multi_adds / total
        amounts = [
            f"{layer.params:,}",
            f"{layer.multi_adds / 1e6:,.2f}",
            f"{share:.2f}",
            f"{layer.activations / 1e6:,.3f}",
        ]
        cells.append([plain(layer.name), layer.operator, _size(layer.in_shape), _size(layer.out_shape), *amounts])
    load, model = record.case.size, record.case.model
    title = f"{plain(model.variant)} x{load.scale}, {model.form} form, LR {load.lr_width}x{load.lr_height}"
    rest = f"\n\nNot counted, of unknown cost: {plain(named(counts.uncounted))}" if counts.uncounted else ""
    return f"{title}\n\n{table(cells, (0, 1), width, _IMPORTANCE)}{rest}"


def samples_text(records: Sequence[Record], width: int | None = None) -> str:
    """What lies behind runtimes and peaks: first pass, processes, spread, percentiles; the parts of the memory."""
    runtime = [["Model", "First pass [ms]", "Process medians [ms]", "Spread within [%]"]]
    runtime[0] += [*(f"p{percent} [ms]" for percent in PERCENTILES), "Page faults a pass"]
    memory = [["Model", "Weights [MiB]", "Input [MiB]", "Activations [MiB]", "First pass [MiB]", "Process [MiB]"]]
    for record in records:
        name = f"{plain(record.case.model.variant)} x{record.case.size.scale}"
        if (latency := record.latency) is not None:
            first = [visit.cold_ns for visit in latency.visits]
            medians = " ".join(_ms(value) for value in latency.process_medians_ns) or DASH
            spread = DASH if latency.spread is None else f"{latency.spread:.1%}".removesuffix("%")
            percentiles = [_ms(latency.percentile_ns(percent)) for percent in PERCENTILES]
            faults = [count for visit in latency.visits for count in visit.faults]
            runtime.append(
                [name, _ms(median(first)), medians, spread, *percentiles, f"{fmean(faults):,.0f}" if faults else DASH]
            )
        if (peak := record.memory) is not None:
            parts = (peak.weights_bytes, peak.input_bytes, peak.activations_bytes, peak.cold_bytes, peak.process_bytes)
            memory.append([name, *(DASH if size is None else f"{size / MIB:,.1f}" for size in parts)])
    tables = [table(cells, width=width) for cells in (runtime, memory) if len(cells) > 1]
    floors = ", ".join(str(percentile_floor(percent)) for percent in PERCENTILES)
    note = f"A percentile with a dash: fewer samples than bound it ({floors})."
    return "\n\n".join([*tables, note]) if len(runtime) > 1 else ""


def _ms(ns: float | None) -> str:
    return DASH if ns is None else f"{ns / 1e6:,.1f}"


def counters_text(records: Sequence[Record]) -> str:
    """What each counter gives for each case, and why they differ; empty where only ours ran."""
    lines = []
    for record in records:
        others = [count for count in record.counts if count.counter != "torch"]
        if others and record.complexity:
            name = f"{plain(record.case.model.variant)} x{record.case.size.scale}"
            counts = record.complexity
            bound = ">= " if counts.is_lower_bound else ""
            lines.append(f"{name}: {bound}{counts.multi_adds / 1e9:,.3f} G Multi-Adds from shapes")
            lines += [f"  {line}" for count in others for line in _count_lines(count, counts)]
    return "\n".join(lines)


def _count_lines(count: Count, ours: Complexity) -> list[str]:
    if count.multi_adds is None:
        return [f"{count.counter} failed: {plain(count.error)}"]
    left_out = ", ".join(f"{name} x{calls}" for name, calls in count.unsupported)
    rest = [f"{count.counter} has no rule for {plain(left_out)}"] if left_out else []
    if count.multi_adds == ours.multi_adds and not count.differences:
        if not ours.uncounted:
            return [f"{count.counter} agrees", *rest]
        # Two lower bounds that are equal leave out the same, and say nothing of it.
        unknown = plain(named(ours.uncounted, MOST_NAMED))
        return [f"{count.counter} gives the same without {unknown}, of unknown cost", *rest]
    head = f"{count.counter} {count.multi_adds / 1e9:,.3f} G"
    return [head, *(f"{count.counter} {_signed(d.amount)}: {plain(d.where)}" for d in count.differences), *rest]


def _signed(amount: int) -> str:
    for unit, size in (("G", 1e9), ("M", 1e6), ("K", 1e3)):
        if abs(amount) >= size:
            return f"{amount / size:+,.1f} {unit}"
    return f"{amount:+d}"


def _size(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))
