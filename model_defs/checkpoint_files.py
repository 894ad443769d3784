"""Reading a file of weights: bounded, without running anything that is in it, and out of what it is wrapped in."""

import re
import stat
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from model_defs.catalog import ZooError

State = dict[str, Tensor]

#: Endings of files of weights, in lower case.
SUFFIXES = frozenset((".pth", ".pt", ".ckpt", ".bin", ".safetensors"))
#: Where training scripts hide the weights, best first: a moving average is kept beside the raw weights. Of the usual
#: ones nobody need be told.
_USUAL = ("params_ema", "params", "state_dict", "model_state_dict", "model")
WRAPPERS = ("params_ema", "ema", *_USUAL[1:], "generator", "netG", "net_g", "net", "weights")

#: The largest networks of the field have a fifth of it; unpacked, a file of 4 MB may have a thousand times as much.
MOST_BYTES = 2**30
#: Entries of a file and characters of a key: more are no weights of one network.
_MOST_ENTRIES, _MOST_KEY = 20_000, 1_000
#: Of what torch says of a file, and of a name from it, in characters.
_MOST_REASON, _MOST_SHOWN = 200, 60
#: Wrappers within wrappers.
_MOST_WRAPPERS = 8
#: Classes in a file that is told apart for its refusal, and keys and classes that the refusal names.
_MOST_CLASSES, _MOST_NAMED = 100, 4
#: Bytes that tell what a file is, and that are looked at in one go.
_HEAD, _CHUNK = 256, 2**20


def _nobody(remark: str) -> None:
    """Hears what nobody asked for."""


def read_tensors(path: str | Path, tell: Callable[[str], None] = _nobody) -> State:
    """The bare tensors of a checkpoint file, out of any usual wrapper, keyed as they stand there.

    Args:
        path: a file of ``torch.save`` or of safetensors, told apart by its content.
        tell: gets a phrase where one of several sets of weights was taken, or an unusual wrapper undone.

    Raises:
        ZooError: missing, unreadable, larger than :data:`MOST_BYTES`, or not a checkpoint of plain numbers; it says
            what the file is instead.
    """
    _check_size(path)
    head = _head_of(path)
    _check_kind(path, head)
    content = _of_safetensors(path, head) if _is_safetensors(path, head) else _of_torch(path)
    content = _unwrap(content, tell)
    if not isinstance(content, Mapping) or not content:
        raise ZooError(f"{path} holds no weights: expected a dict of tensors, found {type(content).__name__}")
    if len(content) > _MOST_ENTRIES:
        raise ZooError(f"{path} holds no weights of one network: it has {len(content):,} entries")
    state = {str(k)[:_MOST_KEY]: v for k, v in content.items() if isinstance(v, Tensor)}
    if not state:
        raise ZooError(f"{path} holds no weights: none of its {len(content)} entries is a tensor")
    for key, tensor in state.items():
        _check_plain(path, key, tensor)
    return state


