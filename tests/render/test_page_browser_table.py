"""The top of the page and its table: the result, PSNR first, papers aside, modes and sizes across; the printed page."""

import subprocess
from pathlib import Path
from shutil import which

import pytest

from srbench.board.rows import Row
from srbench.measure.stats import Interval
from srbench.render.page import page
from tests.builders import make_row
from tests.render.page_data import HOSTILE, joined, record_named, some_rows, write_page
from tests.render.page_driver import Page

# --- On top


def test_the_sentence_and_the_machine_stand_on_top_as_they_are(browser: Page, tmp_path: Path) -> None:
    rows, records = some_rows()
    for sentence in HOSTILE[:3]:
        path = tmp_path / "report.html"
        path.write_text(page(rows, records, sentence), encoding="utf-8")
        browser.open(path)
        assert browser.texts("#sentence") == [sentence]
        assert browser.texts("#about .machine")[0].startswith("Test CPU, 2 cores, 8 GiB: ")
        assert browser.browser.complaints() == []


def test_without_a_sentence_there_is_no_room_for_one(some: Page) -> None:
    assert not some.js("return document.getElementById('sentence').checkVisibility()")


# --- Columns and rows


def test_psnr_stands_behind_the_name(some: Page) -> None:
    heads: list[str] = some.js("return [...document.querySelectorAll('#table thead th')].map(h => h.dataset.column)")
    assert heads[:3] == ["name", "psnr_y_set5:measured", "psnr_y_set5:published"]
    assert "params" in heads[3:]


def test_the_name_stays_while_the_others_are_scrolled(some: Page) -> None:
    some.browser.resize(390, 800)
    place = (
        "return [`th[data-column='name']`, `th[data-column='params']`, 'tbody th']"
        ".map(each => document.querySelector(`#table ${each}`).getBoundingClientRect().x)"
    )
    before = some.js(place)
    some.js("document.getElementById('scroller').scrollLeft = 150")
    after = some.js(place)
    assert (after[0], after[2]) == (before[0], before[2])
    assert after[1] == pytest.approx(before[1] - 150, abs=1)


def test_networks_of_papers_stand_aside_until_they_are_asked_for(some: Page) -> None:
    points = "return document.querySelectorAll('#plot .point').length"
    assert some.texts("label:has(#published)") == [" Published networks (1)"]
    assert ("PaperNet" in some.names(), some.js(points)) == (False, 3)
    assert some.texts("#count")[0].startswith("4 rows")
    some.click("#published")
    assert (some.names()[-1], some.js(points)) == ("PaperNet", 4)
    some.click("#published")
    assert ("PaperNet" in some.names(), some.js(points)) == (False, 3)


def test_where_there_are_papers_alone_they_are_shown(browser: Page, tmp_path: Path) -> None:
    rows, _ = some_rows()
    browser.open(write_page(tmp_path / "report.html", rows[-1:], [None]))
    assert browser.names() == ["PaperNet"]
    assert browser.texts("#published") == []


# --- Modes and sizes across


def _near(ms: float) -> Interval:
    # Of an error of 2 to 5 two digits are shown: tenths.
    return Interval(ms, ms * 0.95, ms * 1.05, "t95_processes")


def _open(page: Page, folder: Path, rows: list[Row]) -> None:
    page.open(write_page(folder / "report.html", rows, [None] * len(rows)))


def _lines(page: Page) -> list[list[str]]:
    """Heads and cells, of runtimes the medians."""
    lines: list[list[str]] = page.js(
        "return [...document.querySelectorAll('#pivot tr')].map(r => [...r.children].map(c => c.textContent))"
    )
    return [[line[0], *(cell.partition(" [")[0] for cell in line[1:])] for line in lines]


