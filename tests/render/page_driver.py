"""The page in a browser, with what tests do to it and ask of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.render.browsers import Browser

PATIENCE_S = 10.0


@dataclass
class Page:
    """A page in a browser."""

    browser: Browser
    downloads: Path

    def open(self, path: Path) -> None:
        self.browser.complaints()
        self.browser.requests()
        self.browser.get("about:blank")
        self.browser.get(path.as_uri())
        self.until(lambda: self.js("return document.documentElement.dataset.ready") == "true")

    def js(self, script: str, *arguments: Any) -> Any:
        return self.browser.js(script, *arguments)

    def until(self, met: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE_S
        while not met():
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.02)

    def names(self) -> list[str]:
        return self.texts("#table tbody .name")

    def texts(self, selector: str) -> list[str]:
        found: list[str] = self.js(
            "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)", selector
        )
        return found

    def until_texts(self, selector: str, wanted: list[str]) -> None:
        self.until(lambda: self.texts(selector) == wanted)

    def click(self, selector: str) -> None:
        """A real click: files are saved and the focus moves after no other."""
        # Where it stands once the page is drawn: a table that has just become short moves what is below, and scrolls.
        self.js("return new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => drawn(true))))")
        x, y = self.middle(selector)
        self.mouse(("move", x, y), "press", "release")

    def type(self, selector: str, text: str) -> None:
        """Instead of what stands in a field."""
        self.js("const e = document.querySelector(arguments[0]); e.focus(); e.select()", selector)
        self.keys(*text)

    def keys(self, *keys: str, held: str = "") -> None:
        """One key after the other, as WebDriver names them, while another one is held down."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        if held:
            actions = [{"type": "keyDown", "value": held}, *actions, {"type": "keyUp", "value": held}]
        self.browser.perform([{"type": "key", "id": "keys", "actions": actions}])

    def choose(self, selector: str, value: str) -> None:
        self.js(
            "const e = document.querySelector(arguments[0]); e.value = arguments[1];"
            "e.dispatchEvent(new Event('change'))",
            selector,
            value,
        )

    def mouse(self, *moves: tuple[str, float, float] | str) -> None:
        """``("move", x, y)`` in the window, ``press`` and ``release``, in their order."""
        actions: list[dict[str, Any]] = []
        for each in moves:
            if isinstance(each, str):
                actions.append({"type": {"press": "pointerDown", "release": "pointerUp"}[each], "button": 0})
            else:
                actions.append({"type": "pointerMove", "x": round(each[1]), "y": round(each[2]), "duration": 0})
        self.browser.perform([{"type": "pointer", "id": "mouse", "actions": actions}])

    def pinch(self, x: float, y: float, start: int, end: int) -> None:
        """Two fingers, so many pixels to each side of a place."""

        def finger(number: int, side: int) -> dict[str, Any]:
            def move(by: int, ms: int) -> dict[str, Any]:
                return {
                    "type": "pointerMove",
                    "x": round(x) + side * by,
                    "y": round(y) - side * by // 2,
                    "duration": ms,
                }

            actions = [
                move(start, 0),
                {"type": "pointerDown", "button": 0},
                move(end, 200),
                {"type": "pointerUp", "button": 0},
            ]
            touch = {"pointerType": "touch"}
            return {"type": "pointer", "id": f"finger{number}", "parameters": touch, "actions": actions}

        self.browser.perform([finger(1, -1), finger(2, 1)])

    def wheel(self, x: float, y: float, down: int) -> None:
        """So many pixels down, with the pointer there."""
        turn = {"type": "scroll", "x": round(x), "y": round(y), "deltaX": 0, "deltaY": down}
        self.browser.perform([{"type": "wheel", "id": "wheel", "actions": [turn]}])

    def middle(self, selector: str) -> tuple[float, float]:
        """Where an element is in the window, once it is in sight."""
        x, y = self.js(
            "const e = document.querySelector(arguments[0]); e.scrollIntoView({block: 'center'});"
            "const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]",
            selector,
        )
        return x, y

    def point(self, index: int) -> tuple[float, float]:
        """Where the mark of a row is in the window."""
        return self.middle(f".point[data-index='{index}'] .mark")
