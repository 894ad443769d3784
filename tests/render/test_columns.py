"""The one table of columns: names, units, directions, and how people ask for one."""

from typing import Any

import pytest

from srbench.board.metrics import METRICS
from srbench.board.published import quality_key
from srbench.measure.stats import Interval
from srbench.render.columns import find, quality_columns
from tests.builders import make_quality, make_row

COLUMNS = {column.key: column for column in (*METRICS, *quality_columns())}
SETS = ("Set5", "Set14", "B100", "Urban100", "Manga109")


@pytest.mark.parametrize(
    ("key", "label", "good", "value", "text"),
    [
        # Of BSRN x4: 352,400 parameters, 19.18 G, 355.9 M elements, 206 convolutions.
        ("params", "Params [K]", "low", 352.4, "352.4"),
        ("multi_adds", "Multi-Adds [G]", "low", 19.177176448, "19.18"),
        ("activations", "Acts [M]", "low", 355.881376, "355.88"),
        ("convs", "Convs", "low", 206, "206"),
        ("runtime_ms", "Runtime [ms]", "low", 104.25, "104.2"),
        ("peak_memory_mib", "Peak memory [MiB]", "low", 150.25, "150.2"),
        ("psnr_y_set5", "PSNR on Set5 [dB]", "high", 32.35, "32.35"),
        ("ssim_y_set5", "SSIM on Set5", "high", 0.8966, "0.8966"),
    ],
)
def test_a_column(key: str, label: str, good: str, value: float, text: str) -> None:
    quality = {("psnr_y", "Set5"): make_quality("32.35"), ("ssim_y", "Set5"): make_quality("0.8966")}
    row = make_row(quality=quality)
    column = COLUMNS[key]
    assert (column.label, column.good) == (label, good)
    assert column.value(row) == pytest.approx(value, rel=1e-12)
    assert column.text(row) == text
    assert column.meaning.endswith(".")


def test_what_is_not_known_is_a_dash() -> None:
    nothing: dict[str, Any] = dict.fromkeys(
        ("params", "multi_adds", "activations", "convs", "runtime_ms", "peak_memory_mib")
    )
    row = make_row(**nothing)
    for column in COLUMNS.values():
        assert column.value(row) is None
        assert column.text(row) == "-"


def test_zero_is_a_number() -> None:
    assert COLUMNS["multi_adds"].value(make_row(multi_adds=0)) == 0
    assert COLUMNS["multi_adds"].text(make_row(multi_adds=0)) == "0.00"


@pytest.mark.parametrize(
    ("multi_adds", "text"),
    [(1_234_567_890_123, "1,234.57"), (203_212_800, "0.20"), (12_345_678, "0.012"), (20_000, "2e-05")],
)
def test_large_numbers_are_grouped_and_small_ones_keep_two_digits(multi_adds: int, text: str) -> None:
    assert COLUMNS["multi_adds"].text(make_row(multi_adds=multi_adds)) == text


def test_runtime_has_a_spread_and_what_is_made_of_it() -> None:
    row = make_row(runtime_ms=Interval(3, 2, 5, "range"))
    assert COLUMNS["runtime_ms"].spread(row) == Interval(3, 2, 5, "range")
    assert [c.key for c in COLUMNS.values() if c.spread(row) is not None] == ["runtime_ms", "throughput_mp_s"]


def test_a_siblings_figure_is_no_value() -> None:
    row = make_row("rfdn", quality={("psnr_y", "Set5"): make_quality("32.24", sibling="rfdn-paper")})
    assert COLUMNS["psnr_y_set5"].value(row) is None


def test_keys_are_unique_and_sets_complete() -> None:
    assert len(COLUMNS) == len(METRICS) + 2 * len(SETS)
    assert {c.key for c in quality_columns()} == {
        f"{metric}_{s.lower()}" for metric in ("psnr_y", "ssim_y") for s in SETS
    }
    assert quality_key("psnr_y", "Urban100") == "psnr_y_urban100"


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("params", "params"),
        ("multi-adds", "multi_adds"),
        ("Multi_Adds", "multi_adds"),
        (" acts ", "activations"),
        ("runtime", "runtime_ms"),
        ("runtime_ms", "runtime_ms"),
        ("memory", "peak_memory_mib"),
        ("predicted_memory", "predicted_peak_mib"),
        ("build", "build_ms"),
        ("agreement", "agreement_db"),
        ("peak-memory", "peak_memory_mib"),
        ("psnr", "psnr_y_set5"),
        ("ssim-y", "ssim_y_set5"),
        ("psnr_y_manga109", "psnr_y_manga109"),
    ],
)
def test_a_column_by_the_name_that_people_type(typed: str, key: str) -> None:
    assert find(typed).key == key


def test_quality_on_a_set_of_ones_own() -> None:
    column = find("psnr", "Faces", own=["Faces"])
    assert (column.key, column.title, column.cell) == ("psnr_y_Faces", "PSNR on Faces", ("psnr_y", "Faces"))
    with pytest.raises(ValueError, match="unknown data set 'Face'; did you mean Faces"):
        find("psnr", "Face", own=["Faces"])
    assert find("psnr", "SET14", own=["Faces"]).key == "psnr_y_set14"


@pytest.mark.parametrize("dataset", SETS)
def test_quality_on_a_set(dataset: str) -> None:
    assert find("psnr", dataset.upper()).key == f"psnr_y_{dataset.lower()}"
    assert find("ssim", dataset).key == f"ssim_y_{dataset.lower()}"


@pytest.mark.parametrize(
    ("typed", "dataset", "answer"),
    [
        ("parms", "set5", "unknown column 'parms'; did you mean params"),
        ("speed", "set5", "unknown column 'speed'; "),
        ("xyzzy", "set5", "known are params, multi-adds, activations, convs, runtime, memory, predicted-memory"),
        ("psnr", "set6", "unknown data set 'set6'; did you mean set5"),
        ("psnr", "div2k", "unknown data set 'div2k'; known are set5, set14, b100, urban100, manga109"),
    ],
)
def test_an_unknown_column_or_set_is_answered_with_what_there_is(typed: str, dataset: str, answer: str) -> None:
    with pytest.raises(ValueError, match="unknown") as caught:
        find(typed, dataset)
    assert answer in str(caught.value)
    assert "\n" not in str(caught.value)
