"""How networks are typed: what separates two, and what each part of one says."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srbench import planning
from srbench.cases import Mode
from srbench.errors import InputError
from srbench.models import arguments, typed
from srbench.models.typed import read, split


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        ("span, bsrn ,,imdn,", ["span", "bsrn", "imdn"]),
        ("net.py:Net(feat=32, blocks=[1, 2]),span", ["net.py:Net(feat=32, blocks=[1, 2])", "span"]),
        ("net.py:Net(act='a,b)', n={1, 2})=Ours,span", ["net.py:Net(act='a,b)', n={1, 2})=Ours", "span"]),
        ("'a,b/net.py':Net,span", ["'a,b/net.py':Net", "span"]),
        ("it's/net.py:Net,span", ["it's/net.py:Net", "span"]),
        ("a (1).py:Net,b[/net.py:Net,span", ["a (1).py:Net", "b[/net.py:Net", "span"]),
        ("", []),
    ],
)
def test_commas_in_brackets_and_quotes_separate_nothing(names: str, parts: list[str]) -> None:
    assert split(names) == parts


def test_commas_in_the_path_of_a_file_that_exists_separate_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a, b,c").mkdir()
    (tmp_path / "a, b,c" / "net.py").touch()
    (tmp_path / "best,x2.pth").touch()
    assert split("span,a, b,c/net.py:Net(n=1)=A,best,x2.pth,rfdn") == [
        *("span", "a, b,c/net.py:Net(n=1)=A", "best,x2.pth", "rfdn")
    ]
    (tmp_path / "net.py").touch()
    assert split("net.py:Net,gone.py:Net") == ["net.py:Net", "gone.py:Net"]
    # A file that is there by itself is what was meant.
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "net.py").touch()
    assert split("a, b,c/net.py:Net") == ["a", "b", "c/net.py:Net"]


@pytest.mark.parametrize(
    ("text", "kind", "target", "attribute", "inside", "form", "words", "alias"),
    [
        ("span", "name", "span", "", None, None, (), ""),
        ("span@train+compile+bf16", "name", "span", "", None, "train", ("compile", "bf16"), ""),
        ("net.py:Net", "file", "net.py", "Net", None, None, (), ""),
        ("net.py:Net()", "file", "net.py", "Net", "", None, (), ""),
        ("net.py:Net(a=1)=Ours+bf16", "file", "net.py", "Net", "a=1", None, ("bf16",), "Ours"),
        ("net.py:Net+bf16=Our net", "file", "net.py", "Net", None, None, ("bf16",), "Our net"),
        ("k=v/c++/me@work/net.py:Net=A", "file", "k=v/c++/me@work/net.py", "Net", None, None, (), "A"),
        ('net.py:Net(f="x.py:y", g=")")', "file", "net.py", "Net", 'f="x.py:y", g=")"', None, (), ""),
        ("'a=b:c.py':Net", "file", "a=b:c.py", "Net", None, None, (), ""),
        ("pkg.mod:build(3)=A", "module", "pkg.mod", "build", "3", None, (), "A"),
        ("pkg:a.b", "module", "pkg", "a.b", None, None, (), ""),
        ("dir/best.pth=Ours", "weights", "dir/best.pth", "", None, None, (), "Ours"),
        ("net.onnx", "weights", "net.onnx", "", None, None, (), ""),
    ],
)
def test_each_part_of_what_is_typed_has_its_meaning(
    text: str,
    kind: typed.Kind,
    target: str,
    attribute: str,
    inside: str | None,
    form: str | None,
    words: tuple[str, ...],
    alias: str,
) -> None:
    assert read(text) == typed.Typed(text, kind, target, attribute, inside, form, words, alias)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("net.py:Net(a=1", "'net.py:Net(a=1': the bracket behind Net is not closed"),
        ("'net.py:Net", "'net.py:Net: the quote is not closed"),
        ("'net.py'", "'net.py' lacks the name of the network; write 'path/to/net.py':Name"),
        ("net.py:Net=a=b", "'=b' means nothing there; write NAME@train, file.py:Net(width=32)=Ours"),
        ("net.py:Net(1)x", "'net.py:Net(1)x': 'x' means nothing there"),
        ("net.py:Net=bicubic", "'bicubic' means bicubic interpolation; give the network another name"),
        ("net.py:Net=", "'' is no name for a network: leave out commas, +, @, line breaks"),
        ("net.py:Net=a@b", "'a@b' is no name for a network"),
        ("net.py:Net=a\x07", "'a\\x07' is no name for a network"),
    ],
)
def test_what_means_nothing_is_told_in_a_line(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read(text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.text(alphabet="ab.py:('\"=+@,[])/ ", max_size=24))
def test_whatever_is_typed_is_read_or_refused(text: str) -> None:
    for part in split(text):
        with suppress(InputError):  # nothing else
            assert read(part).text == part


# --- Arguments


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("feat=32,blocks = 4", "blocks=4, feat=32"),
        ('0x20, act = "relu"', "32, act='relu'"),
        ("[1,2], -1, (3,), None, 1e-3", "[1, 2], -1, (3,), None, 0.001"),
        ("", ""),
        ("1,", "1"),
    ],
)
def test_the_same_arguments_are_the_same_text(text: str, same: str) -> None:
    assert arguments.canonical(text, "Net") == same
    assert arguments.canonical(same, "Net") == same


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("act=relu", "'Net': relu is no Python literal (a number, a text, a list ...); write it in quotes: 'relu'"),
        ("act=nn.ReLU()", "'Net': nn.ReLU() is no Python literal (a number, a text, a list ...); name a function"),
        ("*[1]", "*[1] is no Python literal"),
        ("**{'a': 1}", "write the arguments behind ** one by one: name=value"),
        ("a=1, a=2", "'Net': the argument a is given twice"),
        ("a=", "is no list of arguments (invalid syntax)"),
        ("1) + f(2", "is no list of arguments; write"),
        ("(" * 10_000 + ")" * 10_000, "is no list of arguments ("),
    ],
)
def test_arguments_are_literals_alone(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        arguments.canonical(text, "Net")
    assert said in str(caught.value)


def test_values_of_a_suite_are_arguments_as_they_are_typed() -> None:
    given_values = {"feat": 32, "act": "it's", "depths": [2, 2], "bias": False}
    assert arguments.of_values(given_values, "Net") == 'act="it\'s", bias=False, depths=[2, 2], feat=32'
    assert arguments.read(arguments.of_values(given_values, "Net")) == ([], given_values)
    assert arguments.read(arguments.of_values([3, "x"], "Net")) == ([3, "x"], {})
    with pytest.raises(InputError, match="inf is no Python literal"):
        arguments.of_values({"a": float("inf")}, "Net")


# --- Which networks they are


NET = "class Net: ...\nclass Other: ...\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(NET)
    return tmp_path


def test_arguments_and_a_name_are_kept_with_the_network(here: Path) -> None:
    [asked] = planning.parse("net.py:Net(feat=32, blocks=4)=Ours+bf16")
    model = asked.model
    assert (model.variant, model.title, model.label, model.slug) == ("Ours", "Ours", "Ours", "Ours")
    assert (model.architecture, model.arguments, model.called) == ("Net", "blocks=4, feat=32", "Net(blocks=4, feat=32)")
    assert model.identity == f"{here}/net.py:Net(blocks=4, feat=32)"
    assert asked.in_mode(Mode()).dtype == "bfloat16"
    [unnamed] = planning.parse("net.py:Net(blocks=4,feat=32)")
    assert unnamed.model.key == model.key
    assert unnamed.model.variant == "net.py:Net(blocks=4, feat=32)"
    assert unnamed.model.title == "Net(blocks=4, feat=32)"
    [bare] = planning.parse("net.py:Net()")
    assert (bare.model.variant, bare.model.title) == ("net.py:Net", "Net")
    assert bare.model.identity == f"{here}/net.py:Net"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("net.py:Net=A,net.py:Net=B", "A and B are one network; name it once"),
        ("net.py:Net=A,net.py:Other=A", "two networks are called 'A'; give one another name: =NAME"),
        ("span,net.py:Net=SPAN", "two networks are called 'SPAN'; give one another name: =NAME"),
        ("span=Ours", "'span=Ours': a network of the zoo takes no other name; write span alone"),
        ("span(32)", "'span(32)': a network of the zoo takes no arguments; write span alone"),
        ("net.py:Net@train=A", "srbench does not fold a network of yours"),
    ],
)
def test_names_that_tell_nothing_apart_are_refused(here: Path, names: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        planning.parse(names)
    assert said in str(caught.value)


def test_the_same_network_with_other_arguments_is_another(here: Path) -> None:
    found = planning.parse("net.py:Net(1),net.py:Net(2),net.py:Net(1)")
    assert [each.model.title for each in found] == ["Net(1)", "Net(2)"]
