"""Users' networks counted whole: by shapes where they do, on pictures where they need values."""

import importlib
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from srbench import inputs, models, sizes
from srbench.cases import Case
from srbench.counts import Complexity
from srbench.errors import MismatchError
from srbench.preparing import static
from tests.shared_files import SHARED, needs_shared

FOLDER = "cases/networks"
#: A 3x3 convolution from 3 to 48 channels at LR 16x12, and its parameters.
CONV, PARAMS = 48 * 27 * 16 * 12, 48 * 27 + 48


def counted(path: Path, name: str) -> Complexity:
    """A network of a file, counted in this process."""
    [model] = models.parse(f"{path}:{name}", "deploy")
    return static(Case(model=model, size=sizes.plan(4, lr=(16, 12)), device="none"))


# --- The same as small networks of one file each


TINY = """
    import torch
    import torch.nn.functional as F
    from torch import nn

    class Tiny(nn.Module):
        def __init__(self):
            super().__init__()
            self.c, self.s = nn.Conv2d(3, 48, 3, padding=1), nn.PixelShuffle(4)

        def forward(self, x):
            return self.s(self.c(x))
"""


def written(folder: Path, code: str) -> Path:
    path = folder / f"net_{abs(hash(code))}.py"
    path.write_text(dedent(TINY) + dedent(code), encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def path_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))


def test_routing_by_content_is_counted_on_two_pictures(tmp_path: Path) -> None:
    code = """
    class Net(Tiny):
        def forward(self, x):
            return super().forward(x) if x.mean().item() > 0.1 else super().forward(x * 2)
    """
    found = counted(written(tmp_path, code), "Net")
    assert (found.params, found.multi_adds) == (PARAMS, CONV)
    assert found.content is not None


def test_the_two_pictures_differ() -> None:
    case = Case(model=models.parse("span", "deploy")[0], size=sizes.plan(4, lr=(300, 200)), device="none")
    one, other = inputs.natural_input(case), inputs.natural_input(case, other=True)
    assert one.shape == other.shape == (1, 3, 200, 300)
    assert one.mean() != other.mean()
    assert not one.equal(other.flip(-1))


def test_values_that_are_no_images_are_no_content(tmp_path: Path) -> None:
    code = """
    class Net(Tiny):
        def forward(self, x):
            return super().forward(x * float(torch.linspace(0, 1, 3)[1]))
    """
    found = counted(written(tmp_path, code), "Net")
    assert (found.multi_adds, found.content, found.uncounted) == (CONV, None, ())


def test_a_wrong_output_is_a_mismatch_on_pictures_too(tmp_path: Path) -> None:
    code = """
    class Net(Tiny):
        def forward(self, x):
            return x * x.mean().item()
    """
    with pytest.raises(MismatchError, match="the output is 1x3x12x16"):
        counted(written(tmp_path, code), "Net")


def test_an_error_on_pictures_says_what_shapes_said_first(tmp_path: Path) -> None:
    code = """
    class Net(Tiny):
        def forward(self, x):
            raise RuntimeError("no shapes" if x.is_meta else "no values")
    """
    with pytest.raises(RuntimeError, match="no values") as error:
        counted(written(tmp_path, code), "Net")
    assert str(error.value.__cause__) == "no shapes"


def test_a_rule_stands_in_the_file_of_the_network(tmp_path: Path) -> None:
    code = """
    import srbench
    from math import prod

    @torch.library.custom_op("srbench_test_rule::convolve", mutates_args=())
    def convolve(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        return F.conv2d(x, w, padding=1)

    @convolve.register_fake
    def _(x, w):
        return x.new_empty(x.shape[0], w.shape[0], *x.shape[2:])

    @srbench.count_rule("srbench_test_rule::convolve")
    def rule(x, w):
        return x[0] * x[2] * x[3] * prod(w)

    class Net(Tiny):
        def forward(self, x):
            return self.s(convolve(x, self.c.weight))
    """
    found = counted(written(tmp_path, code), "Net")
    assert (found.multi_adds, found.by_rule, found.uncounted) == (CONV, ("srbench_test_rule::convolve",), ())


# --- The shared cases; what is right stands in their README


@pytest.fixture
def of_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their folder on the path, for what they import from each other."""
    monkeypatch.syspath_prepend(str(SHARED / FOLDER))
    monkeypatch.delitem(sys.modules, "base", raising=False)
    importlib.invalidate_caches()


@pytest.mark.usefixtures("of_cases")
@needs_shared(f"{FOLDER}/forms.py")
@pytest.mark.parametrize(
    ("name", "params", "multi_adds", "convs"),
    [
        ("Unused", 2_361_152, CONV, 1),
        ("FuseFirst", PARAMS, CONV, 1),
        ("Unfold", 48 * 27, CONV, 0),
        # Two products of 48 channels with 48 over 192 pixels.
        ("Attn", PARAMS, CONV + 2 * 48 * 48 * 192, 1),
        ("Shared", PARAMS + 84, CONV + 2 * 3 * 27 * 192, 3),
    ],
)
def test_cases_of_forms(name: str, params: int, multi_adds: int, convs: int) -> None:
    found = counted(SHARED / FOLDER / "forms.py", name)
    assert (found.params, found.multi_adds, found.convs, found.uncounted) == (params, multi_adds, convs, ())
    assert found.never_read == (2_361_152 - PARAMS if name == "Unused" else 0)


@pytest.mark.usefixtures("of_cases")
@needs_shared(f"{FOLDER}/meta.py")
@pytest.mark.parametrize(
    ("name", "multi_adds", "unknown"),
    [
        ("FromNumpy", CONV + 27 * 192, []),
        ("Global", CONV + 27 * 192, []),
        ("PlainTensor", CONV, []),
        ("DataDep", CONV, []),
        ("FFT", CONV, ["aten::_fft_r2c", "aten::_fft_c2r"]),
    ],
)
def test_cases_of_values(name: str, multi_adds: int, unknown: list[str]) -> None:
    found = counted(SHARED / FOLDER / "meta.py", name)
    assert (found.params, found.multi_adds) == (PARAMS, multi_adds)
    assert [each.operator for each in found.uncounted] == unknown
    assert (found.content is not None) == (name == "DataDep")
