"""Which editions of challenges come with srbench: the TOML files of ``editions/``.

Apart from what reads them, since every ``--help`` names them and must be quick.
"""

from pathlib import Path

EDITIONS = Path(__file__).with_name("editions")


def names() -> list[str]:
    """The editions, by the names of their files."""
    return sorted(path.stem for path in EDITIONS.glob("*.toml"))
