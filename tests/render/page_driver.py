"""A real browser for the page: Debian's chromium, headless, by selenium."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver


def why_not() -> str:
    """What is missing for a browser test; empty where nothing is."""
    from importlib.util import find_spec

    if find_spec("selenium") is None:
        return "no selenium: pip install selenium"
    lacking = [name for name in ("chromium", "chromedriver") if which(name) is None]
    return f"no {' and no '.join(lacking)}: apt-get install chromium chromium-driver" if lacking else ""


@contextmanager
def chromium(width: int = 1280, height: int = 900, downloads: Path | None = None) -> Iterator["WebDriver"]:
    """A browser with a window of that size, in the light theme, that logs its console and its requests."""
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = which("chromium") or ""
    flags = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", f"--window-size={width},{height}"]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")  # Chromium refuses to run as root with it
    for flag in flags:
        options.add_argument(flag)
    if downloads is not None:
        options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(service=Service(which("chromedriver") or ""), options=options)
    try:
        resize(driver, width, height)
        theme(driver, "light")
        yield driver
    finally:
        driver.quit()


def resize(driver: "WebDriver", width: int, height: int) -> None:
    """A window narrower than the browser would make one."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def theme(driver: "WebDriver", name: str) -> None:
    """What the system prefers: ``light`` or ``dark``."""
    driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": name}]}
    )


PATIENCE_S = 10.0


@dataclass
class Page:
    """A page in a browser, with what tests ask of it."""

    driver: "WebDriver"
    downloads: Path

    def open(self, path: Path) -> None:
        self.log("browser")
        self.log("performance")
        self.driver.get("about:blank")
        self.driver.get(path.as_uri())
        self.until(lambda: self.js("return document.documentElement.dataset.ready") == "true")

    def log(self, name: str) -> list[dict[str, Any]]:
        """What was logged since it was asked for before."""
        entries: list[dict[str, Any]] = self.driver.get_log(name)  # type: ignore[no-untyped-call]
        return entries

    def js(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def until(self, met: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE_S
        while not met():
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.02)

    def names(self) -> list[str]:
        found: list[str] = self.js(
            "return [...document.querySelectorAll('#table tbody .name')].map(b => b.textContent)"
        )
        return found

    def texts(self, selector: str) -> list[str]:
        found: list[str] = self.js(
            "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)", selector
        )
        return found

    def until_texts(self, selector: str, wanted: list[str]) -> None:
        self.until(lambda: self.texts(selector) == wanted)

    def click(self, selector: str) -> None:
        from selenium.webdriver.common.by import By

        self.driver.find_element(By.CSS_SELECTOR, selector).click()

    def type(self, selector: str, text: str) -> None:
        from selenium.webdriver.common.by import By

        field = self.driver.find_element(By.CSS_SELECTOR, selector)
        field.clear()
        field.send_keys(text)

    def keys(self, *keys: str) -> None:
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def choose(self, selector: str, value: str) -> None:
        self.js(
            "const e = document.querySelector(arguments[0]); e.value = arguments[1];"
            "e.dispatchEvent(new Event('change'))",
            selector,
            value,
        )

    def mouse(self, what: str, x: float, y: float) -> None:
        button = "none" if what == "mouseMoved" else "left"
        event = {"type": what, "x": x, "y": y, "button": button, "clickCount": 1}
        self.driver.execute_cdp_cmd("Input.dispatchMouseEvent", event)

    def point(self, index: int) -> tuple[float, float]:
        """Where the mark of a row is in the window."""
        x, y = self.js(
            "const p = document.querySelector(`.point[data-index='${arguments[0]}'] .mark`); "
            "p.scrollIntoView({block: 'center'}); "
            "const b = p.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]",
            index,
        )
        return x, y
