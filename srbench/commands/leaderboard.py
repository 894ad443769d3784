"""``srbench leaderboard``: tables from stored records, nothing measured."""

from collections.abc import Collection, Sequence
from pathlib import Path

from srbench import store
from srbench.api import boards, challenging
from srbench.commands import readable, say, width
from srbench.render.pivot import Axis

OK = 0


def leaderboard(
    output: Path,
    scales: Collection[int],
    machine: str | None,
    *,
    published: bool,
    strict_ranks: bool,
    pivot: Axis | None,
    forms: Sequence[str],
) -> int:
    """Rebuild, print and write the tables of the scales given, or of every scale that has records.

    Args:
        output: folder of results.
        scales: that are shown; all where there is none.
        machine: whose records are shown; None for that of the newest.
        published: networks outside the zoo, too.
        strict_ranks: rank by the medians alone.
        pivot: what stands across, in place of one row for each case.
        forms: of the files that are written.
    """
    board = boards.leaderboard(
        output, scale=scales, machine=machine, published=published, strict_ranks=strict_ranks, pivot=pivot, tell=say
    )
    store.prepare(output)
    files = board.write(output, forms)
    print(board.text(width(), readable(files)))
    say(f"wrote {', '.join(map(str, files))}")
    return OK


def standings(
    output: Path,
    inputs: Sequence[Path],
    typed_challenge: str,
    baseline: str | None,
    machine: str | None,
    forms: Sequence[str],
) -> int:
    """Rank what the inputs hold (the records of ``output`` where there are none), print and write the table.

    Args:
        output: folder of results.
        inputs: folders of records, or files of a challenge.
        typed_challenge: name of the edition, or its file.
        baseline: a network, or a file that has it; None for the edition's.
        machine: whose records are ranked; None for that of the newest.
        forms: of the files that are written.
    """
    ranked = challenging.challenge(typed_challenge, inputs or [output], baseline=baseline, machine=machine, tell=say)
    store.prepare(output)
    files = ranked.write(output, forms)
    print(ranked.text(width(), readable(files)))
    say(f"wrote {', '.join(map(str, files))}")
    return OK
