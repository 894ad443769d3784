"""A launcher that starts no process: a function of the test's gives the results."""

from collections.abc import Callable
from typing import Any

from srbench.failures import Failure
from srbench.work import News, Result, Work, no_news

Answers = Callable[[Any, float, Callable[[Any], None]], Any]


class Scripted:
    """Gives each piece of work what ``answers(work, timeout_s, report)`` says; ``renewed`` counts fresh beginnings."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self.renewed = 0

    def launch(
        self,
        work: Work[Result, News],
        timeout_s: float,
        report: Callable[[News], None] = no_news,
        *,
        from_last_news: bool = False,
    ) -> Result | Failure:
        found: Result | Failure = self._answers(work, timeout_s, report)
        return found

    def renew(self) -> None:
        self.renewed += 1
