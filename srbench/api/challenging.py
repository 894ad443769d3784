"""The table of a challenge, of its own entries or of networks measured here."""

import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from srbench.api.request import Tell, silent
from srbench.api.stored import measured_in, quality_in, records_in
from srbench.board import challenge as challenge_board
from srbench.board import editions, entries, shipped
from srbench.board.challenge import MAIN, Entry, MissingValueError, as_float
from srbench.board.editions import Edition, ExpScore, RealTime
from srbench.board.figures import Good
from srbench.board.leaderboard import of_one_condition, rows_of
from srbench.board.metric import Metric
from srbench.board.published import ClaimBook, load_claims
from srbench.cases import Mode
from srbench.errors import InputError
from srbench.files import write_text
from srbench.records import Record
from srbench.render import challenge as render
from srbench.render import formats
from srbench.render.columns import score_column
from srbench.render.formats import Document
from srbench.render.grid import Section
from srbench.render.plots.naming import shorten
from srbench.render.terminal import terminal


@dataclass(frozen=True)
class Ranking:
    """A challenge's table.

    Attributes:
        edition: the challenge.
        standings: of each entry, in the order of the table.
        ours: whether networks measured by srbench are among them.
    """

    edition: Edition
    standings: Sequence[challenge_board.Standing] = field(repr=False)
    ours: bool = False

    @property
    def section(self) -> Section:
        """The table with its title and notes."""
        return render.section(self.standings, self.edition, ours=self.ours)

    def __str__(self) -> str:
        """The table as text, as wide as it is."""
        return self.text()

    def text(self, width: int | None = None, more: str = "") -> str:
        """The table as a terminal of some width shows it; ``more`` names the file that has the rest."""
        return terminal([self.section], width, more)

    def write(self, folder: str | Path, forms: Sequence[str] = ("csv", "md")) -> list[Path]:
        """Write the table, a file for each format; the files written."""
        frame = partial(render.frame, self.standings, self.edition)
        document = Document(self.edition.title, [self.section], frame, self.standings)
        files = []
        for name, text in formats.written(document, self.edition.name, forms):
            write_text(Path(folder) / name, text)
            files.append(Path(folder) / name)
        return files


def challenge(
    name: str,
    inputs: Sequence[str | Path] = ("results",),
    *,
    baseline: str | None = None,
    machine: str | None = None,
    tell: Tell = silent,
) -> Ranking:
    """Rank entries as a challenge does.

    Args:
        name: of an edition that srbench knows (``ntire2024``), or the file of one (docs/guide/challenges.md).
        inputs: folders of records, or a challenge's own files: .csv, results.json, results.txt.
        baseline: the network that scores are relative to, or a file that has it. [default: the challenge's]
        machine: name of the machine whose records are ranked. [default: that of the newest record]
        tell: gets lines on what is left out.

    Returns:
        The table, to print or to write.

    Raises:
        InputError: an unknown challenge, no such file or entry, or figures that the rule needs and nobody has.
    """
    edition = editions.find(name)
    found: list[Entry] = []
    own_baseline: Entry | None = None
    paths = [Path(each) for each in inputs]
    files = [path for path in paths if path.suffix and not path.is_dir()]
    folders = [path for path in paths if path not in files]
    for path in files:
        if not path.exists():
            raise InputError(f"no file or folder {path}")
        read, marked = entries.read(path, edition)
        found += read
        if own_baseline is not None and marked is not None:
            raise InputError(f"both '{own_baseline.team}' and '{marked.team}' are marked as the baseline")
        own_baseline = own_baseline or marked
    if baseline is not None and (given := Path(baseline)).is_file():
        if own_baseline is not None:
            raise InputError(
                f"'{own_baseline.team}' is marked as the baseline already; leave --baseline {baseline} out"
            )
        own_baseline, baseline = _baseline_of(given, edition), None
    if files and folders and edition.rule.needs:
        raise InputError(f"{files[0]} and {folders[0]} are of different machines; rank them apart")
    measured = _measured(folders, edition, name, machine, tell) if folders else []
    found += measured
    teams = Counter(entry.team for entry in found)
    if twice := [team for team, count in teams.items() if count > 1]:
        raise InputError(
            f"'{twice[0]}' stands {teams[twice[0]]} times in what is to be ranked; a name must be one entry's"
        )
    found, own_baseline = _with_baseline(found, own_baseline, edition, baseline, ours=bool(measured))
    return Ranking(edition, _ranked(found, edition, own_baseline), ours=bool(measured))