def is_torchscript(path: str | Path) -> bool:
    """Whether a file is an archive of ``torch.jit.save``: it holds code beside tensors."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("/constants.pkl") for name in archive.namelist())
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return False


def shown(text: str) -> str:
    """A name from a file, as part of a line for people: short, printable, and text that any file can hold."""
    cut = text[:_MOST_SHOWN].encode(errors="replace").decode()
    return "".join(sign if sign.isprintable() else " " for sign in cut) + ("..." if len(text) > _MOST_SHOWN else "")


def _unwrap(content: object, tell: Callable[[str], None]) -> object:
    # One that holds itself has no end.
    for _ in range(_MOST_WRAPPERS):
        if not isinstance(content, Mapping):
            break
        there = [name for name in WRAPPERS if isinstance(content.get(name), Mapping)]
        full = [name for name in there if content[name]] or _only_set(content)
        if not full:
            break
        first = full[0]
        if empty := [name for name in there if not content[name]]:
            tell(f"{' and '.join(empty)} of its weights is empty: {shown(first)} is taken")
        if len(full) > 1:
            tell(f"of its weights {' and '.join(full)}, {first} is taken")
        elif first not in _USUAL:
            tell(f"its weights are those under {shown(first)}")
        content = content[first]
    return content


def _only_set(content: Mapping[Any, object]) -> list[str]:
    """The name of the one set of tensors in a dict without tensors of its own, whatever it is called."""
    if len(content) > _MOST_ENTRIES or any(isinstance(value, Tensor) for value in content.values()):
        return []
    sets = [
        key
        for key, value in content.items()
        if isinstance(value, Mapping) and value and all(isinstance(each, Tensor) for each in value.values())
    ]
    return sets if len(sets) == 1 and isinstance(sets[0], str) else []


# --- What a file is


def _check_size(path: str | Path) -> None:
    """Refuse what is no file, and what is large or becomes so, before anything of it is read."""
    try:
        facts = Path(path).stat()
        size = facts.st_size
        if stat.S_ISREG(facts.st_mode) and size <= MOST_BYTES and zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                size = sum(entry.file_size for entry in archive.infolist())
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return  # torch says what is wrong with it
    if not (stat.S_ISREG(facts.st_mode) or stat.S_ISDIR(facts.st_mode)):
        raise ZooError(f"{path} is a pipe or a device, not a checkpoint")
    if size > MOST_BYTES:
        most = f"{MOST_BYTES / 2**30:.0f} GiB"
        raise ZooError(f"{path} holds {size / 2**30:.1f} GiB; checkpoints of up to {most} are read")


def _check_sums(path: str | Path) -> None:
    """Refuse an archive with an entry that is not what its checksum says: torch loads it as if nothing were.

    A checksum of 0 is none: ``torch.serialization.set_crc32_options(False)`` leaves them out.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                with archive.open(entry) as file:
                    while entry.CRC and file.read(_CHUNK):
                        pass
    except zipfile.BadZipFile as error:
        # Of all else that Python finds wrong with it, torch may think otherwise.
        if "CRC" in str(error):
            raise ZooError(f"{path} is damaged ({shown(str(error))}); copy or download it again") from None
    except (OSError, ValueError, EOFError, NotImplementedError, zlib.error):
        return  # torch says what is wrong with it


def _head_of(path: str | Path) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(_HEAD)
    except OSError:
        return b""  # torch says what is wrong with it


def _check_kind(path: str | Path, head: bytes) -> None:
    """Refuse what is often found in place of a checkpoint, by its name."""
    if head.startswith(b"version https://git-lfs"):
        what = "it is a pointer of Git LFS, which stands for the file; run 'git lfs pull' in its repository"
    elif head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        what = "it is a web page, saved in place of the file; download it again by its direct link"
    elif is_torchscript(path):
        raise ZooError(f"{path} is TorchScript, a network and no weights; save its state_dict()")
    else:
        return
    raise ZooError(f"{path} is not a checkpoint: {what}")


def _check_plain(path: str | Path, key: str, tensor: Tensor) -> None:
    """Refuse a tensor that could not be copied into a network as it is."""
    plain = tensor.layout is torch.strided and not tensor.is_quantized
    if tensor.is_meta or not plain or tensor.is_complex():
        kind = "no values" if tensor.is_meta else "complex numbers" if tensor.is_complex() else "a sparse tensor"
        kind = "quantized numbers" if tensor.is_quantized else kind
        raise ZooError(f"{path} holds {kind} under {key}; weights are dense real numbers")


# --- Files of safetensors: a length in 8 bytes, a header of JSON of that length, numbers


def _is_safetensors(path: str | Path, head: bytes) -> bool:
    """By its content; an ending counts where the content is of no other kind."""
    named = Path(path).suffix.lower() == ".safetensors" and not head.startswith((b"PK", b"\x80"))
    return head[8:9] == b"{" or (named and bool(head))


def _of_safetensors(path: str | Path, head: bytes) -> object:
    # A thousand characters of header for each of as many tensors as are read.
    if int.from_bytes(head[:8], "little") > _MOST_ENTRIES * _MOST_KEY:
        raise ZooError(f"{path} is not a checkpoint of safetensors: its header is longer than one of a network")
    try:
        return safetensors.torch.load_file(path)
    except Exception as error:  # noqa: BLE001 - it names no set, as torch does not
        first = (str(error).splitlines() or [""])[0][:_MOST_REASON]
        raise ZooError(f"{path} is not a checkpoint of safetensors: {first or type(error).__name__}") from None


