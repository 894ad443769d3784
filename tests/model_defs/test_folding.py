"""Folding: what trains as many branches runs as one convolution that gives the same output."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from model_defs import build, form_of, get, to_deploy, variants
from model_defs.ecbsr import EdgeBlock
from model_defs.reparam import Foldable, Kernel
from model_defs.repsr import RepBlock
from model_defs.span import Conv3XC
from tests.model_defs.random_weights import copy_of_state, image, randomise, same_state

Maker = Callable[[int, int], Foldable]

#: RepBlock keeps its width (its identity path cannot do otherwise), so it ignores the second number.
BLOCKS: dict[str, Maker] = {
    "ecb": EdgeBlock,
    "ecb-linear": lambda i, o: EdgeBlock(i, o, active=False),
    "conv3xc": Conv3XC,
    "conv3xc-gain1": lambda i, o: Conv3XC(i, o, gain=1),
    "repblock": lambda i, _: RepBlock(i),
}
#: Convolutions of one training-form pass, counted in the descriptions of the blocks: ECB has a 3x3 and four branches
#: of two; Conv3XC a chain of three and one beside it; RepSR's block two branches of two.
BRANCH_CONVS = {"ecb": 9, "ecb-linear": 9, "conv3xc": 4, "conv3xc-gain1": 4, "repblock": 4}

FOLDING = [v.name for v in variants() if v.folds]
SINGLE_FORM = [v.name for v in variants() if not v.folds]

every_block = pytest.mark.parametrize("make", BLOCKS.values(), ids=BLOCKS)
few = settings(max_examples=40, deadline=None)
widths = st.integers(1, 12)
sides = st.integers(1, 9)
seeds = st.integers(0, 2**32 - 1)


class CountConvolutions(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch leaves the mode untyped
    """Counts the convolutions that really run."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.convolutions = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        if func is torch.ops.aten.convolution.default:
            self.convolutions += 1
        return func(*args, **(kwargs or {}))


def run(module: nn.Module, x: Tensor) -> Tensor:
    with torch.no_grad():
        out: Tensor = module(x)
    return out


def assert_close(ours: Tensor, theirs: Tensor, relative: float) -> None:
    """Within ``relative`` of the largest value; of 1, where the terms of unit size happen to cancel."""
    assert ours.shape == theirs.shape
    assert (ours - theirs).abs().max() <= relative * max(1.0, theirs.abs().max().item())


