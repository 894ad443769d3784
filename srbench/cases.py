"""What is asked: which network, at which size, run how, on what. Who is the same is answered here and nowhere else.

Everything is immutable and is stored as part of a record (:mod:`srbench.records`).
"""

import hashlib
import json
import re
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from srbench.facts import Frozen, Line, Name, Positive

#: Of a network that re-parameterises itself: folded, or with all branches. Empty where there is nothing to fold.
Form = Literal["", "deploy", "train"]
Colors = Literal["rgb", "y"]
Dtype = Literal["float32", "float16", "bfloat16"]
Layout = Literal["contiguous", "channels_last"]

#: The largest upscaling factor that anything is built for; and a side of an image in pixels, or images in a batch.
MOST_SCALE = 1_000
Side = Annotated[int, Field(ge=1, le=2**31 - 1)]
#: ``none`` where only shapes were looked at.
Device = Annotated[str, StringConstraints(pattern=r"^(cpu|none|cuda(:[0-9]{1,3})?)$")]

#: Between the parts of a mode, for readers.
MODE_SIGN = " · "
#: Parts of a mode where there is little room.
_SHORT = {"bfloat16": "bf16", "float16": "fp16"}
#: Begins the source of a module that lives in the caller's memory, before a hash of what it is.
LIVE = "live:"
#: Characters of a network's name in a file name.
_SLUG_LENGTH = 60


class Contract(Frozen):
    """What a user's network asks of whoever runs it.

    Attributes:
        multiple: both sides of its input are multiples of it.
        output: which part of what it gives is the image: the place in a tuple or list, or the key of a dict; None where
            it gives the image itself.
        deploy: a method that turns it into its deploy form before anything is measured; True to look for that form,
            False to measure it as it is built; None where nothing is said.
    """

    multiple: Side = 1
    output: int | Line | None = None
    deploy: bool | Line | None = None


class Weights(Frozen):
    """A file of weights that a network is measured with.

    Attributes:
        file: its name.
        sha256: of its content: what tells it from others.
        path: where it lay, absolute.
    """

    file: Name
    sha256: Line
    path: Name


class Model(Frozen):
    """A model as named: which network, in which form.

    Attributes:
        architecture: display name, e.g. ``BSRN``; of a user's network what it is called in its file, or the name of its
            file of weights.
        variant: name on the command line: ``bsrn``, ``path/to/net.py:Net`` as typed, or the name that it was given.
        form: deploy (folded) or train; empty for a network that does not fold.
        colors: of the bare network's input.
        value_range: white in the bare network's input, 1 or 255.
        source: absolute path of a user's file, or :data:`LIVE` and a hash for a live module; None for the zoo.
        within: path of that file in its checkout (or, outside of one, as typed), with slashes; empty for the zoo.
        note: what a reader of a table should know (reconstruction, Y only).
        arguments: that a user's network is built with, as text: ``blocks=4, feat=32``; empty for none.
        module: dotted name that a user's network is imported by, or what reads its file of weights; empty for a file.
        paths: folders that come first on the path of its imports.
        contract: what a user's network asks of whoever runs it.
    """

    architecture: Name
    variant: Name
    form: Form = ""
    colors: Colors = "rgb"
    value_range: Positive = 1
    source: Name | None = None
    within: Line = ""
    note: Line = ""
    arguments: Line = ""
    module: Line = ""
    paths: tuple[Name, ...] = ()
    contract: Contract = Contract()

    @property
    def own(self) -> bool:
        """Whether it is a user's network, not one of the zoo."""
        return self.source is not None

    @property
    def live(self) -> bool:
        """Whether it is a module of the caller's memory, which no name leads to."""
        return self.source is not None and self.source.startswith(LIVE)

    @property
    def identity(self) -> str:
        """Names the network on this machine, however its file was typed; its form is another matter."""
        return self.variant if self.source is None else f"{self.source}:{self.called}"

    @property
    def called(self) -> str:
        """What a user's network is called in its file, with its arguments: ``Net(feat=32)``."""
        return f"{self.architecture}({self.arguments})" if self.arguments else self.architecture

    @property
    def place(self) -> str:
        """Where a user's network is, as people type it, without its arguments: ``net.py:Net``."""
        return f"{self.module or self.file}:{self.architecture}"

    @property
    def named(self) -> bool:
        """Whether a user's network was given a name of its own, by which it then goes everywhere."""
        return self.own and not (
            self.variant == self.called or self.variant.endswith((f":{self.called}", f"/{self.called}"))
        )

    @property
    def key(self) -> tuple[str, Form]:
        """The network in its form: what two records must share to be of one model."""
        return self.identity, self.form

    @property
    def portable(self) -> str:
        """Names the network across checkouts and machines."""
        if self.source is None or self.live:
            return self.variant
        return f"{self.within or self.file}:{self.called}"

    @property
    def file(self) -> str:
        """Name of a user's file; empty for the zoo."""
        if self.source is None or self.live:
            return ""
        return PurePosixPath(Path(self.source).as_posix()).name

    @property
    def label(self) -> str:
        """As people type it, with its form where that is not the usual one: ``span``, ``span@train``."""
        return labelled(self.variant, self.form)

    @property
    def title(self) -> str:
        """As papers write it: ``BSRN-S``; a user's network by its class, or by the name that it was given."""
        if self.own:
            return self.variant if self.named else self.called
        return titled(self.architecture, self.variant)

    @property
    def slug(self) -> str:
        """A readable part of a file name: ``span``, ``span-train``, ``net-Net``. Two networks may share one."""
        unnamed = self.own and not self.live and not self.named
        name = f"{Path(self.source or '').stem}-{self.called}" if unnamed else self.variant
        return slug(name + ("-train" if self.form == "train" else ""))


