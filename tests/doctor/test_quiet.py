"""Whether the machine is quiet now, and how long that is waited for, by scripted looks and a scripted clock."""

import pytest

from srbench.api import examining
from srbench.doctor import quiet, sampling, surroundings
from srbench.doctor.quiet import wait_for_quiet
from srbench.doctor.report import Finding
from srbench.doctor.sampling import Activity
from tests.builders import make_settings
from tests.command_line import Run
from tests.doctor.test_surroundings import CALM

LOUD = Finding(code="cpu.others", level="unfit", sentence="other programs use 0.97 of the 2 cores")


class Clock:
    """Goes forward by what is slept and by a second for each look."""

    def __init__(self, looks: list[list[Finding]]) -> None:
        self.now, self.looks, self.told = 0.0, looks, list[str]()

    def look(self) -> list[Finding]:
        self.now += 1
        return self.looks.pop(0)

    def pause(self, seconds: float) -> None:
        self.now += seconds

    def wait(self, most_s: float = 3600) -> list[Finding]:
        return wait_for_quiet(self.look, self.told.append, most_s, lambda: self.now, self.pause)


def test_a_quiet_machine_is_looked_at_twice_and_nothing_is_said() -> None:
    clock = Clock([[], []])
    assert clock.wait() == []
    assert (clock.now, clock.told, clock.looks) == (2, [], [])


def test_a_pause_between_two_disturbances_is_not_quiet() -> None:
    clock = Clock([[LOUD], [], [LOUD], [], []])
    assert clock.wait() == []
    assert clock.looks == []
    assert clock.told == ["waiting for quiet (0 min): other programs use 0.97 of the 2 cores"]


def test_a_line_a_minute_and_an_end() -> None:
    clock = Clock([[LOUD]] * 100)
    assert clock.wait(most_s=130) == [LOUD]
    # Looks end after 1, 7, 13 ... s: of those 61 and 121 are the first that lie a minute after a line.
    assert [line.partition(")")[0] for line in clock.told] == [f"waiting for quiet ({n} min" for n in (0, 1, 2)]


@pytest.mark.parametrize(("cores", "said"), [(0.97, "other programs use 0.97 of the "), (0.01, "")])
def test_only_what_would_spoil_a_runtime_is_told(monkeypatch: pytest.MonkeyPatch, cores: float, said: str) -> None:
    activity = Activity(others_cores=cores, stolen_cores=0.0, waiting=0.0)
    monkeypatch.setattr(sampling, "sample", lambda seconds: activity)
    monkeypatch.setattr(surroundings, "look", lambda reading: CALM)
    found = examining.disturbances("cpu", make_settings())
    assert found.startswith(said)
    assert bool(found) == bool(said)


def test_profile_says_so_first(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiet, "disturbances", lambda device, settings: [LOUD])
    done = run("profile", "--models", "ecbsr-m4c8", "--lr", "16x16", "--rounds", "1", "--budget", "0.1")
    assert done.err.splitlines()[0] == (
        "not quiet now: other programs use 0.97 of the 2 cores; runtimes will say so (--wait waits until it has ended)"
    )


@pytest.mark.parametrize("options", [("--static-only",), ("--quiet",)])
def test_nothing_is_looked_at_where_nobody_wants_to_know(
    run: Run, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    monkeypatch.setattr(quiet, "disturbances", lambda device, settings: pytest.fail("it looked"))
    done = run("profile", "--models", "ecbsr-m4c8", "--lr", "16x16", "--rounds", "1", "--budget", "0.1", *options)
    assert done.code == 0
