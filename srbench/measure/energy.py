"""Energy of a forward pass, by a counter that steps: idle, a window of passes one after another, idle again."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from srbench.energies import Energy
from srbench.machine.device import Device
from srbench.machine.energy import Meter

NS_PER_S = 1_000_000_000
#: Updates of the counter that the window lasts at least: one step at its begin and one at its end are then 2 % of it.
UPDATES = 100
#: The window lasts at least so long, whatever the counter's step: power follows load slowly.
WINDOW_NS = 1_000_000_000
#: At rest the counter is followed so long and for so many steps, or for this long at most.
_IDLE_NS, _IDLE_STEPS, _IDLE_MOST_NS = 1_000_000_000, 20, 5_000_000_000
#: Between two looks at rest.
_LOOK_S = 0.0005
#: Passes before the window: clocks and temperatures of work, not of rest.
_WARM_NS = 500_000_000
#: Between the last pass and the second rest.
_SETTLE_S = 0.5
#: A GPU passes its limit for moments only; a second of more is no power.
_LIMIT_SLACK = 1.25
#: Under load a device takes at least what it takes at rest, but for how far the counter is off.
_IDLE_SLACK = 0.9


@dataclass(frozen=True)
class Clock:
    """The time, and waiting: both may be scripted."""

    now: Callable[[], int] = time.perf_counter_ns
    sleep: Callable[[float], None] = time.sleep


class _Rest(NamedTuple):
    """The counter at rest: the time between its steps, the usual step, and the power that they amount to."""

    interval_ns: float
    step_mj: float
    power_w: float


class _NoFigureError(Exception):
    """The counter tells nothing that could be used; the message says why."""


def measure_energy(
    forward: Callable[[], object],
    device: Device,
    meter: Meter | str,
    images: int,
    deadline_ns: int,
    clock: Clock | None = None,
) -> Energy:
    """Joules of synchronised passes, of the whole device that the counter is of; no figure where it cannot be trusted.

    Args:
        forward: one pass on a resident input.
        device: where it runs.
        meter: the counter, or why there is none.
        images: in a pass.
        deadline_ns: of the clock; a window that would not end before it is not begun.
        clock: scripted in tests.

    Returns:
        The energy of an image, or the reason why there is none.
    """
    if isinstance(meter, str):
        return Energy(reason=meter)
    try:
        return _Window(forward, device, meter, images, deadline_ns, clock or Clock()).measure()
    except _NoFigureError as error:
        return Energy(method=meter.method, reason=str(error))


class _Window:
    """One measurement."""

    def __init__(
        self,
        forward: Callable[[], object],
        device: Device,
        meter: Meter,
        images: int,
        deadline_ns: int,
        clock: Clock,
    ) -> None:
        self._forward, self._device, self._meter = forward, device, meter
        self._images, self._deadline_ns, self._clock = images, deadline_ns, clock

    def measure(self) -> Energy:
        before = self._rest()
        pass_ns = self._warm_up()
        length = max(WINDOW_NS, int(UPDATES * before.interval_ns))
        if self._clock.now() + length + pass_ns + _IDLE_MOST_NS > self._deadline_ns:
            raise _NoFigureError(f"its window of {length / NS_PER_S:.1f} s does not end within --timeout")
        self._next_step()
        begin, start = self._value(), self._clock.now()
        passes = 0
        while not passes or self._clock.now() - start < length:
            self._pass()
            passes += 1
        window_ns = self._clock.now() - start
        spent = self._value() - begin
        self._clock.sleep(_SETTLE_S)
        after = self._rest()
        self._check(spent / window_ns * 1e6, min(before.power_w, after.power_w))
        return Energy(
            per_image_mj=spent / (passes * self._images),
            passes=passes,
            window_ns=window_ns,
            interval_ns=round(before.interval_ns),
            step_mj=before.step_mj,
            idle_before_w=before.power_w,
            idle_after_w=after.power_w,
            method=self._meter.method,
        )

    def _check(self, power_w: float, idle_w: float) -> None:
        """Refuse a power that cannot be: mJ / ns * 1e6 = W."""
        limit = self._meter.limit_w
        if limit is not None and power_w > limit * _LIMIT_SLACK:
            raise _NoFigureError(f"its counter tells {power_w:.0f} W, the device's limit is {limit:.0f} W")
        if power_w < idle_w * _IDLE_SLACK:
            raise _NoFigureError(f"its counter tells {power_w:.1f} W under load and {idle_w:.1f} W at rest")

    def _pass(self) -> None:
        self._forward()
        self._device.synchronize()

    def _warm_up(self) -> int:
        """Run passes for a while; the wall time of the last one."""
        end = self._clock.now() + _WARM_NS
        while True:
            start = self._clock.now()
            self._pass()
            now = self._clock.now()
            if now >= end:
                return now - start

    def _rest(self) -> _Rest:
        """Follow the counter while nothing runs."""
        start = self._clock.now()
        seen = [(start, self._value())]
        while (elapsed := self._clock.now() - start) < _IDLE_MOST_NS:
            if elapsed >= _IDLE_NS and len(seen) > _IDLE_STEPS:
                break
            self._clock.sleep(_LOOK_S)
            value = self._value()
            if value < seen[-1][1]:
                raise _NoFigureError("its counter goes backwards")
            if value > seen[-1][1]:
                seen.append((self._clock.now(), value))
        # From a step to a step: where the first look fell between two of them is left out.
        steps = seen[1:]
        if len(steps) < 3:
            raise _NoFigureError(f"its counter does not move: {len(steps)} step(s) in {_IDLE_MOST_NS // NS_PER_S} s")
        times = [b[0] - a[0] for a, b in pairwise(steps)]
        sizes = [b[1] - a[1] for a, b in pairwise(steps)]
        power_w = (steps[-1][1] - steps[0][1]) / (steps[-1][0] - steps[0][0]) * 1e6
        return _Rest(median(times), median(sizes), power_w)

    def _next_step(self) -> None:
        """Wait for the counter's next step: the window begins there."""
        before, end = self._value(), self._clock.now() + _IDLE_MOST_NS
        while self._value() == before and self._clock.now() < end:
            pass

    def _value(self) -> float:
        value = self._meter.read()
        if value is None:
            raise _NoFigureError("its counter can no longer be read")
        if value <= 0:
            raise _NoFigureError("its counter reads 0")
        return value
