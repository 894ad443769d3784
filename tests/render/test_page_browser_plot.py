"""The page's plot in a real browser: axes, hover, pins, the front, the keyboard."""

import random
from pathlib import Path

import pytest

from tests.builders import make_case, make_counts, make_model, make_record
from tests.render.page_data import joined, write_page
from tests.render.page_driver import Page


def _lines_of_front(page: Page) -> int:
    lines: int = page.js("return document.querySelectorAll('#plot .front path').length")
    return lines


def test_the_plot_shows_the_rows_of_the_table(some: Page) -> None:
    count = "return document.querySelectorAll('#plot .point').length"
    assert some.js(count) == 3
    assert "delta (CRASH)" in some.texts("#missing")[0]
    some.type("#search", "beta")
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
    some.mouse(("move", x, y))
    some.until(lambda: some.js("return !document.getElementById('tip').hidden"))
    tip = some.js("return document.getElementById('tip').innerText")
    assert all(text in tip for text in ("beta", "32.40 dB, measured", "200.0 K", "w.pth"))
    box = some.js(
        "const b = document.getElementById('tip').getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]"
    )
    assert box[0] >= 0
    assert box[1] >= 0
    assert box[2] <= 1280
    assert box[3] <= 900
    assert some.js("return document.querySelector('tr.hovered').dataset.index") == "1"
    some.mouse(("move", 2, 2))
    some.until(lambda: some.js("return document.getElementById('tip').hidden"))


def test_a_click_pins_and_unpins(some: Page) -> None:
    x, y = some.point(2)
    for pins in (["gamma"], []):
        some.mouse(("move", x, y), "press", "release")
        some.until_texts("#pins .name", pins)
        assert some.texts("tr.pinned .name") == pins
    some.click("tr[data-index='0'] .pin")
    assert some.texts("#pins .name") == ["alpha"]
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
    some.keys("\ue014")  # right: the smallest
    assert some.js("return document.querySelector('tr.hovered .name').textContent") == "alpha"
    assert "alpha" in some.texts("#spoken")[0]
    some.keys("\ue007")  # Enter
    assert some.texts("#pins .name") == ["alpha"]
    some.keys(" ")
    assert some.texts("#drawer-title") == ["alpha"]


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


# --- The part in sight


def _numbers(page: Page, axis: str) -> list[float]:
    """What stands at an axis."""
    return [float(text.replace(",", "")) for text in page.texts(f"#plot .{axis} text") if text]


def _frame(page: Page) -> tuple[float, float]:
    """The middle of the plot in the window."""
    return page.middle("#plot .yaxis")


def _pixels(page: Page) -> list[list[float]]:
    found: list[list[float]] = page.js(
        "return [...document.querySelectorAll('#plot .point .mark')].map(p => p.getBoundingClientRect())"
        ".map(b => [b.x + b.width / 2, b.y + b.height / 2])"
    )
    return found


def test_the_wheel_zooms_and_what_is_below_it_stays_there(some: Page) -> None:
    x, y = some.point(1)
    some.mouse(("move", x, y))
    for _ in range(3):
        some.wheel(x, y, -300)
    some.until(lambda: some.texts("#zoomed") == ["Part of the plot: 1 of its 3 networks."])
    [[px, py]] = _pixels(some)
    assert (px, py) == pytest.approx((x, y), abs=2)
    some.click("button[aria-label='Show the whole plot']")
    assert (some.texts("#zoomed"), len(_pixels(some))) == ([""], 3)


def _pixels_per_unit(page: Page) -> float:
    """Across, between the first number at the axis and the last one."""
    places: list[tuple[float, str]] = page.js(
        "return [...document.querySelectorAll('#plot .xaxis .tick')]"
        ".map(t => [t.getBoundingClientRect().x + t.getBoundingClientRect().width / 2, t.textContent])"
    )
    known = [(x, float(text.replace(",", ""))) for x, text in places if text]
    return (known[-1][0] - known[0][0]) / (known[-1][1] - known[0][1])


