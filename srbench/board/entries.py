"""Entries of a challenge, from its published tables (CSV), its scripts' results (JSON, text) and our own rows."""

import csv
import io
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from srbench.board import metrics
from srbench.board.challenge import Entry
from srbench.board.counting import named
from srbench.board.editions import METRICS, Edition
from srbench.board.metric import Metric
from srbench.board.metrics import MULTI_ADDS, PARAMS, RUNTIME
from srbench.board.rows import Quality, Row
from srbench.cases import MODE_SIGN, labelled
from srbench.errors import InputError
from srbench.files import read_text
from srbench.records import FAILURES
from srbench.text import one_line

#: Rank columns of a CSV -> the metric that they rank.
_RANKS = {f"rank_{metric}": metric for metric in METRICS} | {
    "rank_runtime": "ave_time_ms",
    "rank_params": "params_m",
    "rank_flops": "flops_g",
    "rank_acts": "acts_m",
    "rank_mem": "mem_mb",
}
#: What convolutions that are no modules leave to the challenges' hooks.
_MAY_BE_ZERO = frozenset(("acts_m", "conv"))
#: A table may hold a network several times; this kind of row is what the edition itself printed.
_PRINTED = "published table"
#: No figure of an entry is larger, no place is behind this one, and no name is longer than so many characters.
_MOST, _LAST, _MOST_NAME = 1e15, 10_000, 500
#: Of what stands in place of a number, in an error.
_SHOWN = 40
#: Keys of the challenges' results.json (test_demo.py, 2022 to 2026) -> metrics.
JSON_KEYS = {
    "valid_ave_psnr": "val_psnr",
    "test_ave_psnr": "test_psnr",
    "ave_runtime": "ave_time_ms",  # ours: their scripts leave it to the reader of both
    "valid_ave_runtime": "val_time_ms",
    "test_ave_runtime": "test_time_ms",
    "num_parameters": "params_m",
    "flops": "flops_g",
    "activations": "acts_m",
    "valid_memory": "mem_mb",
    "num_conv": "conv",
}
#: Runtimes that are averaged, and of which images they are.
_TIMED = (("val_time_ms", "validation"), ("test_time_ms", "test"))
#: Titles of results.txt -> metrics, and how a number is printed there.
TEXT_COLUMNS = {
    "Val PSNR": ("val_psnr", "2.2f"),
    "Test PSNR": ("test_psnr", "2.2f"),
    "Val Time [ms]": ("val_time_ms", "3.2f"),
    "Test Time [ms]": ("test_time_ms", "3.2f"),
    "Ave Time [ms]": ("ave_time_ms", "3.2f"),
    "Params [M]": ("params_m", "2.3f"),
    "FLOPs [G]": ("flops_g", "2.2f"),
    "Acts [M]": ("acts_m", "2.2f"),
    "Mem [M]": ("mem_mb", "2.2f"),
    "Conv": ("conv", "4.0f"),
}


