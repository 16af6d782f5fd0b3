"""The pretended GPU itself: what it counts, refuses and remembers."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import torch
from torch import Tensor

__all__ = ["CPU", "CUDA", "Gpu", "Recording"]

CPU, CUDA = torch.device("cpu"), torch.device("cuda:0")
_PACKAGE = Path(__file__).parents[3] / "docendo"


@dataclass
class Recording:
    """Operations in sequence, on memory that stays where it is."""

    operations: list[tuple[Callable[[], Any], list[Tensor]]] = field(default_factory=list)
    """Each with its results."""
    fresh: dict[int, Tensor] = field(default_factory=dict)
    """What was allocated within, by address."""
    before: dict[int, tuple[Tensor, Tensor]] = field(default_factory=dict)
    """Other memory that was written, and a copy of it as it was before."""

    def keep(self, x: Tensor) -> None:
        """Notes what is in a tensor before it is written."""
        storage = x.untyped_storage()
        if storage.data_ptr() not in self.fresh | self.before:
            everything = x.new_empty(0).set_(storage)
            self.before[storage.data_ptr()] = (everything, everything.clone())

    def add(
        self, operation: Callable[[], Any], inputs: list[Tensor], outputs: list[Tensor]
    ) -> None:
        self.operations.append((operation, outputs))
        addresses = {x.untyped_storage().data_ptr() for x in inputs}
        for x in outputs:
            if x.untyped_storage().data_ptr() not in addresses:
                self.fresh[x.untyped_storage().data_ptr()] = x

    def undo(self) -> None:
        """Leaves everything as if nothing had been done; results are not there yet."""
        for tensor, before in self.before.values():
            tensor.copy_(before)
        for tensor in self.fresh.values():
            if tensor.is_floating_point():
                tensor.fill_(torch.nan)

    def replay(self) -> None:
        for operation, outputs in self.operations:
            result = operation()
            results = result if isinstance(result, list | tuple) else [result]
            tensors = [x for x in results if isinstance(x, Tensor)]
            for output, new in zip(outputs, tensors, strict=True):
                if new.data_ptr() != output.data_ptr():
                    output.copy_(new)


@dataclass
class Gpu:
    capacity: int = 2**40
    """Bytes."""
    launches: Counter[str] = field(default_factory=Counter)
    """By operator. The replay of a recording is one, and so is what it copies."""
    waits: Counter[str] = field(default_factory=Counter)
    """Times that the processor waited until the GPU had done all its work, by reason and place."""
    faults: list[str] = field(default_factory=list)
    """What CUDA would refuse or would do with data that is not there."""
    recordings: int = 0
    allocated: int = 0
    """Bytes of tensors that are alive."""
    peak: int = 0
    recording: Recording | None = None
    """The one that is being made."""
    stand_ins: dict[Any, Callable[..., Any]] = field(default_factory=dict)
    """Functions of tensors of the processor, for operators that have none there."""
    is_hidden: bool = False
    """Whether PyTorch takes the tensors for the processor's."""
    pinned: dict[int, Tensor] = field(default_factory=dict)
    """By address. They are kept, so that no address comes twice."""
    arrivals: list[Callable[[], None]] = field(default_factory=list)
    """What asynchronous copies still have to do."""
    storages: dict[int, list[int]] = field(default_factory=dict)
    """Tensors that share a storage, and its bytes, by address."""

    def reset(self) -> None:
        """Counts start again."""
        self.launches.clear()
        self.waits.clear()
        self.recordings = 0
        self.peak = self.allocated

    @contextmanager
    def hide(self) -> Iterator[None]:
        """For functions of PyTorch that ask for a real device before they do anything."""
        before, self.is_hidden = self.is_hidden, True
        try:
            yield
        finally:
            self.is_hidden = before

    def launch(self, name: str) -> None:
        if self.recording is None:
            self.launches[name] += 1

    def wait(self, reason: str) -> None:
        """The processor waits; what was copied asynchronously has arrived."""
        if self.recording is not None:
            self.refuse(f"{reason} not permitted when stream is capturing")
        self.waits[f"{reason} at {_place()}"] += 1
        arrivals, self.arrivals = self.arrivals, []
        for arrive in arrivals:
            arrive()

    def refuse(self, reason: str) -> NoReturn:
        self.faults.append(f"{reason} at {_place()}")
        raise RuntimeError(f"CUDA error: {reason}")

    def pin(self, x: Tensor) -> Tensor:
        """The tensor, which counts as pinned from now on."""
        self.pinned[x.untyped_storage().data_ptr()] = x
        return x

    def is_pinned(self, x: Tensor) -> bool:
        return x.untyped_storage().data_ptr() in self.pinned

    def send(self, source: Tensor, non_blocking: bool) -> None:
        """A tensor of the processor goes to the GPU."""
        if not (non_blocking and self.is_pinned(source)):
            self.wait("copy from ordinary memory")
            return
        sent, place = source.clone(), _place()

        def arrive() -> None:
            if not torch.equal(sent, source):
                self.faults.append(
                    f"pinned memory overwritten while it is copied at {place}"
                )

        # a recording copies when it is replayed
        if self.recording is None:
            self.arrivals.append(arrive)

    def fetch(self, source: Tensor, target: Tensor, non_blocking: bool) -> None:
        """A tensor of the GPU goes to the processor, into `target`."""
        if not (non_blocking and self.is_pinned(target)):
            self.wait("copy to ordinary memory")
            target.copy_(source)
            return
        if self.recording is not None:
            self.refuse("a copy to the processor is not supported in a recording")
        sent = source.clone()
        nothing = torch.nan if target.is_floating_point() else torch.iinfo(target.dtype).min
        target.fill_(nothing)
        self.arrivals.append(lambda: target.copy_(sent))

    def allocate(self, real: Tensor) -> int:
        """Counts the storage of a tensor once; its address. Raises where memory runs out."""
        storage = real.untyped_storage()
        address, size = storage.data_ptr(), storage.nbytes()
        if address in self.storages:
            self.storages[address][0] += 1
            return address
        if self.allocated + size > self.capacity:
            raise torch.OutOfMemoryError(
                f"CUDA out of memory. Tried to allocate {size} bytes"
            )
        self.storages[address] = [1, size]
        self.allocated += size
        self.peak = max(self.peak, self.allocated)
        return address

    def free(self, address: int) -> None:
        """One tensor less at this address."""
        entry = self.storages[address]
        entry[0] -= 1
        if entry[0] == 0:
            self.allocated -= entry[1]
            del self.storages[address]


def _place() -> str:
    """The line of the package, or else of a test, that runs."""
    frame: FrameType | None = sys._getframe(1)
    of_test = "?"
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        place = f"{path.name}:{frame.f_lineno}"
        if _PACKAGE in path.parents:
            return place
        if of_test == "?" and path.name.startswith("test_"):
            of_test = place
        frame = frame.f_back
    return of_test
