"""What is wrong with a call is one line, and nothing is measured."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from torch import nn

import srbench
from srbench.api.profiling import opened, profile
from srbench.api.request import Request
from srbench.errors import InputError
from srbench.progress import Quiet
from srbench.tasks import Counted, Static, Time
from tests.builders import make_counts, make_visit, timed, watched
from tests.command_line import Run
from tests.live_networks import Locked, Tiny
from tests.scripted_launcher import Scripted

SHAPES: dict[str, Any] = {"lr": (32, 24), "device": "none"}
TIMED: dict[str, Any] = {"lr": (32, 24), "device": "cpu", "threads": 1, "rounds": 1, "budget_s": 0.02, "patience_s": 0}

Call = Callable[[], object]


COUNT: list[Any] = [
    (lambda: srbench.count("spam"), "unknown model 'spam'"),
    (lambda: srbench.count("all"), "'all' names 7 networks; count takes one"),
    (lambda: srbench.count("span,bsrn"), "'span,bsrn' names 2 networks; count takes one"),
    (lambda: srbench.count(""), "names no model"),
    (lambda: srbench.count("nowhere.py:Net"), "no file nowhere.py"),
    (lambda: srbench.count("span", scale=5), "span has no x5; it has x2, x3, x4"),
    (lambda: srbench.count("span", batch=0), "--batch 0 must be at least 1"),
    (lambda: srbench.count("span", lr=(0, 24)), "(0, 24): each side must be at least 1 pixel"),
    (lambda: srbench.count("span", lr=(1.5, 24)), "1.5 is no size; write (width, height) in pixels"),  # type: ignore[arg-type]
    (lambda: srbench.count("span", lr=(32, 24), gt=(128, 96)), "say the same thing twice; give one of them"),
    (lambda: srbench.count("span", gt=(1, 1)), "GT 1x1 leaves no LR pixel at x4; give a larger --gt"),
    (lambda: srbench.count("bsrn", lr=(14, 200)), "bsrn needs LR sides of at least 15 pixels, not 14x200"),
    (lambda: srbench.count(nn.Linear(3, 3)), "it cannot be counted on LR 320x180: RuntimeError: "),
    (lambda: srbench.count(nn.Conv2d(3, 3, 3)), "the output is 1x3x178x318, expected 1x3x720x1280 at x4"),
    (lambda: srbench.count("span", scale=0), "--scale 0 must be at least 1"),
    (lambda: srbench.count("span", lr=()), "() is no size; write (width, height) in pixels"),  # type: ignore[arg-type]
    (lambda: srbench.count("span", lr=64), "64 is no size; write (width, height) in pixels"),  # type: ignore[arg-type]
    (lambda: srbench.count("span", form="folded"), "form 'folded' is neither train nor deploy"),  # type: ignore[arg-type]
    (lambda: srbench.count("span", lr=[(8, 8), (9, 9)]), "count takes one size, not 2"),  # type: ignore[arg-type]
    (lambda: srbench.count(nn.LazyConv2d(3, 3)), "LazyConv2d has lazy parameters, which its first pass makes"),
    (lambda: srbench.count(Tiny), "Tiny is a class; give a module that is made of it: Tiny(...)"),  # type: ignore[arg-type]
    (lambda: srbench.count(Locked()), "it can be neither pickled nor copied, so its shapes cannot be followed"),
]
PROFILE: list[Any] = [
    (lambda: srbench.profile([], **SHAPES), "no network is named; 'srbench models' lists the zoo"),
    (lambda: srbench.profile({}, **SHAPES), "no network is named"),
    (lambda: srbench.profile([1], **SHAPES), "a int is neither the name of a network nor a torch.nn.Module"),  # type: ignore[list-item]
    (lambda: srbench.profile({"a,b": Tiny()}, **SHAPES), "'a,b' is no name for a network"),
    (lambda: srbench.profile({"Bicubic": Tiny()}, **SHAPES), "give the network another name"),
    (lambda: srbench.profile({"a+b": Tiny()}, **SHAPES), "'a+b' is no name for a network"),
    (lambda: srbench.profile({"a\nb": Tiny()}, **SHAPES), "'a\\nb' is no name for a network"),
    (lambda: srbench.profile("span", scale=[], **SHAPES), "nothing to do"),
    (lambda: srbench.profile("span+quick", **SHAPES), "'quick' is no way of running a network"),
    (lambda: srbench.profile("span", dtype="float64", **SHAPES), "--dtype 'float64' is unknown"),
    (lambda: srbench.profile("span", engine="trt", **SHAPES), "--engine 'trt' is unknown"),
    (lambda: srbench.profile("span", layout="nhwc", **SHAPES), "--layout 'nhwc' is unknown"),
    (lambda: srbench.profile("span", device="tpu"), "--device tpu: write auto, cpu or cuda:N"),
    (lambda: srbench.profile("span", **TIMED | {"threads": 10**6}), "--threads 1000000: this process may use"),
    (lambda: srbench.profile("span", **TIMED | {"lr": (60000, 60000)}), "needs about"),
    (lambda: srbench.profile({"a": "span"}, **SHAPES), "a str is neither the name"),  # type: ignore[dict-item]
    (lambda: srbench.profile("ecbsr-m4c8", lr=[], device="none"), "[] is no size; write (width, height) in pixels"),
    (lambda: srbench.profile("ecbsr-m4c8", **TIMED | {"rounds": 0}), "rounds 0 must be at least 1"),
    (lambda: srbench.profile("ecbsr-m4c8", **TIMED | {"patience_s": -1}), "patience -1 must be a number of seconds"),
    (lambda: srbench.profile("ecbsr-m4c8", **TIMED | {"budget_s": float("nan")}), "budget nan must be a positive"),
    (lambda: srbench.profile("ecbsr-m4c8", **TIMED | {"budget_s": -1}), "budget -1 must be a positive number"),
    (lambda: srbench.profile("ecbsr-m4c8", **TIMED | {"timeout_s": 0}), "timeout 0 must be a positive number"),
    (lambda: srbench.profile("ecbsr-m4c8", **TIMED | {"threads": 0}), "--threads 0 must be at least 1"),
    (lambda: srbench.profile("ecbsr-m4c8", **TIMED | {"threads": -1}), "--threads -1 must be at least 1"),
]
OTHERS: list[Any] = [
    (srbench.compare, "compare needs two networks or two stored runs at least"),
    (lambda: srbench.compare("span"), "compare needs two networks or two stored runs at least"),
    (lambda: srbench.compare("span", "all"), "'all' names 7 networks; give each as an argument of its own"),
    (lambda: srbench.compare(Tiny(), "./runs/"), "give networks only (measured now, in turns) or stored runs only"),
    (lambda: srbench.compare("./a/", "./b/"), "no folder or file a"),
    (lambda: srbench.compare("span", "rfdn", fail_on=["speed:3%"]), "--fail-on 'speed:3%'"),
    (lambda: srbench.load("nowhere"), "no records in nowhere/runs"),
    (lambda: srbench.evaluate("bicubic", "set5", data="nowhere"), "no folder nowhere of data sets"),
    (lambda: srbench.evaluate("bicubic", "set5", protocol="papper"), "--protocol 'papper' is none of paper"),
    (lambda: srbench.evaluate(Locked()), "Locked: it cannot be pickled (TypeError: "),
    (lambda: srbench.compare(Tiny(), Tiny(), rounds=0, lr=(32, 24)), "rounds 0 must be at least 1"),
    (lambda: srbench.compare("span", "rfdn", fail_on="runtime:x%"), "--fail-on 'runtime:x%'"),
]


def told(call: Call, said: str) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("call", "said"), [*COUNT, *PROFILE, *OTHERS])
def test_it_is_told_in_a_line(call: Call, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told(call, said)
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_cannot_be_written_is_told_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    told(lambda: srbench.profile(Tiny(), output=tmp_path / "file" / "out", **TIMED), "cannot write to --output")


def test_only_the_program_that_had_a_module_goes_on_with_it(run: Run, tmp_path: Path) -> None:
    output, stops = tmp_path / "results", [True]

    def answers(work: Any, timeout_s: float, report: object) -> object:
        if isinstance(work, Static):
            return Counted(complexity=make_counts())
        if stops:
            raise KeyboardInterrupt
        return timed(make_visit(1, 1, 1)) if isinstance(work, Time) else watched()

    request = Request(models=Tiny(), lr=[(32, 24)], device="cpu", threads=(1,), rounds=1, patience_s=0)
    with opened(request, output, launcher=Scripted(answers)) as session, pytest.raises(KeyboardInterrupt):
        session.measure(Quiet())
    done = run("profile", "--resume", "--output", str(output))
    assert (done.code, done.out) == (2, "")
    said = "srbench: Tiny was a live module: only the program that had it can go on with it"
    assert done.err.splitlines()[-1] == said
    stops.clear()
    [record] = profile(request, output, resume=True, launcher=Scripted(answers))
    assert record.latency is not None
