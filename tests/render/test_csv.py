"""The CSV of a leaderboard: the promised header, raw numbers, names that no spreadsheet runs."""

import csv
import io
from typing import Any

import pytest

from srbench.board.leaderboard import published_rows, rows_of
from srbench.board.metrics import METRICS
from srbench.board.published import ClaimBook, load_claims
from srbench.board.rows import Row
from srbench.measure.stats import Interval
from srbench.render import tables
from tests.builders import make_case, make_quality, make_record, make_row

#: As promised to users; the quality columns follow per set and metric.
HEADER = (
    "model,variant,scale,form,colors,gt_width,gt_height,lr_width,lr_height,batch,dtype,device,machine,params,"
    "multi_adds,activations,convs,runtime_ms,runtime_low_ms,runtime_high_ms,runtime_interval,peak_memory_mib,status,"
    "psnr_y_set5,psnr_y_set5_kind,psnr_y_set5_source,ssim_y_set5,ssim_y_set5_kind,ssim_y_set5_source,"
    "psnr_y_set14,psnr_y_set14_kind,psnr_y_set14_source,ssim_y_set14,ssim_y_set14_kind,ssim_y_set14_source,"
    "psnr_y_b100,psnr_y_b100_kind,psnr_y_b100_source,ssim_y_b100,ssim_y_b100_kind,ssim_y_b100_source,"
    "psnr_y_urban100,psnr_y_urban100_kind,psnr_y_urban100_source,"
    "ssim_y_urban100,ssim_y_urban100_kind,ssim_y_urban100_source,"
    "psnr_y_manga109,psnr_y_manga109_kind,psnr_y_manga109_source,"
    "ssim_y_manga109,ssim_y_manga109_kind,ssim_y_manga109_source,"
    # Behind the promised ones, in the order in which they came.
    "rank,threads,engine,layout,node,predicted_peak_mib,agreement_db,build_ms,throughput_mp_s"
)
EMPTY: dict[str, Any] = dict.fromkeys(("params", "multi_adds", "activations", "convs", "runtime_ms", "peak_memory_mib"))


@pytest.fixture(scope="module")
def claims() -> ClaimBook:
    return ClaimBook(load_claims())


def cells(*rows: Row) -> list[dict[str, str]]:
    """What a CSV reader sees."""
    return list(csv.DictReader(io.StringIO(tables.csv(rows))))


@pytest.mark.parametrize("rows", [[], [make_row()]])
def test_the_header_is_the_promised_one(rows: list[Row]) -> None:
    header = tables.csv(rows).splitlines()[0]
    assert header.startswith(HEADER)
    # What is younger stands behind, in the order of the table of metrics.
    keys = [metric.key for metric in METRICS]
    younger = ["uncounted", *keys[keys.index("throughput_mp_s") + 1 :]]
    assert younger[-1] == "energy_mj"  # the youngest comes last
    assert header.removeprefix(HEADER).split(",")[1:] == younger


def test_numbers_are_raw_and_in_full_precision() -> None:
    third = 100 / 3
    interval = Interval(third, third - 1e-9, third + 1e-9, "t95_processes")
    quality = {("psnr_y", "Set5"): make_quality("32.30")}
    [row] = cells(make_row(runtime_ms=interval, peak_memory_mib=1 / 3, quality=quality))
    assert (row["params"], row["multi_adds"], row["activations"]) == ("352400", "19177176448", "355881376")
    assert row["convs"] == "206"
    assert float(row["runtime_ms"]) == third
    assert (float(row["runtime_low_ms"]), float(row["runtime_high_ms"])) == (interval.low, interval.high)
    assert float(row["peak_memory_mib"]) == 1 / 3
    assert float(row["psnr_y_set5"]) == 32.3


