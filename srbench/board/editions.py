"""A challenge's rules as data: what is measured on which input, what a table shows, who is ranked and how.

An edition is a TOML file, those that come with srbench in ``editions/``; a laboratory writes its own in the same form.
The facts of each edition stand in its file with their source.
"""

import difflib
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from srbench.board.published import QUALITY_SETS, quality_key
from srbench.board.shipped import EDITIONS, names
from srbench.cases import MOST_SCALE, Side
from srbench.errors import InputError
from srbench.facts import Amount, Frozen, Line
from srbench.files import first_line, read_toml
from srbench.quality.protocols import PRESETS

#: Numbers that an entry of a challenge may have, with what they are for readers.
METRICS: dict[str, str] = {
    "val_psnr": "PSNR on the validation images, dB",
    "test_psnr": "PSNR on the test images, dB",
    "test_psnr_y": "PSNR on luma of the test images, dB",
    "test_ssim": "SSIM on the test images",
    "val_time_ms": "runtime on the validation images, ms an image",
    "test_time_ms": "runtime on the test images, ms an image",
    "ave_time_ms": "runtime that is ranked, ms an image",
    "params_m": "parameters, millions",
    "flops_g": "multiply-adds (MACs), 1e9; challenges print them as FLOPs",
    "acts_m": "output elements of all convolutions, millions",
    "mem_mb": "peak memory, MiB",
    "conv": "convolutions",
    **{quality_key(metric, each): f"{metric} on {each}" for each in QUALITY_SETS for metric in ("psnr_y", "ssim_y")},
}


class Column(Frozen):
    """A column of the table.

    Attributes:
        key: a metric of :data:`METRICS`.
        title: with its unit, as the edition prints it.
        digits: after the decimal point.
        beside: a second metric in the same cell, behind a slash.
        beside_digits: of that.
    """

    key: str
    title: Line
    digits: int = Field(ge=0, le=6)
    beside: str = ""
    beside_digits: int = Field(default=4, ge=0, le=6)

    @model_validator(mode="after")
    def _known(self) -> "Column":
        for key in (self.key, *([self.beside] if self.beside else [])):
            if key not in METRICS:
                raise ValueError(f"unknown column '{key}'; known are {', '.join(METRICS)}")
        return self


class Baseline(Frozen):
    """The network that an edition compares with.

    Attributes:
        name: as the edition's table has it.
        network: its name in the zoo; empty where the zoo lacks it.
        values: published figures by metric, of the machine that the edition measured on.
        source: where they stand.
        doubt: what speaks against them, a sentence; it stands below a table that they were used for.
    """

    name: str
    network: str = ""
    values: dict[str, Amount] = Field(default_factory=dict)
    source: Line = ""
    doubt: str = ""


class Floor(Frozen):
    """PSNR below which a network is not ranked.

    Attributes:
        values: least dB by metric.
        round_to: digits to which a PSNR is rounded before it is compared; None for the exact one.
        admitted: networks that the published table ranks all the same, with the reason.
    """

    values: dict[str, Amount]
    round_to: int | None = Field(default=None, ge=0, le=6)
    admitted: dict[str, str] = Field(default_factory=dict)


class Sum(Frozen):
    """A sum of ranks and the rank of that sum.

    Attributes:
        title: of the column.
        of: metrics whose ranks are added.
        ties: ``share`` one rank, or the title of an earlier sum, or the main metric, that decides between equal sums.
    """

    title: str
    of: tuple[str, ...]
    ties: str = "share"


class RankSums(Frozen):
    """Editions up to 2023: the main track is one metric's rank, others are sums of ranks; low is good everywhere."""

    kind: Literal["rank-sums"]
    main: str
    ranked: tuple[str, ...]
    sums: tuple[Sum, ...]

    def check(self) -> None:
        """Every rank that is added or shown is made, and what decides ties is known by then.

        Raises:
            ValueError: one is not.
        """
        before: set[str] = set()
        for total in (Sum(title="main", of=(self.main,)), *self.sums):
            if missing := [metric for metric in total.of if metric not in self.ranked]:
                raise ValueError(f"'{total.title}' needs the rank of {', '.join(missing)}, which ranked does not name")
            if total.ties not in {"share", *before, *self.ranked}:
                raise ValueError(
                    f"ties of '{total.title}' go to '{total.ties}': neither share nor an earlier sum nor ranked"
                )
            before.add(total.title)

    @property
    def needs(self) -> frozenset[str]:
        """Metrics without which nothing can be ranked."""
        return frozenset({self.main, *self.ranked, *(key for each in self.sums for key in each.of)})


