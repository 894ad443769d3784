"""Figures from stored records."""

import math
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

from srbench import store
from srbench.api.challenging import score_axis
from srbench.api.request import Tell, silent
from srbench.api.stored import measured_in, named, published_beside, records_in
from srbench.board import editions
from srbench.board.choosing import ANYTHING, Chosen, Wanted, fitting, of_one_condition, of_one_question
from srbench.board.editions import Edition
from srbench.board.leaderboard import beside, own_sets, rows_of
from srbench.board.metric import Metric
from srbench.board.published import ClaimBook, load_claims
from srbench.board.rows import Row
from srbench.cases import slug
from srbench.errors import InputError
from srbench.records import FAILURES, Record
from srbench.render.columns import SCORE, find
from srbench.render.plots import FORMATS, Look, PlotSpec, naming, trade_off
from srbench.render.plots.look import COLUMN, COLUMN_CM
from srbench.render.plots.presets import Preset, preset
from srbench.render.plots.scaling import scaling
from srbench.render.plots.tex import check_tex

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
    challenge: str | None = None
    with_published: bool = False
    highlight: str | None = None
    xlim: tuple[float, float] | None = None
    ylim: tuple[float, float] | None = None

    @property
    def given(self) -> list[str]:
        """The options that are typed."""
        return [f"--{field.name.replace('_', '-')}" for field in fields(self) if getattr(self, field.name)]


@dataclass(frozen=True)
class Drawing:
    """What is drawn.

    Attributes:
        folder: results folder; the figure goes there too.
        preset: ``fig1``, ``runtime``, ``memory``, ``scaling`` or ``layers``.
        scale: upscaling factor.
        models: comma-separated names as in the records; None for all.
        axes: of trade-off plots.
        baseline: of a challenge's scores.
        machine: whose records are shown; None for that of the newest.
        wanted: records of what size, batch, mode, device, threads.
        look: width, font, formats, and whether there are notes.
        tell: gets lines on what is left out.
    """

    folder: Path
    preset: str = "fig1"
    scale: int = 4
    models: str | None = None
    axes: Axes = Axes()
    baseline: str | None = None
    machine: str | None = None
    wanted: Wanted = ANYTHING
    look: Look = COLUMN
    tell: Tell = field(default=silent, compare=False)


@dataclass(frozen=True)
class Drawn:
    """The files of a figure, and whether a network failed while it was taken apart for it."""

    files: Sequence[Path]
    failed: bool = False


def plot(
    folder: str | Path = "results",
    preset: str = "fig1",
    *,
    scale: int = 4,
    models: str | None = None,
    x: str | None = None,
    y: str | None = None,
    size: str | None = None,
    color: str | None = None,
    dataset: str | None = None,
    challenge: str | None = None,
    baseline: str | None = None,
    machine: str | None = None,
    published: bool = False,
    highlight: str | None = None,
    xlim: tuple[float, float] | None = None,
    ylim: tuple[float, float] | None = None,
    width_cm: float = COLUMN_CM,
    font: str = "sans",
    usetex: bool = False,
    formats: Sequence[str] = FORMATS,
    notes: bool = False,
    wanted: Wanted = ANYTHING,
    tell: Tell = silent,
) -> list[Path]:
    """Draw a figure from stored records: PNG, PDF, SVG, and the plotted numbers as CSV.

    Args:
        folder: as given to ``srbench profile --output``; the files go there.
        preset: ``fig1`` (PSNR over params, area Multi-Adds), ``runtime``, ``memory``, ``scaling`` or ``layers``.
        scale: upscaling factor.
        models: comma-separated names as in the records. [default: all]
        x: metric on x in place of the preset's, such as ``runtime``, or ``score`` of a challenge.
        y: the same on y.
        size: the same of the bubbles' area, or ``none``.
        color: the same of their colour. [default: one colour an architecture]
        dataset: of ``psnr`` and ``ssim``. [default: set5]
        challenge: whose score is an axis.
        baseline: of the challenge's scores.
        machine: name of the machine whose records are shown. [default: that of the newest record]
        published: networks outside the zoo, too, by what papers print.
        highlight: comma-separated names of networks that stand out: a star, the name bold.
        xlim: ends of the axis, in the unit that it shows. [default: all but what is far out]
        ylim: the same of y.
        width_cm: printed width.
        font: ``sans`` or ``serif``.
        usetex: whether LaTeX sets the text.
        formats: those of ``png``, ``pdf`` and ``svg`` that are written; the CSV always is.
        notes: whether the conditions and all that is not shown stand below.
        wanted: of what size, batch, mode, device and threads the records are.
        tell: gets lines on what is left out.

    Returns:
        The files.

    Raises:
        InputError: no such preset, metric, network, record or font, or options that the preset does not have.
    """
    axes = Axes(x, y, size, color, dataset, challenge, published, highlight, xlim, ylim)
    look = Look(width_cm, font, usetex, tuple(formats), notes)
    return list(draw(Drawing(Path(folder), preset, scale, models, axes, baseline, machine, wanted, look, tell)).files)


