"""The page in each browser: one for all tests of a module, the same few rows for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.render.browsers import BROWSERS
from tests.render.page_data import some_rows, write_page
from tests.render.page_driver import Page


@pytest.fixture(scope="module", params=BROWSERS)
def browser(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    kind = BROWSERS[request.param]
    if reason := kind.why_not():
        pytest.skip(reason)
    downloads = tmp_path_factory.mktemp("downloads")
    with kind.start(downloads) as started:
        yield Page(started, downloads)


@pytest.fixture
def some(browser: Page, tmp_path: Path) -> Page:
    """The page of :func:`tests.render.page_data.some_rows`, as first seen."""
    browser.browser.resize(1280, 900)
    browser.open(write_page(tmp_path / "report.html", *some_rows()))
    return browser
