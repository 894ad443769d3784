"""The drill as a whole: its dry run, its folder, what it refuses, and what does not end it."""

import json
import time
from pathlib import Path

import pytest

import gpu_drill
from drill import report
from drill.checks import Bench, Check, Found, Outcome, Skip, run

#: What takes long on a small machine, and is tested check by check beside this (tests/drill/test_mutations.py).
LONG = (
    *("neighbours.contended", "runtime.overhead", "runtime.words", "runtime.ways"),
    *("outputs.psnr", "outputs.agreement", "memory.oom", "memory.predicted", "memory.driver", "memory.fit"),
)


def test_the_dry_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_drill, "CHECKS", tuple(check for check in gpu_drill.CHECKS if check.name not in LONG))
    assert gpu_drill.main(["--device", "cpu", "--output", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "drill.json").read_text(encoding="utf-8"))
    words = {check["name"]: check["word"] for check in found["checks"]}
    skipped = {name for name, word in words.items() if word == "SKIPPED"}
    needs_a_gpu = {"sync.unsynchronised", "sync.side-stream", "neighbours.named", "challenge.order"}
    needs_a_gpu |= {"caps.clock", "caps.power"}
    # Few machines let everybody read the counters of their processors.
    assert skipped - {"energy.window"} == needs_a_gpu
    assert all(check["reason"] for check in found["checks"] if check["word"] == "SKIPPED")
    text = (tmp_path / "drill.md").read_text(encoding="utf-8")
    assert "a dry run, which proves nothing of a GPU" in text


def breaks(bench: Bench) -> Found:
    raise RuntimeError("CUDA error: an illegal memory access was encountered")


def skips(bench: Bench) -> Found:
    raise Skip("no such thing here")


def holds(bench: Bench) -> Found:
    return Found(figures={"length_ms": 20.0})


def hangs(bench: Bench) -> Found:
    time.sleep(60)
    return Found(figures={})


def test_a_check_that_breaks_down_or_hangs_fails_and_ends_nothing(tmp_path: Path) -> None:
    measures = {breaks: 20, skips: 20, holds: 20, hangs: 0.2}
    checks = [Check(m.__name__, "A claim.", m, timeout_s=seconds) for m, seconds in measures.items()]
    found = [run(check, Bench("cpu", tmp_path)) for check in checks]
    assert [outcome.word for outcome in found] == ["FAILS", "SKIPPED", "HOLDS", "FAILS"]
    assert "illegal memory access" in found[0].reason
    assert "TIMEOUT" in found[3].reason


def test_what_no_time_is_left_for_is_skipped(tmp_path: Path) -> None:
    check = Check("one", "A claim.", holds, launches=True)
    outcomes = gpu_drill.drill(Bench("cpu", tmp_path), [check], 1e-9, "asked")
    assert outcomes[check].word == "SKIPPED"
    assert "minutes were over" in outcomes[check].reason


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--device", "gpu"], "write auto, cpu or cuda:N"),
        (["--device", "cpu", "--minutes", "0"], "must be positive"),
        (["--device", "cpu", "--data", "/nowhere"], "no such folder"),
    ],
)
def test_a_wrong_command(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        gpu_drill.main([*arguments, "--output", str(tmp_path)])
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_what_a_check_says_cannot_break_the_table() -> None:
    check = Check("one", "A claim.", holds)
    text = report.as_markdown("cpu", "asked", {check: Outcome(word="FAILS", reason="a|b\n<b>`c`")})
    assert "| one | A claim. | FAILS | a\\|b \\<b\\>\\`c\\` | 0.0 |" in text.splitlines()
