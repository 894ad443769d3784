"""What a run has finished so far: on the disk at once, read again after whatever ended it."""

import json
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srbench import journal
from srbench.cases import Case
from srbench.errors import InputError
from srbench.failures import Failure
from srbench.journal import NAME, SET_ASIDE, Entry, Header, Journal, Step
from tests.builders import NOON, make_case, make_entry, make_machine, make_model, make_settings, watched

FIRST, SECOND, THIRD = (Step(task="time", case=i, round=0, place=i) for i in range(3))


def make_header(*cases: Case, **changes: Any) -> Header:
    cases = cases or (make_case(),)
    header = Header(
        srbench_version="0.1.0",
        started=NOON,
        machine=make_machine(),
        settings=make_settings(),
        counters=("torch",),
        cases=cases,
        sources={},
    )
    return header.model_copy(update=changes)


def begun(folder: Path, *entries: Entry) -> Journal:
    log, aside = journal.begin(folder, make_header())
    assert aside == 0
    for entry in entries:
        log.add(entry)
    return log


def resumed(folder: Path) -> Journal:
    found = journal.resume(folder)
    assert found is not None
    header, log = found
    assert header == make_header()
    return log


# --- What is added is there


def test_what_is_added_is_found_at_once_and_after_a_restart(tmp_path: Path) -> None:
    entries = [make_entry(FIRST), make_entry(SECOND, Failure(status="CRASH", reason="gone", detail="line\nline"))]
    log = begun(tmp_path, *entries)
    for now in (log, resumed(tmp_path)):
        assert now.entries == entries
        assert [now.find(step) for step in (FIRST, SECOND, THIRD)] == [*entries, None]


def test_a_step_is_all_of_what_it_says() -> None:
    others = [
        Step(task="memory", case=0),
        Step(task="time", case=1),
        Step(task="time", case=0, round=1),
        Step(task="time", case=0, place=1),
    ]
    assert len({FIRST, *others}) == 5


def test_a_journal_is_one_line_for_the_run_and_one_for_each_process(tmp_path: Path) -> None:
    begun(tmp_path, make_entry(FIRST), make_entry(SECOND, watched(passes_s=7)))
    lines = (tmp_path / NAME).read_text(encoding="utf-8").splitlines()
    header, *entries = map(json.loads, lines)
    assert header["cases"][0]["model"]["variant"] == "bsrn"
    assert [entry["step"]["case"] for entry in entries] == [0, 1]


def test_a_line_is_on_the_disk_when_adding_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = begun(tmp_path)
    synced: list[bytes] = []
    monkeypatch.setattr(os, "fsync", lambda _: synced.append((tmp_path / NAME).read_bytes()))
    log.add(make_entry(FIRST))
    [content] = synced
    assert content == (tmp_path / NAME).read_bytes()
    assert content.count(b"\n") == 2


def test_a_complete_run_leaves_nothing_to_go_on_with(tmp_path: Path) -> None:
    log = begun(tmp_path, make_entry(FIRST))
    log.close()
    assert journal.resume(tmp_path) is None
    log.close()  # twice is no error
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_has_nothing_to_go_on_with(tmp_path: Path) -> None:
    assert journal.resume(tmp_path) is None
    assert journal.resume(tmp_path / "gone") is None


# --- What was cut off


def test_a_torn_last_line_is_left_out_and_written_over(tmp_path: Path) -> None:
    begun(tmp_path, make_entry(FIRST), make_entry(SECOND, wall_s=99))
    path = tmp_path / NAME
    path.write_bytes(path.read_bytes()[:-40])
    log = resumed(tmp_path)
    assert log.entries == [make_entry(FIRST)]
    log.add(make_entry(THIRD))
    assert resumed(tmp_path).entries == [make_entry(FIRST), make_entry(THIRD)]
    assert path.read_bytes().count(b"\n") == 3


def test_a_last_line_without_its_end_is_torn_too(tmp_path: Path) -> None:
    # It can be read, but the next line would be written onto it.
    begun(tmp_path, make_entry(FIRST))
    path = tmp_path / NAME
    path.write_bytes(path.read_bytes().removesuffix(b"\n"))
    log = resumed(tmp_path)
    assert log.entries == []
    log.add(make_entry(SECOND))
    assert resumed(tmp_path).entries == [make_entry(SECOND)]


