"""What ``import srbench`` gives: counts, records and comparisons of names and of live modules."""

import csv
import gc
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import srbench
from srbench.errors import InputError
from srbench.records import FAILURES, Record
from tests.command_line import Run
from tests.live_networks import Copyable, Grey, Locked, Naps, Repeats, Tiny

ROOT = Path(__file__).resolve().parent.parent
NETWORKS = Path(__file__).with_name("networks.py")
#: Enough to measure anything.
QUICK: dict[str, Any] = {
    "lr": (32, 24),
    "device": "cpu",
    "threads": 1,
    "rounds": 1,
    "budget_s": 0.05,
    "patience_s": 0,
    "timeout_s": 60,
}
SHAPES: dict[str, Any] = {"lr": (32, 24), "device": "none"}
#: Of :class:`Tiny` at 32x24: a convolution 3x3 from 3 to 48 channels.
PARAMS, MULTI_ADDS = 3 * 48 * 9 + 48, 3 * 48 * 9 * 32 * 24


def python(code: str, cwd: Path) -> str:
    """What a program prints, which is run as users run it: from a file, without a guard."""
    program = cwd / "program.py"
    program.write_text(code)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(program)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=cwd,
        env=environment,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


# --- The import


def test_the_import_is_light(tmp_path: Path) -> None:
    look = "print('torch' in sys.modules, *dir(srbench))"
    before, after = python(f"import sys, srbench\n{look}\nsrbench.count\n{look}", tmp_path).splitlines()
    assert before.split()[0] == "False"
    assert {"compare", "count", "evaluate", "load", "profile", "table"} <= set(before.split()[1:])
    assert after.split()[0] == "True"


def test_what_is_not_there_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="module 'srbench' has no attribute 'measure_all'"):
        srbench.measure_all  # noqa: B018


# --- Counts


@pytest.mark.parametrize(
    ("name", "scale", "params", "multi_adds"),
    [  # Of the official code at GT 1280x720: official_counts.csv.
        ("span", 4, 426_288, 24_493_363_200),
        ("bsrn", 4, 352_400, 19_177_176_448),
        ("ecbsr", 4, None, 34_537_881_600),
    ],
)
def test_the_count_of_a_name_is_the_published_one(name: str, scale: int, params: int | None, multi_adds: int) -> None:
    found = srbench.count(name, scale=scale)
    assert found.multi_adds == multi_adds
    assert params in (None, found.params)
    assert srbench.count(name, scale=scale, lr=(320, 180)) == found
    assert srbench.count(name, scale=scale, batch=3).multi_adds == multi_adds  # of one image


def test_a_form_and_a_mode_may_stand_behind_a_name() -> None:
    assert srbench.count("span@train").params == srbench.count("span", form="train").params
    assert srbench.count("span@train").params > 426_288
    # Two bytes in place of four: parameters and the mean colour, which is a buffer of 3 values.
    assert srbench.count("span+bf16").weights_bytes == 2 * (426_288 + 3)


def test_a_live_module_counts_as_by_hand_and_as_the_file_of_its_class() -> None:
    found = srbench.count(Tiny(), lr=(32, 24))
    assert (found.params, found.multi_adds, found.convs) == (PARAMS, MULTI_ADDS, 1)
    assert found.activations == 48 * 32 * 24
    assert found.weights_bytes == 4 * PARAMS
    assert found.input_bytes == 4 * 3 * 32 * 24
    by_name = srbench.count(f"{NETWORKS}:Tiny", lr=(32, 24))
    assert by_name == found


def test_counting_leaves_a_module_as_it_was() -> None:
    network = Tiny().double().train()
    network.conv.eval()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    srbench.count(network, lr=(32, 24))
    assert (network.training, network.conv.training) == (True, False)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


# --- Live modules, in processes of their own

SCRIPT = """
import os
import torch
from torch import nn
import srbench

LOG = os.path.join(os.getcwd(), "pids")
print("once")


def shuffled(x, scale):
    return nn.functional.pixel_shuffle(x, scale)


class Mine(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3, padding=1)
        self.last = nn.Conv2d(width, 12, 3, padding=1)

    def forward(self, x):
        if not x.is_meta:
            with open(LOG, "a") as log:
                log.write(f"{os.getpid()}\\n")
        return shuffled(self.last(self.conv(x)), 2)


records = srbench.profile(
    {"wide": Mine(16), "narrow": Mine(4).train()}, scale=2, lr=(32, 24), device="cpu", threads=1,
    rounds=2, budget_s=0.05, patience_s=0,
)
with open("records", "w") as file:
    file.write("\\n".join(record.model_dump_json() for record in records))
print(os.getpid())
"""


