"""A metric or a format is one entry: what is added to a table shows in every file, table, axis, gate and page."""

import csv
import io
import json

import pytest
from typer.testing import CliRunner

import explain_metrics
from srbench.board import metrics
from srbench.board.comparison import ASSUMED, Pair, Side, compare
from srbench.board.gates import check, parse_gates
from srbench.board.leaderboard import rows_of
from srbench.board.metric import Exact, Metric
from srbench.board.metrics import METRICS, MIB
from srbench.board.published import ClaimBook
from srbench.board.rows import Row
from srbench.render import formats, tables
from srbench.render.columns import find
from srbench.render.formats import Document, Format
from srbench.render.page.rows import cost_columns, rows_data
from srbench.render.plots.points import chart_of, csv_of
from srbench.render.plots.spec import PlotSpec
from tests.builders import make_counts, make_quality, make_record, make_row

TOY = Metric(
    "toy_mib",
    "Toy",
    "MiB",
    "low",
    1,
    1,
    "Parameters and buffers.",
    "network",
    lambda record: record.complexity.weights_bytes / MIB if record.complexity else None,
    names=("toy",),
    gate=Exact(),
)


@pytest.fixture
def with_toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "METRICS", (*METRICS, TOY))


def row_of(weights_bytes: int = 5 * MIB // 2) -> Row:
    [row] = rows_of([make_record(complexity=make_counts(weights_bytes=weights_bytes))], ClaimBook(()))
    return row


@pytest.mark.usefixtures("with_toy")
def test_a_metric_stands_last_in_the_csv() -> None:
    text = tables.csv([row_of()])
    assert text.splitlines()[0].endswith(f",{METRICS[-1].key},toy_mib")
    [line] = csv.DictReader(io.StringIO(text))
    assert line["toy_mib"] == "2.5"


@pytest.mark.usefixtures("with_toy")
def test_a_metric_is_a_column_of_every_table_and_its_best_is_marked() -> None:
    rows = [row_of(MIB * size) for size in (3, 2, 4)]
    [section] = tables.sections(rows)
    costs = section.grids[0]
    column = costs.head.index("Toy [MiB]")
    assert [(cells[column].text, cells[column].place) for cells in costs.rows] == [("3.0", 2), ("2.0", 1), ("4.0", 0)]
    document = Document("Title", [section], lambda: tables.frame(rows))
    assert all("Toy" in text for _, text in formats.written(document, "title", ["md", "latex", "html"]))


@pytest.mark.usefixtures("with_toy")
def test_a_metric_is_an_axis() -> None:
    quality = {("psnr_y", "Set5"): make_quality("32.30")}
    row = make_row(quality=quality, toy_mib=2.5)
    chart = chart_of([row], PlotSpec(find("toy"), find("psnr")))
    assert [(point.x, point.y) for point in chart.points] == [(2.5, 32.30)]
    assert "toy_mib" in csv_of(chart)[0]
    assert find("toy").label == "Toy [MiB]"
    with pytest.raises(ValueError, match="did you mean toy"):
        find("toyy")


@pytest.mark.usefixtures("with_toy")
@pytest.mark.parametrize(("size", "outcome"), [(105, "HOLDS"), (106, "FAILS")])
def test_a_metric_is_a_gate(size: int, outcome: str) -> None:
    first, second = (make_record(complexity=make_counts(weights_bytes=n * MIB)) for n in (size, 100))
    pair = Pair(Side("new", first), Side("old", second), interleaved=True)
    [result] = check(parse_gates(["toy:5%"]), compare([pair], lambda _: ASSUMED))
    assert (result.outcome, result.why) == (outcome, f"{size:.1f} against 100.0 (+{size - 100}.00%)")


@pytest.mark.usefixtures("with_toy")
def test_a_metric_is_a_column_of_the_page() -> None:
    [row] = rows_data([row_of()])[0]
    assert row.costs["toy_mib"].text == "2.5"
    column = cost_columns([row_of()])[-1]
    assert (column.key, column.title, column.unit, column.meaning) == (
        "toy_mib",
        "Toy",
        "MiB",
        "Parameters and buffers.",
    )


def test_a_metric_that_no_row_has_is_not_shown() -> None:
    [section] = tables.sections([make_row()])
    assert not {"Build [s]", "Agreement [dB]", "Predicted [MiB]"} & set(section.grids[0].head)
    [section] = tables.sections([make_row(), make_row("span", build_ms=12_500.0)])
    column = section.grids[0].head.index("Build [s]")
    assert [cells[column].text for cells in section.grids[0].rows] == ["-", "12.5"]


def test_every_metric_is_in_the_documentation() -> None:
    part = explain_metrics.metrics_part()
    assert all(f"`{metric.key}`" in part for metric in METRICS)


def test_every_metric_has_names_of_its_own() -> None:
    own = [{m.key, *(name.replace("-", "_") for name in m.names)} for m in METRICS]
    assert sum(map(len, own)) == len(set().union(*own))
    assert [metrics.named(m.name, METRICS) for m in METRICS] == list(METRICS)


# --- Formats

TOY_FORMAT = Format("toy", ".toy", lambda document: document.frame().to_csv(sep="\t", index=False))


def test_a_format_is_written_for_what_it_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "FORMATS", (*formats.FORMATS, TOY_FORMAT))
    assert formats.names("leaderboard")[:4] == ["md", "csv", "latex", "html"]
    assert formats.names("leaderboard")[-1] == formats.names("challenge")[-1] == "toy"
    document = Document("Leaderboard x4", tables.sections([make_row()]), lambda: tables.frame([make_row()]))
    [(name, text)] = formats.written(document, "leaderboard_x4", ["toy"])
    assert name == "leaderboard_x4.toy"
    assert text.splitlines()[0].split("\t")[:3] == ["model", "variant", "scale"]


def test_what_only_a_challenge_has_is_for_challenges() -> None:
    assert set(formats.names("challenge")) - set(formats.names("leaderboard")) == {"json", "txt"}
    document = Document("A challenge", [], lambda: tables.frame([]))
    [(name, text)] = formats.written(document, "ntire2023", ["json"])
    assert (name, json.loads(text)) == ("ntire2023_results.json", {})


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("plot", [metric.name for metric in METRICS]),
        ("compare", [metric.name for metric in metrics.gates()]),
        ("leaderboard", formats.names("challenge")),
        ("table", formats.names("paper")),
    ],
)
def test_the_help_lists_what_there_is(command: str, said: list[str]) -> None:
    from srbench.cli import app

    text = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "300", "NO_COLOR": "1"}).output
    # A terminal's lines end within names too.
    assert ",".join(said) in "".join(text.replace("│", "").split())
