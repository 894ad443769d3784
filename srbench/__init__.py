"""Which super-resolution network is the better trade, on this machine?

    import srbench

    records = srbench.profile("span", scale=4)

The calls are documented in :mod:`srbench.api`; they are loaded at their first use, for torch takes a second.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from srbench.api import (
        InputError,
        challenge,
        compare,
        count,
        count_rule,
        evaluate,
        examine,
        leaderboard,
        load,
        paper_table,
        plot,
        profile,
        report,
        table,
        visual,
        zoo,
    )

__all__ = [
    "InputError",
    "challenge",
    "compare",
    "count",
    "count_rule",
    "evaluate",
    "examine",
    "leaderboard",
    "load",
    "paper_table",
    "plot",
    "profile",
    "report",
    "table",
    "visual",
    "zoo",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'srbench' has no attribute '{name}'")
    if name == "count_rule":  # stands in networks' files: a process that measures one needs nothing else of the API
        from srbench.measure.rules import count_rule

        return count_rule
    from srbench import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
