"""``srbench leaderboard --protocol``: the table of a challenge, of its own entries or of networks measured here."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from srbench import store
from srbench.board import challenge, entries, protocols
from srbench.board.challenge import MAIN, Entry, MissingValueError, as_float
from srbench.board.leaderboard import rows_of
from srbench.board.protocols import Edition, ExpScore, RealTime
from srbench.board.published import ClaimBook, load_claims
from srbench.commands import say
from srbench.commands.leaderboard import measured_in, records_in
from srbench.errors import InputError
from srbench.quality import store as quality_store
from srbench.records import Record
from srbench.render import challenge as render
from srbench.render import formats
from srbench.render.columns import Column, score_column
from srbench.render.grid import Section
from srbench.render.plots.naming import shorten

OK = 0
#: What is written, by what is typed.
FORMATS = (*formats.FORMATS, "json", "txt")


def standings(
    output: Path,
    inputs: Sequence[Path],
    typed_protocol: str,
    baseline: str | None,
    machine: str | None,
    forms: Sequence[str],
) -> int:
    """Rank what the inputs hold (the records of ``output`` where there are none), print the table, write the files."""
    edition = protocols.find(typed_protocol)
    found: list[Entry] = []
    own_baseline: Entry | None = None
    folders = [path for path in inputs if path.is_dir()] or ([] if inputs else [output])
    for path in (path for path in inputs if not path.is_dir()):
        if not path.exists():
            raise InputError(f"no file or folder {path}")
        read, marked = entries.read(path, edition)
        found += read
        own_baseline = own_baseline or marked
    if found and folders and edition.rule.needs:
        raise InputError(f"{inputs[0]} and {folders[0]} are of different machines; rank them apart")
    measured = [entry for folder in folders for entry in _measured(folder, edition, machine)]
    found += measured
    teams = Counter(entry.team for entry in found)
    if twice := [team for team, count in teams.items() if count > 1]:
        raise InputError(
            f"'{twice[0]}' stands {teams[twice[0]]} times in what is to be ranked; a name must be one entry's"
        )
    found, own_baseline = _with_baseline(found, own_baseline, edition, baseline, ours=bool(measured))
    ranked = _ranked(found, edition, own_baseline)
    section = render.section(ranked, edition, ours=bool(measured))
    print(formats.terminal([section]))
    store.prepare(output)
    files = []
    for form in forms:
        path, text = _file(output, form, edition, ranked, section)
        store.write_text(path, text)
        files.append(path)
    say(f"wrote {', '.join(map(str, files))}")
    return OK


def score_axis(folder: Path, edition: Edition, baseline: str | None, machine: str | None) -> Column:
    """The scores of the networks measured in a folder, as a column for figures.

    Raises:
        InputError: the edition has ranks and no scores, or the folder lacks what they need.
    """
    rule = edition.rule
    if not isinstance(rule, ExpScore | RealTime):
        scored = [name for name in protocols.names() if isinstance(protocols.find(name).rule, ExpScore | RealTime)]
        raise InputError(f"{edition.name} has ranks and no scores; {', '.join(scored)} have")
    found, chosen = _with_baseline(_measured(folder, edition, machine), None, edition, baseline, ours=True)
    standings = _ranked(found, edition, chosen)
    known = {each.entry.team: as_float(each.log_scores[MAIN]) for each in standings if MAIN in each.log_scores}
    said = f"Score: {rule.formula}"
    if isinstance(rule, ExpScore) and chosen is not None:
        said += f", each exp({rule.factor:g} x value / {shorten(chosen.team)}'s)"
    good: Literal["low", "high"] = "low" if isinstance(rule, ExpScore) else "high"
    scores = {team: score for team, score in known.items() if score is not None}
    return score_column(edition.name, said, good, scores)


def _ranked(found: Sequence[Entry], edition: Edition, baseline: Entry | None) -> list[challenge.Standing]:
    try:
        return challenge.rank(found, edition, baseline)
    except MissingValueError as error:
        raise InputError(f"{edition.name}: {error}") from None


def _file(
    output: Path, form: str, edition: Edition, ranked: list[challenge.Standing], section: Section
) -> tuple[Path, str]:
    if form == "json":
        return output / f"{edition.name}_results.json", render.results_json(ranked)
    if form == "txt":
        return output / f"{edition.name}_results.txt", render.results_text(ranked)
    if form == "csv":
        return output / f"{edition.name}.csv", render.csv(ranked, edition)
    page: Literal["md", "latex", "html"] = "latex" if form == "latex" else "html" if form == "html" else "md"
    return output / f"{edition.name}{formats.SUFFIXES[page]}", formats.write([section], edition.name, page)


def _with_baseline(
    found: list[Entry], marked: Entry | None, edition: Edition, typed: str | None, *, ours: bool
) -> tuple[list[Entry], Entry | None]:
    """The entries without the baseline, and the baseline.

    Raises:
        InputError: networks measured here are to be scored, and what they are scored against was not measured here.
    """
    network = typed or (edition.baseline.network if edition.baseline is not None else "")
    chosen = next((entry for entry in found if network and entry.team == network), None)
    if typed is not None and chosen is None:
        raise InputError(f"--baseline {typed} is not among {', '.join(entry.team for entry in found) or 'nothing'}")
    if chosen is None and network and ours and isinstance(edition.rule, ExpScore):
        raise InputError(f"the baseline {network} of {edition.name} is not among {', '.join(e.team for e in found)}")
    if chosen is not None:
        return [entry for entry in found if entry is not chosen], chosen
    if ours and isinstance(edition.rule, ExpScore) and edition.baseline is not None:
        raise InputError(
            f"{edition.name} scores against {edition.baseline.name}, whose published runtime is of another machine; "
            f"name one that was measured here with --baseline: {', '.join(entry.team for entry in found)}"
        )
    if marked is None and edition.baseline is not None and isinstance(edition.rule, ExpScore):
        machine = f", of {edition.hardware}" if edition.hardware else ""
        said = f"published figures{machine}; {edition.baseline.source}"
        marked = Entry(edition.baseline.name, edition.baseline.values, remarks=(said,))
    return found, marked


def _measured(folder: Path, edition: Edition, machine: str | None) -> list[Entry]:
    records = records_in(folder, [edition.scale], machine)
    sizes = {edition.inputs.counts_lr, edition.inputs.time_lr}
    fitting = [r for r in records if (r.case.workload.lr_width, r.case.workload.lr_height) in sizes]
    fitting = [r for r in fitting if r.case.workload.batch == 1]
    if not fitting:
        wanted = " and ".join(f"{width}x{height}" for width, height in sorted(sizes))
        raise InputError(
            f"no records of LR {wanted} at x{edition.scale} in {folder}; "
            f"'srbench profile --protocol {edition.name} --models ... --output {folder}' makes them"
        )
    # Runtimes of two devices do not compare: the newest one's stand.
    timed = [record for record in fitting if record.latency is not None]
    device = max(timed, key=lambda r: r.finished).case.device if timed else "none"
    fitting = [record for record in fitting if record.case.device in (device, "none")]
    newest = {_question(record): record for record in sorted(fitting, key=lambda r: r.finished)}
    rows = rows_of(newest.values(), ClaimBook(load_claims()), measured_in(folder))
    disputes = _disputes(newest.values())
    return [
        replace(entry, remarks=(*entry.remarks, *disputes.get(entry.team, ())))
        for entry in entries.from_rows(rows, edition, _quality(folder, edition))
    ]


def _question(record: Record) -> tuple[object, ...]:
    case = record.case
    return case.model.source or case.model.variant, case.model.form, case.workload, case.device == "none"


def _disputes(records: Iterable[Record]) -> dict[str, list[str]]:
    """Team -> what another counter counts otherwise, where others counted too (``--counters``)."""
    found: dict[str, list[str]] = {}
    for record in records:
        for count in record.counts:
            if record.complexity is None or count.multi_adds in (None, record.complexity.multi_adds):
                continue
            causes = "; ".join(dict.fromkeys(difference.where for difference in count.differences[:2]))
            team = entries.team_of(record.case.model.variant, record.case.model.form)
            text = f"{count.counter} counts {(count.multi_adds or 0) / 1e9:,.2f} G"
            found.setdefault(team, []).append(text + (f": {causes}" if causes else ""))
    return found


def _quality(folder: Path, edition: Edition) -> dict[tuple[str, str, str], float]:
    """(variant, form, metric) -> PSNR measured by the edition's protocol on its sets."""
    sets = {"val_psnr": edition.inputs.val_set, "test_psnr": edition.inputs.test_set}
    found: dict[tuple[str, str, str], float] = {}
    for record in quality_store.read(folder, complain=say):
        asked = record.evaluation
        mean = record.mean(edition.inputs.protocol)
        if mean is None or asked.scale != edition.scale or asked.mode:
            continue
        for metric, wanted in sets.items():
            if wanted and _plain(asked.dataset.name).startswith(_plain(wanted)):
                found[asked.model.variant, asked.model.form, metric] = mean[0]
    return found


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())
