"""What a count leaves out is named: each operator is counted, free by the papers' rule, or of unknown cost.

Expected numbers are arithmetic on shapes, beside each case. Images are 16x12, or what a product needs.
"""

from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils import flop_counter

from srbench.counts import Complexity, Uncounted
from srbench.errors import InputError
from srbench.measure import operators, products, rules
from srbench.measure.rules import count_rule
from tests.measure.counted import BOTH_WAYS, CONV, IMAGE, PIXELS, Function, on_shapes, on_values


def names(counts: Complexity) -> list[str]:
    return [each.operator for each in counts.uncounted]


# --- Counted


@BOTH_WAYS
@pytest.mark.parametrize(
    ("function", "shape", "expected"),
    [
        # Two products of 64x64 with 8 channels, in 2 heads.
        (lambda x: F.scaled_dot_product_attention(x, x, x), (1, 2, 64, 8), 2 * 2 * 64 * 64 * 8),
        (lambda x: torch.addbmm(x[0, :, :5], x, x.mT), (3, 5, 8), 3 * 5 * 8 * 5),
        (lambda x: torch.addr(x @ x.mT, x[:, 0], x[:, 1]), (5, 8), 5 * 8 * 5 + 5 * 5),
        (lambda x: torch.dot(x[0], x[1]), (2, 8), 8),
        # A product of complex numbers is four of real ones.
        (lambda x: torch.complex(x, x) @ torch.complex(x, x).mT, (5, 8), 4 * 5 * 8 * 5),
    ],
)
def test_products_of_every_kind(
    counted: Callable[..., Complexity], function: Callable[..., Tensor], shape: tuple[int, ...], expected: int
) -> None:
    counts = counted(Function(function), *shape)
    assert sum(layer.multi_adds for layer in counts.layers) == expected
    assert counts.uncounted == ()


@BOTH_WAYS
@pytest.mark.parametrize(
    ("function", "weights", "expected"),
    [
        # A convolution from 3 to 4 channels: 27 weights for each of 4 channels at each pixel.
        (lambda x, w: (w[None, :, :, None] * F.unfold(x, 3, padding=1)[:, None]).sum(2), (4, 27), 4 * 27 * PIXELS),
        # A depthwise one: 9 weights for each of 3 channels.
        (
            lambda x, w: (w[None, :, :, None] * F.unfold(x, 3, padding=1).view(1, 3, 9, -1)).sum(2),
            (3, 9),
            3 * 9 * PIXELS,
        ),
        # The same on windows that are views, without a border: 10x14 places.
        (
            lambda x, w: (x.unfold(2, 3, 1).unfold(3, 3, 1) * w.view(1, 3, 1, 1, 3, 3)).sum((-1, -2)),
            (3, 9),
            3 * 9 * 10 * 14,
        ),
    ],
)
def test_a_convolution_by_unfold_multiply_sum_is_a_product(
    counted: Callable[..., Complexity], function: Callable[..., Tensor], weights: tuple[int, ...], expected: int
) -> None:
    counts = counted(Function(function, w=weights))
    assert counts.multi_adds == expected
    assert [layer.operator for layer in counts.layers] == ["multiply and sum"]


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x * x.mean((2, 3), keepdim=True),  # channel attention
        lambda x: (x * x).sum(1),  # a norm
        lambda x: (x[:, :, :, :1] * x[:, :, :1]).relu(),  # each with each, and no sum
    ],
)
def test_what_papers_leave_out_is_no_product(function: Callable[..., Tensor]) -> None:
    assert on_shapes(Function(function)).multi_adds == 0


@pytest.mark.filterwarnings("ignore")
def test_a_traced_network_counts_as_it_did_before() -> None:
    # A trace calls an operator that no module does.
    convolution = nn.Conv2d(3, 3, 3, padding=1).eval()
    traced = torch.jit.trace(convolution, torch.rand(IMAGE))  # type: ignore[no-untyped-call]
    found = on_values(traced)
    assert (found.multi_adds, found.convs, found.uncounted) == (CONV, 1, ())


def test_a_transformer_layer_costs_the_same_with_values() -> None:
    # On values torch would run the layer as one operator: 4 * 16*16 and 2 * 16*32 weights and 2 * 64*16 scores a token.
    counts = on_values(nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), 1, 64, 16)
    assert counts.multi_adds == 64 * (4 * 16 * 16 + 2 * 16 * 32 + 2 * 64 * 16)
    assert torch.backends.mha.get_fastpath_enabled()


def test_a_deformable_convolution_is_a_convolution() -> None:
    # torchvision's, or one with its name: 4 * 3*9 weights at each pixel.
    weight, out = torch.empty(4, 3, 3, 3, device="meta"), torch.empty(1, 4, 12, 16, device="meta")
    assert products.deformable(torch.empty(IMAGE, device="meta"), weight, out) == 4 * 27 * PIXELS
    assert products.counts("torchvision::deform_conv2d")


# --- Free


@BOTH_WAYS
def test_free_operators_are_no_cost_and_no_doubt(counted: Callable[..., Complexity]) -> None:
    def forward(x: Tensor) -> Tensor:
        x = F.pad(F.gelu(F.layer_norm(x, (16,))), (1, 1, 1, 1), "reflect")
        x = F.interpolate(F.avg_pool2d(x, 2), scale_factor=2, mode="bicubic")
        x = F.grid_sample(x, torch.zeros(1, 8, 8, 2, device=x.device), align_corners=False)
        x = F.pixel_shuffle(x.repeat(1, 4, 1, 1), 2).roll(1, 2).softmax(1)
        return torch.where(x > 0.5, x, -x).clamp_(0, 1).flip(-1).amax(1, keepdim=True)

    counts = counted(Function(forward))
    assert (counts.multi_adds, counts.uncounted) == (0, ())
    assert counts.free_elements is not None
    assert counts.free_elements > 0


