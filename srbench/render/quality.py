"""Quality records as text: one row a network and set, measured beside published, and every image worst first."""

from collections.abc import Sequence
from statistics import fmean

from srbench.board.measured import PROTOCOL
from srbench.board.published import SET_SIZES, Claim, ClaimBook
from srbench.cases import MODE_SIGN
from srbench.fingerprint import Fingerprint
from srbench.quality.protocols import Protocol
from srbench.quality.results import QualityRecord
from srbench.render.grid import DASH
from srbench.render.terminal import table
from srbench.text import plain as plain_text

#: Of Model, Set, Scale, PSNR, SSIM, Published, Difference, Status: what stays where room is short.
_IMPORTANCE = (0, 9, 6, 10, 8, 5, 4, 7)


def terminal(records: Sequence[QualityRecord], claims: ClaimBook, *, images: bool, width: int | None = None) -> str:
    """Tables of every protocol used, the protocol and the sets' sources below each, then the images if asked for.

    Args:
        records: one for each network, set and mode.
        claims: what papers print.
        images: whether every image has a line.
        width: of the terminal in characters; None for no limit.
    """
    blocks = []
    for protocol in dict.fromkeys(each for record in records for each in record.evaluation.protocols):
        within = [record for record in records if protocol in record.evaluation.protocols]
        blocks += [
            table(_cells(within, protocol, claims), (0, 1), width, _IMPORTANCE),
            _notes(within, protocol, claims),
        ]
    if images:
        blocks += [_images(record, width) for record in records if record.images]
    return "\n\n".join(blocks)


def modes(records: Sequence[QualityRecord], plain: Sequence[QualityRecord]) -> str:
    """What bfloat16, channels last or tiles move: a paragraph, empty where there is none of them."""
    lines = []
    for record in records:
        asked = record.evaluation
        counterpart = next((each for each in plain if each.answers(asked.plain)), None)
        if asked.mode.plain or counterpart is None:
            continue
        for protocol in asked.protocols:
            here, there = record.mean(protocol.name), counterpart.mean(protocol.name)
            if here is not None and there is not None:
                where = f"{_name(record)} x{asked.scale} on {plain_text(asked.dataset.name)}"
                lines.append(
                    f"{where}: {asked.mode.label} moves PSNR by {_signed(here[0] - there[0], 4)} dB and SSIM by "
                    f"{_signed(here[1] - there[1], 5)} against {asked.plain.mode.label or 'float32'} ({protocol.name})"
                )
    return "\n\n" + "\n".join(lines) if lines else ""


def _signed(value: float, digits: int) -> str:
    """With its sign, without a minus before zero."""
    return f"{round(value, digits) + 0.0:+.{digits}f}"


def _name(record: QualityRecord) -> str:
    return plain_text(record.evaluation.model.label)


def _cells(records: Sequence[QualityRecord], protocol: Protocol, claims: ClaimBook) -> list[list[str]]:
    cells = [["Model", "Set", "Scale", "PSNR [dB]", "SSIM", "Published", "Difference [dB]", "Status"]]
    for record in records:
        asked = record.evaluation
        mean = record.mean(protocol.name)
        printed, difference = DASH, DASH
        claim = _claim(record, protocol, claims)
        if claim is not None:
            printed = claim.printed + ("*" if claim.protocol else "")
            difference = _signed(mean[0] - claim.value, 3) if mean is not None else DASH
        figures = [f"{mean[0]:.4f}", f"{mean[1]:.5f}"] if mean is not None else [DASH, DASH]
        scored = f"{record.status}, {len(record.images)} of {asked.dataset.images} images scored"
        done = record.status if mean is not None else scored
        done += ", random weights" if asked.random_weights else ""
        name = _name(record) + (MODE_SIGN + asked.mode.mark if asked.mode.words else "")
        cells.append([name, plain_text(asked.dataset.name), f"x{asked.scale}", *figures, printed, difference, done])
    return cells


