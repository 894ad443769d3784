"""The zoo by name: which networks there are, and what is true of each.

One :class:`Variant` is one line of the catalog. ECBSR and RepSR come in any depth and width (``ecbsr-m4c16``,
``repsr-m10c32-rgb``); the others are listed one by one.
"""

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import nn

from model_defs.bsrn import BSRN
from model_defs.ecbsr import ECBSR
from model_defs.imdn import IMDN, IMDN_RTC, IMDN_RTE, AnyScaleIMDN
from model_defs.layers import SPATIAL_ATTENTION_MIN_SIDE
from model_defs.msrn import MSRN
from model_defs.reparam import Form
from model_defs.repsr import RepSR
from model_defs.rfdn import RFDN
from model_defs.span import SPAN

Colors = Literal["rgb", "y"]
Builder = Callable[[int, Form], nn.Module]


class ZooError(ValueError):
    """A wrong name, scale, size or checkpoint. The message is one line and says the way out."""


@dataclass(frozen=True)
class Variant:
    """One configuration of an architecture.

    Attributes:
        name: on the command line, in records and in CSV.
        architecture: display name of the architecture.
        scales: upscaling factors it exists for.
        builder: ``builder(scale, form)`` gives the bare module on the current default device.
        paper: where it was published.
        colors: what the bare network takes and gives.
        value_range: the value of white for the bare network, 1 or 255.
        folds: whether training form and deploy form differ.
        reconstruction: True where no official code exists and the layout is our inference.
        min_size: smallest LR side in pixels.
        size_multiple: LR sides must be divisible by this.
        note: what a reader should know.
    """

    name: str
    architecture: str
    scales: tuple[int, ...]
    builder: Builder
    paper: str
    colors: Colors = "rgb"
    value_range: int = 1
    folds: bool = False
    reconstruction: bool = False
    min_size: int = 1
    size_multiple: int = 1
    note: str = ""

    @property
    def in_channels(self) -> int:
        """Channels of the bare network's input: 3 for RGB, 1 for Y."""
        return 3 if self.colors == "rgb" else 1

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by name: builders are no part of a saved module."""
        return get, (self.name,)

    def __deepcopy__(self, memo: object) -> "Variant":
        """Immutable, so its own copy."""
        return self

    def check_scale(self, scale: int) -> None:
        """Refuse a scale that the variant lacks.

        Raises:
            ZooError: the variant lacks the scale.
        """
        if scale not in self.scales:
            have = ", ".join(f"x{s}" for s in self.scales)
            raise ZooError(f"{self.name} has no x{scale}; it has {have}")

    def check_size(self, width: int, height: int) -> None:
        """Refuse an LR image (width and height in pixels) that the network cannot take.

        Raises:
            ZooError: a side is too small, or not divisible as the network needs it.
        """
        if min(width, height) < self.min_size:
            raise ZooError(f"{self.name} needs LR sides of at least {self.min_size} pixels, not {width}x{height}")
        if width % self.size_multiple or height % self.size_multiple:
            raise ZooError(f"{self.name} needs LR sides divisible by {self.size_multiple}, not {width}x{height}")


_BSRN = "BSRN, CVPRW 2022, arXiv 2205.05996"
_RFDN = "RFDN, AIM 2020, arXiv 2009.11551"
_IMDN = "IMDN, ACM MM 2019, arXiv 1909.11856"
_SPAN = "SPAN, CVPRW 2024, arXiv 2311.12770"
_ESA = SPATIAL_ATTENTION_MIN_SIDE


def _sized(family: Literal["ecbsr", "repsr"], name: str, blocks: int, features: int, colors: Colors) -> Variant:
    channels = 3 if colors == "rgb" else 1
    if family == "ecbsr":
        return Variant(
            name,
            "ECBSR",
            (2, 3, 4),
            lambda scale, form: ECBSR(scale, blocks, features, channels, form),
            "ECBSR, ACM MM 2021",
            colors=colors,
            # Third-party RGB re-trainings work in [0, 1], the official Y network in [0, 255].
            value_range=1 if colors == "rgb" else 255,
            folds=True,
            note="third-party RGB form" if colors == "rgb" else "Y only",
        )
    return Variant(
        name,
        "RepSR",
        (2, 3, 4),
        lambda scale, form: RepSR(scale, blocks, features, channels, form),
        "RepSR, ACM MM 2022, arXiv 2205.05671",
        colors=colors,
        folds=True,
        reconstruction=True,
        note="reconstruction: no official code" + ("" if colors == "rgb" else "; Y only"),
    )


_LISTED = (
    Variant("bsrn", "BSRN", (2, 3, 4), lambda s, _: BSRN(s), _BSRN, min_size=_ESA),
    Variant(
        "bsrn-s",
        "BSRN",
        (4,),
        lambda s, _: BSRN(s, small=True),
        _BSRN,
        min_size=_ESA,
        note="NTIRE 2022 entry, linear layers",
    ),
    Variant(
        "rfdn",
        "RFDN",
        (2, 3, 4),
        lambda s, _: RFDN(s),
        _RFDN,
        value_range=255,
        min_size=_ESA,
        note="released network (AIM 2020 winner, 433 K); the paper's tables print rfdn-paper",
    ),
    Variant(
        "rfdn-paper",
        "RFDN",
        (2, 3, 4),
        lambda s, _: RFDN(s, features=48, blocks=6, attention="cca"),
        _RFDN,
        value_range=255,
        reconstruction=True,
        note="reconstruction of the tabulated 550 K network from its parameter counts",
    ),
    Variant("imdn", "IMDN", (2, 3, 4), lambda s, _: IMDN(s), _IMDN),
    Variant("imdn-rtc", "IMDN", (2,), lambda s, _: IMDN_RTC(s), _IMDN, note="real-time variant of the code"),
    Variant(
        "imdn-rte",
        "IMDN",
        (2,),
        lambda s, _: IMDN_RTE(s),
        _IMDN,
        value_range=255,
        min_size=2,
        size_multiple=2,
        note="enhanced real-time variant of the code; even LR sides",
    ),
    Variant(
        "imdn-as",
        "IMDN",
        (1,),
        lambda s, _: AnyScaleIMDN(),
        _IMDN,
        min_size=4,
        size_multiple=4,
        note="any scale: the input is already interpolated to GT size",
    ),
    Variant(
        "msrn",
        "MSRN",
        (2, 3, 4, 8),
        lambda s, _: MSRN(s),
        "MSRN, ECCV 2018",
        value_range=255,
        note="RGB, 2019 code",
    ),
    _sized("ecbsr", "ecbsr", 16, 64, "y"),
    _sized("ecbsr", "ecbsr-m4c8", 4, 8, "y"),
    _sized("ecbsr", "ecbsr-m4c16", 4, 16, "y"),
    _sized("ecbsr", "ecbsr-m10c32", 10, 32, "y"),
    _sized("ecbsr", "ecbsr-m4c16-rgb", 4, 16, "rgb"),
    _sized("repsr", "repsr", 16, 64, "y"),
    _sized("repsr", "repsr-m4c16", 4, 16, "y"),
    _sized("repsr", "repsr-m10c32", 10, 32, "y"),
    _sized("repsr", "repsr-m16c64-rgb", 16, 64, "rgb"),
    Variant(
        "span",
        "SPAN",
        (2, 3, 4),
        lambda s, f: SPAN(s, 48, f),
        _SPAN,
        folds=True,
        note="48 channels (released)",
    ),
    Variant(
        "span-ch52",
        "SPAN",
        (2, 3, 4),
        lambda s, f: SPAN(s, 52, f),
        _SPAN,
        folds=True,
        note="52 channels (498 K)",
    ),
)
_BY_NAME = {v.name: v for v in _LISTED}
_ALIASES = {"span-ch48": "span", "ecbsr-m16c64": "ecbsr", "repsr-m16c64": "repsr"}
_SIZED_NAME = re.compile(r"(ecbsr|repsr)-m([1-9]\d{0,2})c([1-9]\d{0,3})(-rgb)?")

#: The default variant of each of the seven architectures; what ``all`` means.
DEFAULTS = ("bsrn", "rfdn", "imdn", "msrn", "ecbsr", "repsr", "span")


def variants() -> tuple[Variant, ...]:
    """Every listed variant; ECBSR and RepSR also exist at any other depth and width."""
    return _LISTED


def get(name: str) -> Variant:
    """Look a variant up by its name or alias, in any case.

    Raises:
        ZooError: unknown name; the message suggests the nearest ones.
    """
    key = name.strip().lower()
    key = _ALIASES.get(key, key)
    if key in _BY_NAME:
        return _BY_NAME[key]
    if match := _SIZED_NAME.fullmatch(key):
        family, blocks, features, rgb = match.groups()
        # The pattern admits these two families alone.
        sized: Literal["ecbsr", "repsr"] = "ecbsr" if family == "ecbsr" else "repsr"
        return _sized(sized, key, int(blocks), int(features), "rgb" if rgb else "y")
    if key == "all":
        raise ZooError("'all' is the seven defaults, not one model; model_defs.DEFAULTS names them")
    near = difflib.get_close_matches(key, [*_BY_NAME, *_ALIASES, "all"], n=3, cutoff=0.5)
    hint = f"did you mean {_either(near)}?" if near else f"known are {', '.join(_BY_NAME)}"
    raise ZooError(f"unknown model {name!r}; {hint}")


def build(name: str | Variant, scale: int, form: Form = "deploy", device: str | torch.device = "cpu") -> nn.Module:
    """Build a network with random weights, in evaluation mode.

    Args:
        name: variant name, or the variant itself.
        scale: upscaling factor.
        form: ``deploy`` (folded) or ``train`` (with all branches); the same for networks that do not fold.
        device: where its tensors live; ``meta`` allocates nothing.

    Raises:
        ZooError: unknown name, or a scale that the variant lacks.
    """
    variant = name if isinstance(name, Variant) else get(name)
    variant.check_scale(scale)
    if form not in get_args(Form):
        raise ZooError(f"unknown form {form!r}; there are {' and '.join(get_args(Form))}")
    with torch.device(device):
        return _mark(variant.builder(scale, form), variant, scale).eval()


def _mark(model: nn.Module, variant: Variant, scale: int) -> nn.Module:
    """Note on a module which variant and scale it is, for :func:`super_resolve`; not part of its state."""
    model.zoo = (variant, scale)  # type: ignore[assignment]  # nn.Module types attributes as tensors or modules
    return model


def identity_of(model: nn.Module) -> tuple[Variant, int]:
    """The (variant, scale) that :func:`build` noted on a module.

    Raises:
        ZooError: for a module from elsewhere.
    """
    note = model.__dict__.get("zoo")
    if note is None:
        raise ZooError(f"{type(model).__name__} was not made by model_defs.build or model_defs.load_checkpoint")
    variant: Variant
    variant, scale = note
    return variant, scale


def _either(names: Iterable[str]) -> str:
    return " or ".join(f"'{n}'" for n in names)
