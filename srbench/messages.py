"""What a worker and its parent say to each other: frames of JSON, bounded, and never code.

A worker runs networks that nobody has vouched for, so what it sends is data: the parent unpickles nothing of it, waits
for no frame to be completed, and reads no more than was agreed on.
"""

import os
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

#: How far a worker is with a network.
Stage = Literal["building", "moving", "running"]
Kind = Literal["started", "news", "result", "failure"] | Stage
_KINDS: tuple[Kind, ...] = ("started", "news", "result", "failure", "building", "moving", "running")
STAGES: tuple[Stage, ...] = ("building", "moving", "running")
#: What a reader is told of something that happens then; of a pass nothing needs to be said.
DURING: dict[Stage, str] = {"building": " while it was built", "moving": " while it was moved to its device"}
#: A byte for the kind, then the length of the JSON text.
_HEAD_BYTES = 1 + 8
#: At most this long is a frame: the counts of a network with tens of thousands of layers.
MOST_BYTES = 64 * 2**20
_AT_ONCE = 2**20


class FrameError(Exception):
    """What came is no frame."""


@dataclass(frozen=True)
class Frame:
    """A message as it came: its kind and its JSON text."""

    kind: Kind
    text: bytes


def send(file: int, kind: Kind, value: BaseModel | None = None) -> None:
    """Write a frame to a file descriptor, all of it.

    Args:
        file: a file descriptor.
        kind: of the frame.
        value: what it carries; None for nothing.

    Raises:
        BrokenPipeError: nobody reads it any more.
    """
    text = value.model_dump_json().encode() if value is not None else b""
    left = memoryview(bytes([_KINDS.index(kind)]) + len(text).to_bytes(8, "big") + text)
    while left:
        left = left[os.write(file, left) :]


class Reader:
    """Frames from a file descriptor that is read without waiting."""

    def __init__(self, file: int, most_bytes: int = MOST_BYTES) -> None:
        os.set_blocking(file, False)
        self._file, self._most = file, most_bytes
        self._held = bytearray()
        self.ended = False

    def frames(self) -> list[Frame]:
        """What has come by now, whole frames alone; sets ``ended`` where the other side is closed.

        Raises:
            FrameError: another kind or length than was agreed on.
        """
        # One read a call: the caller looks at its clock between two, however much is sent.
        try:
            piece = os.read(self._file, _AT_ONCE)
        except BlockingIOError:
            return []
        except ConnectionError:
            piece = b""
        self.ended = not piece
        self._held += piece
        found: list[Frame] = []
        while (frame := self._next()) is not None:
            found.append(frame)
        return found

    def _next(self) -> Frame | None:
        if len(self._held) < _HEAD_BYTES:
            return None
        kind, length = self._held[0], int.from_bytes(self._held[1:_HEAD_BYTES], "big")
        if kind >= len(_KINDS):
            raise FrameError("it sent something that is no message")
        if length > self._most:
            raise FrameError(f"it sent a message of {length:,} bytes; {self._most:,} are allowed")
        if len(self._held) < _HEAD_BYTES + length:
            return None
        text = bytes(self._held[_HEAD_BYTES : _HEAD_BYTES + length])
        del self._held[: _HEAD_BYTES + length]
        return Frame(_KINDS[kind], text)
