"""Files: written whole or not at all, read within bounds, and why one cannot be used."""

import contextlib
import errno
import os
import stat
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from srbench.text import one_line

#: Of a name, in a temporary one: file systems take 255 bytes.
_READABLE = 100
#: Why a file cannot be used, in characters.
_MOST_CAUSE = 500
#: Of a file that a person writes, and of dots in a line of it.
_MOST_TOML_BYTES, _MOST_DOTS = 2**18, 1_000
#: A record of a network with tens of thousands of layers takes a quarter of this.
MOST_TEXT_BYTES = 64 * 2**20


def read_bytes(path: Path, most: int) -> bytes:
    """A regular file of at most ``most`` bytes.

    Nothing else is waited for: opening a pipe would take as long as nobody writes into it, and a device has no end.

    Raises:
        OSError: it cannot be read, is no file, or is longer; its ``strerror`` says so.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        facts = os.fstat(handle)
        if stat.S_ISDIR(facts.st_mode):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(facts.st_mode):
            raise OSError(errno.EINVAL, "it is a pipe or a device, not a file", str(path))
        content = file.read(most + 1) if facts.st_size <= most else b""
    if facts.st_size > most or len(content) > most:
        raise OSError(errno.EFBIG, f"it is longer than {most / 2**20:,.0f} MiB", str(path))
    return content


def read_text(path: Path, most: int = MOST_TEXT_BYTES, encoding: str = "utf-8") -> str:
    """The text of a regular file; see :func:`read_bytes`.

    Args:
        path: of the file.
        most: bytes that it may have.
        encoding: of the text.

    Raises:
        OSError: it cannot be read, is no file, or is longer; its ``strerror`` says so.
        UnicodeDecodeError: it is of another encoding.
    """
    return read_bytes(path, most).decode(encoding)


def read_toml(path: Path) -> dict[str, object]:
    """What a TOML file holds that a person has written, a page of text.

    Raises:
        OSError: it cannot be read, is no file, or is longer than 256 KiB.
        ValueError: it is no TOML, or nested too deep; in one line.
    """
    text = read_text(path, _MOST_TOML_BYTES)
    # Python's parser takes a second for a name of some ten thousand parts.
    if any(line.count(".") > _MOST_DOTS for line in text.splitlines()):
        raise ValueError("it is nested too deep")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except ValueError as error:
        if isinstance(error, tomllib.TOMLDecodeError):
            raise
        raise ValueError("a number in it has thousands of digits") from None


def may_be_read(path: Path) -> bool:
    """Whether a path is a file, or is not there, which is for its reader to say: no folder, pipe or device."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return True


def cause(error: OSError) -> str:
    """What went wrong with which file, in words, without a number."""
    what = error.strerror or str(error) or type(error).__name__
    return f"{os.fsdecode(error.filename)}: {what}" if isinstance(error.filename, str | bytes | os.PathLike) else what


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all: a reader, or a crash, sees the old or the new one.

    Raises:
        OSError: it cannot be written; it is named.
    """
    write_all({path: text.encode()})


def write_all(contents: Mapping[Path, bytes]) -> None:
    """Write files that belong together, each whole or not at all; none takes its place before all are on the disk.

    Raises:
        OSError: one cannot be written; it is named, and all are as they were.
    """
    ready: list[tuple[Path, Path]] = []
    path = Path()
    try:
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:_READABLE]}-")
            ready.append((Path(temporary), path))
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            # mkstemp makes files that only their owner reads; results are like any other file.
            Path(temporary).chmod(0o666 & ~_umask())
        for written, path in ready:
            written.replace(path)
            _sync_folder(path.parent)
    except BaseException as error:  # raised again below: whatever stops the writing, half a file must not stay
        for temporary_path, _ in ready:
            temporary_path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror or str(error), str(path)) from error
        raise


def first_line(error: Exception) -> str:
    """Why a stored file cannot be used, in one line."""
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False)[0]
        return one_line(f"{'.'.join(map(str, first['loc'])) or 'file'}: {first['msg']}", _MOST_CAUSE)
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if isinstance(error, UnicodeDecodeError):
        return "it is no UTF-8 text"
    return (str(error).splitlines() or [type(error).__name__])[0]


def _sync_folder(folder: Path) -> None:
    """Put a rename on the disk as well; not every system lets a folder be opened."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
