"""What a user's network was when it ran: its weights, its code, and the files that both came from.

A path names a network only as long as the files stay what they were. So what was measured carries hashes: of the
tensors that ran, and of the code without its comments.
"""

import ast
import hashlib
import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from srbench.cases import digest
from srbench.facts import Frozen
from srbench.files import read_bytes

#: Random tensors that a fingerprint names.
NAMED = 5
#: A larger file is no source of Python, and parsing it would take minutes.
_MOST_CODE_BYTES = 4 * 2**20
#: Of a file that a network read, weights among them.
_MOST_BYTES = 2**32
#: Folders whose files say nothing of a network.
_SYSTEM = ("/proc", "/sys", "/dev", "/etc")


class Fingerprint(Frozen):
    """What a user's network was.

    Attributes:
        state: hash of its ``state_dict``: names, types, shapes and bytes.
        tensors: how many tensors that has.
        random: tensors whose values depend on the seed, so that nothing loaded them: how many.
        random_names: the first few of their names.
        files: path -> hash of every file of the user's that building it read. Python files are hashed without comments,
            docstrings and layout; others by their bytes.
    """

    state: str
    tensors: int
    random: int = 0
    random_names: tuple[str, ...] = ()
    files: dict[str, str]

    @property
    def key(self) -> str:
        """The same weights run by the same code have the same key."""
        return digest([self.state, *sorted(self.code.values())])

    @property
    def code(self) -> dict[str, str]:
        """Its Python files with their hashes."""
        return {path: found for path, found in self.files.items() if path.endswith(".py")}

    @property
    def changed(self) -> tuple[str, ...]:
        """Its files that are not what they were; one that is gone has not changed."""
        return changed(self.files)


def changed(files: Mapping[str, str]) -> tuple[str, ...]:
    """Those of the files whose content is not what it was, by the hashes given; one that is gone has not changed."""
    return tuple(p for p, before in files.items() if (now := file_hash(Path(p))) is not None and now != before)


def file_hash(path: Path) -> str | None:
    """12 digits of a file's content, of Python code without comments, docstrings and layout; None where it is gone."""
    try:
        content = read_bytes(path, _MOST_BYTES)
    except OSError:
        return None
    if path.suffix == ".py" and len(content) <= _MOST_CODE_BYTES:
        content = _bare_code(content)
    return hashlib.sha256(content).hexdigest()[:12]


def _bare_code(content: bytes) -> bytes:
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return content
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:]
    try:
        return ast.dump(tree).encode()
    except RecursionError:
        return content


def files_of(paths: Iterable[str]) -> dict[str, str]:
    """Hashes of those of the paths that are a user's files and can be read."""
    own = dict.fromkeys(path for path in paths if _is_users(path))
    return {path: found for path in own if (found := file_hash(Path(path))) is not None}


def loaded_code() -> Iterator[str]:
    """Absolute paths of the Python files that this process has imported from a user's folders."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and file.endswith(".py") and _is_users(file):
            yield str(Path(file).resolve())


def _is_users(path: str) -> bool:
    """Whether a file is neither Python's, nor an installed package's, nor the system's, nor ours."""
    here = Path(path)
    if not here.is_absolute() or path.startswith(_SYSTEM) or "__pycache__" in here.parts:
        return False
    return not any(here.is_relative_to(folder) for folder in _not_users())


@cache
def _not_users() -> set[Path]:
    """The same as long as a process lives; more than a thousand modules are held against it."""
    installed = {*sysconfig.get_paths().values(), *site.getsitepackages(), site.getusersitepackages()}
    ours = (Path(__file__).parent, Path(__file__).parent.parent / "model_defs")
    return {Path(folder).resolve() for folder in installed if folder} | set(ours)
