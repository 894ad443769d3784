"""``torch.compile``: the network traced, fused and compiled for one size of image."""

import os
import shutil
from collections.abc import Mapping
from time import perf_counter_ns

import torch
from torch import Tensor, nn

from srbench import private
from srbench.cases import Dtype
from srbench.errors import UnsupportedError
from srbench.running.eager import tensor_bytes


class CompiledNetwork:
    """A network compiled for images of one size.

    Compilation happens in the first pass, so that pass is part of ``build_ns``.
    """

    hidden_bytes = 0

    def __init__(self, network: nn.Module, image: Tensor) -> None:
        self.weights_bytes = tensor_bytes(network)
        private.forget_compiled_graphs()
        start = perf_counter_ns()
        self._network = torch.compile(network, dynamic=False)
        self._network(image)
        if image.is_cuda:
            torch.cuda.synchronize(image.device)
        self.build_ns: int | None = perf_counter_ns() - start
        self._graphs = private.compiled_graphs()
        if self._graphs == 0:
            raise UnsupportedError("torch.compile compiles nothing of it: it would run as eager does")
        self.remarks: tuple[str, ...] = _remarks(self._graphs, private.graph_breaks())

    def __call__(self, image: Tensor) -> object:
        """One forward pass."""
        return self._network(image)

    def rebuilds(self) -> int:
        """Graphs that were compiled since it was ready; 0 where this torch does not count them."""
        now = private.compiled_graphs()
        return 0 if now is None or self._graphs is None else now - self._graphs


class Compiled:
    """``torch.compile`` with its defaults (inductor)."""

    name = "compile"
    meaning = "torch.compile with its defaults, for one size of image; compiling is a figure of its own."
    dtypes: tuple[Dtype, ...] = ("float32", "bfloat16", "float16")

    def missing(self, device: str) -> str | None:
        """A compiler: of C++ for a CPU; on a GPU Triton brings its own."""
        if device != "cpu":
            return None
        compiler = os.environ.get("CXX", "").split(" ")[0]
        if any(shutil.which(name) for name in (compiler, "g++", "clang++", "c++") if name):
            return None
        return "torch.compile needs a C++ compiler on a CPU; install g++ (Debian: apt install g++), or name one in CXX"

    def versions(self) -> Mapping[str, str]:
        """Nothing beside torch."""
        return {}

    def build(self, network: nn.Module, image: Tensor, scratch: str) -> CompiledNetwork:
        """Trace and compile, with one pass. What the compiler makes is kept in the scratch folder."""
        if scratch:
            os.environ["TORCHINDUCTOR_CACHE_DIR"] = scratch
        # A pool of compilers would outlive the compiling, beside the passes that are timed.
        os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")
        try:
            return CompiledNetwork(network, image)
        except Exception as error:
            if not private.is_compiler_error(error):
                raise
            first = (str(error).strip().splitlines() or [""])[0]
            raise UnsupportedError(f"torch.compile fails on it: {type(error).__name__}: {first}") from error

    def wrap(self, network: nn.Module) -> nn.Module:
        """The network itself, compiled at its first pass, for sizes that are not known yet."""
        network.compile(dynamic=True)
        return network


def _remarks(graphs: int | None, breaks: int | None) -> tuple[str, ...]:
    if graphs is None or (graphs < 2 and not breaks):
        return ()
    why = f" ({breaks} graph break{'s' if breaks != 1 else ''})" if breaks else ""
    return (f"torch.compile runs it in {graphs} part{'s' if graphs != 1 else ''}{why}",)
