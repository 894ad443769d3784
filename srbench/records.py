"""What came out of a case, and on which machine.

Everything here is immutable and is stored as JSON (:mod:`srbench.store`). Summaries are properties: they are
derived from stored samples, never stored beside them, so recomputing gives the same numbers.
"""

from statistics import geometric_mean, median
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from srbench.agreements import Agreement
from srbench.cases import Case
from srbench.counts import Complexity, Count
from srbench.energies import Energy
from srbench.facts import Amount, Bytes, Line, Machine, Moment, Number, Positive
from srbench.facts import Frozen as Frozen  # noqa: PLC0414 - all values here and elsewhere are made of it
from srbench.measure import stats
from srbench.measure.stats import Interval

# What became of a case is said in the vocabulary of all that is stored, and tabled below it.
from srbench.statuses import DISTURBED as DISTURBED  # noqa: PLC0414
from srbench.statuses import FAILURES as FAILURES  # noqa: PLC0414
from srbench.statuses import Status as Status  # noqa: PLC0414

#: See ``srbench.migrations`` for what the earlier ones looked like.
SCHEMA_VERSION: Literal[4] = 4

#: Whether freed memory stays with a timed process, or goes the way of the system's C library.
Allocator = Literal["keep", "system"]
#: What passes see.
Input = Literal["natural", "noise"]
#: Of a GPU's clock: whatever it does, or fixed.
ClockDemand = Literal["as-is", "locked"]


#: Between nothing and a century.
Nanoseconds = Number
#: No pass takes less: a call of a function of Python alone takes some tens of nanoseconds.
SHORTEST_PASS_NS = 100
Pass = Annotated[int, Field(ge=SHORTEST_PASS_NS, le=2**62)]


class Reading(Frozen):
    """What a device said of itself after ``after`` samples.

    Attributes:
        after: samples done when it was read.
        clock_mhz: of the cores or multiprocessors; None where the device does not say.
        temperature_c: of the device; None where the device does not say.
        reasons: what held its clock back since the reading before, e.g. ``SW power cap``, ``cgroup quota``.
        others: other programs at work on a GPU; None where its driver does not tell, and on a CPU, of which
            :attr:`Visit.others_cores` tells.
        locked: whether a GPU's clock was fixed; None where its driver does not tell.
    """

    after: Number
    clock_mhz: Number | None = None
    temperature_c: Annotated[int, Field(ge=-300, le=10_000)] | None = None
    reasons: tuple[Line, ...] = ()
    others: Number | None = None
    locked: bool | None = None


class Visit(Frozen):
    """Passes of one fresh process, in nanoseconds and in order.

    Attributes:
        round, place: which round of the run it belongs to, and its place in the round's (seeded) order.
        cold_ns: wall time of the first pass: it allocates, picks algorithms and loads code.
        warmup_ns: wall times of the passes after it; neither enters ``samples_ns``.
        warm: whether the last two windows of the warm-up agreed; None where its cap left room for one window only.
        samples_ns: wall times of the timed passes, device-synchronised.
        device_ns: device time of the same passes: between two events on its stream (CUDA), processor time of all
            threads (CPU).
        switches: involuntary context switches of the process, pass by pass.
        faults: page faults of the process, pass by pass: memory that it had to get from the kernel anew.
        readings: the device's state between blocks of samples.
        others_cores: cores that other programs used meanwhile, on those this process may use; None where unknown.
        further: whether its round was added since the interval was still too wide (:mod:`srbench.measure.patience`).
        build_ns: wall time in which the engine made the network ready, a first call included, with what it keeps of
            earlier processes of the run; None where it builds nothing (eager).
        rebuilds: how often the engine built anew inside the timed passes, so that they hold more than passes.
        remarks: what the engine has to say of how it runs the network, a phrase each.
    """

    round: Number = 0
    place: Number = 0
    cold_ns: Nanoseconds
    warmup_ns: tuple[Nanoseconds, ...]
    warm: bool | None = True
    samples_ns: tuple[Pass, ...]
    device_ns: tuple[Nanoseconds, ...] = ()
    switches: tuple[Number, ...] = ()
    faults: tuple[Number, ...] = ()
    readings: tuple[Reading, ...] = ()
    others_cores: Amount | None = None
    further: bool = False
    build_ns: Nanoseconds | None = None
    rebuilds: Number = 0
    remarks: tuple[Line, ...] = ()

    @property
    def median_ns(self) -> float | None:
        """Median of the samples; None without any."""
        return median(self.samples_ns) if self.samples_ns else None

    @property
    def passes_ns(self) -> int:
        """Wall time inside forward passes, the first and the warm-up included."""
        return self.cold_ns + sum(self.warmup_ns) + sum(self.samples_ns)


