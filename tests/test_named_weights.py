"""Weights that are named for a network, and networks by their weights alone."""

import hashlib
import json
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import nn

import model_defs
from srbench import models, planning
from srbench.api.request import Request, resolve
from srbench.board.leaderboard import rows_of
from srbench.board.published import ClaimBook, load_claims
from srbench.cases import Contract, Weights
from srbench.errors import InputError
from srbench.machine.device import open_device
from srbench.preparing import prepare
from tests.bringing import asked, counted, save
from tests.bringing import here as here  # noqa: PLC0414 - a fixture
from tests.builders import make_case, make_model

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:The .grad attribute")


@pytest.fixture(autouse=True)
def _here(here: Path) -> None:
    """Every test begins there."""


@pytest.mark.parametrize(("wrap", "prefix"), [("", ""), ("params_ema", ""), ("state_dict", "module.")])
def test_named_weights_are_loaded_out_of_their_wrappers(here: Path, wrap: str, prefix: str) -> None:
    digest = save("best.pth", wrap=wrap, prefix=prefix)
    [record] = counted(asked("net.py:Net=Ours", weights=("Ours=best.pth",)))
    assert record.case.weights == Weights(file="best.pth", sha256=digest, path=str(here / "best.pth"))
    network, image = prepare(record.case.model_copy(update={"device": "cpu"}), open_device("cpu"), 0)
    held = torch.load("best.pth", weights_only=True)
    held = held[wrap] if wrap else held
    assert torch.equal(network.state_dict()["body.weight"], held[f"{prefix}body.weight"])
    assert image.shape == (1, 3, 12, 16)
    [row] = rows_of([record], ClaimBook(load_claims()))
    assert row.remark == "weights: best.pth"
    assert row.reason == ("keys of its weights read without module." if prefix else "")


def test_weights_of_a_network_of_the_zoo_say_what_was_undone(here: Path) -> None:
    state = model_defs.build("ecbsr-m4c8", 4).state_dict()
    torch.save({"netG": {f"module.{key}": value for key, value in state.items()}}, "best.pth")
    told: list[str] = []
    counted(asked("ecbsr-m4c8", weights=("best.pth",)), told)
    assert told == [
        "best.pth: its weights are those under netG",
        "best.pth: keys of its weights read without module.",
    ]


def test_safetensors_are_found_in_a_folder(here: Path) -> None:
    [found] = planning.parse("net.py:Net")
    Path("zoo").mkdir()
    safetensors.torch.save_file(models.build(found.model, 4).state_dict(), "zoo/Net_x4.safetensors")
    [record] = counted(asked("net.py:Net", weights=("zoo",)))
    assert record.case.weights is not None
    assert record.case.weights.file == "Net_x4.safetensors"


def test_weights_are_part_of_the_question_and_their_place_is_not() -> None:
    weights = Weights(file="a.pth", sha256="0" * 64, path="/a.pth")
    plain, with_ = make_case(), make_case(weights=weights)
    assert plain.key != with_.key
    assert with_.key == make_case(weights=weights.model_copy(update={"path": "/b/b.pth", "file": "b.pth"})).key
    assert with_.key != make_case(weights=weights.model_copy(update={"sha256": "1" * 64})).key


def test_what_a_network_asks_for_leaves_no_trace_where_it_asks_for_nothing() -> None:
    # The key of a case of before this was asked: stored records stay what they are.
    question = {"device": "cpu", "model": ["bsrn", "", "rgb", 1], "size": [4, 1280, 720, 320, 180, 1], "threads": 2}
    text = json.dumps(question, sort_keys=True)
    assert make_case().key == hashlib.sha256(text.encode()).hexdigest()[:12]
    keys = {
        make_case(model=make_model(contract=each)).key
        for each in (Contract(), Contract(multiple=8), Contract(output=0), Contract(output="sr"), Contract(deploy=True))
    }
    assert len(keys) == 5


def test_a_folder_of_weights_has_those_of_some(here: Path) -> None:
    save("zoo/net-Net_x4.pth")
    told: list[str] = []
    names = "net.py:Net,net.py:Needy(3)"
    first, second, *pairs = counted(asked(names, weights=("zoo",), batch=(1, 2)), told)
    assert [pair.case.weights for pair in pairs] == [first.case.weights, None]
    assert first.case.weights is not None
    assert first.case.weights.file == "net-Net_x4.pth"
    assert second.case.weights is None
    assert told == ["no weights of net.py:Needy(3) x4 in zoo: it is measured with those that building it gives"]


