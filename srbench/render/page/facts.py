"""Stored values as label and text, for people who read them one by one."""

from collections.abc import Iterable, Iterator

from pydantic import BaseModel

from srbench.facts import Machine
from srbench.render.page.values import Fact
from srbench.text import plain

KIB, MIB, GIB = 2**10, 2**20, 2**30
_UNITS = {"mhz": "MHz", "s": "s", "w": "W"}


def facts(value: BaseModel, within: str = "") -> tuple[Fact, ...]:
    """Every field that is known, one after the other; those of a nested value are named after it."""
    return tuple(_facts(value, within))


def machine_lines(machines: Iterable[Machine]) -> tuple[str, ...]:
    """Each machine with its software in one line, without what tells equal ones apart."""
    return tuple(dict.fromkeys(map(_machine_line, machines)))


def _machine_line(machine: Machine) -> str:
    software = [machine.system.partition(" ")[0], f"torch {machine.torch}", f"Python {machine.python}"]
    gpu = [f"CUDA {machine.cuda}"] if machine.cuda else []
    driver = [f"driver {machine.driver}"] if machine.driver else []
    return plain(f"{machine.name}: {', '.join([*software, *gpu, *driver])}")


def _facts(value: BaseModel, within: str) -> Iterator[Fact]:
    for name in type(value).model_fields:
        field = getattr(value, name)
        label, suffix = _label(name)
        if isinstance(field, BaseModel):
            yield from _facts(field, f"{within}{label}: ")
        elif isinstance(field, tuple) and field and isinstance(field[0], BaseModel):
            for number, each in enumerate(field):
                yield from _facts(each, f"{within}{label} {number}: ")
        elif isinstance(field, dict):
            yield from ((f"{within}{label}: {plain(key)}", plain(str(each))) for key, each in field.items())
        elif field is not None and field not in ("", ()):
            yield f"{within}{label}", _text(field, suffix)


def _label(name: str) -> tuple[str, str]:
    """``l2_bytes`` -> ``l2``, ``bytes``: the unit goes to the text."""
    stem, _, suffix = name.rpartition("_")
    return (stem.replace("_", " "), suffix) if stem and suffix in ("bytes", *_UNITS) else (name.replace("_", " "), "")


def _text(value: object, suffix: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(plain(str(each)) for each in value)
    if suffix == "bytes" and isinstance(value, int):
        return size_text(value)
    return plain(f"{value:g}" if isinstance(value, float) else str(value)) + (f" {_UNITS[suffix]}" if suffix else "")


def size_text(size: int) -> str:
    """Bytes for readers."""
    for unit, step in (("GiB", GIB), ("MiB", MIB), ("KiB", KIB)):
        if size >= step:
            return f"{size / step:,.1f} {unit}"
    return f"{size} B"
