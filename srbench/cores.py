"""Sets of cores or memory nodes as Linux writes them: ``0-3,8``."""

from collections.abc import Iterable


def number_list(words: str | None) -> list[int]:
    """``0-3,8`` -> 0, 1, 2, 3, 8: the kernel's way to write a set of cores or nodes; empty for anything else."""
    found: list[int] = []
    for part in (words or "").split(","):
        low, dash, high = part.strip().partition("-")
        try:
            found.extend(range(int(low), int(high if dash else low) + 1))
        except ValueError:
            return []
    return found


def as_ranges(numbers: Iterable[int]) -> str:
    """0, 1, 2, 3, 8 -> ``0-3,8``."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return ",".join("-".join(map(str, run)) for run in runs)
