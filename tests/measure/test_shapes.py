"""Every shape rule gives what torch gives: of meta tensors, of real tensors, and in what it refuses."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from srbench.measure.shapes import SHAPE_RULES, output_of

aten = torch.ops.aten

#: torch's own meta functions load much at their first call, which is not the fault of the example that it meets.
patiently = settings(deadline=None, max_examples=40)

SIDES = st.integers(1, 9)
FLOATS = st.sampled_from((torch.float32, torch.float64, torch.bfloat16))
SHAPES = st.lists(st.integers(0, 5), min_size=1, max_size=4)
IMAGES = st.tuples(st.integers(1, 2), st.integers(1, 6), SIDES, SIDES)

ELEMENTWISE = (
    (aten.relu.default, ()),
    (aten.leaky_relu.default, (0.05,)),
    (aten.gelu.default, ()),
    (aten.silu.default, ()),
    (aten.sigmoid.default, ()),
    (aten.hardtanh.default, (0.0, 6.0)),
    (aten.sqrt.default, ()),
    (aten.pow.Tensor_Scalar, (2,)),
    (aten.relu_.default, ()),
    (aten.leaky_relu_.default, (0.05,)),
    (aten.silu_.default, ()),
    (aten.sigmoid_.default, ()),
    (aten.hardtanh_.default, (0.0, 6.0)),
)
IN_PLACE = (aten.add_.Tensor, aten.sub_.Tensor, aten.mul_.Tensor)


def real(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.zeros(shape, dtype=dtype)


def on_meta(value: Any) -> Any:
    """The arguments of an operator with their tensors on the meta device."""
    if isinstance(value, Tensor):
        return torch.empty(value.shape, dtype=value.dtype, device="meta")
    return [on_meta(v) for v in value] if isinstance(value, list | tuple) else value


def seen(out: object) -> list[tuple[tuple[int, ...], torch.dtype]]:
    tensors = [out] if isinstance(out, Tensor) else out
    assert isinstance(tensors, list | tuple)
    return [(tuple(t.shape), t.dtype) for t in tensors]


def assert_as_torch(operator: Any, *arguments: Any, **keywords: Any) -> None:
    meta = on_meta(arguments)
    ruled: Any = output_of(operator, tuple(meta), keywords)
    assert seen(ruled) == seen(operator(*meta, **keywords)) == seen(operator(*arguments, **keywords))
    assert all(t.device.type == "meta" for t in (ruled if isinstance(ruled, tuple) else [ruled]))


def test_every_rule_is_tested_here() -> None:
    others = {
        aten.convolution.default,
        aten._prelu_kernel.default,
        aten.add.Tensor,
        aten.sub.Tensor,
        aten.mul.Tensor,
        aten.cat.default,
        aten.mean.dim,
        aten.constant_pad_nd.default,
        aten.upsample_bilinear2d.default,
        aten.upsample_nearest2d.default,
        aten.pixel_shuffle.default,
        aten.max_pool2d_with_indices.default,
        aten.native_batch_norm.default,
        aten.mm.default,
        aten.addmm.default,
        *IN_PLACE,
    }
    assert set(SHAPE_RULES) == {operator for operator, _ in ELEMENTWISE} | others


@patiently
@given(st.sampled_from(ELEMENTWISE), SHAPES, FLOATS)
def test_elementwise(case: tuple[Any, tuple[float, ...]], shape: list[int], dtype: torch.dtype) -> None:
    operator, arguments = case
    assert_as_torch(operator, real(*shape, dtype=dtype), *arguments)


@patiently
@given(st.sampled_from(IN_PLACE), IMAGES, FLOATS, st.sampled_from(([], [1], [1, 1, 1])))
def test_in_place(operator: Any, shape: tuple[int, ...], dtype: torch.dtype, other: list[int]) -> None:
    assert_as_torch(operator, real(*shape, dtype=dtype), real(*other, dtype=dtype))
    assert_as_torch(operator, real(*shape, dtype=dtype), real(*shape, dtype=dtype))


@pytest.mark.parametrize("other", [(2, 3), (3,)])
def test_in_place_nothing_grows(other: tuple[int, ...]) -> None:
    with pytest.raises(RuntimeError):
        output_of(aten.add_.Tensor, (on_meta(real(1)), on_meta(real(*other))), {})


def test_in_place_is_the_same_tensor() -> None:
    x = on_meta(real(2, 3))
    assert output_of(aten.relu_.default, (x,), {}) is x
    assert output_of(aten.add_.Tensor, (x, on_meta(real(3))), {}) is x


def test_gelu_takes_its_approximation() -> None:
    assert_as_torch(aten.gelu.default, real(2, 3), approximate="tanh")


@patiently
@given(IMAGES, st.booleans())
def test_prelu(shape: tuple[int, int, int, int], shared: bool) -> None:
    assert_as_torch(aten._prelu_kernel.default, real(*shape), real(1, 1 if shared else shape[1], 1, 1))


@st.composite
def broadcastable(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """Two shapes that go together: some sides are 1 in one of them, and one may have fewer axes."""
    shape = draw(SHAPES)
    left, right = ([1 if draw(st.booleans()) else side for side in shape] for _ in range(2))
    return left[draw(st.integers(0, len(shape))) :], right


DTYPES = st.sampled_from((torch.float32, torch.float64, torch.bfloat16, torch.float16, torch.int32, torch.int64))


@patiently
@given(st.sampled_from((aten.add.Tensor, aten.sub.Tensor, aten.mul.Tensor)), broadcastable(), DTYPES, DTYPES)
def test_arithmetic_of_two_tensors(
    operator: Any, shapes: tuple[list[int], list[int]], first: torch.dtype, second: torch.dtype
) -> None:
    left, right = real(*shapes[0], dtype=first), real(*shapes[1], dtype=second)
    assert_as_torch(operator, left, right)
    assert_as_torch(operator, right, left)


@patiently
@given(st.sampled_from((aten.add.Tensor, aten.sub.Tensor, aten.mul.Tensor)), SHAPES, DTYPES, st.sampled_from((2, 0.5)))
def test_arithmetic_with_a_number(operator: Any, shape: list[int], dtype: torch.dtype, number: float) -> None:
    assert_as_torch(operator, real(*shape, dtype=dtype), number)


def test_arithmetic_takes_its_factor() -> None:
    assert_as_torch(aten.add.Tensor, real(2, 3), real(3), alpha=2)


@st.composite
def joinable(draw: st.DrawFn) -> tuple[list[Tensor], int]:
    shape = draw(SHAPES)
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    sizes = draw(st.lists(st.integers(0, 4), min_size=1, max_size=4))
    tensors = []
    for size in sizes:
        shape[axis] = size
        tensors.append(real(*shape, dtype=draw(FLOATS)))
    return tensors, axis


@patiently
@given(joinable())
def test_cat(case: tuple[list[Tensor], int]) -> None:
    assert_as_torch(aten.cat.default, *case)


def test_cat_skips_the_old_empty_tensor() -> None:
    # torch lets a tensor of shape (0,) join anything: how lists used to be started.
    assert_as_torch(aten.cat.default, [real(0), real(2, 3)], 1)


@st.composite
def reducible(draw: st.DrawFn) -> tuple[Tensor, list[int] | None, bool]:
    shape = draw(SHAPES)
    axes = draw(st.lists(st.integers(0, len(shape) - 1), unique=True, max_size=len(shape)))
    signed = [axis - len(shape) if draw(st.booleans()) else axis for axis in axes]
    return real(*shape, dtype=draw(FLOATS)), draw(st.sampled_from((signed, None))), draw(st.booleans())


@patiently
@given(reducible())
def test_mean(case: tuple[Tensor, list[int] | None, bool]) -> None:
    assert_as_torch(aten.mean.dim, *case)


def test_mean_takes_a_dtype() -> None:
    assert_as_torch(aten.mean.dim, real(2, 3, dtype=torch.int64), [1], dtype=torch.float64)


@patiently
@given(IMAGES, st.lists(st.integers(-1, 3), min_size=2, max_size=8).filter(lambda pad: len(pad) % 2 == 0))
def test_pad(shape: tuple[int, int, int, int], pad: list[int]) -> None:
    image = [side + 2 for side in shape]  # a side cut twice still has a pixel
    assert_as_torch(aten.constant_pad_nd.default, real(*image), pad, 1.0)


@patiently
@given(IMAGES, SIDES, SIDES, st.booleans())
def test_resizing(shape: tuple[int, int, int, int], height: int, width: int, align: bool) -> None:
    assert_as_torch(aten.upsample_bilinear2d.default, real(*shape), [height, width], align)
    assert_as_torch(aten.upsample_nearest2d.default, real(*shape), [height, width])


@patiently
@given(IMAGES, st.integers(1, 4), st.booleans())
def test_pixel_shuffle(shape: tuple[int, int, int, int], factor: int, batched: bool) -> None:
    batch, channels, *sides = shape
    assert_as_torch(aten.pixel_shuffle.default, real(*([batch] * batched), channels * factor**2, *sides), factor)


@st.composite
def pooling(draw: st.DrawFn) -> list[Any]:
    """Arguments of a max pooling whose windows fit; torch lets one number stand for both axes."""
    axes = draw(st.sampled_from((1, 2)))
    kernel = [draw(st.integers(1, 4)) for _ in range(axes)]
    stride = draw(st.sampled_from(([], [draw(st.integers(1, 4)) for _ in range(axes)])))
    padding = [draw(st.integers(0, k // 2)) for k in kernel]
    dilation = [draw(st.integers(1, 2)) for _ in range(axes)]
    sides = [draw(st.integers(7, 12)) for _ in range(2)]  # a kernel of 4 at dilation 2 reaches over 7
    return [real(2, 3, *sides)[draw(st.sampled_from((0, slice(None))))], kernel, stride, padding, dilation]


@patiently
@given(pooling(), st.booleans())
def test_max_pool(arguments: list[Any], ceil: bool) -> None:
    assert_as_torch(aten.max_pool2d_with_indices.default, *arguments, ceil)


@patiently
@given(IMAGES, FLOATS)
def test_batch_norm_in_evaluation_mode(shape: tuple[int, int, int, int], dtype: torch.dtype) -> None:
    statistics = [torch.ones(shape[1], dtype=dtype) for _ in range(4)]
    arguments = [real(*shape, dtype=dtype), *statistics, False, 0.1, 1e-5]
    # torch's meta function disagrees with torch's CPU on the two further outputs, which nothing uses in evaluation.
    on_cpu = aten.native_batch_norm.default(*arguments)
    assert seen(output_of(aten.native_batch_norm.default, tuple(on_meta(arguments)), {})) == seen(on_cpu)


@patiently
@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5), FLOATS)
def test_matrix_products(rows: int, inner: int, columns: int, dtype: torch.dtype) -> None:
    left, right = real(rows, inner, dtype=dtype), real(inner, columns, dtype=dtype)
    assert_as_torch(aten.mm.default, left, right)
    assert_as_torch(aten.addmm.default, real(columns, dtype=dtype), left, right)


# --- Convolutions


@st.composite
def convolution(draw: st.DrawFn) -> list[Any]:
    """Arguments of a convolution that torch takes: 1-D to 3-D, grouped, strided, padded, dilated, transposed."""
    axes = draw(st.integers(1, 3))

    def per_axis(low: int, high: int) -> list[int]:
        return [draw(st.integers(low, high)) for _ in range(axes)]

    groups = draw(st.integers(1, 3))
    fan_in, fan_out = (draw(st.integers(1, 3)) for _ in range(2))
    kernel, stride, dilation = per_axis(1, 3), per_axis(1, 3), per_axis(1, 2)
    # A kernel of 3 at dilation 2 reaches over 5 pixels; transposed, padding by 1 cuts 2 of at least 5.
    image = real(draw(st.integers(1, 2)), groups * fan_in, *per_axis(5, 8))
    padding, transposed = per_axis(0, 1), draw(st.booleans())
    weight = real(groups * fan_in, fan_out, *kernel) if transposed else real(groups * fan_out, fan_in, *kernel)
    # torch wants the output padding below the stride or the dilation.
    beyond = [draw(st.integers(0, max(s, d) - 1)) if transposed else 0 for s, d in zip(stride, dilation, strict=True)]
    return [image, weight, None, stride, padding, dilation, transposed, beyond, groups]


def ruled_shape(arguments: Sequence[Any]) -> tuple[int, ...]:
    out = output_of(aten.convolution.default, tuple(on_meta(arguments)), {})
    assert isinstance(out, Tensor)
    return tuple(out.shape)


@settings(deadline=None, max_examples=150)
@given(convolution())
def test_convolution(arguments: list[Any]) -> None:
    expected = tuple(aten.convolution.default(*arguments).shape)
    assert ruled_shape(arguments) == expected == tuple(aten.convolution.default(*on_meta(arguments)).shape)


def test_one_number_stands_for_all_axes() -> None:
    arguments = [real(1, 3, 9, 8), real(4, 3, 3, 2), None, [2], [1], [1], False, [0], 1]
    assert ruled_shape(arguments) == tuple(aten.convolution.default(*arguments).shape) == (1, 4, 5, 5)


def conv_arguments(
    image: Tensor, weight: Tensor, *, groups: int = 1, padding: int = 0, transposed: bool = False
) -> Any:
    return [image, weight, None, [1, 1], [padding] * 2, [1, 1], transposed, [0, 0], groups]


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(conv_arguments(real(1, 3, 8, 8), real(4, 5, 3, 3)), id="channels"),
        pytest.param(conv_arguments(real(1, 4, 8, 8), real(6, 4, 3, 3), groups=2), id="channels of groups"),
        pytest.param(conv_arguments(real(1, 3, 8, 8), real(4, 5, 3, 3), transposed=True), id="channels, transposed"),
        pytest.param(conv_arguments(real(1, 3, 8, 2), real(4, 3, 3, 3)), id="kernel larger than the image"),
        pytest.param(conv_arguments(real(1, 3, 8, 1), real(4, 3, 5, 5), padding=1), id="larger than the padded image"),
        pytest.param(conv_arguments(real(1, 3, 1, 1), real(3, 4, 1, 1), padding=1, transposed=True), id="nothing left"),
    ],
)
def test_a_convolution_is_refused_as_by_torch(arguments: list[Any]) -> None:
    with pytest.raises(RuntimeError):
        aten.convolution.default(*arguments)
    with pytest.raises(RuntimeError):
        ruled_shape(arguments)


@pytest.mark.parametrize(
    ("operator", "arguments"),
    [
        (aten.add.Tensor, (real(2, 3), real(2, 4))),
        (aten.mul.Tensor, (real(2, 3), real(2))),
        (aten.sub.Tensor, (real(3, 1), real(2, 3))),
        (aten.cat.default, ([real(1, 2, 4, 4), real(1, 2, 4, 5)], 1)),
        (aten.cat.default, ([real(2, 3), real(2, 3, 1)], 0)),
        (aten.cat.default, ([real(2, 3), real(3, 3)], -1)),
        (aten.cat.default, ([real(2, 3), real(2, 3)], 2)),
        (aten.constant_pad_nd.default, (real(2, 3), [-2, -2])),
        (aten.constant_pad_nd.default, (real(2, 3), [1] * 6)),
        (aten.pixel_shuffle.default, (real(1, 10, 4, 4), 2)),
        (aten.max_pool2d_with_indices.default, (real(1, 3, 2, 9), [3, 3], [2, 2])),
        (aten.max_pool2d_with_indices.default, (real(1, 3, 8, 8), [5], [1], [0], [2])),
        (aten.mm.default, (real(2, 3), real(4, 2))),
        (aten.addmm.default, (real(2), real(2, 3), real(4, 2))),
        (aten.addmm.default, (real(5), real(2, 3), real(3, 4))),
        (aten.mean.dim, (real(2, 3), [2])),
        (aten.mean.dim, (real(2, 3), [1, -1])),
        (aten.mean.dim, (real(2, 3, dtype=torch.int64), [1])),
        (aten.max_pool2d_with_indices.default, (real(1, 3, 8, 8), [3, 3], [2, 2], [2, 2])),
        (aten.constant_pad_nd.default, (real(2, 3), [1, 1, 1])),
        (aten.upsample_nearest2d.default, (real(1, 3, 4, 4), [0, 4])),
        (aten.mm.default, (real(2, 4, 4), real(4, 4))),
        (aten.sub.Tensor, (real(2, dtype=torch.bool), real(2, dtype=torch.bool))),
        (aten._prelu_kernel.default, (real(2, 3, 4, 4), real(1, 5, 1, 1))),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_an_operator_is_refused_as_by_torch(operator: Any, arguments: tuple[Any, ...]) -> None:
    with pytest.raises((RuntimeError, IndexError)):
        operator(*arguments)
    with pytest.raises((RuntimeError, IndexError)):
        output_of(operator, tuple(on_meta(arguments)), {})


def test_integers_become_what_torch_makes_of_them() -> None:
    assert_as_torch(aten.sigmoid.default, real(2, 3, dtype=torch.int64))
    assert_as_torch(aten.sqrt.default, real(2, 3, dtype=torch.int64))
    assert_as_torch(aten.pow.Tensor_Scalar, real(2, 3, dtype=torch.int64), 0.5)


def test_a_single_number_has_a_mean() -> None:
    assert_as_torch(aten.mean.dim, real(), [0])
