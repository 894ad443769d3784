"""Measured PSNR and SSIM as a leaderboard has them: the user's own, else the reference that comes with srbench."""

import csv
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from srbench.board.leaderboard import Quality
from srbench.facts import Frozen
from srbench.quality.protocols import PRESETS
from srbench.quality.results import QualityRecord
from srbench.records import Form, ModelId

#: The protocol of papers' tables, by which measured and published figures compare.
PROTOCOL = PRESETS["paper"]


class Measured(Frozen):
    """Means of one network over one set, by :data:`PROTOCOL`; ``psnr_y`` in dB."""

    variant: str
    form: Form
    scale: int
    dataset: str
    images: int
    psnr_y: float
    ssim_y: float
    checkpoint: str
    checkpoint_sha256: str
    dataset_sha256: str
    lr_source: str


def measured_of(record: QualityRecord) -> Measured | None:
    """A record as a measurement; None where it is not complete, or not of whole images in float32."""
    asked, mean = record.evaluation, record.mean(PROTOCOL.name)
    if mean is None or asked.tile is not None or asked.dtype != "float32":
        return None
    return Measured(
        variant=network_name(asked.model),
        form=asked.model.form,
        scale=asked.scale,
        dataset=asked.dataset.name,
        images=asked.dataset.images,
        psnr_y=mean[0],
        ssim_y=mean[1],
        checkpoint=asked.checkpoint.file if asked.checkpoint else "",
        checkpoint_sha256=asked.checkpoint.sha256 if asked.checkpoint else "",
        dataset_sha256=asked.dataset.sha256,
        lr_source=asked.dataset.lr_source,
    )


class MeasuredBook:
    """Measurements to look up. Of a set there may be several copies; one of them is shown, the user's newest."""

    def __init__(self, own: Iterable[QualityRecord] = (), reference: Sequence[Measured] = ()) -> None:
        oldest_first = sorted(own, key=lambda record: record.finished)
        mine = [found for record in oldest_first if (found := measured_of(record)) is not None]
        copies = {(found.scale, found.dataset): found.dataset_sha256 for found in (*reference, *mine)}
        # A row is of one checkpoint: a user's own sweeps away what another one scored on the other sets.
        weights = {_network(found): found.checkpoint_sha256 for found in (*reference, *mine)}
        self._reference = frozenset(reference)
        self._found = {
            (*_network(found), found.dataset): found
            for found in (*reference, *mine)
            if copies[found.scale, found.dataset] == found.dataset_sha256
            and weights[_network(found)] == found.checkpoint_sha256
        }

    def figures(self, model: ModelId, scale: int) -> dict[tuple[str, str], Quality]:
        """(metric, set) -> the measured figure of a network.

        Where its own form has none its other form's stands, if that is of the same checkpoint or the own form has no
        figure at all: a row is of one checkpoint.
        """
        own = self._of(model, model.form, scale)
        weights = {found.checkpoint_sha256 for found in own}
        other = self._of(model, "train" if model.form == "deploy" else "deploy", scale)
        figures: dict[tuple[str, str], Quality] = {}
        for found in (*(each for each in other if not own or each.checkpoint_sha256 in weights), *own):  # own ones win
            psnr, ssim = f"{found.psnr_y:.2f}", f"{found.ssim_y:.4f}"
            source, how = self._source(found), _how(found)
            figures["psnr_y", found.dataset] = Quality(found.psnr_y, psnr, "measured", source, how=how)
            figures["ssim_y", found.dataset] = Quality(found.ssim_y, ssim, "measured", source, how=how)
        return figures

    def _of(self, model: ModelId, form: Form, scale: int) -> list[Measured]:
        """What was measured of one form of a network, set by set."""
        return [found for found in self._found.values() if _network(found) == (network_name(model), form, scale)]

    def _source(self, found: Measured) -> str:
        weights = (
            f"{found.checkpoint} (sha256 {found.checkpoint_sha256[:8]})" if found.checkpoint else "its own weights"
        )
        return f"measured {'by srbench before' if found in self._reference else 'here'}, with {weights}"


def _network(found: Measured) -> tuple[str, Form, int]:
    return found.variant, found.form, found.scale


def _how(found: Measured) -> str:
    copy = f"{found.images} images {found.dataset_sha256[:8]}, LR {found.lr_source}"
    return f"{found.dataset} ({copy}), {PROTOCOL.describe('PSNR', found.scale)}"


def network_name(model: ModelId) -> str:
    """Names a network across records, however its file was typed."""
    return model.variant if model.source is None else f"{model.source}:{model.architecture}"


@cache
def reference() -> tuple[Measured, ...]:
    """What srbench's own reference run measured with the official checkpoints (results/reference/quality)."""
    path = Path(__file__).with_name("reference_quality.csv")
    with path.open(newline="", encoding="utf-8") as file:
        return tuple(Measured.model_validate(row) for row in csv.DictReader(file))
