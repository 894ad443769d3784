"""Work in the caller's own process, for what no other process can have: a module that cannot be pickled."""

import gc
import os
from collections.abc import Callable, Mapping

import torch

from srbench import models
from srbench.failures import Failure, failure_of
from srbench.live import Live
from srbench.work import Launcher, News, Result, Work, no_news


class Mixed:
    """Launches processes, but does here what belongs to the modules given.

    There is no timeout and no limit of memory here, and a crash is the caller's.
    """

    def __init__(self, launcher: Launcher, here: Mapping[str, Live]) -> None:
        self._launcher, self._here = launcher, here

    def launch(
        self,
        work: Work[Result, News],
        timeout_s: float,
        report: Callable[[News], None] = no_news,
        *,
        from_last_news: bool = False,
    ) -> Result | Failure:
        """Do it here where it is of such a module, else in a process of its own."""
        case = getattr(work, "case", None)
        found = self._here.get(case.model.source or "") if case is not None else None
        if found is None:
            return self._launcher.launch(work, timeout_s, report, from_last_news=from_last_news)
        # What the caller had stays as it was: threads, random numbers, garbage, environment, each part's mode.
        training = [(part, part.training) for part in found.module.modules()]
        threads, collecting, environment = torch.get_num_threads(), gc.isenabled(), dict(os.environ)
        models.lend(found.model, found.module, copied=found.copied)
        try:
            with torch.random.fork_rng(devices=[]):
                return work.run(report)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a model raises is a row
            return failure_of(error)
        finally:
            models.take_back(found.model)
            torch.set_num_threads(threads)
            for name in set(os.environ) - set(environment):
                del os.environ[name]
            os.environ.update(environment)
            for part, mode in training:
                part.training = mode
            (gc.enable if collecting else gc.disable)()

    def renew(self) -> None:
        """For the others."""
        self._launcher.renew()