def test_free_elements_are_those_that_operators_give() -> None:
    # Of each of two images: ReLU and shuffle give as many elements as it has, the view between them none.
    counts = on_shapes(Function(lambda x: F.pixel_shuffle(F.relu(x).view(1, 4, 6, 24), 2)), 2, 2, 12, 12)
    assert counts.free_elements == 2 * (2 * 12 * 12)


@pytest.mark.parametrize(
    ("name", "sort"),
    [
        ("aten::relu_", "free"),
        ("aten::adaptive_avg_pool2d", "free"),
        ("aten::pad", "free"),
        ("aten::view", "view"),
        ("aten::cumsum", "unknown"),
        ("aten::sort", "unknown"),
        ("aten::topk", "unknown"),
        ("aten::_fft_c2c", "unknown"),
        ("aten::fft_rfft2", "unknown"),
        ("aten::no_such_operator", "unknown"),
        ("mine::relu", "unknown"),
    ],
)
def test_operators_are_sorted_by_name(name: str, sort: operators.Sort) -> None:
    assert operators.sort_by_name(name) == sort


# --- Unknown


@BOTH_WAYS
@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: torch.fft.rfft2(x).real, "aten::_fft_r2c"),
        (lambda x: x.cumsum(1), "aten::cumsum"),
        (lambda x: x.sort(1)[0], "aten::sort"),
        (lambda x: torch.cdist(x, x), "aten::_cdist_forward"),
        (lambda x: F.bilinear(x, x, torch.ones(2, 16, 16, device=x.device)), "aten::_trilinear"),
        (lambda x: torch.linalg.inv(x @ x.mT), "aten::linalg_inv_ex"),
    ],
)
def test_an_operator_of_unknown_cost_is_named(
    counted: Callable[..., Complexity], function: Callable[..., Tensor], expected: str
) -> None:
    counts = counted(Function(function))
    assert expected in names(counts)
    assert counts.is_lower_bound


def test_calls_of_unknown_operators_are_told_by_shapes() -> None:
    counts = on_shapes(Function(lambda x: x.cumsum(1).cumsum(2)[:, :, :6].cumsum(1)))
    assert counts.uncounted == (
        Uncounted(operator="aten::cumsum", calls=2, shapes=((1, 3, 12, 16),)),
        Uncounted(operator="aten::cumsum", calls=1, shapes=((1, 3, 6, 16),)),
    )


@torch.library.custom_op("srbench_test::convolve", mutates_args=())
def convolve(x: Tensor, weight: Tensor) -> Tensor:
    return F.conv2d(x, weight, padding=1)


@convolve.register_fake
def _(x: Tensor, weight: Tensor) -> Tensor:
    return x.new_empty(x.shape[0], weight.shape[0], *x.shape[2:])


def convolving() -> Function:
    """A convolution in an operator of one's own, from 3 channels to 3."""
    return Function(convolve, w=(3, 3, 3, 3))


@pytest.fixture
def no_rules_after(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "_RULES", {})


@BOTH_WAYS
def test_an_operator_of_ones_own_is_never_nothing(counted: Callable[..., Complexity]) -> None:
    counts = counted(convolving())
    assert counts.uncounted == (Uncounted(operator="srbench_test::convolve", calls=1, shapes=(IMAGE, (3, 3, 3, 3))),)
    assert (counts.params, counts.never_read) == (81, 0)


@pytest.mark.usefixtures("no_rules_after")
@BOTH_WAYS
def test_a_rule_counts_it(counted: Callable[..., Complexity]) -> None:
    @count_rule("srbench_test::convolve")
    def _(x: tuple[int, ...], weight: tuple[int, ...]) -> int:
        return x[0] * x[2] * x[3] * prod(weight)

    counts = counted(convolving())
    assert (counts.multi_adds, counts.uncounted, counts.by_rule) == (CONV, (), ("srbench_test::convolve",))


@pytest.mark.usefixtures("no_rules_after")
def test_a_rule_may_ask_for_the_output() -> None:
    @count_rule("srbench_test::convolve")
    def _(x: tuple[int, ...], weight: tuple[int, ...], out: tuple[int, ...]) -> int:
        return prod(out) * prod(weight[1:])

    assert on_shapes(convolving()).multi_adds == CONV


@pytest.fixture
def registered() -> Iterator[None]:
    packet = torch.ops.srbench_test.convolve

    @flop_counter.register_flop_formula(packet)
    def _(x: list[int], weight: list[int], *, out_shape: list[int], **_: object) -> int:
        return 2 * prod(out_shape) * prod(weight[1:])

    yield
    flop_counter.flop_registry.pop(packet)


@pytest.mark.usefixtures("registered")
def test_a_formula_of_torchs_registry_is_read() -> None:
    counts = on_shapes(convolving())  # FLOPs are twice the Multi-Adds
    assert (counts.multi_adds, counts.uncounted) == (CONV, ())


@pytest.mark.usefixtures("no_rules_after")
@pytest.mark.parametrize("given", [-1, 1.5, None, True])
def test_a_rule_that_gives_no_count_is_said(given: Any) -> None:
    count_rule("srbench_test::convolve")(lambda *_: given)
    with pytest.raises(InputError, match="the count rule of srbench_test::convolve gives"):
        on_shapes(convolving())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("convolve", "write namespace::name"),
        ("mine::convolve.default", "write namespace::name"),
        ("aten::conv2d", "srbench counts this operator itself"),
        ("aten::mm", "srbench counts this operator itself"),
        ("aten::relu", "papers leave this operator out"),
    ],
)
def test_no_rule_for_what_srbench_knows(name: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        count_rule(name)
