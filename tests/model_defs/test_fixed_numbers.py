"""Numbers that are part of an architecture but arrive neither by training nor by a formula of the others.

The comparisons with official outputs overwrite most of them, so they are stated here.
"""

import pytest
import torch

from model_defs import build
from model_defs.bsrn import BSRN
from model_defs.ecbsr import EdgeBlock
from model_defs.msrn import MSRN

#: Mean colour of DIV2K for RGB in [0, 1], as EDSR's framework and hongyuanyu/SPAN have it.
DIV2K_MEAN = (0.4488, 0.4371, 0.4040)


@pytest.mark.parametrize(
    ("branch", "rows"),
    [  # xindongzhang/ECBSR, models/ecb.py
        ("conv1x1_sbx", [[1, 0, -1], [2, 0, -2], [1, 0, -1]]),
        ("conv1x1_sby", [[1, 2, 1], [0, 0, 0], [-1, -2, -1]]),
        ("conv1x1_lpl", [[0, 1, 0], [1, -4, 1], [0, 1, 0]]),
    ],
)
def test_edge_filters_of_ecbsr(branch: str, rows: list[list[int]]) -> None:
    mask = EdgeBlock(3, 5).state_dict()[f"{branch}.mask"]
    assert mask.shape == (5, 1, 3, 3)
    assert (mask == torch.tensor(rows)).all()


def test_edge_filters_start_faint() -> None:
    # Scale and bias are drawn from a normal distribution times 0.001.
    torch.manual_seed(1)
    state = EdgeBlock(1, 2000).state_dict()
    for branch in ("conv1x1_sbx", "conv1x1_sby", "conv1x1_lpl"):
        for part in ("scale", "bias"):
            assert 0.9e-3 < state[f"{branch}.{part}"].std() < 1.1e-3


@pytest.mark.parametrize("name", ["ecbsr-m4c8", "repsr-m4c8"])
def test_slopes_start_at_a_quarter_for_each_channel(name: str) -> None:
    slopes = [m.weight for m in build(name, 2).modules() if isinstance(m, torch.nn.PReLU)]
    assert len(slopes) == 5
    assert all(slope.shape == (8,) and (slope == 0.25).all() for slope in slopes)


def test_mean_shift_of_msrn() -> None:
    # MIVRC/MSRN-PyTorch at rgb_range 255: subtracts the mean colour at the start and adds it at the end.
    state = MSRN(2).state_dict()
    mean = 255 * torch.tensor(DIV2K_MEAN)
    for module, sign in (("sub_mean", -1), ("add_mean", 1)):
        torch.testing.assert_close(state[f"{module}.bias"], sign * mean)
        assert torch.equal(state[f"{module}.weight"][:, :, 0, 0], torch.eye(3))


def test_mean_color_of_span_is_not_stored() -> None:
    model = build("span", 2)
    # The plain tensor of the official code has no place in checkpoints, yet must follow the network's device and dtype.
    assert not any("mean" in key for key in model.state_dict())
    assert [tuple(buffer.flatten().tolist()) for buffer in model.double().buffers()] == [
        tuple(torch.tensor(DIV2K_MEAN).double().tolist())
    ]


def test_channel_weights_of_bsrn_s_start_around_one() -> None:
    # rfdnfinalB5_arch.py of xiaom233/BSRN draws them from N(1, 0.2), in the shape (1, channels).
    torch.manual_seed(1)
    weights = [tensor for key, tensor in BSRN(4, small=True).state_dict().items() if key.endswith(".cw")]
    assert {weight.shape for weight in weights} == {(1, 48)}
    drawn = torch.cat(weights)
    assert 0.95 < drawn.mean() < 1.05
    assert 0.15 < drawn.std() < 0.25
