"""What papers claim: the committed tables, read strictly, and one answer where they disagree.

A claim is a printed number with the table it was printed in. It is never a measurement, and the two never
share a column unmarked. The tables are in ``model_defs/published``; its README says how to add a row.
"""

import csv
import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

QualityMetric = Literal["psnr_y", "ssim_y", "psnr_rgb"]
MachineMetric = Literal["runtime", "gpu_memory"]
Metric = QualityMetric | MachineMetric | Literal["params", "multi_adds", "activations", "n_conv", "depth"]
Kind = Literal["published", "secondary", "approximate"]  # best evidence first

QUALITY_SETS = ("Set5", "Set14", "B100", "Urban100", "Manga109")
SET_SIZES = {"Set5": 5, "Set14": 14, "B100": 100, "Urban100": 100, "Manga109": 109}
"""Images of each set: published figures are of all of them."""
MULTI_ADDS_INPUT = "1280x720 GT"
"""The input for which papers count Multi-Adds; counts at other sizes are kept but not compared."""
SIBLINGS: Mapping[str, tuple[str, ...]] = {
    # The released network has no Y figures of its own; papers print those of the CCA layout under its name.
    "rfdn": ("paper (nf48,6 blocks)", ""),
    "span": ("",),  # the paper's plot does not say which width it shows
    "span-ch52": ("",),
}
"""Variant -> printed layouts of its network whose quality may be shown in a footnote, nearest first.

A layout stands here only if it has about the size and the same colours. Self-ensembles, pruned challenge
entries and re-trainings of another size never do: a variant without an entry has a dash.
"""
_UNITS = {"psnr_y": ["dB"], "psnr_rgb": ["dB"], "params": ["K", "M"], "multi_adds": ["G"], "activations": ["M"]}
_UNITS |= {"runtime": ["ms"], "gpu_memory": ["MB"]}
_FACTORS = {"K": 10**3, "M": 10**6, "G": 10**9}


def quality_key(metric: str, dataset: str) -> str:
    """The CSV key of a quality column: ``psnr_y`` on ``Set5`` is ``psnr_y_set5``; a set of one's own keeps its name."""
    return f"{metric}_{dataset.lower() if dataset in QUALITY_SETS else dataset}"


class Claim(BaseModel):
    """One printed number."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    network: str = Field(min_length=1)
    """The network's name as printed."""
    printed_as: str
    """The layout as printed; empty where the source says no more than the name."""
    architecture: str | None
    """The zoo's architecture, None for a network that the zoo does not have."""
    variant: str | None
    """The command-line name of that very layout, None where it is none of ours."""
    scale: int = Field(ge=1)
    metric: Metric
    dataset: str | None
    """The test set of a quality figure, the input of a cost; None where it is irrelevant or not stated."""
    printed: str = Field(pattern=r"^\d{1,12}(\.\d{1,12})?$", validation_alias="value")
    """The number as printed, trailing zeros included."""
    unit: str
    kind: Kind
    source_id: str
    source: str = Field(min_length=1)
    """The citation: which table of which paper or repository."""
    own: bool
    """Whether the source is the network's own paper or repository."""
    protocol: str
    """How the source departs from the usual test protocol; empty where it does not."""
    note: str

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.unit not in _UNITS.get(self.metric, [""]):
            raise ValueError(f"unit {self.unit!r} of {self.metric} is none of {_UNITS.get(self.metric, [''])}")
        if self.dataset is None and self.metric in (*get_args(QualityMetric), "multi_adds", "activations"):
            raise ValueError(f"{self.metric} needs a dataset: the test set or the input size")
        return self

    @property
    def value(self) -> float:
        """The number in the printed unit."""
        return float(self.printed)

    @property
    def base_value(self) -> float:
        """The number without K, M or G: parameters, multiply-adds, elements; ms, MB and dB stay."""
        return float(Decimal(self.printed) * _FACTORS.get(self.unit, 1))

    @property
    def step(self) -> float:
        """One unit of the last printed digit, on the scale of base_value."""
        return _FACTORS.get(self.unit, 1) * 10.0 ** -len(self.printed.partition(".")[2])


def packaged_folder() -> Path:
    """Return the folder of the committed tables, without importing the zoo (which imports torch)."""
    spec = importlib.util.find_spec("model_defs")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("the package model_defs, which comes with srbench, is not installed")
    return Path(next(iter(spec.submodule_search_locations))) / "published"


