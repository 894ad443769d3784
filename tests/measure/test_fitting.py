"""The search for the largest image: sizes by arithmetic, the search against made-up and real costs."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srbench.errors import InputError
from srbench.measure.fitting import Aspect, Fit, Sized, ladder, largest_that_fits, parse_aspects
from srbench.sizes import MAX_SIDE

MIB = 2**20
SQUARE, WIDE, TALL = Aspect(1, 1), Aspect(16, 9), Aspect(9, 16)


def test_aspects_as_typed() -> None:
    assert parse_aspects(" 1:1, 16:9,16:9") == [SQUARE, WIDE]
    assert str(WIDE) == "16:9"


@pytest.mark.parametrize("text", ["", "16", "16x9", "16:9:1", "0:1", "1:0", "-1:2", "1000:9", "1:1,"])
def test_no_aspects(text: str) -> None:
    with pytest.raises(InputError, match="--aspect"):
        parse_aspects(text)


@pytest.mark.parametrize(
    ("aspect", "multiple", "number", "size"),
    [
        (SQUARE, 1, 180, (180, 180)),
        (WIDE, 1, 180, (320, 180)),
        (TALL, 1, 180, (180, 320)),
        (WIDE, 1, 100, (178, 100)),  # 177.78
        (WIDE, 8, 13, (184, 104)),  # 13 * 16 / 9 = 23.1 units of 8
    ],
)
def test_sizes_by_number(aspect: Aspect, multiple: int, number: int, size: tuple[int, int]) -> None:
    assert ladder(aspect, multiple, min_side=1, size_multiple=1).size(number) == size


def test_what_a_network_needs_and_what_is_asked_for_go_together() -> None:
    sizes = ladder(SQUARE, multiple=6, min_side=15, size_multiple=4)
    # Multiples of 12 from 15 on.
    assert sizes.size(sizes.first) == (24, 24)
    assert sizes.size(sizes.first + 1) == (36, 36)


@given(
    st.builds(Aspect, st.integers(1, 40), st.integers(1, 40)),
    st.integers(1, 64),
    st.integers(1, 100),
    st.integers(1, 8),
)
def test_every_size_is_allowed(aspect: Aspect, multiple: int, min_side: int, size_multiple: int) -> None:
    sizes = ladder(aspect, multiple, min_side, size_multiple)
    for number in (sizes.first, (sizes.first + sizes.last) // 2, sizes.last):
        width, height = sizes.size(number)
        assert min(width, height) >= min_side
        assert max(width, height) <= MAX_SIDE + multiple * size_multiple  # the longer side is rounded
        assert width % multiple == height % multiple == width % size_multiple == height % size_multiple == 0
        error = abs(Fraction(width, 1) * aspect.height - Fraction(height, 1) * aspect.width)
        # Half a unit of the longer side.
        assert error <= Fraction(multiple * size_multiple * min(aspect.width, aspect.height), 2)


class Cost:
    """Bytes = ``fixed`` + ``rate`` for each pixel; remembers how often it was asked."""

    def __init__(self, fixed: int, rate: int) -> None:
        self.fixed, self.rate, self.asked = fixed, rate, 0

    def __call__(self, width: int, height: int) -> int:
        self.asked += 1
        return self.fixed + self.rate * width * height


def test_the_largest_square() -> None:
    cost = Cost(fixed=100, rate=10)
    fit = largest_that_fits(ladder(SQUARE, 1, 1, 1), cost, 10 * 1000**2 + 100)
    # 10 bytes for each of 1000 x 1000 pixels and 100: exactly there; 1001 x 1001 is beyond.
    assert fit == Fit(Sized(1000, 1000, 10_000_100), Sized(1001, 1001, 10_020_110))
    assert cost.asked < 10


def test_the_largest_wide_image() -> None:
    fit = largest_that_fits(ladder(WIDE, 1, 1, 1), Cost(0, 4), 4 * 1280 * 720)
    assert (fit.largest.width, fit.largest.height) == (1280, 720)


def test_the_smallest_that_is_tried_does_not_fit() -> None:
    with pytest.raises(InputError, match=r"smallest LR image, 15x15, needs 225.0 MiB; 224.0 MiB are there"):
        largest_that_fits(ladder(SQUARE, 1, 15, 1), Cost(0, MIB), 224 * MIB)


def test_only_the_smallest_fits() -> None:
    fit = largest_that_fits(ladder(SQUARE, 1, 15, 1), Cost(0, MIB), 225 * MIB)
    assert fit == Fit(Sized(15, 15, 225 * MIB), Sized(16, 16, 256 * MIB))


def test_memory_without_end() -> None:
    fit = largest_that_fits(ladder(SQUARE, 1, 1, 1), Cost(0, 1), 2**60)
    assert fit == Fit(Sized(MAX_SIDE, MAX_SIDE, MAX_SIDE**2), None)


@given(
    fixed=st.integers(0, 10**8),
    rate=st.integers(1, 10**4),
    bend=st.integers(0, 10**5),
    limit=st.integers(1, 10**11),
    aspect=st.sampled_from((SQUARE, WIDE, TALL, Aspect(100, 1))),
)
def test_it_fits_and_the_next_does_not(fixed: int, rate: int, bend: int, limit: int, aspect: Aspect) -> None:
    asked = 0

    def cost(width: int, height: int) -> int:
        nonlocal asked
        asked += 1
        # Not a straight line: small images cost more for each pixel, as where another algorithm works on them.
        return fixed + rate * width * height + bend * min(width * height, 5000)

    sizes = ladder(aspect, 1, 1, 1)
    if cost(*sizes.size(sizes.first)) > limit:
        with pytest.raises(InputError):
            largest_that_fits(sizes, cost, limit)
        return
    asked = 0
    fit = largest_that_fits(sizes, cost, limit)
    assert fit.largest.peak_bytes == cost(fit.largest.width, fit.largest.height) <= limit
    assert fit.next is None or fit.next.peak_bytes > limit
    # Halving alone needs 16 guesses for 65536 sizes; lines may add two for each of them.
    assert asked <= 60
