"""A challenge on the device at hand: its inputs, its ranking, and whether a published table's order comes back."""

from drill.checks import Bench, Check, Figures, Found, Skip
from srbench.api import challenging, profiling
from srbench.api.request import Request
from srbench.records import Record

EDITION = "ntire2024"
#: Mean runtimes in ms of the networks at hand in NTIRE 2022's published table, on a Titan Xp
#: (ofsoundof/NTIRE2022_ESR, figs/results.png): RFDN (AIM 2020 winner), IMDN (baseline), and BSRN-S (NJUST_ESR).
PUBLISHED_MS = {"rfdn": 41.97, "imdn": 50.86, "bsrn-s": 164.80}
#: Below this the order is another one.
LEAST_CORRELATION = 0.5
FOLDER = "records/challenge"


def order(bench: Bench) -> Found:
    """Runtimes at the challenge's size, its ranking, and the rank correlation with the published runtimes."""
    if bench.on_cpu:
        raise Skip("the published runtimes are of a GPU")
    request = Request(
        models=tuple(PUBLISHED_MS),
        challenge=EDITION,
        device=bench.device,
        rounds=3,
        budget_s=1.5,
        patience_s=0,
        timeout_s=120,
    )
    records = profiling.profile(request, bench.output / FOLDER, launcher=bench.launcher)
    found = {record.case.model.variant: ms for record in records if (ms := _ms(record)) is not None}
    figures: Figures = {f"{name}_ms": found.get(name) for name in PUBLISHED_MS}
    figures |= {f"{name}_published_ms": ms for name, ms in PUBLISHED_MS.items()}
    if missing := [name for name in PUBLISHED_MS if name not in found]:
        return Found(figures=figures, wrong=(f"no runtime of {', '.join(missing)}",))
    rho = spearman([found[name] for name in PUBLISHED_MS], list(PUBLISHED_MS.values()))
    figures["rank_correlation"] = rho
    table = challenging.challenge(EDITION, (bench.output / FOLDER,), baseline="rfdn")
    figures["ranking"] = ", ".join(standing.entry.team for standing in table.standings)
    if rho >= LEAST_CORRELATION:
        return Found(figures=figures)
    return Found(figures=figures, wrong=(f"the order of the published runtimes does not come back: {rho:.2f}",))


def _ms(record: Record) -> float | None:
    interval = record.latency.interval if record.latency is not None and record.case.device != "none" else None
    return None if interval is None else interval.median / 1e6


def spearman(ours: list[float], theirs: list[float]) -> float:
    """Rank correlation of two rows of numbers without ties: 1 for the same order, -1 for the opposite one."""
    ranks = [{value: place for place, value in enumerate(sorted(row))} for row in (ours, theirs)]
    squares = sum((ranks[0][a] - ranks[1][b]) ** 2 for a, b in zip(ours, theirs, strict=True))
    n = len(ours)
    return 1 - 6 * squares / (n * (n**2 - 1))


CHECKS = (
    Check(
        "challenge.order",
        "Networks of a published table come in its order, at a challenge's size.",
        order,
        launches=True,
    ),
)
