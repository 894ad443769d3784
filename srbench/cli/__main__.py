"""``python -m srbench.cli``."""

from srbench.cli import main

main()
