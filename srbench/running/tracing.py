"""What torch.compile counts of its own work. It promises none of these names: where one is gone, nothing is told."""

import torch


def is_own_error(error: BaseException) -> bool:
    """Whether tracing or compiling raised it, not the network."""
    return any(kind.__module__.startswith(("torch._dynamo", "torch._inductor")) for kind in type(error).__mro__)


def forget() -> None:
    """Start from nothing: no graph is kept, no count goes on."""
    torch.compiler.reset()
    try:
        from torch._dynamo.utils import counters
    except ImportError:
        return
    counters.clear()


def graphs() -> int | None:
    """Graphs that were compiled since :func:`forget`; None where this torch does not tell."""
    return _count("stats", "unique_graphs")


def breaks() -> int | None:
    """Places where tracing had to stop and begin anew; None where this torch does not tell."""
    try:
        from torch._dynamo.utils import counters
    except ImportError:
        return None
    return sum(counters["graph_break"].values())


def _count(group: str, name: str) -> int | None:
    try:
        from torch._dynamo.utils import counters
    except ImportError:
        return None
    return int(counters[group][name])