def read(path: Path, edition: Edition, *, alone: bool = False) -> tuple[list[Entry], Entry | None]:
    """The entries of a file, and the baseline if the file marks one.

    ``.csv``: a column ``team`` and metrics by their names; ``year`` and ``kind`` choose the rows where they stand,
    ``status`` marks a ``baseline`` and what is listed for ``reference``. ``.json`` and ``.txt``: what the challenges'
    scripts write.

    Args:
        path: of the file.
        edition: the rules.
        alone: whether a baseline without any other entry will do.

    Raises:
        InputError: the file cannot be read, is of another kind, or holds no entry of the edition.
    """
    readers = {".csv": _from_csv, ".json": _from_json, ".txt": _from_text}
    if path.suffix.lower() not in readers:
        raise InputError(f"{path} is neither a folder of records nor .csv, results.json or results.txt")
    try:
        text = read_text(path, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise InputError(f"cannot read {path}: {reason}") from None
    entries, baseline = readers[path.suffix.lower()](text, path, edition)
    named = [*entries, *([baseline] if baseline is not None else [])]
    if any(not entry.team.strip() for entry in named):
        raise InputError(f"{path}: an entry has no name")
    if longest := max((len(entry.team) for entry in named if len(entry.team) > _MOST_NAME), default=0):
        raise InputError(f"{path}: the name of an entry has {longest:,} characters; {_MOST_NAME} are allowed")
    if baseline is None:
        baseline = _only([entry for entry in entries if _is_baseline(entry.team, edition)], path)
        entries = [entry for entry in entries if entry is not baseline]
    if not entries and not (alone and baseline is not None):
        raise InputError(f"{path} holds no entry of {edition.name}")
    return entries, baseline


def _only(baselines: Sequence[Entry], path: Path) -> Entry | None:
    if len(baselines) > 1:
        raise InputError(f"{path} marks {len(baselines)} baselines: {', '.join(each.team for each in baselines)}")
    return baselines[0] if baselines else None


def _is_baseline(team: str, edition: Edition) -> bool:
    """Whether a name is that of the edition's baseline, or ends as the challenges' scripts call theirs."""
    own = edition.baseline is not None and team == edition.baseline.name
    return own or re.fullmatch(r"\d*_?\w+_baseline", team, re.IGNORECASE) is not None


def _from_csv(text: str, path: Path, edition: Edition) -> tuple[list[Entry], Entry | None]:
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise InputError(f"{path} is no table: {error}") from None
    if not rows:
        raise InputError(f"{path} has no rows below its header")
    header = set(rows[0])
    if "multi_adds" in header:
        raise InputError(f"{path} is srbench's own table of another input size; name the folder of its records")
    if "team" not in header or not header & METRICS.keys():
        raise InputError(f"{path} has no column team, or none of {', '.join(METRICS)}")
    if "year" in header:
        year = re.search(r"\d{4}$", edition.name)
        years = dict.fromkeys(str(row["year"]) for row in rows)
        rows = [row for row in rows if year is not None and row["year"] == year[0]]
        if not rows:
            raise InputError(f"{path} holds no entry of {edition.name}; its column year has {', '.join(years)}")
    if edition.challenge and "challenge" in header:
        rows = [row for row in rows if row["challenge"].casefold() == edition.challenge.casefold()]
        if not rows:
            raise InputError(f"{path} holds no entry of {edition.challenge}, the challenge of {edition.name}")
    if any(row.get("kind") == _PRINTED for row in rows):
        rows = [row for row in rows if row["kind"] == _PRINTED]
    entries = [(row.get("status", ""), _csv_entry(row, path)) for row in rows]
    baseline = _only([entry for status, entry in entries if status == "baseline"], path)
    return [entry for status, entry in entries if status != "baseline"], baseline


def _csv_entry(row: Mapping[str, str | None], path: Path) -> Entry:
    # The apostrophe by which our own CSV keeps a spreadsheet from running a name is no part of it.
    team = re.sub(r"^'(?=[=+@-])", "", row["team"] or "")
    if None in row:
        raise InputError(f"{path}: the row of '{team}' has more cells than the header")
    values = {key: _number(row[key] or "", key, team, path) for key in METRICS if row.get(key)}
    given = {metric: _rank(row[key] or "", key, team, path) for key, metric in _RANKS.items() if row.get(key)}
    return Entry(team, values, given, listed_below=row.get("status") == "reference")


def _rank(text: str, column: str, team: str, path: Path) -> int:
    rank = round(_number(text, column, team, path))
    if rank > _LAST:
        raise InputError(f"{path}: {column} of '{one_line(team, _SHOWN)}' is {rank:,}; no rank is above {_LAST:,}")
    return rank


def _number(text: str, column: str, team: str, path: Path) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{path}: {column} of '{one_line(team, _SHOWN)}' is '{one_line(text, _SHOWN)}', no number")
    if value > _MOST:
        raise InputError(f"{path}: {column} of '{one_line(team, _SHOWN)}' is {value:g}; nothing is above {_MOST:g}")
    if value < 0 or (value == 0 and column not in _MAY_BE_ZERO and JSON_KEYS.get(column) not in _MAY_BE_ZERO):
        raise InputError(f"{path}: {column} of '{one_line(team, _SHOWN)}' is {value:g}; it must be positive")
    return value


def _from_json(text: str, path: Path, _: Edition) -> tuple[list[Entry], Entry | None]:
    try:
        content = json.loads(text, object_pairs_hook=lambda pairs: _once(pairs, path))
    except json.JSONDecodeError as error:
        raise InputError(f"{path} is not JSON: {error}") from None
    except RecursionError:
        raise InputError(f"{path} is no results.json: it is nested too deep") from None
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} is no results.json: a number in it has thousands of digits") from None
    if not isinstance(content, dict) or not all(isinstance(each, dict) for each in content.values()):
        raise InputError(f"{path} is no results.json: expected a network's name, then its figures")
    entries = []
    for team, figures in content.items():
        values = {
            metric: _number(str(figures[key]), key, team, path)
            for key, metric in JSON_KEYS.items()
            if figures.get(key) is not None
        }
        entries.append(_averaged(team.strip(), values))
    return entries, None


def _once(pairs: Sequence[tuple[str, object]], path: Path) -> dict[str, object]:
    """A JSON object, whose names must differ."""
    names = Counter(name for name, _ in pairs)
    if twice := [name for name, count in names.items() if count > 1]:
        raise InputError(f"{path}: '{twice[0]}' stands {names[twice[0]]} times; a name must be one entry's")
    return dict(pairs)


