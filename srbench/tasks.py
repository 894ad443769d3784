"""What one process of a case may be asked: each task runs there and gives a result of its own type."""

import gc
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Literal

import torch
from pydantic import Field

from srbench import counts, inputs, records, running
from srbench.agreements import Agreement
from srbench.cases import Mode
from srbench.counts import Complexity
from srbench.errors import MismatchError, UnsupportedError
from srbench.facts import Number
from srbench.failures import Failure, failure_of
from srbench.fingerprint import files_of, loaded_code
from srbench.foreign import effects
from srbench.foreign.adapting import Adaptation
from srbench.machine import allow_tf32, read_back
from srbench.machine.contention import clocks, others_cores
from srbench.machine.device import Device, open_device
from srbench.measure import counters
from srbench.measure.agreement import agreement, floor_of
from srbench.measure.latency import MIN_SAMPLES, NS_PER_S, TimingPlan, measure_latency
from srbench.measure.layers import LayerTimes, measure_layers
from srbench.measure.memory import measure_memory
from srbench.measure.passes import Pictures, Watch
from srbench.measure.stats import MIN_SAMPLES_95
from srbench.preparing import OfCase, in_mode, look_at, static
from srbench.records import Frozen, Settings, Visit
from srbench.running import Runnable, natural
from srbench.work import Nothing, Work

TaskName = Literal["agree", "time", "memory", "energy", "fvcore", "thop"]

#: Share of the timeout after which the timed loop starts no further pass, so that its answer still arrives.
DEADLINE_SHARE = 0.9
#: The parent hears of progress at most this often: each message is a system call between two passes here, and work for
#: the parent, which then takes a core from the measurement.
REPORT_EVERY_NS = 1_000_000_000


class Progress(Frozen):
    """A sign of life: samples taken and the last pass in ms."""

    samples: int
    last_ms: float


class Counted(Frozen):
    """What is known of a network before it is measured.

    Attributes:
        complexity: None where it could be built and not be counted, for ``problem``.
        params: its parameters, which are known once it is built.
        adaptation: what is done to it before anything is measured.
        files: that a user's network was made of, with their hashes.
    """

    complexity: Complexity | None
    problem: Failure | None = None
    params: Number | None = None
    adaptation: Adaptation = Adaptation()
    files: dict[str, str] = Field(default_factory=dict)


class Agreed(Frozen):
    """How near the case's mode is to eager float32."""

    agreement: Agreement


class Timed(Frozen):
    """A timed visit.

    Attributes:
        build_ns: wall time of building the network and its input.
        problem: why the visit has no samples; None where it has.
    """

    visit: Visit
    settings: Settings
    build_ns: int
    problem: Failure | None = None


class Watched(Frozen):
    """The memory of a pass; ``build_ns`` is the time for building network and input, ``passes_ns`` that in passes."""

    memory: records.Memory
    settings: Settings
    build_ns: int
    passes_ns: int


class Dissected(Frozen):
    """A network module by module; ``others_cores``: that other programs used meanwhile (None: not known)."""

    counts: Complexity
    times: LayerTimes
    others_cores: float | None


@dataclass(frozen=True)
class Static(OfCase, Work[Counted, Nothing]):
    """Count a case from its shapes."""

    result = Counted
    news = Nothing

    def run(self, report: Callable[[Nothing], None]) -> Counted:
        """See :func:`look_at`. Weights that were named are tried on the network, before anything is measured with them.

        Raises:
            InputError: they do not fit.
        """
        self.begin()
        found = look_at(self.case)
        return Counted(
            complexity=found.counts,
            problem=None if found.error is None else failure_of(found.error),
            params=found.params,
            adaptation=found.adaptation,
            files=files_of(loaded_code()) if self.case.model.own else {},
        )


@dataclass(frozen=True)
class Agree(OfCase, Work[Agreed, Nothing]):
    """Hold a mode's output against that of eager float32, before anything of it is timed."""

    result = Agreed
    news = Nothing

    def run(self, report: Callable[[Nothing], None]) -> Agreed:
        """Run the network both ways, with the same weights on the same natural image."""
        self.begin()
        case, device = self.case, open_device(self.case.device)
        plain = case.model_copy(update={"mode": Mode()})
        network = self.prepared(device, plain)
        with torch.inference_mode():
            image = inputs.natural_input(plain).to(device.torch_device)
            # A copy: a network may give what it keeps, and writes over it at its next pass.
            reference = inputs.check_output(network(image), plain).to("cpu", copy=True)
            in_mode(network, case.mode, own=case.model.own)
            image = inputs.natural_input(case).to(device.torch_device)
            engine = running.engine(case.mode.engine)
            # Building may run it, and a network may write into its input.
            ready = engine.build(network, image.clone(), self.scratch)
            output = inputs.check_output(ready(image), case)
        floor_db = floor_of(case.mode.dtype, case.device)
        found = agreement(reference, output, floor_db, natural.NAME, dict(engine.versions()), ready.build_ns)
        return Agreed(agreement=found)


