"""Whether a mode gives what eager float32 gives: what a record says of it."""

from pydantic import Field

from srbench.facts import Frozen, Line, Number


class Agreement(Frozen):
    """How near a mode's output is to that of eager float32, with the same weights on the same natural image.

    Attributes:
        psnr_db: of the two outputs, against what the output of eager float32 spans but for one value in 2000 at
            either end; None where they are equal.
        largest: the largest difference of a value, as a share of that span.
        floor_db: below this the mode is taken for broken, and nothing of it is timed.
        image: name of the image.
        versions: of what ran it beside torch, by name.
        build_ns: wall time in which its engine built it with nothing kept from before; None where it builds nothing.
    """

    psnr_db: float | None
    largest: float = Field(ge=0)
    floor_db: float
    image: Line
    versions: dict[str, Line] = Field(default_factory=dict)
    build_ns: Number | None = None

    @property
    def good(self) -> bool:
        """Whether it is at or above its floor."""
        return self.psnr_db is None or self.psnr_db >= self.floor_db
