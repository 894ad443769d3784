"""From a case to a network that runs: built, adapted, in its mode, with its image; and its cost by its operators."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter_ns

import torch
from torch import Tensor, nn

from srbench import inputs, models, running
from srbench.cases import Case, Mode
from srbench.counts import Complexity
from srbench.errors import UnsupportedError
from srbench.foreign import adapting, redirect
from srbench.foreign.adapting import Adaptation, Question
from srbench.machine import allow_tf32
from srbench.machine.device import Device
from srbench.measure import complexity, copies
from srbench.private import LackingInterfaceError
from srbench.records import Settings
from srbench.running import Runnable, natural
from srbench.work import enter

#: The network as it is.
UNCHANGED = Adaptation()


@dataclass(frozen=True)
class OfCase:
    """A case, and how it is measured.

    Attributes:
        network: the pickle of a live module; None for what has a name.
        scratch: folder in which an engine may keep what it builds, for the other processes of the run.
        adaptation: what is done to a user's network first.
    """

    case: Case
    settings: Settings
    network: bytes | None = None
    scratch: str = ""
    adaptation: Adaptation = UNCHANGED

    @property
    def memory_limit_bytes(self) -> int | None:
        """As the settings have it; a CUDA driver maps as it likes."""
        return None if self.case.device.startswith("cuda") else self.settings.memory_limit_bytes

    @property
    def leaves_by_itself(self) -> bool:
        """What an engine loads may hold anything."""
        return self.case.mode.engine != "eager"

    def begin(self) -> int:
        """Seed and threads; the time when the work began."""
        start = perf_counter_ns()
        if self.network is not None:
            models.lend(self.case.model, self.network)
        torch.manual_seed(self.settings.seed)
        if self.case.threads is not None:
            torch.set_num_threads(self.case.threads)
        return start

    def ready(self, device: Device) -> tuple[Runnable, Tensor]:
        """The network and its resident input, both in the case's mode on the device."""
        network, image = self.prepared(device), self.image().to(device.torch_device)
        return running.engine(self.case.mode.engine).build(network, image, self.scratch), image

    def prepared(self, device: Device, case: Case | None = None) -> nn.Module:
        """The network with its weights, adapted, on a device in the case's mode, or in that of another case."""
        case = case or self.case
        network = self.adaptation.apply(loaded(case), case.size.scale)
        if not self.adaptation.redirected:
            redirect.remove()
        enter("moving")
        network = in_mode(network.to(device.torch_device), case.mode, own=case.model.own)
        enter("running")
        return network

    def image(self, case: Case | None = None, *, other: bool = False) -> Tensor:
        """What passes see, on the CPU, in the case's mode; ``other`` is a second one."""
        case = case or self.case
        if self.settings.input == "natural":
            return inputs.natural_input(case, other=other)
        return inputs.make_input(case, self.settings.seed + other)


@dataclass(frozen=True)
class Found:
    """What is known of a network before it is measured.

    Attributes:
        params: its parameters.
        counts: None where it could not be counted.
        error: why not.
        adaptation: what is to be done to it.
    """

    params: int
    counts: Complexity | None
    error: Exception | None
    adaptation: Adaptation


def look_at(case: Case) -> Found:
    """Build a user's network, try it on a picture, and count it as it is then.

    Args:
        case: network, size and mode.

    Raises:
        InputError: arguments or weights that are wrong.
        Exception: whatever building it raises.
    """
    remarks: list[str] = []
    network = loaded(case, remarks.append)
    enter("running")
    asked, said = redirect.remark(), _dtypes(network, case)
    channels = inputs.input_shape(case)[1]

    def picture(columns: int, rows: int) -> Tensor:
        return natural.natural_image(1, channels, rows, columns) * case.model.value_range

    params = sum(parameter.numel() for parameter in network.parameters())
    adaptation, error, counts = adapting.as_declared(case.model.contract), None, None
    try:
        adaptation = adapting.find(network, Question(case.size.scale, case.size.lr, picture), case.model.contract)
        counts = static(case, adaptation, network)
    except Exception as raised:  # noqa: BLE001 - its parameters are known whatever else it raises
        error = raised
    # What its passes ask of CUDA stands behind what building it asked.
    told = [each for each in dict.fromkeys(remarks) if each != asked]
    every = tuple(filter(None, (*told, redirect.remark(), *said, *adaptation.remarks)))
    done = adaptation.model_copy(update={"remarks": every, "redirected": bool(redirect.remark())})
    return Found(params, counts, error, done)


