"""Quality records as text: one row a network and set, measured beside published, and every image worst first."""

from collections.abc import Sequence

from srbench.board.measured import PROTOCOL
from srbench.board.published import QUALITY_SETS, ClaimBook
from srbench.quality.metrics import Protocol
from srbench.quality.results import QualityRecord
from srbench.render.tables import DASH, tabulated
from srbench.render.text import plain


def terminal(records: Sequence[QualityRecord], claims: ClaimBook, *, images: bool) -> str:
    """Tables of every protocol used, the protocol and the sets' sources below each, then the images if asked for."""
    blocks = []
    for protocol in dict.fromkeys(each for record in records for each in record.evaluation.protocols):
        within = [record for record in records if protocol in record.evaluation.protocols]
        blocks += [tabulated(_cells(within, protocol, claims), "simple", left=(0, 1)), _notes(within, protocol)]
    if images:
        blocks += [_images(record) for record in records if record.images]
    return "\n\n".join(blocks)


def _cells(records: Sequence[QualityRecord], protocol: Protocol, claims: ClaimBook) -> list[list[str]]:
    cells = [["Model", "Set", "Scale", "PSNR [dB]", "SSIM", "Published", "Difference [dB]", "Status"]]
    for record in records:
        asked = record.evaluation
        mean = record.mean(protocol.name)
        printed, difference = DASH, DASH
        if protocol == PROTOCOL and asked.dataset.name in QUALITY_SETS:
            claim = claims.own(asked.model.variant, asked.scale, "psnr_y", asked.dataset.name)
            if claim is not None:
                printed = claim.printed
                difference = f"{mean[0] - claim.value:+.3f}" if mean is not None else DASH
        figures = [f"{mean[0]:.4f}", f"{mean[1]:.5f}"] if mean is not None else [DASH, DASH]
        done = f"{record.status}" if mean is not None else f"{record.status} ({len(record.images)} images)"
        name = plain(asked.model.variant) + ("@train" if asked.model.form == "train" else "")
        cells.append([name, plain(asked.dataset.name), f"x{asked.scale}", *figures, printed, difference, done])
    return cells


def _notes(records: Sequence[QualityRecord], protocol: Protocol) -> str:
    scales = dict.fromkeys(record.evaluation.scale for record in records)
    lines = [f"x{scale}: {protocol.describe('PSNR', scale)}, {protocol.describe('SSIM', scale)}" for scale in scales]
    sets = dict.fromkeys(
        f"{record.evaluation.dataset.name} x{record.evaluation.scale}: {record.evaluation.dataset.images} images, "
        f"LR {record.evaluation.dataset.lr_source}"
        for record in records
    )
    tiles = dict.fromkeys(record.evaluation.tile for record in records if record.evaluation.tile is not None)
    lines += [plain(line) for line in sets]
    lines += [f"in overlapping tiles of {tile} LR pixels" for tile in tiles]
    return "\n".join(lines)


def _images(record: QualityRecord) -> str:
    asked = record.evaluation
    head = ["Image", *(f"{each.name} {what}" for each in asked.protocols for what in ("PSNR [dB]", "SSIM"))]
    ranked = sorted(record.images, key=lambda image: image.scores[0].psnr)
    cells = [
        [plain(image.name), *(text for s in image.scores for text in (f"{s.psnr:.4f}", f"{s.ssim:.5f}"))]
        for image in ranked
    ]
    title = f"{plain(asked.model.variant)} x{asked.scale} on {plain(asked.dataset.name)}, worst first"
    notes = [f"{plain(image.name)}: {plain(note)}" for image in ranked for note in image.notes]
    return "\n\n".join([title, tabulated([head, *cells], "simple"), *(["\n".join(notes)] if notes else [])])
