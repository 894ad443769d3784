"""What goes into a network of a case: shape, range, type, and always the same."""

import pytest
import torch

from srbench.cases import Case, Dtype, Mode, Model, Size
from srbench.inputs import input_shape, make_input, output_shape
from srbench.sizes import plan
from tests.builders import make_model


def case(size: Size, model: Model | None = None, mode: Mode | None = None) -> Case:
    return Case(model=model or make_model("bsrn"), size=size, mode=mode or Mode(), device="cpu")


def test_shapes_are_batch_channels_height_width() -> None:
    load = plan(4, batch=2)
    assert input_shape(case(load)) == (2, 3, 180, 320)
    assert input_shape(case(load, make_model("ecbsr", colors="y"))) == (2, 1, 180, 320)
    assert output_shape(case(load)) == (2, 3, 720, 1280)
    assert output_shape(case(plan(3))) == (1, 3, 720, 1281)  # the network's, not the GT's


def test_the_input_is_reproducible() -> None:
    small = case(plan(4, gt=(64, 48)))
    first = make_input(small, seed=1)
    torch.rand(7)  # whatever else draws numbers in between
    assert torch.equal(make_input(small, seed=1), first)
    assert not torch.equal(make_input(small, seed=2), first)


def test_the_input_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    make_input(case(plan(4, gt=(64, 48))), seed=1)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize(("colors", "channels"), [("rgb", 3), ("y", 1)])
@pytest.mark.parametrize("white", [1, 255])
def test_the_input_fills_the_range_of_the_network(colors: str, channels: int, white: int) -> None:
    model = make_model("any", colors=colors, value_range=white)
    image = make_input(case(plan(4, gt=(256, 192), batch=2), model), seed=0)
    assert image.shape == (2, channels, 48, 64)
    assert image.device.type == "cpu"
    # Thousands of uniform numbers come within 2 % of both ends.
    assert 0 <= image.min() < 0.02 * white
    assert 0.98 * white < image.max() <= white


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_the_input_has_the_dtype_of_the_mode(dtype: Dtype) -> None:
    image = make_input(case(plan(4, gt=(64, 48)), mode=Mode(dtype=dtype)), seed=0)
    assert str(image.dtype) == f"torch.{dtype}"
    exact = make_input(case(plan(4, gt=(64, 48))), seed=0)
    assert torch.equal(image, exact.to(image.dtype))  # the same image, rounded
