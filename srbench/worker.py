"""A process that does one piece of work and ends: its limits, its watch over the parent, its end of the pipe.

It starts from a fork server that has torch imported already and never writes files. It knows no task: what is to be
done comes with it, and what that raises is answered as a status.
"""

import contextlib
import multiprocessing
import os
import resource
import signal
import threading
from multiprocessing.connection import Connection
from typing import Any

from srbench import messages, private
from srbench.facts import Frozen
from srbench.failures import Failure, failure_of
from srbench.machine import family
from srbench.work import Work, listen, stage

#: Environment variable with the file that gets what networks print.
LOG = "SRBENCH_WORKER_LOG"


def main(work: Work[Any, Any], pipe: Connection) -> None:
    """Entry point of the process: do the work, send its result or why there is none, end."""
    # Ctrl-C goes to the whole process group; the parent decides, then ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        os.setsid()  # a group of its own: the parent ends the model's own children too
    _hush()
    private.leave_fork_server(tracked=work.leaves_by_itself)
    _end_with_parent()
    file = pipe.fileno()
    os.environ[family.MARK] = family.Worker(os.getpid(), os.fstat(file).st_ino, 0).mark
    try:
        limit_memory(work.memory_limit_bytes)
        messages.send(file, "started")
        listen(lambda reached: _stand(file, reached))
        result = work.run(lambda news: _tell(file, news))
    except BaseException as error:  # noqa: BLE001 - whatever a model raises, SystemExit included, is a row
        answer: tuple[messages.Kind, Frozen] = "failure", _blamed(failure_of(error))
    else:
        answer = "result", result
    with contextlib.suppress(BrokenPipeError):
        messages.send(file, *answer)


def _blamed(failure: Failure) -> Failure:
    """A crash with what was done then, where that was no pass."""
    reached = stage()
    if failure.status != "CRASH" or reached is None or reached not in messages.DURING:
        return failure
    return failure.model_copy(update={"reason": f"{messages.DURING[reached].strip()}: {failure.reason}"})


def _stand(file: int, reached: messages.Stage) -> None:
    with contextlib.suppress(BrokenPipeError):
        messages.send(file, reached)


def _hush() -> None:
    """What a network or its libraries print, and torch's warnings, goes to the file of SRBENCH_WORKER_LOG, or nowhere.

    Neither the tables on stdout nor the progress on stderr are theirs to write between.
    """
    try:
        log = os.open(os.environ.get(LOG, "") or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError:
        log = os.open(os.devnull, os.O_WRONLY)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)


def limit_memory(limit: int | None) -> None:
    """Let allocations beyond the limit fail here, before the kernel ends some process of its choice.

    RLIMIT_DATA counts private writable mappings (setrlimit(2), Linux 4.7 and later) and not, as RLIMIT_AS does, the
    address space that libraries reserve.
    """
    if limit is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        soft = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _end_with_parent() -> None:
    """End this process when the run that waits for it is gone, however that was ended.

    A thread sleeps on the parent's sentinel; it costs nothing until then. (A signal at the parent's death would not
    do: the parent is the fork server, which lives as long as its workers.)
    """
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def _tell(file: int, news: Frozen) -> None:
    try:
        messages.send(file, "news", news)
    except BrokenPipeError:
        # The parent is gone: nobody waits for this measurement.
        os._exit(1)
