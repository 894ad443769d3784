"""Measure the networks of a challenge from a checkout of its repository, by a suite that lies here.

    git clone https://github.com/Amazingren/NTIRE2024_ESR CHECKOUT
    python scripts/suite_demo.py CHECKOUT [options of srbench profile, such as --static-only --lr 256x256]

The suite has facts alone: names, files, classes, arguments. Nothing of the repository is part of this one.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

SUITE = Path(__file__).parent / "suites" / "ntire2024.toml"


def rooted(checkout: Path) -> str:
    """The suite with its relative paths beginning in a checkout."""
    return f"root = {json.dumps(str(checkout.resolve()), ensure_ascii=False)}\n\n{SUITE.read_text(encoding='utf-8')}"


def main() -> int:
    """Profile; the exit code is that of ``srbench profile``."""
    if len(sys.argv) < 2 or not Path(sys.argv[1]).is_dir():
        print((__doc__ or "").strip(), file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="srbench-") as folder:
        suite = Path(folder) / SUITE.name
        suite.write_text(rooted(Path(sys.argv[1])), encoding="utf-8")
        command = [sys.executable, "-m", "srbench.cli", "profile", "--suite", str(suite), "--skip-invalid"]
        return subprocess.run([*command, *sys.argv[2:]], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
