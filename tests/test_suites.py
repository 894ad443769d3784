"""Suites: many networks with all that they need, checked before anything is measured."""

from pathlib import Path

import pytest

import suite_demo
from srbench import models, suites
from srbench.api.profiling import opened
from srbench.api.request import resolve
from srbench.cases import Contract, Model
from srbench.errors import InputError, WrongInputsError
from tests.bringing import HERE, asked, counted, save, suite
from tests.bringing import here as here  # noqa: PLC0414 - a fixture
from tests.command_line import Run


@pytest.fixture(autouse=True)
def _here(here: Path) -> None:
    """Every test begins there."""


def test_a_suite_says_all_that_a_network_needs(here: Path) -> None:
    digest = save("zoo/ours.pth", feat=8)
    (here / "parts").mkdir()
    path = suite(
        """
        [[network]]
        name = "Ours"
        file = "net.py"
        network = "Net"
        args = { feat = 8 }
        weights = "zoo/ours.pth"
        range = 255
        colors = "rgb"
        deploy = "fuse"
        multiple = 8
        output = 0
        path = "parts"
        scale = [2, 4]
        note = "2nd place"

        [[network]]
        file = "net.py"
        network = "Net"
        args = "4"
        output = "sr"
        deploy = false

        [[network]]
        file = "net.py"
        network = "Net"
        args = [5]
        """
    )
    ours, second, third = suites.read(path)
    assert ours.model == Model(
        architecture="Net",
        variant="Ours",
        value_range=255,
        source=str(here / "net.py"),
        within="net.py",
        note="2nd place",
        arguments="feat=8",
        paths=(str(here / "parts"),),
        contract=Contract(multiple=8, output=0, deploy="fuse"),
    )
    assert (ours.weights, ours.scales) == (here / "zoo/ours.pth", (2, 4))
    assert (second.model.title, second.model.contract) == ("Net(4)", Contract(output="sr", deploy=False))
    assert (third.model.arguments, third.model.contract, third.scales) == ("5", Contract(), ())
    cases = resolve(asked(None, (4,), suite=path)).header.cases
    assert [case.weights.sha256 if case.weights else "" for case in cases] == [digest, "", ""]


def test_the_guide_has_every_key() -> None:
    page = (Path(suite_demo.__file__).parents[1] / "docs" / "guide" / "bring.md").read_text(encoding="utf-8")
    assert [key for key in suites.KEYS if f"\n{key} = " not in page] == ["module"]  # beside file, which it replaces
    assert [name for name in models.SCALE_ARGUMENTS if f"`{name}`" not in page] == []


