"""What is stored: records, and the table that they give."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from srbench import store
from srbench.api.request import Tell, silent
from srbench.board.leaderboard import rows_of
from srbench.board.measured import MeasuredBook, reference
from srbench.board.published import ClaimBook, load_claims
from srbench.quality.results import QualityRecord
from srbench.records import Record
from srbench.render import tables

if TYPE_CHECKING:
    import pandas as pd


def load(folder: str | Path = "results", tell: Tell = silent) -> list[Record]:
    """The records of a results folder, oldest first.

    Args:
        folder: as given to ``srbench profile --output``.
        tell: gets a line for each file that cannot be read.

    Raises:
        InputError: there are none.
    """
    return store.read(Path(folder), complain=tell)


def table(records: Iterable[Record], quality: Iterable[QualityRecord] = ()) -> "pd.DataFrame":
    """The records as the CSV of a leaderboard has them: raw numbers, one row for each case.

    Args:
        records: of :func:`profile` or :func:`load`.
        quality: of :func:`evaluate`; without them srbench's own measurements and the papers' figures stand there.

    Returns:
        A frame whose columns are those of the CSV (docs/metrics.md), None where there is no number: parameters and
        Multi-Adds as counts, runtimes in ms, memory in MiB, PSNR in dB.
    """
    return tables.frame(rows_of(records, ClaimBook(load_claims()), MeasuredBook(quality, reference())))
