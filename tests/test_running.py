"""Ways of running: every engine is asked the same, and what compiles is compiled for real, once for all tests here."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import pytest
import torch
from filelock import FileLock
from torch import Tensor

from srbench import planning, private, running, sizes
from srbench.cases import Case, Dtype, Mode
from srbench.errors import InputError, UnsupportedError
from srbench.failures import Failure
from srbench.launch import PROCESSES
from srbench.records import Settings
from srbench.running import ENGINES, Engine, Runnable, engine
from srbench.running.compiled import Compiled
from srbench.tasks import Agree, Agreed, Time, Timed
from srbench.work import Result, Work
from tests.command_line import Run
from tests.compiling import Look, LookAtRaising, LookWithoutCompiler, Seen, Tiny

ROOT = Path(__file__).resolve().parent.parent
NETWORKS = Path(__file__).with_name("networks.py")
#: Beside ``compile``, which takes half a minute and has tests of its own.
AT_ONCE = [name for name in ENGINES if name != "compile"]


def here(name: str) -> Engine:
    """An engine; the test skips where something that it needs is missing."""
    found = engine(name)
    if (lack := found.missing("cpu")) is not None:
        pytest.skip(f"{name}: {lack}")
    return found


# --- The table


@pytest.mark.parametrize("name", ENGINES)
def test_each_engine_says_what_it_is(name: str) -> None:
    found = engine(name)
    assert found.name == name
    assert Mode(engine=name).engine == name  # a word as modes have it
    assert re.fullmatch(r"[A-Za-z].*\.", found.meaning)
    assert set(found.dtypes) <= set(get_args(Dtype))
    assert "float32" in found.dtypes
    assert isinstance(found.versions(), Mapping)
    for device in ("cpu", "cuda:0"):
        lack = found.missing(device)
        assert lack is None or (("install" in lack or "need" in lack) and "\n" not in lack)


def test_an_engine_is_made_once() -> None:
    assert all(engine(name) is engine(name) for name in ENGINES)


def test_an_unknown_engine_is_told_with_those_there_are() -> None:
    with pytest.raises(InputError) as caught:
        engine("tensorrt")
    assert str(caught.value) == f"no engine 'tensorrt'; known are {', '.join(ENGINES)}"


def test_the_first_engine_is_torch_as_it_is() -> None:
    assert next(iter(ENGINES)) == Mode().engine == "eager"


def test_help_lists_the_engines_without_torch() -> None:
    code = "import sys; from srbench.running import ENGINES; print(*ENGINES, 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == [*ENGINES, "False"]


@pytest.mark.parametrize("name", ENGINES)
def test_each_engine_is_written_down(name: str) -> None:
    assert f"`{name}`" in (ROOT / "docs" / "guide" / "modes.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", AT_ONCE)
def test_what_an_engine_builds_gives_the_same_image(name: str, tmp_path: Path) -> None:
    found = here(name)
    torch.manual_seed(0)
    network, image = Tiny().eval(), torch.rand(1, 3, 8, 8)
    with torch.inference_mode():
        ready: Runnable = found.build(network, image, str(tmp_path))
        output = ready(image)
        assert isinstance(output, Tensor)
        torch.testing.assert_close(output, network(image), rtol=1e-4, atol=1e-4)
        # A convolution 3x3 from 3 to 12 channels and its biases, four bytes each.
        assert ready.weights_bytes == 4 * (3 * 12 * 9 + 12)
        assert ready.rebuilds() == 0
        assert all(isinstance(remark, str) and "\n" not in remark for remark in ready.remarks)
        wrapped = found.wrap(network)
        assert [tuple(wrapped(torch.rand(1, 3, side, 6)).shape) for side in (8, 10)] == [(1, 3, 16, 12), (1, 3, 20, 12)]


def test_torch_as_it_is_builds_nothing(tmp_path: Path) -> None:
    network = Tiny()
    ready = engine("eager").build(network, torch.rand(1, 3, 8, 8), str(tmp_path))
    assert (ready.build_ns, ready.remarks) == (None, ())
    assert engine("eager").wrap(network) is network
    assert list(tmp_path.iterdir()) == []


# --- CUDA graphs, with a scripted torch.cuda: what a recording is, no GPU is needed to say


class Recording:
    """Holds what was done inside, to do it again: on the same tensors, as a graph does."""

    def __init__(self, network: torch.nn.Module) -> None:
        self.network, self.image, self.output, self.replays = network, Tensor(), Tensor(), 0

    def replay(self) -> None:
        self.replays += 1
        self.output.copy_(self.network(self.image))


def test_a_recording_gets_each_image_and_keeps_its_places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network, recording = Tiny().eval(), Recording(Tiny())
    recording.network = network
    idle = SimpleNamespace(wait_stream=lambda other: None)
    patches = {
        "Stream": lambda device: idle,
        "current_stream": lambda device: idle,
        "stream": lambda stream: nullcontext(),
        "graph": lambda graph: nullcontext(),
        "CUDAGraph": lambda: recording,
        "synchronize": lambda device: None,
        "reset_peak_memory_stats": lambda device: None,
        "max_memory_allocated": lambda device: 7000,
        "memory_allocated": lambda device: 5000,
    }
    for name, patch in patches.items():
        monkeypatch.setattr(torch.cuda, name, patch)
    first, second = torch.rand(2, 1, 3, 8, 8)
    with torch.inference_mode():
        ready = engine("cudagraph").build(network, first, str(tmp_path))
        recording.image, recording.output = ready._image, ready._output  # type: ignore[attr-defined]
        for image in (second, first):
            output = ready(image)
            assert output is recording.output
            torch.testing.assert_close(output, network(image))
    assert recording.replays == 2
    assert ready.hidden_bytes == 2000
    assert "copies its image into the graph" in ready.remarks[0]


def test_what_cannot_be_recorded_is_unsupported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(device: object) -> None:
        raise RuntimeError("CUDA error: operation not permitted when stream is capturing\nmore")

    monkeypatch.setattr(torch.cuda, "Stream", refuse)
    with pytest.raises(UnsupportedError, match="a CUDA graph cannot be recorded of it: CUDA error: operation not"):
        engine("cudagraph").build(Tiny(), torch.rand(1, 3, 8, 8), str(tmp_path))


# --- What is refused before anything runs


class Picky:
    """An engine of float32 alone, which is nowhere at hand."""

    name = "picky"
    meaning = "For tests."
    dtypes: tuple[Dtype, ...] = ("float32",)

    def missing(self, device: str) -> str | None:
        return f"it lacks its package on {device}; install picky"


def test_a_mode_that_its_engine_does_not_run_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "picky", "tests.test_running:Picky")
    with pytest.raises(InputError) as caught:
        running.check(Mode(engine="picky", dtype="bfloat16"), "none")
    assert str(caught.value) == "picky runs float32, not bfloat16"
    with pytest.raises(InputError) as caught:
        running.check(Mode(engine="picky"), "cuda:1")
    assert str(caught.value) == "--engine picky: it lacks its package on cuda:1; install picky"
    running.check(Mode(engine="picky"), "none")  # shapes need no engine


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.delenv("CXX", raising=False)


@pytest.mark.usefixtures("no_compiler")
def test_without_a_compiler_the_cure_is_told_and_nothing_is_measured(run: Run) -> None:
    cure = "torch.compile needs a C++ compiler on a CPU; install g++ (Debian: apt install g++), or name one in CXX"
    with pytest.raises(InputError) as caught:
        running.check(Mode(engine="compile"), "cpu")
    assert str(caught.value) == f"--engine compile: {cure}"
    running.check(Mode(), "cpu")
    running.check(Mode(engine="compile"), "none")
    assert Compiled().missing("cuda:0") is None  # Triton brings its own
    for arguments in (("profile", "--models", "span+compile"), ("compare", "span", "span+compile")):
        done = run(*arguments, "--device", "cpu")
        assert (done.code, done.out) == (2, "")
        assert done.err == f"srbench: --engine compile: {cure}\n"


@pytest.mark.parametrize(
    ("named", "there", "found"),
    [
        ("", {"g++"}, True),
        ("", {"clang++"}, True),
        ("", {"c++"}, True),
        ("", {"gcc"}, False),
        ("icpx", {"icpx"}, True),
        ("icpx -O2", {"icpx"}, True),
        ("icpx", {"g++"}, True),
        ("icpx", set(), False),
    ],
)
def test_any_compiler_of_cpp_will_do(named: str, there: set[str], found: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}" if name in there else None)
    monkeypatch.setenv("CXX", named)
    assert (Compiled().missing("cpu") is None) == found


# --- torch.compile


def test_a_compiler_that_fails_makes_a_network_unsupported(tmp_path: Path) -> None:
    here("compile")
    found = PROCESSES.launch(LookWithoutCompiler(str(tmp_path)), 300)
    assert isinstance(found, Failure)
    assert found.status == "UNSUPPORTED"
    assert found.reason.startswith("torch.compile fails on it: ")
    assert "\n" not in found.reason
    assert "Traceback" in found.detail


def test_what_the_network_raises_is_the_networks() -> None:
    here("compile")
    found = PROCESSES.launch(LookAtRaising(), 300)
    assert isinstance(found, Failure)
    assert (found.status, found.reason) == ("CRASH", "ZeroDivisionError: of its own")


@dataclass(frozen=True)
class Facts:
    """What three processes found: one that held it against eager float32, one that timed it, one that looked."""

    agreed: Agreed
    timed: Timed
    seen: Seen


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """Compiled once, even where several testers share the tests: the first one leaves the facts for the others."""
    here("compile")
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", "")
    folder = tmp_path_factory.getbasetemp().parent if run else tmp_path_factory.getbasetemp()
    file = folder / f"compiled-{run}.json"
    with FileLock(f"{file}.lock"):
        if not file.exists():
            file.write_text(json.dumps(_facts(folder / f"scratch-{run}")))
    agreed, timed, seen = json.loads(file.read_text())
    return Facts(Agreed.model_validate(agreed), Timed.model_validate(timed), Seen.model_validate(seen))


def _facts(scratch: Path) -> list[dict[str, Any]]:
    [asked] = planning.parse(f"{NETWORKS}:Tiny+compile")
    case = Case(model=asked.model, size=sizes.plan(2, lr=(16, 12)), mode=asked.in_mode(Mode()), device="cpu", threads=1)
    of = (case, Settings(seed=0, budget_s=0.1, timeout_s=300, rounds=1), None, str(scratch))
    found = [_done(Agree(*of)), _done(Time(*of)), _done(Look(str(scratch)))]
    return [each.model_dump(mode="json") for each in found]


def _done(work: Work[Result, Any]) -> Result:
    found = PROCESSES.launch(work, 300)
    assert not isinstance(found, Failure), found
    return found


def test_a_compiled_network_agrees_with_eager_float32(compiled: Facts) -> None:
    found = compiled.agreed.agreement
    assert found.good
    assert found.floor_db == 60
    assert compiled.seen.off < 1e-5


def test_its_build_is_a_figure_and_is_paid_once(compiled: Facts) -> None:
    built, again = compiled.agreed.agreement.build_ns, compiled.timed.visit.build_ns
    assert built is not None
    assert again is not None
    # What the first process compiled the second one finds.
    assert 0 < again < built
    assert compiled.timed.problem is None
    assert compiled.timed.build_ns >= again


def test_one_size_is_compiled_once_and_another_one_anew(compiled: Facts) -> None:
    assert private.compiled_graphs() is not None, "this torch does not count them"
    assert compiled.timed.visit.rebuilds == 0
    assert compiled.seen.rebuilds == (0, 0, 1, 1)


def test_a_network_that_is_no_graph_is_told(compiled: Facts) -> None:
    assert compiled.timed.visit.remarks == ()
    assert compiled.seen.broken == ("torch.compile runs it in 2 parts (1 graph break)",)


def test_its_weights_are_those_of_the_network(compiled: Facts) -> None:
    assert compiled.seen.bytes == 4 * (3 * 12 * 9 + 12)


def test_wrapped_it_takes_many_sizes(compiled: Facts) -> None:
    assert compiled.seen.sizes == ((16, 16), (16, 24))
