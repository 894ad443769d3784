"""From what people type to a network: names of the zoo, forms, and files of their own."""

import sys
from pathlib import Path

import pytest
import torch
from torch import nn

import model_defs
from srbench import models
from srbench.cases import Form, Model
from srbench.errors import InputError

#: A user's file: a class for each way of being built, and what is no network.
NETWORKS = """
import torch
from torch import nn
from torch.nn import Conv2d as Borrowed


class WithScale(nn.Module):
    def __init__(self, scale):
        super().__init__()
        self.made_with = ("scale", scale)
        self.conv = nn.Conv2d(3, 3, 1)


class WithUpscale(nn.Module):
    def __init__(self, channels=8, upscale=2):
        super().__init__()
        self.made_with = ("upscale", upscale)


class WithKeywordOnly(nn.Module):
    def __init__(self, *, scale_factor):
        super().__init__()
        self.made_with = ("scale_factor", scale_factor)


class Plain(nn.Module):
    def __init__(self, *args, **kwargs):
        super().__init__()
        self.made_with = (len(args), len(kwargs))


class Needy(nn.Module):
    def __init__(self, scale, depth, width=3, *, heads):
        super().__init__()


def make(scale=2):
    return WithScale(scale)


def make_text():
    return "a network"


instance = nn.Conv2d(3, 12, 3)
number = 4
first, (second, *third) = make, (make, make)
annotated: int = 3
"""


@pytest.fixture(autouse=True)
def path_of_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    """A built file puts its folder on the path; the next test has it without."""
    monkeypatch.setattr(sys, "path", sys.path.copy())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "net.py"
    path.write_text(NETWORKS)
    return path


def names(text: str, usual: Form = "deploy") -> list[tuple[str, str]]:
    return [(model.variant, model.form) for model in models.parse(text, usual)]


def form(name: str, asked: Form) -> Form:
    """What a network of the zoo has of a form that is asked for."""
    return asked if name.partition("-")[0] in ("ecbsr", "repsr", "span") else ""


def refusal(text: str) -> str:
    with pytest.raises(InputError) as caught:
        models.parse(text, "deploy")
    message = str(caught.value)
    assert "\n" not in message
    return message


def build(path: Path, name: str, scale: int = 4, device: str = "cpu") -> nn.Module:
    [model] = models.parse(f"{path}:{name}", "deploy")
    return models.build(model, scale, device)


# --- Names of the zoo


def test_all_is_the_seven_defaults() -> None:
    seven = ["bsrn", "rfdn", "imdn", "msrn", "ecbsr", "repsr", "span"]
    # Only the last three re-parameterise themselves (their papers); the others have no form.
    assert names("all") == names(" ALL ") == [(name, form(name, "deploy")) for name in seven]
    assert names("all", "train") == names("all@train") == [(name, form(name, "train")) for name in seven]


def test_a_list_keeps_its_order() -> None:
    assert names("span, bsrn ,imdn-rtc") == [("span", "deploy"), ("bsrn", ""), ("imdn-rtc", "")]


def test_a_form_behind_the_name_wins() -> None:
    assert names("span@train,repsr") == [("span", "train"), ("repsr", "deploy")]
    assert names("span@deploy,repsr,bsrn", "train") == [("span", "deploy"), ("repsr", "train"), ("bsrn", "")]


@pytest.mark.parametrize("asked", ["train", "deploy"])
def test_a_form_of_a_network_that_does_not_fold_is_refused(file: Path, asked: str) -> None:
    assert refusal(f"bsrn@{asked}") == f"'bsrn@{asked}': bsrn does not fold, it has one form; leave @{asked} out"
    said = refusal(f"span,{file}:WithScale@{asked}")
    assert said.startswith(f"'{file}:WithScale@{asked}': srbench does not fold a network of yours")


def test_aliases_and_capitals_become_the_variant() -> None:
    assert names("SPAN-ch48,ecbsr-m16c64,repsr-M16C64") == [
        ("span", "deploy"),
        ("ecbsr", "deploy"),
        ("repsr", "deploy"),
    ]


def test_repeated_names_are_kept_once() -> None:
    assert names("span,bsrn,span-ch48,SPAN,,bsrn,") == [("span", "deploy"), ("bsrn", "")]
    assert names("bsrn,all")[0] == ("bsrn", "")
    assert len(names("bsrn,all")) == 7
    assert names("span@train,span") == [("span", "train"), ("span", "deploy")]  # two cases of one network


@pytest.mark.parametrize(
    "name", ["bsrn", "rfdn-paper", "ecbsr", "ecbsr-m7c24-rgb", "repsr", "imdn-rte", "msrn", "span-ch52"]
)
def test_a_name_brings_what_the_zoo_knows(name: str) -> None:
    [model] = models.parse(name, "train")
    variant = model_defs.get(name)
    assert model == Model(
        architecture=variant.architecture,
        variant=name,
        form=form(name, "train"),
        colors=variant.colors,
        value_range=variant.value_range,
        note=variant.note,
    )
    assert model.source is None


