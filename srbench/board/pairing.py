"""Stored records that ask the same question, and what else differs between them."""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from srbench.board.comparison import Pair, Side
from srbench.cases import Case
from srbench.records import Record

_SIZE = ("scale", "gt_width", "gt_height", "lr_width", "lr_height", "batch")
_MODE = ("engine", "dtype", "layout", "tile", "tf32")
#: What bears on a runtime; the machine's name holds processor, cores, memory and GPUs.
_FACTS = {
    "machine.name": "machine",
    "machine.system": "system",
    "machine.driver": "driver",
    "machine.python": "Python",
    "machine.torch": "torch",
    "machine.cuda": "CUDA",
    "machine.cudnn": "cuDNN",
    "machine.limits.cpu_cores": "CPU quota",
    "case.threads": "threads",
    "settings.allocator": "allocator",
}
#: The same, but None means that it is not known: a system does not tell, a record is older, nothing ran.
_KNOWN_FACTS = {
    "machine.libc": "C library",
    "machine.build.onednn": "oneDNN",
    "machine.build.backend": "thread backend",
    "machine.processor.governor": "governor",
    "machine.processor.turbo": "turbo",
    "machine.processor.usable_physical_cores": "physical cores",
    "settings.input": "input",
    "settings.threads": "threads of torch",
    "settings.interop_threads": "inter-op threads",
    "settings.matmul_tf32": "TF32 of matrix products",
    "settings.matmul_precision": "precision of matrix products",
    "settings.cudnn_tf32": "TF32 of cuDNN",
    "settings.cudnn_benchmark": "cuDNN benchmark",
    "settings.cudnn_deterministic": "cuDNN deterministic",
    "settings.deterministic": "deterministic algorithms",
    "settings.onednn": "use of oneDNN",
    "settings.cpu_capability": "vector instructions used",
}


@dataclass(frozen=True)
class Stored:
    """The records of a folder, oldest first, or of one file (``single``), under the name that was typed."""

    name: str
    records: tuple[Record, ...]
    single: bool = False


@dataclass(frozen=True)
class Alone:
    """A case that only the side of this name has."""

    case: Case
    side: str

    @property
    def text(self) -> str:
        """As a sentence without its stop."""
        return f"{label(self.case)} is in {self.side} only"


@dataclass(frozen=True)
class Paired:
    """The pairs of two sides, and the cases that only one of them has."""

    pairs: tuple[Pair, ...]
    alone: tuple[Alone, ...] = ()


def pair_up(first: Stored, second: Stored, *, force: bool) -> Paired:
    """Pair the records of two sides.

    Two single files are a pair whatever their networks are. Otherwise a pair has the same case, and the same machine
    where both sides have the case on several. A user's network is known by its path in its checkout, so that a pull
    request is compared with main; where that differs on both sides and the file's name alone tells, by that. With
    ``force`` what is left over is paired by network and scale.

    Args:
        first: stored records of the side that is judged.
        second: those that it is judged against.
        force: also pair what is left over, by network and scale.
    """
    if first.single and second.single:
        return Paired((_pair(first, second, first.records[0], second.records[0]),))
    ours, theirs = list(first.records), list(second.records)
    pairs = []
    for key in (*_KEYS, *([_network] if force else [])):
        for one in list(ours):
            # The newest first: it replaces older ones of the same case.
            other = next((record for record in reversed(theirs) if key(record) == key(one)), None)
            if other is not None and (
                key is not _by_file_name or (_only(one, ours, key) and _only(other, theirs, key))
            ):
                ours.remove(one)
                theirs.remove(other)
                pairs.append(_pair(first, second, one, other))
    alone = [Alone(record.case, first.name) for record in ours]
    alone += [Alone(record.case, second.name) for record in theirs]
    return Paired(tuple(pairs), tuple({each.text: each for each in alone}.values()))


def _asked(case: Case) -> Hashable:
    """The question without the network."""
    return case.model.form, case.size.key, case.mode, case.device, case.threads


def _same_node(record: Record) -> Hashable:
    return record.case.model.portable, _asked(record.case), record.machine.name, record.machine.node