def _baseline_of(path: Path, edition: Edition) -> Entry:
    """The baseline that a file brings: the entry that it marks, or its only one.

    Raises:
        InputError: it has several, and marks none.
    """
    found, marked = entries.read(path, edition, alone=True)
    if marked is None and len(found) != 1:
        raise InputError(f"--baseline {path} has {len(found)} entries and marks none as the baseline")
    return marked or found[0]


def score_axis(folder: Path, name: str, baseline: str | None, machine: str | None, tell: Tell) -> Metric:
    """The scores of the networks measured in a folder, as a column for figures.

    Args:
        folder: of results.
        name: of the edition, or its file.
        baseline: the network that scores are relative to. [default: the edition's]
        machine: whose records are scored. [default: that of the newest]
        tell: gets a line on what is left out.

    Raises:
        InputError: the edition has ranks and no scores, or the folder lacks what they need.
    """
    edition = editions.find(name)
    rule = edition.rule
    if not isinstance(rule, ExpScore | RealTime):
        scored = [name for name in shipped.names() if isinstance(editions.find(name).rule, ExpScore | RealTime)]
        raise InputError(f"{edition.name} has ranks and no scores; {', '.join(scored)} have")
    measured = _measured([folder], edition, name, machine, tell)
    found, chosen = _with_baseline(measured, None, edition, baseline, ours=True)
    standings = _ranked(found, edition, chosen)
    known = {each.entry.network: as_float(each.log_scores[MAIN]) for each in standings if MAIN in each.log_scores}
    said = f"Score: {rule.formula}"
    if isinstance(rule, ExpScore) and chosen is not None:
        said += f", each exp({rule.factor:g} x value / {shorten(chosen.team)}'s)"
    good: Good = "low" if isinstance(rule, ExpScore) else "high"
    scores = {network: score for network, score in known.items() if network is not None and score is not None}
    return score_column(edition.name, said, good, scores)


def _ranked(found: Sequence[Entry], edition: Edition, baseline: Entry | None) -> list[challenge_board.Standing]:
    try:
        return challenge_board.rank(found, edition, baseline)
    except MissingValueError as error:
        raise InputError(f"{edition.name}: {error}; the rule needs it") from None


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
        others = [entry for entry in found if entry is not chosen]
        if marked is not None:
            stood = (*marked.remarks, "marked as the baseline where it stood; listed, not ranked")
            others.append(replace(marked, remarks=stood, listed_below=True))
        return others, chosen
    if ours and isinstance(edition.rule, ExpScore) and edition.baseline is not None:
        raise InputError(
            f"{edition.name} scores against {edition.baseline.name}, whose published runtime is of another machine; "
            f"name one that was measured here with --baseline: {', '.join(entry.team for entry in found)}"
        )
    if marked is None and edition.baseline is not None and isinstance(edition.rule, ExpScore):
        machine = f", of {edition.hardware}" if edition.hardware else ""
        said = f"published figures{machine}; {edition.baseline.source}"
        remarks = (said, *([edition.baseline.doubt] if edition.baseline.doubt else []))
        marked = Entry(edition.baseline.name, edition.baseline.values, remarks=remarks)
    return found, marked