def test_a_row_as_csv() -> None:
    [row] = cells(make_row(threads=2, engine="eager", layout="contiguous", node="0a1b2c3d", predicted_peak_mib=160.5))
    filled = {
        "model": "BSRN",
        "variant": "bsrn",
        "scale": "4",
        "colors": "rgb",
        "gt_width": "1280",
        "gt_height": "720",
        "lr_width": "320",
        "lr_height": "180",
        "batch": "1",
        "dtype": "float32",
        "device": "cpu",
        "machine": "Test CPU, 2 cores, 8 GiB",
        "threads": "2",
        "engine": "eager",
        "layout": "contiguous",
        "node": "0a1b2c3d",
        "predicted_peak_mib": "160.5",
        "params": "352400",
        "multi_adds": "19177176448",
        "activations": "355881376",
        "convs": "206",
        "runtime_ms": "104.25",
        "runtime_low_ms": "103.5",
        "runtime_high_ms": "105.75",
        "runtime_interval": "t95_processes",
        "peak_memory_mib": "150.25",
        "status": "VALID",
        # 1280 x 720 pixels in 104.25 ms.
        "throughput_mp_s": str(1280 * 720 / 1e3 / 104.25),
    }
    assert {key: value for key, value in row.items() if value} == filled


def test_what_is_not_known_is_empty() -> None:
    [row] = cells(make_row(status="TIMEOUT", device="", **EMPTY))
    unknown = ("device", *EMPTY, "runtime_low_ms", "runtime_high_ms", "runtime_interval", "psnr_y_set5_kind")
    assert {row[key] for key in unknown} == {""}
    assert row["status"] == "TIMEOUT"


def test_a_range_is_named() -> None:
    [row] = cells(make_row(runtime_ms=Interval(2, 1, 3, "range")))
    assert (row["runtime_interval"], row["runtime_low_ms"], row["runtime_high_ms"]) == ("range", "1", "3")


@pytest.mark.parametrize("kind", ["measured", "published", "secondary", "approximate"])
def test_a_figure_has_its_kind_and_source(kind: Any) -> None:
    figure = make_quality("32.35", kind, source='Table 4, "x4", of a paper')
    [row] = cells(make_row(quality={("psnr_y", "Set5"): figure}))
    assert (row["psnr_y_set5"], row["psnr_y_set5_kind"]) == ("32.35", kind)
    assert row["psnr_y_set5_source"] == 'Table 4, "x4", of a paper'


def test_a_siblings_claim_is_absent(claims: ClaimBook) -> None:
    rows = rows_of([make_record(make_case(name)) for name in ("rfdn", "rfdn-paper", "span")], claims)
    quality = {row["variant"]: (row["psnr_y_set5"], row["psnr_y_set14"], row["ssim_y_set5"]) for row in cells(*rows)}
    assert quality == {"rfdn": ("", "", ""), "rfdn-paper": ("32.24", "28.61", "0.8952"), "span": ("", "", "")}
    released = next(row for row in cells(*rows) if row["variant"] == "rfdn")
    assert not any(value for key, value in released.items() if key.startswith(("psnr", "ssim")))


def test_a_comparison_row_as_csv(claims: ClaimBook) -> None:
    [row] = cells(*(row for row in published_rows(4, claims) if row.model == "FSRCNN"))
    assert (row["model"], row["variant"], row["status"]) == ("FSRCNN", "", "")
    assert (row["params"], row["multi_adds"], row["gt_width"]) == ("12000", "4600000000", "1280")
    assert row["psnr_y_set5"] == "30.71"


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_no_spreadsheet_runs_a_name(start: str) -> None:
    # OWASP, CSV injection: a cell that starts with one of these is a formula.
    evil = f'{start}HYPERLINK("http://evil",A1):Net'
    [row] = cells(make_row(evil, model=evil, machine=evil))
    assert row["variant"] == row["model"] == row["machine"] == f"'{evil}"


def test_a_name_stays_in_its_cell() -> None:
    [row] = cells(make_row('a,"b"\nc\x1b[2J\t=1:Net'))
    assert row["variant"] == 'a,"b" c [2J =1:Net'
