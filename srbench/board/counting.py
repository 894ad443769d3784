"""What is to be said of a network's counts: what they leave out, and what they hang on."""

from collections.abc import Sequence

from srbench.counts import Complexity, Uncounted

#: Operators that a line names; a CSV names all.
MOST_NAMED = 3


def remarks(counts: Complexity) -> list[str]:
    """A phrase for each thing that a reader of the counts should know; nothing where they are plain and whole.

    Args:
        counts: of a network.
    """
    said = []
    if counts.uncounted:
        said.append(f"lower bound: {named(counts.uncounted, MOST_NAMED)} not counted (srbench.count_rule gives a cost)")
    if counts.by_rule:
        said.append(f"counted by a rule of its own: {', '.join(counts.by_rule)}")
    if counts.content is not None:
        least, most = counts.content.least, counts.content.most
        both = "alike" if least == most else f"with {_amount(least)} to {_amount(most)} Multi-Adds"
        said.append(f"content-dependent: counted on two pictures, {both}")
    if counts.never_read:
        unread, of = _amount(counts.never_read), _amount(counts.params)
        if unread == of:  # nearly all
            unread, of = f"{counts.never_read:,}", f"{counts.params:,}"
        said.append(f"{unread} of {of} parameters are never read")
    if counts.folds_each_pass:
        many = "s" if counts.folds_each_pass > 1 else ""
        said.append(f"folds anew in each pass: weights of {counts.folds_each_pass} convolution{many}")
    return said


def named(uncounted: Sequence[Uncounted], most: int | None = None) -> str:
    """Operators of unknown cost with their calls and shapes: ``aten::_fft_r2c x1 (1x3x64x64)``.

    Args:
        uncounted: the operators, by shapes.
        most: so many at most, and how many more there are; None for all.
    """
    texts = [_text(each) for each in uncounted]
    more = [f"{len(texts) - most} more"] if most is not None and len(texts) > most else []
    return ", ".join([*texts[:most], *more])


def _text(each: Uncounted) -> str:
    shapes = " ".join("x".join(map(str, shape)) or "scalar" for shape in each.shapes)
    return f"{each.operator} x{each.calls}" + (f" ({shapes})" if shapes else "")


def _amount(number: int) -> str:
    """A number with three digits that say something: ``1.81 M``."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("K", 1e3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return str(number)
