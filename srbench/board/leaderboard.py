"""Records joined with what papers claim: the rows of a leaderboard.

A number stands in a row's own cells only if it belongs to that very variant; what belongs to a sibling is marked as
such and never enters a CSV.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Protocol

from srbench.board.counting import remarks
from srbench.board.figures import QualityMetric
from srbench.board.metrics import MULTI_ADDS, PARAMS, QUALITY, figures_of
from srbench.board.published import MULTI_ADDS_INPUT, QUALITY_SETS, Claim, ClaimBook, ComparisonNetwork
from srbench.board.rows import Quality, Row
from srbench.cases import Case, Mode, Model, Weights
from srbench.fingerprint import changed
from srbench.records import Record

QUALITY_METRICS: tuple[QualityMetric, ...] = tuple(QUALITY)
#: The GT size of published Multi-Adds.
PAPER_GT = (1280, 720)


class Measurements(Protocol):
    """Measured figures to look up (:class:`srbench.board.measured.MeasuredBook`)."""

    def figures(
        self, model: Model, scale: int, files: Mapping[str, str], mode: Mode, file: Weights | None
    ) -> Mapping[tuple[str, str], Quality]:
        """(metric, set) -> what was measured of a network in a mode, of a user's by the code of these files.

        Where a file of weights is named, with that one alone.
        """


def rows_of(records: Iterable[Record], claims: ClaimBook, measured: Measurements | None = None) -> list[Row]:
    """One row for each record, cheapest first by Multi-Adds and failed ones last, with its variant's quality.

    Args:
        records: one for each case.
        claims: what papers print.
        measured: PSNR and SSIM that were measured; None for none.
    """
    return [row for row, _ in rows_with_records(records, claims, measured)]


def rows_with_records(
    records: Iterable[Record], claims: ClaimBook, measured: Measurements | None = None
) -> list[tuple[Row, Record]]:
    """The same, each row with the record behind it.

    Args:
        records: one for each case.
        claims: what papers print.
        measured: PSNR and SSIM that were measured; None for none.
    """
    pairs = [(_row(record, claims, measured), record) for record in without_shadows(records)]
    titles = _titles(pairs)
    named = [(replace(row, title=titles.get(row.network, row.title)), record) for row, record in pairs]
    return sorted(named, key=lambda pair: _place(pair[0]))


def _titles(pairs: Iterable[tuple[Row, Record]]) -> dict[str, str]:
    """Titles of those networks whose own are shared: by the fewest parts of their files' paths that differ."""
    shared: dict[str, dict[str, str]] = {}
    for row, record in pairs:
        shared.setdefault(row.title, {})[row.network] = record.case.model.source or ""
    found: dict[str, str] = {}
    for title, networks in shared.items():
        if len(networks) > 1:
            told = _told_apart([PurePosixPath(Path(file).as_posix()) for file in networks.values()])
            found |= {network: f"{title} ({file})" for network, file in zip(networks, told, strict=True) if file}
    return found


def _told_apart(paths: Sequence[PurePosixPath]) -> list[str]:
    """The last parts of each path, as few as make all differ."""
    most = max(len(path.parts) for path in paths)
    for parts in range(1, most + 1):
        words = ["/".join(path.parts[-parts:]) for path in paths]
        if len(set(words)) == len(words):
            return words
    return [""] * len(paths)


def _place(row: Row) -> tuple[object, ...]:
    """Cheapest first; a lower bound behind what is known; failed rows last, whatever they would have cost."""
    known, multi_adds = MULTI_ADDS.exact(row), MULTI_ADDS.raw(row)
    unknown = known is None, multi_adds is None
    return row.scale, row.failed, *unknown, multi_adds or 0, row.variant, row.form, row.mode


def published_rows(scale: int, claims: ClaimBook) -> list[Row]:
    """Networks that the zoo does not have, with nothing but their claims; their Multi-Adds are for a 1280x720 GT."""
    return [_published_row(network, scale) for network in claims.comparison(scale)]


def own_sets(rows: Iterable[Row]) -> list[str]:
    """Sets that were measured on and that papers do not have, by name."""
    return sorted({dataset for row in rows for _, dataset in row.measured} - set(QUALITY_SETS))


def beside(published: Row, gt: tuple[int | None, int | None]) -> Row:
    """A published row beside rows of a GT size: Multi-Adds of another size are left out, they do not compare."""
    if gt == PAPER_GT:
        return published
    figures = {key: figure for key, figure in published.figures.items() if key != MULTI_ADDS.key}
    return replace(published, figures=figures, gt_width=None, gt_height=None)


def of_one_machine(records: Sequence[Record], machine: str | None = None) -> list[Record]:
    """The records of one machine: the named one, or the one with the newest record; ``all`` keeps every record.

    What was only counted from shapes is the same on every machine: it stays, and names none.

    Raises:
        ValueError: no record is of that machine; the message lists the machines there are.
    """
    if machine == "all" or not records:
        return list(records)
    known = {record.machine.name for record in records}
    measured = [record for record in records if record.case.device != "none"]
    wanted = machine if machine is not None else max(measured or records, key=lambda r: r.finished).machine.name
    if wanted not in known:
        raise ValueError(f"no record of machine '{wanted}'; there are {', '.join(sorted(known))}, or all")
    return [record for record in records if record.machine.name == wanted or record.case.device == "none"]


