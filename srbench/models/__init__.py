"""From what people type ("span", "imdn-rtc", "span@train", "my_net.py:Net") to a ready module."""

from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path

import model_defs
from srbench.cases import Form, Model
from srbench.errors import InputError
from srbench.models import arguments, habits, looking
from srbench.models.building import SCALE_ARGUMENTS as SCALE_ARGUMENTS
from srbench.models.building import build as build
from srbench.models.building import lend as lend
from srbench.models.building import load as load
from srbench.models.building import take_back as take_back
from srbench.models.typed import Typed, read, split

#: Under which installed packages name networks of theirs.
ENTRY_POINTS = "srbench.models"


def parse(names: str, form: Form) -> list[Model]:
    """Resolve a comma-separated list; ``all`` is the seven defaults. Repeated names are kept once.

    ``@train`` or ``@deploy`` behind a name wins over ``form``. Networks that do not fold have no form.

    Raises:
        InputError: an unknown name or form, a form of a network that has none, or a file or name in it that does not
            exist.
    """

    found: dict[tuple[str, str], Model] = {}
    for typed in map(read, split(names)):
        for model in resolve(typed, form):
            found.setdefault(model.key, model)
    if not found:
        raise InputError("--models names no model; 'srbench models' lists them")
    return list(found.values())


def resolve(typed: Typed, form: Form, paths: Sequence[str] = ()) -> list[Model]:
    """What was typed as networks: several for ``all``, else one. Nothing of a user's is run.

    Args:
        typed: what was typed; its mode is another matter.
        form: of networks of the zoo where nothing is said.
        paths: folders that come first on a user's file's path.

    Raises:
        InputError: as :func:`parse`.
    """
    asked = _form(typed)
    if typed.kind == "name" and (installed := _entry_point(typed.target)) is not None:
        typed = Typed(typed.text, "module", *installed, typed.arguments, typed.form, typed.words, typed.alias)
        return [_own(typed, paths, typed.alias or typed.text.partition("+")[0])]
    if typed.kind != "name":
        model = _own(typed, paths)
        if asked:
            raise InputError(
                f"'{typed.text}': srbench does not fold a network of yours, it runs what your file builds; "
                f"leave @{asked} out"
            )
        return [model]
    if typed.target.lower() == "all":
        models = [_of_zoo(each, asked or form) for each in model_defs.DEFAULTS]
    else:
        models = [_of_zoo(typed.target, asked or form)]
    if typed.arguments is not None or typed.alias:
        what = "no arguments" if typed.arguments is not None else "no other name"
        raise InputError(f"'{typed.text}': a network of the zoo takes {what}; write {typed.target} alone")
    if asked and typed.target.lower() != "all" and not models[0].form:
        raise InputError(f"'{typed.text}': {models[0].variant} does not fold, it has one form; leave @{asked} out")
    return models


def _form(typed: Typed) -> Form:
    """The form behind a name; empty where there is none."""
    if typed.form is None:
        return ""
    if typed.form not in ("train", "deploy"):
        raise InputError(f"'{typed.text}': after @ comes train or deploy, not '{typed.form}'")
    return "train" if typed.form == "train" else "deploy"


def _of_zoo(name: str, form: Form) -> Model:
    """A network of the zoo in a form, if it has forms."""
    try:
        variant = model_defs.get(name)
    except model_defs.ZooError as error:
        raise InputError(str(error)) from None
    return Model(
        architecture=variant.architecture,
        variant=variant.name,
        form=form if variant.folds else "",
        colors=variant.colors,
        value_range=variant.value_range,
        note=variant.note,
    )


def _own(typed: Typed, paths: Sequence[str], name: str = "") -> Model:
    """A user's network by its file, its module, or its weights alone; ``name`` stands for it in tables."""
    where = typed.target
    if typed.kind == "weights":
        if typed.arguments is not None:
            raise InputError(f"'{typed.text}': a file of weights takes no arguments; name the class with them")
        looking.check_held(Path(where), typed.text)
        called, module = Path(where).name, looking.READER
        whole, inside = Path(where).resolve(), looking.within(Path(where).resolve(), where)
        return Model(architecture=called, variant=typed.alias or where, source=str(whole), within=inside, module=module)
    if typed.kind == "file":
        looking.check_file(Path(where), typed.text)
        whole = Path(where).resolve()
        looking.check_name(Path(where), typed.attribute)
    else:
        whole = looking.find_module(where, [*paths, str(Path.cwd())])
        looking.check_name(whole, typed.attribute)
    said = habits.declared(habits.in_class(looking.parsed(whole), typed.attribute))
    given = arguments.canonical(typed.arguments or "", typed.text)
    called = f"{typed.attribute}({given})" if given else typed.attribute
    return Model(
        architecture=typed.attribute,
        variant=typed.alias or name or f"{where}:{called}",
        source=str(whole),
        within=looking.within(whole, where),
        arguments=given,
        module=where if typed.kind == "module" else "",
        paths=tuple(paths),
        **said,
    )


def _entry_point(name: str) -> tuple[str, str] | None:
    """Module and attribute that an installed package names a network by; None where none does, or the zoo has it."""
    if name.lower() == "all":
        return None
    try:
        model_defs.get(name)
    except model_defs.ZooError:
        found = [each for each in entry_points(group=ENTRY_POINTS) if each.name == name]
        return (found[0].module, found[0].attr) if found else None
    return None


def check(model: Model, scale: int, lr_width: int, lr_height: int) -> None:
    """Refuse what a network of the zoo cannot do; a user's network is only known once it runs.

    Args:
        model: the network.
        scale: upscaling factor.
        lr_width: in pixels.
        lr_height: in pixels.

    Raises:
        InputError: a scale or an LR size that the network does not take.
    """

    if model.source is None:
        variant = model_defs.get(model.variant)
        try:
            variant.check_scale(scale)
            variant.check_size(lr_width, lr_height)
        except model_defs.ZooError as error:
            raise InputError(str(error)) from None


def has_scale(model: Model, scale: int) -> bool:
    """Whether the zoo's network exists at a scale; a user's network is taken at its word."""

    return model.source is not None or scale in model_defs.get(model.variant).scales