@pytest.mark.parametrize(("wrong", "meant"), [("bsnr", "bsrn"), ("span,imnd", "imdn"), ("ecbsr-m4", "ecbsr-m4c16")])
def test_an_unknown_name_is_answered_with_the_nearest(wrong: str, meant: str) -> None:
    message = refusal(wrong)
    assert "unknown model" in message
    assert "did you mean" in message
    assert f"'{meant}'" in message


@pytest.mark.parametrize("text", ["", " ", ",", " , "])
def test_no_name(text: str) -> None:
    assert refusal(text) == "--models names no model; 'srbench models' lists them"


@pytest.mark.parametrize("unknown", ["", "test", "Train"])
def test_an_unknown_form(unknown: str) -> None:
    assert refusal(f"span@{unknown}") == f"'span@{unknown}': after @ comes train or deploy, not '{unknown}'"


# --- What a network of the zoo can do


def test_a_missing_scale_is_refused_with_those_there_are() -> None:
    [model] = models.parse("bsrn", "deploy")
    models.check(model, 4, 320, 180)
    with pytest.raises(InputError, match="bsrn has no x8; it has x2, x3, x4"):
        models.check(model, 8, 160, 90)
    assert models.has_scale(model, 4)
    assert not models.has_scale(model, 8)


def test_a_size_that_a_network_cannot_take_is_refused() -> None:
    [model] = models.parse("imdn-rte", "deploy")
    with pytest.raises(InputError, match="imdn-rte needs LR sides divisible by 2, not 427x240"):
        models.check(model, 2, 427, 240)


@pytest.mark.parametrize("asked", ["train", "deploy"])
def test_the_zoo_builds_the_form_asked_for(asked: Form) -> None:
    [model] = models.parse("ecbsr-m4c8", asked)
    network = models.build(model, 2, "meta")
    assert model_defs.form_of(network) == asked
    assert not network.training
    assert all(parameter.is_meta for parameter in network.parameters())


# --- A user's file: looked at


