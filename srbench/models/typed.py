"""How networks are typed: a list of them, and what each says. Nothing is looked up here, but whether a file exists.

span   span@train+compile   net.py:Net   'net.py:Net(feat=32)=Ours+bf16'   pkg.mod:build   best.pth
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from srbench.errors import InputError

Kind = Literal["name", "file", "module", "weights"]

#: Endings of files that hold weights, a graph or a pickled network: no Python.
_HELD = r"\.(?:pth|pt|ckpt|bin|safetensors|onnx|torchscript|pkl|engine|tflite)"
_FILE = re.compile(r"\.py(?=:)")
_WEIGHTS = re.compile(rf"{_HELD}(?=\s*(?:$|[@+=(]))", re.IGNORECASE)
_MODULE = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*(?=:)")
#: What may stand behind a target: arguments, a name, a form, a mode.
_BEHIND = re.compile(r"[@+=(]")
_OPEN, _CLOSED = "([{", ")]}"


@dataclass(frozen=True)
class Typed:
    """One network as it was typed.

    Attributes:
        text: all of it.
        kind: what the target is: a ``name`` of the zoo, a Python ``file``, a ``module``, a file of ``weights``.
        target: that name, path or dotted name.
        attribute: what it is called in the file or module; empty for the other two.
        arguments: what stands in brackets behind it; None without brackets.
        form: what stands behind ``@``; None without one.
        words: what stands behind each ``+``.
        alias: what stands behind ``=``; empty without one.
    """

    text: str
    kind: Kind
    target: str
    attribute: str = ""
    arguments: str | None = None
    form: str | None = None
    words: tuple[str, ...] = ()
    alias: str = ""


def check_name(name: str) -> None:
    """Refuse what would not do as a network's name in tables and options.

    Raises:
        InputError: ``bicubic``, nothing, or a name with a sign that means something in a list of networks.
    """
    if name.strip().lower() == "bicubic":
        raise InputError("'bicubic' means bicubic interpolation; give the network another name")
    if not name.strip() or any(sign in name for sign in ",+@") or not name.isprintable():
        raise InputError(
            f"{name!r} is no name for a network: leave out commas, +, @, line breaks and control characters"
        )


def split(names: str) -> list[str]:
    """The networks of a list, as typed. Commas in brackets or quotes separate nothing, nor those in a file's path."""
    parts = _split(names)
    if parts is None:  # a path may have a bracket that nothing closes
        parts = names.split(",")
    found: list[str] = []
    for part in parts:
        found.append(part)
        path = _path_in(part)
        if path is None or Path(path).is_file():
            continue
        for first in range(len(found) - 2, -1, -1):
            joined = ",".join(found[first:])
            whole = joined[: len(joined) - len(part) + part.index(path) + len(path)]
            if Path(whole.strip()).is_file():
                found[first:] = [joined]
                break
    return [part.strip() for part in found if part.strip()]


def _split(names: str) -> list[str] | None:
    """At commas outside of brackets and quotes; None where one of these is not closed."""
    parts, start, depth, quote = [], 0, 0, ""
    for place, sign in enumerate(names):
        if quote:
            quote = "" if sign == quote and names[place - 1] != "\\" else quote
        elif sign in "'\"" and (depth or not names[start:place].strip()):
            quote = sign
        elif sign in _OPEN:
            depth += 1
        elif sign in _CLOSED:
            depth = max(0, depth - 1)
        elif sign == "," and not depth:
            parts.append(names[start:place])
            start = place + 1
    return None if depth or quote else [*parts, names[start:]]


def _ends_of(text: str) -> Iterator[tuple[Kind, int]]:
    """Where a path may end in what is typed, most likely first."""
    found: list[tuple[Kind, int]] = [("file", match.end()) for match in _FILE.finditer(text)]
    found += [("weights", match.end()) for match in _WEIGHTS.finditer(text)]
    yield from (each for each in found if Path(text[: each[1]].strip()).is_file())
    # Behind a bracket it may as well be a part of an argument.
    yield from (each for each in found if not any(sign in text[: each[1]] for sign in "(\"'"))


def _path_in(text: str) -> str | None:
    text = text.strip()
    if text[:1] in ("'", '"'):
        return None
    return next((text[:end].strip() for _, end in _ends_of(text)), None)


def read(text: str) -> Typed:
    """Take apart what stands for one network.

    Raises:
        InputError: a quote or a bracket that is not closed, a file without the name of a network, or signs that mean
            nothing.
    """
    text = text.strip()
    kind, target, rest = _target(text)
    attribute = ""
    if kind in ("file", "module"):
        rest = rest.removeprefix(":")
        match = _BEHIND.search(rest)
        end = match.start() if match else len(rest)
        attribute, rest = rest[:end].strip(), rest[end:]
        if not attribute:
            raise InputError(f"'{text}' lacks the name of the network; write path/to/net.py:Name")
    return _behind(Typed(text, kind, target.strip(), attribute), rest.strip())


def _target(text: str) -> tuple[Kind, str, str]:
    """What is named, and what stands behind it."""
    if text[:1] in ("'", '"'):
        end = text.find(text[0], 1)
        if end < 0:
            raise InputError(f"{text}: the quote is not closed")
        target, rest = text[1:end], text[end + 1 :]
        if rest.startswith(":"):
            return "file", target, rest
        if _WEIGHTS.search(target):
            return "weights", target, rest
        raise InputError(f"{text} lacks the name of the network; write 'path/to/net.py':Name")
    for kind, end in _ends_of(text):
        return kind, text[:end], text[end:]
    if match := _MODULE.match(text):
        return "module", match[0], text[match.end() :]
    head = (_BEHIND.split(text, maxsplit=1) or [""])[0]
    if ".py" in head:
        file, colon, rest = text.rpartition(":")
        if not colon:
            raise InputError(f"'{text}' lacks the name of the network; write path/to/net.py:Name")
        return "file", file, f":{rest}"
    return "name", head, text[len(head) :]


def _behind(found: Typed, rest: str) -> Typed:
    """The same with its arguments, form, mode and name."""
    text, arguments, form, alias = found.text, None, None, ""
    words: list[str] = []
    if rest.startswith("("):
        end = _closing(rest)
        if end is None:
            raise InputError(f"'{text}': the bracket behind {found.attribute or found.target} is not closed")
        arguments, rest = rest[1:end].strip(), rest[end + 1 :].strip()
    while rest:
        sign, word = rest[0], re.split(r"[+=]", rest[1:], maxsplit=1)[0]
        rest = rest[1 + len(word) :]
        if sign == "+":
            words.append(word.strip())
        elif sign == "@" and form is None:
            form = word.strip()
        elif sign == "=" and not alias:
            alias = word.strip()
            check_name(alias)
        else:
            raise InputError(
                f"'{text}': '{sign}{word}' means nothing there; write NAME@train, file.py:Net(width=32)=Ours, "
                "and a way of running behind it: +compile"
            )
    return Typed(text, found.kind, found.target, found.attribute, arguments, form, tuple(words), alias)


def _closing(text: str) -> int | None:
    """Where the bracket that opens a text is closed; None where it is not."""
    depth, quote = 0, ""
    for place, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote and text[place - 1] != "\\" else quote
        elif sign in "'\"":
            quote = sign
        elif sign in _OPEN:
            depth += 1
        elif sign in _CLOSED:
            depth -= 1
            if not depth:
                return place
    return None
