"""``srbench plot``: figures from stored records."""

import re
import shlex
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from srbench import store
from srbench.board import protocols
from srbench.board.leaderboard import Row, beside, own_sets, published_rows, rows_of
from srbench.board.protocols import Edition
from srbench.board.published import ClaimBook, load_claims
from srbench.commands import say
from srbench.commands.challenge import score_axis
from srbench.commands.leaderboard import measured_in, records_in
from srbench.errors import InputError
from srbench.records import FAILURES, Record
from srbench.render.columns import SCORE, Column, find, nearest
from srbench.render.plots import PlotSpec, trade_off
from srbench.render.plots.presets import Preset, preset
from srbench.render.plots.radar import radar
from srbench.render.plots.scaling import scaling

#: Networks that a suggested command names.
_SUGGESTED = 3


@dataclass(frozen=True)
class Axes:
    """What bears on trade-off plots alone, as typed; None where it is not."""

    x: str | None = None
    y: str | None = None
    size: str | None = None
    color: str | None = None
    dataset: str | None = None
    protocol: str | None = None
    with_published: bool = False

    @property
    def given(self) -> list[str]:
        """The options that are typed."""
        return [f"--{field.name.replace('_', '-')}" for field in fields(self) if getattr(self, field.name)]


@dataclass(frozen=True)
class Options:
    """The options as typed; the CLI's help says what they mean."""

    preset: str
    output: Path
    scale: int
    models: str | None = None
    axes: Axes = Axes()
    baseline: str | None = None
    machine: str | None = None


def plot(options: Options) -> int:
    """Draw one figure of one scale of the results in ``output``, or with ``layers`` one for each network.

    Raises:
        InputError: no such preset, column, network or record, or options that the preset does not have.
    """
    try:
        chosen = preset(options.preset)
    except ValueError as error:
        raise InputError(f"--preset: {error}") from None
    if chosen.figure != "trade-off" and (given := options.axes.given):
        raise InputError(f"{given[0]} is for trade-off plots; --preset {options.preset} has its own axes")
    edition = protocols.find(options.axes.protocol) if options.axes.protocol else None
    if chosen.figure != "radar" and edition is None and options.baseline is not None:
        raise InputError("--baseline is for --preset radar, and for --protocol")
    score = None
    records = records_in(options.output, [options.scale], options.machine)
    if edition is not None:
        score = score_axis(options.output, str(options.axes.protocol), options.baseline, options.machine)
        records = [record for record in records if _is_timed(record, edition)]
    own = own_sets(_rows(records, options.output)) if options.axes.dataset else []
    spec = spec_of(chosen, options, score, own) if chosen.figure == "trade-off" else None
    wanted = named(records, options.models)
    store.prepare(options.output)
    if chosen.figure == "layers":
        return _layers(_shown(records, wanted), options)
    try:
        if chosen.figure == "scaling":
            files = _scaling(wanted, options)
        elif spec is not None:
            files = _trade_off(_shown(records, wanted), spec, options)
        else:
            rows = _rows(_shown(records, wanted), options.output)
            files = radar(rows, options.scale, options.baseline, options.output / f"plot_x{options.scale}_radar")
    except ValueError as error:
        raise InputError(str(error)) from None
    say(f"wrote {', '.join(map(str, files))}")
    return 0


def spec_of(chosen: Preset, options: Options, score: Column | None = None, own: Sequence[str] = ()) -> PlotSpec:
    """The preset's columns, each replaced by what was typed for it.

    Args:
        chosen: the preset.
        options: with what was typed.
        score: of the challenge that was named.
        own: sets that were measured on beside those of papers.

    Raises:
        InputError: no such column or data set, or a score without a challenge or the other way round.
    """
    axes, dataset = options.axes, options.axes.dataset or "set5"

    def column(name: str) -> Column:
        if name.strip().lower() != SCORE:
            return find(name, dataset, own)
        if score is None:
            raise ValueError("a score belongs to a challenge; name it, such as --protocol ntire2024")
        return score

    size = axes.size or chosen.size
    try:
        spec = PlotSpec(
            x=column(axes.x or chosen.x),
            y=column(axes.y or chosen.y),
            size=None if size.lower() == "none" else column(size),
            scale=options.scale,
            color=column(axes.color) if axes.color else None,
        )
    except ValueError as error:
        raise InputError(str(error)) from None
    if score is not None and score not in spec.columns:
        raise InputError("--protocol is for a figure of its score: --x, --y, --size or --color score")
    return spec


def _is_timed(record: Record, edition: Edition) -> bool:
    load = record.case.size
    return (load.lr_width, load.lr_height) == edition.inputs.time_lr and load.batch == 1


def named(records: Sequence[Record], names: str | None) -> list[Record]:
    """Those of the networks that are named: ``span``, ``span@train``, or a user's file and class as typed.

    Raises:
        InputError: one has no record.
    """
    if names is None:
        return list(records)
    known: dict[str, list[Record]] = {}
    for record in records:
        model = record.case.model
        words = [model.variant, *([f"{model.variant}@{model.form}"] if model.form else [])]
        for word in dict.fromkeys(map(str.lower, words + ([model.architecture] if model.own else []))):
            known.setdefault(word, []).append(record)
    wanted: dict[tuple[str, str, str], Record] = {}
    for name in (part.strip() for part in names.split(",") if part.strip()):
        if name.lower() not in known:
            raise InputError(f"--models: no record of '{name}'; {nearest(name.lower(), list(known))}")
        wanted |= {record.key: record for record in known[name.lower()]}
    if not wanted:
        raise InputError("--models names no network; leave it out for all")
    return list(wanted.values())


