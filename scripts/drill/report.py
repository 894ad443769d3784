"""The folder that a drill brings back: drill.json and drill.md, and a figure of the runtimes."""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from drill.checks import Check, Outcome
from srbench import machine
from srbench.files import write_text


def write(folder: Path, device: str, asked: str, outcomes: Mapping[Check, Outcome]) -> None:
    """Write both files anew; called after each check, so that a drill that is cut off leaves what it found."""
    here = machine.describe()
    found: dict[str, Any] = {
        "command": asked,
        "device": device,
        "gpu": here.gpus,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "srbench": version("srbench"),
        "machine": here.model_dump(mode="json"),
        "checks": [
            {"name": check.name, "claim": check.claim, **outcome.model_dump()} for check, outcome in outcomes.items()
        ],
    }
    write_text(folder / "drill.json", json.dumps(found, indent=1))
    write_text(folder / "drill.md", as_markdown(device, asked, outcomes))


def as_markdown(device: str, asked: str, outcomes: Mapping[Check, Outcome]) -> str:
    """The verdicts as a table, then each check's figures."""
    here = machine.describe()
    words = Counter(outcome.word for outcome in outcomes.values())
    on = "the CPU: a dry run, which proves nothing of a GPU" if device == "cpu" else ", ".join(here.gpus) or device
    lines = [
        f"# Drill on {cell(on)}",
        "",
        f"`{asked}`, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {cell(here.name)}, torch {here.torch}"
        + (f", CUDA {here.cuda}, driver {here.driver}" if device != "cpu" else "")
        + ".",
        "",
        ", ".join(f"{words[word]} {word}" for word in ("HOLDS", "FAILS", "SKIPPED")) + ".",
        "",
        "| check | claim | | why | s |",
        "|---|---|---|---|---:|",
    ]
    for check, outcome in outcomes.items():
        parts = (check.name, check.claim, outcome.word, cell(outcome.reason), f"{outcome.seconds:.1f}")
        lines.append(f"| {' | '.join(parts)} |")
    for check, outcome in outcomes.items():
        if outcome.figures:
            lines += ["", f"## {check.name}", "", "| figure | |", "|---|---:|"]
            lines += [f"| {cell(name)} | {cell(_shown(value))} |" for name, value in outcome.figures.items()]
    return "\n".join(lines) + "\n"


def _shown(value: float | str | None) -> str:
    if value is None:
        return "not told"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else value


def cell(text: str) -> str:
    """Text that is no Markdown and no line break, in a cell of a table."""
    flat = " ".join(text.split())
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>|#" else sign for sign in flat)
