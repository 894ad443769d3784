"""Private interfaces of torch and Python: one file has them all, and without one srbench does less, with a word."""

import ast
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing import forkserver
from multiprocessing.context import SpawnContext
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import torch
from torch import nn

from srbench import failures, models, private, runner
from srbench.cases import Case
from srbench.launch import PROCESSES
from srbench.measure import complexity
from srbench.sizes import plan
from srbench.tasks import Counted, Static
from tests.builders import make_case, make_settings
from tests.command_line import Run

ROOT = Path(__file__).parent.parent
NETWORKS = Path(__file__).with_name("networks.py")


# --- Python's fork server


def test_a_fork_server_that_was_stopped_is_ended_all_the_same() -> None:
    forkserver.ensure_running()
    before = forkserver_pid()
    os.kill(before, signal.SIGSTOP)
    private.end_fork_server()
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)


def test_a_fork_server_that_somebody_holds_on_to_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    forkserver.ensure_running()
    before = forkserver_pid()
    held = os.dup(forkserver._forkserver._forkserver_alive_fd)  # type: ignore[attr-defined]  # as a worker has it
    monkeypatch.setattr(private, "_SERVER_ENDS_S", 0.2)
    try:
        private.end_fork_server()
    finally:
        os.close(held)
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)


def test_a_fork_server_is_ended_and_another_starts() -> None:
    forkserver.ensure_running()
    before = forkserver_pid()
    private.end_fork_server()
    forkserver.ensure_running()
    assert private.can_end_fork_server()
    assert forkserver_pid() != before


def forkserver_pid() -> int:
    found = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
    assert isinstance(found, int)
    return found


@pytest.mark.parametrize("server", [None, SimpleNamespace(_stop=None)])
def test_a_fork_server_that_cannot_be_ended(server: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forkserver, "_forkserver", server)
    assert not private.can_end_fork_server()
    with pytest.raises(RuntimeError, match="cannot be ended"):
        private.end_fork_server()


def test_each_process_is_spawned_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forkserver, "_forkserver", None)
    PROCESSES.renew()  # there is none, and that is no fault
    [model] = models.parse(f"{NETWORKS}:Tiny", "deploy")
    case = Case(model=model, size=plan(4, lr=(8, 8)), device="none")
    started: list[object] = []
    monkeypatch.setattr(SpawnContext, "Process", recorded(SpawnContext.Process, started))
    answer = PROCESSES.launch(Static(case, make_settings()), 60)
    # One convolution of 3 to 48 channels, 3x3, on 8x8 pixels.
    assert isinstance(answer, Counted), answer
    assert answer.complexity is not None
    assert answer.complexity.multi_adds == 3 * 48 * 9 * 64
    assert len(started) == 1


def recorded(kind: type, started: list[object]) -> object:
    def make(self: SpawnContext, *arguments: object, **named: object) -> object:
        process = kind(*arguments, **named)
        started.append(process)
        return process

    return make


# --- torch


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """A torch that shows its operators to nobody."""
    monkeypatch.setitem(sys.modules, "torch.utils._python_dispatch", ModuleType("torch.utils._python_dispatch"))


NEEDS = (
    f"torch {torch.__version__} has no torch.utils._python_dispatch.TorchDispatchMode, which counting needs; "
    "torch 2.6 to 2.13 have it"
)


@pytest.mark.usefixtures("blind")
def test_without_operators_to_see_nothing_is_counted() -> None:
    with pytest.raises(private.LackingInterfaceError) as caught:
        complexity.count(nn.Conv2d(3, 3, 3).to("meta"), (1, 3, 8, 8))
    assert str(caught.value) == NEEDS
    answer = failures.failure_of(caught.value)
    assert (answer.status, answer.reason) == ("UNSUPPORTED", NEEDS)


@pytest.mark.usefixtures("blind")
@pytest.mark.parametrize("device", ["cpu", "none"])
def test_a_case_without_counts_is_planned_with_the_reason(device: str) -> None:
    [found] = runner.look_ahead([make_case("span", device=device)], make_settings())
    assert found.counts is None
    assert found.problem is not None
    assert (found.problem.status, found.problem.reason) == ("UNSUPPORTED", NEEDS)


@pytest.mark.usefixtures("blind")
def test_the_row_says_why_and_a_list_of_networks_is_refused_in_one_line(run: Run) -> None:
    done = run("profile", "--models", "ecbsr-m4c8", "--static-only", "--quiet")
    assert done.code == 1
    assert "UNSUPPORTED" in done.out
    assert NEEDS in " ".join(done.out.split())
    done = run("models")
    assert (done.code, done.err) == (2, f"srbench: {NEEDS}\n")


@pytest.mark.usefixtures("blind")
def test_a_runtime_stands_without_counts(run: Run) -> None:
    done = run("profile", "--models", "ecbsr-m4c8", "--lr", "16x16", "--budget", "0.2", "--rounds", "1", "--quiet")
    assert done.code == 0, done.err
    assert f"not counted from shapes ({NEEDS})" in " ".join(done.out.split())