def test_modes_stand_across_one_network_a_row(browser: Page, tmp_path: Path) -> None:
    rows = [
        make_row("bsrn", runtime_ms=_near(100)),
        make_row("bsrn", runtime_ms=_near(50), mode="bf16", dtype="bfloat16"),
        make_row("rfdn", runtime_ms=_near(80)),
        make_row("rfdn", runtime_ms=None, mode="bf16", dtype="bfloat16", status="MISMATCH", reason="another image"),
        make_row("span", runtime_ms=_near(70), status="CONTENDED"),
    ]
    _open(browser, tmp_path, rows)
    browser.choose("#across", "mode")
    assert _lines(browser) == [
        ["Model", "float32", "bf16"],
        ["BSRN", "100.0", "50.0"],
        ["RFDN", "80.0", "MISMATCH"],
        ["SPAN", "~70.0", "–"],
    ]
    # SPAN's is no rank, and where one network alone was timed there is none to be the best of.
    assert [text.partition(" ")[0] for text in browser.texts("#pivot .best")] == ["80.0"]
    assert not browser.js("return document.getElementById('scroller').checkVisibility()")
    browser.choose("#across", "")
    assert browser.js("return document.getElementById('scroller').checkVisibility()")


def test_sizes_stand_across_the_smallest_first(browser: Page, tmp_path: Path) -> None:
    small = {"lr_width": 64, "lr_height": 64, "gt_width": 256, "gt_height": 256}
    rows = [
        make_row("bsrn", runtime_ms=_near(100), multi_adds=20 * 10**9),
        make_row("bsrn", runtime_ms=_near(20), multi_adds=10**9, **small),
        make_row("rfdn", runtime_ms=_near(80), multi_adds=30 * 10**9),
    ]
    _open(browser, tmp_path, rows)
    assert browser.js("return [...document.querySelectorAll('#across option')].map(o => o.value)") == ["", "size"]
    browser.choose("#across", "size")
    assert _lines(browser)[0] == ["Model", "64x64", "320x180"]
    assert sorted(_lines(browser)[1:]) == [["BSRN", "20.0", "100.0"], ["RFDN", "–", "80.0"]]
    browser.choose("#across-metric", "multi_adds")
    assert sorted(_lines(browser)[1:]) == [["BSRN", "1.00", "20.00"], ["RFDN", "–", "30.00"]]
    assert "params" not in browser.js(
        "return [...document.querySelectorAll('#across-metric option')].map(o => o.value)"
    )
    browser.type("#search", "rfdn")
    assert browser.texts("#pivot .notice") == ["Of these rows no two differ in it alone."]


def test_networks_of_the_same_best_runtime_share_it(browser: Page, tmp_path: Path) -> None:
    rows = [
        make_row(name, runtime_ms=Interval(ms, ms - 6, ms + 6, "t95_processes"), mode=mode)
        for mode in ("", "bf16")
        for name, ms in (("bsrn", 100.0), ("span", 105.0), ("rfdn", 200.0), ("imdn", 300.0))
    ]
    _open(browser, tmp_path, rows)
    browser.choose("#across", "mode")
    best = browser.js("return [...document.querySelectorAll('#pivot .best')].map(b => b.closest('tr').textContent)")
    assert [line[:4] for line in best] == ["BSRN", "BSRN", "SPAN", "SPAN"]


def test_a_page_without_modes_and_sizes_offers_none(some: Page) -> None:
    assert some.texts("#layout select") == []


# --- On paper


@pytest.mark.skipif(which("pdftotext") is None, reason="no pdftotext: apt-get install poppler-utils")
@pytest.mark.parametrize("count", [4, 9])
def test_the_first_sheet_has_result_plot_and_table(browser: Page, tmp_path: Path, count: int) -> None:
    records = [record_named(f"net-{number}", number=number) for number in range(count)]
    noisy = records[-1].model_copy(update={"status": "NOISY", "reason": "the interval is wide"})
    rows, behind = joined([*records[:-1], noisy])
    path = tmp_path / "report.html"
    path.write_text(page(rows, behind, "net-0 is the fastest."), encoding="utf-8")
    browser.browser.resize(1280, 900)
    browser.open(path)
    browser.choose("#axis-y", "multi_adds")
    (tmp_path / "paper.pdf").write_bytes(browser.browser.pdf())
    command = ["pdftotext", "-layout", "-f", "1", "-l", "1", str(tmp_path / "paper.pdf"), "-"]
    first = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "net-0 is the fastest." in first
    assert "← better" in first  # of the axis below
    assert "NOISY: the interval is wide" in first
    for row in rows:
        lines = [line for line in first.splitlines() if line.strip().startswith(row.name)]
        assert any("VALID" in line or "NOISY" in line for line in lines), row.name
    # What the reader sees is as it was.
    assert browser.js("return document.querySelectorAll('#printed p').length") == 0
    assert browser.js("return document.getElementById('plot').clientWidth") > 1100
