"""Which checkpoint belongs to a network: the official ones by their hashes, a user's own by their names.

``checkpoints.csv`` lists official files with where they are from. Nothing here touches the network; files come from the
folder of ``--weights``, or from the cache that ``srbench weights fetch`` fills.
"""

import csv
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import platformdirs
from pydantic import Field

from model_defs.checkpoint_files import SUFFIXES
from srbench.cases import Form, Model
from srbench.errors import InputError
from srbench.facts import Frozen
from srbench.text import check_utf8

_CHUNK = 1 << 20


class Registered(Frozen):
    """An official checkpoint.

    Attributes:
        file: its name in the cache and, mostly, at its source.
        variant, scale, form: the network that it holds.
        bytes, sha256: of the file.
        url: where it is from; empty where its publisher offers no direct link.
        licence: what its source says of its use.
        note: what a user should know.
    """

    file: str
    variant: str
    scale: int = Field(ge=1)
    form: Form
    bytes: int = Field(ge=1)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    url: str
    licence: str
    note: str = ""

    @property
    def stems(self) -> tuple[str, ...]:
        """Its names without an ending: in the cache, and at its source."""
        return tuple(dict.fromkeys(Path(name).stem for name in (self.file, self.url.rpartition("/")[2]) if name))


def cache_folder() -> Path:
    """Where fetched and added checkpoints lie: ``SRBENCH_CACHE``, or the user's own cache."""
    base = os.environ.get("SRBENCH_CACHE") or platformdirs.user_cache_dir("srbench")
    return Path(base) / "weights"


@dataclass(frozen=True)
class Given:
    """What ``--weights`` says.

    Attributes:
        files: name of a network, in lower case -> its file.
        folders: of checkpoints.
    """

    files: Mapping[str, Path] = field(default_factory=dict)
    folders: tuple[Path, ...] = ()

    @property
    def searched(self) -> list[Path]:
        """Where checkpoints are looked for: the folders given, then the cache."""
        cache = cache_folder()
        return [*self.folders, *([cache] if cache.is_dir() else [])]

    def file_of_any(self, models: Iterable[Model]) -> Path | None:
        """The file that was named for the first of the networks that one was named for."""
        return next((path for model in models if (path := self.file_of(model)) is not None), None)

    def file_of(self, model: Model) -> Path | None:
        """The file that was named for a network, None where none was."""
        own = (model.called, model.architecture) if model.own else ()
        words = (word.lower() for word in (model.label, model.variant, *own))
        return next((self.files[word] for word in words if word in self.files), None)


def given(typed: Sequence[str], models: Sequence[Model]) -> Given:
    """Read ``DIR``, ``FILE`` and ``MODEL=FILE``, each of which may stand several times.

    Args:
        typed: as it stands on the command line.
        models: that are to be evaluated, without bicubic interpolation; they have names.

    Raises:
        InputError: no such folder, file or network, or a file that could be for several networks.
    """
    files: dict[str, Path] = {}
    folders: list[Path] = []
    for text in typed:
        name, equals, rest = text.rpartition("=")
        if Path(text).is_dir():
            folders.append(Path(text))
            continue
        path = Path(text) if not equals or Path(text).is_file() else Path(rest)
        word = "" if path == Path(text) else name.strip().lower()
        if not path.is_file():
            if word:
                raise InputError(f"no file {path} of the weights of {name}")
            raise InputError(f"no folder or file {path} of checkpoints; --weights takes DIR, FILE or MODEL=FILE")
        if not word:
            if len(models) != 1:
                names = ", ".join(model.label for model in models)
                raise InputError(f"--weights {text}: say for which network it is, MODEL={text}; there are {names}")
            word = models[0].label.lower()
        elif Given({word: path}).file_of_any(models) is None:
            known = ", ".join(model.label for model in models)
            raise InputError(f"--weights {text}: '{name}' is none of the networks {known}")
        check_utf8(path.name, "a checkpoint")
        files[word] = path
    return Given(files, tuple(folders))


@cache
def registry() -> tuple[Registered, ...]:
    """All official checkpoints known."""
    with Path(__file__).with_name("checkpoints.csv").open(newline="", encoding="utf-8") as file:
        return tuple(Registered.model_validate(row) for row in csv.DictReader(file))


def expected(model: Model, scale: int) -> tuple[str, ...]:
    """Names, without an ending, under which a network's checkpoint is looked for in a folder."""
    if not model.own:
        return (f"{model.variant}_x{scale}",)
    return f"{Path(model.file).stem}-{model.architecture}_x{scale}", f"{model.architecture}_x{scale}"


def find_own(model: Model, scale: int, folders: Sequence[Path]) -> Path | None:
    """The checkpoint of a user's network in the first folder that has one, by its name; None where none has.

    Args:
        model: a user's network.
        scale: upscaling factor.
        folders: that are looked through, in this order.
    """
    names = [name.lower() for name in expected(model, scale)]
    for folder in folders:
        by_name = {path.stem.lower(): path for path in reversed(list(files_in(folder)))}
        if found := [by_name[name] for name in names if name in by_name]:
            return found[0]
    return None


def find(
    variant: str, scale: int, folders: Sequence[Path], tell: Callable[[str], None] = lambda _: None
) -> Path | None:
    """The checkpoint of a network in the first folder that has one: by hash, else by name; None where none has.

    By name means the file names of the registry and of the source, or ``VARIANT_xSCALE`` with a usual ending, in any
    case. Where both ways find one, ``tell`` hears which is taken.

    Args:
        variant: name of the network.
        scale: upscaling factor.
        folders: that are looked through, in this order.
        tell: gets a line where both ways find a file.
    """
    known = [each for each in registry() if (each.variant, each.scale) == (variant, scale)]
    hashes = {each.sha256 for each in known}
    names = {f"{variant}_x{scale}", *(stem.lower() for each in known for stem in each.stems)}
    for folder in folders:
        files = list(files_in(folder))
        by_hash = [path for path in files if hashes and sha256(path) in hashes]
        by_name = [path for path in files if path.stem.lower() in names and path not in by_hash]
        if found := [*by_hash, *by_name]:
            if len(found) > 1 and by_name:
                tell(f"{variant} x{scale}: {found[0]} is taken, not {found[1]}; leave one of them out of the folder")
            return found[0]
    return None


def files_in(folder: Path) -> Iterator[Path]:
    """Files of a folder that may be checkpoints, in alphabetical order.

    Raises:
        InputError: there is no such folder, it cannot be read, or a name in it is one that no record can hold.
    """
    try:
        found = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
    except FileNotFoundError:
        raise InputError(f"no folder {folder} of checkpoints") from None
    except OSError as error:
        raise InputError(f"cannot read {folder}: {error.strerror}") from None
    for path in found:
        check_utf8(path.name, "a checkpoint")
        yield path


def sha256(*paths: Path) -> str:
    """Of a file's content, or of several one after another.

    Raises:
        InputError: it cannot be read.
    """
    digest = hashlib.sha256()
    for path in paths:
        try:
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror}") from None
    return digest.hexdigest()