@pytest.mark.parametrize(
    "garbage", [b"\0" * 4096, b'{"half":\n', b"\xff\xfe\n", b"[]\n", b"\n", b'{"step": {"task": "time"}}\n']
)
def test_garbage_ends_what_can_be_read(tmp_path: Path, garbage: bytes) -> None:
    # As a power cut leaves it: the file has its new length, the blocks do not have their content.
    begun(tmp_path, make_entry(FIRST), make_entry(SECOND))
    path = tmp_path / NAME
    path.write_bytes(path.read_bytes() + garbage)
    log = resumed(tmp_path)
    assert log.entries == [make_entry(FIRST), make_entry(SECOND)]
    log.add(make_entry(THIRD))
    assert resumed(tmp_path).entries == [make_entry(step) for step in (FIRST, SECOND, THIRD)]
    assert len(path.read_bytes().split(b"\n")) == 5  # the run, three processes, nothing


def test_what_stands_behind_garbage_is_measured_again(tmp_path: Path) -> None:
    begun(tmp_path, make_entry(FIRST), make_entry(SECOND))
    path = tmp_path / NAME
    header, first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(header + first[:30] + b"\n" + second)
    log = resumed(tmp_path)
    assert log.entries == []
    for entry in (make_entry(FIRST), make_entry(SECOND)):
        log.add(entry)
    assert path.read_bytes() == header + first + second


