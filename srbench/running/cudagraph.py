"""CUDA graphs: a pass recorded once, with all its kernels and addresses, and launched as one."""

from collections.abc import Mapping
from time import perf_counter_ns

import torch
from torch import Tensor, nn

from srbench.cases import Dtype
from srbench.errors import UnsupportedError
from srbench.running.eager import tensor_bytes

#: Passes before the recording: libraries pick algorithms and take memory there, which a recording must not hold.
_PASSES_BEFORE = 3


class GraphedNetwork:
    """A network recorded for images of one size.

    A recording reads and writes where it did when it was made. So each pass begins with a copy of its image to that
    place, which is part of its runtime, and every output lies where the one before it lay.
    """

    def __init__(self, network: nn.Module, image: Tensor) -> None:
        device = image.device
        self.weights_bytes = tensor_bytes(network)
        start = perf_counter_ns()
        self._image = image.clone()
        # As torch asks for: on a stream of its own, since the legacy stream cannot be recorded.
        side = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(side):
            for _ in range(_PASSES_BEFORE):
                network(self._image)
        torch.cuda.current_stream(device).wait_stream(side)
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._output = network(self._image)
        torch.cuda.synchronize(device)
        self.build_ns: int | None = perf_counter_ns() - start
        # The recording keeps the memory of its passes, but the allocator counts what was freed in it as free.
        self.hidden_bytes = torch.cuda.max_memory_allocated(device) - torch.cuda.memory_allocated(device)
        copied = image.numel() * image.element_size()
        self.remarks: tuple[str, ...] = (f"each pass copies its image into the graph ({copied / 2**20:.1f} MiB)",)

    def __call__(self, image: Tensor) -> object:
        """One forward pass."""
        self._image.copy_(image, non_blocking=True)
        self._graph.replay()
        return self._output

    def rebuilds(self) -> int:
        """A recording is never made anew."""
        return 0


class CudaGraph:
    """Eager kernels without the time of launching them one by one."""

    name = "cudagraph"
    meaning = "Eager torch recorded as a CUDA graph and launched as one (GPUs alone); the copy of the image is timed."
    dtypes: tuple[Dtype, ...] = ("float32", "bfloat16", "float16")

    def missing(self, device: str) -> str | None:
        """A GPU."""
        return None if device.startswith("cuda") else f"CUDA graphs need an NVIDIA GPU, and the device is {device}"

    def versions(self) -> Mapping[str, str]:
        """Nothing beside torch."""
        return {}

    def build(self, network: nn.Module, image: Tensor, scratch: str) -> GraphedNetwork:
        """Run it, and record one pass."""
        try:
            return GraphedNetwork(network, image)
        except torch.cuda.OutOfMemoryError:
            raise
        except RuntimeError as error:
            first = (str(error).strip().splitlines() or [""])[0]
            raise UnsupportedError(f"a CUDA graph cannot be recorded of it: {first}") from error

    def wrap(self, network: nn.Module) -> nn.Module:
        """The network itself: a recording is of one size, and its kernels are those of eager."""
        return network