def test_weights_that_do_not_fit_are_refused(here: Path) -> None:
    save("best.pth", feat=8)
    nets = "net.py:Net"
    with pytest.raises(InputError, match=r"best\.pth does not fit Net: size mismatch for body\.weight"):
        counted(asked(nets, weights=("best.pth",)))
    with pytest.raises(InputError, match=r"'Other' is none of the networks net\.py:Net"):
        counted(asked(nets, weights=("Other=best.pth",)))
    torch.save(nn.Conv2d(3, 3, 1), "module.pth")
    with pytest.raises(InputError, match="it is a whole pickled network"):
        counted(asked(nets, weights=("module.pth",)))
    torch.jit.script(nn.Conv2d(3, 3, 1)).save("script.pt")  # type: ignore[no-untyped-call]
    with pytest.raises(InputError, match=r"script\.pt is TorchScript, a network and no weights; save its state_dict"):
        counted(asked(nets, weights=("script.pt",)))
    with pytest.raises(InputError, match=r"best\.pth .*bsrn"):
        resolve(Request("bsrn", weights=("best.pth",)))


# --- Weights alone, and what is no module of torch


def test_weights_alone_are_told_by_spandrel(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save("best.pth")
    with pytest.raises(InputError) as caught:
        planning.parse("best.pth")
    assert str(caught.value) == (
        "best.pth: spandrel tells a network by its weights, and is not installed: pip install 'srbench[spandrel]' (it "
        "needs torchvision); or name the class: path/to/net.py:Name --weights best.pth"
    )
    # A stand-in with spandrel's calls (its README): ModelLoader().load_from_file(path) -> .model, .scale
    (here / "spandrel.py").write_text(
        f"import sys\nsys.path.insert(0, {str(here)!r})\nimport torch\nfrom net import Net\n"
        "class Found: scale = 4\n"
        "class ModelLoader:\n"
        "    def __init__(self, device): pass\n"
        "    def load_from_file(self, path):\n"
        "        found = Found()\n        found.model = Net()\n"
        "        found.model.load_state_dict(torch.load(path, weights_only=True))\n        return found\n"
    )
    monkeypatch.syspath_prepend(str(here))
    [found] = planning.parse("best.pth=Ours")
    assert (found.model.title, found.model.module, found.model.identity) == (
        "Ours",
        "spandrel",
        f"{here}/best.pth:best.pth",
    )
    [record] = counted(asked("./best.pth"))
    # 3 * 3 * 9 + 3 and 3 * 48 + 48.
    assert record.complexity is not None
    assert (record.complexity.params, record.case.model.title) == (84 + 192, "best.pth")
    with pytest.raises(InputError, match=r"best\.pth is a network for x4, not x2"):
        counted(asked("best.pth", (2,)))
    save("other.pth", feat=8)
    with pytest.raises(InputError, match=r"spandrel knows no network of other\.pth \(.*\); name its class"):
        counted(asked("other.pth"))


def test_graphs_and_pickled_modules_are_told_with_the_way_out(here: Path) -> None:
    torch.jit.script(nn.Conv2d(3, 3, 1)).save("script.pt")  # type: ignore[no-untyped-call]
    torch.save(nn.Conv2d(3, 3, 1), "module.pth")
    (here / "net.onnx").touch()
    said = {
        "script.pt": "script.pt is TorchScript; write a file with the line net = torch.jit.load('script.pt') and",
        "module.pth": "it is a whole pickled network (torch.nn.modules.conv.Conv2d), which runs code when it is",
        "net.onnx": "net.onnx: srbench runs torch modules, and .onnx is none; name the class that it was made of",
        "gone.pth": "no file gone.pth (for the model 'gone.pth')",
        "module.pth(3)": "'module.pth(3)': a file of weights takes no arguments",
    }
    for typed, line in said.items():
        with pytest.raises(InputError) as caught:
            planning.parse(typed)
        assert line in str(caught.value)


def test_a_torchscript_network_runs_by_the_line_that_is_told(here: Path) -> None:
    [found] = planning.parse("net.py:Net")
    torch.jit.trace(models.build(found.model, 4), torch.rand(1, 3, 12, 16)).save("script.pt")  # type: ignore[no-untyped-call]
    (here / "scripted.py").write_text("import torch\nnet = torch.jit.load('script.pt')\n")
    [scripted] = planning.parse("scripted.py:net")
    assert models.build(scripted.model, 4)(torch.rand(1, 3, 12, 16)).shape == (1, 3, 48, 64)