def draw(options: Drawing) -> Drawn:
    """Draw one figure of one scale of the results in ``folder``, or with ``layers`` one for each network.

    Raises:
        InputError: no such preset, column, network or record, or options that the preset does not have.
    """
    try:
        chosen = preset(options.preset)
    except ValueError as error:
        raise InputError(f"--preset: {error}") from None
    if chosen.figure != "trade-off" and (given := options.axes.given):
        raise InputError(f"{given[0]} is for trade-off plots; --preset {options.preset} has its own axes")
    edition = editions.find(options.axes.challenge) if options.axes.challenge else None
    if edition is None and options.baseline is not None:
        raise InputError("--baseline is for --challenge")
    if options.look.usetex:
        check_tex(options.look.formats)
    score = None
    records = records_in(options.folder, [options.scale], options.machine, options.tell)
    if edition is not None:
        score = score_axis(options.folder, str(options.axes.challenge), options.baseline, options.machine, options.tell)
        records = [record for record in records if _is_timed(record, edition)]
    own = own_sets(_rows(records, options)) if options.axes.dataset else []
    spec = spec_of(chosen, options, score, own) if chosen.figure == "trade-off" else None
    records = fitting(records, options.wanted)
    wanted = named(records, options.models)
    store.prepare(options.folder)
    try:
        if chosen.figure == "scaling":
            files = _scaling(wanted, options)
        elif chosen.figure == "layers":
            shown = of_one_question(records, wanted)
            _told(shown, options)
            return _layers(shown.records, options)
        else:
            assert spec is not None  # a trade-off
            files = _trade_off(of_one_question(records, wanted, modes=True), spec, options)
    except ValueError as error:
        raise InputError(str(error)) from None
    return Drawn(files)


def spec_of(chosen: Preset, options: Drawing, score: Metric | None = None, own: Sequence[str] = ()) -> PlotSpec:
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

    def column(name: str) -> Metric:
        if name.strip().lower() != SCORE:
            return find(name, dataset, own)
        if score is None:
            raise ValueError("a score belongs to a challenge; name it, such as --challenge ntire2024")
        return score

    size = axes.size or chosen.size
    try:
        spec = PlotSpec(
            x=column(axes.x or chosen.x),
            y=column(axes.y or chosen.y),
            size=None if size.lower() == "none" else column(size),
            scale=options.scale,
            color=column(axes.color) if axes.color else None,
            xlim=_ends(axes.xlim, "--xlim"),
            ylim=_ends(axes.ylim, "--ylim"),
            highlight=tuple(part.strip() for part in (axes.highlight or "").split(",") if part.strip()),
        )
    except ValueError as error:
        raise InputError(str(error)) from None
    if score is not None and score not in spec.columns:
        raise InputError("--challenge is for a figure of its score: --x, --y, --size or --color score")
    return spec


def _ends(typed: tuple[float, float] | None, option: str) -> tuple[float, float] | None:
    if typed is not None and not (all(map(math.isfinite, typed)) and typed[0] < typed[1]):
        raise InputError(f"{option} {typed[0]:g},{typed[1]:g}: the first end of an axis is below the second")
    return typed


