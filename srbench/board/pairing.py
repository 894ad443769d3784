"""Stored records that ask the same question, and what else differs between them."""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from srbench.board.comparison import Pair, Side
from srbench.records import Case, Record

_WORKLOAD = ("scale", "gt_width", "gt_height", "lr_width", "lr_height", "batch", "dtype")
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
class Paired:
    """The pairs of two sides, and the cases that only one of them has, each as a sentence."""

    pairs: tuple[Pair, ...]
    alone: tuple[str, ...] = ()


def pair_up(first: Stored, second: Stored, *, force: bool) -> Paired:
    """Pair the records of two sides.

    Two single files are a pair whatever their networks are. Otherwise a pair has the same case, and the same machine
    where both sides have the case on several. With ``force`` what is left over is paired by network and scale.
    """
    if first.single and second.single:
        return Paired((_pair(first, second, first.records[0], second.records[0]),))
    ours, theirs = list(first.records), list(second.records)
    keys: list[Callable[[Record], Hashable]] = [lambda r: (r.case.key, r.machine.name), lambda r: r.case.key]
    if force:
        keys.append(lambda r: _network(r.case))
    pairs = []
    for key in keys:
        for one in list(ours):
            # The newest first: it replaces older ones of the same case.
            other = next((record for record in reversed(theirs) if key(record) == key(one)), None)
            if other is not None:
                ours.remove(one)
                theirs.remove(other)
                pairs.append(_pair(first, second, one, other))
    alone = [f"{label(record.case)} is in {first.name} only" for record in ours]
    alone += [f"{label(record.case)} is in {second.name} only" for record in theirs]
    return Paired(tuple(pairs), tuple(dict.fromkeys(alone)))


def near_misses(first: Stored, second: Stored) -> list[str]:
    """Why networks that both sides have are no pair: what differs, each difference once."""
    found = []
    for one in first.records:
        for other in second.records:
            if _network(one.case) == _network(other.case):
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

    Of records counted from shapes only the workload and srbench's version matter.
    """
    found: dict[str, tuple[object, object]] = {"srbench": (first.srbench_version, second.srbench_version)}
    for field in _WORKLOAD:
        values = (getattr(first.case.workload, field), getattr(second.case.workload, field))
        found[field.replace("_", " ").replace("gt", "GT").replace("lr", "LR")] = values
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
    sides = (Side(f"{network(one.case)} of {first.name}", one), Side(f"{network(other.case)} of {second.name}", other))
    return Pair(*sides, interleaved=False, differences=tuple(differences(one, other)))


def network(case: Case) -> str:
    """A network with its form, as people type it."""
    return f"{case.model.variant}{'@train' if case.model.form == 'train' else ''}"


def label(case: Case) -> str:
    """A case in few words."""
    load = case.workload
    return f"{network(case)} x{load.scale} (LR {load.lr_width}x{load.lr_height}, batch {load.batch}, {case.device})"


def _network(case: Case) -> Hashable:
    model = case.model
    return model.source or model.variant, model.architecture, model.form, case.workload.scale
