"""``srbench visual``: the figure of the papers, crops of one image by several networks."""

from srbench.api import visualising
from srbench.api.visualising import Visual
from srbench.commands import say

OK, FAILED = 0, 1


def visual(options: Visual) -> int:
    """Draw the figure; 1 where a network failed."""
    shown = visualising.show(options)
    say(f"wrote {', '.join(map(str, shown.files))}; scores of the whole image: {shown.protocol}")
    return FAILED if shown.failed else OK
