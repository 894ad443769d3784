"""Parameters and stored tensors of every network, against the numbers of papers and official classes.

Where a comment gives only a repository, the number is the official class's own ``parameters()``.
"""

import pytest
import torch
from torch import nn

from model_defs import Form, build, get
from model_defs.rfdn import RFDN, Attention

#: (variant, form, {scale: parameters})
COUNTS: list[tuple[str, Form, dict[int, int]]] = [
    # xiaom233/BSRN; the paper prints 332K, 340K, 352K and, for BSRN-S, 156K.
    ("bsrn", "deploy", {2: 331_628, 3: 340_283, 4: 352_400}),
    ("bsrn-s", "deploy", {4: 156_288}),
    # njulj/RFDN at x4; at other scales only the last convolution changes: 50*9*12 + 12 (x2), 50*9*27 + 27 (x3).
    ("rfdn", "deploy", {2: 417_212, 3: 423_977, 4: 433_448}),
    # The paper prints 534K, 541K, 550K. Assembled from official blocks: 48 features, 6 blocks, CCA(48, 4) after c5.
    ("rfdn-paper", "deploy", {2: 534_036, 3: 540_531, 4: 549_624}),
    # Zheng222/IMDN; the paper prints 694K, 703K, 715K.
    ("imdn", "deploy", {2: 694_404, 3: 703_059, 4: 715_176}),
    ("imdn-rtc", "deploy", {2: 20_190}),
    ("imdn-rte", "deploy", {2: 89_748}),
    ("imdn-as", "deploy", {1: 752_104}),
    # MIVRC/MSRN-PyTorch, 2019 code; each includes the 24 numbers of the two mean shifts.
    ("msrn", "deploy", {2: 5_930_331, 3: 6_114_971, 4: 6_078_043, 8: 6_225_755}),
    # xindongzhang/ECBSR, models/plainsr.py and models/ecbsr.py; the latter counts its fixed edge filters.
    ("ecbsr-m4c8", "deploy", {2: 2_748, 3: 3_113, 4: 3_624}),
    ("ecbsr-m4c16", "deploy", {2: 10_100, 3: 10_825, 4: 11_840}),
    ("ecbsr-m10c16", "deploy", {2: 24_116, 3: 24_841, 4: 25_856}),
    ("ecbsr-m10c32", "deploy", {2: 94_308, 3: 95_753, 4: 97_776}),
    ("ecbsr", "deploy", {2: 594_884, 3: 597_769, 4: 601_808}),
    ("ecbsr-m4c8", "train", {2: 11_992, 4: 18_136}),
    ("ecbsr-m4c16", "train", {2: 42_224, 4: 49_712}),
    ("ecbsr-m10c32", "train", {2: 363_232, 4: 373_408}),
    ("ecbsr", "train", {2: 2_220_416, 4: 2_235_968}),
    # ECNUSR/ETDS prints 11.55K, 13.72K, 16.77K for the folded form; XPixelGroup/BasicSR has the training form.
    ("ecbsr-m4c16-rgb", "deploy", {2: 11_548, 3: 13_723, 4: 16_768}),
    ("ecbsr-m4c16-rgb", "train", {2: 47_088, 4: 95_472}),
    ("ecbsr-m16c64-rgb", "train", {2: 2_232_000, 4: 2_304_576}),
    # Reconstruction: folded it is ECBSR's plain network; unfolded, assembled after JL-DY/RepSR.
    ("repsr-m4c16", "deploy", {2: 10_100, 3: 10_825, 4: 11_840}),
    ("repsr-m10c32", "deploy", {2: 94_308, 3: 95_753, 4: 97_776}),
    ("repsr", "deploy", {2: 594_884, 3: 597_769, 4: 601_808}),
    ("repsr-m4c16-rgb", "deploy", {2: 11_548, 4: 16_768}),
    ("repsr-m10c32-rgb", "deploy", {2: 97_196, 4: 107_600}),
    ("repsr-m16c64-rgb", "deploy", {2: 600_652, 4: 621_424}),
    ("repsr-m4c16", "train", {2: 42_676, 4: 44_416}),
    ("repsr-m10c32", "train", {2: 415_908, 4: 419_376}),
    ("repsr", "train", {2: 2_639_812, 4: 2_646_736}),
    ("repsr-m4c16-rgb", "train", {2: 44_124, 4: 49_344}),
    ("repsr-m10c32-rgb", "train", {2: 418_796, 4: 429_200}),
    ("repsr-m16c64-rgb", "train", {2: 2_645_580, 4: 2_666_352}),
    # hongyuanyu/SPAN; the paper prints 498K for 52 channels at x4. The training class counts its `eval_conv` too.
    ("span", "deploy", {2: 410_700, 3: 417_195, 4: 426_288}),
    ("span", "train", {2: 2_221_140, 3: 2_227_635, 4: 2_236_728}),
    ("span-ch52", "deploy", {2: 481_324, 3: 488_359, 4: 498_208}),
    ("span-ch52", "train", {2: 2_605_080, 3: 2_612_115, 4: 2_621_964}),
]

