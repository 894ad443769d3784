"""The page as text: one file that asks for nothing, holds the rows as they are, and no name can break out of it."""

import base64
import csv
import json
import re
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from srbench import store
from srbench.board import metrics
from srbench.board.rows import Row
from srbench.measure.stats import Interval
from srbench.render import tables
from srbench.render.page import page
from srbench.render.page.details import details_of
from srbench.render.page.document import HERE, MODULES, document, json_in_html, script
from srbench.render.page.facts import facts, size_text
from srbench.render.page.libraries import LIBRARIES
from srbench.render.page.rows import rows_data
from tests.builders import (
    make_case,
    make_latency,
    make_machine,
    make_quality,
    make_record,
    make_row,
    make_settings,
    make_visit,
)
from tests.command_line import Run
from tests.render.page_data import HOSTILE, joined, record_named


class _Parts(HTMLParser):
    """Scripts by id (those without one under "run"), and every attribute that could name another file."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts: dict[str, list[str]] = {}
        self.links: list[str] = []
        self.policy = ""
        self._open: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.links += [given[name] or "" for name in ("src", "href", "srcset", "action", "data") if name in given]
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"] or ""
        if tag == "script":
            self._open = given.get("id") or "run"
            self.scripts.setdefault(self._open, []).append("")
        elif tag == "style":
            self._open = "style"
            self.scripts["style"] = [""]

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self.scripts[self._open][-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._open = None

    def data(self, name: str) -> Any:
        [text] = self.scripts[name]
        return json.loads(text)


def _parts(*rows: Row) -> _Parts:
    return _Parts(page(list(rows), [None] * len(rows)))


# --- One file


def test_the_page_names_no_other_file() -> None:
    parts = _parts(make_row())
    assert set(parts.links) == {"#table-part", "data:,"}
    style = parts.scripts["style"][0]
    assert "url(" not in style
    assert "@import" not in style


def test_its_own_scripts_ask_for_nothing() -> None:
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", script())
    assert not re.search(
        r"\b(fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts|import)\b *\(", script()
    )


def test_names_are_set_as_text_only() -> None:
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
        assert word not in script()


def test_the_policy_allows_the_scripts_of_the_page_and_no_others() -> None:
    parts = _parts(make_row())
    rules = dict(rule.split(" ", 1) for rule in parts.policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert "connect-src" not in rules  # so nothing may be asked for
    for name, directive in (("run", "script-src"), ("style", "style-src")):
        hashes = [f"'sha256-{base64.b64encode(sha256(s.encode()).digest()).decode()}'" for s in parts.scripts[name]]
        assert rules[directive].split() == hashes


def test_no_two_modules_use_one_name() -> None:
    names = re.findall(r"^(?:const|let|function|async function|class) (\w+)", script(), re.MULTILINE)
    assert len(names) == len(set(names))


def test_every_module_is_in_the_page_after_those_that_it_needs_when_it_starts() -> None:
    assert {path.stem for path in (HERE / "app").glob("*.js")} == set(MODULES)
    assert "import " not in re.sub(r"//.*", "", script())
    assert not re.search(r"^export ", script(), re.MULTILINE)


# --- Libraries


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.name)
def test_a_library_is_as_pinned_with_its_licence(library: Any) -> None:
    assert sha256(library.script.read_bytes()).hexdigest() == library.sha256
    assert "opyright" in library.licence_file.read_text(encoding="utf-8")


def test_the_page_says_what_it_is_built_on() -> None:
    named = {each["name"]: each for each in _parts(make_row()).data("data")["libraries"]}
    assert named["@tanstack/table-core"]["licence"] == "MIT"
    assert named["d3-scale"]["licence"] == "ISC"
    assert "Permission" in named["d3-scale"]["text"]


# --- Data


def test_json_cannot_end_its_script() -> None:
    text = "</script><!-- & \u2028\u2029"
    escaped = json_in_html(json.dumps(text, ensure_ascii=False))
    assert not set("<>&\u2028\u2029") & set(escaped)
    assert json.loads(escaped) == text


def test_what_stands_in_data_is_not_taken_for_a_part_of_the_template() -> None:
    assert _Parts(document('"{{script}}"', "[]", "[]")).data("data") == "{{script}}"


def test_hostile_names_arrive_whole() -> None:
    rows, records = joined([record_named(name, number=i) for i, name in enumerate(HOSTILE)])
    parts = _Parts(page(rows, records))
    names = [row["name"] for row in parts.data("data")["rows"]]
    # Line separators and joiners are no printable characters: they become spaces, as in every table.
    assert names == [re.sub("[\u2028\u2029\u200d]", " ", name) for name in HOSTILE]
    assert len(parts.scripts["run"]) == len(LIBRARIES) + 1


def test_costs_are_the_columns_numbers_and_texts() -> None:
    row = make_row()
    [data] = _parts(row).data("data")["rows"]
    for column in metrics.METRICS:
        if column.value(row) is not None:
            assert data["costs"][column.key]["value"] == column.value(row)
    assert data["costs"]["params"]["text"] == "352.4"
    # Of a tie round() takes the even digit.
    assert data["costs"]["runtime_ms"] == {
        "value": 104.25,
        "text": "104.2 [103.5, 105.8]",
        "low": 103.5,
        "high": 105.75,
    }


def test_columns_say_title_unit_and_which_way_is_good() -> None:
    quality = {("psnr_y", "Set5"): make_quality("32.35")}
    data = _parts(make_row(quality=quality)).data("data")
    columns = {each["key"]: each for each in data["costs"] + data["quality"]}
    assert columns["params"] | {"meaning": ""} == {
        "key": "params", "title": "Params", "short": "Params", "unit": "K", "good": "low", "meaning": "",
        "of": "network",
    }  # fmt: skip
    assert (columns["psnr_y_set5"]["good"], columns["psnr_y_set5"]["dataset"]) == ("high", "Set5")
    assert "predicted_peak_mib" not in columns  # no row has one


def test_measured_and_published_quality_are_kept_apart() -> None:
    cell = ("psnr_y", "Set5")
    row = make_row(quality={cell: make_quality("32.35")}, measured={cell: make_quality("32.34", "measured", how="Y")})
    [data] = _parts(row).data("data")["rows"]
    assert data["measured"]["psnr_y_set5"]["text"] == "32.34"
    assert data["published"]["psnr_y_set5"]["text"] == "32.35"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "32.24"),
        ({"sibling": "rfdn-paper"}, "(32.24)"),
        ({"kind": "approximate"}, "~32.24"),
        ({"kind": "secondary"}, "32.24²"),
        ({"protocol": "RGB"}, "32.24†"),
    ],
)
def test_a_published_figure_is_marked(changes: dict[str, Any], text: str) -> None:
    figure = replace(make_quality("32.24"), **changes)
    [data], _ = rows_data([make_row(quality={("psnr_y", "Set5"): figure})])
    assert data.published["psnr_y_set5"].text == text


def test_a_failed_row_keeps_its_reason_and_has_no_peak() -> None:
    row = make_row(status="CRASH", reason="RuntimeError: no", runtime_ms=None, advice="see its record")
    [data], _ = rows_data([row])
    assert (data.state, data.failed, data.reason, data.advice) == ("CRASH", True, "RuntimeError: no", "see its record")
    assert set(data.costs) == {"params", "multi_adds", "activations", "convs"}


def test_ranks_are_within_one_input_device_and_colours() -> None:
    slow = Interval(200.0, 199.0, 201.0, "t95_processes")
    other = {"machine": "Other"}
    rows = [
        make_row(),
        make_row(runtime_ms=slow),
        make_row(runtime_ms=slow, colors="y"),
        make_row(**other),
        make_row(runtime_ms=slow, **other),
        make_row(runtime_ms=slow, status="CONTENDED"),
        make_row(runtime_ms=slow, mode="bf16"),
    ]
    data, _ = rows_data(rows)
    # Alone among its like nothing has a rank, nor what others disturbed. Modes are ranked together.
    assert [row.rank for row in data] == [1, 2, None, 1, 2, None, 2]


# --- CSV


def test_the_csv_is_that_of_the_leaderboard() -> None:
    cell = {("psnr_y", "Set5"): make_quality("32.35", source='A "paper", Table 4')}
    rows = [make_row(quality=cell), *(make_row(variant=name) for name in HOSTILE)]
    lines = _parts(*rows).data("csv")
    assert "\n".join([*lines, ""]) == tables.csv(rows)
    assert len(lines) == 1 + len(rows)
    assert [row["variant"] for row in csv.DictReader(StringIO("\n".join(lines)))][-3] == '\'=cmd("calc")'


# --- What lies behind a row


def test_details_follow_the_rows_and_share_what_is_the_same() -> None:
    records = [make_record(make_case(name)) for name in ("bsrn", "span")]
    details = details_of([records[0], None, records[1]])
    assert details.rows[1] is None
    assert (len(details.machines), len(details.settings), len(details.layers)) == (1, 1, 1)
    assert details.rows[0] is not None
    assert details.rows[0].visits[0].samples == (101, 102, 103, 104, 105, 106, 107)
    assert details.layers[0][0][:4] == ("fea_conv.pw", "conv 1x1", "12x180x320", "64x180x320")


def test_what_disturbed_a_process_is_said() -> None:
    record = make_record()
    assert record.latency is not None
    visit = make_visit(100, 100, warm=False, others_cores=0.4)
    latency = record.latency.model_copy(update={"visits": (visit,)})
    [row] = details_of([record.model_copy(update={"latency": latency})]).rows
    assert row is not None
    assert row.visits[0].remarks == ("still changing after its warm-up", "others used 0.40 of a core")


def test_facts_are_labels_and_texts() -> None:
    machine = dict(facts(make_machine()))
    assert machine["memory"] == "8.0 GiB"
    assert "driver" not in machine  # not known
    settings = dict(facts(make_settings(environment={"OMP_NUM_THREADS": "2"}, onednn=True)))
    assert (settings["budget"], settings["onednn"]) == ("15 s", "yes")
    assert settings["environment: OMP_NUM_THREADS"] == "2"
    assert size_text(1536) == "1.5 KiB"


# --- The command


def test_report_writes_one_file_with_the_rows_of_the_leaderboard(run: Run, tmp_path: Path) -> None:
    records = [make_record(make_case(name, scale), minutes=i) for i, (name, scale) in enumerate(
        [("span", 4), ("bsrn", 4), ("bsrn", 2)]
    )]  # fmt: skip
    for record in records:
        store.write(tmp_path / "results", record)
    done = run("report", "--scale", "4")
    assert (done.code, done.out) == (0, "")
    assert done.err.splitlines()[-1] == "wrote results/report.html"
    parts = _Parts((tmp_path / "results" / "report.html").read_text(encoding="utf-8"))
    run("leaderboard", "--scale", "4")
    stored = (tmp_path / "results" / "leaderboard_x4.csv").read_text(encoding="utf-8")
    assert "\n".join([*parts.data("csv"), ""]) == stored
    behind = [row["file"].partition("_")[0] for row in parts.data("details")["rows"]]
    assert behind == [row["name"].lower() for row in parts.data("data")["rows"]]


def test_the_page_opens_with_what_its_largest_table_says(run: Run, tmp_path: Path) -> None:
    for i, (name, scale, ms) in enumerate([("span", 4, 50.0), ("bsrn", 4, 100.0), ("bsrn", 2, 200.0)]):
        record = make_record(make_case(name, scale), minutes=i, latency=make_latency(*[[ms] * 7] * 3))
        store.write(tmp_path / "results", record)
    said = {}
    for options in ((), ("--scale", "4")):
        assert run("report", *options).code == 0
        parts = _Parts((tmp_path / "results" / "report.html").read_text(encoding="utf-8"))
        said[options] = parts.data("data")["sentence"]
    assert said["--scale", "4"].startswith("SPAN is the fastest (50")
    assert (
        said[()]
        == f"x4: GT 1280x720, LR 320x180, batch 1, float32; cpu of Test CPU, 2 cores, 8 GiB: {said['--scale', '4']}"
    )


def test_published_networks_stand_behind_on_request(run: Run, tmp_path: Path) -> None:
    store.write(tmp_path / "results", make_record())
    assert run("report", "--with-published").code == 0
    parts = _Parts((tmp_path / "results" / "report.html").read_text(encoding="utf-8"))
    states = [row["state"] for row in parts.data("data")["rows"]]
    assert states[0] == "VALID"
    assert set(states[1:]) == {"PUBLISHED"}
    assert parts.data("details")["rows"][1:] == [None] * (len(states) - 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--output", "nowhere"), "no records in nowhere/runs"),
        (("--machine", "Cray"), "--machine: no record of machine 'Cray'; there are Test CPU, 2 cores, 8 GiB, or all"),
        (("--scale", "3"), "no records of x3"),
        (("--scale", "many"), "--scale 'many' is not a scale"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(run: Run, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    store.write(tmp_path / "results", make_record())
    done = run("report", *arguments)
    assert done.code == 2
    assert said in done.err
    assert done.err.count("\n") == 1


def test_a_folder_that_cannot_be_written_is_bad_input(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(tmp_path / "results", make_record())

    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", refuse)  # root may write anywhere
    done = run("report")
    assert (done.code, done.err) == (2, "srbench: cannot write to --output results: Permission denied\n")