def test_trying_every_operator_counts_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    attention = nn.MultiheadAttention(8, 2, batch_first=True).to("meta").eval()

    class Both(nn.Module):
        """Operators that torch defines by others: linear, attention, einsum."""

        def __init__(self) -> None:
            super().__init__()
            self.attention, self.linear = attention, nn.Linear(8, 4).to("meta")

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen = self.linear(self.attention(x, x, x)[0])
            return torch.einsum("bij,bkj->bik", seen, seen)

    asked = complexity.count(Both(), (1, 5, 8))[0]
    assert private.may_be_composite(torch.ops.aten.linear.default)
    assert not private.may_be_composite(torch.ops.aten.mm.default)
    monkeypatch.setattr(torch, "_C", SimpleNamespace())
    assert private.may_be_composite(torch.ops.aten.mm.default)
    monkeypatch.undo()
    monkeypatch.setattr(private, "may_be_composite", lambda _: True)
    assert complexity.count(Both(), (1, 5, 8))[0] == asked
    # Three projections and one behind the heads, two products of 5x5 with 8 channels; 8 to 4; 5x5 over 4 channels.
    assert asked.multi_adds == 4 * 5 * 8 * 8 + 2 * 5 * 5 * 8 + 5 * 8 * 4 + 5 * 5 * 4


def test_a_prelu_without_its_operator_is_left_to_torch() -> None:
    code = (
        "from srbench import private\n"
        "private.prelu_kernel = lambda: None\n"
        "import model_defs\n"
        "from srbench.measure.complexity import count\n"
        "print(count(model_defs.build('ecbsr', 4, 'deploy', 'meta'), (1, 1, 180, 320))[0].multi_adds)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    # ECBSR M16C64 x4 of the official class, 18 convolutions with a PReLU behind 17.
    assert (done.stdout.strip(), done.stderr) == ("34537881600", "")


def test_an_operator_that_is_not_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert private.prelu_kernel() is torch.ops.aten._prelu_kernel.default
    monkeypatch.setattr(torch.ops, "aten", SimpleNamespace())
    assert private.prelu_kernel() is None


@pytest.mark.parametrize(
    ("capability", "bfloat16"), [("AVX512", True), ("AVX2", False), ("DEFAULT", False), ("SVE256", False)]
)
def test_half_precision_by_the_vector_extension(
    capability: str, bfloat16: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.ops, "mkldnn", SimpleNamespace())
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    assert private.onednn_takes(torch.bfloat16) is bfloat16
    assert not private.onednn_takes(torch.float16)


@pytest.mark.parametrize("half", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("there", [True, False])
def test_half_precision_as_onednn_says(half: torch.dtype, there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {torch.bfloat16: "_is_mkldnn_bf16_supported", torch.float16: "_is_mkldnn_fp16_supported"}
    monkeypatch.setattr(torch.ops, "mkldnn", SimpleNamespace(**{names[half]: lambda: there}))
    assert private.onednn_takes(half) is there


def test_a_storage_is_one_object_for_as_long_as_it_lives() -> None:
    # What is alive in a pass is told apart by it (srbench.measure.liveness).
    weight = nn.Conv2d(3, 8, 3, device="meta").weight
    known = id(weight.untyped_storage())
    others = [torch.empty(3, device="meta") for _ in range(100)]
    assert len({id(other.untyped_storage()) for other in others} | {known}) == 101
    assert id(weight.detach().view(-1).untyped_storage()) == known


# --- Nowhere else

#: Looks private, and is documented for everybody: Python's library reference on os and on namedtuple.
PUBLIC = {"_exit", "_replace", "_asdict", "_fields", "_make"}


def private_use(tree: ast.AST) -> Iterator[str]:
    """Private names that a file takes from another; what an object keeps in itself is its own."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="self" | "cls")):
                continue
            case ast.Attribute(attr=name) if is_private(name):
                yield ast.unparse(node)
            case ast.Call(
                func=ast.Name(id="getattr" | "setattr" | "hasattr"), args=[_, ast.Constant(value=str(name)), *_]
            ):
                if is_private(name):
                    yield ast.unparse(node)
            case ast.Import(names=names) if any(is_private(part) for n in names for part in n.name.split(".")):
                yield ast.unparse(node)
            case ast.ImportFrom(module=module, names=names):
                parts = [*(module or "").split("."), *(n.name for n in names)]
                if any(map(is_private, parts)):
                    yield ast.unparse(node)


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__") and name not in PUBLIC


@pytest.mark.parametrize(
    "line",
    [
        "import torch._C",
        "from torch.utils._python_dispatch import TorchDispatchMode",
        "from torch import _C",
        "torch._C._log_api_usage_once",
        "storage._cdata",
        "getattr(torch.ops.aten, '_prelu_kernel')",
        "hasattr(torch, '_dynamo')",
    ],
)
def test_private_use_is_found(line: str) -> None:
    assert list(private_use(ast.parse(line)))[:1] == [line]


@pytest.mark.parametrize(
    "line",
    [
        "self._alive",
        "cls._known",
        "os._exit(1)",
        "case._replace(a=1)",
        "torch.__version__",
        "from __future__ import annotations",
        "_own(1)",
        "getattr(torch, dtype)",
    ],
)
def test_what_is_our_own_or_public_is_not(line: str) -> None:
    assert list(private_use(ast.parse(line))) == []


def test_private_interfaces_are_used_in_one_file_alone() -> None:
    files = [path for folder in ("srbench", "model_defs", "scripts") for path in (ROOT / folder).rglob("*.py")]
    found = {
        f"{path.relative_to(ROOT)}: {use}"
        for path in files
        for use in private_use(ast.parse(path.read_text(encoding="utf-8")))
        if path != Path(private.__file__)
    }
    assert len(files) > 100
    assert found == set()


def test_starting_processes_needs_no_torch_for_it() -> None:
    code = "import sys, srbench.private; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_torch_without_a_kernel_of_known_length_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cuda, "_sleep", raising=False)
    with pytest.raises(private.LackingInterfaceError, match="no kernel of a known length"):
        private.gpu_sleep(1)
