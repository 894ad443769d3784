"""Which tensors are alive at each moment of a forward pass, and how many bytes they take at most."""

from collections.abc import Callable, Iterable
from weakref import ref

from torch import Tensor


class Liveness:
    """Follows the storages of tensors from their birth to their release.

    Python's reference counts release a tensor on the meta device when they would on any other, so what is alive here
    is what a caching allocator would have given out at that moment. torch keeps one object for a storage as long as the
    storage lives, so that object tells storages apart.

    Attributes:
        peak_bytes: most bytes alive at once, without the residents.
        peak_with_copies_bytes: the same where some operators need more for a while (see :meth:`during`).

    Args:
        resident: known and counted apart: a view of a weight or of the input is no new memory.
    """

    def __init__(self, resident: Iterable[Tensor]) -> None:
        self.peak_bytes = 0
        self.peak_with_copies_bytes = 0
        self._alive_bytes = 0
        self._alive: dict[int, object] = {}
        self._resident = {id(t.untyped_storage()) for t in resident}

    def during(self, held_bytes: int) -> None:
        """An operator runs that holds so many bytes at its peak, outputs included. Call before :meth:`follow`."""
        self.peak_with_copies_bytes = max(self.peak_with_copies_bytes, self._alive_bytes + held_bytes)

    def follow(self, out: object) -> None:
        """Count what an operator gave (a tensor, or a sequence of some), unless it shares known storage."""
        for tensor in out if isinstance(out, tuple | list) else (out,):
            if not isinstance(tensor, Tensor):
                continue
            storage = tensor.untyped_storage()
            key = id(storage)
            if key in self._alive or key in self._resident:
                continue
            size = storage.nbytes()
            self._alive_bytes += size
            self._alive[key] = ref(storage, self._forgetter(key, size))
        self.peak_bytes = max(self.peak_bytes, self._alive_bytes)
        self.peak_with_copies_bytes = max(self.peak_with_copies_bytes, self._alive_bytes)

    def _forgetter(self, key: int, size: int) -> Callable[[object], None]:
        def forget(_: object) -> None:
            if self._alive.pop(key, None) is not None:
                self._alive_bytes -= size

        return forget
