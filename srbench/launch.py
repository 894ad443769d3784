"""Work in a process of its own: started, watched, ended."""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from time import monotonic, sleep
from types import ModuleType
from typing import Any

from pydantic import ValidationError

from srbench import private, worker
from srbench.failures import Failure
from srbench.machine import family
from srbench.messages import DURING, STAGES, Frame, FrameError, Reader
from srbench.work import Launcher, News, Result, Work, no_news

#: Time for the fork server to import torch, once, before the clock of the first case starts.
START_GRACE_S = 120.0
#: After its pipe is closed a process is over; it may take this long until the kernel says so.
_END_S = 5.0
#: One that has answered, and may leave by itself, takes this long at most.
_LEAVE_S = 5.0
#: How often what a worker started is looked for anew.
_GENERATIONS = 20
#: Between two looks: what is killed is gone after some milliseconds.
_DYING_S = 0.01


class Processes:
    """Launches from a fork server that has torch imported: 40 ms for a process instead of seconds."""

    def launch(
        self,
        work: Work[Result, News],
        timeout_s: float,
        report: Callable[[News], None] = no_news,
        *,
        from_last_news: bool = False,
    ) -> Result | Failure:
        """Do some work in a process of its own and wait for its result, at most ``timeout_s`` from its start.

        With ``from_last_news`` the time begins anew with each report. A process that dies is a CRASH with the
        signal's name, one that is too slow is killed: TIMEOUT.
        """
        context = _context()
        if isinstance(context, ForkServerContext):
            _start_server()
        receiver, sender = context.Pipe(duplex=False)
        born = family.now()
        process = _started(context, work, sender)
        sender.close()
        assert process.pid is not None, "it was started"
        member = family.Worker(process.pid, os.fstat(receiver.fileno()).st_ino, born)
        reader = Reader(receiver.fileno(), work.most_bytes)
        deadline = monotonic() + START_GRACE_S + timeout_s
        answered = started = False
        during = ""
        try:
            while True:
                ready = wait([receiver, process.sentinel], timeout=max(0.0, deadline - monotonic()))
                if monotonic() >= deadline or not ready:
                    return Failure(status="TIMEOUT", reason=f"no answer within --timeout {timeout_s:g} s{during}")
                for frame in reader.frames():
                    if answered := frame.kind in ("result", "failure"):
                        return _answer(work, frame)
                    during = DURING.get(frame.kind, "") if frame.kind in STAGES else during
                    if frame.kind == "news":
                        report(work.news.model_validate_json(frame.text))
                    # A worker says so once; whoever says it again gets no more time for it.
                    if (frame.kind == "started" and not started) or (frame.kind == "news" and from_last_news):
                        deadline = monotonic() + timeout_s
                    started = True
                if reader.ended or ready == [process.sentinel]:
                    private.wake_fork_server()  # it tells of the end
                    process.join(timeout=_END_S)
                    return Failure(status="CRASH", reason=_cause(process.exitcode) + during)
        except FrameError as error:
            return Failure(status="CRASH", reason=str(error))
        except ValidationError as error:
            wrong = error.errors(include_input=False, include_url=False)[0]
            what = f"{'.'.join(map(str, wrong['loc'])) or 'all of it'}: {wrong['msg']}"
            return Failure(status="CRASH", reason=f"its answer is none ({what})")
        finally:
            _end(process, member, grace_s=_LEAVE_S if answered and work.leaves_by_itself else 0.0)
            receiver.close()

    def renew(self) -> None:
        """Let the next processes come from a new fork server.

        Processes of one server share its address layout and hash seed, so they are no independent replicates; a round
        has a server of its own, for one import of torch.
        """
        if isinstance(_context(), ForkServerContext):
            private.end_fork_server()
            _start_server()


def _answer(work: Work[Result, News], frame: Frame) -> Result | Failure:
    kind = work.result if frame.kind == "result" else Failure
    return kind.model_validate_json(frame.text)


#: The one that is used where no other is given.
PROCESSES: Launcher = Processes()


@contextlib.contextmanager
def _no_main_module() -> Iterator[None]:
    """Keep the new process from importing the program that this one runs.

    ``multiprocessing`` runs a program's file again in each process, for what was defined there. Nothing of it is
    needed here, and a script of three lines that calls :func:`srbench.profile` would call itself.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _start_server() -> None:
    """Start the fork server, where none runs, deaf to Ctrl-C.

    It ignores the signal itself, but only once it has imported torch: a Ctrl-C before, which goes to the whole process
    group, would end it with a traceback. What is ignored here is ignored there from its first moment on.
    """
    if threading.current_thread() is not threading.main_thread():
        forkserver.ensure_running()
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        forkserver.ensure_running()
    finally:
        signal.signal(signal.SIGINT, before)


def _context() -> ForkServerContext | SpawnContext:
    """The fork server; spawn where there is none that can be ended."""
    if "forkserver" not in multiprocessing.get_all_start_methods() or not private.can_end_fork_server():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["srbench.tasks"])
    return context


def _started(context: ForkServerContext | SpawnContext, work: Work[Any, Any], sender: Connection) -> BaseProcess:
    """A worker that runs; a fork server that dies just then, or was stopped, costs another attempt at most."""
    for last in (False, True):
        private.wake_fork_server()
        process = context.Process(target=worker.main, args=(work, sender), daemon=False)
        try:
            with _no_main_module():
                process.start()
            return process
        except (EOFError, ConnectionError):
            if last:
                raise
    raise AssertionError("unreachable")


def _end(process: BaseProcess, member: family.Worker, grace_s: float) -> None:
    """End a worker and whatever it started: its group, and what has left that (:mod:`srbench.machine.family`).

    One that leaves by itself gives back what its libraries hold of the system.
    """
    private.wake_fork_server()  # it tells of the end
    process.join(timeout=grace_s)
    # As long as the worker lives, its children are known by it.
    left = family.of(member)
    try:
        os.killpg(member.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()  # it has not made its group yet, or the group is gone with it
    # Those that were killed may have started others meanwhile.
    for _ in range(_GENERATIONS):
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if not (left := family.of(member)):
            break
        sleep(_DYING_S)
    process.join(timeout=10)


def _cause(exit_code: int | None) -> str:
    if exit_code is None:
        return "the process closed its end of the pipe and gave no answer"
    if exit_code >= 0:
        return f"the process ended with exit code {exit_code} and no answer"
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:
        name = f"signal {-exit_code}"
    likely = ", as the kernel does when memory runs out" if exit_code == -signal.SIGKILL else ""
    return f"the process was ended by {name}{likely}"