@dataclass(frozen=True)
class Time(OfCase, Work[Timed, Progress]):
    """Time passes in one process; ``round`` and ``place`` say where in the run it stands."""

    round: int = 0
    place: int = 0
    result = Timed
    news = Progress

    def run(self, report: Callable[[Progress], None]) -> Timed:
        """Build, warm up, time."""
        start = self.begin()
        # What srbench sets itself is no change of the network's.
        allow_tf32(self.case.mode.tf32)
        before = effects.Settings(of_speed=True)
        device, settings = open_device(self.case.device), self.settings
        if settings.allocator == "keep" and not device.keep_memory():
            settings = settings.model_copy(update={"allocator": "system"})
        with torch.inference_mode():
            ready, image = self.ready(device)
            second = self.image(other=True).to(device.torch_device)
            pictures = Pictures(image, second, self.case.model.value_range)
            build_ns = perf_counter_ns() - start
            visit = self._timed(ready, pictures, device, start, report, before)
        problem = None
        if not visit.samples_ns:
            reason = f"its first pass took {visit.cold_ns / NS_PER_S:.1f} s of the {settings.timeout_s:g} s allowed"
            problem = Failure(status="TIMEOUT", reason=reason)
        return Timed(visit=visit, settings=read_back(settings), build_ns=build_ns, problem=problem)

    def _timed(
        self,
        ready: Runnable,
        pictures: Pictures,
        device: Device,
        start: int,
        report: Callable[[Progress], None],
        settings: effects.Settings,
    ) -> Visit:
        dtype = getattr(torch, self.case.mode.dtype)
        watch = Watch(ready, pictures, lambda output: inputs.check_output(output, self.case), dtype)
        limits = self.settings
        plan = TimingPlan(
            budget_ns=int(limits.budget_s * NS_PER_S / limits.processes),
            deadline_ns=start + int(limits.timeout_s * DEADLINE_SHARE * NS_PER_S),
            precision=limits.precision,
            min_samples=min_samples(limits.processes),
        )
        gc.collect()
        gc.disable()
        before = clocks()
        visit = measure_latency(
            lambda: ready(pictures.current),
            device,
            plan,
            report=_throttled(report),
            prepare=pictures.turn,
            inspect=watch.first,
            inspect_last=watch.last,
        )
        others = others_cores(before, clocks())
        gc.enable()
        settings.put_back()
        if wrong := [*settings.changed, *settings.stuck]:
            raise MismatchError(f"changes {', '.join(wrong)} as it is built or runs: its runtime would be of neither")
        return visit.model_copy(
            update={
                "round": self.round,
                "place": self.place,
                "others_cores": others,
                "build_ns": ready.build_ns,
                "rebuilds": ready.rebuilds(),
                "remarks": (*ready.remarks, *device.remarks, *watch.remarks),
            }
        )


@dataclass(frozen=True)
class Memory(OfCase, Work[Watched, Nothing]):
    """Watch the memory of a pass. The network is known to give images by now: the timed process looked."""

    result = Watched
    news = Nothing

    def run(self, report: Callable[[Nothing], None]) -> Watched:
        """Build, and watch two passes."""
        start = self.begin()
        device = open_device(self.case.device)
        device.prepare_memory()
        with torch.inference_mode():
            ready, image = self.ready(device)
            begin = perf_counter_ns()
            size = image.numel() * image.element_size()
            memory = measure_memory(lambda: ready(image), device, ready.weights_bytes, size, ready.hidden_bytes)
        passes_ns = perf_counter_ns() - begin
        return Watched(memory=memory, settings=read_back(self.settings), build_ns=begin - start, passes_ns=passes_ns)


@dataclass(frozen=True)
class Count(OfCase, Work[counts.Count, Nothing]):
    """Count with another counter than ours, on a CPU, in float32."""

    counter: Literal["fvcore", "thop"] = "fvcore"
    ours: Complexity | None = None
    result = counts.Count
    news = Nothing

    def run(self, report: Callable[[Nothing], None]) -> counts.Count:
        """Build, and let it count."""
        self.begin()
        assert self.ours is not None, "other counters are held against ours"
        plain = self.case.model_copy(update={"mode": Mode()})
        network, image = self.prepared(open_device("cpu"), plain), self.image(plain)
        by = counters.by_fvcore if self.counter == "fvcore" else counters.by_thop
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return by(network, image, self.ours)


@dataclass(frozen=True)
class Layers(OfCase, Work[Dissected, Nothing]):
    """Time a network module by module, for ``budget_s`` seconds of passes."""

    budget_s: float = 4.0
    result = Dissected
    news = Nothing

    def run(self, report: Callable[[Nothing], None]) -> Dissected:
        """Count it anew, so that counts and times are of the same code, and time it.

        Raises:
            UnsupportedError: an engine that does not run modules one by one.
        """
        if self.case.mode.engine != "eager":
            raise UnsupportedError(f"{self.case.mode.engine} runs the network as a whole: it has no modules to time")
        self.begin()
        counts = static(self.case, self.adaptation)
        device = open_device(self.case.device)
        device.keep_memory()
        network, image = self.prepared(device), self.image().to(device.torch_device)
        gc.collect()
        gc.disable()
        with torch.inference_mode():
            before = clocks()
            times = measure_layers(network, lambda: network(image), device, int(self.budget_s * NS_PER_S))
        return Dissected(counts=counts, times=times, others_cores=others_cores(before, clocks()))


def min_samples(processes: int) -> int:
    """Samples that a process takes whatever they cost: 3 in all, and 6 where that is one more for each process.

    Three processes with two samples each give a 95 % interval; with one each they would give a range.
    """
    return max(2, MIN_SAMPLES if processes == 1 else MIN_SAMPLES_95 // processes)


def _throttled(report: Callable[[Progress], None]) -> Callable[[int, int], None]:
    last = perf_counter_ns()

    def tell(samples: int, pass_ns: int) -> None:
        nonlocal last
        now = perf_counter_ns()
        if now - last >= REPORT_EVERY_NS:
            last = now
            report(Progress(samples=samples, last_ms=pass_ns / 1e6))

    return tell
