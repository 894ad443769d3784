"""``srbench report``: one HTML file to explore what is stored."""

from collections.abc import Collection
from pathlib import Path

from srbench.api import boards
from srbench.commands import say

OK = 0


def report(output: Path, scales: Collection[int], machine: str | None, *, published: bool) -> int:
    """Write the page of the scales given, or of every scale that has records.

    Args:
        output: folder of results.
        scales: that are shown; all where there is none.
        machine: whose records are shown; None for that of the newest.
        published: networks outside the zoo, too.
    """
    say(f"wrote {boards.report(output, scale=scales, machine=machine, published=published, tell=say)}")
    return OK
