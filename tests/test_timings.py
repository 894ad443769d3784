"""Where the wall time of a run went: every second has one name, and all of them make the whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srbench.failures import Failure
from srbench.journal import Entry, Step
from srbench.timings import Share, shares, timings_text
from tests.builders import MS, make_entry, make_visit, watched
from tests.builders import timed as timed_visit

TIME, MEMORY = Step(task="time", case=0), Step(task="memory", case=0)
THOP = Step(task="thop", case=0)


def timed(wall_s: float, *samples_ms: float, build_s: float = 0.0) -> Entry:
    """A visit: 0.9 s cold, 0.5 s of warm-up, then the samples."""
    visit = make_visit(*samples_ms)
    return make_entry(TIME, timed_visit(visit, build_s=build_s), wall_s)


def memory(wall_s: float, passes_s: float, build_s: float = 0.0) -> Entry:
    return make_entry(MEMORY, watched(passes_s=passes_s, build_s=build_s), wall_s)


def by_name(parts: list[Share]) -> dict[str, float]:
    return {part.name: round(part.seconds, 9) for part in parts}


def test_a_run_by_hand() -> None:
    counter = make_entry(THOP, Failure(status="CRASH", reason="no"), 3)
    entries = [timed(5, 1000, 1500, build_s=0.3), timed(4, 2000, build_s=0.2), memory(2, 1.2, build_s=0.1), counter]
    assert by_name(shares(entries, 20)) == {
        "timed passes": 4.5,
        "warm-up passes": 1.0,
        "first passes": 1.8,
        "passes of the memory processes": 1.2,
        "building networks and inputs": 0.6,
        "other counters": 3.0,
        "starting, checking and ending processes": 1.9,  # 11 s without 8.5 s of passes and 0.6 s of building
        "imports, planning, storing, tables": 6.0,
    }


def test_passes_are_inside_and_nothing_else_is() -> None:
    parts = shares([timed(5, 1000, build_s=0.3), memory(2, 1.2)], 20)
    assert [part.name for part in parts if part.inside] == [
        "timed passes",
        "warm-up passes",
        "first passes",
        "passes of the memory processes",
    ]


def test_what_did_not_happen_is_not_listed() -> None:
    assert by_name(shares([], 7)) == {"imports, planning, storing, tables": 7}


def test_a_process_that_was_killed_is_time_outside() -> None:
    killed = make_entry(TIME, Failure(status="TIMEOUT", reason="no answer"), 30)
    assert by_name(shares([killed], 32)) == {
        "starting, checking and ending processes": 30,
        "imports, planning, storing, tables": 2,
    }


@given(
    st.lists(
        st.builds(timed, st.floats(60, 99), st.floats(0.1, 9999), st.floats(0.1, 9999), build_s=st.floats(0, 9))
        | st.builds(memory, st.floats(60, 99), st.floats(0, 30), build_s=st.floats(0, 9)),
        max_size=8,
    ),
    st.floats(1000, 2000),
)
def test_the_parts_make_the_whole_and_none_is_negative(entries: list[Entry], total: float) -> None:
    parts = shares(entries, total)
    assert sum(part.seconds for part in parts) == pytest.approx(total)
    assert all(part.seconds > 0 for part in parts)


def test_the_table_ends_with_the_share_inside_forward_passes() -> None:
    visit = make_visit(100, 100, cold_ns=100 * MS, warmup_ns=(100 * MS,))
    text = timings_text([make_entry(TIME, timed_visit(visit), 1)], 1.6)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "timed passes 0.20 12.5" in lines
    assert "starting, checking and ending processes 0.60 37.5" in lines
    assert "imports, planning, storing, tables 0.60 37.5" in lines
    assert "all 1.60 100.0" in lines
    assert lines[-1] == "inside forward passes: 25.0% of 1.6 s"
