"""The page's plot in a real browser: axes, hover, pins, the front, the keyboard."""

from pathlib import Path

import pytest

from tests.builders import make_case, make_counts, make_record
from tests.render.page_data import joined, write_page
from tests.render.page_driver import Page, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())


def _lines_of_front(page: Page) -> int:
    lines: int = page.js("return document.querySelectorAll('#plot .front path').length")
    return lines


def test_the_plot_shows_the_rows_of_the_table(some: Page) -> None:
    count = "return document.querySelectorAll('#plot .point').length"
    assert some.js(count) == 4
    assert "Delta (CRASH)" in some.texts("#missing")[0]
    some.type("#search", "Beta")
    assert some.js(count) == 1


def test_axes_are_picked_and_made_logarithmic(some: Page) -> None:
    some.choose("#axis-x", "runtime_ms")
    some.choose("#axis-y", "multi_adds")
    assert [title.partition("  ")[0] for title in some.texts("#plot .titles text")] == [
        "Runtime [ms]",
        "Multi-Adds [G]",
    ]
    some.click("#logY")
    assert some.texts("#plot .titles text")[1].startswith("Multi-Adds [G], log")
    assert some.js("return document.querySelectorAll('#plot .bars line').length") == 3


def test_a_point_shows_its_details_while_the_pointer_is_on_it(some: Page) -> None:
    x, y = some.point(1)
    some.mouse("mouseMoved", x, y)
    some.until(lambda: some.js("return !document.getElementById('tip').hidden"))
    tip = some.js("return document.getElementById('tip').innerText")
    assert all(text in tip for text in ("Beta", "32.40 dB, measured", "200.0 K", "w.pth"))
    box = some.js(
        "const b = document.getElementById('tip').getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]"
    )
    assert box[0] >= 0
    assert box[1] >= 0
    assert box[2] <= 1280
    assert box[3] <= 900
    assert some.js("return document.querySelector('tr.hovered').dataset.index") == "1"
    some.mouse("mouseMoved", 2, 2)
    some.until(lambda: some.js("return document.getElementById('tip').hidden"))


def test_a_click_pins_and_unpins(some: Page) -> None:
    x, y = some.point(2)
    for pins in (["Gamma"], []):
        for what in ("mouseMoved", "mousePressed", "mouseReleased"):
            some.mouse(what, x, y)
        some.until_texts("#pins .name", pins)
        assert some.texts("tr.pinned .name") == pins
    some.click("tr[data-index='0'] .pin")
    assert some.texts("#pins .name") == ["Alpha"]
    assert some.js("return document.querySelector('tr[data-index=\"0\"] .pin').ariaPressed") == "true"


def test_the_front_is_drawn_on_request_and_what_it_dominates_is_muted(some: Page) -> None:
    muted = "return [...document.querySelectorAll('.point.dominated')].map(p => p.dataset.index)"
    assert _lines_of_front(some) == 1
    assert some.js(muted) == ["2"]  # Gamma costs more than Beta and is worse
    some.click("#front")
    assert (_lines_of_front(some), some.js(muted)) == (0, [])


def test_the_front_is_that_of_brute_force(some: Page) -> None:
    """The page's front over random points, ties included, is the set that no point dominates."""
    from srbench.render.page.document import HERE

    source = (HERE / "app" / "front.js").read_text(encoding="utf-8").replace("export ", "")
    wrong = some.js(
        source
        + """
        const any = () => Math.floor(Math.random() * 6);
        let wrong = 0;
        for (let run = 0; run < 200; run++) {
          const points = Array.from({ length: 12 }, () => ({ x: any(), y: any() }));
          for (const [gx, gy] of [["low", "high"], ["high", "low"], ["low", "low"], ["high", "high"]]) {
            const cost = (p) => [gx === "low" ? p.x : -p.x, gy === "low" ? p.y : -p.y];
            const beats = (a, b) => a[0] <= b[0] && a[1] <= b[1] && (a[0] < b[0] || a[1] < b[1]);
            const free = points.filter((p) => !points.some((q) => beats(cost(q), cost(p))));
            const found = new Set(paretoFront(points, gx, gy));
            if (found.size !== free.length || free.some((p) => !found.has(p))) wrong++;
          }
        }
        return wrong;"""
    )
    assert wrong == 0


def test_the_plot_is_walked_through_with_the_keyboard(some: Page) -> None:
    some.js("document.getElementById('plot').focus()")
    some.keys("\ue014", "\ue014")  # right, right: the second smallest
    assert some.js("return document.querySelector('tr.hovered .name').textContent") == "Alpha"
    assert "Alpha" in some.texts("#spoken")[0]
    some.keys("\ue007")  # Enter
    assert some.texts("#pins .name") == ["Alpha"]
    some.keys(" ")
    assert some.texts("#drawer-title") == ["Alpha"]


def test_no_front_is_drawn_through_rows_that_do_not_compare(browser: Page, tmp_path: Path) -> None:
    sizes = {"bsrn": 100_000, "span": 200_000}
    records = [
        make_record(make_case(name, scale), complexity=make_counts(params, multi_adds=10**15 // params))
        for scale in (2, 4)
        for name, params in sizes.items()
    ]
    browser.open(write_page(tmp_path / "report.html", *joined(records)))
    browser.choose("#axis-y", "multi_adds")
    assert _lines_of_front(browser) == 1
    browser.choose("#facet-scale", "")
    assert browser.texts("#plot .names .face") == ["BSRN x2", "SPAN x2", "BSRN x4", "SPAN x4"]
    assert _lines_of_front(browser) == 0