class ExpScore(Frozen):
    """Editions from 2024: score of a metric = exp(factor * value / baseline), of all the weighted sum; low is good.

    Attributes:
        weights: by metric, in the order of the columns.
        titles: of the columns, by metric.
    """

    kind: Literal["exp-score"]
    factor: float = Field(default=2.0, gt=0, le=1000)
    weights: dict[str, Annotated[float, Field(gt=0, le=1e6)]] = Field(min_length=1)
    titles: dict[str, str]

    @property
    def needs(self) -> frozenset[str]:
        """Metrics without which nothing can be scored."""
        return frozenset(self.weights)

    @property
    def formula(self) -> str:
        """The whole score, of the scores of metrics."""
        return " + ".join(f"{weight:g} {self.titles.get(metric, metric)}" for metric, weight in self.weights.items())


class RealTime(Frozen):
    """2023's score at 4K: 2^(PSNR - PSNR of bicubic) * 2 / (0.1 sqrt(ms)); 0 below bicubic; high is good."""

    kind: Literal["real-time"]
    psnr: str
    time: str
    bicubic_psnr: Annotated[float, Field(gt=0, le=200)]

    @property
    def needs(self) -> frozenset[str]:
        """Metrics without which nothing can be scored."""
        return frozenset({self.psnr, self.time})

    @property
    def formula(self) -> str:
        """The score, in words."""
        return f"2^(PSNR - {self.bicubic_psnr:g}) x 2 / (0.1 sqrt(ms)), 0 below bicubic"


class Listed(Frozen):
    """No ranks: rows are sorted by a metric, smallest first."""

    kind: Literal["listed"]
    by: str

    @property
    def needs(self) -> frozenset[str]:
        """Nothing: what is not known is a dash."""
        return frozenset()


Rule = Annotated[RankSums | ExpScore | RealTime | Listed, Field(discriminator="kind")]


class Inputs(Frozen):
    """What is measured on: LR (width, height) of the counts and of the timed passes, and what the edition itself times.

    ``protocol`` (of PSNR, :data:`srbench.quality.protocols.PRESETS`) and the sets name the measured quality that the
    floors are compared with.
    """

    counts_lr: tuple[Side, Side]
    time_lr: tuple[Side, Side]
    time_note: str = ""
    protocol: str = "ntire"
    val_set: str = ""
    test_set: str = ""

    @field_validator("protocol")
    @classmethod
    def _known(cls, protocol: str) -> str:
        if protocol not in PRESETS:  # no PSNR would ever be found by it
            raise ValueError(f"unknown protocol '{protocol}' of PSNR; known are {', '.join(PRESETS)}")
        return protocol


class Edition(Frozen):
    """One challenge in one year, or a laboratory's own rules."""

    name: str = Field(pattern=r"^[^/\\\x00-\x1f]+$")
    title: Line
    source: Line
    challenge: str = ""
    scale: int = Field(ge=1, le=MOST_SCALE)
    hardware: str = ""
    inputs: Inputs
    columns: tuple[Column, ...]
    rule: Rule
    baseline: Baseline | None = None
    floor: Floor | None = None
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> "Edition":
        if isinstance(self.rule, ExpScore) and self.baseline is None:
            raise ValueError("a rule exp-score needs a [baseline]")
        named = {*self.rule.needs, *([self.rule.by] if isinstance(self.rule, Listed) else [])}
        unknown = sorted(named - METRICS.keys())
        given = {**(self.baseline.values if self.baseline else {}), **(self.floor.values if self.floor else {})}
        unknown += sorted(given.keys() - METRICS.keys())
        if isinstance(self.rule, RankSums):
            self.rule.check()
        if any(value <= 0 for value in given.values()):
            raise ValueError("values of [baseline] and [floor] must be positive")
        if unknown:
            raise ValueError(
                f"the rule, [baseline] or [floor] names {', '.join(unknown)}; known are {', '.join(METRICS)}"
            )
        return self


def find(typed: str) -> Edition:
    """An edition by its name, or from a TOML file.

    Raises:
        InputError: no such edition or file, or one that does not say what it has to.
    """
    if typed.lower().endswith(".toml"):
        return _read(Path(typed))
    if typed.lower() not in names():
        near = difflib.get_close_matches(typed.lower(), names(), n=2, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(names())}"
        raise InputError(f"unknown challenge '{typed}'; {hint} One of your own is a file that ends in .toml")
    return _known(typed.lower())


@cache
def _known(name: str) -> Edition:
    return _read(EDITIONS / f"{name}.toml")


def _read(path: Path) -> Edition:
    try:
        content = read_toml(path)
    except OSError as error:
        raise InputError(f"cannot read the challenge {path}: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"{path} is not TOML: {first_line(error)}") from None
    try:
        return Edition.model_validate({"name": path.stem, **content})
    except ValidationError as error:
        raise InputError(f"{path}: {first_line(error).removeprefix('file: ')}") from None
