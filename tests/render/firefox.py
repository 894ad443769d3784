"""Debian's firefox-esr, by WebDriver BiDi, which it speaks itself: Debian has no geckodriver."""

import json
import re
import subprocess
import tempfile
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import websocket

from tests.render.browsers import Actions, Browser

_LISTENS = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
_PATIENCE_S = 60.0
_A4_CM = {"width": 29.7, "height": 21.0}


class Firefox(Browser):
    """A window of Firefox."""

    def __init__(self, address: str) -> None:
        # An origin would make it a page that wants to drive the browser, which Firefox refuses.
        self._socket = websocket.create_connection(f"{address}/session", suppress_origin=True, timeout=_PATIENCE_S)
        self._sent = 0
        self._complaints: list[str] = []
        self._requests: list[str] = []
        self._ask("session.new", capabilities={})
        self._ask("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])
        # In the first tab the address bar keeps the focus.
        self._context = self._ask("browsingContext.create", type="tab")["context"]

    def get(self, url: str) -> None:
        self._ask("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def js(self, script: str, *arguments: Any) -> Any:
        function = f"async (given) => JSON.stringify(await (function () {{ {script} }}).apply(null, JSON.parse(given)))"
        answer = self._ask(
            "script.callFunction",
            functionDeclaration=function,
            target={"context": self._context},
            arguments=[{"type": "string", "value": json.dumps(arguments)}],
            awaitPromise=True,
            userActivation=False,
        )
        if answer["type"] == "exception":
            raise AssertionError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"].get("value", "null"))

    def perform(self, actions: Actions) -> None:
        self._ask("input.performActions", context=self._context, actions=actions)

    def resize(self, width: int, height: int) -> None:
        self._ask("browsingContext.setViewport", context=self._context, viewport={"width": width, "height": height})

    def theme(self, name: str) -> None:
        pytest.skip("Firefox takes what the system prefers from its profile, once, when it starts")

    def complaints(self) -> list[str]:
        self._ask("session.status")  # what was logged until now has come before the answer
        found, self._complaints = self._complaints, []
        return found

    def requests(self) -> list[str]:
        self._ask("session.status")
        found, self._requests = self._requests, []
        return found

    def pdf(self) -> bytes:
        answer = self._ask("browsingContext.print", context=self._context, page=_A4_CM, background=True)
        return b64decode(answer["data"])

    def screenshot(self) -> bytes:
        return b64decode(self._ask("browsingContext.captureScreenshot", context=self._context)["data"])

    def close(self) -> None:
        """End the browser."""
        self._ask("browser.close")
        self._socket.close()

    def _ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and wait for its answer; events that come before it are kept."""
        self._sent += 1
        self._socket.send(json.dumps({"id": self._sent, "method": method, "params": params}))
        while True:
            message: dict[str, Any] = json.loads(self._socket.recv())
            if message.get("id") == self._sent:
                break
            self._keep(message)
        if message["type"] == "error":
            raise AssertionError(f"{method}: {message['error']}: {message['message']}")
        result: dict[str, Any] = message["result"]
        return result

    def _keep(self, event: dict[str, Any]) -> None:
        params = event.get("params", {})
        if event.get("method") == "log.entryAdded" and params["level"] in ("warn", "error"):
            self._complaints.append(params["text"])
        elif event.get("method") == "network.beforeRequestSent":
            self._requests.append(params["request"]["url"])


def _preferences(downloads: Path) -> dict[str, bool | int | str]:
    return {
        "layout.css.prefers-color-scheme.content-override": 1,  # light
        "browser.download.folderList": 2,  # to the folder below
        "browser.download.dir": str(downloads),
        "browser.download.always_ask_before_handling_new_types": False,
        "browser.shell.checkDefaultBrowser": False,
        "browser.startup.homepage_override.mstone": "ignore",
        "datareporting.policy.dataSubmissionEnabled": False,
        "app.update.enabled": False,
    }


@contextmanager
def firefox(downloads: Path) -> Iterator[Firefox]:
    """A window of 1280x900 in the light theme."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in _preferences(downloads).items()]
        Path(profile, "user.js").write_text("\n".join(lines), encoding="utf-8")
        said = Path(profile, "said.txt")
        command = ["firefox-esr", "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"]
        with (
            said.open("w") as output,
            subprocess.Popen([*command, "about:blank"], stdout=output, stderr=output) as process,
        ):
            try:
                browser = Firefox(_address(said, process))
                browser.resize(1280, 900)
                yield browser
                browser.close()
                process.wait(_PATIENCE_S)
            finally:
                process.kill()


def _address(said: Path, process: "subprocess.Popen[bytes]") -> str:
    """Where it listens, as soon as it says so."""
    end = time.monotonic() + _PATIENCE_S
    while (found := _LISTENS.search(said.read_text(encoding="utf-8", errors="replace"))) is None:
        assert process.poll() is None, f"firefox does not start: {said.read_text(encoding='utf-8', errors='replace')}"
        assert time.monotonic() < end, "firefox does not say where it listens"
        time.sleep(0.05)
    return found[1]
