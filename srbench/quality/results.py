"""What an evaluation found: per image, with everything that a number depends on. Stored as JSON, means derived."""

from dataclasses import dataclass
from statistics import fmean
from typing import Annotated, Literal

from pydantic import Field

from srbench.cases import MOST_SCALE, Device, Form, Mode, Model, digest
from srbench.facts import Frozen, Line, Machine, Moment, Name, Number, Positive
from srbench.fingerprint import Fingerprint
from srbench.quality.protocols import Image, Protocol, Score
from srbench.records import Status

#: See ``srbench.quality.migrations`` for what the earlier ones looked like.
QUALITY_SCHEMA: Literal[2] = 2


class Checkpoint(Frozen):
    """A file of weights.

    Attributes:
        file: its name.
        sha256: of its content.
        form: that it holds: deploy or train; empty for a network that does not fold.
    """

    file: Name
    sha256: Line
    form: Form


class SetRead(Frozen):
    """A data set as it was read.

    Attributes:
        name: as in tables.
        images: how many it has.
        sha256: of names and pixels of GT and LR; copies that differ in a pixel are different sets.
        lr_source: where the LR images come from, in words.
    """

    name: Name
    images: Number
    sha256: Line
    lr_source: Line


class ImageResult(Frozen):
    """One image.

    Attributes:
        name: of its file, without the ending.
        scores: one for each protocol of the record, in that order.
        notes: what was done to the files before.
        forward_ns: wall time of the network on it, the first image's warm-up included.
    """

    name: Name
    scores: tuple[Score, ...]
    notes: tuple[Line, ...] = ()
    forward_ns: Number = 0


@dataclass(frozen=True)
class Output:
    """What a network made of an image: its name in a caption, pixels, score on the whole image (None for the GT)."""

    name: str
    pixels: Image
    score: Score | None


class Evaluation(Frozen):
    """The question: which network, with which weights, on which images, compared how.

    Attributes:
        scale: upscaling factor.
        checkpoint: None for bicubic interpolation, and for a user's network with the weights that its file gives it.
        network: what a user's network was when it ran; None for the zoo, and where it could not be built.
        mode, device, threads: how the network ran; they move a PSNR by some 1e-4 dB at most, bfloat16 by more.
    """

    model: Model
    scale: int = Field(ge=1, le=MOST_SCALE)
    checkpoint: Checkpoint | None
    dataset: SetRead
    protocols: tuple[Protocol, ...]
    network: Fingerprint | None = None
    mode: Mode = Mode()
    device: Device
    threads: Positive | None = None

    @property
    def plain(self) -> "Evaluation":
        """What a mode is compared with: eager float32 with channels outermost; for tiles the whole image."""
        if self.mode.plain or self.mode == Mode(tile=self.mode.tile):
            return self.model_copy(update={"mode": Mode()})
        return self.model_copy(update={"mode": Mode(tile=self.mode.tile)})

    @property
    def weights(self) -> str:
        """Names the weights that ran: hash of a checkpoint, or of a user's network with its code; empty for none."""
        if self.network is not None:
            return self.network.key
        return self.checkpoint.sha256 if self.checkpoint is not None else ""

    @property
    def random_weights(self) -> bool:
        """Whether the score is that of weights which nothing trained."""
        return self.network is not None and bool(self.network.random)

    @property
    def key(self) -> str:
        """The same question has the same key: fields that have their defaults leave no trace.

        Neither threads nor a note change it, nor how a user's file was typed, nor what is not run of it: of a user's
        network its weights and its code count, whatever files they came from.
        """
        asked = self.model_dump(mode="json", exclude_defaults=True, exclude={"threads", "network", "checkpoint"})
        asked["model"] = [*self.model.key, self.model.colors, self.model.value_range]
        asked["weights"] = self.weights
        return digest(asked)


class QualityRecord(Frozen):
    """What came out. It is complete when every image of the set stands in it.

    Attributes:
        schema_version: of this form; older records are brought up to date as they are read.
        srbench_version: that evaluated it.
        finished: date and time of its end, with the time zone.
        images: those that are done; they grow while it runs.
        status: VALID, or why it failed.
        reason: of a failure, in one line.
        detail: a traceback where there is one.
    """

    schema_version: Literal[2] = QUALITY_SCHEMA
    srbench_version: Line
    evaluation: Evaluation
    machine: Machine
    finished: Moment
    images: tuple[ImageResult, ...] = ()
    status: Status = "VALID"
    reason: Line = ""
    detail: Annotated[str, Field(max_length=200_000)] = ""

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
