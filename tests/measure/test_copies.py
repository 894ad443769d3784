"""What a convolution holds on a CPU: by hand for each rule, and against torch's own list of allocations."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from srbench.measure.copies import BLOCKS, Cpu, convolution_bytes, this_cpu

AVX512 = Cpu(block=16, threads=2, dtypes=frozenset((torch.float32,)))
AVX2 = replace(AVX512, block=8)
ONE_THREAD = replace(AVX512, threads=1)
NO_ONEDNN = replace(AVX512, dtypes=frozenset())
#: Pixels of a 320x180 image; times 4 for bytes of float32.
MAP = 320 * 180 * 4

Conv = nn.Conv2d | nn.ConvTranspose2d


def predicted(cpu: Cpu, conv: Conv, x: Tensor) -> int:
    """The rule's answer; the output's shape comes from torch."""
    conv = deepcopy(conv).to("meta")
    with torch.no_grad():
        out = conv(x.to("meta"))
    paddings = [p for p in conv.padding if not isinstance(p, str)]
    return convolution_bytes(
        cpu,
        x,
        conv.weight,
        out,
        stride=conv.stride,
        padding=paddings,
        dilation=conv.dilation,
        transposed=conv.transposed,
        groups=conv.groups,
    )


def image(channels: int, width: int = 320, height: int = 180, batch: int = 1) -> Tensor:
    return torch.empty(batch, channels, height, width, device="meta")


def same(channels: int, gives: int, kernel: int, groups: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels, gives, kernel, padding=kernel // 2, groups=groups, device="meta")


@pytest.mark.parametrize(
    ("cpu", "conv", "expected"),
    [
        # Blocked input, blocked weights, blocked output: 50 channels are four blocks of 16 or seven of 8.
        pytest.param(AVX512, same(50, 50, 3), 64 * MAP + 4 * 64 * 64 * 9 + 64 * MAP, id="blocks of 16"),
        pytest.param(AVX2, same(50, 50, 3), 56 * MAP + 4 * 56 * 56 * 9 + 56 * MAP, id="blocks of 8"),
        # Three channels are read in place; the peak is the blocked output beside the plain one.
        pytest.param(AVX512, same(3, 50, 3), 64 * MAP + 50 * MAP, id="an image is read in place"),
        pytest.param(AVX512, same(15, 3, 3), 16 * MAP + 3 * MAP, id="fifteen channels too"),
        pytest.param(AVX2, same(15, 3, 3), 16 * MAP + 4 * 8 * 16 * 9 + 8 * MAP, id="not with blocks of 8"),
        # 1x1 and depthwise convolutions block any input.
        pytest.param(AVX512, same(3, 3, 1), 16 * MAP + 4 * 16 * 16 + 16 * MAP, id="1x1"),
        pytest.param(AVX512, same(3, 3, 3, groups=3), 16 * MAP + 4 * 16 * 9 + 16 * MAP, id="depthwise"),
        pytest.param(AVX512, same(48, 48, 3, groups=4), 48 * MAP + 4 * 48 * 12 * 9 + 48 * MAP, id="groups"),
        # One thread: torch multiplies matrices where 1x1 needs no unfolding; else as before.
        pytest.param(ONE_THREAD, same(256, 64, 1), 64 * MAP, id="1x1 on one thread"),
        pytest.param(ONE_THREAD, same(64, 64, 3), 128 * MAP + 4 * 64 * 64 * 9, id="3x3 on one thread"),
        # Without oneDNN the input is unfolded: nine values for each pixel and channel.
        pytest.param(NO_ONEDNN, same(64, 32, 3), 9 * 64 * MAP + 32 * MAP, id="unfolded"),
        pytest.param(NO_ONEDNN, same(64, 32, 1), 32 * MAP, id="1x1 needs no unfolding"),
        pytest.param(NO_ONEDNN, same(8, 8, 3, groups=8), 9 * MAP + 8 * MAP, id="unfolded group by group"),
        pytest.param(NO_ONEDNN, same(32, 32, 3, groups=2), 9 * 16 * MAP + 32 * MAP, id="unfolded group by group, wide"),
    ],
)
def test_one_image_of_320x180(cpu: Cpu, conv: nn.Conv2d, expected: int) -> None:
    assert predicted(cpu, conv, image(conv.in_channels)) == expected


def test_small_inputs_are_unfolded() -> None:
    # 20480 elements (Convolution.cpp) are 64 channels of 20x16 pixels.
    small, large = image(64, 20, 16), image(64, 20, 17)
    assert predicted(AVX512, same(64, 64, 3), small) == 4 * 320 * (9 * 64 + 64)
    assert predicted(AVX512, same(64, 64, 3), large) == 4 * (340 * (64 + 64) + 64 * 64 * 9)
    # Two images, large kernels and groups go to oneDNN whatever their size.
    assert predicted(AVX512, same(64, 64, 3), image(64, 20, 16, batch=2)) == 4 * (640 * 128 + 64 * 64 * 9)
    assert predicted(AVX512, same(64, 64, 5), small) == 4 * (320 * 128 + 64 * 64 * 25)
    assert predicted(AVX512, same(64, 64, 3, groups=64), small) == 4 * (320 * 128 + 64 * 9)


def test_a_part_of_a_batch_is_made_contiguous_first() -> None:
    part = image(64, batch=2)[:, :48]
    assert predicted(AVX512, same(48, 64, 3), part) == 2 * MAP * (48 + 64 + 64)
    # Of one image the first channels are contiguous as they are.
    assert predicted(AVX512, same(48, 64, 3), image(64)[:, :48]) == MAP * (64 + 64)


def test_channels_last_needs_no_copy() -> None:
    x = torch.empty(1, 64, 180, 320, device="meta", memory_format=torch.channels_last)
    assert predicted(AVX512, same(64, 32, 3), x) == 32 * MAP


def test_double_precision_and_volumes_stay_with_torch() -> None:
    x = image(8).double()
    assert predicted(AVX512, same(8, 8, 3).double(), x) == 2 * (9 * 8 + 8) * MAP
    volume, conv = torch.empty(1, 8, 20, 50, 50, device="meta"), nn.Conv3d(8, 4, 3, padding=1, device="meta")
    held = convolution_bytes(
        AVX512,
        volume,
        conv.weight,
        conv(volume),
        stride=(1, 1, 1),
        padding=(1, 1, 1),
        dilation=(1, 1, 1),
        transposed=False,
        groups=1,
    )
    assert held == 4 * 50_000 * (27 * 8 + 4)


def test_this_cpu_is_asked_once_for_each_number_of_threads() -> None:
    assert this_cpu(1).threads == 1
    assert this_cpu().threads > 1
    assert this_cpu() is this_cpu()


KINDS: Sequence[Conv] = (
    *(nn.Conv2d(i, o, k, padding=k // 2) for i in (3, 12, 50) for o in (3, 50) for k in (1, 3, 5)),
    nn.Conv2d(50, 50, 3, 2),
    nn.Conv2d(16, 16, 3, padding=2, dilation=2),
    nn.Conv2d(50, 50, 3, padding=1, groups=50),
    nn.Conv2d(16, 16, 3, 2, groups=16),
    nn.Conv2d(64, 64, 3, padding=1, groups=4),
    nn.Conv2d(20, 20, (1, 3), padding=(0, 1)),
    nn.ConvTranspose2d(16, 24, 3, padding=1),
)


def largest_sum(conv: nn.Module, x: Tensor) -> int:
    """Most bytes that torch had allocated at once during a call."""
    with torch.inference_mode():
        conv(x)
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
            conv(x)
    assert seen.profiler is not None
    events = [event for event in seen.profiler.kineto_results.events() if event.name() == "[memory]"]
    held = most = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        held += event.nbytes()
        most = max(most, held)
    return most


@pytest.mark.skipif(
    torch.backends.cpu.get_cpu_capability() not in BLOCKS or torch.float32 not in this_cpu().dtypes,
    reason="the layouts of oneDNN are known for AVX2 and AVX-512",
)
@pytest.mark.parametrize("conv", KINDS, ids=str)
@pytest.mark.parametrize("size", [(2, 60, 80), (1, 60, 80), (1, 9, 11)], ids=str)
def test_what_torch_allocates(conv: Conv, size: tuple[int, int, int]) -> None:
    batch, height, width = size
    x = torch.rand(batch, conv.in_channels, height, width)
    actual = largest_sum(conv, x)
    # Scratch pads are not predicted: a padded bias, at most 64 float32, and a little more for odd shapes.
    assert predicted(this_cpu(torch.get_num_threads()), conv, x) == pytest.approx(actual, rel=0.03, abs=512)
