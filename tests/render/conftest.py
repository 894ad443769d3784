"""The page in a browser: one for all tests of a module, the same few rows for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.render.page_data import some_rows, write_page
from tests.render.page_driver import Page, chromium, resize


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    downloads = tmp_path_factory.mktemp("downloads")
    with chromium(downloads=downloads) as driver:
        yield Page(driver, downloads)


@pytest.fixture
def some(browser: Page, tmp_path: Path) -> Page:
    """The page of :func:`tests.render.page_data.some_rows`, as first seen."""
    resize(browser.driver, 1280, 900)
    browser.open(write_page(tmp_path / "report.html", *some_rows()))
    return browser
