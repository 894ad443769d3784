"""From what people type to the cases of a run: networks with modes behind their names, times the axes of a grid.

span,rfdn@train+compile   x   --dtype float32,bfloat16   x   --lr 64x64,320x180   x   --threads 1,2
"""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import get_args

from srbench import machine, models, running
from srbench.cases import Case, Dtype, Form, Layout, Mode, Model, Size, Weights
from srbench.errors import InputError, WrongInputsError
from srbench.models import typed
from srbench.text import check_utf8

#: What people also type.
_ALSO = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32", "half": "float16"}
DTYPES: tuple[str, ...] = get_args(Dtype)
LAYOUTS: tuple[str, ...] = get_args(Layout)
#: As they are typed behind a name.
TF32: dict[str, bool] = {"tf32": True, "no_tf32": False}


@dataclass(frozen=True)
class Asked:
    """A network as typed, or as a suite has it.

    Attributes:
        model: the network in its form.
        fixed: parts of the mode that stand behind its name, which win over the options'.
        optional: whether it may be left out where it lacks a scale (a part of ``all``).
        weights: its file of weights; None where none was named with it.
        scales: that it has, where that is known; at others it is left out.
    """

    model: Model
    fixed: Mapping[str, str | bool] = field(default_factory=dict)
    optional: bool = False
    weights: Path | None = None
    scales: tuple[int, ...] = ()

    def in_mode(self, mode: Mode) -> Mode:
        """The mode of the options, with what stands behind the name."""
        return Mode.model_validate(mode.model_dump() | dict(self.fixed))

    def lacks(self, scale: int) -> bool:
        """Whether it is left out at a scale, rather than refused."""
        if self.scales:
            return scale not in self.scales
        return self.optional and not models.has_scale(self.model, scale)


#: Gives the weights that a network is measured with at a scale; None for those that building it gives.
WeightsOf = Callable[[Asked, int], Weights | None]


def parse(names: str, form: Form = "deploy") -> list[Asked]:
    """``span,rfdn@train+compile,all`` -> the networks, each once in a mode.

    Raises:
        InputError: an unknown name, form or word of a mode, one network under two names, or a path
            that no record can hold.
    """
    found: dict[tuple[object, ...], Asked] = {}
    for each in (one for text in typed.split(names) for one in asked_by(typed.read(text), form)):
        key = (*each.model.key, *sorted(each.fixed.items()))
        # Named and part of `all`: then it is wanted by name.
        if key not in found or (found[key].optional and not each.optional):
            found[key] = each
        elif each.model.named and each.model.variant != found[key].model.variant:
            raise InputError(f"{found[key].model.variant} and {each.model.variant} are one network; name it once")
    if not found:
        raise InputError("--models names no model; 'srbench models' lists them")
    check_told_apart(list(found.values()))
    return list(found.values())


def asked_by(text: typed.Typed, form: Form, paths: Sequence[str] = ()) -> list[Asked]:
    """What one part of a list stands for: several networks for ``all``.

    Args:
        text: the part.
        form: of networks of the zoo where nothing is said.
        paths: folders that come first on a user's file's path.

    Raises:
        InputError: an unknown name, form or word of a mode.
    """
    # A record names a file by its whole path.
    check_utf8(str(Path(text.text).absolute()) if text.kind in ("file", "weights") else text.text, "a network")
    fixed = mode_by(text)
    optional = text.kind == "name" and text.target.lower() == "all"
    return [Asked(model, fixed, optional) for model in models.resolve(text, form, paths)]


def valid(names: str, leave_out: Callable[[str], None]) -> str:
    """A list without those of its parts that stand for nothing.

    Args:
        names: as :func:`parse` takes them.
        leave_out: gets a line for each part that is left out.

    Raises:
        WrongInputsError: all of them stand for nothing.
    """
    wrong: dict[str, str] = {}
    parts = typed.split(names)
    for text in parts:
        try:
            asked_by(typed.read(text), "")
        except InputError as error:
            wrong[text] = str(error)
    if len(wrong) == len(set(parts)) and wrong:
        raise WrongInputsError(wrong.values())
    for line in wrong.values():
        leave_out(f"left out: {line}")
    return ",".join(text for text in parts if text not in wrong)


def check_told_apart(asked: Sequence[Asked]) -> None:
    """Refuse two networks that were given one name: no table could tell them apart.

    Raises:
        InputError: there are two.
    """
    names: dict[str, Model] = {}
    for each in asked:
        model = names.setdefault(each.model.variant.lower(), each.model)
        if model.identity != each.model.identity and (model.named or each.model.named) and not model.live:
            raise InputError(f"two networks are called '{each.model.variant}'; give one another name: =NAME")


def mode_by(text: typed.Typed) -> dict[str, str | bool]:
    """The parts of the mode that stand behind a name.

    Raises:
        InputError: a word that is no part of a mode, or two that exclude each other.
    """
    fixed: dict[str, str | bool] = {}
    spelled: dict[str, str] = {}
    for word in text.words:
        part, value = _part(word, text.text)
        said = value if isinstance(value, str) else word
        if fixed.setdefault(part, value) != value:
            raise InputError(f"'{text.text}': {spelled[part]} and {said} exclude each other")
        spelled[part] = said
    return fixed


