"""Measured PSNR and SSIM as a leaderboard has them: the user's own, else the reference that comes with srbench."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType

from pydantic import Field

from srbench.board.rows import Quality
from srbench.cases import Form, Mode, Model, Weights
from srbench.facts import Frozen
from srbench.quality.protocols import PRESETS
from srbench.quality.results import QualityRecord

#: Of a network of the zoo.
NO_FILES: Mapping[str, str] = MappingProxyType({})
#: The protocol of papers' tables, by which measured and published figures compare.
PROTOCOL = PRESETS["paper"]
#: What papers' figures are of.
PLAIN = Mode()


class Measured(Frozen):
    """Means of one network over one set, by :data:`PROTOCOL`; ``psnr_y`` in dB.

    ``network`` is its identity (:attr:`srbench.cases.Model.identity`), ``weights`` names those that ran, ``mode`` is
    how they ran, ``code`` has the hashes of a user's Python files, ``file_sha256`` is the checkpoint's, empty for none.
    """

    network: str
    form: Form
    scale: int
    dataset: str
    images: int
    psnr_y: float
    ssim_y: float
    checkpoint: str
    weights: str
    dataset_sha256: str
    lr_source: str
    mode: Mode = Field(default=PLAIN, exclude=True)
    code: tuple[tuple[str, str], ...] = Field(default=(), exclude=True)
    file_sha256: str = Field(default="", exclude=True)


def measured_of(record: QualityRecord) -> Measured | None:
    """A record as a measurement; None where it is not complete, of tiles, or of random weights."""
    asked, mean = record.evaluation, record.mean(PROTOCOL.name)
    if mean is None or asked.mode.tile is not None or asked.random_weights:
        return None
    return Measured(
        network=asked.model.identity,
        form=asked.model.form,
        scale=asked.scale,
        dataset=asked.dataset.name,
        images=asked.dataset.images,
        psnr_y=mean[0],
        ssim_y=mean[1],
        checkpoint=asked.checkpoint.file if asked.checkpoint else "",
        weights=asked.weights,
        dataset_sha256=asked.dataset.sha256,
        lr_source=asked.dataset.lr_source,
        mode=asked.mode,
        code=tuple(asked.network.code.items()) if asked.network is not None else (),
        file_sha256=asked.checkpoint.sha256 if asked.checkpoint else "",
    )


class MeasuredBook:
    """Measurements to look up. Of a set there may be several copies; one of them is shown, the user's newest."""

    def __init__(self, own: Iterable[QualityRecord] = (), reference: Sequence[Measured] = ()) -> None:
        oldest_first = sorted(own, key=lambda record: record.finished)
        mine = [found for record in oldest_first if (found := measured_of(record)) is not None]
        copies = {(found.scale, found.dataset): found.dataset_sha256 for found in (*reference, *mine)}
        # A row is of one checkpoint: a user's own sweeps away what another one scored on the other sets.
        weights = {_key(found): found.weights for found in (*reference, *mine)}
        self._reference = frozenset(reference)
        self._found = {
            (*_key(found), found.dataset): found
            for found in (*reference, *mine)
            if copies[found.scale, found.dataset] == found.dataset_sha256 and weights[_key(found)] == found.weights
        }

    def figures(
        self,
        model: Model,
        scale: int,
        files: Mapping[str, str] = NO_FILES,
        mode: Mode = PLAIN,
        file: Weights | None = None,
    ) -> dict[tuple[str, str], Quality]:
        """(metric, set) -> what was measured of a network in a mode; of a user's only if its code was these files'.

        Where a file of weights is named, what was measured with another one is left out.

        Where its own form has none its other form's stands, if that is of the same checkpoint or the own form has no
        figure at all: a row is of one checkpoint.
        """
        own = self._of(model, model.form, scale, mode)
        weights = {found.weights for found in own}
        others: dict[Form, tuple[Form, ...]] = {"deploy": ("train",), "train": ("deploy",), "": ()}
        other = [found for form in others[model.form] for found in self._of(model, form, scale, mode)]
        figures: dict[tuple[str, str], Quality] = {}
        for found in (*(each for each in other if not own or each.weights in weights), *own):  # own ones win
            if any(files.get(path, now) != now for path, now in found.code):
                continue
            if file is not None and file.sha256 not in (found.file_sha256, found.weights):
                continue
            psnr, ssim = f"{found.psnr_y:.2f}", f"{found.ssim_y:.4f}"
            source, how = self._source(found), _how(found)
            figures["psnr_y", found.dataset] = Quality(found.psnr_y, psnr, "measured", source, how=how)
            figures["ssim_y", found.dataset] = Quality(found.ssim_y, ssim, "measured", source, how=how)
        return figures

    def _of(self, model: Model, form: Form, scale: int, mode: Mode) -> list[Measured]:
        """What was measured of one form of a network, set by set."""
        return [found for found in self._found.values() if _key(found) == (model.identity, form, scale, mode)]

    def _source(self, found: Measured) -> str:
        weights = f"{found.checkpoint} (sha256 {found.weights[:8]})" if found.checkpoint else "its own weights"
        return f"measured {'by srbench before' if found in self._reference else 'here'}, with {weights}"


def _key(found: Measured) -> tuple[str, Form, int, Mode]:
    return found.network, found.form, found.scale, found.mode


def _how(found: Measured) -> str:
    copy = f"{found.images} images {found.dataset_sha256[:8]}, LR {found.lr_source}"
    return f"{found.dataset} ({copy}), {PROTOCOL.describe('PSNR', found.scale)}"


@cache
def reference() -> tuple[Measured, ...]:
    """What srbench's own reference run measured with the official checkpoints (results/reference/quality)."""
    path = Path(__file__).with_name("reference_quality.csv")
    with path.open(newline="", encoding="utf-8") as file:
        return tuple(Measured.model_validate(row) for row in csv.DictReader(file))
