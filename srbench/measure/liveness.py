"""Which tensors are alive at each moment of a forward pass, how many bytes they take at most, what they are made of."""

from collections.abc import Callable, Iterable
from weakref import ref

import torch
from torch import Tensor

#: What a storage is made of; these go over to whatever is made of it.
IMAGE, WEIGHTS = 1, 2
MADE = IMAGE | WEIGHTS
#: What a storage is itself: a parameter; one that no operator got yet; windows of an image side by side; a product of
#: each with each that nobody summed yet; a parameter's copy, as in another dtype.
PARAMETER, UNREAD, PATCHES, PRODUCT, COPY = 4, 8, 16, 32, 64


def storage_of(tensor: Tensor) -> torch.UntypedStorage | None:
    """Where its elements lie; None for a layout that has no one place, such as a sparse one."""
    try:
        return tensor.untyped_storage()
    except (NotImplementedError, RuntimeError):
        return None


class Liveness:
    """Follows the storages of tensors from their birth to their release.

    Python's reference counts release a tensor on the meta device when they would on any other, so what is alive here
    is what a caching allocator would have given out at that moment. torch keeps one object for a storage as long as the
    storage lives, so that object tells storages apart.

    Attributes:
        peak_bytes: most bytes alive at once, without the residents.
        peak_with_copies_bytes: the same where some operators need more for a while (see :meth:`during`).
        origins: what each storage that is alive is made of (flags of this module), by the identity of its object.

    Args:
        image: the input, known and counted apart.
        parameters: of the network; a view of a weight or of the input is no new memory.
        buffers: of the network.
    """

    def __init__(self, image: Tensor, parameters: Iterable[Tensor], buffers: Iterable[Tensor] = ()) -> None:
        self.peak_bytes = 0
        self.peak_with_copies_bytes = 0
        self.origins: dict[int, int] = {}
        self._alive_bytes = 0
        self._alive: dict[int, object] = {}
        # Held, so that no other storage takes the identity of one that the network lets go of meanwhile.
        self._resident: dict[int, torch.UntypedStorage] = {}
        for tensors, origin in (((image,), IMAGE), (parameters, WEIGHTS | PARAMETER | UNREAD), (buffers, 0)):
            for storage in filter(None, map(storage_of, tensors)):
                self._resident[id(storage)] = storage
                self.origins.setdefault(id(storage), origin)

    def during(self, held_bytes: int) -> None:
        """An operator runs that holds so many bytes at its peak, outputs included. Call before :meth:`follow`."""
        self.peak_with_copies_bytes = max(self.peak_with_copies_bytes, self._alive_bytes + held_bytes)

    def follow(self, out: object, origin: int = 0) -> None:
        """Count what an operator gave (a tensor, or a sequence of some), unless it shares known storage.

        Args:
            out: whatever the operator gave.
            origin: what it was made of.
        """
        for tensor in out if isinstance(out, tuple | list) else (out,):
            if not isinstance(tensor, Tensor) or (storage := storage_of(tensor)) is None:
                continue
            key = id(storage)
            if key in self._alive:
                self.origins[key] |= origin
                continue
            if key in self._resident:
                continue
            size = storage.nbytes()
            self._alive_bytes += size
            self._alive[key] = ref(storage, self._forgetter(key, size))
            self.origins[key] = origin
        self.peak_bytes = max(self.peak_bytes, self._alive_bytes)
        self.peak_with_copies_bytes = max(self.peak_with_copies_bytes, self._alive_bytes)

    def _forgetter(self, key: int, size: int) -> Callable[[object], None]:
        def forget(_: object) -> None:
            if self._alive.pop(key, None) is not None:
                self._alive_bytes -= size
                del self.origins[key]

        return forget