def titled(architecture: str, variant: str) -> str:
    """A network's name as papers write it.

    ``bsrn-s`` is BSRN-S, ``rfdn-paper`` RFDN-paper, ``ecbsr-m4c16-rgb`` ECBSR-M4C16-RGB; ``path/to/net.py:Net`` is Net.
    """
    family, _, rest = variant.partition("-")
    if variant.endswith(f":{architecture}") or not variant:
        return architecture
    if family != architecture.lower():
        return variant
    words = rest.split("-") if rest else []
    return "-".join([architecture, *(word.upper() if _is_code(word) else word for word in words)])


def _is_code(word: str) -> bool:
    """Whether a part of a variant's name is a code (``s``, ``rtc``, ``m4c16``) and no word (``paper``)."""
    return len(word) <= 3 or any(c.isdigit() for c in word)


def labelled(name: str, form: str) -> str:
    """A network's name with its form, where that is not the usual one."""
    return f"{name}@train" if form == "train" else name


def slug(text: str) -> str:
    """A readable part of a file name: letters, digits, points and dashes alone, at most 60 of them."""
    return re.sub(r"[^A-Za-z0-9.-]+", "-", text).strip("-.")[-_SLUG_LENGTH:] or "model"


class Size(Frozen):
    """What a model works on.

    ``lr_*`` is GT / scale with each side rounded as ``lr_rounding`` says (half up: 1280x720 at x3 is 427x240, as papers
    have it); with ``--lr`` the LR size is given and GT follows. Sizes in pixels.

    Attributes:
        scale: upscaling factor.
        gt_width, gt_height: of the ground truth.
        lr_width, lr_height: of the input.
        lr_rounding: how a side of LR is rounded where the scale does not divide GT.
        batch: images in a pass.
    """

    scale: int = Field(ge=1, le=MOST_SCALE)
    gt_width: Side
    gt_height: Side
    lr_width: Side
    lr_height: Side
    lr_rounding: Literal["half-up", "floor"] = "half-up"
    batch: Side = 1

    @property
    def lr(self) -> tuple[int, int]:
        """LR width and height."""
        return self.lr_width, self.lr_height

    @property
    def key(self) -> tuple[int, ...]:
        """The size, whichever rounding led to it: scale, GT, LR, batch."""
        return self.scale, self.gt_width, self.gt_height, self.lr_width, self.lr_height, self.batch

    @property
    def remainder(self) -> str | None:
        """A sentence where GT is not the LR size times the scale, else None."""
        width, height = self.lr_width * self.scale, self.lr_height * self.scale
        if (width, height) == (self.gt_width, self.gt_height):
            return None
        return (
            f"x{self.scale}: GT {self.gt_width}x{self.gt_height} is not divisible; "
            f"LR {self.lr_width}x{self.lr_height} gives {width}x{height}"
        )


