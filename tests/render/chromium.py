"""Debian's chromium, by selenium and its own protocol for what WebDriver has no word for."""

import json
import os
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from typing import Any

from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.command import Command

from tests.render.browsers import Actions, Browser


class Chromium(Browser):
    """A window of Chromium."""

    def __init__(self, driver: Chrome) -> None:
        self._driver = driver

    def get(self, url: str) -> None:
        self._driver.get(url)

    def js(self, script: str, *arguments: Any) -> Any:
        return self._driver.execute_script(script, *arguments)

    def perform(self, actions: Actions) -> None:
        self._driver.execute(Command.W3C_ACTIONS, {"actions": actions})

    def resize(self, width: int, height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def theme(self, name: str) -> None:
        preference = {"name": "prefers-color-scheme", "value": name}
        self._driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [preference]})

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self._log("browser")]

    def requests(self) -> list[str]:
        messages = [json.loads(entry["message"])["message"] for entry in self._log("performance")]
        return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]

    def pdf(self) -> bytes:
        wanted = {"preferCSSPageSize": True, "printBackground": True}
        return b64decode(self._driver.execute_cdp_cmd("Page.printToPDF", wanted)["data"])

    def screenshot(self) -> bytes:
        return self._driver.get_screenshot_as_png()

    def _log(self, name: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self._driver.get_log(name)  # type: ignore[no-untyped-call]
        return entries


@contextmanager
def chromium(downloads: Path) -> Iterator[Chromium]:
    """A window of 1280x900 in the light theme."""
    options = Options()
    options.binary_location = which("chromium") or ""
    flags = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,900"]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")  # Chromium refuses to run as root with it
    for flag in flags:
        options.add_argument(flag)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(service=Service(which("chromedriver") or ""), options=options)
    try:
        browser = Chromium(driver)
        browser.resize(1280, 900)
        browser.theme("light")
        yield browser
    finally:
        driver.quit()