def _same_machine(record: Record) -> Hashable:
    return record.case.model.portable, _asked(record.case), record.machine.name


def _same_case(record: Record) -> Hashable:
    return record.case.model.portable, _asked(record.case)


def _by_file_name(record: Record) -> Hashable:
    model = record.case.model
    return model.file or model.variant, model.architecture, _asked(record.case)


def _only(record: Record, side: Sequence[Record], key: Callable[[Record], Hashable]) -> bool:
    """Whether no other network of a side has a record's key."""
    return len({each.case.model.identity for each in side if key(each) == key(record)}) == 1


#: What makes two records a pair, the surest first.
_KEYS = (_same_node, _same_machine, _same_case, _by_file_name)


def near_misses(first: Stored, second: Stored) -> list[str]:
    """Why networks that both sides have are no pair: what differs, each difference once."""
    found = []
    for one in first.records:
        for other in second.records:
            if _network(one) == _network(other):
                found += differences(one, other)
    return list(dict.fromkeys(found))


def refusal(pairs: Sequence[Pair]) -> str:
    """One sentence with all differences; empty where there is none."""
    counts = Counter(difference for pair in pairs for difference in pair.differences)
    if not counts:
        return ""
    several = len(pairs) > 1 and len(set(counts.values()) | {len(pairs)}) > 1
    parts = [f"{text} [{count} of {len(pairs)} pairs]" if several else text for text, count in counts.items()]
    return f"not comparable: {'; '.join(parts)}"


def differences(first: Record, second: Record) -> list[str]:
    """What bears on a runtime beside the network and differs, each as ``torch 2.6.0 against 2.7.0``.

    Of records counted from shapes only size, mode and srbench's version matter.
    """
    found: dict[str, tuple[object, object]] = {"srbench": (first.srbench_version, second.srbench_version)}
    for field in _SIZE:
        values = (getattr(first.case.size, field), getattr(second.case.size, field))
        found[field.replace("_", " ").replace("gt", "GT").replace("lr", "LR")] = values
    found |= {field: (getattr(first.case.mode, field), getattr(second.case.mode, field)) for field in _MODE}
    found["device"] = (first.case.device, second.case.device)
    if {first.case.device, second.case.device} != {"none"}:
        found |= _facts(first, second)
    return [f"{title} {_text(a)} against {_text(b)}" for title, (a, b) in found.items() if a != b]


def _facts(first: Record, second: Record) -> dict[str, tuple[object, object]]:
    found: dict[str, tuple[object, object]] = {}
    for path, title in _FACTS.items():
        found[title] = (attrgetter(path)(first), attrgetter(path)(second))
    for path, title in _KNOWN_FACTS.items():
        values = (attrgetter(path)(first), attrgetter(path)(second))
        if None not in values:
            found[title] = values
    for field in ("power_limit_w", "clocks_locked"):
        ours, theirs = ([getattr(gpu, field) for gpu in record.machine.gpu_facts] for record in (first, second))
        if len(ours) == len(theirs):  # else the names of the machines differ
            found[f"GPU {field.removesuffix('_w').replace('_', ' ')}"] = (ours, theirs)
    if found["threads"][0] != found["threads"][1]:
        found.pop("threads of torch", None)  # the same difference again
    ours_set, theirs_set = first.settings.environment, second.settings.environment
    return found | {name: (ours_set.get(name), theirs_set.get(name)) for name in sorted({*ours_set, *theirs_set})}


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return "unset" if value is None else str(value)


def _pair(first: Stored, second: Stored, one: Record, other: Record) -> Pair:
    sides = (
        Side(f"{one.case.model.label} of {first.name}", one),
        Side(f"{other.case.model.label} of {second.name}", other),
    )
    return Pair(*sides, interleaved=False, differences=tuple(differences(one, other)))


def label(case: Case) -> str:
    """A case in few words."""
    load = case.size
    return f"{case.model.label} x{load.scale} (LR {load.lr_width}x{load.lr_height}, batch {load.batch}, {case.device})"


def _network(record: Record) -> Hashable:
    model = record.case.model
    return model.portable, model.form, record.case.size.scale
