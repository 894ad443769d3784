"""Fetching checkpoints from a local server that misbehaves as servers do."""

import hashlib
import os
import stat
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from srbench.errors import InputError
from srbench.quality.fetch import fetch
from srbench.quality.weights import Registered

BODY = bytes(range(256)) * 1200  # 307,200 bytes


class Server:
    """Serves one body. ``cut``: bytes after which the connection ends; ``status``; ``endless``; ``ranges``.

    ``gate``: after the first half of a body it waits for this.
    """

    def __init__(
        self,
        *,
        cut: int | None = None,
        status: int = 200,
        endless: bool = False,
        ranges: bool = True,
        body: bytes = BODY,
        gate: threading.Event | None = None,
    ) -> None:
        self.cut, self.status, self.endless, self.ranges, self.body = cut, status, endless, ranges, body
        self.gate = gate
        self.asked: list[str] = []
        self.sent = 0


@contextmanager
def serving(server: Server) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = self.headers.get("Range", "")
            server.asked.append(given)
            if server.status != 200:
                self.send_error(server.status)
                return
            start = int(given.removeprefix("bytes=").removesuffix("-")) if given and server.ranges else 0
            body = server.body[start:]
            self.send_response(206 if start else 200)
            if not server.endless:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                if server.gate is not None:
                    self.wfile.write(body[: len(body) // 2])
                    assert server.gate.wait(30)
                    body = body[len(body) // 2 :]
                self.wfile.write(body if server.cut is None else body[: server.cut])
                server.sent += len(body)
                while server.endless:
                    self.wfile.write(body)
                    server.sent += len(body)
            except OSError:
                pass  # the client has had enough

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{http.server_address[1]}/net.pth"
    finally:
        http.shutdown()
        http.server_close()


def registered(url: str, body: bytes = BODY) -> Registered:
    return Registered(
        file="net.pth",
        variant="bsrn",
        scale=4,
        form="deploy",
        bytes=len(body),
        sha256=hashlib.sha256(body).hexdigest(),
        url=url,
        licence="none stated",
    )


def kept(cache: Path) -> list[Path]:
    """All files but locks."""
    return [path for path in cache.rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_a_file_is_fetched_once(tmp_path: Path) -> None:
    server, told = Server(), list[int]()
    with serving(server) as url:
        path = fetch(registered(url), tmp_path / "cache", told.append)
        assert path.read_bytes() == BODY
        assert fetch(registered(url), tmp_path / "cache") == path
    assert server.asked == [""]
    assert told[-1] == len(BODY)
    assert kept(tmp_path / "cache") == [path]


def test_an_interrupted_download_goes_on_where_it_stopped(tmp_path: Path) -> None:
    server = Server(cut=100_000)
    with serving(server) as url:
        with pytest.raises(InputError, match="goes on where it stopped"):
            fetch(registered(url), tmp_path)
        assert not (tmp_path / "net.pth").exists()
        server.cut = None
        assert fetch(registered(url), tmp_path).read_bytes() == BODY
    begun = int(server.asked[-1].removeprefix("bytes=").removesuffix("-"))
    assert 0 < begun <= 100_000


def test_a_server_without_ranges_starts_anew(tmp_path: Path) -> None:
    server = Server(cut=100_000, ranges=False)
    with serving(server) as url:
        with pytest.raises(InputError):
            fetch(registered(url), tmp_path)
        server.cut = None
        assert fetch(registered(url), tmp_path).read_bytes() == BODY


def test_another_file_is_refused_and_not_kept(tmp_path: Path) -> None:
    with serving(Server(body=BODY[::-1])) as url, pytest.raises(InputError, match="sha256 differs"):
        fetch(registered(url), tmp_path)
    assert kept(tmp_path) == []


def test_what_was_no_beginning_of_the_file_is_fetched_from_zero(tmp_path: Path) -> None:
    page = b"<html>Log in to this network</html>"
    server = Server(body=page)
    with serving(server) as url:
        with pytest.raises(InputError, match="goes on where it stopped"):
            fetch(registered(url), tmp_path)
        server.body = BODY
        assert fetch(registered(url), tmp_path).read_bytes() == BODY
    assert server.asked == ["", f"bytes={len(page)}-", ""]
    assert kept(tmp_path) == [tmp_path / "net.pth"]


def test_another_file_is_refused_after_it_went_on_too(tmp_path: Path) -> None:
    server = Server(cut=100_000)
    with serving(server) as url:
        with pytest.raises(InputError, match="goes on where it stopped"):
            fetch(registered(url), tmp_path)
        server.cut, server.body = None, BODY[::-1]
        with pytest.raises(InputError, match="sha256 differs"):
            fetch(registered(url), tmp_path)
    assert len(server.asked) == 3
    assert kept(tmp_path) == []


def test_two_at_once_fetch_a_file_once(tmp_path: Path) -> None:
    server = Server(gate=threading.Event())
    with serving(server) as url, ThreadPoolExecutor(2) as pool:
        first = pool.submit(fetch, registered(url), tmp_path)
        until = time.monotonic() + 30
        while not kept(tmp_path) and time.monotonic() < until:
            time.sleep(0.01)
        second = pool.submit(fetch, registered(url), tmp_path)
        time.sleep(0.5)  # long enough to ask for the file, if it does
        assert server.gate is not None
        server.gate.set()
        assert [each.result(30) for each in (first, second)] == [tmp_path / "net.pth"] * 2
    assert server.asked == [""]
    assert kept(tmp_path) == [tmp_path / "net.pth"]


def test_a_cache_that_only_others_write_has_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net.pth").write_bytes(BODY)

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refused)
    assert fetch(registered("http://127.0.0.1:1/net.pth"), tmp_path) == tmp_path / "net.pth"


def test_a_fetched_file_has_the_usual_mode(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with serving(Server()) as url:
            assert stat.S_IMODE(fetch(registered(url), tmp_path).stat().st_mode) == 0o640
    finally:
        os.umask(before)


def test_a_damaged_file_in_the_cache_is_fetched_anew(tmp_path: Path) -> None:
    (tmp_path / "net.pth").write_bytes(BODY[:1000])
    with serving(Server()) as url:
        assert fetch(registered(url), tmp_path).read_bytes() == BODY


def test_an_endless_body_is_cut_off(tmp_path: Path) -> None:
    server = Server(endless=True)
    with serving(server) as url, pytest.raises(InputError, match="sha256 differs"):
        fetch(registered(url), tmp_path)
    assert not (tmp_path / "net.pth").exists()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with serving(Server(status=404)) as url, pytest.raises(InputError, match=r"net\.pth answers 404"):
        fetch(registered(url), tmp_path)


def test_no_server_is_named(tmp_path: Path) -> None:
    with serving(Server()) as url:
        pass
    with pytest.raises(InputError, match="cannot fetch"):
        fetch(registered(url), tmp_path)


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    with serving(Server()) as url, pytest.raises(InputError, match=r"cannot write to .*SRBENCH_CACHE"):
        fetch(registered(url), tmp_path / "cache")


def test_what_has_no_link_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no direct link"):
        fetch(registered(""), tmp_path)
