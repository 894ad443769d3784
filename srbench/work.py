"""What one process may be asked, in the abstract: work with a typed result, and whoever gets it done."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from srbench import messages
from srbench.facts import Frozen
from srbench.failures import Failure
from srbench.messages import Stage

Result = TypeVar("Result", bound=Frozen)
News = TypeVar("News", bound=Frozen)


class Nothing(Frozen):
    """The result, or the news, of work that has none."""


class Work(ABC, Generic[Result, News]):
    """What a process is given to do. It travels there by pickle; what comes back is JSON of these two types.

    Attributes:
        result: what it gives in the end.
        news: what it tells meanwhile.
    """

    result: type[Result]
    news: type[News]

    @property
    def memory_limit_bytes(self) -> int | None:
        """Most private memory that the process may map; None where there is no limit."""
        return None

    @property
    def leaves_by_itself(self) -> bool:
        """Whether its process may end in its own time, a tenth of a second, once it has answered.

        Libraries that hold semaphores give them back then; else Python complains of them when the run ends.
        """
        return False

    @property
    def most_bytes(self) -> int:
        """Longest message that it may send."""
        return messages.MOST_BYTES

    @abstractmethod
    def run(self, report: Callable[[News], None]) -> Result:
        """Do it in this process. What it raises becomes a :class:`~srbench.failures.Failure`."""


class _Standing:
    """How far this process is with a network, and who is told of it."""

    def __init__(self) -> None:
        self.stage: Stage | None = None
        self.told: Callable[[Stage], None] = lambda stage: None


_STANDING = _Standing()


def enter(stage: Stage) -> None:
    """Say how far the work of this process is with a network; nobody hears it where nobody listens."""
    _STANDING.stage = stage
    _STANDING.told(stage)


def stage() -> Stage | None:
    """How far it is; None before there is a network."""
    return _STANDING.stage


def listen(told: Callable[[Stage], None]) -> None:
    """Be told from now on how far the work of this process is."""
    _STANDING.told = told


def no_news(news: object) -> None:
    """For whoever does not listen."""


class Launcher(Protocol):
    """Does work in processes of its own (:mod:`srbench.launch`), or pretends to, in tests."""

    def launch(
        self,
        work: Work[Result, News],
        timeout_s: float,
        report: Callable[[News], None] = no_news,
        *,
        from_last_news: bool = False,
    ) -> Result | Failure:
        """Do it and wait for its result.

        Args:
            work: that is done.
            timeout_s: seconds from its start after which it is given up.
            report: gets its news.
            from_last_news: count the seconds from its last news.
        """

    def renew(self) -> None:
        """Let the next processes share nothing with those before."""