#: RFDN's other layouts, assembled from official blocks: (features, attention, {scale: parameters}), 6 blocks each.
RFDN_LAYOUTS: list[tuple[int, Attention, dict[int, int]]] = [
    (48, "esa", {2: 566_364, 3: 572_859, 4: 581_952}),
    (48, "cca", {2: 534_036, 3: 540_531, 4: 549_624}),
    (48, "cca-wide", {2: 534_288, 3: 540_783, 4: 549_876}),
    (52, "esa", {2: 663_870, 4: 680_754}),  # RFDN-L; another paper prints 681K
    (52, "cca", {2: 625_962, 3: 632_997, 4: 642_846}),
    (52, "cca-wide", {2: 625_608, 4: 642_492}),
]

#: Tensors in official checkpoints: (variant, form, {scale: tensors}).
TENSORS: list[tuple[str, Form, dict[int, int]]] = [
    ("bsrn", "deploy", {2: 346, 3: 346, 4: 346}),
    ("bsrn-s", "deploy", {4: 247}),
    ("rfdn", "deploy", {2: 128, 3: 128, 4: 128}),
    ("imdn", "deploy", {2: 92, 3: 92, 4: 92}),
    ("imdn-rtc", "deploy", {2: 56}),
    ("imdn-rte", "deploy", {2: 48}),
    ("imdn-as", "deploy", {1: 94}),
    ("msrn", "deploy", {2: 94, 3: 94, 4: 96, 8: 98}),
    ("ecbsr-m4c16", "train", {2: 131, 4: 131}),
    ("ecbsr-m4c16", "deploy", {2: 17, 4: 17}),
    ("span", "train", {2: 204, 3: 204, 4: 204}),
    ("span", "deploy", {2: 44, 3: 44, 4: 44}),
]


def parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(("name", "form", "counts"), COUNTS)
def test_parameters(name: str, form: Form, counts: dict[int, int]) -> None:
    assert {scale: parameters(build(name, scale, form, "meta")) for scale in counts} == counts


@pytest.mark.parametrize("name", [name for name, form, _ in COUNTS if form == "deploy" and not get(name).folds])
def test_networks_of_one_form_count_the_same_in_both(name: str) -> None:
    for scale in get(name).scales:
        assert parameters(build(name, scale, "train", "meta")) == parameters(build(name, scale, "deploy", "meta"))


@pytest.mark.parametrize(("features", "attention", "counts"), RFDN_LAYOUTS)
def test_parameters_of_rfdn_layouts(features: int, attention: Attention, counts: dict[int, int]) -> None:
    with torch.device("meta"):
        assert {s: parameters(RFDN(s, features, blocks=6, attention=attention)) for s in counts} == counts


@pytest.mark.parametrize(("name", "form", "counts"), TENSORS)
def test_stored_tensors(name: str, form: Form, counts: dict[int, int]) -> None:
    assert {scale: len(build(name, scale, form, "meta").state_dict()) for scale in counts} == counts


@pytest.mark.parametrize(("name", "trainable"), [("span", 1_840_488), ("span-ch52", 2_157_136)])
def test_span_does_not_train_its_folded_copy(name: str, trainable: int) -> None:
    # hongyuanyu/SPAN at x4: `eval_conv` is frozen.
    model = build(name, 4, "train", "meta")
    assert sum(p.numel() for p in model.parameters() if p.requires_grad) == trainable


def test_repsr_norm_buffers() -> None:
    # 4 blocks of 2 branches: mean and variance of 32 channels, and one counter.
    buffers = build("repsr-m4c16", 4, "train", "meta").buffers()
    assert sum(buffer.numel() for buffer in buffers) == 4 * 2 * (2 * 32 + 1) == 520


def test_ecbsr_does_not_train_its_edge_filters() -> None:
    frozen = {key for key, p in build("ecbsr-m4c16", 4, "train", "meta").named_parameters() if not p.requires_grad}
    assert frozen == {f"backbone.{i}.conv1x1_{edge}.mask" for i in range(6) for edge in ("sbx", "sby", "lpl")}
