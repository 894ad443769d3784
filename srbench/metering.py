"""What one process of a case may be asked of its energy."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from srbench.energies import Energy
from srbench.machine import read_back
from srbench.machine.contention import clocks, others_cores
from srbench.machine.device import open_device
from srbench.measure.energy import measure_energy
from srbench.measure.latency import NS_PER_S
from srbench.preparing import OfCase
from srbench.records import Frozen, Settings
from srbench.tasks import DEADLINE_SHARE
from srbench.work import Nothing, Work

#: Cores of a CPU, or programs on a GPU, that others may use while energy is measured: its counter is everybody's.
MOST_OTHERS = 0.1


class Metered(Frozen):
    """The energy of a pass."""

    energy: Energy
    settings: Settings


@dataclass(frozen=True)
class Meter(OfCase, Work[Metered, Nothing]):
    """Measure the energy of passes. The timed process looked at what the network gives."""

    result = Metered
    news = Nothing

    def run(self, report: Callable[[Nothing], None]) -> Metered:
        """Build, and follow the counter at rest, during passes, and at rest again."""
        start = self.begin()
        device, settings = open_device(self.case.device), self.settings
        device.keep_memory()
        deadline = start + int(settings.timeout_s * DEADLINE_SHARE * NS_PER_S)
        with torch.inference_mode():
            ready, image = self.ready(device)
            device.reading(0)
            before = clocks()
            found = measure_energy(lambda: ready(image), device, device.meter(), self.case.size.batch, deadline)
            others = others_cores(before, clocks()) if self.case.device == "cpu" else device.reading(1).others
        if found.per_image_mj is not None and others is not None and others > MOST_OTHERS:
            why = "other programs were at work meanwhile, and its counter is of all of them"
            found = found.model_copy(update={"per_image_mj": None, "reason": why})
        return Metered(energy=found, settings=read_back(settings))
