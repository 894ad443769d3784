"""A suite: many networks by name, file, arguments, weights and what they ask of whoever runs them, as one TOML file.

[[network]]
name = "Ours"
file = "models/ours.py"
network = "Net"
args = { feat = 32 }
weights = "model_zoo/ours.pth"
range = 255
"""

import difflib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from srbench import planning
from srbench.errors import InputError, WrongInputsError
from srbench.models import arguments, habits, typed
from srbench.models.typed import Typed
from srbench.planning import Asked

#: What a network of a suite may say. ``file`` or ``module`` and ``network`` name it; everything else has a default.
KEYS = (
    *("name", "file", "module", "network", "args", "weights", "range", "colors"),
    *("deploy", "multiple", "output", "path", "scale", "note"),
)
_TABLE, _ROOT = "network", "root"


def read(path: Path, leave_out: Callable[[str], None] | None = None) -> list[Asked]:
    """The networks of a suite. Nothing of theirs is run; relative paths begin at the suite's folder, or its ``root``.

    Args:
        path: of the TOML file.
        leave_out: gets a line for each entry that is wrong, which then is left out; None to refuse all.

    Raises:
        WrongInputsError: entries that are wrong, all of them at once.
        InputError: no such file, no TOML, or no network in it.
    """
    folder, entries = _entries(path)
    found: list[Asked] = []
    wrong: list[str] = []
    for number, entry in enumerate(entries, 1):
        name = entry.get("name") or entry.get("network") or ""
        try:
            asked = _asked(entry, folder)
            _check_new(asked, found)
            found.append(asked)
        except InputError as error:
            wrong.append(f"{path}, network {number}{f' ({name})' if isinstance(name, str) and name else ''}: {error}")
    if wrong and (leave_out is None or not found):
        raise WrongInputsError(wrong)
    for line in wrong:
        assert leave_out is not None, "else it was refused"
        leave_out(f"left out: {line}")
    return found


def _entries(path: Path) -> tuple[Path, list[Mapping[str, object]]]:
    """Where relative paths begin, and the tables."""
    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
    except FileNotFoundError:
        raise InputError(f"no suite {path}") from None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path} is not TOML: {error}") from None
    for key in content:
        if key not in (_TABLE, _ROOT):
            raise InputError(f"{path}: '{key}' means nothing here; a suite is a list of [[{_TABLE}]] tables")
    root = path.parent / _text(content, _ROOT)
    if not root.is_dir():
        raise InputError(f"{path}: no folder {root} for its {_ROOT}")
    entries = content.get(_TABLE)
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise InputError(f"{path} has no network; write a [[{_TABLE}]] table for each")
    return root, entries


def _asked(entry: Mapping[str, object], folder: Path) -> Asked:
    for key in entry:
        if key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(KEYS)}"
            raise InputError(f"unknown key '{key}'; {hint}")
    name = _text(entry, "name")
    if name:
        typed.check_name(name)
    paths = [str((folder / each).resolve()) for each in _texts(entry, "path")]
    for each in paths:
        if not Path(each).is_dir():
            raise InputError(f"no folder {each} for its path")
    [asked] = planning.asked_by(_typed(entry, folder, name), "", paths)
    model = asked.model.model_copy(
        update={
            **habits.declared(entry, asked.model),
            "note": _text(entry, "note"),
        }
    )
    weights = _text(entry, "weights")
    if weights and not (folder / weights).is_file():
        raise InputError(f"no file {folder / weights} of its weights")
    return replace(
        asked,
        model=model,
        weights=(folder / weights).resolve() if weights else None,
        scales=_scales(entry),
    )


def _typed(entry: Mapping[str, object], folder: Path, name: str) -> Typed:
    """The entry as if it had been typed."""
    file, module, network = (_text(entry, key) for key in ("file", "module", "network"))
    if bool(file) == bool(module):
        raise InputError("give file or module, one of them: where the network is defined")
    where = str(folder / file) if file else module
    given = entry.get("args", {})
    if not isinstance(given, dict | list | str):
        raise InputError("args is a table such as { feat = 32 }, a list, or a text as typed, such as '3, 3, feat=32'")
    text = given.strip() if isinstance(given, str) else arguments.of_values(given, network or where)
    if file and not file.endswith(".py"):
        if network or text:
            raise InputError(f"{file} is no file of Python; leave network and args out, or name the file of the class")
        return Typed(where, "weights", where, alias=name)
    if not network:
        raise InputError('name the class or function that makes it: network = "Net"')
    return Typed(f"{where}:{network}", "file" if file else "module", where, network, text, alias=name)


def _scales(entry: Mapping[str, object]) -> tuple[int, ...]:
    given = entry.get("scale", [])
    several = given if isinstance(given, list) else [given]
    if not all(type(each) is int and each > 0 for each in several):
        raise InputError(f"scale = {given!r} is no upscaling factor such as 4, or several such as [2, 4]")
    return tuple(several)


def _text(entry: Mapping[str, object], key: str) -> str:
    value = entry.get(key, "")
    if not isinstance(value, str):
        raise InputError(f"{key} = {value!r} is no text")
    return value.strip()


def _texts(entry: Mapping[str, object], key: str) -> list[str]:
    value = entry.get(key, [])
    several = value if isinstance(value, list) else [value]
    texts = [each for each in several if isinstance(each, str)]
    if len(texts) < len(several):
        raise InputError(f"{key} = {value!r} is no folder, nor a list of them")
    return texts


def _check_new(asked: Asked, earlier: list[Asked]) -> None:
    """Refuse a network that stands there already: one of the two records would take the other's place."""
    planning.check_told_apart([*earlier, asked])
    model = asked.model
    for each in earlier:
        same = each.model.model_copy(update={"variant": model.variant, "note": model.note}) == model
        if same and each.weights == asked.weights:
            raise InputError(f"it is the same network as {each.model.variant}, with the same weights; leave one out")
        if each.model.variant.lower() == model.variant.lower():
            raise InputError(f"another network is called {model.variant}, too; give it another name")
