"""What an evaluation found: per image, with everything that a number depends on. Stored as JSON, means derived."""

import hashlib
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from pydantic import AwareDatetime

from srbench.facts import Frozen, Machine
from srbench.quality.protocols import Image, Protocol, Score
from srbench.records import Dtype, Form, ModelId, Status

QUALITY_SCHEMA: Literal[1] = 1


class Checkpoint(Frozen):
    """A file of weights: its name, its content's hash, and the form that it holds.

    Of a user's network the hash is that of its Python file, then of a checkpoint if it has one.
    """

    file: str
    sha256: str
    form: Form


class SetRead(Frozen):
    """A data set as it was read.

    Attributes:
        name: as in tables.
        images: how many it has.
        sha256: of names and pixels of GT and LR; copies that differ in a pixel are different sets.
        lr_source: where the LR images come from, in words.
    """

    name: str
    images: int
    sha256: str
    lr_source: str


class ImageResult(Frozen):
    """One image.

    Attributes:
        name: of its file, without the ending.
        scores: one for each protocol of the record, in that order.
        notes: what was done to the files before.
        forward_ns: wall time of the network on it, the first image's warm-up included.
    """

    name: str
    scores: tuple[Score, ...]
    notes: tuple[str, ...] = ()
    forward_ns: int = 0


@dataclass(frozen=True)
class Output:
    """What a network made of an image: its name in a caption, pixels, score on the whole image (None for the GT)."""

    name: str
    pixels: Image
    score: Score | None


class Evaluation(Frozen):
    """The question: which network, with which weights, on which images, compared how.

    Attributes:
        checkpoint: None for bicubic interpolation.
        dtype, channels_last, device, threads, tile: how the network ran; they move a PSNR by some 1e-4 dB at most,
            bfloat16 by more. ``tile`` is the LR side of overlapping tiles, None for whole images.
    """

    model: ModelId
    scale: int
    checkpoint: Checkpoint | None
    dataset: SetRead
    protocols: tuple[Protocol, ...]
    device: str
    threads: int | None = None
    dtype: Dtype = "float32"
    channels_last: bool = False
    tile: int | None = None

    @property
    def mode(self) -> str:
        """How it departs from whole images in float32, in words; empty where it does not."""
        words: list[str] = [self.dtype] if self.dtype != "float32" else []
        words += ["channels last"] if self.channels_last else []
        words += [f"tiles of {self.tile}"] if self.tile is not None else []
        return ", ".join(words)

    @property
    def plain(self) -> "Evaluation":
        """What a mode is compared with: float32 with channels outermost; for tiles the whole image."""
        if self.dtype != "float32" or self.channels_last:
            return self.model_copy(update={"dtype": "float32", "channels_last": False})
        return self.model_copy(update={"tile": None})

    @property
    def key(self) -> str:
        """The same question has the same key.

        Neither threads nor a note change it, nor whether a user's file was typed as ``net.py`` or ``./net.py``.
        """
        typed = self.model.variant if self.model.source is None else ""
        model = self.model.model_copy(update={"note": "", "variant": typed})
        asked = self.model_copy(update={"threads": None, "model": model})
        return hashlib.sha256(asked.model_dump_json().encode()).hexdigest()[:12]


class QualityRecord(Frozen):
    """What came out. ``images`` grows while it runs; it is complete when every image of the set stands in it."""

    schema_version: Literal[1] = QUALITY_SCHEMA
    srbench_version: str
    evaluation: Evaluation
    machine: Machine
    finished: AwareDatetime
    images: tuple[ImageResult, ...] = ()
    status: Status = "VALID"
    reason: str = ""
    detail: str = ""

    @property
    def complete(self) -> bool:
        """Whether all images of the set have a score."""
        return self.status == "VALID" and len(self.images) == self.evaluation.dataset.images

    def answers(self, asked: Evaluation) -> bool:
        """Whether it is of the same question, by the same protocols or by more."""
        same = self.evaluation.model_copy(update={"protocols": asked.protocols})
        return same.key == asked.key and set(asked.protocols) <= set(self.evaluation.protocols)

    def mean(self, protocol: str) -> tuple[float, float] | None:
        """Means over the images of PSNR and of SSIM, as tables have them; None for an incomplete record."""
        names = [each.name for each in self.evaluation.protocols]
        if not self.complete or protocol not in names:
            return None
        scores = [image.scores[names.index(protocol)] for image in self.images]
        return fmean(score.psnr for score in scores), fmean(score.ssim for score in scores)
