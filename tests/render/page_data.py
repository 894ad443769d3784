"""Rows and records for pages."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

from srbench.board.leaderboard import rows_of
from srbench.board.published import ClaimBook
from srbench.board.rows import Row
from srbench.counts import Layer
from srbench.records import Record
from srbench.render.page import page
from tests.builders import (
    MIB,
    make_case,
    make_counts,
    make_latency,
    make_memory,
    make_model,
    make_quality,
    make_record,
    make_row,
    with_figures,
)

HOSTILE = (
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "\"quoted\" & 'apostrophes'",
    "emoji 🦊👩‍🔬 net",
    "n" * 200,
    '=cmd("calc")',
    "{{data}} ${1} `x`",
    "line\u2028and\u2029paragraph",
)


def write_page(path: Path, rows: list[Row], records: list[Record | None]) -> Path:
    """The page of these rows as a file."""
    path.write_text(page(rows, records), encoding="utf-8")
    return path


def joined(records: list[Record]) -> tuple[list[Row], list[Record | None]]:
    """A row for each record, in their order."""
    return [row for record in records for row in rows_of([record], ClaimBook(()))], list(records)


def record_named(name: str, architecture: str = "Net", number: int = 0, **changes: Any) -> Record:
    """A measured network of a user, the costlier the higher its number."""
    model = make_model(name, architecture=architecture, source=f"/nets/{number}.py")
    counts: dict[str, Any] = {"complexity": make_counts(100_000 * (number + 1), 10**9 * (number + 1))}
    return make_record(make_case(model=model), minutes=number, **counts | changes)


def many_rows(count: int) -> tuple[list[Row], list[Record | None]]:
    """So many networks, each with 60 layers and three processes of 20 samples of its own; every tenth is NOISY."""
    chance = random.Random(0)
    records = []
    for number in range(count):
        layers = tuple(_layer(number, i) for i in range(60))
        runtime = chance.lognormvariate(4.5, 0.8)
        processes = [[runtime * chance.gauss(1, 0.02) for _ in range(20)] for _ in range(3)]
        counts = make_counts(round(chance.lognormvariate(13, 1)), round(chance.lognormvariate(24, 1)), layers=layers)
        record = record_named(f"net-{number}", f"Net{number % 40}", number, complexity=counts)
        status = "NOISY" if number % 10 == 0 else "VALID"
        changes = {
            "latency": make_latency(*processes),
            "memory": make_memory(round(chance.lognormvariate(5, 0.5) * MIB)),
        }
        records.append(
            record.model_copy(update=changes | {"status": status, "reason": "wide" if number % 10 == 0 else ""})
        )
    return joined(records)


def _layer(number: int, i: int) -> Layer:
    return Layer(
        name=f"body.{i}.conv{number % 7}",
        operator="conv 3x3",
        in_shape=(64, 180, 320),
        out_shape=(64, 180, 320),
        params=36_928 + number,
        multi_adds=2_123_366_400 + number,
        activations=3_686_400,
    )


QUALITY = {"alpha": "32.10", "beta": "32.40", "gamma": "32.20"}


def some_rows() -> tuple[list[Row], list[Record | None]]:
    """Four measured networks, the last one failed; a network that only a paper knows. Beta dominates gamma."""
    names = [*QUALITY, "delta"]
    records = [record_named(name, name.title(), number) for number, name in enumerate(names)]
    failed = {"status": "CRASH", "reason": "RuntimeError: no", "latency": None, "memory": None, "detail": "Trace <b>"}
    records[-1] = records[-1].model_copy(update=failed)
    rows, behind = joined(records)
    rows = [
        replace(row, measured={("psnr_y", "Set5"): make_quality(QUALITY[row.variant], "measured", "w.pth")})
        if row.variant in QUALITY
        else row
        for row in rows
    ]
    figure = make_quality("31.00", source="A paper, Table 4")
    empty: dict[str, Any] = dict.fromkeys(
        ("params", "multi_adds", "activations", "convs", "peak_memory_mib", "runtime_ms")
    )
    paper = make_row(
        "", model="PaperNet", status="PUBLISHED", device="", machine="", quality={("psnr_y", "Set5"): figure}, **empty
    )
    return [*rows, with_figures(paper, params=50_000)], [*behind, None]