def loaded(case: Case, tell: Callable[[str], None] = lambda remark: None) -> nn.Module:
    """The bare network with its weights, on the CPU.

    Args:
        case: its network, scale and weights.
        tell: gets a phrase where something was assumed.
    """
    enter("building")
    checkpoint = Path(case.weights.path) if case.weights is not None else None
    network = models.load(case.model, case.size.scale, checkpoint, tell)[0]
    kinds = {tensor.dtype for tensor in network.parameters() if tensor.is_floating_point()}
    if case.model.own and kinds == {torch.float64}:
        # What numpy made, mostly: nobody deploys it, and no image comes in it.
        tell("its parameters are float64: run in float32")
        network.float()
    return network


def prepare(case: Case, device: Device, seed: int) -> tuple[nn.Module, Tensor]:
    """A network that needs nothing done to it, and a resident random image, both in the mode on the device.

    Args:
        case: network, size and mode.
        device: that it runs on.
        seed: of the image.
    """
    network = in_mode(loaded(case).to(device.torch_device), case.mode, own=case.model.own)
    return network, inputs.make_input(case, seed).to(device.torch_device)


def in_mode(network: nn.Module, mode: Mode, *, own: bool) -> nn.Module:
    """Bring a network's own tensors into the mode's dtype and layout, and torch to its way of computing.

    A user's network that is asked for as it is stays so: one that its author has made of float16 remains that.

    Args:
        network: is changed.
        mode: dtype, layout, TF32.
        own: whether it is a user's.
    """
    allow_tf32(mode.tf32)
    dtype = getattr(torch, mode.dtype)
    if not own or dtype is not torch.float32:
        tensors = [*network.parameters(), *network.buffers()] if own else []
        if any(tensor.is_complex() for tensor in tensors):
            # `to` would take the imaginary part of complex weights away.
            for tensor in tensors:
                if tensor.is_floating_point():
                    tensor.data = tensor.data.to(dtype)
        else:
            network.to(dtype)
    if mode.layout != "contiguous":
        # torch documents this keyword; its stub lacks it.
        nn.Module.to(network, memory_format=inputs.MEMORY_FORMATS[mode.layout])  # type: ignore[call-overload]
    return network


def static(case: Case, adaptation: Adaptation = UNCHANGED, network: nn.Module | None = None) -> Complexity:
    """Count a case: the eager graph's counts, whatever runs it later.

    Shapes alone are followed, on the meta device. A user's network that needs values runs on two natural pictures, and
    every operator is seen there in the same way.

    Args:
        case: network, size and mode.
        adaptation: what is done to a user's network first.
        network: that network, built and not adapted; it is changed. [default: it is built]

    Raises:
        MismatchError: the output would not be an upscaled image.
        Exception: whatever the network raises for such an input.
    """
    cpu = copies.this_cpu(case.threads)
    dtype = getattr(torch, case.mode.dtype)
    if not case.model.own:
        zoo = in_mode(models.build(case.model, case.size.scale, "meta"), case.mode, own=False)
        counts, output = complexity.count(zoo, inputs.input_shape(case), dtype, cpu)
    else:
        try:
            shapes = in_mode(_meta(case, adaptation, network), case.mode, own=True)
            counts, output = complexity.count(shapes, inputs.input_shape(case), dtype, cpu)
            inputs.check_shape(output, case)
        except (LackingInterfaceError, UnsupportedError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever its code raises for tensors without values
            counts, output = _on_pictures(case, adaptation, cpu, error)
    inputs.check_shape(output, case)
    return counts


def _meta(case: Case, adaptation: Adaptation, network: nn.Module | None) -> nn.Module:
    """A user's network without values. It is folded before they go: folding may look at them."""
    if case.model.live:
        # One that cannot be copied is the caller's own: it must keep its values.
        return adaptation.apply(models.build(case.model, case.size.scale, "meta"), case.size.scale)
    network = adaptation.apply(network if network is not None else loaded(case), case.size.scale).to("meta")
    enter("running")
    return network


def _on_pictures(case: Case, adaptation: Adaptation, cpu: copies.Cpu, why: Exception) -> tuple[Complexity, object]:
    """Count a network that does not run without values, on the CPU.

    Args:
        case: network, size and mode.
        adaptation: what is done to it first.
        cpu: where memory is predicted for.
        why: what it raised on shapes alone.
    """
    network = in_mode(adaptation.apply(loaded(case), case.size.scale), case.mode, own=case.model.own)
    enter("running")
    try:
        images = inputs.natural_input(case), inputs.natural_input(case, other=True)
        return complexity.count_on(network, *images, cpu)
    except Exception as error:
        raise error from why


def _dtypes(network: nn.Module, case: Case) -> tuple[str, ...]:
    """A remark where a network's parameters are of another dtype than is asked for, and stay so."""
    kinds = {parameter.dtype for parameter in network.parameters() if parameter.is_floating_point()}
    if case.mode.dtype != "float32" or kinds <= {torch.float32}:
        return ()
    return (f"its parameters are {', '.join(sorted(str(kind).removeprefix('torch.') for kind in kinds))}, and stay so",)