def test_a_file_is_named_with_its_network(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    [model] = models.parse("net.py:WithScale", "train")
    expected = Model(architecture="WithScale", variant="net.py:WithScale", source=str(file), within="net.py")
    assert model == expected


def test_a_file_is_known_by_its_path_in_its_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for checkout in ("main", "change"):
        (tmp_path / checkout / "nets").mkdir(parents=True)
        (tmp_path / checkout / ".git").mkdir()
        (tmp_path / checkout / "nets/net.py").write_text(NETWORKS)
    monkeypatch.chdir(tmp_path)
    [ours] = models.parse("change/nets/net.py:WithScale", "deploy")
    monkeypatch.chdir(tmp_path / "main/nets")
    [theirs] = models.parse("./net.py:WithScale", "deploy")
    assert ours.portable == theirs.portable == "nets/net.py:WithScale"
    assert ours.identity != theirs.identity


@pytest.mark.parametrize(
    "name", ["WithScale", "make", "instance", "number", "first", "second", "third", "annotated", "Borrowed", "torch"]
)
def test_every_name_at_the_top_of_a_file_is_known(file: Path, name: str) -> None:
    [model] = models.parse(f"{file}:{name}", "deploy")
    assert model.architecture == name


def test_a_file_is_not_run_by_naming_it(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text("from pathlib import Path\nPath(__file__).with_name('ran').touch()\nclass Net: ...\nexit(3)\n")
    models.parse(f"{path}:Net", "deploy")
    assert not (tmp_path / "ran").exists()


def test_a_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "gone.py"
    assert refusal(f"{path}:Net") == f"no file {path} (for the model '{path}:Net')"
    assert refusal(f"{tmp_path}/folder.py/:Net").startswith("no file")


@pytest.mark.parametrize("end", ["", ":"])
def test_a_file_without_the_name_of_the_network(file: Path, end: str) -> None:
    assert refusal(f"{file}{end}") == f"'{file}{end}' lacks the name of the network; write path/to/net.py:Name"


def test_a_wrong_name_is_answered_with_the_nearest(file: Path) -> None:
    assert refusal(f"{file}:WithScle") == f"{file} has no 'WithScle'; did you mean WithScale or WithUpscale?"


def test_only_networks_are_offered(tmp_path: Path) -> None:
    # Neither modules, nor torch's classes, nor plain values; a class of another file may be one.
    path = tmp_path / "net.py"
    path.write_text(
        "import torch\nfrom torch import nn\nfrom torch.nn import Conv2d\nfrom blocks import Tiny, helper\n"
        "SCALE = 4\ndef make(): ...\nnet = Tiny()\nclass _Part: ...\n"
    )
    assert refusal(f"{path}:nn_") == f"{path} has no 'nn_'; did you mean Tiny or make or net?"


def test_a_file_that_defines_nothing(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text("")
    assert refusal(f"{path}:Net") == f"{path} has no 'Net'; it defines no network"


@pytest.mark.parametrize("content", [b"class Net(:\n", b"\xff\xfe\x00", b"x = 'a\x00b'\n"])
def test_a_file_that_is_not_python(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "net.py"
    path.write_bytes(content)
    assert refusal(f"{path}:Net").startswith(f"{path} is not Python: ")


@pytest.mark.parametrize(
    "content", ["from os.path import *\n", "try:\n    from a import Net\nexcept ImportError:\n    Net = None\n"]
)
def test_a_name_that_may_be_there_is_taken_at_its_word(tmp_path: Path, content: str) -> None:
    path = tmp_path / "net.py"
    path.write_text(content)
    [model] = models.parse(f"{path}:Net", "deploy")
    assert model.architecture == "Net"


def test_a_users_network_is_taken_at_any_scale(file: Path) -> None:
    [model] = models.parse(f"{file}:WithScale", "deploy")
    models.check(model, 7, 1, 1)
    assert models.has_scale(model, 7)


# --- A user's file: built


@pytest.mark.parametrize(
    ("name", "made_with"),
    [
        ("WithScale", ("scale", 4)),
        ("WithUpscale", ("upscale", 4)),
        ("WithKeywordOnly", ("scale_factor", 4)),
        ("Plain", (0, 0)),
        ("make", ("scale", 4)),
    ],
)
def test_a_network_is_built_with_the_scale_where_it_takes_one(file: Path, name: str, made_with: object) -> None:
    network = build(file, name)
    assert network.made_with == made_with
    assert not network.training


def test_an_instance_is_copied_onto_the_device(tmp_path: Path) -> None:
    # A neighbour is imported once: without a copy its network would stay on the meta device for good.
    (tmp_path / "instance_beside.py").write_text("from torch import nn\ninstance = nn.Conv2d(3, 12, 3)\n")
    path = tmp_path / "net.py"
    path.write_text("from instance_beside import instance\n")
    for device in ("meta", "cpu"):
        network = build(path, "instance", device=device)
        assert isinstance(network, nn.Conv2d)
        assert network.weight.device.type == device
        assert not network.training


def test_a_network_is_built_on_the_device(file: Path) -> None:
    network = build(file, "make", device="meta")
    assert all(parameter.is_meta for parameter in network.parameters())
    assert torch.get_default_device() == torch.device("cpu")


def test_a_network_with_further_arguments_is_refused_with_their_names(file: Path) -> None:
    with pytest.raises(InputError) as caught:
        build(file, "Needy")
    assert str(caught.value) == "Needy needs depth, heads; write net.py:Needy(depth=..., heads=...)"


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("make_text", "make_text gives a str, not a torch.nn.Module"),
        ("third", "third is a list, not a network"),
        ("number", "number is a int, not a network or something that makes one"),
        ("torch", "torch is a module, not a network or something that makes one"),
    ],
)
def test_what_is_no_network_is_refused(file: Path, name: str, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        build(file, name)


def test_a_name_that_the_file_promised_but_does_not_define(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text("if False:\n    Net = 1\n")
    with pytest.raises(InputError, match="defines no 'Net' when it is imported"):
        build(path, "Net")


def test_a_file_may_import_its_neighbours_and_have_any_name(tmp_path: Path) -> None:
    (tmp_path / "blocks_beside.py").write_text("from torch import nn\nBlock = nn.Identity\n")
    path = tmp_path / "torch.py"  # must not stand in for torch
    path.write_text("from torch import nn\nimport blocks_beside\ndef Net(): return blocks_beside.Block()\n")
    assert isinstance(build(path, "Net"), nn.Identity)


def test_what_a_file_raises_is_left_to_the_caller(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text("class Net: ...\nraise OSError('no weights')\n")
    with pytest.raises(OSError, match="no weights"):
        build(path, "Net")


def test_all_takes_a_form() -> None:
    assert {form for _, form in names("all@train")} == {"train", ""}
    # Ecbsr, repsr and span in both forms, the other four in their one.
    assert len(names("all@train,all")) == 10


def test_a_path_may_hold_an_at_sign_and_a_file_any_declared_encoding(tmp_path: Path) -> None:
    folder = tmp_path / "me@work"
    folder.mkdir()
    (folder / "net.py").write_bytes(b"# -*- coding: latin-1 -*-\nclass Net: pass  # \xe9\n")
    (folder / "bom.py").write_bytes(b"\xef\xbb\xbfclass Net: pass\n")
    for name in ("net.py", "bom.py"):
        assert names(f"{folder}/{name}:Net") == [(f"{folder}/{name}:Net", "")]
