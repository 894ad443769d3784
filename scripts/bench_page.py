"""How fast the page is: first paint, filter and zoom, in a headless browser.

python scripts/bench_page.py                      5,000 rows, each with layers and samples of its own, in Chromium
python scripts/bench_page.py --browser firefox    in Firefox
python scripts/bench_page.py --rows 500           fewer
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from tests.render.browsers import Browser

REPEATS = 5
#: How long the page was busy, without and with the next painted frame.
_BUSY = """
const script = performance.now() - start;
const painted = (done) => setTimeout(() => done([script, performance.now() - start]), 0);
return new Promise((done) => requestAnimationFrame(() => painted(done)));
"""
#: Types into the search field.
_SEARCH = """
const field = document.getElementById("search");
const start = performance.now();
field.value = arguments[0];
field.dispatchEvent(new Event("input"));
"""
#: Presses a zoom button.
_ZOOM = """
const start = performance.now();
document.querySelector(`button[aria-label="${arguments[0]}"]`).click();
"""
#: When table and plot stood there, and when something did.
_PAINT = """return [
  performance.getEntriesByName('first-contentful-paint')[0].startTime,
  performance.getEntriesByName('ready')[0].startTime,
  performance.getEntriesByType('navigation')[0].loadEventEnd,
]"""
_READY = "return document.documentElement.dataset.ready === 'true' && document.readyState === 'complete'"


def main() -> None:
    """Make a page of many rows and print what it takes."""
    from srbench.render.page import page
    from tests.render.browsers import BROWSERS
    from tests.render.page_data import many_rows

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--browser", choices=BROWSERS, default="chromium")
    asked = parser.parse_args()
    kind = BROWSERS[asked.browser]
    if reason := kind.why_not():
        sys.exit(reason)
    start = time.perf_counter()
    text = page(*many_rows(asked.rows))
    seconds = time.perf_counter() - start
    with tempfile.TemporaryDirectory() as folder, kind.start(Path(folder)) as browser:
        path = Path(folder) / "report.html"
        path.write_text(text, encoding="utf-8")
        print(f"{asked.rows:,} rows, {len(text.encode()) / 1e6:.1f} MB, written in {seconds:.1f} s; {asked.browser}")
        times = zip(*(_open(browser, path) for _ in range(REPEATS)), strict=True)
        for name, each in zip(("first contentful paint", "table and plot stand", "page complete"), times, strict=True):
            print(f"{name}: median {median(each):.0f} ms, worst {max(each):.0f} ms")
        for words in ("net-12", "net-1", "noisy", ""):
            pairs = [browser.js(_SEARCH + _BUSY, each) for _ in range(REPEATS) for each in ("zzz", words)]
            shown = browser.js("return document.getElementById('count').textContent").split(" row")[0]
            _tell(f"filter {words!r}: {shown} rows", pairs[1::2])
        _tell("zoom", [browser.js(_ZOOM + _BUSY, each) for _ in range(REPEATS) for each in ("Zoom in", "Zoom out")])


def _tell(what: str, pairs: Sequence[tuple[float, float]]) -> None:
    script, painted = zip(*pairs, strict=True)
    print(
        f"{what}; script median {median(script):.0f}, worst {max(script):.0f} ms; "
        f"with paint {median(painted):.0f}, {max(painted):.0f} ms"
    )


def _open(browser: "Browser", path: Path) -> list[float]:
    browser.get("about:blank")
    browser.get(path.as_uri())
    while not browser.js(_READY):
        time.sleep(0.02)
    time.sleep(0.2)
    times: list[float] = browser.js(_PAINT)
    return times


if __name__ == "__main__":
    main()