@every_block
class TestBlock:
    """What holds for each kind of block that folds."""

    # At sides of 1 and 2 every pixel is a border pixel: a wrong padding rule cannot hide in the interior.
    @few
    @given(inner=widths, outer=widths, height=sides, width=sides, seed=seeds)
    def test_deploy_form_equals_training_form(
        self, make: Maker, inner: int, outer: int, height: int, width: int, seed: int
    ) -> None:
        block = randomise(make(inner, outer), seed)
        x = image(seed, inner, height, width)
        assert_close(run(to_deploy(block), x), run(block, x), 1e-12)

    @few
    @given(inner=widths, outer=widths, seed=seeds)
    def test_original_stays_as_it_is(self, make: Maker, inner: int, outer: int, seed: int) -> None:
        block = randomise(make(inner, outer), seed)
        before = copy_of_state(block)
        deployed = to_deploy(block)
        for parameter in deployed.parameters():  # writing to the copy must not reach the original either
            parameter.detach().zero_()
        assert form_of(block) == "train"
        assert same_state(before, block.state_dict())

    @few
    @given(inner=widths, outer=widths, seed=seeds)
    def test_folding_twice_changes_nothing(self, make: Maker, inner: int, outer: int, seed: int) -> None:
        once = to_deploy(randomise(make(inner, outer), seed))
        twice = to_deploy(once)
        assert form_of(once) == "deploy"
        assert same_state(once.state_dict(), twice.state_dict())

    @pytest.mark.parametrize("training", [True, False])
    def test_forward_never_folds(self, make: Maker, training: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> Kernel:
            raise AssertionError("forward folded")

        block = randomise(make(5, 7), seed=1).train(training)
        monkeypatch.setattr(type(block), "kernel", refuse)
        run(block, image(1, 5, 6, 4))

    def test_forward_in_evaluation_mode_changes_no_state(self, make: Maker) -> None:
        block = randomise(make(5, 7), seed=2)
        before = copy_of_state(block)
        run(block, image(2, 5, 6, 4))
        assert same_state(before, block.state_dict())

    @pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
    @pytest.mark.parametrize("training", [True, False])
    def test_dtype_and_mode_are_kept(self, make: Maker, dtype: torch.dtype, training: bool) -> None:
        deployed = to_deploy(make(3, 4).to(dtype).train(training))
        assert {parameter.dtype for parameter in deployed.parameters()} == {dtype}
        assert {module.training for module in deployed.modules()} == {training}


@pytest.mark.parametrize("kind", BLOCKS)
def test_deploy_form_runs_one_convolution(kind: str) -> None:
    block, x = randomise(BLOCKS[kind](5, 7), seed=3), image(3, 5, 6, 4)
    deployed = to_deploy(block)
    with CountConvolutions() as training:
        run(block, x)
    with CountConvolutions() as folded:
        run(deployed, x)
    assert training.convolutions == BRANCH_CONVS[kind]
    assert folded.convolutions == 1


def test_stored_copy_of_folded_weights_is_not_used() -> None:
    """``eval_conv`` of a SPAN checkpoint may be stale; what counts are the branches."""
    block, x = randomise(Conv3XC(6, 5), seed=4), image(4, 6, 5, 5)
    before, deployed_before = run(block, x), to_deploy(block)
    randomise(block.eval_conv, seed=5)
    assert torch.equal(run(block, x), before)
    assert same_state(to_deploy(block).state_dict(), deployed_before.state_dict())


def test_batch_norm_folds_with_running_statistics() -> None:
    """In train() mode a norm uses its batch, which no convolution can; folding takes the population's statistics."""
    block, x = randomise(RepBlock(4), seed=6), image(6, 4, 8, 8)
    deployed = to_deploy(block.train())
    assert_close(run(deployed, x), run(block.eval(), x), 1e-12)
    assert (run(deployed, x) - run(block.train(), x)).abs().max() > 1e-3


@pytest.mark.parametrize("name", FOLDING)
def test_network_folds(name: str) -> None:
    scale = get(name).scales[-1]
    model = randomise(build(name, scale, form="train"), seed=7)
    before = copy_of_state(model)
    deployed = to_deploy(model)
    # Near the mean colour that SPAN subtracts before it multiplies by 255: its features stay of unit size. Far from it
    # they saturate, and the network alone turns one rounding of its input into 1e-11 of its output.
    x = 0.43 + image(7, get(name).in_channels, 5, 6) / 255
    assert (form_of(model), form_of(deployed)) == ("train", "deploy")
    assert_close(run(deployed, x), run(model, x), 1e-12)
    assert same_state(before, model.state_dict())
    assert same_state(deployed.state_dict(), to_deploy(deployed).state_dict())


@pytest.mark.parametrize("name", FOLDING)
def test_folded_network_is_keyed_like_a_built_one(name: str) -> None:
    for scale in get(name).scales:
        folded = to_deploy(build(name, scale, "train", "meta")).state_dict()
        built = build(name, scale, "deploy", "meta").state_dict()
        assert {k: t.shape for k, t in folded.items()} == {k: t.shape for k, t in built.items()}


@pytest.mark.parametrize("name", SINGLE_FORM)
def test_network_of_one_form_is_copied_unchanged(name: str) -> None:
    model = build(name, get(name).scales[0], form="train")
    copy = to_deploy(model)
    assert copy is not model
    assert form_of(model) == form_of(copy) == "deploy"
    assert str(copy) == str(model)
    assert same_state(model.state_dict(), copy.state_dict())
    storages = {parameter.data_ptr() for parameter in model.parameters()}
    assert storages.isdisjoint(parameter.data_ptr() for parameter in copy.parameters())
