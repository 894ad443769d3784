"""The README's generated parts are what the scripts make, and what it tells people to type exists."""

import re
from pathlib import Path

import pytest
import typer

import explain_metrics
import make_reference
from srbench.cli import app

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_generated_parts_are_fresh() -> None:
    assert make_reference.with_parts(README) == README


def test_the_page_of_metrics_is_fresh() -> None:
    page = explain_metrics.PAGE.read_text(encoding="utf-8")
    assert explain_metrics.with_parts(page) == page


def test_every_picture_and_page_it_names_exists() -> None:
    links = re.findall(r"\]\(([^)#]+)\)|src=\"([^\"]+)\"", README)
    local = [path for pair in links for path in pair if path and not path.startswith("http")]
    assert local
    assert [path for path in local if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("line", sorted(set(re.findall(r"^ {4}srbench (.*)$", README, re.MULTILINE))))
def test_every_command_and_option_it_shows_exists(line: str) -> None:
    words = line.partition("#")[0].split()
    command = typer.main.get_group(app).commands[words[0]]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("target", ["leaderboard", "test"])
def test_its_two_commands_are_in_the_makefile(target: str) -> None:
    assert f"    make {target} " in README
    assert f"\n{target}:" in (ROOT / "Makefile").read_text(encoding="utf-8")
