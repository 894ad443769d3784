"""``srbench fit`` as a user meets it: what it prints, and its exit codes."""

from pathlib import Path

import pytest
import torch

import model_defs
from srbench.measure.complexity import count
from tests.command_line import Done, Run

NETWORKS = Path(__file__).with_name("networks.py")
MIB = 2**20


def row_of(done: Done, model: str, aspect: str = "1:1") -> dict[str, str]:
    """Cells of a row by their column: no cell has a space in it, nor a head more than one in a row."""
    lines = done.out.splitlines()
    [head] = [line for line in lines if line.startswith("Model")]
    columns = [column.strip() for column in head.split("  ") if column.strip()]
    [cells] = [line.split() for line in lines if line.split()[:2] == [model, aspect]]
    return dict(zip(columns, cells, strict=False))


@pytest.fixture
def run(run: Run) -> Run:
    """``srbench fit``."""
    return lambda *arguments: run("fit", *arguments)


def sides(size: str) -> tuple[int, int]:
    width, height = map(int, size.split("x"))
    return width, height


def mib(text: str) -> float:
    return float(text.replace(",", ""))


def on_cpu(name: str, scale: int, size: tuple[int, int]) -> float:
    """Predicted peak in MiB."""
    width, height = size
    shape = (1, model_defs.get(name).in_channels, height, width)
    return count(model_defs.build(name, scale, "deploy", "meta"), shape)[0].cpu_peak_bytes / MIB


def test_the_line_people_type(run: Run, tmp_path: Path) -> None:
    done = run("bsrn,span", "--memory", "1GiB", "--device", "cpu")
    assert (done.code, done.err) == (0, "")
    assert "x4, batch 1, float32, on cpu" in done.out
    assert "1,024.0 MiB (--memory), 300.0 MiB of it kept for interpreter and libraries" in done.out
    assert "nothing was run" in done.out
    for name in ("bsrn", "span"):
        for aspect in ("1:1", "16:9"):
            row = row_of(done, name, aspect)
            largest, beyond = sides(row["LR"]), sides(row["Next LR"])
            assert sides(row["GT"]) == (4 * largest[0], 4 * largest[1])
            assert beyond[1] == largest[1] + 1
            assert mib(row["Peak [MiB]"]) == pytest.approx(on_cpu(name, 4, largest), abs=0.06)
            assert mib(row["Peak [MiB]"]) <= 1024 - 300 < mib(row["would need [MiB]"])
            assert abs(largest[0] / largest[1] - (1 if aspect == "1:1" else 16 / 9)) < 0.01
    assert not list(tmp_path.iterdir())  # it stores nothing


def test_less_is_kept_on_request_and_batches_need_more(run: Run) -> None:
    square = ("span", "--memory", "724MiB", "--aspect", "1:1", "--device", "cpu")
    alone = sides(row_of(run(*square, "--reserve", "0"), "span")["LR"])
    assert alone == sides(row_of(run("span", "--memory", "1GiB", "--aspect", "1:1", "--device", "cpu"), "span")["LR"])
    four = sides(row_of(run(*square, "--reserve", "0", "--batch", "4"), "span")["LR"])
    # Four images of half the side.
    assert four[0] == pytest.approx(alone[0] / 2, rel=0.02)


def test_a_gpu_that_is_not_here(run: Run) -> None:
    arguments = ("span", "--memory", "8GiB", "--aspect", "1:1")
    gpu, cpu = (run(*arguments, "--device", device, "--reserve", "0") for device in ("cuda:7", "cpu"))
    assert "on cuda:7" in gpu.out
    # No copies, hence a larger image: 128.85 MiB in place of 149.98 for 320x180.
    assert sides(row_of(gpu, "span")["LR"])[0] ** 2 / sides(row_of(cpu, "span")["LR"])[0] ** 2 == pytest.approx(
        1.16, abs=0.02
    )
    assert "1,024.0 MiB of it kept" in run(*arguments, "--device", "cuda").out


