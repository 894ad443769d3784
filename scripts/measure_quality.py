"""Make results/reference/quality and the table of measured quality that comes with srbench.

    python scripts/measure_quality.py --weights DIR --data DIR   evaluate every official checkpoint at hand, then write
    python scripts/measure_quality.py                            only write the table from the records that are there

Set5, Set14 and B100, at every scale that a checkpoint of the registry has; bicubic interpolation beside them.
"""

import argparse
import csv
import io
import subprocess
import sys
from pathlib import Path

from srbench.board import measured
from srbench.board.measured import Measured, measured_of
from srbench.files import write_text
from srbench.quality import migrations, weights
from srbench.quality import store as quality_store

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "results" / "reference"
TABLE = Path(measured.__file__).with_name("reference_quality.csv")
SETS = "set5,set14,b100"


def main() -> None:
    """Evaluate where folders are given; write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, help="folder of official checkpoints")
    parser.add_argument("--data", type=Path, help="folder of the data sets")
    options = parser.parse_args()
    if options.weights is not None and options.data is not None:
        evaluate(options.weights, options.data)
        drop_incomplete()
    elif options.weights is not None or options.data is not None:
        parser.error("--weights and --data go together")
    write_text(TABLE, table())


def evaluate(folder: Path, data: Path) -> None:
    """Every official checkpoint in a folder, and bicubic interpolation at each of their scales."""
    at_hand = {weights.sha256(path) for path in weights.files_in(folder)}
    wanted = [(each.variant, each.scale) for each in weights.registry() if each.sha256 in at_hand]
    for scale in sorted({scale for _, scale in wanted}):
        wanted.append(("bicubic", scale))
    for variant, scale in wanted:
        _srbench("--models", variant, "--scale", str(scale), "--weights", str(folder), "--data", str(data))


def drop_incomplete() -> None:
    """Remove records of which some images have no score."""
    for path in (REFERENCE / quality_store.FOLDER).glob("*.json"):
        if not migrations.load(path.read_text(encoding="utf-8")).complete:
            path.unlink()


def table() -> str:
    """The means of all complete records, as CSV."""
    found = [m for r in quality_store.read(REFERENCE, complain=print) if (m := measured_of(r)) is not None]
    text = io.StringIO()
    writer = csv.DictWriter(
        text, [name for name, field in Measured.model_fields.items() if not field.exclude], lineterminator="\n"
    )
    writer.writeheader()
    for each in sorted(found, key=lambda m: (m.network, m.scale, m.dataset)):
        writer.writerow(each.model_dump())
    return text.getvalue()


def _srbench(*arguments: str) -> None:
    program = [sys.executable, "-m", "srbench.cli", "evaluate", "--datasets", SETS, *arguments]
    protocols = "paper,paper-rounded,ntire" + (",classic" if "bicubic" in arguments else "")
    command = [*program, "--protocol", protocols, "--output", str(REFERENCE), "--resume"]
    # 1: a network that takes no odd sides scored a part of a set; that enters no table.
    if subprocess.run(command, check=False, cwd=ROOT).returncode not in (0, 1):
        raise SystemExit("the command itself is wrong, see above")


if __name__ == "__main__":
    main()