class Latency(Frozen):
    """Runtime of a case: its visits, and what follows from them. The process is the unit of replication."""

    visits: tuple[Visit, ...]

    @property
    def samples_ns(self) -> tuple[int, ...]:
        """All samples, visit by visit."""
        return tuple(sample for visit in self.visits for sample in visit.samples_ns)

    @property
    def process_medians_ns(self) -> tuple[float, ...]:
        """One median for each process that gave samples."""
        return tuple(visit.median_ns for visit in self.visits if visit.median_ns is not None)

    @property
    def round_medians_ns(self) -> dict[int, float]:
        """One median for each round: of several processes their geometric mean."""
        rounds: dict[int, list[float]] = {}
        for visit in self.visits:
            if visit.median_ns is not None:
                rounds.setdefault(visit.round, []).append(visit.median_ns)
        return {n: each[0] if len(each) == 1 else geometric_mean(each) for n, each in rounds.items()}

    @property
    def interval(self) -> Interval | None:
        """Median of the process medians with its interval, in ns; None without samples.

        Where a round has several processes of the case, its one value is the unit.
        """
        rounds = self.round_medians_ns
        units = list(rounds.values()) if len(rounds) < len(self.process_medians_ns) else None
        timed = [visit for visit in self.visits if visit.samples_ns]
        first = len({visit.round for visit in timed if not visit.further})
        return stats.process_interval([visit.samples_ns for visit in timed], units, first)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the engine had to say, each once."""
        return tuple(dict.fromkeys(remark for visit in self.visits for remark in visit.remarks))

    @property
    def spread(self) -> float | None:
        """Within-run spread: interquartile range over median of a process, the middle one of the processes."""
        spreads = [s for visit in self.visits if (s := stats.relative_iqr(visit.samples_ns)) is not None]
        return median(spreads) if spreads else None

    def percentile_ns(self, percent: int) -> float | None:
        """A percentile of all samples; None below its sample floor (:func:`srbench.measure.stats.percentile_floor`)."""
        return stats.percentile(self.samples_ns, percent)


#: Each processor keeps some pages to itself before the kernel counts them. Networks whose peak is known to the byte
#: were read up to 450 KiB off on 2 cores (tests/measure/test_predicted_peak.py).
KERNEL_ERROR_BYTES = 512 * 1024


class Memory(Frozen):
    """Memory of one forward pass after a warm-up pass, in a process of its own, in bytes.

    Attributes:
        weights_bytes, input_bytes: known sizes, included in ``peak_bytes``.
        peak_bytes: weights + input + what the pass added at its peak (CPU), or the allocator's peak (CUDA).
        allocator_bytes: most that the CUDA allocator had given out; None on a CPU, which has no counter of its own.
        reserved_bytes: what the CUDA allocator held from the driver at its peak; None on a CPU.
        process_bytes: the whole process at its peak, with interpreter, libraries, and on a GPU its context: the
            kernel's high-water mark (CPU), what the driver accounts to it (CUDA); None where neither tells.
        cold_bytes: as ``peak_bytes``, of the first pass; it may load code and try algorithms.
        method: how ``peak_bytes`` was read.
    """

    weights_bytes: Bytes
    input_bytes: Bytes
    peak_bytes: Bytes
    allocator_bytes: Bytes | None = None
    reserved_bytes: Bytes | None = None
    process_bytes: Bytes | None = None
    cold_bytes: Bytes | None = None
    method: Line

    @property
    def activations_bytes(self) -> int:
        """What a pass needs beside weights and input, at its peak."""
        return self.peak_bytes - self.weights_bytes - self.input_bytes

    @property
    def error_bytes(self) -> int:
        """How far off the counter may be that ``peak_bytes`` was read from; an allocator knows to the byte."""
        return 0 if self.allocator_bytes is not None else KERNEL_ERROR_BYTES


class Settings(Frozen):
    """How a case was measured; threads and TF32 are read back inside the worker, not copied from the options.

    Attributes:
        seed: of the random weights and input, and of the order of each round.
        budget_s: wall time of a case's passes, shared by its processes.
        timeout_s: after which a process is ended.
        rounds: how often the cases are gone through, each time from a fork server of its own. A case whose budget is
            spent takes part in the first three alone.
        patience_s: most wall time of passes in further rounds of a case whose interval is still too wide.
        visits: fresh processes of each case in a round: one, but three where the doctor looks for the noise floor.
        precision: a process stops sampling once the interval of its block medians is within this share of the median.
        memory_limit_bytes: most private memory that a process may map; None where there is no limit.
        clock: whether rows of a GPU whose clock is not fixed are marked so.
        input: what passes see: a natural image, or noise, as before there was a choice.
        lock_mhz: the clock to which the GPU was locked for this run; None where srbench set nothing.
        energy: whether energy is measured, too.
        allocator: what a timed process does with freed memory; ``system`` also where it could not be told to keep it.
        threads, interop_threads: within one operator, and of operators side by side.
        matmul_tf32, cudnn_tf32: whether float32 products on a GPU may round their factors to 10 bits.
        matmul_precision: ``highest``, ``high`` or ``medium``; below highest a product may use shorter formats.
        cudnn_benchmark: whether algorithms are picked by trying them, which changes runtime and memory.
        deterministic, cudnn_deterministic: whether only reproducible algorithms may be used.
        onednn: whether convolutions on a CPU may use oneDNN.
        cpu_capability: the vector extension that torch's own kernels use, as in ``AVX2``.
        environment: variables that change a runtime, those that are set.
    """

    seed: int
    budget_s: Amount
    timeout_s: Amount
    rounds: Positive = 3
    visits: Positive = 1
    patience_s: Amount = 0.0
    precision: float = Field(default=0.01, gt=0)
    memory_limit_bytes: Bytes | None = None
    input: Input = "noise"
    clock: ClockDemand = "as-is"
    lock_mhz: int | None = Field(default=None, ge=1, le=100_000)
    energy: bool = False
    allocator: Allocator = "keep"
    threads: Number | None = None
    matmul_tf32: bool | None = None
    cudnn_tf32: bool | None = None
    cudnn_benchmark: bool | None = None
    interop_threads: Number | None = None
    matmul_precision: Line | None = None
    deterministic: bool | None = None
    cudnn_deterministic: bool | None = None
    onednn: bool | None = None
    cpu_capability: Line | None = None
    environment: dict[str, Line] = Field(default_factory=dict)

    @property
    def processes(self) -> int:
        """Timed processes of each case."""
        return self.rounds * self.visits


class Place(NamedTuple):
    """Where a case runs: description of the machine, device, threads of the CPU."""

    machine: str
    device: str
    threads: int | None


class Record(Frozen):
    """What one case gave.

    Attributes:
        schema_version: of this form; older records are brought up to date as they are read.
        srbench_version: that measured it.
        finished: date and time of its end, with the time zone.
        status: what became of it; one word of the table of statuses.
        reason: of a status other than VALID, in one line.
        advice: what to do about it, in one line.
        detail: a traceback where there is one.
        files: that a user's network was made of, with their hashes.
        agreement: of a mode other than the plain one; None where nothing was compared.
        energy: of a pass; None where nobody asked for it.
        params: of a network that could be built and not be counted; None where ``complexity`` has them.
    """

    schema_version: Literal[4] = SCHEMA_VERSION
    srbench_version: Line
    case: Case
    machine: Machine
    settings: Settings
    finished: Moment
    status: Status
    reason: Line = ""
    advice: Line = ""
    detail: Annotated[str, Field(max_length=200_000)] = ""
    files: dict[str, str] = Field(default_factory=dict)
    complexity: Complexity | None = None
    counts: tuple[Count, ...] = ()
    latency: Latency | None = None
    memory: Memory | None = None
    agreement: Agreement | None = None
    energy: Energy | None = None
    params: Number | None = None

    @property
    def failed(self) -> bool:
        """Whether the row has no usable measurement."""
        return self.status in FAILURES

    @property
    def build_ns(self) -> int | None:
        """What the engine took to build the network with nothing kept from before; None where it builds nothing."""
        return self.agreement.build_ns if self.agreement is not None else None

    @property
    def key(self) -> tuple[str, str, str]:
        """Names the record: the case, and the machine with its node. A newer one of the same key replaces it."""
        return self.case.key, self.machine.name, self.machine.node

    @property
    def place(self) -> Place:
        """Where it was timed. Runtimes of two places do not compare."""
        return Place(self.machine.name, self.case.device, self.case.threads)