def _claim(record: QualityRecord, protocol: Protocol, claims: ClaimBook) -> Claim | None:
    """What papers print for this network on this set, if it is the whole set."""
    asked = record.evaluation
    if protocol != PROTOCOL or SET_SIZES.get(asked.dataset.name) != asked.dataset.images:
        return None
    return claims.own(asked.model.variant, asked.scale, "psnr_y", asked.dataset.name)


def _notes(records: Sequence[QualityRecord], protocol: Protocol, claims: ClaimBook) -> str:
    scales = dict.fromkeys(record.evaluation.scale for record in records)
    lines = [f"x{scale}: {protocol.describe('PSNR', scale)}, {protocol.describe('SSIM', scale)}" for scale in scales]
    sets = dict.fromkeys(
        f"{record.evaluation.dataset.name} x{record.evaluation.scale}: {record.evaluation.dataset.images} images, "
        f"LR {record.evaluation.dataset.lr_source}"
        for record in records
    )
    lines += [plain_text(line) for line in sets]
    lines += dict.fromkeys(line for record in records for line in _about(record, protocol))
    for record in records:
        if (claim := _claim(record, protocol, claims)) is not None and claim.protocol:
            lines.append(
                plain_text(f"* {record.evaluation.model.variant}: published by another protocol: {claim.protocol}")
            )
    if any(record.evaluation.mode.tile is not None for record in records):
        lines.append("tiles of LR pixels, which overlap")
    return "\n".join(lines)


def _about(record: QualityRecord, protocol: Protocol) -> list[str]:
    """With which weights, and which images equal their GT."""
    asked = record.evaluation
    lines = []
    name = f"{_name(record)} x{asked.scale}"
    if asked.checkpoint is not None:
        lines.append(plain_text(f"{name}: {asked.checkpoint.file} (sha256 {asked.checkpoint.sha256[:8]})"))
    elif asked.network is not None and not asked.random_weights:
        lines.append(plain_text(f"{name}: with the weights that {asked.model.file} gives it"))
    if asked.network is not None and asked.random_weights:
        lines.append(plain_text(f"{name}: {_random(asked.network)}; it enters no leaderboard"))
    equal = [image.name for image in record.images if image.scores[asked.protocols.index(protocol)].mse == 0]
    if equal:
        others = [i.scores[asked.protocols.index(protocol)].psnr for i in record.images if i.name not in equal]
        mean = f"; the mean of the others is {fmean(others):.4f} dB" if others else ""
        names = ", ".join(equal[:3]) + (" ..." if len(equal) > 3 else "")
        lines.append(plain_text(f"{_name(record)} on {asked.dataset.name}: {names} equal to GT, PSNR infinite{mean}"))
    return lines


def _random(network: Fingerprint) -> str:
    """Which weights nothing loaded."""
    names = ", ".join(network.random_names) + (" ..." if network.random > len(network.random_names) else "")
    return (
        f"random weights in {network.random} of {network.tensors} tensors ({names}), which change with the seed; "
        "--weights gives it trained ones"
    )


def _images(record: QualityRecord, width: int | None) -> str:
    asked = record.evaluation
    head = ["Image", *(f"{each.name} {what}" for each in asked.protocols for what in ("PSNR [dB]", "SSIM"))]
    ranked = sorted(record.images, key=lambda image: image.scores[0].psnr)
    cells = [
        [plain_text(image.name), *(text for s in image.scores for text in (f"{s.psnr:.4f}", f"{s.ssim:.5f}"))]
        for image in ranked
    ]
    title = f"{plain_text(asked.model.variant)} x{asked.scale} on {plain_text(asked.dataset.name)}, worst first"
    notes = [f"{plain_text(image.name)}: {plain_text(note)}" for image in ranked for note in image.notes]
    return "\n\n".join([title, table([head, *cells], width=width), *(["\n".join(notes)] if notes else [])])
