"""The notebook of the documentation runs from its first cell to its last."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "docs" / "guide" / "notebook.ipynb"


def cells() -> list[str]:
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_every_cell_runs_in_order(tmp_path: Path) -> None:
    # As a kernel does it: cell by cell in one namespace, which is no file.
    program = (
        "import sys\nspace = {'__name__': '__main__'}\nfor cell in eval(sys.stdin.read()):\n    exec(cell, space)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        cwd=tmp_path,
        input=repr(cells()),
        capture_output=True,
        text=True,
        timeout=300,
        env=environment,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = done.stdout.splitlines()
    # The official code's count (tests/model_defs/test_parameters.py).
    assert told[0].startswith("426.3 K parameters")
    assert [line.partition(":")[0] for line in told[1:5]] == ["span", "span · channels last", "mine", "wide"]
    assert len(list((tmp_path / "results" / "runs").glob("*.json"))) == 3
    [figure] = (tmp_path / "results").glob("*.png")
    # Span, RFDN and BSRN-S have parameters, and a PSNR on Set5 from their official checkpoints.
    drawn = {row["variant"] for row in csv.DictReader(figure.with_suffix(".csv").open(encoding="utf-8"))}
    assert drawn == {"span", "rfdn", "bsrn-s"}


def test_no_output_is_kept_in_it() -> None:
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert all(not cell.get("outputs") for cell in notebook["cells"])
