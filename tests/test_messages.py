"""What a worker says is data: whatever it sends, the parent goes on, and nothing of it is ever run."""

import os
import pickle
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srbench import launch, messages
from srbench.failures import Failure
from srbench.launch import PROCESSES
from srbench.messages import Frame, FrameError, Kind, Reader
from tests.misbehaving import CloseAndStay, Flood, Leave, Raise, Talk, Words, Write

#: No message is longer, in the tests of frames.
MOST = 1000
KINDS: tuple[Kind, ...] = ("started", "news", "result", "failure")


@contextmanager
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe's ends: for reading, for writing."""
    ends = os.pipe()
    try:
        yield ends
    finally:
        for end in ends:
            with suppress(OSError):
                os.close(end)


def framed(kind: int, text: bytes, length: int | None = None) -> bytes:
    """A frame by its description: a byte for the kind, eight for the length with the most significant first, text."""
    return struct.pack(">BQ", kind, len(text) if length is None else length) + text


# --- Frames


@given(
    st.lists(st.tuples(st.sampled_from(range(4)), st.binary(max_size=MOST)), max_size=6),
    st.lists(st.integers(0, 4000), max_size=12),
)
def test_frames_arrive_whole_and_in_order_wherever_they_are_split(
    sent: list[tuple[int, bytes]], cuts: list[int]
) -> None:
    stream = b"".join(framed(kind, text) for kind, text in sent)
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    with pipe() as (source, sink):
        reader = Reader(source, MOST)
        found: list[Frame] = []
        for start, end in pairwise(places):
            os.write(sink, stream[start:end])
            found += reader.frames()
            # Nothing waits for the rest of a frame, and nothing that is there waits for the next piece.
            whole = [index for index in range(len(sent) + 1) if _bytes_of(sent[:index]) <= end]
            assert len(found) == whole[-1]
        assert not reader.ended
        os.close(sink)
        assert reader.frames() == []
        assert reader.ended
    assert found == [Frame(KINDS[kind], text) for kind, text in sent]


def _bytes_of(sent: list[tuple[int, bytes]]) -> int:
    return sum(9 + len(text) for _, text in sent)


@given(st.text(max_size=300))
def test_what_is_sent_is_what_arrives(text: str) -> None:
    with pipe() as (source, sink):
        messages.send(sink, "started")
        messages.send(sink, "news", Words(text=text))
        started, news = Reader(source).frames()
    assert started == Frame("started", b"")
    assert (news.kind, Words.model_validate_json(news.text)) == ("news", Words(text=text))


def test_a_message_longer_than_the_pipe_is_sent_whole() -> None:
    words = Words(text="x" * 3_000_000)
    with pipe() as (source, sink):
        reader = Reader(source)
        sender = threading.Thread(target=messages.send, args=(sink, "result", words))
        sender.start()
        found: list[Frame] = []
        end = time.monotonic() + 60
        while not found and time.monotonic() < end:
            found = reader.frames()
        sender.join()
    assert [Words.model_validate_json(frame.text) for frame in found] == [words]


def test_reading_does_not_wait() -> None:
    with pipe() as (source, sink):
        reader = Reader(source)
        assert reader.frames() == []
        os.write(sink, framed(1, b"half of it", 100))
        assert reader.frames() == []
        assert reader.frames() == []
        assert not reader.ended


def test_a_frame_that_is_cut_off_is_none() -> None:
    with pipe() as (source, sink):
        reader = Reader(source)
        os.write(sink, framed(2, b"half of it", 100))
        os.close(sink)
        assert reader.frames() == []
        assert reader.frames() == []
        assert reader.ended


@pytest.mark.parametrize("kind", [7, 0x80, 255])
def test_another_kind_is_no_message(kind: int) -> None:
    with pipe() as (source, sink):
        os.write(sink, framed(kind, b"{}"))
        with pytest.raises(FrameError, match="it sent something that is no message"):
            Reader(source).frames()


def test_a_frame_is_as_long_as_agreed_and_no_longer() -> None:
    with pipe() as (source, sink):
        reader = Reader(source, MOST)
        os.write(sink, framed(1, b"x" * MOST))
        assert reader.frames() == [Frame("news", b"x" * MOST)]
        os.write(sink, framed(1, b"", MOST + 1))  # refused before any of it has come
        with pytest.raises(FrameError, match="it sent a message of 1,001 bytes; 1,000 are allowed"):
            reader.frames()


def test_whoever_sends_to_nobody_is_told() -> None:
    with pipe() as (source, sink):
        os.close(source)
        with pytest.raises(BrokenPipeError):
            messages.send(sink, "news", Words(text="hello"))


# --- Between processes


def test_news_and_the_result_come_in_order() -> None:
    told: list[Words] = []
    found = PROCESSES.launch(Talk(("one", "two", "three")), 60, told.append)
    assert found == Words(text="done")
    assert told == [Words(text=text) for text in ("one", "two", "three")]


@pytest.mark.parametrize("from_last_news", [True, False])
def test_news_give_more_time_where_that_was_agreed(from_last_news: bool) -> None:
    # Two seconds in all, half a second from one to the next.
    found = PROCESSES.launch(Talk(("a", "b", "c", "d"), pause_s=0.5), 1.5, from_last_news=from_last_news)
    late = Failure(status="TIMEOUT", reason="no answer within --timeout 1.5 s")
    assert found == (Words(text="done") if from_last_news else late)


@pytest.mark.parametrize("text", ["\u00b5\u2026\x00\x1b[31m", "x" * 200_000, "\udcff"])
def test_any_error_is_a_crash_with_its_reason(text: str) -> None:
    found = PROCESSES.launch(Raise(text), 60)
    assert isinstance(found, Failure)
    assert found.status == "CRASH"
    assert found.reason.startswith("RuntimeError: ")
    assert "\n" not in found.reason


