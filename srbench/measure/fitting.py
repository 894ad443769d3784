"""The largest image that a memory size allows, by prediction alone."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt, lcm

from srbench.errors import InputError
from srbench.sizes import MAX_SIDE

#: Every so many guesses one halves the range, so that the search ends soon however memory grows.
HALVE_EVERY = 3
#: A ratio beyond this is no image.
MAX_ASPECT = 100


@dataclass(frozen=True)
class Aspect:
    """Width to height, as typed: ``16:9``."""

    width: int
    height: int

    def __str__(self) -> str:
        """As it was typed."""
        return f"{self.width}:{self.height}"


@dataclass(frozen=True)
class Sized:
    """An LR image (pixels) and the predicted peak of a forward pass on it."""

    width: int
    height: int
    peak_bytes: int


@dataclass(frozen=True)
class Fit:
    """The largest image that fits, and the next larger one, which does not; None at the largest that is tried."""

    largest: Sized
    next: Sized | None


def parse_aspects(text: str) -> list[Aspect]:
    """``1:1,16:9`` -> those, each once.

    Raises:
        InputError: another form, zero, or a ratio that no image has.
    """
    aspects = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,5})\s*:\s*(\d{1,5})\s*", part)
        if match is None:
            raise InputError(f"--aspect {part.strip()!r} is not WIDTH:HEIGHT, such as 16:9, or several: 1:1,16:9")
        width, height = int(match[1]), int(match[2])
        if not (width and height) or max(width, height) > MAX_ASPECT * min(width, height):
            raise InputError(f"--aspect {part.strip()}: give a ratio between 1:{MAX_ASPECT} and {MAX_ASPECT}:1")
        aspects.append(Aspect(width, height))
    return list(dict.fromkeys(aspects))


@dataclass(frozen=True)
class Ladder:
    """LR sizes of one aspect in growing order, numbered by their shorter side in units of ``multiple`` pixels.

    Attributes:
        aspect: width to height; the longer side is rounded to a multiple, half up.
        multiple: both sides are multiples of this.
        min_side: smallest allowed side in pixels.
    """

    aspect: Aspect
    multiple: int
    min_side: int

    @property
    def first(self) -> int:
        """Number of the smallest size."""
        return -(-self.min_side // self.multiple)

    @property
    def last(self) -> int:
        """Number of the largest size: no side beyond ``MAX_SIDE``."""
        last = MAX_SIDE // self.multiple
        return last if self.aspect.width == self.aspect.height else int(last / self._ratio)

    @property
    def _ratio(self) -> Fraction:
        short, long = sorted((self.aspect.width, self.aspect.height))
        return Fraction(long, short)

    def size(self, number: int) -> tuple[int, int]:
        """(width, height) in pixels."""
        short, long = number * self.multiple, int(number * self._ratio + Fraction(1, 2)) * self.multiple
        return (long, short) if self.aspect.width >= self.aspect.height else (short, long)


def ladder(aspect: Aspect, multiple: int, min_side: int, size_multiple: int) -> Ladder:
    """The sizes that a network takes: ``size_multiple`` is its own demand, ``multiple`` the user's.

    Args:
        aspect: width to height.
        multiple: of which the user wants both LR sides.
        min_side: smallest LR side in pixels that the network takes.
        size_multiple: of which the network takes LR sides.
    """
    return Ladder(aspect, lcm(multiple, size_multiple), max(min_side, 1))


def largest_that_fits(sizes: Ladder, peak_bytes: Callable[[int, int], int], limit_bytes: int) -> Fit:
    """Search the sizes for the largest whose predicted peak is at most ``limit_bytes``.

    A peak is close to a constant plus so many bytes for each pixel, so a line through two known sizes leads to the
    answer in a few counts. Where small images are handled by another algorithm the peak may dip; the answer then
    still fits and its successor does not.

    Args:
        sizes: which ones there are.
        peak_bytes: predicted peak for (width, height).
        limit_bytes: what is there for it.

    Raises:
        InputError: not even the smallest fits.
    """

    def at(number: int) -> Sized:
        width, height = sizes.size(number)
        return Sized(width, height, peak_bytes(width, height))

    low, fits = sizes.first, at(sizes.first)
    if fits.peak_bytes > limit_bytes:
        mib = 2**20
        raise InputError(
            f"the smallest LR image, {fits.width}x{fits.height}, needs {fits.peak_bytes / mib:,.1f} MiB; "
            f"{limit_bytes / mib:,.1f} MiB are there"
        )
    high, exceeds = sizes.last + 1, None
    guesses = 0
    while high - low > 1:
        guesses += 1
        guess = (low + high) // 2
        if exceeds is None:
            guess = isqrt(low**2 * limit_bytes // fits.peak_bytes)
        elif guesses % HALVE_EVERY:
            rise = exceeds.peak_bytes - fits.peak_bytes
            guess = isqrt(low**2 + (limit_bytes - fits.peak_bytes) * (high**2 - low**2) // rise)
        guess = min(max(guess, low + 1), high - 1)
        found = at(guess)
        if found.peak_bytes <= limit_bytes:
            low, fits = guess, found
        else:
            high, exceeds = guess, found
    return Fit(fits, exceeds)
