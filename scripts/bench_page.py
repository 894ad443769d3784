"""How fast the page is: first paint and filter, in headless Chromium (Debian's chromium and chromium-driver, selenium).

python scripts/bench_page.py               5,000 rows, each with layers and samples of its own machine
python scripts/bench_page.py --rows 500    fewer
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver

REPEATS = 5
#: Types into the search field and says how long the page was busy, the next painted frame included.
_SEARCH = """
const [text, done] = arguments;
const field = document.getElementById("search");
const start = performance.now();
field.value = text;
field.dispatchEvent(new Event("input"));
const script = performance.now() - start;
requestAnimationFrame(() => setTimeout(() => done([script, performance.now() - start]), 0));
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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5000)
    rows = parser.parse_args().rows
    from srbench.render.page import page
    from tests.render.page_data import many_rows
    from tests.render.page_driver import chromium

    start = time.perf_counter()
    text = page(*many_rows(rows))
    seconds = time.perf_counter() - start
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        path = Path(folder) / "report.html"
        path.write_text(text, encoding="utf-8")
        print(f"{rows:,} rows, {len(text.encode()) / 1e6:.1f} MB, written in {seconds:.1f} s")
        times = zip(*(_open(browser, path) for _ in range(REPEATS)), strict=True)
        for name, each in zip(("first contentful paint", "table and plot stand", "page complete"), times, strict=True):
            print(f"{name}: median {median(each):.0f} ms, worst {max(each):.0f} ms")
        for words in ("net-12", "net-1", "noisy", ""):
            pairs = [browser.execute_async_script(_SEARCH, each) for _ in range(REPEATS) for each in ("zzz", words)]
            script, painted = zip(*pairs[1::2], strict=True)
            shown = browser.execute_script("return document.getElementById('count').textContent").split(" row")[0]
            print(
                f"filter {words!r}: {shown} rows; script median {median(script):.0f}, worst {max(script):.0f} ms; "
                f"with paint {median(painted):.0f}, {max(painted):.0f} ms"
            )


def _open(browser: "WebDriver", path: Path) -> list[float]:
    browser.get("about:blank")
    browser.get(path.as_uri())
    while not browser.execute_script(_READY):
        time.sleep(0.02)
    time.sleep(0.2)
    times: list[float] = browser.execute_script(_PAINT)
    return times


if __name__ == "__main__":
    main()