def _is_timed(record: Record, edition: Edition) -> bool:
    load = record.case.size
    return (load.lr_width, load.lr_height) == edition.inputs.time_lr and load.batch == 1


def _rows(records: Sequence[Record], options: Drawing) -> list[Row]:
    return rows_of(records, ClaimBook(load_claims()), measured_in(options.folder, tell=options.tell))


def _trade_off(chosen: Chosen, spec: PlotSpec, options: Drawing) -> list[Path]:
    rows = _rows(chosen.records, options)
    if options.axes.with_published:
        gt = (rows[0].gt_width, rows[0].gt_height)
        rows += [beside(row, gt) for row in published_beside(rows)]
    return trade_off(rows, spec, _stem(options, naming.trade_off_stem(spec)), options.look, _told(chosen, options))


def _scaling(wanted: Sequence[Record], options: Drawing) -> list[Path]:
    chosen = of_one_condition(wanted)
    rows = _rows(chosen.records, options)
    try:
        return scaling(rows, options.scale, _stem(options, "scaling"), options.look, _told(chosen, options))
    except ValueError as error:
        load = chosen.records[-1].case.size
        sound = [record for record in chosen.records if record.status not in FAILURES] or chosen.records
        names = list(dict.fromkeys(record.case.model.variant for record in sound))[:_SUGGESTED]
        size = f"{max(1, load.lr_width // 2)}x{max(1, load.lr_height // 2)}"
        words = ["srbench", "profile", "--models", ",".join(names), "--scale", str(options.scale), "--lr", size]
        command = shlex.join([*words, "--output", str(options.folder)])
        raise InputError(f"{error}; '{command}' makes records of another") from None


def _told(chosen: Chosen, options: Drawing) -> list[str]:
    """What is not in the figure, for its note; it is said here too."""
    for left in chosen.left_out:
        options.tell(f"not in the figure: {left}")
    return [f"Not in the figure: {left}" for left in chosen.left_out]


def _stem(options: Drawing, what: str) -> Path:
    """Path of a figure's files: what it shows, and every option that makes it another figure."""
    axes = options.axes
    edition = editions.find(axes.challenge).name if axes.challenge else ""
    words = [edition, what, *(["published"] if axes.with_published else [])]
    words += [f"{name.removeprefix('--')}-{value}" for name, value in options.wanted.words.items()]
    words += [f"over-{options.baseline}"] if options.baseline else []
    words += [f"of-{options.machine}"] if options.machine else []
    words += [naming.named_in_file(options.models)] if options.models else []
    words += [f"highlight-{naming.named_in_file(axes.highlight)}"] if axes.highlight else []
    ends = (("xlim", axes.xlim), ("ylim", axes.ylim))
    words += [f"{name}-{limits[0]:.15g}-{limits[1]:.15g}" for name, limits in ends if limits is not None]
    words += options.look.words
    readable = re.sub(r"[^A-Za-z0-9._-]+", "-", "_".join(filter(None, words)))
    return options.folder / f"plot_x{options.scale}_{readable}"


def _layers(records: Sequence[Record], options: Drawing) -> Drawn:
    from srbench.api.dissecting import plot_layers

    usable = [record for record in records if record.status not in FAILURES]
    for record in (r for r in records if r.status in FAILURES):
        options.tell(f"{record.case.model.variant}: not taken apart, its record is {record.status}")
    if not usable:
        raise InputError("no network to take apart: every record failed")
    with store.locked(options.folder):
        return Drawn(*plot_layers(usable, options.folder, stems(options), options.look, options.tell))


def stems(options: Drawing) -> Callable[[Record], str]:
    """File names of layer figures, a different one for each network."""
    words = [f"{name.removeprefix('--')}-{slug(value)}" for name, value in options.wanted.words.items()]
    chosen = "".join(f"_{word}" for word in (*words, *options.look.words))
    taken: dict[str, str] = {}

    def stem(record: Record) -> str:
        readable = record.case.model.slug
        if taken.setdefault(readable, record.case.key) != record.case.key:
            readable = f"{readable}-{record.case.key}"
        return f"plot_x{options.scale}_layers_{readable}{chosen}"

    return stem
