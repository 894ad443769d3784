"""What networks make of one image: their outputs, and their scores on the whole of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from srbench.cases import Model
from srbench.quality import upscale
from srbench.quality.datasets import Pair
from srbench.quality.imresize import imresize
from srbench.quality.metrics import bicubic_score, score
from srbench.quality.protocols import Protocol
from srbench.quality.results import Output
from srbench.worker import Answer


@dataclass(frozen=True)
class VisualJob:
    """One network on one image, in a process of its own."""

    model: Model
    scale: int
    checkpoint: Path | None
    pair: Pair
    protocol: Protocol
    threads: int
    memory_limit_bytes: int | None

    def run(self, report: Callable[[Output], None]) -> Answer:
        """Upscale and tell."""
        torch.set_num_threads(self.threads)
        network, _ = upscale.load(self.model, self.scale, self.checkpoint)
        own = self.model.own
        try:
            pixels = upscale.upscale(
                upscale.runner_of(network, own=own), self.pair.lr, torch.empty(1, 3, 2, 2), self.scale
            )
        except upscale.OutputError as error:
            return Answer(status="MISMATCH", reason=str(error))
        name = self.model.architecture if own else self.model.label
        report(Output(name, pixels, score(pixels, self.pair.gt, self.protocol, self.scale)))
        return Answer()


def by_bicubic(pair: Pair, protocol: Protocol, scale: int) -> Output:
    """Bicubic interpolation."""
    return Output(
        "Bicubic", imresize(pair.lr, scale).astype(np.uint8), bicubic_score(pair.lr, pair.gt, protocol, scale)
    )
