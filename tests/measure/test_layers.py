"""Time of each module, with scripted clocks: every network here takes the time that it says."""

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from srbench.measure.layers import MAX_PASSES, MIN_PASSES, WARMUP_PASSES, measure_layers

MS = 1_000_000


@dataclass
class Clock:
    """Stands still unless it is told."""

    now: int = 0

    def __call__(self) -> int:
        return self.now


class Device:
    """Counts how often it was waited for; work that is queued takes its time then."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.queued, self.waits = clock, 0, 0

    def synchronize(self) -> None:
        self.waits += 1
        self.clock.now += self.queued
        self.queued = 0


class Takes(nn.Module):
    def __init__(self, device: Device, ms: int) -> None:
        super().__init__()
        self.device, self.ms = device, ms

    def forward(self, x: Tensor) -> Tensor:
        self.device.queued += self.ms * MS
        return x


class Block(nn.Module):
    """Two children, one of them twice, and 7 ms between them."""

    def __init__(self, device: Device) -> None:
        super().__init__()
        self.first, self.second, self.device = Takes(device, 30), Takes(device, 5), device

    def forward(self, x: Tensor) -> Tensor:
        x = self.second(self.first(x))
        self.device.queued += 7 * MS
        out: Tensor = self.first(x)
        return out


def test_a_module_s_own_time_is_not_its_children_s() -> None:
    clock = Clock()
    device = Device(clock)
    network = nn.Sequential(Takes(device, 11), Block(device))
    found = measure_layers(network, lambda: network(torch.zeros(1)), device, 1, clock=clock)
    assert [(t.name, t.kind, t.calls, t.self_ns / MS) for t in found.layers] == [
        ("", "Sequential", 1, 0),
        ("0", "Takes", 1, 11),
        ("1", "Block", 1, 7),
        ("1.first", "Takes", 2, 60),
        ("1.second", "Takes", 1, 5),
    ]
    assert found.hooked_ns == found.plain_ns == 83 * MS  # waiting costs nothing on this device
    assert found.passes == MIN_PASSES


def test_what_hooks_cost_is_seen() -> None:
    """A device on which each wait takes 1 ms: eight of a hooked pass over three modules, two of a plain one."""
    clock = Clock()

    class Slow(Device):
        def synchronize(self) -> None:
            super().synchronize()
            clock.now += MS

    device = Slow(clock)
    network = nn.Sequential(Takes(device, 10), Takes(device, 20))
    found = measure_layers(network, lambda: network(torch.zeros(1)), device, 1, clock=clock)
    # The wait at the beginning of a pass lies before its clock starts.
    assert found.plain_ns == 31 * MS
    assert found.hooked_ns == 37 * MS
    # Of the six waits of hooks one ends before any module is open; the others belong to the module that is left.
    assert sum(t.self_ns for t in found.layers) == 35 * MS


def test_the_median_forgives_a_disturbed_pass() -> None:
    clock = Clock()
    device = Device(clock)
    module = Takes(device, 10)
    # Warm-up, then a plain and a hooked pass in turns; the third hooked one is disturbed.
    disturbed, passes = 2 * WARMUP_PASSES + 6, 0

    def forward() -> None:
        nonlocal passes
        passes += 1
        module.ms = 500 if passes == disturbed else 10
        module(torch.zeros(1))

    found = measure_layers(module, forward, device, 1, clock=clock)
    assert [t.self_ns for t in found.layers] == [10 * MS]


def test_the_budget_ends_it_and_no_hook_stays() -> None:
    clock = Clock()
    device = Device(clock)
    module = Takes(device, 10)
    found = measure_layers(module, lambda: module(torch.zeros(1)), device, 1000 * MS, clock=clock)
    # A fifth is warm-up: 10 times 20 ms; then 20 ms for either kind of pass until a second is over.
    assert found.passes == 40
    assert not module._forward_hooks
    assert not module._forward_pre_hooks
    assert measure_layers(module, lambda: module(torch.zeros(1)), device, 10**15, clock=clock).passes == MAX_PASSES


def test_hooks_go_when_the_network_raises() -> None:
    clock = Clock()
    module = nn.Conv2d(3, 3, 1)
    with pytest.raises(RuntimeError):
        measure_layers(module, lambda: module(torch.zeros(1, 4, 2, 2)), Device(clock), 1, clock=clock)
    assert not module._forward_hooks


def test_a_branch_that_some_passes_leave_out_counts_as_nothing_there() -> None:
    clock = Clock()
    device = Device(clock)
    rare, always = Takes(device, 40), Takes(device, 1)
    network = nn.ModuleList([always, rare])
    passes = 0

    def forward() -> None:
        nonlocal passes
        passes += 1
        network[0](torch.zeros(1))
        if passes == 2 * WARMUP_PASSES + 2:  # the first hooked pass that counts
            network[1](torch.zeros(1))

    found = measure_layers(network, forward, device, 1, clock=clock)
    assert {t.name: t.self_ns / MS for t in found.layers} == {"0": 1, "1": 0}