def test_a_class_of_a_script_without_a_guard_is_measured_in_processes(tmp_path: Path) -> None:
    once, parent = python(SCRIPT, tmp_path).splitlines()
    assert once == "once"  # no process runs the script again
    records = [Record.model_validate_json(line) for line in (tmp_path / "records").read_text().splitlines()]
    assert [record.case.model.variant for record in records] == ["wide", "narrow"]
    for record, width in zip(records, (16, 4), strict=True):
        assert record.status not in FAILURES, record.reason
        assert record.latency is not None
        assert len(record.latency.visits) == 2
        assert record.memory is not None
        assert record.complexity is not None
        assert record.complexity.params == 3 * width * 9 + width + width * 12 * 9 + 12
        assert "own process" not in record.reason
    pids = set((tmp_path / "pids").read_text().split())
    # Two rounds, a look at memory, and before them one pass on a picture for each; nothing of it ran in the script.
    assert len(pids) == 8
    assert parent not in pids


def test_names_and_modules_in_order() -> None:
    records = srbench.profile(["ecbsr-m4c8", Tiny(), f"{NETWORKS}:Tiny"], **SHAPES)
    assert [record.case.model.architecture for record in records] == ["ECBSR", "Tiny", "Tiny"]
    assert [record.case.model.live for record in records] == [False, True, False]
    assert [record.complexity.params for record in records if record.complexity] == [3624, PARAMS, PARAMS]


def test_a_grid_from_python() -> None:
    records = srbench.profile(Tiny(), lr=[(32, 24), (8, 8)], batch=[1, 2], dtype="float32,bf16", device="none")
    found = [(r.case.size.lr, r.case.size.batch, r.case.mode.dtype) for r in records]
    assert found == [
        (lr, batch, dtype) for lr in ((32, 24), (8, 8)) for batch in (1, 2) for dtype in ("float32", "bfloat16")
    ]
    assert all(r.complexity is not None and r.complexity.multi_adds == MULTI_ADDS for r in records[:4])


def test_modules_that_differ_in_an_attribute_are_two() -> None:
    records = srbench.profile({"once": Repeats(1), "thrice": Repeats(3)}, **SHAPES)
    found = {r.case.model.variant: r.complexity.multi_adds for r in records if r.complexity is not None}
    assert found == {"once": MULTI_ADDS, "thrice": 3 * MULTI_ADDS}


# --- Live modules that no other process can have


def test_what_cannot_be_pickled_is_measured_here_and_says_so() -> None:
    network = Locked().train()
    [record] = srbench.profile(network, **QUICK)
    assert record.status not in FAILURES, record.reason
    assert "measured in the caller's own process: it cannot be pickled (TypeError: " in record.reason
    assert "not counted from shapes" in record.reason
    assert record.latency is not None
    assert record.memory is not None
    assert network.passes_in  # here, and not in a copy
    # Dropout was off while it was timed, and is on again.
    assert network.training
    assert network.drop.training
    assert network.conv.weight.dtype == torch.float32


def test_a_part_that_was_frozen_stays_so() -> None:
    network = Locked().train()
    network.drop.eval()
    srbench.profile(network, **QUICK)
    assert (network.training, network.conv.training, network.drop.training) == (True, True, False)


def test_the_dtype_of_a_module_that_cannot_be_copied_is_its_own_afterwards() -> None:
    network = Locked().double()
    before = network.conv.weight.detach().clone()
    with pytest.raises(InputError, match="it runs as it is, in eager float32 on the device where it lies"):
        srbench.profile(network, **QUICK)
    assert network.conv.weight.dtype == torch.float64
    assert torch.equal(network.conv.weight, before)


def test_what_can_be_copied_is_measured_in_a_copy_in_any_mode() -> None:
    network = Copyable().double().train()
    before = network.conv.weight.detach().clone()
    plain, half = srbench.profile(network, dtype="float32,bfloat16", **QUICK)
    for record in (plain, half):
        assert record.status not in FAILURES, record.reason
        assert "measured in the caller's own process" in record.reason
        assert record.complexity is not None
        assert record.complexity.multi_adds == MULTI_ADDS
    assert half.agreement is not None
    assert half.agreement.good
    assert network.passes_in == set()
    assert (network.training, network.conv.weight.dtype) == (True, torch.float64)
    assert torch.equal(network.conv.weight, before)


