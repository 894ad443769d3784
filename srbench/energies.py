"""What a counter of energy told of a forward pass."""

from pydantic import Field

from srbench.facts import Amount, Frozen, Line, Number


class Energy(Frozen):
    """Energy of a pass, or why there is no figure of it.

    Attributes:
        per_image_mj: millijoules of one image, of the whole device that the counter is of, its idle power included;
            None where the counter cannot be trusted or read.
        passes: in the window, one after another, each waited for.
        window_ns: wall time of the window; at least a hundred steps of the counter.
        interval_ns, step_mj: the time between two steps of the counter, and the usual step, at rest.
        idle_before_w, idle_after_w: power at rest before the passes and after them.
        method: what counts.
        reason: why there is no figure; empty where there is one.
    """

    per_image_mj: float | None = Field(default=None, gt=0, le=1e12)
    passes: Number = 0
    window_ns: Number = 0
    interval_ns: Number = 0
    step_mj: Amount = 0.0
    idle_before_w: Amount = 0.0
    idle_after_w: Amount = 0.0
    method: Line = ""
    reason: Line = ""

    @property
    def error_mj(self) -> float:
        """How far off a figure may be: one step of the counter at either end of the window."""
        if self.per_image_mj is None or not self.window_ns:
            return 0.0
        return self.per_image_mj * 2 * self.interval_ns / self.window_ns
