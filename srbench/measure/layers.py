"""Where the time of a forward pass goes: every module timed by itself, with hooks, in one process.

The device is synchronised when a module begins and when it ends, and the clock is read between; so a module's own time
is that of its operations, whatever was queued before. That costs time: what nothing waits for in a plain pass is waited
for here. Plain passes are timed in turns with hooked ones, so that a reader sees by how much.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter_ns
from typing import Any, Protocol

from torch import nn

Clock = Callable[[], int]

NS_PER_S = 1_000_000_000
#: A median of fewer is the sport of one disturbed pass.
MIN_PASSES, MAX_PASSES = 5, 200
#: Passes of either kind before any counts, and the share of the budget that they may take beyond these.
WARMUP_PASSES, WARMUP_SHARE = 2, 0.2


class WaitedDevice(Protocol):
    """What timing needs of a device (:class:`srbench.machine.device.Device`)."""

    def synchronize(self) -> None:
        """Return when all work given to the device is done."""


@dataclass(frozen=True)
class LayerTime:
    """One module.

    Attributes:
        name: its path in the network; empty for the network itself.
        kind: its class.
        calls: in one pass.
        self_ns: time in it and in none of its children, in one pass: the median over passes.
    """

    name: str
    kind: str
    calls: int
    self_ns: float


@dataclass(frozen=True)
class LayerTimes:
    """All modules that a pass enters, in the order in which it first does.

    Attributes:
        layers: the network itself comes first.
        hooked_ns: a pass with hooks, the median; what the layers' own times add up to, but for medians.
        plain_ns: a pass without hooks, the median.
        passes: of either kind.
    """

    layers: tuple[LayerTime, ...]
    hooked_ns: float
    plain_ns: float
    passes: int


def measure_layers(
    model: nn.Module,
    forward: Callable[[], object],
    device: WaitedDevice,
    budget_ns: int,
    *,
    clock: Clock = perf_counter_ns,
) -> LayerTimes:
    """Time the modules of a network.

    Args:
        model: whose modules are hooked; those called as functions (``child.forward(x)``) count as their parents.
        forward: one pass of it on a resident input.
        device: where it runs.
        budget_ns: wall time of all passes; exceeded where the smallest number of passes needs more.
        clock: nanoseconds, monotonic.
    """
    stopwatch = _Stopwatch(model, device, clock)
    begin = clock()
    warmed = 0
    while warmed < WARMUP_PASSES or (warmed < MAX_PASSES and clock() - begin < budget_ns * WARMUP_SHARE):
        forward()
        with stopwatch.hooked():
            forward()
        warmed += 1
    plain: list[int] = []
    hooked: list[int] = []
    stopwatch.own.clear()
    while len(plain) < MIN_PASSES or (len(plain) < MAX_PASSES and clock() - begin < budget_ns):
        plain.append(_timed(forward, device, clock))
        with stopwatch.hooked():
            hooked.append(_timed(forward, device, clock))
    passes = len(plain)
    layers = (
        LayerTime(name, kind, own.calls // passes, median(own.of_each_pass(passes)))
        for (name, kind), own in stopwatch.own.items()
    )
    return LayerTimes(tuple(layers), median(hooked), median(plain), passes)


def _timed(forward: Callable[[], object], device: WaitedDevice, clock: Clock) -> int:
    device.synchronize()
    begin = clock()
    forward()
    device.synchronize()
    return clock() - begin


@dataclass
class _Own:
    """Own time of one module: a sum for each pass that entered it."""

    calls: int = 0
    sums: dict[int, int] = field(default_factory=dict)

    def of_each_pass(self, passes: int) -> list[int]:
        """All passes; 0 where one did not enter it."""
        sums = list(self.sums.values())
        return sums + [0] * (passes - len(sums))


class _Stopwatch:
    """Hooks that split a pass at each beginning and end of a module."""

    def __init__(self, model: nn.Module, device: WaitedDevice, clock: Clock) -> None:
        self.model, self.device, self.clock = model, device, clock
        self.own: dict[tuple[str, str], _Own] = {}
        self.open: list[tuple[str, str]] = []
        self.since = 0
        self.number = 0

    @contextmanager
    def hooked(self) -> Iterator[None]:
        """Within it a pass is split; outside, the network has no hook."""
        handles = []
        self.number += 1
        for name, module in self.model.named_modules():
            key = name, type(module).__name__
            handles.append(module.register_forward_pre_hook(self._opener(key)))
            handles.append(module.register_forward_hook(self._closer))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()
            self.open.clear()

    def _opener(self, key: tuple[str, str]) -> Callable[[nn.Module, Any], None]:
        def opens(module: nn.Module, inputs: Any) -> None:
            self._split()
            self.open.append(key)
            self.own.setdefault(key, _Own()).calls += 1
            self.since = self.clock()

        return opens

    def _closer(self, module: nn.Module, inputs: Any, output: Any) -> None:
        self._split()
        self.open.pop()
        self.since = self.clock()

    def _split(self) -> None:
        """What has passed since the last split is the innermost open module's own."""
        self.device.synchronize()
        if self.open:
            sums = self.own[self.open[-1]].sums
            sums[self.number] = sums.get(self.number, 0) + self.clock() - self.since
