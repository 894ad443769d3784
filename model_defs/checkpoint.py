"""Reading official checkpoints, whatever wrapper they carry and whichever form they hold."""

import functools
import pickle
import re
import stat
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from model_defs.catalog import Variant, ZooError, build, get, variants
from model_defs.reparam import Form

#: Where training scripts hide the weights, best first: BasicSR stores the moving average beside the raw weights.
WRAPPERS = ("params_ema", "params", "state_dict", "model_state_dict", "model")
FORMS: tuple[Form, ...] = ("train", "deploy")

#: The largest networks of the field have a fifth of it; unpacked, a file of 4 MB may have a thousand times as much.
MOST_BYTES = 2**30
#: Entries of a file, keys of a network and characters of a key: more are no weights of one.
_MOST_ENTRIES, _MOST_KEY = 20_000, 1_000
#: Of what torch says of a file, in characters.
_MOST_REASON = 200
#: Wrappers within wrappers.
_MOST_WRAPPERS = 8

State = dict[str, Tensor]
Shapes = dict[str, tuple[int, ...]]


def load_checkpoint(variant: str, path: str | Path, scale: int) -> nn.Module:
    """Load a checkpoint strictly into the network it belongs to, on the CPU, in evaluation mode.

    The module has the form that the file holds: training form where the file has the branches, deploy form where it
    is folded already. An ``eval_conv`` stored beside SPAN's branches may be stale; nothing here uses it.

    Args:
        variant: variant name, e.g. ``bsrn``.
        path: a file of ``torch.save``; wrappers (``params``, ``params_ema``, ``state_dict``) and a ``module.`` prefix
            are undone.
        scale: upscaling factor.

    Raises:
        ZooError: unknown variant or scale, unreadable file, or a checkpoint of another network; the message says
            what differs and which known variant fits.
    """
    wanted = get(variant)
    wanted.check_scale(scale)
    state = read_state(path)
    found = {key: tuple(tensor.shape) for key, tensor in state.items()}
    for form in FORMS:
        if _fits(found, _shapes(wanted, scale, form)):
            model = build(wanted, scale, form)
            # Only `eval_conv` beside branches may be missing (see _fits), and nothing may be left over.
            model.load_state_dict(state, strict=False)
            return model
    raise ZooError(_explain(path, wanted, scale, found))


def read_state(path: str | Path) -> State:
    """The bare tensors of a checkpoint file, keyed as the official code keys them.

    Raises:
        ZooError: as ``read_tensors``.
    """
    return {_official_key(key): tensor for key, tensor in read_tensors(path).items()}


def read_tensors(path: str | Path) -> State:
    """The bare tensors of a checkpoint file, out of any usual wrapper, keyed as they stand there.

    Raises:
        ZooError: missing, unreadable, larger than :data:`MOST_BYTES`, or not a checkpoint of plain numbers.
    """
    _check_size(path)
    try:
        with warnings.catch_warnings(action="ignore"):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise ZooError(f"no checkpoint at {path}") from None
    except Exception as error:  # noqa: BLE001 - torch names no set: a damaged file raises whatever its bytes lead to
        first = (str(error).splitlines() or [""])[0]
        # torch's advice, to load it without looking, is none of ours.
        first = re.split(r"\. (?:This is an internal|In PyTorch|Re-running)", first)[0][:_MOST_REASON]
        # A pickle that names an unknown key raises KeyError with a bare number.
        reason = f"{type(error).__name__} {first}".strip() if len(first.split()) < 2 else first
        if isinstance(error, pickle.UnpicklingError):
            reason = "it is damaged, or holds more than tensors (a whole pickled module, say)"
        elif isinstance(error, OSError):
            reason = error.strerror or reason
        raise ZooError(f"{path} is not a checkpoint that opens with weights_only=True: {reason}") from None
    content = _unwrap(content)
    if not isinstance(content, Mapping) or not content:
        raise ZooError(f"{path} holds no weights: expected a dict of tensors, found {type(content).__name__}")
    if len(content) > _MOST_ENTRIES:
        raise ZooError(f"{path} holds no weights of one network: it has {len(content):,} entries")
    state = {str(k)[:_MOST_KEY]: v for k, v in content.items() if isinstance(v, Tensor)}
    if not state:
        raise ZooError(f"{path} holds no weights: none of its {len(content)} entries is a tensor")
    for key, tensor in state.items():
        _check_plain(path, key, tensor)
    while all(key.startswith("module.") for key in state):
        state = {key.removeprefix("module."): tensor for key, tensor in state.items()}
    return state