@given(st.data())
def test_wherever_it_is_cut_the_whole_lines_before_are_kept(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    entries = [make_entry(FIRST), make_entry(SECOND, Failure(status="OOM", reason="µ\n…"))]
    begun(folder, *entries)
    path = folder / NAME
    content = path.read_bytes()
    header = content.index(b"\n") + 1
    cut = data.draw(st.integers(header, len(content)))
    path.write_bytes(content[:cut])
    assert resumed(folder).entries == entries[: content[:cut].count(b"\n") - 1]


@pytest.mark.parametrize("text", ["", "\n", "{}\n", '{"srbench_version": "0.1.0"', "a letter to a friend\n"])
def test_a_file_that_is_no_journal_is_refused_with_the_way_out(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text)
    with pytest.raises(InputError, match="is no journal of this srbench; move it away and measure again"):
        journal.resume(tmp_path)
    assert (tmp_path / NAME).read_text() == text


# --- A disk that is full


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """Files cannot grow beyond ``size``: a write is cut there, as on a full disk, and the rest is an error."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


@pytest.mark.parametrize("room", [0, 1, 100])
def test_a_write_that_fails_leaves_the_earlier_lines_whole(tmp_path: Path, room: int) -> None:
    log = begun(tmp_path, make_entry(FIRST))
    path = tmp_path / NAME
    before = path.read_bytes()
    with files_up_to(len(before) + room), pytest.raises(OSError, match="File too large"):
        log.add(make_entry(SECOND))
    assert path.read_bytes().startswith(before)
    assert log.find(SECOND) is None
    assert resumed(tmp_path).entries == log.entries == [make_entry(FIRST)]
    # Once there is room again the same journal goes on.
    log.add(make_entry(THIRD))
    assert resumed(tmp_path).entries == log.entries == [make_entry(FIRST), make_entry(THIRD)]


def test_a_line_that_may_not_have_reached_the_disk_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = begun(tmp_path, make_entry(FIRST))
    before = (tmp_path / NAME).read_bytes()

    def fail(_: int) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="no space"):
            log.add(make_entry(SECOND))
    assert (tmp_path / NAME).read_bytes() == before
    assert log.find(SECOND) is None


# --- Beginning anew


def test_an_unfinished_journal_is_set_aside(tmp_path: Path) -> None:
    begun(tmp_path, make_entry(FIRST), make_entry(SECOND))
    before = (tmp_path / NAME).read_bytes()
    log, aside = journal.begin(tmp_path, make_header(make_case("span")))
    assert aside == 2
    assert (tmp_path / SET_ASIDE).read_bytes() == before
    assert log.entries == []
    found = journal.resume(tmp_path)
    assert found is not None
    assert found[0].cases == (make_case("span"),)
    assert found[1].entries == []


def test_a_journal_that_holds_nothing_does_not_take_the_place_of_one_that_does(tmp_path: Path) -> None:
    begun(tmp_path, make_entry(FIRST))
    before = (tmp_path / NAME).read_bytes()
    assert journal.begin(tmp_path, make_header())[1] == 1
    assert journal.begin(tmp_path, make_header())[1] == 0  # that run ended before its first process did
    assert (tmp_path / SET_ASIDE).read_bytes() == before


def test_a_file_that_is_no_journal_is_set_aside_too(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("a letter to a friend\n")
    assert journal.begin(tmp_path, make_header())[1] == 0
    assert (tmp_path / SET_ASIDE).read_text() == "a letter to a friend\n"


# --- Whether a run may go on


def test_the_same_run_differs_in_nothing() -> None:
    assert make_header().differences(make_header()) == []


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (make_header(srbench_version="0.2.0"), "srbench (0.1.0 then, 0.2.0 now)"),
        (make_header(machine=make_machine("Other")), "name (Test CPU, 2 cores, 8 GiB then, Other now)"),
        (make_header(machine=make_machine().model_copy(update={"torch": "2.7.0"})), "torch (2.6.0 then, 2.7.0 now)"),
        (make_header(machine=make_machine().model_copy(update={"python": "3.12"})), "python (3.11.7 then, 3.12 now)"),
        (make_header(machine=make_machine().model_copy(update={"cuda": "12.6"})), "cuda"),
        (make_header(machine=make_machine().model_copy(update={"cudnn": 90100})), "cudnn"),
        (make_header(machine=make_machine().model_copy(update={"driver": "560"})), "driver"),
        (make_header(settings=make_settings(seed=1)), "--seed (0 then, 1 now)"),
        (make_header(settings=make_settings(rounds=5)), "--rounds (3 then, 5 now)"),
        (make_header(settings=make_settings(precision=0.02)), "--precision (0.01 then, 0.02 now)"),
        (make_header(settings=make_settings(allocator="system")), "--allocator (keep then, system now)"),
        (make_header(settings=make_settings(budget_s=30.0)), "--budget (15.0 then, 30.0 now)"),
        (make_header(settings=make_settings(timeout_s=60.0)), "--timeout (300.0 then, 60.0 now)"),
        (make_header(counters=("torch", "thop")), "--counters"),
        (make_header(make_case("span")), "the cases"),
        (make_header(make_case(threads=1)), "the cases"),
        (make_header(make_case(), make_case("span")), "the cases"),
        (make_header(sources={"/nets/my.py": "abc"}), "the network's file"),
    ],
)
def test_another_run_is_told_apart_by_name(other: Header, named: str) -> None:
    assert make_header().differences(other) == [named]


def test_when_it_began_and_what_memory_is_free_do_not_matter() -> None:
    later = make_header(started=NOON.replace(hour=13), settings=make_settings(memory_limit_bytes=7))
    assert make_header().differences(later) == []


def test_a_case_keeps_its_key_when_only_a_note_changes() -> None:
    noted = make_header(make_case(model=make_model(note="reconstruction")))
    assert make_header().differences(noted) == []


def test_a_changed_file_of_a_network_is_seen(tmp_path: Path) -> None:
    net = tmp_path / "net.py"
    net.write_text("first")
    case = make_case(model=make_model("net.py:Net", architecture="Net", source=str(net)))
    header = make_header(case, sources=journal.source_hashes((case, make_case())))
    # The digest of "first" by sha256sum(1).
    digest = "a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e"
    assert header.sources == {str(net): digest}
    assert header.differences(header.renewed(make_machine())) == []
    net.write_text("second")
    assert header.differences(header.renewed(make_machine())) == ["the network's file"]
    net.unlink()
    assert header.renewed(make_machine()).sources == {str(net): ""}


def test_a_run_that_goes_on_looks_at_the_machine_as_it_is_now() -> None:
    assert make_header().renewed(make_machine("Other")).machine == make_machine("Other")