def _no_weights(asked: Asked, scale: int) -> None:
    """Nobody named any."""


def _part(word: str, text: str) -> tuple[str, str | bool]:
    value = _ALSO.get(word.lower(), word.lower().replace("-", "_"))
    for part, known in (("engine", tuple(running.ENGINES)), ("dtype", DTYPES), ("layout", LAYOUTS)):
        if value in known:
            return part, value
    if value in TF32:
        return "tf32", TF32[value]
    every = [*running.ENGINES, *DTYPES, *LAYOUTS, *TF32]
    near = difflib.get_close_matches(value, every, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(every)}"
    raise InputError(f"'{text}': '{word}' is no way of running a network; {hint}")


def modes_of(engines: str, dtypes: str, layouts: str, tf32: str = "") -> list[Mode]:
    """``eager,compile`` x ``float32,bfloat16`` x ``contiguous`` -> every combination, each once.

    Args:
        engines: separated by commas.
        dtypes: separated by commas.
        layouts: separated by commas.
        tf32: ``on``, ``off`` or both; empty for torch's defaults.

    Raises:
        InputError: one that is not known.
    """
    axes = (
        _values("--engine", engines, tuple(running.ENGINES)),
        _values("--dtype", dtypes, DTYPES),
        _values("--layout", layouts, LAYOUTS),
    )
    switches = [word == "on" for word in _values("--tf32", tf32, ("on", "off"))] if tf32 else [None]
    return [
        Mode.model_validate({"engine": engine, "dtype": dtype, "layout": layout, "tf32": switch})
        for engine, dtype, layout, switch in product(*axes, switches)
    ]


def _values(option: str, text: str, known: Sequence[str]) -> list[str]:
    asked = [part.strip() for part in text.split(",") if part.strip()]
    values = [_ALSO.get(part.lower(), part.lower().replace("-", "_")) for part in asked]
    for part, value in zip(asked, values, strict=True):
        if value not in known:
            near = difflib.get_close_matches(value, known, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
            raise InputError(f"{option} '{part}' is unknown; {hint}")
    if not values:
        raise InputError(f"{option} names none of {', '.join(known)}")
    return list(dict.fromkeys(values))


def check_threads(threads: Sequence[int | None], device: str) -> None:
    """Refuse threads that this process cannot have.

    Raises:
        InputError: more than its cores, or threads of a GPU.
    """
    for each in threads:
        if each is not None and each < 1:
            raise InputError(f"--threads {each} must be at least 1")
        if each is not None and each > machine.usable_cores():
            raise InputError(f"--threads {each}: this process may use {machine.usable_cores()} cores")
        if each is not None and device not in ("cpu", "none"):
            raise InputError(f"--threads is for the CPU; the device is {device}")


def cases_of(
    asked: Sequence[Asked],
    sizes: Sequence[Size],
    modes: Sequence[Mode] = (Mode(),),
    *,
    device: str,
    threads: Sequence[int | None] = (None,),
    once: bool = True,
    weights: WeightsOf = _no_weights,
    tell: Callable[[str], None] = lambda line: None,
) -> list[Case]:
    """Every network at every size in every mode with every number of threads, each case once.

    Args:
        asked: the networks.
        sizes: one for each scale, LR size and batch.
        modes: of the options; what stands behind a name wins.
        device: ``none`` (shapes only), ``cpu`` or ``cuda:N``.
        threads: of the CPU; None for the machine's cores.
        once: whether a case that comes up again is left out.
        weights: gives the weights that a network is measured with.
        tell: gets a line for each optional network that lacks a scale.

    Raises:
        InputError: a scale or an LR size that a named network does not take, a mode that cannot run here, or nothing
            left to do.
    """
    check_threads(threads, device)
    cases: list[Case] = []
    known: set[str] = set()
    left_out: dict[tuple[str, int], None] = {}
    held: dict[tuple[int, int], Weights | None] = {}
    for size, mode, count in product(sizes, modes, threads):
        for number, each in enumerate(asked):
            model = each.model
            if each.lacks(size.scale):
                left_out[model.variant, size.scale] = None
                continue
            models.check(model, size.scale, size.lr_width, size.lr_height)
            if (number, size.scale) not in held:
                held[number, size.scale] = weights(each, size.scale)
            case = Case(
                model=model,
                size=size,
                mode=_runnable(each.in_mode(mode), device),
                device=device,
                threads=(count or machine.usable_cores()) if device == "cpu" else None,
                weights=held[number, size.scale],
            )
            if not once or case.key not in known:
                known.add(case.key)
                cases.append(case)
    for variant, scale in left_out:
        tell(f"{variant} has no x{scale}: skipped")
    if not cases:
        raise InputError("nothing to do: none of the models has any of the scales")
    return cases


def _runnable(mode: Mode, device: str) -> Mode:
    """The mode, checked; of shapes alone the dtype is all that matters."""
    running.check(mode, device)
    return Mode(dtype=mode.dtype) if device == "none" else mode
