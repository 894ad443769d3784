"""Work whose process says what it should not. It is imported there, so nothing slow is imported here."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.util import Finalize
from pathlib import Path

from srbench import messages
from srbench.facts import Frozen
from srbench.work import Nothing, Work


class Words(Frozen):
    """News, or a result."""

    text: str


@dataclass(frozen=True)
class Talk(Work[Words, Words]):
    """Does as it should: tells its news one by one, with a pause behind each, and gives its answer."""

    told: tuple[str, ...] = ()
    pause_s: float = 0.0
    answer: str = "done"
    most: int = 2**20
    result = Words
    news = Words

    @property
    def most_bytes(self) -> int:
        return self.most

    def run(self, report: Callable[[Words], None]) -> Words:
        for text in self.told:
            report(Words(text=text))
            time.sleep(self.pause_s)
        return Words(text=self.answer)


@dataclass(frozen=True)
class Write(Work[Nothing, Nothing]):
    """In place of its result writes raw bytes, ``times`` times with a pause behind each, and then stays a while."""

    raw: bytes
    times: int = 1
    pause_s: float = 0.0
    stays_s: float = 0.0
    result = Nothing
    news = Nothing

    def run(self, report: Callable[[Nothing], None]) -> Nothing:
        def write(file: int, kind: messages.Kind, value: object = None) -> None:
            for _ in range(self.times):
                left = self.raw
                while left:
                    left = left[os.write(file, left) :]
                time.sleep(self.pause_s)
            time.sleep(self.stays_s)
            os._exit(0)

        messages.send = write  # as any code that runs here can
        return Nothing()


@dataclass(frozen=True)
class Flood(Work[Nothing, Words]):
    """Tells news as fast as it can, for ever."""

    text: str
    result = Nothing
    news = Words

    def run(self, report: Callable[[Words], None]) -> Nothing:
        while True:
            report(Words(text=self.text))


@dataclass(frozen=True)
class CloseAndStay(Work[Nothing, Nothing]):
    """Closes everything that it could speak through, and stays for ``stays_s``."""

    stays_s: float
    result = Nothing
    news = Nothing

    def run(self, report: Callable[[Nothing], None]) -> Nothing:
        os.closerange(3, 256)
        time.sleep(self.stays_s)
        return Nothing()


@dataclass(frozen=True)
class Raise(Work[Nothing, Nothing]):
    """Raises an error with this text."""

    text: str
    result = Nothing
    news = Nothing

    def run(self, report: Callable[[Nothing], None]) -> Nothing:
        raise RuntimeError(self.text)


@dataclass(frozen=True)
class Leave(Work[Words, Nothing]):
    """Answers with the number of a process that it started and left; at its end tidies up, which takes a while.

    Attributes:
        tidied: file that tells that it is done.
        takes_s: how long that takes.
        politely: whether it is to be waited for.
    """

    tidied: Path
    takes_s: float
    politely: bool = True
    result = Words
    news = Nothing

    @property
    def leaves_by_itself(self) -> bool:
        return self.politely

    def run(self, report: Callable[[Nothing], None]) -> Words:
        child = os.fork()
        if child == 0:
            time.sleep(600)
            os._exit(0)
        Finalize(None, self._tidy, exitpriority=1)
        return Words(text=str(child))

    def _tidy(self) -> None:
        time.sleep(self.takes_s)
        self.tidied.touch()
