"""A user's file is run as what it is: a member of its package, in its repository, with the arguments it was given."""

import os
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import torch
from torch import nn

from srbench import models, planning
from srbench.cases import Case
from srbench.errors import InputError, UnsupportedError
from srbench.tasks import Static
from tests.builders import make_settings, make_size
from tests.shared_files import SHARED, needs_shared

#: One convolution and a pixel shuffle: at x4 3 * 48 * 9 + 48 = 1,344 parameters.
TINY = """
from torch import nn

class Tiny(nn.Module):
    def __init__(self, scale=4):
        super().__init__()
        self.conv = nn.Conv2d(3, 3 * scale**2, 3, padding=1)
        self.shuffle = nn.PixelShuffle(scale)

    def forward(self, x):
        return self.shuffle(self.conv(x))
"""


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Each test begins in an empty folder, and leaves neither paths nor modules behind."""
    monkeypatch.setattr(sys, "path", sys.path.copy())
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")) or name.startswith("zz_"):
            del sys.modules[name]


def write(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)


def build(typed: str, scale: int = 4, told: list[str] | None = None) -> nn.Module:
    [asked] = planning.parse(typed)
    return models.build(asked.model, scale, "meta", (told if told is not None else []).append)


def parameters(typed: str, scale: int = 4) -> int:
    return sum(each.numel() for each in build(typed, scale).parameters())


def refusal(typed: str) -> str:
    with pytest.raises(InputError) as caught:
        build(typed)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- Packages and repositories


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("zz_pkg/rel.py", "from .mod import Tiny as Net"),
        ("zz_pkg/sub/rel2.py", "from ..mod import Tiny as Net"),
        ("zz_pkg/sub/whole.py", "from zz_pkg.mod import Tiny as Net"),
        ("zz_pkg/v1.2.py", "from .mod import Tiny as Net"),
        ("zz_pkg/sub/__init__.py", "from ..mod import Tiny as Net"),
    ],
)
def test_a_file_in_a_package_is_its_member(file: str, line: str) -> None:
    write("zz_pkg/__init__.py", "")
    write("zz_pkg/mod.py", TINY)
    write("zz_pkg/sub/__init__.py", "")
    write(file, line)
    assert parameters(f"{file}:Net") == 1_344


def test_a_file_with_relative_imports_needs_no_package_around_it() -> None:
    write("zz_plain/mod.py", TINY)
    write("zz_plain/sub/net.py", "from ..mod import Tiny as Net")
    assert parameters("zz_plain/sub/net.py:Net") == 1_344
    write("zz.1/mod.py", TINY)
    write("zz.1/net.py", "from .mod import Tiny as Net")
    assert refusal("zz.1/net.py:Net").endswith(
        "zz.1/net.py has relative imports, and Python knows no package with a point in its name: rename zz.1"
    )


@pytest.mark.parametrize("mark", [".git", "pyproject.toml", "models"])
def test_a_repositorys_root_and_the_current_folder_are_on_the_path(mark: str) -> None:
    (write if "." in mark[1:] else lambda path, _: Path(path).mkdir(parents=True))(f"repo/{mark}", "")
    write("repo/models/zz_nothing.py", "")
    write("repo/zz_parts/common.py", TINY)
    write("zz_here.py", "X = 1")
    write("repo/archs/net.py", "import zz_here\nfrom zz_parts.common import Tiny as Net")
    assert parameters("repo/archs/net.py:Net") == 1_344


def test_another_package_of_the_same_name_is_told(tmp_path: Path) -> None:
    write("torch/__init__.py", "")
    write("torch/net.py", TINY)
    assert refusal("torch/net.py:Tiny") == (
        f"{tmp_path}/torch is a package 'torch', and srbench uses another one of that name; rename the folder"
    )


def test_a_module_that_is_missing_is_named_with_the_cure() -> None:
    write("net.py", "import zz_missing_module\n" + TINY)
    with pytest.raises(UnsupportedError) as caught:
        build("net.py:Tiny")
    assert str(caught.value) == (
        "net.py needs the module 'zz_missing_module', which is not found: install it into srbench's environment, or "
        "name the folder that it lies in: PYTHONPATH=DIR, or path in a suite"
    )
    # One that is asked for only when the network is built, too.
    write("late.py", TINY.replace("super()", "import zz_missing_module; super()"))
    with pytest.raises(UnsupportedError, match=r"late\.py needs the module 'zz_missing_module'"):
        build("late.py:Tiny")


def test_a_file_that_changes_the_folder_breaks_no_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, "."])
    write("zz_beside.py", TINY)
    write("net.py", "import os\nos.chdir('/')\nfrom zz_beside import Tiny")
    torch.save(models.build(planning.parse("zz_beside.py:Tiny")[0].model, 4).state_dict(), "best.pth")
    [asked] = planning.parse("net.py:Tiny")
    models.load(asked.model, 4, Path("best.pth"))
    assert Path.cwd() == tmp_path
    assert os.curdir not in sys.path


# --- Importable modules and entry points


def test_an_importable_callable_is_named_by_its_module() -> None:
    write("zz_pkg/__init__.py", "raise RuntimeError('naming it must not run it')")
    write("zz_pkg/mod.py", TINY + "\ndef build(scale): return Tiny(scale)\nclass Holder: net = Tiny")
    [asked] = planning.parse("zz_pkg.mod:build=Ours")
    assert (asked.model.source, asked.model.module) == (str(Path("zz_pkg/mod.py").resolve()), "zz_pkg.mod")
    [other] = planning.parse("zz_pkg/mod.py:build")
    assert other.model.key == asked.model.key
    write("zz_pkg/__init__.py", "")
    assert parameters("zz_pkg.mod:build") == 1_344
    assert parameters("zz_pkg.mod:Holder.net") == 1_344
    assert refusal("zz_pkg.mod:biuld") == f"{Path('zz_pkg/mod.py').resolve()} has no 'biuld'; did you mean build?"
    assert refusal("zz_pkg.no.mod:build").startswith(
        "no module 'zz_pkg.no' (for the model 'zz_pkg.no.mod'): install it into srbench's environment, call srbench "
        "from the folder that it lies in, or write path/to/zz_pkg/no/mod.py:Name"
    )
    assert refusal("math:sqrt") == "the module 'math' is no Python file, so nothing is defined in it"


def test_an_installed_package_may_name_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    write("zz_installed.py", TINY)
    points = [EntryPoint(name, "zz_installed:Tiny", models.ENTRY_POINTS) for name in ("zztiny", "span")]
    monkeypatch.setattr(models, "entry_points", lambda group: points if group == "srbench.models" else [])
    [asked] = planning.parse("zztiny+bf16")
    assert (asked.model.variant, asked.model.title, asked.model.own) == ("zztiny", "zztiny", True)
    assert parameters("zztiny") == 1_344
    assert parameters("zztiny(scale=2)=Half", 2) == 3 * 12 * 9 + 12
    [zoo] = planning.parse("span")
    assert not zoo.model.own


# --- Arguments

REQUIRED = (
    TINY
    + """