def test_what_can_be_neither_pickled_nor_copied_runs_plain_alone() -> None:
    with pytest.raises(InputError, match="Locked can be neither pickled nor copied: it runs as it is"):
        srbench.profile(Locked(), dtype="float32,bfloat16", **QUICK)


def test_threads_of_this_process_are_as_before() -> None:
    threads = torch.get_num_threads()
    srbench.profile(Locked(), **QUICK)
    assert torch.get_num_threads() == threads
    assert gc.isenabled()


def test_random_numbers_of_this_process_go_on_as_before() -> None:
    network = Locked()
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    srbench.profile(network, **QUICK)
    assert torch.equal(torch.rand(3), expected)


def test_what_can_be_copied_is_counted() -> None:
    assert srbench.count(Copyable(), lr=(32, 24)).multi_adds == MULTI_ADDS


# --- Comparisons


def test_two_live_modules_are_compared() -> None:
    told: list[str] = []
    measuring = {name: value for name, value in QUICK.items() if name not in ("patience_s", "rounds")}
    found = srbench.compare(
        Tiny(), Naps(), fail_on=["runtime:3%", "params:0%"], rounds=3, tell=told.append, **measuring
    )
    [answer] = found.answers
    assert (answer.pair.first.name, answer.pair.second.name) == ("Tiny", "Naps")
    assert answer.word == "FASTER"
    assert answer.effect is not None
    assert answer.effect.ratio < 0.5
    assert [gate.outcome for gate in found.gates] == ["HOLDS", "HOLDS"]
    assert found.alone == ()


def test_stored_runs_are_compared(tmp_path: Path) -> None:
    for name in ("old", "new"):
        srbench.profile("ecbsr-m4c8", output=tmp_path / name, **SHAPES)
    found = srbench.compare(tmp_path / "new", tmp_path / "old", fail_on=["params:0%", "multi-adds:0%"])
    assert [gate.outcome for gate in found.gates] == ["HOLDS", "HOLDS"]


# --- PSNR


def test_a_live_module_is_evaluated(tmp_path: Path) -> None:
    (tmp_path / "greys").mkdir()
    for name in ("a", "b"):
        Image.fromarray(np.full((32, 40, 3), 100, np.uint8)).save(tmp_path / "greys" / f"{name}.png")
    [record] = srbench.evaluate(Grey(110), "greys", data=tmp_path, scale=2, device="cpu", threads=1)
    assert (record.status, record.reason) == ("VALID", "")
    means = record.mean("paper")
    assert means is not None
    # BT.601: a step of one in all three channels is 219 / 255 in Y. Ten of them in every pixel, against 255.
    assert means[0] == pytest.approx(20 * math.log10(255 / (10 * 219 / 255)), abs=1e-3)


# --- What is stored


def test_a_table_has_the_columns_of_the_csv(run: Run, tmp_path: Path) -> None:
    srbench.profile("ecbsr-m4c8,span", output="results", **SHAPES)
    assert run("leaderboard").code == 0
    with (tmp_path / "results" / "leaderboard_x4.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    records = srbench.load(tmp_path / "results")
    frame = srbench.table(records)
    assert list(frame.columns) == header
    assert len(frame) == len(rows) == 2
    # official_counts.csv, as in tests/test_cli.py and tests/test_faults.py.
    assert dict(zip(frame["variant"], frame["params"], strict=True)) == {"ecbsr-m4c8": 3624, "span": 426_288}
    assert frame["runtime_ms"].isna().all()


def test_without_a_folder_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    [record] = srbench.profile("ecbsr-m4c8", **SHAPES)
    assert list(tmp_path.iterdir()) == []
    [kept] = srbench.profile("ecbsr-m4c8", output=tmp_path / "out", **SHAPES)
    assert [path.name for path in (tmp_path / "out" / "runs").iterdir()]
    assert srbench.load(tmp_path / "out") == [kept]
    assert kept.complexity == record.complexity
    assert json.loads(kept.model_dump_json())["case"]["device"] == "none"