def test_paths_begin_where_the_suite_lies_or_at_its_root(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = '[[network]]\nfile = "net.py"\nnetwork = "Net"\n'
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    [found] = suites.read(suite(entry, str(here / "a.toml")))
    assert found.model.source == str(here / "net.py")
    [found] = suites.read(suite('root = ".."\n' + entry, "b.toml"))
    assert found.model.source == str(here / "net.py")
    with pytest.raises(InputError, match=r"no folder nowhere for its root"):
        suites.read(suite('root = "nowhere"\n' + entry, "b.toml"))


def test_all_wrong_entries_are_told_at_once(here: Path) -> None:
    entries = {
        'name = "A"\nfile = "net.py"\nnetwork = "Net"\nwidht = 3': "unknown key 'widht'; did you mean weights?",
        'name = "B"\nfile = "gone.py"\nnetwork = "Net"': "no file gone.py (for the model 'gone.py:Net')",
        'file = "net.py"\nnetwork = "Nett"': "net.py has no 'Nett'; did you mean Net?",
        'file = "net.py"': 'name the class or function that makes it: network = "Net"',
        'network = "Net"': "give file or module, one of them: where the network is defined",
        'file = "net.py"\nmodule = "net"\nnetwork = "Net"': "give file or module, one of them",
        'module = "zz_none"\nnetwork = "Net"': "no module 'zz_none' (for the model 'zz_none')",
        'file = "net.py"\nnetwork = "Net"\nrange = 100': "range = 100 is none of 1, 255",
        'file = "net.py"\nnetwork = "Net"\nrange = true': "range = True is none of 1, 255",
        'file = "net.py"\nnetwork = "Net"\ncolors = "bgr"': "colors = 'bgr' is none of 'rgb', 'y'",
        'file = "net.py"\nnetwork = "Net"\nmultiple = 0': "multiple = 0 is no whole number from 1 on",
        'file = "net.py"\nnetwork = "Net"\noutput = 1.5': "output = 1.5 is neither the place in a tuple or list nor",
        'file = "net.py"\nnetwork = "Net"\ndeploy = "a b"': "deploy = 'a b' is neither true, nor false, nor the name",
        'file = "net.py"\nnetwork = "Net"\nscale = 0': "scale = 0 is no upscaling factor such as 4, or several",
        'file = "net.py"\nnetwork = "Net"\nargs = 3': "args is a table such as { feat = 32 }, a list, or a text",
        'file = "net.py"\nnetwork = "Net"\nargs = { at = 2024-05-17 }': "datetime.date(2024, 5, 17) is no Python",
        'file = "net.py"\nnetwork = "Net"\nweights = "no.pth"': "no file no.pth of its weights",
        'file = "net.py"\nnetwork = "Net"\npath = "no"': f"no folder {here}/no for its path",
        'file = "net.py"\nnetwork = "Net"\npath = [1]': "path = [1] is no folder, nor a list of them",
        'file = "net.py"\nnetwork = "Net"\nnote = 1': "note = 1 is no text",
        'file = "net.py"\nnetwork = "Net"\nname = "a,b"': "'a,b' is no name for a network: leave out commas",
        'file = "net.onnx"\nnetwork = "Net"': "net.onnx is no file of Python; leave network and args out",
    }
    path = suite("".join(f"[[network]]\n{entry}\n" for entry in entries))
    with pytest.raises(WrongInputsError) as caught:
        suites.read(path)
    assert len(caught.value.lines) == len(entries)
    for number, (line, said) in enumerate(zip(caught.value.lines, entries.values(), strict=True), 1):
        assert line.startswith(f"teams.toml, network {number}")
        assert said in line
    assert caught.value.lines[0].startswith("teams.toml, network 1 (A): unknown key")


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ('name = "B"\nfile = "./net.py"', "it is the same network as A, with the same weights; leave one out"),
        ('name = "a"\nfile = "net.py"\nargs = "4"', "two networks are called 'a'; give one another name: =NAME"),
        ('name = "A"\nfile = "net.py"\nmultiple = 2', "another network is called A, too; give it another name"),
    ],
)
def test_a_network_stands_once_and_under_a_name_of_its_own(second: str, said: str) -> None:
    first = '[[network]]\nname = "A"\nfile = "net.py"\nnetwork = "Net"\n'
    with pytest.raises(WrongInputsError) as caught:
        suites.read(suite(f'{first}[[network]]\n{second}\nnetwork = "Net"\n'))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "teams.toml has no network; write a [[network]] table for each"),
        ("network = 3", "teams.toml has no network; write"),
        ("[[net]]", "teams.toml: 'net' means nothing here; a suite is a list of [[network]] tables"),
        ("[[network", "teams.toml is not TOML: "),
    ],
)
def test_what_is_no_suite(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        suites.read(suite(text))
    assert str(caught.value).startswith(said)
    with pytest.raises(InputError, match=r"^no suite gone\.toml$"):
        suites.read(Path("gone.toml"))


# --- Before a run


def test_what_is_wrong_is_found_before_anything_is_measured_and_may_be_left_out(here: Path) -> None:
    save("best.pth", feat=8)
    path = suite(
        """
        [[network]]
        name = "Good"
        file = "net.py"
        network = "Net"
        [[network]]
        name = "Typo"
        file = "net.py"
        network = "Nett"
        """
    )
    more = "net.py:Needy=Asks,net.py:Net(3)"
    typo = f"net.py:Nett,{more}"
    wrong = ("Net(3)=best.pth",)
    with pytest.raises(WrongInputsError, match=r"network 2 \(Typo\)"):
        counted(asked(more, suite=path, weights=wrong))
    told: list[str] = []
    [record] = counted(asked(typo, suite=path, skip_invalid=True, weights=wrong), told)
    assert record.case.model.variant == "Good"
    assert [line.partition(":")[0] for line in told] == ["left out"] * 4
    assert told[0] == "left out: net.py has no 'Nett'; did you mean Net?"
    assert "teams.toml, network 2 (Typo): net.py has no 'Nett'; did you mean Net?" in told[1]
    assert told[2] == "left out: Asks: Needy needs width; write net.py:Needy(width=...)"
    assert "best.pth does not fit Net(3): size mismatch for body.weight" in told[3]
    # What is left names all that a run needs to go on.
    with opened(asked(more, suite=path, skip_invalid=True, weights=wrong), None, launcher=HERE) as session:
        assert [case.model.variant for case in session.header.cases] == ["Good"]
    for nothing in ("net.py:Needy,net.py:Needy(1, 2)", "net.py:Nett,gone.py:Net"):
        with pytest.raises(WrongInputsError) as caught:
            counted(asked(nothing, skip_invalid=True))
        assert len(caught.value.lines) == 2


def test_a_scale_that_a_network_of_a_suite_lacks_leaves_it_out() -> None:
    path = suite('[[network]]\nfile = "net.py"\nnetwork = "Net"\nscale = 4\n')
    told: list[str] = []
    assert [each.case.size.scale for each in counted(asked(None, (2, 4), suite=path), told)] == [4]
    assert told == ["net.py:Net has no x2: skipped"]


def test_a_suite_is_measured_from_the_command_line(run: Run, here: Path) -> None:
    path = suite(
        '[[network]]\nname = "A"\nfile = "net.py"\nnetwork = "Net"\nargs = "4"\nnote = "2nd place; a reconstruction"\n'
    )
    done = run("profile", "--suite", str(path), "--static-only", "--lr", "16x12", "--output", "out", "--quiet")
    assert (done.code, done.err) == (0, "")
    # 3 * 4 * 9 + 4 and 4 * 48 + 48.
    assert "\nA: 0.35 K, " in done.out
    assert "A: 2nd place; a reconstruction." in Path("out/leaderboard_x4.md").read_text().replace("\\", "")
    assert "*" not in done.out  # the zoo's own reconstructions have that mark
    suite('[[network]]\nfile = "a.py"\nnetwork = "A"\n[[network]]\nfile = "b.py"\nnetwork = "B"\n')
    done = run("profile", "--suite", str(path), "--static-only", "--output", "none")
    assert done.code == 2
    assert done.err == (
        "srbench: teams.toml, network 1 (A): no file a.py (for the model 'a.py:A')\n"
        "srbench: teams.toml, network 2 (B): no file b.py (for the model 'b.py:B')\n"
    )
    assert not (here / "none").exists()


def test_the_suite_of_the_demonstration_is_whole(here: Path) -> None:
    text = suite_demo.rooted(here)
    (here / "models").mkdir()
    for line in suite_demo.SUITE.read_text().splitlines():
        kind, _, value = line.partition(" = ")
        if kind in ("file", "weights"):
            (here / value.strip('"')).parent.mkdir(exist_ok=True)
            (here / value.strip('"')).write_text("from somewhere import *\n")
    found = suites.read(suite(text))
    assert len(found) == 35  # README of the repository: 34 teams and the baseline
    assert {each.model.value_range for each in found} == {1, 255}