@pytest.mark.parametrize(("most", "whole"), [(100, True), (99, False)])
def test_a_result_may_be_as_long_as_its_work_says(most: int, whole: bool) -> None:
    # {"text":"..."} has eleven signs beside the text.
    found = PROCESSES.launch(Talk(answer="x" * 89, most=most), 60)
    refused = Failure(status="CRASH", reason="it sent a message of 100 bytes; 99 are allowed")
    assert found == (Words(text="x" * 89) if whole else refused)


def test_half_a_frame_is_waited_for_as_long_as_for_any_answer() -> None:
    begin = time.monotonic()
    found = PROCESSES.launch(Write(framed(2, b'{"text":', 100), stays_s=600), 1.0)
    assert found == Failure(status="TIMEOUT", reason="no answer within --timeout 1 s")
    assert time.monotonic() - begin < 60


def test_half_a_frame_and_the_end_is_a_crash() -> None:
    found = PROCESSES.launch(Write(framed(2, b'{"text":', 100)), 60)
    assert found == Failure(status="CRASH", reason="the process ended with exit code 0 and no answer")


class Touch:
    """Unpickled, it leaves a file behind."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self._path,)


def test_the_forgery_would_work(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Touch(tmp_path / "there")))
    assert (tmp_path / "there").exists()


#: It took a message of multiprocessing's own: four bytes of length, then a pickle, whose first byte is 0x80.
@pytest.mark.parametrize(
    ("wrapped", "reason"),
    [
        (lambda forged: forged, "it sent something that is no message"),
        (lambda forged: struct.pack("!i", len(forged)) + forged, "it sent a message of "),
        (lambda forged: framed(2, forged), "its answer is none (all of it: Invalid JSON"),
        (lambda forged: framed(1, forged), "its answer is none (all of it: Invalid JSON"),
        (lambda forged: framed(3, forged), "its answer is none (all of it: Invalid JSON"),
    ],
    ids=["bare", "as multiprocessing sends it", "as a result", "as news", "as a failure"],
)
def test_a_forged_pickle_is_a_crash_and_is_never_loaded(wrapped: object, reason: str, tmp_path: Path) -> None:
    assert callable(wrapped)
    found = PROCESSES.launch(Write(wrapped(pickle.dumps(Touch(tmp_path / "there"))), stays_s=600), 60)
    assert isinstance(found, Failure)
    assert found.status == "CRASH"
    assert found.reason.startswith(reason)
    assert not (tmp_path / "there").exists()


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"hello, parent\n", "it sent something that is no message"),
        (bytes(100), "the process ended with exit code 0 and no answer"),  # eleven empty frames that say: started
        (framed(0, b"") + b"\xff" * 9, "it sent something that is no message"),  # the first of them is good
        (framed(2, b"", 2**40), "it sent a message of 1,099,511,627,776 bytes; 67,108,864 are allowed"),
        (framed(2, b"{"), "its answer is none (all of it: Invalid JSON"),
        (framed(2, b""), "its answer is none (all of it: Invalid JSON"),
        (framed(2, b'{"text":"a"}'), "its answer is none (text: Extra inputs are not permitted)"),
        (framed(3, b'{"status":"SPLENDID","reason":""}'), "its answer is none (status: Input should be 'VALID'"),
        (framed(3, b'{"status":"CRASH"}'), "its answer is none (reason: Field required)"),
    ],
)
def test_garbage_is_a_crash_with_a_reason_in_one_line(raw: bytes, reason: str) -> None:
    found = PROCESSES.launch(Write(raw), 60)
    assert isinstance(found, Failure)
    assert found.status == "CRASH"
    assert found.reason.startswith(reason)
    assert "\n" not in found.reason


@pytest.mark.parametrize("text", ["", "x" * 1_000_000])
def test_a_flood_of_news_ends_with_the_timeout(text: str) -> None:
    told = [0]

    def count(words: Words) -> None:
        told[0] += 1

    begin = time.monotonic()
    found = PROCESSES.launch(Flood(text), 1.0, count)
    assert found == Failure(status="TIMEOUT", reason="no answer within --timeout 1 s")
    assert told[0] > 10
    assert time.monotonic() - begin < 60


def test_who_starts_again_and_again_gets_no_more_time() -> None:
    # Each is a message as it should be, twice within the timeout.
    found = PROCESSES.launch(Write(framed(0, b""), times=8, pause_s=0.5), 1.0)
    assert found == Failure(status="TIMEOUT", reason="no answer within --timeout 1 s")


def test_who_closes_the_pipe_and_stays_is_a_crash() -> None:
    begin = time.monotonic()
    found = PROCESSES.launch(CloseAndStay(600), 60)
    assert isinstance(found, Failure)
    assert found.status == "CRASH"
    assert time.monotonic() - begin < 60


# --- How a process ends


@pytest.mark.parametrize(
    ("takes_s", "politely", "tidied"),
    [
        (0.5, True, True),
        (600, True, False),  # nobody waits for ever
        (600, False, False),
    ],
)
def test_one_that_leaves_by_itself_is_given_a_while(
    takes_s: float, politely: bool, tidied: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if takes_s > 1:
        monkeypatch.setattr(launch, "_LEAVE_S", 0.5)
    found = PROCESSES.launch(Leave(tmp_path / "tidied", takes_s, politely), 60)
    assert isinstance(found, Words)
    assert (tmp_path / "tidied").exists() == tidied
    # What it started ends with it, however it ended.
    end = time.monotonic() + 10
    while alive(int(found.text)) and time.monotonic() < end:
        time.sleep(0.02)
    assert not alive(int(found.text))


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
