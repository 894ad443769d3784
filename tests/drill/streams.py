"""A device that works on its own: two streams as threads, so that a missing wait shows as it does on a GPU."""

import threading
import time
from collections.abc import Callable, Sequence
from queue import Queue

import torch

from drill.ground import Length
from srbench.machine.device import Device, Peak
from srbench.records import Reading

WORK_S = 0.005
#: As on a GPU, only so much may be on its way; whoever gives more waits.
DEPTH = 8


class Stream:
    """Does what it is given, in order, in a thread of its own."""

    def __init__(self) -> None:
        self._queue: Queue[Callable[[], None]] = Queue(DEPTH)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            self._queue.get()()
            self._queue.task_done()

    def give(self, work: Callable[[], None]) -> None:
        self._queue.put(work)

    def wait(self) -> None:
        self._queue.join()


class Streamed:
    """Its events are stamped by the stream that they are given to."""

    name = "cuda:0"
    torch_device = torch.device("cpu")
    remarks: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.main, self.side = Stream(), Stream()
        self._stamps = [0, 0]

    def stamp(self, stream: Stream, place: int) -> None:
        def now() -> None:
            self._stamps[place] = time.perf_counter_ns()

        stream.give(now)

    def synchronize(self) -> None:
        self.main.wait()
        self.side.wait()

    def begin(self) -> None:
        self.stamp(self.main, 0)

    def end(self) -> None:
        self.stamp(self.main, 1)

    def device_ns(self) -> int:
        return max(0, self._stamps[1] - self._stamps[0])

    def reading(self, after: int) -> Reading:
        return Reading(after=after)

    def keep_memory(self) -> bool:
        return True

    def prepare_memory(self) -> None:
        """Nothing."""

    def meter(self) -> str:
        return "no counter"

    def reset_peak(self) -> None:
        """Nothing."""

    def peak(self) -> Peak:
        return Peak(None, 0, 0, "scripted")


class StreamedGround:
    """Work that sleeps on a stream: never shorter than it says."""

    synchronous = ""

    def __init__(self, streamed: Streamed) -> None:
        self.device: Device = streamed
        self.streamed = streamed

    def work(self) -> None:
        self.streamed.main.give(lambda: time.sleep(WORK_S))

    def work_aside(self) -> None:
        self.streamed.side.give(lambda: time.sleep(WORK_S))
        self.streamed.main.give(lambda: time.sleep(WORK_S / 10))

    def length(self, readings: Sequence[Reading]) -> Length:
        return Length(WORK_S * 1e9, None)
