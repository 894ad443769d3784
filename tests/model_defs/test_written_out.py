"""Networks for which no official output is at hand, against their description written out as one function each.

The functions read weights by their official key, so they test the keys as well.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from model_defs import build
from model_defs.rfdn import RFDN
from tests.model_defs.random_weights import image, randomise

State = dict[str, Tensor]


def conv(w: State, key: str, x: Tensor, stride: int = 1) -> Tensor:
    """A convolution, zero-padded to keep the size at stride 1, with a bias if the state has one."""
    weight = w[f"{key}.weight"]
    return F.conv2d(x, weight, w.get(f"{key}.bias"), stride, padding=weight.shape[-1] // 2)


def lrelu(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.05)


def contrast_attention(w: State, key: str, x: Tensor) -> Tensor:
    """Mean plus population standard deviation of each channel, through two 1x1 (IMDN paper, section 3.3)."""
    spread, mean = torch.std_mean(x, dim=(2, 3), correction=0, keepdim=True)
    return x * torch.sigmoid(conv(w, f"{key}.conv_du.2", F.relu(conv(w, f"{key}.conv_du.0", mean + spread))))


def assert_same(ours: Tensor, theirs: Tensor) -> None:
    assert ours.shape == theirs.shape
    assert (ours - theirs).abs().max() <= 1e-12 * theirs.abs().max()


@torch.no_grad()
def test_imdn_rte() -> None:
    """model/architecture.py of Zheng222/IMDN: half the grid, six splits of five channels, no biases in the blocks."""
    model = randomise(build("imdn-rte", 2), seed=1)
    w, x = model.state_dict(), image(1, 3, 8, 6)
    first = features = conv(w, "fea_conv.2", F.relu(conv(w, "fea_conv.0", x)), stride=2)
    for block in range(1, 7):
        rest, parts = features, []
        for step in range(1, 6):
            out = F.relu(conv(w, f"block{block}.c{step}", rest))
            parts.append(out[:, :5])
            rest = out[:, 5:]
        parts.append(F.relu(conv(w, f"block{block}.c6", rest)))
        features = features + conv(w, f"block{block}.c7", torch.cat(parts, 1))
    detail = conv(w, "upsampler.0", conv(w, "LR_conv", features) + first)
    assert_same(model(x), F.pixel_shuffle(detail, 4))


@torch.no_grad()
def test_imdn_as() -> None:
    """IMDN's trunk on a quarter of the grid; the output has the size of the input."""
    model = randomise(build("imdn-as", 1), seed=2)
    w, x = model.state_dict(), image(2, 3, 12, 8)
    first = features = conv(w, "fea_conv.2", lrelu(conv(w, "fea_conv.0", x, stride=2)), stride=2)
    outs = []
    for block in range(1, 7):
        rest, parts = features, []
        for step in range(1, 4):
            out = lrelu(conv(w, f"IMDB{block}.c{step}", rest))
            parts.append(out[:, :16])
            rest = out[:, 16:]
        parts.append(conv(w, f"IMDB{block}.c4", rest))
        fused = conv(w, f"IMDB{block}.c5", contrast_attention(w, f"IMDB{block}.cca", torch.cat(parts, 1)))
        features = features + fused
        outs.append(features)
    deep = conv(w, "LR_conv", lrelu(conv(w, "c.0", torch.cat(outs, 1)))) + first
    out = model(x)
    assert out.shape == x.shape
    assert_same(out, F.pixel_shuffle(conv(w, "upsampler.0", deep), 4))


def rfdn_with_contrast_attention(w: State, x: Tensor, scale: int, *, wide: bool) -> Tensor:
    """Six blocks without a residual to their input; the attention before (``wide``) or after the fusing 1x1."""
    first = features = conv(w, "fea_conv", x)
    outs = []
    for block in range(1, 7):
        rest, parts = features, []
        for step in range(1, 4):
            parts.append(lrelu(conv(w, f"B{block}.c{step}_d", rest)))
            rest = lrelu(conv(w, f"B{block}.c{step}_r", rest) + rest)
        joined = torch.cat([*parts, lrelu(conv(w, f"B{block}.c4", rest))], 1)
        if wide:
            features = conv(w, f"B{block}.c5", contrast_attention(w, f"B{block}.wide", joined))
        else:
            features = contrast_attention(w, f"B{block}.cca", conv(w, f"B{block}.c5", joined))
        outs.append(features)
    deep = conv(w, "LR_conv", lrelu(conv(w, "c.0", torch.cat(outs, 1)))) + first
    return F.pixel_shuffle(conv(w, "upsampler.0", deep), scale)


@torch.no_grad()
def test_rfdn_paper() -> None:
    """The tabulated network; its attention follows the reconstruction from parameter counts."""
    x = image(3, 3, 5, 7)
    for scale in (2, 3, 4):
        model = randomise(build("rfdn-paper", scale), seed=scale)
        assert_same(model(x), rfdn_with_contrast_attention(model.state_dict(), x, scale, wide=False))
    model = randomise(RFDN(4, features=48, blocks=6, attention="cca-wide"), seed=5)
    assert_same(model(x), rfdn_with_contrast_attention(model.state_dict(), x, 4, wide=True))


@torch.no_grad()
def test_repsr() -> None:
    """Clean identity beside two branches 3x3 -> norm -> 1x1; nearest-neighbour skip; Y or RGB."""
    for name, channels in (("repsr-m3c6", 1), ("repsr-m3c6-rgb", 3)):
        model = randomise(build(name, 3, form="train"), seed=6)
        w, x = model.state_dict(), image(6, channels, 4, 5)
        features = F.prelu(conv(w, "head.0", x), w["head.1.weight"])
        for block in range(3):
            key, total = f"body.{block}.0", features
            for branch in (f"{key}.branch1", f"{key}.branch2"):
                norm = [w[f"{branch}.norm.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
                total = total + conv(w, f"{branch}.squeeze", F.batch_norm(conv(w, f"{branch}.expand", features), *norm))
            features = F.prelu(total, w[f"body.{block}.1.weight"])
        nearest = x.repeat_interleave(3, 2).repeat_interleave(3, 3)
        assert_same(model(x), F.pixel_shuffle(conv(w, "tail", features), 3) + nearest)


@torch.no_grad()
def test_ecbsr_rgb_skip() -> None:
    """The RGB form adds each colour to its own sub-pixels; with silent convolutions only that skip is left."""
    model = build("ecbsr-m4c16-rgb", 4)
    for parameter in model.parameters():
        parameter.zero_()
    x = image(7, 3, 3, 5).float()
    assert torch.equal(model(x), x.repeat_interleave(4, 2).repeat_interleave(4, 3))
