"""The bytes of tensors that were made within a block and are still alive, and their most at any time."""

import weakref
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakIdKeyDictionary


class LiveBytes(TorchDispatchMode):
    """What an allocator would count, on any device; tensors from before do not count."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._known = WeakIdKeyDictionary()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        for storage in _storages((args, kwargs)):
            self._known.setdefault(storage, 0)
        result = func(*args, **(kwargs or {}))
        for storage in _storages(result):
            if storage not in self._known:
                size = storage.nbytes()
                self._known[storage] = size
                self.now += size
                self.peak = max(self.peak, self.now)
                weakref.finalize(storage, self._free, size)
        return result

    def _free(self, size: int) -> None:
        self.now -= size


def _storages(tree: Any) -> list[torch.UntypedStorage]:
    tensors = (x for x in tree_leaves(tree) if isinstance(x, torch.Tensor))
    # matrices in the order of oneDNN have no storage; they are from before
    return [x.untyped_storage() for x in tensors if not x.is_mkldnn]