class Req(Tiny):
    def __init__(self, num_in_ch, num_out_ch, upscale=4): super().__init__(upscale)
class Kw(Tiny):
    def __init__(self, **kwargs): super().__init__(kwargs["upscale"])
class Width(Tiny):
    def __init__(self, **opt): super().__init__(opt.pop("width") // 8)
class Looks(Tiny):
    def __init__(self, **opt): super().__init__({"a": 4}["b"])
class R(Tiny):
    def __init__(self, r=2): super().__init__(r)
class Both(Tiny):
    def __init__(self, r, sf): super().__init__(sf); self.r = r
class Star(Tiny):
    def __init__(self, *args): super().__init__(*args)
net = Tiny()
"""
)


def test_arguments_reach_the_network() -> None:
    write("net.py", REQUIRED)
    assert parameters("net.py:Req(3, 3)") == 1_344
    assert parameters("net.py:Req(num_out_ch=3, num_in_ch=3)", 2) == 3 * 12 * 9 + 12  # the scale as ever
    assert parameters("net.py:Tiny(scale=2)") == 3 * 12 * 9 + 12  # what is given wins
    assert parameters("net.py:Tiny(2)") == 3 * 12 * 9 + 12
    assert parameters("net.py:Kw") == parameters("net.py:Kw(upscale=4)") == 1_344
    assert parameters("net.py:Width(width=32)") == 1_344
    assert parameters("net.py:Both(r=8)") == 1_344
    assert parameters("net.py:Star(4)") == 1_344


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("Req", "Req needs num_in_ch, num_out_ch; write net.py:Req(num_in_ch=..., num_out_ch=...)"),
        ("Req(3)", "Req(3) needs num_out_ch; write net.py:Req(3, num_out_ch=...)"),
        ("Req(3, b=2)", "Req(3, b=2): got an unexpected keyword argument 'b'; it takes num_in_ch, num_out_ch, upscale"),
        ("Req(1, 2, 3, 4)", "Req(1, 2, 3, 4): too many positional arguments; it takes num_in_ch, num_out_ch, upscale"),
        ("Width", "Width needs width; write net.py:Width(width=...)"),
        ("Both", "Both needs r; write net.py:Both(r=...)"),
        ("net(4)", "net(4): net is a network already and takes no arguments"),
    ],
)
def test_arguments_that_do_not_fit_are_told_with_those_that_do(typed: str, said: str) -> None:
    write("net.py", REQUIRED)
    assert refusal(f"net.py:{typed}") == said


def test_what_fails_otherwise_is_the_networks_own() -> None:
    write("net.py", REQUIRED)
    with pytest.raises(KeyError):
        build("net.py:Looks")


RESIDUAL = """
from torch import nn

class Base(nn.Sequential):
    def __init__(self, made_with, factor=4):
        super().__init__(nn.Conv2d(3, 3 * int(factor) ** 2, 3, padding=1), nn.PixelShuffle(int(factor)))
        self.made_with = made_with

class Beside(Base):
    def __init__(self, scale=1.0, upscale_factor=2): super().__init__((scale, upscale_factor), upscale_factor)

class Needs(Base):
    def __init__(self, scale, upscale_factor=2): super().__init__((scale, upscale_factor), upscale_factor)

class Tenth(Base):
    def __init__(self, scale=0.1): super().__init__((scale,))

class Switch(Base):
    def __init__(self, upscale=True, scale=2): super().__init__((upscale, scale), scale)

class Method(Base):
    def __init__(self, scale=2, upscale="nearest"): super().__init__((scale, upscale), scale)
"""


@pytest.mark.parametrize(
    ("typed", "made_with", "said"),
    [
        ("Beside", (1.0, 4), "its argument upscale_factor is taken for the scale, not scale; write Beside(scale=...)"),
        ("Beside(scale=0.2)", (0.2, 4), ""),
        ("Beside(upscale_factor=4)", (1.0, 4), ""),
        ("Needs(scale=0.5)", (0.5, 4), ""),
        ("Tenth", (0.1,), ""),
        ("Switch", (True, 4), ""),
        ("Method", (4, "nearest"), ""),
    ],
)
def test_what_only_has_the_name_of_a_scale_is_left_as_it_is(typed: str, made_with: object, said: str) -> None:
    write("net.py", RESIDUAL)
    told: list[str] = []
    assert build(f"net.py:{typed}", 4, told).made_with == made_with
    assert [said in line for line in told] == [True] * bool(said)


def test_a_scale_of_residuals_that_must_be_given_is_asked_for() -> None:
    write("net.py", RESIDUAL)
    assert refusal("net.py:Needs") == "Needs needs scale; write net.py:Needs(scale=...)"


def test_an_r_that_is_taken_for_the_scale_is_told() -> None:
    write("net.py", REQUIRED)
    told: list[str] = []
    assert sum(each.numel() for each in build("net.py:R", 4, told).parameters()) == 1_344
    assert told == ["its argument r is taken for the scale; write R(r=...) if it is not"]
    [asked] = planning.parse("net.py:R")
    case = Case(model=asked.model, size=make_size(4, lr=(16, 12)), device="none")
    assert Static(case, make_settings()).run(lambda _: None).adaptation.remarks == tuple(told)
    told.clear()
    build("net.py:R(r=4)", 4, told)
    assert told == []


# --- Small networks of all kinds


@needs_shared("cases/networks")
@pytest.mark.parametrize(
    "typed",
    [
        *("required.py:Req(3, 3)", "required.py:Kw", "required.py:Up", "required.py:Sr"),
        *("lam.py:build", "lam.py:with_scale", "pkg/rel.py:build", "pkg/sub/rel2.py:Net", "repo/models/net.py:Net"),
        *("own.py:Tiny", "nomainguard.py:net"),
    ],
)
def test_networks_as_people_bring_them_are_built(typed: str) -> None:
    before = set(sys.modules)
    try:
        assert parameters(f"{SHARED}/cases/networks/{typed}") == 1_344  # cases/README.md
    finally:
        for name in set(sys.modules) - before:
            if str(SHARED) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]