def _from_text(text: str, path: Path, _: Edition) -> tuple[list[Entry], Entry | None]:
    lines = [[cell.strip() for cell in line.split("\t")] for line in text.splitlines() if line.strip()]
    if not lines or lines[0][0] != "Model" or not set(lines[0][1:]) & TEXT_COLUMNS.keys():
        raise InputError(f"{path} is no results.txt: expected tabs and a first line Model, Val PSNR, ...")
    head, *body = lines
    entries = []
    for cells in body:
        if len(cells) != len(head):
            raise InputError(f"{path}: '{cells[0]}' has {len(cells)} cells where the first line has {len(head)}")
        values = {
            TEXT_COLUMNS[title][0]: _number(cell, title, cells[0], path)
            for title, cell in zip(head[1:], cells[1:], strict=True)
            if title in TEXT_COLUMNS and cell not in ("", "-")
        }
        entries.append(_averaged(cells[0], values))
    return entries, None


def _averaged(team: str, values: dict[str, float]) -> Entry:
    """The ranked runtime is the mean over validation and test; where one is not known the other's, and says so."""
    known = {name: values[key] for key, name in _TIMED if key in values}
    if "ave_time_ms" in values or not known:
        return Entry(team, values)
    remarks = [f"its runtime is that on {name} alone" for name in known] if len(known) < len(_TIMED) else []
    return Entry(team, values | {"ave_time_ms": sum(known.values()) / len(known)}, remarks=tuple(remarks))


def from_rows(rows: Iterable[Row], edition: Edition, quality: Mapping[tuple[str, str, str], float]) -> list[Entry]:
    """Our own rows as entries: counts from the edition's input of counts, runtime and memory from its timed one.

    Args:
        rows: of one machine and device, of both inputs.
        edition: the rules.
        quality: (network, form, metric) -> measured PSNR in dB, by the protocol that the edition names.
    """
    by_network: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row.scale == edition.scale:
            by_network.setdefault((row.network, row.form), []).append(row)
    labels = Counter(each[0].label for each in by_network.values())
    entries = []
    for network, each in by_network.items():
        # Two files typed alike, from two folders, are told apart by where they lie.
        name = labelled(*network) if labels[each[0].label] > 1 else each[0].label
        mode = next((row.mode for row in each if row.mode), "")
        entries.append(_own(each, MODE_SIGN.join(filter(None, (name, mode))), edition, quality))
    return entries


def _own(rows: Sequence[Row], team: str, edition: Edition, quality: Mapping[tuple[str, str, str], float]) -> Entry:
    network = rows[0].network, rows[0].form
    # What a network that failed has measured before is no result; of one that gave a wrong size not even its counts.
    counted = next(
        (r for r in rows if _lr(r) == edition.inputs.counts_lr and PARAMS.raw(r) and r.status != "MISMATCH"), None
    )
    sound = [row for row in rows if row.status not in FAILURES]
    timed = next((row for row in sound if _lr(row) == edition.inputs.time_lr and RUNTIME.raw(row) is not None), None)
    values: dict[str, float] = {}
    remarks = []
    claims: dict[str, tuple[str, str]] = {}
    if counted is not None:
        values |= _values(counted, [metric for metric in metrics.METRICS if metric.of != "machine"])
    if timed is not None:
        values |= _values(timed, [metric for metric in metrics.METRICS if metric.of == "machine"])
        if timed.status != "VALID":
            remarks.append(f"runtime {timed.status}: {timed.reason}")
    if counted is not None and MULTI_ADDS.is_bound(counted):
        remarks.append(f"no FLOPs: {named(counted.uncounted)} not counted")
    remarks += [f"{row.status}: {row.reason}" for row in rows if row.status in FAILURES]
    for metric in METRICS:
        if (*network, metric) in quality:
            values[metric] = quality[*network, metric]
        elif metric.startswith(("psnr_y", "ssim_y")):
            name, _, dataset = metric.rpartition("_")
            found = next((f for (m, s), f in _quality(rows[0]).items() if (m, s.lower()) == (name, dataset)), None)
            if found is not None:
                values[metric] = found.value
                if found.kind != "measured":
                    claims[metric] = found.kind, found.source
    y_only = rows[0].colors == "y"
    if "reconstruction" in rows[0].note:
        remarks.append("reconstruction, there is no official code of this network")
    if y_only:
        remarks.append("works on luma only: its costs leave out the chroma, not ranked beside RGB networks")
    return Entry(
        team=team,
        values=values,
        runtime=RUNTIME.spread(timed) if timed is not None else None,
        remarks=tuple(remarks),
        claims=claims,
        listed_below=y_only,
        network=network,
    )


def _values(row: Row, wanted: Iterable[Metric]) -> dict[str, float]:
    """What a challenge knows of these metrics, under its names and in its units."""
    known = [(metric.challenge, metric.exact(row)) for metric in wanted]
    return {name[0]: value / name[1] for name, value in known if name is not None and value is not None}


def _quality(row: Row) -> dict[tuple[str, str], Quality]:
    keys = {*row.quality, *row.measured}
    found = {(metric, dataset): row.own_quality(metric, dataset) for metric, dataset in keys}
    return {key: figure for key, figure in found.items() if figure is not None}


def _lr(row: Row) -> tuple[int | None, int | None]:
    return row.lr_width, row.lr_height