def test_two_fingers_zoom_by_as_much_as_they_part(some: Page) -> None:
    x, y = some.point(1)
    before = _pixels_per_unit(some)
    some.pinch(x, y, 40, 60)
    assert _pixels_per_unit(some) == pytest.approx(1.5 * before, rel=0.02)
    [[px, py]] = _pixels(some)
    assert (px, py) == pytest.approx((x, y), abs=3)
    assert some.texts("#pins .name") == []


def test_a_drag_moves_and_pins_nothing(some: Page) -> None:
    some.click("button[aria-label='Zoom in']")
    x, y = _frame(some)
    before = dict(enumerate(_pixels(some)))
    some.mouse(("move", x, y), "press", ("move", x - 10, y), ("move", x - 40, y + 25), "release")
    after = _pixels(some)
    assert len(after) == len(before)
    for number, (px, py) in enumerate(after):
        assert (px - before[number][0], py - before[number][1]) == pytest.approx((-40, 25), abs=1)
    assert some.texts("#pins .name") == []


def test_the_keyboard_zooms_moves_and_shows_the_whole(some: Page) -> None:
    whole = _pixels(some)
    some.js("document.getElementById('plot').focus()")
    some.keys("+", "+")
    assert some.texts("#zoomed")[0].startswith("Part of the plot")
    low = min(_numbers(some, "xaxis"))
    some.keys("\ue014", "\ue014", held="\ue008")  # Shift, right
    assert min(_numbers(some, "xaxis")) > low
    some.keys("0")
    assert _pixels(some) == whole
    some.keys("-")  # there is nothing beyond it
    assert _pixels(some) == whole


def test_where_the_whole_is_in_sight_the_wheel_scrolls_the_page(some: Page) -> None:
    some.browser.resize(1280, 500)
    x, y = _frame(some)
    top = some.js("return scrollY")
    some.wheel(x, y, 200)
    some.until(lambda: some.js("return scrollY") > top)
    assert some.texts("#zoomed") == [""]


def test_another_axis_shows_the_whole_again(some: Page) -> None:
    some.click("button[aria-label='Zoom in']")
    assert some.texts("#zoomed") != [""]
    some.choose("#axis-x", "multi_adds")
    assert some.texts("#zoomed") == [""]


# --- Names


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("count", [12, 40])
def test_no_name_covers_a_name_or_a_mark(browser: Page, tmp_path: Path, width: int, count: int) -> None:
    """Of networks close to each other, all of them pinned, before and after a look at a part."""
    chance = random.Random(count)
    records = [
        make_record(
            make_case(f"network-{number}", model=make_model(f"network-{number}")),
            complexity=make_counts(
                round(400_000 * chance.uniform(0.8, 1.25)), round(10**10 * chance.uniform(0.8, 1.25))
            ),
        )
        for number in range(count)
    ]
    browser.browser.resize(width, 900)
    browser.open(write_page(tmp_path / "report.html", *joined(records)))
    browser.choose("#axis-y", "multi_adds")
    browser.js("document.querySelectorAll('.pin').forEach(pin => pin.click())")
    for _ in range(2):
        covering, names = browser.js(_COVERING)
        assert covering == []
        assert names >= 5
        browser.click("button[aria-label='Zoom in']")


#: Which names cover another one or the middle of a mark, and how many names there are. Of a name as high as its letters
#: of 12 px are: what stands above and below them is the browser's.
_COVERING = """
const boxes = (selector, most) => [...document.querySelectorAll(selector)].map((e) => {
  const b = e.getBoundingClientRect();
  const [middle, high] = [(b.top + b.bottom) / 2, Math.min(b.height, most)];
  return { text: e.textContent, x0: b.left + 1, x1: b.right - 1, y0: middle - high / 2, y1: middle + high / 2 };
});
const names = boxes("#plot .names .face", 12);
const marks = boxes("#plot .point .mark", 6);
const over = (a, b) => a !== b && a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1;
const covering = names.filter((name) => [...names, ...marks].some((other) => over(name, other)));
return [covering.map((name) => name.text), names.length];
"""