def _unwrap(content: object) -> object:
    # One that holds itself has no end.
    for _ in range(_MOST_WRAPPERS):
        if not isinstance(content, Mapping):
            break
        inner = next((content[name] for name in WRAPPERS if isinstance(content.get(name), Mapping)), None)
        if inner is None:
            break
        content = inner
    return content


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


def _check_plain(path: str | Path, key: str, tensor: Tensor) -> None:
    """Refuse a tensor that could not be copied into a network as it is."""
    if tensor.is_meta or tensor.layout is not torch.strided or tensor.is_complex():
        kind = "no values" if tensor.is_meta else "complex numbers" if tensor.is_complex() else "a sparse tensor"
        raise ZooError(f"{path} holds {kind} under {key}; weights are dense real numbers")


def _official_key(key: str) -> str:
    """Rename what ETDS's re-training of ECBSR calls ``backbone.I.0`` (convolution) and ``backbone.I.1`` (PReLU)."""
    key = re.sub(r"^(backbone\.\d+)\.0\.(weight|bias)$", r"\1.conv3x3.\2", key)
    return re.sub(r"^(backbone\.\d+)\.1\.weight$", r"\1.act.weight", key)


@functools.cache
def _shapes(variant: Variant, scale: int, form: Form) -> Shapes:
    return {key: tuple(tensor.shape) for key, tensor in build(variant, scale, form, "meta").state_dict().items()}


def _fits(found: Shapes, expected: Shapes) -> bool:
    if found == expected:
        return True
    # A training-form file may lack the unused copies of folded weights.
    branches_only = {key: shape for key, shape in expected.items() if ".eval_conv." not in key}
    return bool(branches_only) and found == branches_only and len(branches_only) > len(expected) // 2


def _explain(path: str | Path, wanted: Variant, scale: int, found: Shapes) -> str:
    """One line: the nearest form, the first differences, and the variants that do fit."""
    expected = min((_shapes(wanted, scale, form) for form in FORMS), key=lambda e: len(_differences(found, e)))
    differences = _differences(found, expected)
    shown = "; ".join(differences[:3]) + (f"; and {len(differences) - 3} more" if len(differences) > 3 else "")
    fitting = _fitting_variants(found)
    advice = f"it fits {' or '.join(fitting)}" if fitting else "it fits no known variant"
    return f"{path} is not a checkpoint of {wanted.name} x{scale}: {shown}; {advice}"


def _differences(found: Shapes, expected: Shapes) -> list[str]:
    lines = []
    for key in sorted(found.keys() | expected.keys()):
        here, there = found.get(key), expected.get(key)
        if here is None:
            lines.append(f"{key} is missing")
        elif there is None:
            lines.append(f"{key} is unexpected")
        elif here != there:
            lines.append(f"{key} is {_size(here)}, expected {_size(there)}")
    return lines


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) if shape else "a single number"


def _fitting_variants(found: Shapes) -> list[str]:
    candidates = {v.name: v for v in (*variants(), *_sized_like(found))}
    fitting = []
    for variant in candidates.values():
        for scale in variant.scales:
            if any(_fits(found, _shapes(variant, scale, form)) for form in FORMS):
                fitting.append(f"{variant.name} x{scale}")
    return fitting


def _sized_like(found: Shapes) -> list[Variant]:
    """ECBSR and RepSR of the depth and width that the keys show, since any size of them is a variant."""
    sized = []
    for family, block, first, inner in (
        ("ecbsr", r"backbone\.(\d+)\.", r"backbone\.0\.conv3x3\.weight", 2),
        ("repsr", r"body\.(\d+)\.", r"head\.0\.weight", 0),
    ):
        depth = len({m.group(1) for key in found if (m := re.match(block, key))}) - inner
        head = next((shape for key, shape in found.items() if re.fullmatch(first, key) and len(shape) == 4), None)
        # The names of sized variants hold at most three and four digits.
        if 0 < depth < 1000 and head is not None and 0 < head[0] < 10_000:
            suffix = {1: "", 3: "-rgb"}.get(head[1])
            if suffix is not None:
                sized.append(get(f"{family}-m{depth}c{head[0]}{suffix}"))
    return sized
