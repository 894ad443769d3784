"""Reading official checkpoints, whatever wrapper they carry and whichever form they hold."""

import functools
import re
from collections.abc import Callable
from pathlib import Path

from torch import nn

from model_defs.catalog import Variant, ZooError, build, get, variants
from model_defs.checkpoint_files import State, read_tensors
from model_defs.checkpoint_keys import readings
from model_defs.reparam import Form

FORMS: tuple[Form, ...] = ("train", "deploy")

Shapes = dict[str, tuple[int, ...]]


def _nobody(remark: str) -> None:
    """Hears what nobody asked for."""


def load_checkpoint(variant: str, path: str | Path, scale: int, tell: Callable[[str], None] = _nobody) -> nn.Module:
    """Load a checkpoint strictly into the network it belongs to, on the CPU, in evaluation mode.

    The module has the form that the file holds: training form where the file has the branches, deploy form where it
    is folded already. An ``eval_conv`` stored beside SPAN's branches may be stale; nothing here uses it.

    Args:
        variant: variant name, e.g. ``bsrn``.
        path: a file of ``torch.save`` or of safetensors; wrappers (``params``, ``params_ema``, ``state_dict``, ``netG``
            and the like), a prefix that all keys share (``module.``, ``_orig_mod.``) and what thop leaves behind are
            undone.
        scale: upscaling factor.
        tell: gets a phrase for each of these that is undone, but for a usual wrapper.

    Raises:
        ZooError: unknown variant or scale, unreadable file, or a checkpoint of another network; the message says
            what differs and which known variant fits.
    """
    wanted = get(variant)
    wanted.check_scale(scale)
    heard: list[str] = []
    read = [(_official(state), undone) for state, undone in readings(read_tensors(path, heard.append))]
    for state, undone in read:
        found = _shapes_in(state)
        for form in FORMS:
            if _fits(found, _shapes(wanted, scale, form)):
                for remark in (*heard, *undone):
                    tell(remark)
                model = build(wanted, scale, form)
                # Only `eval_conv` beside branches may be missing (see _fits), and nothing may be left over.
                model.load_state_dict(state, strict=False)
                return model
    raise ZooError(_explain(path, wanted, scale, [_shapes_in(state) for state, _ in read]))


def _official(state: State) -> State:
    """Keyed as the official code keys it."""
    return {_official_key(key): tensor for key, tensor in state.items()}


def _shapes_in(state: State) -> Shapes:
    return {key: tuple(tensor.shape) for key, tensor in state.items()}


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


def _explain(path: str | Path, wanted: Variant, scale: int, read: list[Shapes]) -> str:
    """One line: the nearest form of the nearest reading, the first differences, and the variants that do fit."""
    pairs = ((found, _shapes(wanted, scale, form)) for found in read for form in FORMS)
    differences = min((_differences(found, expected) for found, expected in pairs), key=len)
    shown = "; ".join(differences[:3]) + (f"; and {len(differences) - 3} more" if len(differences) > 3 else "")
    fitting = next((names for found in read if (names := _fitting_variants(found))), [])
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
