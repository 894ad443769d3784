"""torch as it is: operator by operator."""

from collections.abc import Mapping

from torch import Tensor, nn

from srbench.cases import Dtype


def tensor_bytes(network: nn.Module) -> int:
    """Bytes of a network's parameters and buffers."""
    return sum(t.numel() * t.element_size() for t in (*network.parameters(), *network.buffers()))


class EagerNetwork:
    """The network itself."""

    build_ns: int | None = None
    hidden_bytes = 0
    remarks: tuple[str, ...] = ()

    def __init__(self, network: nn.Module) -> None:
        self.network = network
        self.weights_bytes = tensor_bytes(network)

    def __call__(self, image: Tensor) -> object:
        """One forward pass."""
        return self.network(image)

    def rebuilds(self) -> int:
        """Nothing is built."""
        return 0


class Eager:
    """Runs what Python says, operator by operator; every other engine is held against it."""

    name = "eager"
    meaning = "torch, operator by operator."
    dtypes: tuple[Dtype, ...] = ("float32", "bfloat16", "float16")

    def missing(self, device: str) -> str | None:
        """Nothing."""
        return None

    def versions(self) -> Mapping[str, str]:
        """Nothing beside torch."""
        return {}

    def build(self, network: nn.Module, image: Tensor, scratch: str) -> EagerNetwork:
        """Nothing to do."""
        return EagerNetwork(network)

    def wrap(self, network: nn.Module) -> nn.Module:
        """The network itself."""
        return network