# --- Files of torch.save


def _of_torch(path: str | Path) -> object:
    try:
        if zipfile.is_zipfile(path):
            _check_sums(path)
        # As a file: of a path, torch would look at the ending.
        with warnings.catch_warnings(action="ignore"), Path(path).open("rb") as file:
            return torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise ZooError(f"no checkpoint at {path}") from None
    except ZooError:
        raise
    except Exception as error:  # noqa: BLE001 - torch names no set: a damaged file raises whatever its bytes lead to
        reason = _reason(path, error)
    raise ZooError(f"{path} is not a checkpoint that opens with weights_only=True: {reason}")


def _reason(path: str | Path, error: Exception) -> str:
    first = (str(error).splitlines() or [""])[0]
    # torch's advice, to load it without looking, is none of ours.
    first = re.split(r"\. (?:This is an internal|In PyTorch|Re-running)", first)[0][:_MOST_REASON]
    if isinstance(error, OSError):
        return error.strerror or first
    # By its base: torch's module has a name of its own for pickle's error.
    if type(error).__name__ == "UnpicklingError":
        return _beyond_tensors(path, str(error)) or "it is damaged, or holds more than tensors"
    # A pickle that names an unknown key raises KeyError with a bare number.
    return f"{type(error).__name__} {first}".strip() if len(first.split()) < 2 else first


class _StandIn:
    """What an object of a class that may not be made is read as: nothing of its class runs."""

    named = ""

    def __new__(cls, *_: object, **__: object) -> "_StandIn":
        return super().__new__(cls)

    def __init__(self, *_: object, **__: object) -> None:
        self.network = False

    def __setstate__(self, state: object) -> None:
        self.network = isinstance(state, dict) and "_modules" in state

    def __str__(self) -> str:
        readable = {"multiarray.scalar": "a numpy scalar", "multiarray._reconstruct": "a numpy array"}
        return readable.get(self.named.rpartition("core.")[2], shown(self.named))


def _beyond_tensors(path: str | Path, said: str) -> str:
    """What a file holds beside tensors, by keys and classes, and the way out; empty where that cannot be told.

    Args:
        path: a file of ``torch.save``.
        said: what torch refused it with.
    """
    save = "save the state_dict() of the network alone"
    try:
        names = sorted(torch.serialization.get_unsafe_globals_in_checkpoint(str(path)))
    except Exception:  # noqa: BLE001 - an older form, or damaged: torch has named the first class, perhaps
        names = re.findall(r"GLOBAL ([\w.]+)", said)[:1]
        return f"it holds more than tensors ({shown(names[0])}); {save}" if names else ""
    if not names:
        return ""
    classes = f"it holds more than tensors ({', '.join(map(shown, names[:_MOST_NAMED]))}); {save}"
    if len(names) > _MOST_CLASSES:
        return classes
    stand_ins = [(type("StandIn", (_StandIn,), {"named": name}), name) for name in names]
    try:
        with warnings.catch_warnings(action="ignore"), torch.serialization.safe_globals(list(stand_ins)):
            content = torch.load(path, map_location="meta", weights_only=True)
    except Exception:  # noqa: BLE001 - what takes more than a stand-in is told by the names alone
        return classes
    if isinstance(content, _StandIn):
        what = "a whole pickled network" if content.network else "a pickled object"
        return f"it is {what} ({content}), which runs code when it is opened; {save}"
    found = [f"{shown(key)} ({held})" for key, held in _foreign_in(content)]
    more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    return f"beside tensors it holds {', '.join(found[:_MOST_NAMED])}{more}; {save}, without them" if found else classes


def _foreign_in(content: object) -> Iterator[tuple[str, _StandIn]]:
    """Keys, dotted, under which something lies whose class may not be made, and its stand-in."""
    waiting, seen = [("", content)], set[int]()
    while waiting and len(seen) < _MOST_ENTRIES:
        key, value = waiting.pop(0)
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, _StandIn):
            yield key, value
            continue
        inner = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
        for name, each in inner:
            # Numbers and strings are left out: there may be millions, and none is of interest.
            if isinstance(each, _StandIn | Mapping | list):
                waiting.append((f"{key}.{name}"[-_MOST_KEY:].removeprefix("."), each))