def _rows(records: Sequence[Record], output: Path) -> list[Row]:
    return rows_of(records, ClaimBook(load_claims()), measured_in(output))


def _shown(records: Sequence[Record], wanted: Sequence[Record]) -> list[Record]:
    """Those that are wanted, of the workload that a figure of all would show; of another where that lacks one of them.

    What is wanted and not shown is said.
    """
    chosen = set(map(id, wanted))
    shown = [record for record in one_question(records) if id(record) in chosen]
    if {record.case.model.key for record in shown} < {record.case.model.key for record in wanted}:
        shown = one_question(wanted)
    if others := {size_of(record) for record in wanted} - {size_of(shown[0])}:
        say(f"drawing {size_of(shown[0])}; not in the figure: records of {', '.join(sorted(others))}")
    return shown


def _trade_off(records: Sequence[Record], spec: PlotSpec, options: Options) -> list[Path]:
    rows = _rows(records, options.output)
    if options.axes.with_published:
        gt = (rows[0].gt_width, rows[0].gt_height)
        rows += [beside(row, gt) for row in published_rows(options.scale, ClaimBook(load_claims()))]
    challenge = f"{protocols.find(options.axes.protocol).name}_" if options.axes.protocol else ""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{challenge}{spec.y.key}_over_{spec.x.key}")
    return trade_off(rows, spec, options.output / f"plot_x{options.scale}_{stem}")


def _scaling(records: Sequence[Record], options: Options) -> list[Path]:
    shown = one_condition(records)
    rows = _rows(shown, options.output)
    try:
        return scaling(rows, options.scale, options.output / f"plot_x{options.scale}_scaling")
    except ValueError as error:
        load = shown[-1].case.size
        sound = [record for record in shown if record.status not in FAILURES] or shown
        names = list(dict.fromkeys(record.case.model.variant for record in sound))[:_SUGGESTED]
        size = f"{max(1, load.lr_width // 2)}x{max(1, load.lr_height // 2)}"
        words = ["srbench", "profile", "--models", ",".join(names), "--scale", str(options.scale), "--lr", size]
        command = shlex.join([*words, "--output", str(options.output)])
        raise InputError(f"{error}; '{command}' makes records of another") from None


def _layers(records: Sequence[Record], options: Options) -> int:
    from srbench.commands.plot_layers import plot_layers

    usable = [record for record in records if record.status not in FAILURES]
    for record in (r for r in records if r.status in FAILURES):
        say(f"{record.case.model.variant}: not taken apart, its record is {record.status}")
    if not usable:
        raise InputError("no network to take apart: every record failed")
    with store.locked(options.output):
        return plot_layers(usable, options.output, stems(options.scale))


def stems(scale: int) -> Callable[[Record], str]:
    """File names of layer figures, a different one for each network."""
    taken: dict[str, str] = {}

    def stem(record: Record) -> str:
        readable = record.case.model.slug
        if taken.setdefault(readable, record.case.key) != record.case.key:
            readable = f"{readable}-{record.case.key}"
        return f"plot_x{scale}_layers_{readable}"

    return stem


def size_of(record: Record) -> str:
    """The workload in words."""
    load = record.case.size
    return f"GT {load.gt_width}x{load.gt_height} batch {load.batch} {record.case.mode.dtype}"


def one_question(records: Sequence[Record]) -> list[Record]:
    """What may share a figure: one workload on one machine and device, and of each network the newest record.

    Runtimes of other sizes or devices would be points that no axis tells apart. The workload with the most networks is
    drawn, of equals the one with the newest record; so are its shapes-only records.
    """
    by_load: dict[object, list[Record]] = {}
    for record in sorted(records, key=lambda r: r.finished):
        by_load.setdefault(record.case.size.key, []).append(record)
    here = max(by_load.values(), key=lambda group: (len({r.case.model.key for r in group}), group[-1].finished))
    places = [record.place for record in here if record.case.device != "none"]
    place = max(dict.fromkeys(places), key=places.count, default=None)
    kept: dict[tuple[str, str], Record] = {}
    for record in sorted(here, key=lambda r: (r.case.device != "none", r.finished)):
        if record.case.device == "none" or record.place == place:
            kept[record.case.model.key] = record
    return list(kept.values())


def one_condition(records: Sequence[Record]) -> list[Record]:
    """What may share a figure over sizes: one device, thread count, batch and type, those with the most records.

    Raises:
        InputError: nothing was measured.
    """

    def condition(record: Record) -> tuple[object, ...]:
        return *record.place, record.case.size.batch, record.case.mode.dtype

    measured = [record for record in records if record.case.device != "none"]
    if not measured:
        raise InputError("scaling needs runtimes or peaks; these records are of shapes alone (--static-only)")
    [(most, count)] = Counter(map(condition, measured)).most_common(1)
    if count < len(measured):
        _, device, threads, batch, dtype = most
        on = f"{device}{f' with {threads} threads' if threads else ''}, batch {batch}, {dtype}"
        say(f"drawing {on}; not in the figure: {len(measured) - count} record(s) of other conditions")
    return [record for record in measured if condition(record) == most]
