"""Files: written whole or not at all, and why one cannot be used."""

import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

#: Of a name, in a temporary one: file systems take 255 bytes.
_READABLE = 100


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
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc'])) or 'file'}: {first['msg']}"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error).splitlines()[0]


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
