"""``srbench plot``: figures from stored records."""

from srbench.api.plotting import Drawing, draw
from srbench.commands import say

OK, FAILED = 0, 1


def plot(options: Drawing) -> int:
    """Draw what is asked for; 1 if a network failed, else 0."""
    drawn = draw(options)
    if drawn.files:
        say(f"wrote {', '.join(map(str, drawn.files))}")
    return FAILED if drawn.failed else OK
