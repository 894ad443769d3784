"""The generated parts of README and documentation are what the scripts make."""

import re
from pathlib import Path

import pytest

import explain_metrics
import make_reference

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("document", make_reference.DOCUMENTS)
def test_the_generated_parts_are_fresh(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    assert make_reference.with_parts(text, document) == text


def test_every_generated_part_stands_somewhere() -> None:
    stand = [
        name
        for document in make_reference.DOCUMENTS
        for name in re.findall(r"<!-- (\w+):begin -->", (ROOT / document).read_text(encoding="utf-8"))
    ]
    assert set(stand) == set(make_reference.parts(""))


def test_the_page_of_metrics_is_fresh() -> None:
    page = explain_metrics.PAGE.read_text(encoding="utf-8")
    assert explain_metrics.with_parts(page) == page


@pytest.mark.parametrize("target", ["leaderboard", "test"])
def test_its_two_commands_are_in_the_makefile(target: str) -> None:
    assert f"    make {target} " in README
    assert f"\n{target}:" in (ROOT / "Makefile").read_text(encoding="utf-8")
