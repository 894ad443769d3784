"""How much memory a process may take: sizes as people write them, and what is free."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srbench import limits, machine
from srbench.errors import InputError
from srbench.limits import available_bytes, parse_bytes
from srbench.machine import linux


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("8GiB", 8 * 2**30),
        ("512 MiB", 512 * 2**20),
        ("6GB", 6 * 10**9),
        ("100kb", 100_000),
        ("64KiB", 65_536),
        ("1.5gib", 3 * 2**29),
        (" 2 gIb ", 2**31),
        ("7", 7),
        ("7B", 7),
        ("0.5KiB", 512),
    ],
)
def test_a_size(text: str, size: int) -> None:
    assert parse_bytes(text, "--memory-limit") == size


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "GiB",
        "-1GiB",
        "8TiB!",
        "\N{FULLWIDTH DIGIT EIGHT}GiB",
        "8 Gi B",
        "8Gi",
        "eight",
        "1,5GiB",
        "nan",
        "inf",
        "0",
        "0GiB",
        "0.5",
        "0.000001",
    ],
)
def test_what_is_no_size_is_refused_with_the_option(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_bytes(text, "--memory-limit")
    assert str(caught.value) == f"--memory-limit {text!r} is no size such as 8GiB, 512MiB or 6GB"


@given(st.integers(1, 10**6), st.sampled_from((("KiB", 2**10), ("MiB", 2**20), ("GiB", 2**30), ("GB", 10**9))))
def test_a_whole_number_of_units_is_exact(number: int, unit: tuple[str, int]) -> None:
    assert parse_bytes(f"{number}{unit[0]}", "--memory") == number * unit[1]


@pytest.mark.parametrize(
    ("free", "total", "expected"),
    [
        (1000, 4000, 950),  # a twentieth is left to everything else
        (4000, 1000, 950),  # a container's limit is less than what the machine has free
        (1000, 0, 950),
        (None, 1000, 1000),
        (None, 0, None),
    ],
)
def test_what_is_available(free: int | None, total: int, expected: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linux, "meminfo", lambda: {} if free is None else {"MemAvailable": free, "MemTotal": 9999})
    monkeypatch.setattr(machine, "device_memory_bytes", {"cpu": total}.__getitem__)
    assert limits.RESERVE_SHARE == 0.05
    assert available_bytes() == expected


def test_this_machine_has_some() -> None:
    found = available_bytes()
    assert found is None or 0 < found <= machine.device_memory_bytes("cpu")