def _measured(folders: Sequence[Path], edition: Edition, name: str, machine: str | None, tell: Tell) -> list[Entry]:
    """The networks measured in the folders, all on one machine and device and with as many threads.

    Raises:
        InputError: nothing of the edition's inputs was measured, or on several machines.
    """
    cure = (
        f"'srbench profile --challenge {shlex.quote(name)} --models ... "
        f"--output {shlex.quote(str(folders[0]))}' makes them"
    )
    try:
        records = [record for folder in folders for record in records_in(folder, [edition.scale], machine, tell)]
    except InputError as error:
        raise InputError(f"{error}; {cure}") from None
    sizes = {edition.inputs.counts_lr, edition.inputs.time_lr}
    fitting = [r for r in records if (r.case.size.lr_width, r.case.size.lr_height) in sizes]
    fitting = [r for r in fitting if r.case.size.batch == 1]
    if not fitting:
        wanted = " and ".join(f"{width}x{height}" for width, height in sorted(sizes))
        raise InputError(f"no records of LR {wanted} at x{edition.scale} in {' or '.join(map(str, folders))}; {cure}")
    machines = {record.machine.name for record in fitting if record.case.device != "none"}
    if len(machines) > 1:
        names = " or ".join(f"--machine '{name}'" for name in sorted(machines))
        raise InputError(f"a ranking is of one machine, --machine {machine or 'all'} has several; write {names}")
    alike = of_one_condition(fitting)
    if left := len(fitting) - len(alike):
        tell(f"left out: {left} record(s) of another mode, device or number of threads; a ranking is of one")
    newest = list(
        {
            (record.case.question, record.case.device == "none"): record
            for record in sorted(alike, key=lambda record: record.finished)
        }.values()
    )
    rows = rows_of(newest, ClaimBook(load_claims()), measured_in(*folders, tell=tell))
    mode = next((record.case.mode for record in newest if record.case.device != "none"), Mode())
    disputes = _disputes(newest, edition)
    return [
        replace(entry, remarks=(*entry.remarks, *disputes.get(entry.network, ())))
        for entry in entries.from_rows(rows, edition, _quality(folders, edition, mode, tell))
    ]


def _disputes(records: Iterable[Record], edition: Edition) -> dict[tuple[str, str] | None, list[str]]:
    """Network -> what another counter counts otherwise in the edition's input, where others counted too."""
    found: dict[tuple[str, str] | None, list[str]] = {}
    for record in records:
        load = record.case.size
        if (load.lr_width, load.lr_height) != edition.inputs.counts_lr:
            continue
        for count in record.counts:
            if record.complexity is None or count.multi_adds in (None, record.complexity.multi_adds):
                continue
            causes = "; ".join(dict.fromkeys(difference.where for difference in count.differences[:2]))
            text = f"{count.counter} counts {(count.multi_adds or 0) / 1e9:,.2f} G"
            found.setdefault(record.case.model.key, []).append(text + (f": {causes}" if causes else ""))
    return found


def _quality(folders: Sequence[Path], edition: Edition, mode: Mode, tell: Tell) -> dict[tuple[str, str, str], float]:
    """(network, form, metric) -> PSNR measured in the mode on the edition's sets, by the protocol that it names.

    Of a set's copies the one that was measured last; what was scored on another is left out.
    """
    sets = {"val_psnr": edition.inputs.val_set, "test_psnr": edition.inputs.test_set}
    fitting = [
        (metric, mean[0], record.evaluation)
        for record in quality_in(*folders, tell=tell)
        for metric, wanted in sets.items()
        if wanted
        and _is_set(record.evaluation.dataset.name, wanted)
        and record.evaluation.scale == edition.scale
        and record.evaluation.mode == mode
        and not record.evaluation.random_weights
        and (mean := record.mean(edition.inputs.protocol)) is not None
    ]
    copies = {metric: asked.dataset.sha256 for metric, _, asked in fitting}
    return {
        (*asked.model.key, metric): psnr for metric, psnr, asked in fitting if asked.dataset.sha256 == copies[metric]
    }


def _is_set(name: str, wanted: str) -> bool:
    """Whether a folder is that set: ``DIV2K_valid`` is also called ``DIV2K-valid_HR``."""
    return _plain(name) in {_plain(wanted) + ending for ending in ("", "hr", "gt")}


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())
