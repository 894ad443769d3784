"""The page in a real browser: what a reader does with mouse and keyboard, and that nothing leaves it."""

import time
from functools import partial
from pathlib import Path

import pytest

from srbench.render import tables
from tests.builders import make_case, make_record
from tests.render.page_data import HOSTILE, joined, many_rows, record_named, some_rows, write_page
from tests.render.page_driver import Page

# --- Nothing goes wrong, nothing leaves


def test_nothing_is_asked_for_and_nothing_is_complained_of(some: Page, tmp_path: Path) -> None:
    some.click("#table tbody .name")
    some.keys("\ue00c")  # Escape
    asked = some.browser.requests()
    assert {url.partition(":")[0] for url in asked} <= {"file", "data", "about"}
    assert {url for url in asked if url.startswith("file:")} <= {(tmp_path / "report.html").as_uri()}
    assert some.js("return performance.getEntriesByType('resource').length") == 0
    assert some.browser.complaints() == []


# --- Table


def test_rows_stand_in_the_leaderboards_order_failed_ones_with_their_reason(some: Page) -> None:
    assert some.names() == ["alpha", "beta", "gamma", "delta"]
    assert some.texts("tr.failed .badge, tr.failed .reason") == ["CRASH", "RuntimeError: no"]


def test_a_head_sorts_best_first_then_the_other_way_then_not(some: Page) -> None:
    head = "th[data-column='psnr_y_set5:measured']"
    seen = []
    for _ in range(3):
        some.click(f"{head} button")
        seen.append((some.js("return document.querySelector(arguments[0]).ariaSort", head), some.names()))
    assert seen == [
        ("descending", ["beta", "gamma", "alpha", "delta"]),
        ("ascending", ["alpha", "gamma", "beta", "delta"]),
        ("none", ["alpha", "beta", "gamma", "delta"]),
    ]


def test_measured_and_published_figures_are_two_columns(some: Page) -> None:
    heads = some.texts("th[data-column^='psnr_y_set5'] button")
    assert heads == ["PSNR on Set5 [dB]measured", "PSNR on Set5 [dB]published"]


def test_the_search_leaves_rows_with_all_words(some: Page) -> None:
    some.type("#search", "crash delta")
    assert some.names() == ["delta"]
    some.type("#search", "nothing like it")
    assert some.js("return document.getElementById('none').checkVisibility()")
    some.click("#reset")
    some.until_texts("#table tbody .name", ["alpha", "beta", "gamma", "delta", "PaperNet"])  # the published ones, too


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("<250", ["alpha", "beta"]),
        (">= 200", ["beta", "gamma", "delta"]),
        ("150..350", ["beta", "gamma"]),
        ("300", ["gamma"]),
        ("300.0", ["gamma"]),
    ],
)
def test_a_column_filters_by_number(some: Page, text: str, left: list[str]) -> None:
    some.type("input[aria-label^='Filter Params']", text)
    assert some.names() == left


def test_a_filter_that_makes_no_sense_is_marked_and_leaves_all(some: Page) -> None:
    some.type("input[aria-label^='Filter Params']", "many")
    assert len(some.names()) == 4
    assert some.js("return document.querySelector('input[aria-invalid]').value") == "many"


def test_a_column_is_hidden_and_shown(some: Page) -> None:
    some.js("document.getElementById('chooser').open = true")
    box = "[...document.querySelectorAll('#chooser label')].find(l => l.textContent.trim() === 'Convs').firstChild"
    for shown in (False, True):
        some.js(f"{box}.click()")
        assert bool(some.texts("th[data-column='convs']")) == shown


# --- Drawer


def test_the_drawer_opens_and_closes_with_the_keyboard(some: Page) -> None:
    some.js("document.querySelector('tr[data-index=\"1\"] .name').focus()")
    some.keys("\ue007")  # Enter
    assert some.js("return document.getElementById('drawer').open")
    assert some.js("return document.activeElement.id") == "drawer-title"
    [text] = some.texts("#drawer")
    for part in (
        "fea_conv.pw",
        "Process",
        "w.pth",
        "Test CPU",
        "torch",
        "Record: runs/",
    ):
        assert part in text
    assert len(some.texts("#drawer svg.strip .pass")) == 7
    some.keys("\ue00c")  # Escape
    assert not some.js("return document.getElementById('drawer').open")
    assert some.js("return document.activeElement.textContent") == "beta"


def test_the_drawer_shows_what_went_wrong_and_whose_figure_it_is(some: Page) -> None:
    some.js("document.querySelector('tr[data-index=\"3\"] .name').click()")
    assert some.texts("#drawer pre") == ["Trace <b>"]
    some.keys("\ue00c")
    some.click("#published")
    some.js("document.querySelector('tr[data-index=\"4\"] .name').click()")
    assert "A paper, Table 4" in some.js("return document.getElementById('drawer').innerText")


# --- Theme, width, names


def test_the_theme_is_remembered_once_it_is_chosen(some: Page, tmp_path: Path) -> None:
    theme, dark = "return document.documentElement.dataset.theme", "return document.getElementById('theme').textContent"
    some.js("localStorage.clear()")
    some.open(tmp_path / "report.html")
    assert some.js(theme) == "light"
    some.click("#theme")
    assert (some.js(theme), some.js(dark)) == ("dark", "Light theme")
    some.open(tmp_path / "report.html")
    assert some.js(theme) == "dark"
    some.js("localStorage.clear()")


