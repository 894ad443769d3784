"""The one table of statuses: what became of a case, what each word means, and what to do about it.

Records, verdicts, the page and the documentation all read it. Nothing is imported here.
"""

from dataclasses import dataclass
from typing import Literal

#: Only rows that measured what they should are VALID. :data:`STATUSES` says what each word means.
Status = Literal[
    "VALID",
    "RECOMPILED",
    "SHORT",
    "THROTTLED",
    "UNLOCKED",
    "CONTENDED",
    "DRIFTING",
    "NOISY",
    "OOM",
    "CRASH",
    "TIMEOUT",
    "MISMATCH",
    "UNSUPPORTED",
]


@dataclass(frozen=True)
class Meaning:
    """What a status says of a row.

    Attributes:
        word: the status.
        meaning: one sentence: when it is given.
        advice: one line on what to do next, where that is the same for every such row; a row says the rest.
        kind: ``failed`` rows have no usable measurement and make a run exit with 1; ``disturbed`` ones have a runtime
            that something changed: it is shown, and neither ranked nor best.
    """

    word: Status
    meaning: str
    advice: str = ""
    kind: Literal["sound", "disturbed", "failed"] = "sound"


#: In the order in which a verdict looks for them, failures last.
STATUSES: tuple[Meaning, ...] = (
    Meaning("VALID", "None of the below."),
    Meaning(
        "RECOMPILED",
        "The engine built the network anew inside the timed passes, so that the samples hold more than passes.",
        "raise --budget, so that building ends within the warm-up, or choose another engine",
        "disturbed",
    ),
    Meaning(
        "SHORT",
        "Fewer than 3 samples fit into the time-out.",
        "raise --timeout or choose a smaller --gt",
        "disturbed",
    ),
    Meaning(
        "THROTTLED",
        "The device says that its clock was held back in a quarter of the readings or more: thermal or power limits, "
        "a container's CPU quota.",
        kind="disturbed",
    ),
    Meaning(
        "UNLOCKED",
        "--clock locked was asked for, and in a quarter of the readings or more the GPU's clock was not fixed, not the "
        "one that it was locked to, or not told.",
        "lock it: sudo nvidia-smi --lock-gpu-clocks=MHZ, with a clock that it holds under load",
        "disturbed",
    ),
    Meaning(
        "CONTENDED",
        "Other programs used more than 0.15 of a core meanwhile, or more than half of the passes were preempted beyond "
        "the kernel's own housekeeping; on a GPU another program was at work on it in a quarter of the readings or "
        "more.",
        "end the other programs and measure again",
        "disturbed",
    ),
    Meaning(
        "DRIFTING",
        "In half of the processes or more, passes rose or fell by more than 5 % (Theil-Sen slope) where chance gives "
        "such a trend once in 100 (Spearman).",
        kind="disturbed",
    ),
    Meaning("NOISY", "The interval is wide: more than 5 times the precision asked for, to either side."),
    Meaning("OOM", "Failed: no memory.", "choose a smaller --gt, --lr or --batch", "failed"),
    Meaning("CRASH", "Failed: an exception or a signal.", kind="failed"),
    Meaning("TIMEOUT", "Failed: no answer in time.", "raise --timeout or choose a smaller --gt", "failed"),
    Meaning("MISMATCH", "Failed: what came out is no upscaled image, or not the one that it should be.", kind="failed"),
    Meaning("UNSUPPORTED", "Failed: it cannot be built.", kind="failed"),
)
DISTURBED: frozenset[Status] = frozenset(each.word for each in STATUSES if each.kind == "disturbed")
FAILURES: frozenset[Status] = frozenset(each.word for each in STATUSES if each.kind == "failed")
_ADVICE = {each.word: each.advice for each in STATUSES}


def advice(word: Status, timeout_s: float) -> str:
    """What to do about a status where that is fixed, with the time-out as it is now; empty where the row says it."""
    return _ADVICE[word].replace("--timeout", f"--timeout (now {timeout_s:g} s)")