def _reason(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(": ".join([*map(str, part["loc"]), part["msg"]]) for part in error.errors())


def _rows(path: Path, header: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each row after its place, "file:line"."""
    columns = header.split(",")
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        if next(reader, []) != columns:
            raise ValueError(f"{path}:1: the header must be {header}")
        for cells in reader:
            place = f"{path}:{reader.line_num}"
            if len(cells) != len(columns):
                raise ValueError(f"{place}: {len(cells)} cells, {len(columns)} columns")
            yield place, dict(zip(columns, cells, strict=True))


def _claim(row: dict[str, str], source: dict[str, str], architecture: str | None) -> Claim:
    if row["kind"] == "published" and source["secondary"] == "true":
        raise ValueError(f"kind is 'published', but {row['source']!r} is a secondary source")
    return Claim.model_validate(
        {**row, "variant": row["variant"] or None, "dataset": row["dataset"] or None, "architecture": architecture}
        | {"source_id": source["id"], "source": source["citation"], "protocol": source["protocol"]}
        | {"own": row["network"] in source["own_of"].split(";")}
    )


@cache
def load_claims(folder: Path | None = None) -> tuple[Claim, ...]:
    """Return every claim of a folder of tables (default: the packaged one), file by file in row order.

    Raises:
        ValueError: a row that is not a complete, sourced claim; it names file and line of the first.
    """
    folder = folder or packaged_folder()
    sources: dict[str, dict[str, str]] = {}
    for place, row in _rows(folder / "sources.csv", "id,citation,own_of,secondary,protocol"):
        if not row["id"] or row["id"] in sources or row["secondary"] not in ("true", "false"):
            raise ValueError(f"{place}: a source needs an id of its own, and secondary is true or false")
        sources[row["id"]] = row
    tables = {path.stem: path for path in sorted(folder.glob("*.csv")) if path.stem != "sources"}
    claims: list[Claim] = []
    for table, path in tables.items():
        for place, row in _rows(path, "network,printed_as,variant,scale,metric,dataset,value,unit,kind,source,note"):
            name = row["network"].lower()
            if table != (name if name in tables else "comparison"):
                raise ValueError(f"{place}: network {row['network']!r} does not belong to this table")
            if row["source"] not in sources:
                raise ValueError(f"{place}: source {row['source']!r} is no id of sources.csv")
            try:
                claims.append(_claim(row, sources[row["source"]], None if table == "comparison" else table))
            except ValueError as error:
                raise ValueError(f"{place}: {_reason(error)}") from error
    return tuple(claims)


def settle(claims: Sequence[Claim]) -> Claim | None:
    """Return the claim that speaks among several of one number, None of none.

    Figures of another protocol, then those read off a plot, are heard only where there is no other. The
    network's own paper or repository wins, then the value that most sources print, then the first in file.
    A coarser print of the same number (0.7 M beside 715 K) is no conflict: the finer one is returned.
    Among equal values the claim with the best evidence is quoted, the own source before others.
    """
    if not claims:
        return None
    doubts = [(bool(claim.protocol), claim.kind == "approximate") for claim in claims]
    values: dict[float, list[Claim]] = {}
    for claim, doubt in zip(claims, doubts, strict=True):
        if doubt == min(doubts):
            values.setdefault(claim.base_value, []).append(claim)

    def weight(value: float) -> tuple[bool, int]:
        return any(c.own for c in values[value]), len({c.source_id for c in values[value]})

    best = max(values, key=weight)  # max keeps the first among equals
    step = {value: min(claim.step for claim in group) for value, group in values.items()}
    finer = [v for v in values if step[v] < step[best] and round(abs(v - best) / step[best], 6) <= 0.5]
    best = max(finer, key=weight, default=best)
    return min(values[best], key=lambda claim: (get_args(Kind).index(claim.kind), not claim.own))


@dataclass(frozen=True)
class ComparisonNetwork:
    """A network that the zoo does not have, with the claims that speak for it at one scale."""

    label: str
    params: Claim | None
    multi_adds: Claim | None
    """For a 1280x720 GT only."""
    quality: Mapping[tuple[Metric, str], Claim]
    """(psnr_y or ssim_y, test set) -> claim; a set that nobody prints is absent."""


@dataclass(frozen=True)
class ClaimBook:
    """The claims, asked for one number at a time; a lookup of runtime or memory raises ValueError."""

    claims: tuple[Claim, ...]
    """In the order of the tables, which settles ties."""

    def _find(self, scale: int, metric: Metric, dataset: str | None) -> list[Claim]:
        if metric in get_args(MachineMetric):
            raise ValueError(f"{metric} belongs to a machine: the claims of several cannot be settled into one")
        return [c for c in self.claims if (c.scale, c.metric, c.dataset) == (scale, metric, dataset)]

    def own(self, variant: str, scale: int, metric: Metric, dataset: str | None = None) -> Claim | None:
        """Return the settled claim of that very variant."""
        return settle([claim for claim in self._find(scale, metric, dataset) if claim.variant == variant])

    def sibling(self, variant: str, architecture: str, scale: int, metric: Metric, dataset: str) -> Claim | None:
        """Return a quality claim of the nearest layout in SIBLINGS, for a footnote, never for the cell.

        None where the variant has a claim of its own, and for costs: they belong to one layout alone.
        """
        if metric not in get_args(QualityMetric) or self.own(variant, scale, metric, dataset) is not None:
            return None
        found = [claim for claim in self._find(scale, metric, dataset) if claim.architecture == architecture]
        layouts = ([c for c in found if c.printed_as == layout] for layout in SIBLINGS.get(variant, ()))
        return settle(next(filter(None, layouts), []))

    def comparison(self, scale: int) -> list[ComparisonNetwork]:
        """Return the networks outside the zoo, fewest parameters first, those of unknown size before them.

        Only figures of the usual test protocol are compared; a network without any is left out.
        """
        groups: dict[str, list[Claim]] = {}
        for claim in self.claims:
            if claim.architecture is None and claim.scale == scale and not claim.protocol:
                # "VapSR-S" repeats the name, and "VapSR" beside VapSR says no more than a blank.
                name, layout = claim.network, claim.printed_as
                label = layout if layout.startswith(name) else f"{name} {layout}".rstrip()
                groups.setdefault(label, []).append(claim)
        networks = [_compare(label, claims) for label, claims in groups.items()]
        return sorted((n for n in networks if n.quality), key=lambda n: n.params.base_value if n.params else 0)


def _compare(label: str, claims: Sequence[Claim]) -> ComparisonNetwork:
    def best(metric: Metric, dataset: str | None) -> Claim | None:
        return settle([claim for claim in claims if (claim.metric, claim.dataset) == (metric, dataset)])

    cells: list[tuple[Metric, str]] = [(m, s) for s in QUALITY_SETS for m in ("psnr_y", "ssim_y")]
    quality = {cell: claim for cell in cells if (claim := best(*cell)) is not None}
    return ComparisonNetwork(label, best("params", None), best("multi_adds", MULTI_ADDS_INPUT), quality)