def of_one_condition(records: Sequence[Record]) -> list[Record]:
    """Those whose runtimes compare, of the newest one's mode and place; and those of shapes alone."""
    timed = [record for record in records if record.latency is not None]
    if not timed:
        return list(records)
    newest = max(timed, key=_age)
    here = newest.case.mode, newest.place
    return [r for r in records if r.case.device == "none" or (r.case.mode, r.place) == here]


def newest_of_nodes(records: Sequence[Record]) -> list[Record]:
    """Of the records that equal machines have of one case the newest, oldest first: they are replicates."""
    return list({(r.case.key, r.machine.name): r for r in sorted(records, key=_age)}.values())


def without_shadows(records: Iterable[Record]) -> list[Record]:
    """One record for each question where shapes-only and measured records answer the same.

    The measured one stands, unless a later look at the shapes gave other counts: then the network's file has changed
    and the measurement is of what it was.
    """
    records = list(records)
    shapes = {r.case.question: r for r in sorted(records, key=_age) if r.case.device == "none"}
    kept = []
    for record in (r for r in records if r.case.device != "none"):
        newer = shapes.get(record.case.question)
        if newer is not None and newer.finished > record.finished and _counts(newer) != _counts(record):
            continue
        kept.append(record)
    measured = {r.case.question for r in kept}
    return kept + [r for r in shapes.values() if r.case.question not in measured]


def _age(record: Record) -> datetime:
    return record.finished


def _counts(record: Record) -> tuple[int, int] | None:
    return (record.complexity.params, record.complexity.multi_adds) if record.complexity else None


def _row(record: Record, claims: ClaimBook, measured: Measurements | None) -> Row:
    case = record.case
    model, load, counts = case.model, case.size, record.complexity
    return Row(
        model=model.architecture,
        variant=model.variant,
        scale=load.scale,
        form=model.form,
        colors=model.colors,
        gt_width=load.gt_width,
        gt_height=load.gt_height,
        lr_width=load.lr_width,
        lr_height=load.lr_height,
        batch=load.batch,
        dtype=case.mode.dtype,
        device=_device(record),
        machine=record.machine.name,
        network=model.identity,
        threads=case.threads,
        engine=case.mode.engine,
        layout=case.mode.layout,
        node=record.machine.node,
        mode=case.mode.mark,
        figures=figures_of(record),
        status=record.status,
        reason="; ".join(filter(None, (record.reason, *(remarks(counts) if counts else ()), _stale(record)))),
        advice=record.advice,
        note="" if model.own else model.note,
        remark="; ".join(filter(None, (model.note if model.own else "", _file_of(case)))),
        title=model.title,
        uncounted=counts.uncounted if counts else (),
        quality={} if model.own else _quality(record, claims),
        measured=measured.figures(model, load.scale, record.files, case.mode, case.weights)
        if measured is not None
        else {},
    )


def _file_of(case: Case) -> str:
    """The file of weights that was named for a case's network, as a remark."""
    return f"weights: {case.weights.file}" if case.weights is not None else ""


def _stale(record: Record) -> str:
    """What is to be said of a user's network whose files are no longer those that were measured."""
    names = [Path(path).name for path in changed(record.files)]
    return f"{', '.join(names)} changed since it was measured: profile it again" if names else ""


def _device(record: Record) -> str:
    """As asked for; the thread count is said where it is not the machine's own."""
    case = record.case
    if case.device == "none":
        return ""
    if case.threads is not None and case.threads != record.machine.cores:
        return f"{case.device} ({case.threads} thread{'s' if case.threads > 1 else ''})"
    return case.device


def _quality(record: Record, claims: ClaimBook) -> dict[tuple[str, str], Quality]:
    model, scale = record.case.model, record.case.size.scale
    # Papers' figures are of eager float32: beside another mode they are a sibling's.
    plain = None if record.case.mode.plain else "eager float32"
    found: dict[tuple[str, str], Quality] = {}
    for metric in QUALITY_METRICS:
        for dataset in QUALITY_SETS:
            if (claim := claims.own(model.variant, scale, metric, dataset)) is not None:
                found[metric, dataset] = _figure(claim, plain)
            elif claim := claims.sibling(model.variant, model.architecture.lower(), scale, metric, dataset):
                layout = claim.variant or f"{claim.network}, layout not stated"
                found[metric, dataset] = _figure(claim, sibling=layout)
    return found


def _figure(claim: Claim, sibling: str | None = None) -> Quality:
    return Quality(claim.value, claim.printed, claim.kind, claim.source, sibling, claim.protocol)


def _published_row(network: ComparisonNetwork, scale: int) -> Row:
    quality: dict[tuple[str, str], Quality] = {cell: _figure(claim) for cell, claim in network.quality.items()}
    claims = {PARAMS.key: network.params, MULTI_ADDS.key: network.multi_adds}
    sources = sorted({claim.source for claim in claims.values() if claim is not None})
    return Row(
        model=network.label,
        variant="",
        scale=scale,
        # The claimed Multi-Adds are for this input, and no other number of the row depends on one.
        gt_width=PAPER_GT[0] if network.multi_adds else None,
        gt_height=PAPER_GT[1] if network.multi_adds else None,
        figures={key: claim.base_value for key, claim in claims.items() if claim is not None},
        status="PUBLISHED",
        reason=f"costs for {MULTI_ADDS_INPUT} from {'; '.join(sources)}" if sources else "",
        quality=quality,
    )