class Mode(Frozen):
    """How a network is run.

    Attributes:
        engine: what runs it; ``eager`` is torch, operator by operator.
        dtype: of weights, input and arithmetic.
        layout: order of the axes in memory; ``channels_last`` has a pixel's channels side by side.
        tile: LR side of overlapping tiles that run one by one; None for the whole image at once.
        tf32: whether float32 products on a GPU may round their factors to 10 bits; None for torch's defaults, which
            are on for convolutions and off for matrix products.
    """

    engine: str = Field(default="eager", pattern=r"^[a-z][a-z0-9_]{0,30}$")
    dtype: Dtype = "float32"
    layout: Layout = "contiguous"
    tile: Side | None = None
    tf32: bool | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """How it departs from eager float32 on whole images, a word or two each; nothing where it does not."""
        words: list[str] = [self.engine] if self.engine != "eager" else []
        words += [self.dtype] if self.dtype != "float32" else []
        words += ["channels last"] if self.layout == "channels_last" else []
        words += [f"tiles of {self.tile}"] if self.tile is not None else []
        words += [] if self.tf32 is None else ["TF32"] if self.tf32 else ["no TF32"]
        return tuple(words)

    @property
    def label(self) -> str:
        """The words as a mark behind a name: ``bfloat16 · channels last``; empty for the plain mode."""
        return MODE_SIGN.join(self.words)

    @property
    def mark(self) -> str:
        """The same, as short as it stands behind a name in tables and figures: ``compile · bf16``."""
        return MODE_SIGN.join(_SHORT.get(word, word) for word in self.words)

    @property
    def typed(self) -> str:
        """As people type it behind a name: ``compile+bfloat16``; ``plain`` for the plain mode."""
        return "+".join(word.replace(" ", "_") for word in self.words) or "plain"

    @property
    def plain(self) -> bool:
        """Whether it is eager float32, contiguous, on whole images: what papers' figures are of."""
        return self == Mode()


class Case(Frozen):
    """A model at a size in a mode on a device.

    Attributes:
        device: ``cpu`` or ``cuda:N``; ``none`` where only shapes were looked at.
        threads: of the CPU; None on another device.
        weights: the file that was named for the network; None for those that building it gives.
    """

    model: Model
    size: Size
    mode: Mode = Mode()
    device: Device
    threads: Positive | None = None
    weights: Weights | None = None

    @property
    def label(self) -> str:
        """The network with its form and, as a mark behind it, its mode: ``span · compile · bfloat16``."""
        return MODE_SIGN.join([self.model.label, *self.mode.words])

    @property
    def key(self) -> str:
        """Names the case across runs: the same question has the same key.

        Fields that have their defaults leave no trace, so a key survives a new field. Neither a note, nor how a user's
        file was typed or named, nor where its weights lie, nor the rounding that led to a size changes the question.
        """
        asked = self.model_dump(mode="json", exclude_defaults=True)
        asked["model"] = [*self.model.key, self.model.colors, self.model.value_range]
        if contract := self.model.contract.model_dump(mode="json", exclude_defaults=True):
            asked["model"].append(contract)
        if self.weights is not None:
            asked["weights"] = self.weights.sha256
        asked["size"] = self.size.key
        return digest(asked)

    @property
    def question(self) -> tuple[object, ...]:
        """What was asked, whatever it ran on and however: the network in its form, and the size."""
        return self.model.key, self.size.key


def digest(value: object) -> str:
    """12 hexadecimal digits of a JSON value, whatever the order of its names."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]
