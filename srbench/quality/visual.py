"""What networks make of one image: their outputs, and their scores on the whole of it."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from pydantic import Base64Bytes, Field, model_validator

from srbench.cases import Model
from srbench.quality import upscale
from srbench.quality.datasets import Pair
from srbench.quality.imresize import imresize
from srbench.quality.metrics import bicubic_score, score
from srbench.quality.protocols import Image, Protocol, Score
from srbench.quality.results import Output
from srbench.records import Frozen
from srbench.work import Nothing, Work


class Upscaled(Frozen):
    """An 8-bit RGB image, row by row, and its score on the whole of it."""

    height: int = Field(gt=0)
    width: int = Field(gt=0)
    pixels: Base64Bytes
    score: Score

    @model_validator(mode="after")
    def _whole(self) -> "Upscaled":
        if len(self.pixels) != self.height * self.width * 3:
            raise ValueError("its pixels are not those of its size")
        return self

    @property
    def image(self) -> Image:
        """(height, width, 3), uint8."""
        return np.frombuffer(self.pixels, np.uint8).reshape(self.height, self.width, 3)


@dataclass(frozen=True)
class Upscale(Work[Upscaled, Nothing]):
    """One network on one image, in a process of its own."""

    result = Upscaled
    news = Nothing

    model: Model
    scale: int
    checkpoint: Path | None
    pair: Pair
    protocol: Protocol
    threads: int
    limit: int | None

    @property
    def memory_limit_bytes(self) -> int | None:
        """Most private memory that the process may map."""
        return self.limit

    @property
    def most_bytes(self) -> int:
        """The pixels of the GT, as text, and a little more."""
        return 2 * self.pair.gt.size + 2**16

    def run(self, report: Callable[[Nothing], None]) -> Upscaled:
        """Upscale, and score."""
        torch.set_num_threads(self.threads)
        network, _ = upscale.load(self.model, self.scale, self.checkpoint)
        run = upscale.runner_of(upscale.adapted(network, self.model, self.scale)[0], self.model)
        pixels = upscale.upscale(run, self.pair.lr, torch.empty(1, 3, 2, 2), self.scale)
        height, width, _ = pixels.shape
        scored = score(pixels, self.pair.gt, self.protocol, self.scale)
        return Upscaled(height=height, width=width, pixels=b64encode(pixels.tobytes()), score=scored)


def caption_of(model: Model) -> str:
    """What a network is called in a caption."""
    return model.title + (" (train)" if model.form == "train" else "")


def by_bicubic(pair: Pair, protocol: Protocol, scale: int) -> Output:
    """Bicubic interpolation.

    Args:
        pair: LR and GT.
        protocol: by which it is scored.
        scale: upscaling factor.
    """
    return Output(
        "Bicubic", imresize(pair.lr, scale).astype(np.uint8), bicubic_score(pair.lr, pair.gt, protocol, scale)
    )
