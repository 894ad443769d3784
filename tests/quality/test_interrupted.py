"""Evaluations that are ended, fail at an image or run in another mode: what is done stays, and is told apart."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import Run
from tests.quality.test_evaluate import DATA, NETWORKS, WEIGHTS, evaluated, images_in, stored
from tests.shared_files import needs_shared

SLOW = """
import pathlib

class Waits(Tiny):
    def strike(self, x):
        time.sleep(0.7)

class FailsOnDemand(Tiny):
    def strike(self, x):
        if pathlib.Path(__file__).with_name("fail").exists():
            raise RuntimeError("as asked")

class NeedsWidth(Tiny):
    def strike(self, x):
        if x.shape[-1] < 20:
            raise RuntimeError("too narrow")
"""


def parts(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in (folder / "quality").glob("*.part")]


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_ended_goes_on_with_the_image_after_the_last(run: Run, tmp_path: Path, end: int) -> None:
    images_in(tmp_path / "faces", *"abcd")
    (tmp_path / "net.py").write_text(NETWORKS.read_text() + SLOW)
    command = ["evaluate", "--models", "net.py:Waits", "--data", ".", "--datasets", "faces", "--scale", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "srbench.cli", *command, "--output", "out", "--threads", "1"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        until = time.monotonic() + 100
        while not parts(tmp_path / "out") and time.monotonic() < until:
            time.sleep(0.05)
        os.killpg(process.pid, end)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    [before] = parts(tmp_path / "out")
    assert 1 <= len(before["images"]) < 4
    assert stored() == []
    if end == signal.SIGINT:
        assert b"--resume goes on" in err
        assert b"Traceback" not in err

    assert evaluated(run, *command[1:], "--resume").code == 0
    [after] = stored()
    assert [image["name"] for image in after["images"]] == ["a", "b", "c", "d"]
    assert after["images"][: len(before["images"])] == before["images"]
    assert parts(tmp_path / "out") == []


def test_a_run_that_is_ended_leaves_the_earlier_record(run: Run, tmp_path: Path) -> None:
    images_in(tmp_path / "faces", "a", "b")
    typed = ("--models", f"{NETWORKS}:Tiny", "--data", ".", "--datasets", "faces", "--scale", "2")
    assert evaluated(run, *typed).code == 0
    [path] = Path("out/quality").glob("*.json")
    whole = path.read_bytes()
    cut = json.loads(whole)
    cut["images"] = cut["images"][:1]
    path.with_suffix(".part").write_text(json.dumps(cut))  # as a run leaves it that is ended after the first image
    assert path.read_bytes() == whole
    assert evaluated(run, *typed, "--resume").code == 0
    [again] = stored()
    assert again["images"][0] == cut["images"][0]
    assert not path.with_suffix(".part").exists()


def test_a_run_that_fails_leaves_the_earlier_record(run: Run, tmp_path: Path) -> None:
    images_in(tmp_path / "faces", "a", "b")
    (tmp_path / "net.py").write_text(NETWORKS.read_text() + SLOW)
    typed = ("--models", "net.py:FailsOnDemand", "--data", ".", "--datasets", "faces", "--scale", "2")
    assert evaluated(run, *typed).code == 0
    [whole] = stored()
    (tmp_path / "fail").touch()
    done = evaluated(run, *typed)
    assert done.code == 1
    assert "as asked" in done.err
    assert "the complete record of an earlier run is kept" in done.err
    assert stored() == [whole]
    (tmp_path / "fail").unlink()
    assert evaluated(run, *typed, "--resume").code == 0
    [again] = stored()
    assert [image["scores"] for image in again["images"]] == [image["scores"] for image in whole["images"]]
    assert parts(tmp_path / "out") == []


def test_a_failure_names_the_image_and_keeps_those_before(run: Run, tmp_path: Path) -> None:
    images_in(tmp_path / "faces", "a", "c")
    images_in(tmp_path / "faces", "b", width=32)
    (tmp_path / "net.py").write_text(NETWORKS.read_text() + SLOW)
    names = f"net.py:NeedsWidth,{NETWORKS}:OutOfMemory,{NETWORKS}:Segfaults"
    done = evaluated(run, "--models", names, "--data", ".", "--datasets", "faces", "--scale", "2")
    assert done.code == 1
    found = {record["evaluation"]["model"]["architecture"]: record for record in stored()}
    assert found["NeedsWidth"]["status"] == "CRASH"
    assert found["NeedsWidth"]["reason"] == "b: RuntimeError: too narrow"
    # The others have their scores all the same.
    assert [image["name"] for image in found["NeedsWidth"]["images"]] == ["a", "c"]
    assert found["OutOfMemory"]["status"] == "OOM"
    assert "--tile takes an image in parts; 3 images without a score" in found["OutOfMemory"]["reason"]
    assert found["Segfaults"]["reason"] == "the process was ended by SIGSEGV, at a"


TINY = ("--models", f"{NETWORKS}:Tiny", "--data", ".", "--datasets", "faces", "--scale", "2")


@pytest.mark.parametrize("ending", [".json", ".part"])
def test_what_is_complete_is_not_measured_again(run: Run, tmp_path: Path, ending: str) -> None:
    images_in(tmp_path / "faces", "a", "b")
    assert evaluated(run, *TINY).code == 0
    [path] = Path("out/quality").glob("*.json")
    old = json.loads(path.read_text()) | {"srbench_version": "0.0.1", "finished": "2020-01-01T00:00:00Z"}
    old["machine"]["name"] = "another"
    path.write_text(json.dumps(old))
    path.rename(path.with_suffix(ending))  # a part that is complete: ended before its last step
    done = evaluated(run, *TINY, "--resume")
    assert done.code == 0
    assert "wrote 0 record(s)" in done.err
    assert stored() == [old]
    assert parts(tmp_path / "out") == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"srbench_version": "0.0.1"}, "starts anew: srbench was 0.0.1 and is "),
        ({"machine": {"name": "another"}}, "starts anew: machine was another and is "),
        ({"machine": {"torch": "1.0"}}, "starts anew: torch was 1.0 and is "),
        ({"evaluation": {"threads": 2}}, "starts anew: --threads was 2 and is 1 now"),
    ],
)
@pytest.mark.parametrize("ending", [".json", ".part"])
def test_a_part_of_another_srbench_or_machine_is_not_gone_on_with(
    run: Run, tmp_path: Path, changes: dict[str, Any], said: str, ending: str
) -> None:
    images_in(tmp_path / "faces", "a", "b")
    assert evaluated(run, *TINY).code == 0
    [path] = Path("out/quality").glob("*.json")
    part = json.loads(path.read_text())
    # A time that no pass takes tells whether the image was kept.
    part |= {"images": [part["images"][0] | {"forward_ns": 1}], "status": "VALID" if ending == ".part" else "CRASH"}
    for key, value in changes.items():
        part[key] = part[key] | value if isinstance(value, dict) else value
    path.unlink()
    path.with_suffix(ending).write_text(json.dumps(part))
    done = evaluated(run, *TINY, "--resume")
    assert done.code == 0
    assert done.err.count(said) == 1
    [again] = stored()
    assert [image["forward_ns"] > 1 for image in again["images"]] == [True, True]
    assert parts(tmp_path / "out") == []


@needs_shared("weights", "data/Set5")
def test_a_record_of_more_protocols_answers_for_fewer(run: Run) -> None:
    typed = ("--models", "imdn", "--weights", str(WEIGHTS), "--data", str(DATA), "--datasets", "set5")
    assert evaluated(run, *typed, "--protocol", "paper,ntire").code == 0
    [before] = stored()
    again = evaluated(run, *typed, "--resume")
    assert stored() == [before]
    assert "32.2096" in again.out  # official_quality.csv
    tiled = evaluated(run, *typed, "--tile", "48")
    assert "tiles of 48 moves PSNR by" in tiled.out
    assert len(stored()) == 2


@needs_shared("weights", "data/Set5")
def test_modes_are_shown_by_what_they_move(run: Run) -> None:
    typed = ("--models", "imdn", "--weights", str(WEIGHTS), "--data", str(DATA), "--datasets", "set5")
    done = evaluated(run, *typed, "--dtype", "bfloat16", "--channels-last")
    assert done.code == 0
    by_dtype = {record["evaluation"]["mode"]["dtype"]: record for record in stored()}
    assert set(by_dtype) == {"float32", "bfloat16"}
    # 8 bits of mantissa: about 1/256 of a value, averaged over many; a PSNR that moved by more were another network.
    line = next(line for line in done.out.splitlines() if line.startswith("imdn x4 on Set5: bfloat16 · channels last"))
    moved = float(line.split("PSNR by ")[1].split()[0])
    assert 0 < abs(moved) < 0.1
    assert evaluated(run, *typed, "--channels-last").out.count("imdn x4 on Set5: channels last moves PSNR by") == 1
    assert len(stored()) == 3  # the plain counterpart was there


@needs_shared("weights", "data/Set5")
def test_a_leaderboard_with_measured_quality_is_rebuilt_byte_for_byte(run: Run, tmp_path: Path) -> None:
    profiled = run("profile", "--models", "imdn", "--static-only", "--lr", "32x32", "--output", "out")
    assert profiled.code == 0
    typed = ("--models", "imdn", "--weights", str(WEIGHTS), "--data", str(DATA), "--datasets", "set5")
    assert evaluated(run, *typed).code == 0
    tables = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        for records in ("runs", "quality"):  # the records and nothing else
            shutil.copytree(tmp_path / "out" / records, tmp_path / folder / records)
        done = run("leaderboard", "--output", folder)
        assert done.code == 0
        tables.append({path.name: path.read_bytes() for path in (tmp_path / folder).glob("leaderboard*")})
    assert tables[0] == tables[1]
    # The official checkpoint's PSNR (official_quality.csv), where the table has a figure of our own.
    assert b"32.209" in tables[0]["leaderboard_x4.csv"]
