"""Ways of running as people type them, and the grid that several values make."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srbench import machine, planning, sizes, store
from srbench.cases import Dtype, Layout, Mode
from srbench.errors import InputError
from srbench.models import typed
from srbench.planning import Asked, cases_of, mode_by, modes_of, parse
from srbench.running import ENGINES
from tests.builders import make_model, make_size
from tests.command_line import Run

NETWORKS = Path(__file__).with_name("networks.py")


@pytest.fixture(autouse=True)
def _two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "usable_cores", lambda: 2)


# --- Behind a name


@pytest.mark.parametrize(
    ("text", "name", "fixed"),
    [
        ("span", "span", {}),
        ("span+compile+bf16", "span", {"engine": "compile", "dtype": "bfloat16"}),
        (
            "span+fp16+compile+channels_last",
            "span",
            {"dtype": "float16", "engine": "compile", "layout": "channels_last"},
        ),
        ("span+tf32", "span", {"tf32": True}),
        ("span+no-TF32+compile", "span", {"tf32": False, "engine": "compile"}),
        ("span+Channels-Last", "span", {"layout": "channels_last"}),
        ("span+eager+fp32+contiguous", "span", {"engine": "eager", "dtype": "float32", "layout": "contiguous"}),
        ("span+bf16+bfloat16", "span", {"dtype": "bfloat16"}),
        ("span@train+compile", "span", {"engine": "compile"}),
        ("net.py:Net+half", "net.py:Net", {"dtype": "float16"}),
        ("c++/my+nets/a+b.py:Net", "c++/my+nets/a+b.py:Net", {}),
        ("c++/my+nets/a+b.py:Net+compile", "c++/my+nets/a+b.py:Net", {"engine": "compile"}),
    ],
)
def test_a_mode_stands_behind_a_name(text: str, name: str, fixed: dict[str, str | bool]) -> None:
    found = typed.read(text)
    assert (":".join(filter(None, (found.target, found.attribute))), mode_by(found)) == (name, fixed)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("span+compil", "'span+compil': 'compil' is no way of running a network; did you mean compile?"),
        ("span+bfloat", "'span+bfloat': 'bfloat' is no way of running a network; did you mean bfloat16?"),
        ("span+chanels-last", "did you mean channels_last?"),
        ("span+compile@train", "'compile@train' is no way of running a network; did you mean compile?"),
        ("span+quick", f"'quick' is no way of running a network; known are {', '.join(ENGINES)}, float32"),
        ("span+", "'span+': '' is no way of running a network; known are"),
        ("span+eager+compile", "'span+eager+compile': eager and compile exclude each other"),
        ("span+bf16+compile+fp16", "bfloat16 and float16 exclude each other"),
        ("span+channels_last+contiguous", "channels_last and contiguous exclude each other"),
    ],
)
def test_what_is_no_mode_is_told_in_a_line(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        mode_by(typed.read(text))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def shown(asked: list[Asked]) -> list[tuple[str, str]]:
    """Each network and its own part of the mode, as people type them."""
    return [(each.model.label, each.in_mode(Mode()).typed) for each in asked]


def test_a_network_may_be_named_in_several_modes_and_stands_once_in_each() -> None:
    assert shown(parse("span, span+compile")) == [("span", "plain"), ("span", "compile")]
    assert shown(parse("span+bf16,span+bfloat16,span,span")) == [("span", "bfloat16"), ("span", "plain")]
    assert shown(parse("span@train+compile,span+compile")) == [("span@train", "compile"), ("span", "compile")]
    assert shown(parse("span+compile", "train")) == [("span@train", "compile")]


def test_all_in_a_mode_is_each_of_the_seven_in_it() -> None:
    # MSRN, BSRN, IMDN, RFDN, ECBSR, RepSR, SPAN.
    asked = parse("all+compile")
    assert len(asked) == 7
    assert {each.in_mode(Mode()).typed for each in asked} == {"compile"}
    assert all(each.optional for each in asked)


def test_what_is_named_as_well_is_wanted() -> None:
    found = {(each.model.variant, each.in_mode(Mode()).typed): each.optional for each in parse("all,span,rfdn+bf16")}
    assert len(found) == 8
    assert not found["span", "plain"]
    assert (found["rfdn", "plain"], found["rfdn", "bfloat16"]) == (True, False)


@pytest.mark.parametrize(("names", "said"), [("", "names no model"), (" , ", "names no model"), ("spam", "'spam'")])
def test_no_network_is_told(names: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse(names)


# --- As options


def test_several_values_are_every_combination_once() -> None:
    modes = modes_of("eager, compile,eager", "float32,bf16,bfloat16", "contiguous,Channels-Last")
    dtypes: tuple[Dtype, ...] = ("float32", "bfloat16")
    layouts: tuple[Layout, ...] = ("contiguous", "channels_last")
    assert modes == [
        Mode(engine=engine, dtype=dtype, layout=layout)
        for engine in ("eager", "compile")
        for dtype in dtypes
        for layout in layouts
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("eagre", "float32", "contiguous"), "--engine 'eagre' is unknown; did you mean eager?"),
        (("tensorrt", "float32", "contiguous"), f"--engine 'tensorrt' is unknown; known are {', '.join(ENGINES)}"),
        (("eager", "float32,float64", "contiguous"), "--dtype 'float64' is unknown; did you mean float"),
        (("eager", "int", "contiguous"), "--dtype 'int' is unknown; "),
        (("eager", "float32", "nhwc"), "--layout 'nhwc' is unknown; known are contiguous, channels_last"),
        ((" , ", "float32", "contiguous"), "--engine names none of"),
        (("eager", "", "contiguous"), "--dtype names none of float32"),
    ],
)
def test_an_unknown_value_is_told_with_its_option(options: tuple[str, str, str], said: str) -> None:
    with pytest.raises(InputError) as caught:
        modes_of(*options)
    assert str(caught.value).startswith(said)


# --- The grid


@given(
    st.lists(st.sampled_from(["bsrn", "span", "rfdn", "span+compile"]), min_size=1, unique=True),
    st.lists(st.sampled_from([(64, 64), (32, 48), (320, 180)]), min_size=1, unique=True),
    st.lists(st.sampled_from(["eager", "compile"]), min_size=1, unique=True),
    st.lists(st.sampled_from(["float32", "bfloat16", "float16"]), min_size=1, unique=True),
    st.lists(st.sampled_from(["contiguous", "channels_last"]), min_size=1, unique=True),
    st.lists(st.sampled_from([1, 2]), min_size=1, unique=True),
)
def test_a_grid_is_the_product_of_its_axes_and_each_case_stands_once(
    names: list[str],
    lr: list[tuple[int, int]],
    engines: list[str],
    dtypes: list[str],
    layouts: list[str],
    threads: list[int],
) -> None:
    modes = modes_of(",".join(engines), ",".join(dtypes), ",".join(layouts))
    cases = cases_of(
        parse(",".join(names)), [sizes.plan(4, lr=each) for each in lr], modes, device="cpu", threads=threads
    )
    # Two ways to the same: SPAN under both engines, and SPAN compiled whatever the options say.
    runs = {(name.partition("+")[0], "compile" if "+" in name else engine) for name in names for engine in engines}
    assert len(cases) == len(runs) * len(lr) * len(dtypes) * len(layouts) * len(threads)
    assert len({case.key for case in cases}) == len(cases)


def test_sizes_come_first_then_modes_then_threads_and_networks_stand_together() -> None:
    cases = cases_of(
        parse("bsrn,span"),
        [make_size(2), make_size(4)],
        modes_of("eager", "float32,bfloat16", "contiguous"),
        device="cpu",
        threads=[1, 2],
    )
    found = [(case.size.scale, case.mode.dtype, case.threads, case.model.variant) for case in cases]
    assert found == [
        (scale, dtype, threads, name)
        for scale in (2, 4)
        for dtype in ("float32", "bfloat16")
        for threads in (1, 2)
        for name in ("bsrn", "span")
    ]


def test_what_stands_behind_a_name_wins_over_the_options() -> None:
    cases = cases_of(
        parse("span+bf16,bsrn"), [make_size()], modes_of("eager,compile", "float32,float16", "contiguous"), device="cpu"
    )
    found = {(case.model.variant, case.mode.engine, case.mode.dtype) for case in cases}
    assert found == {
        *(("span", engine, "bfloat16") for engine in ("eager", "compile")),
        *(("bsrn", engine, dtype) for engine in ("eager", "compile") for dtype in ("float32", "float16")),
    }
    assert len(cases) == 6  # not SPAN twice for two dtypes that it does not take


def test_a_run_against_itself_has_a_case_twice() -> None:
    cases = cases_of(parse("span") * 2, [make_size()], device="cpu", once=False)
    assert len(cases) == 2
    assert cases[0] == cases[1]


def test_of_shapes_alone_neither_engine_nor_layout_nor_threads_matter() -> None:
    modes = modes_of("eager,compile", "float32,bfloat16", "contiguous,channels_last")
    cases = cases_of(parse("span,span+compile"), [make_size()], modes, device="none", threads=[1, 2])
    assert [(case.mode, case.threads) for case in cases] == [(Mode(), None), (Mode(dtype="bfloat16"), None)]


def test_tf32_is_an_axis_of_gpus_and_of_float32() -> None:
    assert [mode.label for mode in modes_of("eager", "float32", "contiguous", "on,off")] == ["TF32", "no TF32"]
    assert Mode(tf32=False).typed == "no_TF32"
    assert not Mode(tf32=True).plain
    [model] = parse("span")
    [case] = cases_of([model], [make_size()], [Mode(tf32=True)], device="cuda:0")
    assert case.label == "span · TF32"
    with pytest.raises(InputError, match="TF32 is of NVIDIA GPUs, and the device is cpu"):
        cases_of([model], [make_size()], [Mode(tf32=True)], device="cpu")
    with pytest.raises(InputError, match="TF32 is a way of computing float32, and the dtype is bfloat16"):
        cases_of([model], [make_size()], [Mode(tf32=True, dtype="bfloat16")], device="cuda:0")


def test_tf32_that_a_variable_switches_off_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", "0")
    with pytest.raises(InputError, match="NVIDIA_TF32_OVERRIDE=0 switches TF32 off"):
        cases_of(parse("span"), [make_size()], [Mode(tf32=True)], device="cuda:0")


def test_an_engine_need_not_be_here_where_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.delenv("CXX", raising=False)
    assert len(cases_of(parse("span+compile"), [make_size()], device="none")) == 1
    with pytest.raises(InputError, match="--engine compile: "):
        cases_of(parse("span+compile"), [make_size()], device="cpu")


@pytest.mark.parametrize(
    ("threads", "device", "said"),
    [
        ([1, 3], "cpu", "--threads 3: this process may use 2 cores"),
        ([3], "none", "--threads 3: this process may use 2 cores"),
        ([1], "cuda:0", "--threads is for the CPU; the device is cuda:0"),
    ],
)
def test_threads_that_nobody_has_are_refused(threads: list[int], device: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        cases_of([Asked(make_model())], [make_size()], device=device, threads=threads)
    assert str(caught.value) == said
    planning.check_threads([None], "cuda:0")


# --- On the command line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--models", "span+compil"), "'span+compil': 'compil' is no way of running a network; did you mean compile?"),
        (("--models", "span+eager+compile"), "eager and compile exclude each other"),
        (("--models", "span", "--engine", "eager,tensorrt"), "--engine 'tensorrt' is unknown"),
        (("--models", "span", "--dtype", "float64"), "--dtype 'float64' is unknown"),
        (("--models", "span", "--layout", ","), "--layout names none of contiguous, channels_last"),
        (("--models", "span", "--threads", "0"), "--threads '0': write a whole number from 1 to"),
        (("--models", "span", "--threads", "1,two"), "--threads '1,two': write a whole number"),
        (("--models", "span", "--threads", "1,3"), "--threads 3: this process may use 2 cores"),
        (("--models", "span", "--threads", "1, ,2"), "--threads '1, ,2': write a whole number"),
        (("--models", "span", "--batch", "1,0"), "--batch '1,0': write a whole number from 1 to"),
        (("--models", "span", "--batch", "1.5"), "--batch '1.5': write a whole number"),
        (("--models", "span", "--batch", "\N{SUPERSCRIPT TWO}"), "write a whole number"),
        (("--models", "span", "--lr", "64x64,32"), "--lr '32' is not WIDTHxHEIGHT"),
        (("--models", "span", "--lr", "64x64,"), "--lr '' is not WIDTHxHEIGHT"),
        (("--models", "span", "--gt", "64x64,0x64"), "--gt 0x64: each side must be between"),
        (("--models", "span", "--gt", "64x64", "--lr", "16x16"), "--gt 64x64 and --lr 16x16 say the same thing twice"),
    ],
)
@pytest.mark.parametrize("static", [True, False])
def test_a_wrong_value_is_one_line_and_exit_code_2(
    run: Run, arguments: tuple[str, ...], said: str, static: bool
) -> None:
    done = run("profile", *arguments, *(("--static-only",) if static else ()))
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert done.err.startswith("srbench: ")
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("span", "span+compil"), "did you mean compile?"),
        (("span", "rfdn", "--threads", "1,x"), "--threads '1,x': write a whole number"),
        (("span", "rfdn", "--dtype", "floats"), "--dtype 'floats' is unknown"),
        (("span", "all+bf16"), "'all+bf16' names 7 networks; give each as an argument of its own"),
    ],
)
def test_so_it_is_in_a_comparison(run: Run, arguments: tuple[str, ...], said: str) -> None:
    done = run("compare", *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert done.err.count("\n") == 1


def test_a_grid_of_shapes(run: Run, tmp_path: Path) -> None:
    axes = ("--lr", "64x64,32x48", "--batch", "1,2", "--threads", "1,2", "--engine", "eager,compile")
    done = run("profile", "--models", f"{NETWORKS}:Tiny", "--static-only", *axes)
    assert done.code == 0, done.err
    records = store.read(tmp_path / "results", pytest.fail)
    found = {(record.case.size.lr, record.case.size.batch): record.complexity for record in records}
    assert len(records) == len(found) == 4
    for ((width, height), _), counts in found.items():
        # Of one image: a convolution 3x3 from 3 to 3 * 4 * 4 channels at every LR pixel.
        assert counts is not None
        assert counts.multi_adds == 3 * 48 * 9 * width * height
        assert counts.params == 3 * 48 * 9 + 48
    assert {(record.case.mode, record.case.threads) for record in records} == {(Mode(), None)}
    with (tmp_path / "results" / "leaderboard_x4.csv").open(newline="") as file:
        rows = [(row["lr_width"], row["lr_height"], row["batch"]) for row in csv.DictReader(file)]
    assert sorted(rows) == [("32", "48", "1"), ("32", "48", "2"), ("64", "64", "1"), ("64", "64", "2")]


def test_a_grid_that_is_measured(run: Run, tmp_path: Path) -> None:
    axes = ("--lr", "32x24", "--dtype", "float32,bf16", "--threads", "1,2")
    quick = ("--rounds", "1", "--budget", "0.05", "--patience", "0", "--quiet")
    done = run("profile", "--models", f"{NETWORKS}:Tiny", "--device", "cpu", *axes, *quick)
    assert done.code == 0, done.err
    records = store.read(tmp_path / "results", pytest.fail)
    found = {(record.case.mode.dtype, record.case.threads): record for record in records}
    assert set(found) == {(dtype, threads) for dtype in ("float32", "bfloat16") for threads in (1, 2)}
    assert all(record.settings.threads == threads for (_, threads), record in found.items())  # read back in the worker
    assert all(record.latency is not None and record.memory is not None for record in records)
    assert all((record.agreement is None) == record.case.mode.plain for record in records)
    with (tmp_path / "results" / "leaderboard_x4.csv").open(newline="") as file:
        rows = [(row["dtype"], row["threads"], bool(row["agreement_db"])) for row in csv.DictReader(file)]
    assert sorted(rows) == [
        ("bfloat16", "1", True),
        ("bfloat16", "2", True),
        ("float32", "1", False),
        ("float32", "2", False),
    ]
