"""A job in a process of its own: started, watched, ended."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing import forkserver
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from time import monotonic
from typing import Any

from srbench import private, worker
from srbench.worker import Answer, Work

#: Time for the fork server to import torch, once, before the clock of the first case starts.
START_GRACE_S = 120.0


def launch(
    work: Work, timeout_s: float, report: Callable[[Any], None] = lambda _: None, *, from_last_news: bool = False
) -> Answer:
    """Do some work in a process of its own and wait for its answer, at most ``timeout_s`` from its start.

    With ``from_last_news`` the time begins anew with each report.

    A process that dies is answered CRASH with the signal's name, one that is too slow is killed: TIMEOUT.
    """
    context = _context()
    if isinstance(context, ForkServerContext):
        _start_server()
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=worker.main, args=(work, sender), daemon=False)
    process.start()
    sender.close()
    deadline = monotonic() + START_GRACE_S + timeout_s
    try:
        while True:
            ready = wait([receiver, process.sentinel], timeout=max(0.0, deadline - monotonic()))
            if not ready:
                return Answer(status="TIMEOUT", reason=f"no answer within --timeout {timeout_s:g} s")
            if receiver not in ready:
                process.join()
                return Answer(status="CRASH", reason=_cause(process.exitcode))
            try:
                message = receiver.recv()
            except EOFError:
                process.join(timeout=5)
                return Answer(status="CRASH", reason=_cause(process.exitcode))
            if isinstance(message, Answer):
                return message
            if message == worker.STARTED:
                deadline = monotonic() + timeout_s
                continue
            report(message)
            if from_last_news:
                deadline = monotonic() + timeout_s
    finally:
        receiver.close()
        _end(process)


def fresh_server() -> None:
    """Let the next processes come from a new fork server.

    Processes of one server share its address layout and hash seed, so they are no independent replicates; a round
    has a server of its own, for one import of torch.
    """
    if isinstance(_context(), ForkServerContext):
        private.end_fork_server()
        _start_server()


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
    """A fork server that has torch imported: 40 ms for a process instead of seconds; spawn where none can be ended."""
    if "forkserver" not in multiprocessing.get_all_start_methods() or not private.can_end_fork_server():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["srbench.worker"])
    return context


def _end(process: BaseProcess) -> None:
    """End a worker and whatever it started (it leads a process group of its own)."""
    if process.is_alive() and process.pid is not None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            process.kill()  # it has not made its group yet
    process.join(timeout=10)


def _cause(exit_code: int | None) -> str:
    if exit_code is None or exit_code >= 0:
        return f"the process ended with exit code {exit_code} and no answer"
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:
        name = f"signal {-exit_code}"
    likely = ", as the kernel does when memory runs out" if exit_code == -signal.SIGKILL else ""
    return f"the process was ended by {name}{likely}"
