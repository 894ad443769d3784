"""``srbench evaluate``: PSNR and SSIM of networks with their weights on data sets."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from srbench.api.evaluating import EvaluateRequest, Question, Session, named, opened
from srbench.board.published import ClaimBook, load_claims
from srbench.commands import say, width
from srbench.quality import store as quality_store
from srbench.quality.results import ImageResult
from srbench.render import quality as render

OK, FAILED = 0, 1


@dataclass(frozen=True)
class Options:
    """What is evaluated, where it goes, and what is shown of it; the CLI's help says what they mean."""

    request: EvaluateRequest
    images: bool
    resume: bool
    output: Path
    quiet: bool


def evaluate(options: Options) -> int:
    """Evaluate every network on every set, store each image as it is done, print the table; 1 if a row failed."""
    with opened(options.request, options.output, resume=options.resume, tell=say) as session:
        try:
            session.evaluate((lambda question, images: None) if options.quiet else _Told(session))
        except KeyboardInterrupt:
            say(f"interrupted: what is done is kept in {options.output / quality_store.FOLDER}; --resume goes on")
            return FAILED
        except OSError as error:
            where = error.filename or options.output
            say(f"cannot write to {where}: {error.strerror or error}; --resume goes on with what is stored")
            return FAILED
    _show(session, options)
    return OK if all(record.complete for record in session.records) else FAILED


def _show(session: Session, options: Options) -> None:
    records = session.records
    with_modes = [record.evaluation for record in records if not record.evaluation.mode.plain]
    plain = [quality_store.earlier(options.output, asked.plain) for asked in with_modes]
    modes = render.modes(records, [record for record in plain if record is not None])
    print(render.terminal(records, ClaimBook(load_claims()), images=options.images, width=width()) + modes)
    if not options.quiet:
        kept = f"; {len(records) - session.written} were complete" if session.written < len(records) else ""
        say(f"wrote {session.written} record(s) to {options.output / quality_store.FOLDER}{kept}")


class _Told:
    """A line when a set is done, and after each tenth of a long one: the running mean."""

    def __init__(self, session: Session) -> None:
        self._places = {id(question): number for number, question in enumerate(session.questions, 1)}

    def __call__(self, question: Question, images: Sequence[ImageResult]) -> None:
        asked, total = question.asked, question.asked.dataset.images
        if len(images) % max(1, total // 10) == 0 or len(images) == total:
            mean = fmean(image.scores[0].psnr for image in images)
            place = f"[{self._places[id(question)]}/{len(self._places)}]"
            say(
                f"{place} {named(asked)} on {asked.dataset.name}: {len(images)} of {total} images, {mean:.4f} dB so far"
            )


def default_data() -> Path:
    """``SRBENCH_DATA``, or ``data`` here."""
    return Path(os.environ.get("SRBENCH_DATA", "data"))
