"""Stored files with numbers that cannot be, names without end, and things that are no files: left out, in one line."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from srbench import store
from srbench.errors import InputError
from srbench.files import MOST_TEXT_BYTES, cause, read_bytes, read_toml
from srbench.quality import store as quality_store
from srbench.text import check_utf8, one_line
from tests.builders import make_case, make_counts, make_latency, make_record
from tests.command_line import Run

HUGE = 10**310


def stored(output: Path, place: tuple[str | int, ...], value: object) -> Path:
    """A good record, and one with another value at a place; returns the path of the latter."""
    store.write(output, make_record(make_case("span")))
    path = store.write(output, make_record(complexity=make_counts(), latency=make_latency([1, 2, 3])))
    content = json.loads(path.read_text())
    inner: Any = content
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    path.write_text(json.dumps(content))
    return path


VISIT = ("latency", "visits", 0)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ((*VISIT, "samples_ns"), [-1_000_000] * 6),
        ((*VISIT, "samples_ns"), [0] * 6),
        ((*VISIT, "samples_ns"), [5] * 6),
        ((*VISIT, "samples_ns"), [HUGE]),
        ((*VISIT, "round"), HUGE),
        ((*VISIT, "others_cores"), 1e300),
        ((*VISIT, "readings"), [{"after": -5}]),
        ((*VISIT, "readings"), [{"after": 0, "clock_mhz": HUGE}]),
        ((*VISIT, "readings"), [{"after": 0, "temperature_c": -HUGE}]),
        (("complexity", "params"), -5),
        (("complexity", "params"), 10**30),
        (("complexity", "multi_adds"), HUGE),
        (("complexity", "activations"), -(10**20)),
        (("complexity", "cpu_peak_bytes"), HUGE),
        (("complexity", "layers", 0, "multi_adds"), HUGE),
        (("counts",), [{"counter": "fvcore", "version": "1", "multi_adds": -1}]),
        (("case", "size", "scale"), 10**9),
        (("case", "size", "gt_width"), HUGE),
        (("case", "size", "batch"), HUGE),
        (("case", "threads"), -7),
        (("case", "device"), "cuda:0\n<script>"),
        (("case", "device"), ""),
        (("case", "model", "variant"), ""),
        (("case", "model", "variant"), "x" * 1_000_000),
        (("case", "model", "value_range"), 0),
        (("machine", "cores"), HUGE),
        (("machine", "memory_bytes"), -1),
        (("settings", "budget_s"), -1),
        (("settings", "rounds"), HUGE),
        (("finished",), "9999-12-31T23:59:59.999999-23:59"),
        (("finished",), "0001-01-01T00:00:00+23:59"),
        (("reason",), "x" * 1_000_000),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else repr(value)[:20],
)
def test_what_cannot_be_is_no_record(tmp_path: Path, place: tuple[str | int, ...], value: object) -> None:
    path, said = stored(tmp_path, place, value), list[str]()
    assert [record.case.model.variant for record in store.read(tmp_path, said.append)] == ["span"]
    [line] = said
    assert line.startswith(f"skipped {path}: not a record ({'.'.join(map(str, place))}")
    assert len(line) < 600


def test_a_date_in_the_coming_century_is_a_date(tmp_path: Path) -> None:
    stored(tmp_path, ("finished",), "2124-05-17T12:00:00Z")
    assert len(store.read(tmp_path, pytest.fail)) == 2


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "long"])
def test_what_is_no_file_is_no_record_and_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    for folder, write in (("runs", store.write), ("quality", None)):
        path = tmp_path / folder / "odd.json"
        path.parent.mkdir()
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "device":
            path.symlink_to("/dev/zero")
        elif kind == "folder":
            path.mkdir()
        else:
            path.touch()
            os.truncate(path, MOST_TEXT_BYTES + 1)  # nothing of it takes room on the disk
        if write is not None:
            write(tmp_path, make_record())
    said: list[str] = []
    assert len(store.read(tmp_path, said.append)) == 1
    assert quality_store.read(tmp_path, said.append) == []
    words = {"folder": "Is a directory", "long": "it is longer than 64 MiB"}
    assert [words.get(kind, "it is a pipe or a device, not a file") in line for line in said] == [True, True]


def test_a_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    assert read_bytes(tmp_path / "a", 5) == b"12345"
    with pytest.raises(OSError, match="longer than") as error:
        read_bytes(tmp_path / "a", 4)
    assert cause(error.value) == f"{tmp_path / 'a'}: it is longer than 0 MiB"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a=" + "[" * 100_000, "it is nested too deep"),
        ("a." * 100_000 + "b=1", "it is nested too deep"),
        ("a=" + "9" * 5000, "a number in it has thousands of digits"),
    ],
    ids=["lists", "names", "digits"],
)
def test_toml_without_end_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(ValueError, match=complaint):
        read_toml(tmp_path / "a.toml")


def test_a_sentence_is_one_line_of_printable_signs() -> None:
    assert one_line("a\x1b[2J\n b \u202e\tc", 20) == "a [2J b c"
    assert one_line("x" * 50_000_000, 10) == "xxxxxxx..."


def test_a_name_that_no_record_can_hold_is_refused(run: Run, tmp_path: Path) -> None:
    odd = os.fsdecode(b"n\xff.py")
    (tmp_path / odd).write_text("")
    done = run("profile", "--models", f"{odd}:Net")
    assert done.code == 2
    assert r"n\xff.py:Net; rename it" in done.err
    assert not (tmp_path / "results").exists()
    check_utf8("名前", "a network")
    with pytest.raises(InputError, match=r"the name of an image is no UTF-8 text: i\\xff\.png; rename it"):
        check_utf8(os.fsdecode(b"i\xff.png"), "an image")
