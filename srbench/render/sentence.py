"""A summary in words: what a reader in a hurry takes from a table."""

from collections.abc import Sequence

from srbench.board.metrics import MULTI_ADDS, PARAMS, PEAK, RUNTIME
from srbench.board.rows import Row
from srbench.board.summary import Best, Fastest, Front, Summary
from srbench.render.runtimes import runtime_text
from srbench.render.text import shortened

#: Of a list of names in a sentence.
_MOST_NAMES = 4


def sentence(said: Summary) -> str:
    """One line: who is fastest, who has the best PSNR, who is on the front; empty where a table says nothing more."""
    parts = []
    if said.alone is not None:
        parts.append(_alone(said.alone))
    if said.fastest is not None:
        parts.append(_fastest(said.fastest))
    if said.lightest:
        costs = ", ".join(f"{metric.text(said.lightest[0])} {metric.unit}" for metric in (MULTI_ADDS, PARAMS))
        parts.append(f"{_are(said.lightest)} the lightest ({costs})")
    if said.best is not None:
        parts.append(_best(said.best))
    if said.front is not None:
        parts.append(_front(said.front))
    return "; ".join(filter(None, parts)) + "." if any(parts) else ""


def _alone(row: Row) -> str:
    costs = [
        f"{text} {metric.unit}" for metric in (RUNTIME, PEAK, PARAMS, MULTI_ADDS) if (text := metric.text(row)) != "-"
    ]
    if (interval := RUNTIME.spread(row)) is not None:
        costs[0] = f"{runtime_text(interval)} ms"
    doubt = f" ({row.status})" if row.status != "VALID" else ""
    return f"{_name(row)}: {', '.join(costs)}{doubt}" if costs else ""


def _fastest(said: Fastest) -> str:
    ranked, timed = said.of
    disturbed = ", ".join(f"{count} {status}" for status, count in said.disturbed)
    if not said.rows:
        why = said.why or f"of {timed} runtimes {disturbed}"
        return f"Which is the fastest this run does not tell ({why})"
    among = f" of the {ranked} that nothing disturbed" if disturbed else ""
    if len(said.rows) > 1:
        times = f"{_ms(said.rows[0])} to {_ms(said.rows[-1])} ms"
        return f"{_names(said.rows)} are the fastest{among} ({times}; which of them, this run does not tell)"
    [row] = said.rows
    ahead = ""
    if said.next is not None and (mine := RUNTIME.raw(row)):
        times_as_long = (RUNTIME.raw(said.next) or 0) / mine
        ahead = f"; the next, {_name(said.next)}, takes {times_as_long:.{1 if times_as_long >= 1.1 else 2}f}x as long"
    return f"{_name(row)} is the fastest{among} ({_ms(row)} ms{ahead})"


def _best(said: Best) -> str:
    verb = "has" if len(said.rows) == 1 else "have"
    kind = "published " if said.kind == "published" else ""
    known, there = said.of
    of = f", of the {known} {said.kind}" if known < there else ""
    return f"{_names(said.rows)} {verb} the best {kind}PSNR on {shortened(said.dataset)} ({said.psnr:.2f} dB{of})"


def _front(said: Front) -> str:
    over = RUNTIME.title.lower() if said.cost == RUNTIME.key else MULTI_ADDS.title
    perhaps = f"{', ' if said.sure else ''}perhaps {_names(said.perhaps)}" if said.perhaps else ""
    return f"on the front of PSNR over {over}: {', '.join(map(_name, said.sure))}{perhaps}"


def _are(rows: Sequence[Row]) -> str:
    return f"{_names(rows)} {'is' if len(rows) == 1 else 'are'}"


def _names(rows: Sequence[Row]) -> str:
    names = list(map(_name, rows))
    more = len(names) - _MOST_NAMES
    if more > 1:
        names = [*names[:_MOST_NAMES], f"{more} more"]
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def _name(row: Row) -> str:
    return shortened(row.name)


def _ms(row: Row) -> str:
    interval = RUNTIME.spread(row)
    return runtime_text(interval).partition(" ")[0] if interval is not None else RUNTIME.text(row)
