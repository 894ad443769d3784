"""What words and marks of the page mean, and how its numbers are made beyond what the columns say."""

from collections.abc import Sequence

from srbench.board.rows import Row
from srbench.render.page.values import Term
from srbench.statuses import STATUSES

#: Of a row that no record stands behind.
_PUBLISHED = Term(word="PUBLISHED", meaning="No record here: a network that only papers know, with their figures.")
VERDICTS = (*(Term(word=each.word, meaning=each.meaning) for each in STATUSES), _PUBLISHED)

MARKS = (
    Term(word="(Y)", meaning="Works on luma only; its costs leave out the chroma and do not compare with others."),
    Term(word="*", meaning="Reconstruction: there is no official code of this network."),
    Term(word="@train", meaning="In its training form, not folded."),
    Term(
        word="(32.24)",
        meaning="In parentheses: the published figure of a sibling network. It never enters a plot, a sort or a CSV.",
    ),
    Term(
        word=">=",
        meaning="A lower bound: operators of unknown cost are not in it. In no plot, sort or front.",
    ),
    Term(word="~", meaning="Read off a published plot."),
    Term(word="²", meaning="Published by a secondary source: another paper or repository than the network's own."),
    Term(word="†", meaning="Published with a test protocol of its own, so it takes no part in the Pareto front."),
    Term(word="p", meaning="Behind a runtime: from one process alone; what differs between processes is not in it."),
    Term(word="r", meaning="Behind a runtime: the smallest and the largest of too few passes, no 95 % interval."),
)


def notes_of(rows: Sequence[Row]) -> tuple[str, ...]:
    """How the numbers of these rows are made."""
    ways = dict.fromkeys(figure.how for row in rows for figure in row.measured.values())
    return (
        "Rank: by runtime among networks of the same input, device and colours; 1 + those whose whole interval "
        "lies below, so ties share it. What was disturbed has none, and nothing has where most would share the first.",
        "A runtime's brackets hold its 95 % interval (t over processes) where nothing else is said.",
        "Multi-Adds are counted at the row's own LR size; published ones are for a 1280x720 GT.",
        "Measured and published quality are different columns. In the plot a diamond is measured, a dot published.",
        *(f"Measured on {way}." for way in ways),
    )
