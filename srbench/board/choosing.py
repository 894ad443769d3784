"""Which records may share a figure: one size, one mode, one place. What is left out is told, with how to choose it."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, fields

from srbench.cases import Size
from srbench.errors import InputError
from srbench.records import Record

#: Networks that a sentence names.
_NAMED = 4
#: Sentences that a figure's note has room for.
_TOLD = 3


@dataclass(frozen=True)
class Wanted:
    """What was asked for; None where anything will do.

    Attributes:
        lr: LR width and height.
        batch: images in a pass.
        mode: as it stands behind a name: ``bfloat16``, ``plain`` for the plain one.
        device: ``cpu``, ``cuda:0``.
        threads: of the CPU.
    """

    lr: tuple[int, int] | None = None
    batch: int | None = None
    mode: str | None = None
    device: str | None = None
    threads: int | None = None

    @property
    def words(self) -> dict[str, str]:
        """Those that are typed as text, by the names of their options."""
        return {name: _text(value) for name, value in self.given.items()}

    @property
    def given(self) -> dict[str, object]:
        """Those that are typed, by the names of their options."""
        values = {f"--{field.name}": getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


ANYTHING = Wanted()


@dataclass(frozen=True)
class Chosen:
    """Records that may share a figure, and a sentence without its stop for each group that may not."""

    records: tuple[Record, ...]
    left_out: tuple[str, ...] = ()


def fitting(records: Sequence[Record], wanted: Wanted) -> list[Record]:
    """The records that are as asked for; those of shapes alone have neither mode nor place.

    Raises:
        InputError: none is; the message says what there is.
    """
    found = list(records)
    for option, value in wanted.given.items():
        read = _READ[option]
        kept = [record for record in found if read(record) in (value, None)]
        if not any(read(record) == value for record in kept):
            there = sorted({_text(read(record)) for record in found if read(record) is not None})
            raise InputError(f"{option} {_text(value)}: no such record; there are {', '.join(there) or 'none'}")
        found = kept
    return found


def of_one_question(records: Sequence[Record], wanted: Sequence[Record], *, modes: bool = False) -> Chosen:
    """Choose what a figure of one size can show: of each network the newest record of one size, mode and place.

    Runtimes of other sizes or places would be points that no axis tells apart. The size with the most networks is
    taken, then the mode and place with the most; of equals those with the newest record. Shapes alone fit any.

    Args:
        records: all that there are: a part of them is drawn at the size of all, where that has the whole part.
        wanted: those that may be drawn.
        modes: whether all modes of a place may stand in the figure, each as a mark behind the name.
    """
    may = set(map(id, wanted))
    shown = [record for record in _of_one_question(records, modes=modes) if id(record) in may]
    if {record.case.model.key for record in shown} < {record.case.model.key for record in wanted}:
        shown = _of_one_question(wanted, modes=modes)
    return Chosen(tuple(shown), _left_out(wanted, shown, modes=not modes))


def _of_one_question(records: Sequence[Record], *, modes: bool) -> list[Record]:
    size = _most(records, lambda record: record.case.size.key)
    here = [record for record in records if record.case.size.key == size]
    timed = [record for record in here if record.case.device != "none"]
    alike = _place if modes else _condition
    condition = _most(timed, alike) if timed else None
    kept: dict[Hashable, Record] = {}
    for record in sorted(here, key=lambda r: (r.case.device != "none", r.finished)):
        if record.case.device == "none" or alike(record) == condition:
            kept[record.case.model.key, record.case.mode if modes else None] = record
    return list(kept.values())


def of_one_condition(records: Sequence[Record]) -> Chosen:
    """Choose what a figure over sizes can show: one mode, place and batch, those with the most records.

    Raises:
        InputError: nothing was measured.
    """
    measured = [record for record in records if record.case.device != "none"]
    if not measured:
        raise InputError("scaling needs runtimes or peaks; these records are of shapes alone (--static-only)")

    def condition(record: Record) -> Hashable:
        return record.case.size.batch, _condition(record)

    most = _most(measured, condition, of=lambda record: (record.case.model.key, record.case.size.key))
    shown = tuple(record for record in measured if condition(record) == most)
    return Chosen(shown, _left_out(measured, shown, sizes=False))


def _condition(record: Record) -> Hashable:
    return record.case.mode, record.place


def _place(record: Record) -> Hashable:
    return record.place


def _most(
    records: Sequence[Record],
    group: Callable[[Record], Hashable],
    of: Callable[[Record], Hashable] = lambda record: record.case.model.key,
) -> Hashable:
    """The group with the most different values of ``of``; of equals that with the newest record."""
    groups: dict[Hashable, list[Record]] = {}
    for record in records:
        groups.setdefault(group(record), []).append(record)
    return max(groups, key=lambda each: (len(set(map(of, groups[each]))), max(r.finished for r in groups[each])))


def _left_out(
    records: Sequence[Record], shown: Sequence[Record], *, sizes: bool = True, modes: bool = True
) -> tuple[str, ...]:
    """What may not stand beside the records shown, grouped by how it differs from them."""
    timed = [record for record in shown if record.case.device != "none"] or list(shown)
    like = timed[-1]
    drawn = {id(record) for record in shown}
    groups: dict[str, list[str]] = {}
    for record in records:
        if id(record) in drawn:
            continue
        if different := _differences(record, like, sizes=sizes, modes=modes):
            groups.setdefault(different, []).append(record.case.model.label)
    said = [f"{_names(labels)} {how}" for how, labels in groups.items()]
    more = f"; and {len(said) - _TOLD} more kinds" if len(said) > _TOLD else ""
    return tuple([*said[: _TOLD - 1], said[_TOLD - 1] + more] if len(said) >= _TOLD else said)


def _names(labels: Sequence[str]) -> str:
    names = list(dict.fromkeys(labels))
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _differences(record: Record, like: Record, *, sizes: bool, modes: bool) -> str:
    """How a record's size, mode and place differ from another's, each with the option that chooses it."""
    options = [*(("--lr",) if sizes else ()), "--batch", *(("--mode",) if modes else ()), "--device", "--threads"]
    told = [
        (f"{_WORDS[option]}{_text(_READ[option](record))}", f"{option} {_quoted(_text(_READ[option](record)))}")
        for option in options
        if _READ[option](record) not in (_READ[option](like), None) and _READ[option](like) is not None
    ]
    if record.case.device != "none" and record.machine.name != like.machine.name:
        told.append((f"on {record.machine.name}", f"--machine {_quoted(record.machine.name)}"))
    if not told:
        return ""
    return f"{', '.join(words for words, _ in told)} ({' '.join(option for _, option in told)})"


def _mode(record: Record) -> str | None:
    return None if record.case.device == "none" else record.case.mode.typed


def size_text(size: Size) -> str:
    """A size in words."""
    return f"GT {size.gt_width}x{size.gt_height} batch {size.batch}"


_READ: dict[str, Callable[[Record], object]] = {
    "--lr": lambda record: record.case.size.lr,
    "--batch": lambda record: record.case.size.batch,
    "--mode": _mode,
    "--device": lambda record: None if record.case.device == "none" else record.case.device,
    "--threads": lambda record: record.case.threads,
}
_WORDS = {
    "--lr": "at LR ",
    "--batch": "with batch ",
    "--mode": "in mode ",
    "--device": "on ",
    "--threads": "with threads ",
}


def _text(value: object) -> str:
    return "x".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _quoted(text: str) -> str:
    return f"'{text}'" if " " in text else text