def test_the_theme_follows_the_system_until_it_is_chosen(some: Page) -> None:
    ground = "return getComputedStyle(document.body).backgroundColor"
    some.js("localStorage.clear()")
    light = some.js(ground)
    some.browser.theme("dark")
    some.until(lambda: some.js(ground) != light)
    some.browser.theme("light")
    some.until(lambda: some.js(ground) == light)


@pytest.mark.parametrize("width", [400, 320])
def test_a_narrow_window_is_not_scrolled_sideways(browser: Page, tmp_path: Path, width: int) -> None:
    browser.browser.resize(width, 800)
    hostile = [record_named(name, number=i, reason=name, status="NOISY") for i, name in enumerate(HOSTILE)]
    rows, records = joined(hostile)
    browser.open(write_page(tmp_path / "report.html", rows, records))
    wide = "return document.documentElement.scrollWidth"
    assert browser.js(wide) <= width
    browser.js(
        "document.getElementById('made').open = true; document.querySelector('tr[data-index=\"4\"] .name').click()"
    )
    assert browser.js(wide) <= width
    assert browser.js("const d = document.getElementById('drawer'); return d.scrollWidth <= d.clientWidth")
    browser.browser.resize(1280, 900)


def test_hostile_names_are_shown_as_they_are(browser: Page, tmp_path: Path) -> None:
    records = [record_named(name, name, i, reason=name, status="NOISY") for i, name in enumerate(HOSTILE)]
    browser.open(write_page(tmp_path / "report.html", *joined(records)))
    expected = [name.translate({0x2028: " ", 0x2029: " ", 0x200D: " "}) for name in HOSTILE]
    assert browser.names() == expected
    assert browser.texts("#table .reason") == expected
    for index, name in enumerate(expected):
        browser.js("document.querySelector(`tr[data-index='${arguments[0]}'] .pin`).click()", index)
        browser.js("document.querySelector(`tr[data-index='${arguments[0]}'] .name`).click()", index)
        assert browser.texts("#drawer-title") == [name]
        browser.js("document.getElementById('drawer').close()")
        browser.js("document.getElementById('plot').focus()")
        browser.js("document.querySelector(`tr[data-index='${arguments[0]}'] .name`).focus()", index)
        browser.until_texts("#tip .tip-name", [name])
    assert browser.js("return document.querySelectorAll('script').length") == browser.js(
        "return document.querySelectorAll('body > script').length"
    )
    assert browser.js("return document.images.length") == 0
    assert browser.browser.complaints() == []


# --- Files


def test_csv_and_figure_are_downloaded(some: Page) -> None:
    rows, _ = some_rows()
    some.type("#search", "beta")
    for button, name in (
        ("#save-shown", "leaderboard_shown.csv"),
        ("#save-all", "leaderboard.csv"),
        ("#save-svg", "srbench_psnr_y_set5_over_params.svg"),
        ("#save-png", "srbench_psnr_y_set5_over_params.png"),
    ):
        some.click(button)  # a second file is allowed after a real click only
        some.until((some.downloads / name).exists)
    time.sleep(0.3)
    text = (some.downloads / "leaderboard.csv").read_text(encoding="utf-8")
    assert text == tables.csv(rows)
    assert (some.downloads / "leaderboard_shown.csv").read_text(encoding="utf-8") == tables.csv([rows[1]])
    figure = (some.downloads / "srbench_psnr_y_set5_over_params.svg").read_text(encoding="utf-8")
    assert figure.startswith("<?xml")
    assert "var(" not in figure  # it stands without the page's style
    assert (some.downloads / "srbench_psnr_y_set5_over_params.png").read_bytes().startswith(b"\x89PNG")


# --- Many rows


@pytest.fixture(scope="module")
def two_thousand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page(tmp_path_factory.mktemp("many") / "report.html", *many_rows(2000))


def test_of_two_thousand_rows_those_in_sight_are_elements(browser: Page, two_thousand: Path) -> None:
    """Which is what makes the page quick; ``scripts/bench_page.py`` has the times."""
    browser.open(two_thousand)
    filters = "const f = document.getElementById('search'); f.value = arguments[0]; f.dispatchEvent(new Event('input'))"
    counted = "return Number(document.querySelector('#table').ariaRowCount) === arguments[0]"
    for words, left in (("", 2000), ("net-12", 111), ("", 2000)):  # net-12, net-12x, net-12xx
        browser.js(filters, words)
        browser.until(partial(browser.js, counted, left + 2))  # two lines of the head
        assert browser.js("return document.querySelectorAll('#table tbody tr').length") < 100
        assert browser.js("return document.querySelectorAll('*').length") < 3000
    browser.js("document.getElementById('scroller').scrollTop = 36 * 1500")
    browser.until(lambda: any("net-" in name for name in browser.names()))
    assert browser.browser.complaints() == []


# --- Several inputs


def test_rows_that_do_not_compare_are_shown_on_request_with_a_warning(browser: Page, tmp_path: Path) -> None:
    records = [make_record(make_case(name, scale)) for name, scale in (("bsrn", 4), ("span", 4), ("bsrn", 2))]
    browser.open(write_page(tmp_path / "report.html", *joined(records)))
    assert browser.names() == ["BSRN", "SPAN"]
    browser.choose("#facet-scale", "2")
    assert browser.names() == ["BSRN"]
    assert not browser.js("return document.getElementById('caution').checkVisibility()")
    browser.choose("#facet-scale", "")
    assert len(browser.names()) == 3
    assert browser.texts("th[data-column='scale'] button") == ["Scale"]
    assert "do not compare" in browser.texts("#caution")[0]