def test_sizes_that_a_network_takes(run: Run) -> None:
    # IMDN_RTE works on a grid of half the size.
    row = row_of(run("imdn-rte", "--scale", "2", "--memory", "6e9", "--device", "cpu"), "imdn-rte", "16:9")
    assert [side % 2 for side in (*sides(row["LR"]), *sides(row["Next LR"]))] == [0, 0, 0, 0]
    row = row_of(run("span", "--multiple", "16", "--memory", "2GiB", "--device", "cpu"), "span", "16:9")
    largest, beyond = sides(row["LR"]), sides(row["Next LR"])
    assert [side % 16 for side in (*largest, *beyond)] == [0, 0, 0, 0]
    assert beyond[1] == largest[1] + 16


def test_the_training_form_needs_more(run: Run) -> None:
    done = run("span,span@train", "--memory", "2GiB", "--aspect", "1:1", "--device", "cpu")
    assert sides(row_of(done, "span@train")["LR"]) < sides(row_of(done, "span")["LR"])


def test_what_is_free_is_the_default(run: Run) -> None:
    done = run("ecbsr", "--aspect", "1:1", "--device", "cpu")
    assert done.code == 0
    assert "MiB (free now, less 5%)" in done.out


def test_a_network_of_the_users_own(run: Run) -> None:
    done = run(f"{NETWORKS}:Tiny", "--memory", "500MiB", "--aspect", "1:1", "--device", "cpu")
    assert done.code == 0
    row = row_of(done, f"{NETWORKS}:Tiny")
    largest, beyond = sides(row["LR"]), sides(row["Next LR"])
    # One convolution from 3 to 48 channels and a shuffle: the input and twice the 48, float32, plus some weights.
    assert mib(row["Peak [MiB]"]) == pytest.approx((3 + 96) * 4 * largest[0] ** 2 / MIB, rel=0.01)
    assert (largest[0] % 8, beyond[0]) == (0, largest[0] + 8)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("bsrm", "--memory", "8GiB"), "unknown model 'bsrm'; did you mean 'bsrn'"),
        (("bsrn", "--memory", "8 Gigs"), "--memory '8 Gigs' is no size such as 8GiB"),
        (("bsrn", "--memory", "0"), "--memory '0' is no size"),
        (("bsrn", "--memory", "9e99GiB"), "--memory '9e99GiB' is no size"),
        (("bsrn", "--memory", "-1GiB"), "--memory '-1GiB' is no size"),
        (("bsrn", "--memory", "300MiB", "--device", "cpu"), "leaves nothing beside the 300.0 MiB kept for interpreter"),
        (("msrn", "--memory", "310MiB", "--device", "cpu"), "msrn x4: the smallest LR image, 1x1, needs 24."),
        (("bsrn", "--memory", "8GiB", "--reserve", "much"), "--reserve 'much' is no size"),
        (("bsrn", "--memory", "8GiB", "--aspect", "16x9"), "--aspect '16x9' is not WIDTH:HEIGHT"),
        (("bsrn", "--memory", "8GiB", "--scale", "5"), "bsrn has no x5; it has x2, x3, x4"),
        (("bsrn", "--memory", "8GiB", "--scale", "2,4"), "--scale 2,4: give one scale"),
        (("bsrn", "--memory", "8GiB", "--batch", "0"), "--batch 0 must be at least 1"),
        (("bsrn", "--memory", "8GiB", "--device", "gpu"), "--device gpu: write auto, cpu or cuda:N"),
        ((f"{NETWORKS}:Tine", "--memory", "8GiB"), "has no 'Tine'; did you mean Tiny"),
        ((f"{NETWORKS}:NeedsArguments", "--memory", "8GiB"), "NeedsArguments x4: it cannot be counted on LR 64x64: "),
        (
            (f"{NETWORKS}:GivesTuple", "--memory", "8GiB"),
            "the output is a tuple of 2 with 2 images; say output = 0 or 1 in a suite",
        ),
        ((), "Missing argument 'MODELS'"),
    ],
)
def test_one_line_says_what_is_wrong(arguments: tuple[str, ...], expected: str, run: Run) -> None:
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert expected in done.err
    assert done.err.startswith("srbench: ")
    assert done.err.count("\n") == 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_free_memory_of_a_gpu_that_is_not_here(run: Run) -> None:
    done = run("bsrn", "--device", "cuda:0")
    assert done.code == 2
    assert "use --device cpu or auto" in done.err
