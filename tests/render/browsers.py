"""Real browsers, headless: Debian's chromium and firefox-esr, each with what it takes to drive it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any

#: A list of actions as WebDriver has them; both browsers take the same.
Actions = list[dict[str, Any]]


class Browser(ABC):
    """One window. What it logs is kept until it is asked for."""

    @abstractmethod
    def get(self, url: str) -> None:
        """Open a page and wait until it is loaded."""

    @abstractmethod
    def js(self, script: str, *arguments: Any) -> Any:
        """What the body of a function returns, as JSON has it; a promise is waited for."""

    @abstractmethod
    def perform(self, actions: Actions) -> None:
        """What a hand does with mouse, wheel and keyboard."""

    @abstractmethod
    def resize(self, width: int, height: int) -> None:
        """A window narrower than the browser would make one, too."""

    @abstractmethod
    def theme(self, name: str) -> None:
        """What the system prefers: ``light`` or ``dark``."""

    @abstractmethod
    def complaints(self) -> list[str]:
        """Warnings and errors of the console since they were asked for before."""

    @abstractmethod
    def requests(self) -> list[str]:
        """The addresses that were asked for since they were asked for before."""

    @abstractmethod
    def pdf(self) -> bytes:
        """The page on paper, of the size that it asks for itself."""

    @abstractmethod
    def screenshot(self) -> bytes:
        """The window as PNG."""


@dataclass(frozen=True)
class Kind:
    """A kind of browser.

    Attributes:
        programs: that must be installed.
        packages: Debian's, that have them.
        modules: of Python, by the name that pip knows.
        start: opens a window of 1280x900 in the light theme that saves files to a folder.
    """

    programs: tuple[str, ...]
    packages: str
    modules: dict[str, str]
    start: Callable[[Path], AbstractContextManager[Browser]]

    def why_not(self) -> str:
        """What is missing; empty where nothing is."""
        for module, package in self.modules.items():
            if find_spec(module) is None:
                return f"no {module}: pip install {package}"
        lacking = [name for name in self.programs if which(name) is None]
        return f"no {' and no '.join(lacking)}: apt-get install {self.packages}" if lacking else ""


@contextmanager
def _chromium(downloads: Path) -> Iterator[Browser]:
    from tests.render.chromium import chromium

    with chromium(downloads) as browser:
        yield browser


@contextmanager
def _firefox(downloads: Path) -> Iterator[Browser]:
    from tests.render.firefox import firefox

    with firefox(downloads) as browser:
        yield browser


BROWSERS = {
    "chromium": Kind(("chromium", "chromedriver"), "chromium chromium-driver", {"selenium": "selenium"}, _chromium),
    "firefox": Kind(("firefox-esr",), "firefox-esr", {"websocket": "websocket-client"}, _firefox),
}
