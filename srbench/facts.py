"""The machine that every record carries: its name, processor, limits, GPUs, how torch was built.

Every field has a neutral value, for records of earlier times and for systems that do not tell.
"""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from srbench.cores import number_list


class Frozen(BaseModel):
    """An immutable value; unknown fields are errors, so that a typo in a stored file is seen."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


#: Neither a stored file nor a worker is trusted: a whole number is one that an address can hold, and none is negative
#: that counts something.
Number = Annotated[int, Field(ge=0, le=2**62)]
Positive = Annotated[int, Field(ge=1, le=2**62)]
Bytes = Number
Amount = Annotated[float, Field(ge=0, le=1e15)]
#: A date that every time zone and every reader can tell.
Moment = Annotated[AwareDatetime, Field(ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(3000, 1, 1, tzinfo=UTC))]
#: What stands in one line of a table or a note; and a name, which may be a path.
Line = Annotated[str, StringConstraints(max_length=10_000)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=5_000)]


class Processor(Frozen):
    """The processor as the kernel shows it; a virtual machine may show another than the real one.

    Attributes:
        logical_cores, physical_cores: online, of the whole machine.
        affinity: the logical cores that this process may use, as ``0-3,8``.
        usable_physical_cores: physical cores among those.
        l1d_bytes, l2_bytes, l3_bytes: size of one cache of that level, as the first usable core sees it.
        max_mhz: highest clock of a usable core.
        governor: what picks the clock of the usable cores, ``performance`` or ``powersave, schedutil``.
        turbo: whether clocks above the base clock are allowed.
        numa_nodes: online.
        virtual: whether a hypervisor runs below.
        flags: what it can do, of the vector extensions that decide a convolution's speed.
    """

    logical_cores: Number | None = None
    physical_cores: Number | None = None
    affinity: Line = ""
    usable_physical_cores: Number | None = None
    l1d_bytes: Bytes | None = None
    l2_bytes: Bytes | None = None
    l3_bytes: Bytes | None = None
    max_mhz: Number | None = None
    governor: Line | None = None
    turbo: bool | None = None
    numa_nodes: Number | None = None
    virtual: bool | None = None
    flags: tuple[Line, ...] = ()

    @property
    def smt(self) -> bool | None:
        """Whether two of the usable logical cores share a physical one."""
        if self.usable_physical_cores is None or not self.affinity:
            return None
        return len(number_list(self.affinity)) > self.usable_physical_cores


class Limits(Frozen):
    """What a container or service manager allows; None where it sets no limit.

    Attributes:
        cpu_cores: cores' worth of time.
        memory_bytes: of all programs of the group.
    """

    cpu_cores: Amount | None = None
    memory_bytes: Bytes | None = None


class GpuFacts(Frozen):
    """One NVIDIA GPU, in the driver's order (which need not be torch's).

    Attributes:
        name: its model.
        memory_bytes: all of it.
        compute_capability: as in ``9.0``.
        power_limit_w: in force.
        mig: whether it is split into instances.
        max_clock_mhz, max_memory_clock_mhz: highest clocks of the multiprocessors and of the memory.
        clocks_locked: whether somebody fixed its clocks.
    """

    name: Line
    memory_bytes: Bytes | None = None
    compute_capability: Line | None = None
    power_limit_w: Amount | None = None
    mig: bool | None = None
    max_clock_mhz: Number | None = None
    max_memory_clock_mhz: Number | None = None
    clocks_locked: bool | None = None


class Build(Frozen):
    """How torch was built and what it computes with.

    Attributes:
        compiler: as in ``GCC 13.3``.
        mkl, onednn, openmp: versions.
        backend: what runs its threads, ``OpenMP`` or ``native thread pool``.
        settings: the build settings, without flags that concern warnings and definitions only.
    """

    compiler: Line | None = None
    mkl: Line | None = None
    onednn: Line | None = None
    openmp: Line | None = None
    backend: Line | None = None
    settings: dict[str, Line] = Field(default_factory=dict)


class Machine(Frozen):
    """The machine and its software, as far as they bear on a runtime.

    Attributes:
        name: identifies it in tables; equal machines have equal names.
        node: tells equal machines apart: a hash of the host's name, and on GPUs of their UUIDs. A record replaces that
            of the same node; records of two nodes of one name are replicates.
        system: kernel and its release.
        cpu: name of the processor.
        cores: logical cores that a process may use.
        memory_bytes: of the machine.
        gpus: names of the NVIDIA GPUs.
        driver: version of the NVIDIA driver.
        python, torch, cuda, cudnn: versions; None where there is none.
        libc: C library and its version: it allocates, and its mathematics runs activations.
        gpu_facts: what the driver says of the GPUs, in the order of ``gpus``.
    """

    name: Line
    system: Line
    cpu: Line
    cores: Number
    memory_bytes: Bytes
    gpus: tuple[Line, ...]
    driver: Line | None
    python: Line
    torch: Line
    cuda: Line | None
    cudnn: Number | None
    node: Line = ""
    libc: Line | None = None
    processor: Processor = Field(default_factory=Processor)
    limits: Limits = Field(default_factory=Limits)
    gpu_facts: tuple[GpuFacts, ...] = ()
    build: Build = Field(default_factory=Build)
