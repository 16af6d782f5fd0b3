"""Worker threads, each with its own share of the rows and of the processor's cores.

Where the products are small, as in decoding, two cores with rows of their own are half as fast
again as two that share every product and wait for each other after it.
"""

import threading
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import torch

__all__ = ["Workers", "balanced_chunks", "contiguous_chunks"]

_Result = TypeVar("_Result")

_MAX_WORKERS = 4
"""Python runs one thread at a time between products, so more workers would wait for that."""


@dataclass
class Workers:
    count: int = 1
    threads: int = 1
    """Of each worker."""
    stop: threading.Event = field(default_factory=threading.Event)
    """Set where a job failed or cannot go on, or the user interrupted: long jobs look at it."""
    pool: ThreadPoolExecutor | None = None
    pending: list[Future[Any]] = field(default_factory=list)

    @staticmethod
    def for_device(device: torch.device) -> "Workers":
        """Up to four on a processor, as ``OMP_NUM_THREADS`` allows; one on an accelerator."""
        threads = torch.get_num_threads()
        count = min(threads, _MAX_WORKERS) if device.type == "cpu" else 1
        return Workers(count, threads // count)

    @property
    def parts(self) -> int:
        """Parts of the rows of a training step: an even number, equally many for every worker."""
        return self.count if self.count % 2 == 0 else 2 * self.count

    def run(self, jobs: Sequence[Callable[[], _Result]]) -> list[_Result]:
        """The results in order. Raises the first error when all jobs have returned.

        Even a single job runs in a worker: with another number of threads its sums would run in
        another order.
        """
        if self.count == 1 or not jobs:
            self.stop.clear()
            return [job() for job in jobs]

        if self.pool is None:
            set_threads = partial(torch.set_num_threads, self.threads)
            self.pool = ThreadPoolExecutor(self.count, "worker", set_threads)
        wait(self.pending)  # an interrupted call may have left some running
        self.stop.clear()
        futures: list[Future[_Result]] = []
        try:
            for job in jobs:
                future = self.pool.submit(job)
                futures.append(future)
                self.pending.append(future)
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            if not all(
                future.done() for future in futures
            ):  # a job failed, or an interrupt
                self.stop.set()
                wait(futures)
            self.pending.clear()
        return [future.result() for future in futures]


def balanced_chunks(
    costs: Sequence[float], owners: Sequence[Hashable], count: int
) -> list[list[int]]:
    """The numbers of the items of `count` chunks, an even number, with about equal costs.

    The even chunks are one half and the odd ones the other: each owner has as many items in one
    half as in the other, or one more. The dearest item is placed first, where the cost is least.
    """
    chunks: list[list[int]] = [[] for _ in range(count)]
    loads = [0.0] * count
    placed = Counter[tuple[Hashable, int]]()
    for i in sorted(range(len(costs)), key=lambda i: (-costs[i], i)):
        # fewest items of this owner, then least cost
        even, odd = ((placed[owners[i], half], sum(loads[half::2])) for half in (0, 1))
        half = 0 if even <= odd else 1
        chunk = min(range(half, count, 2), key=loads.__getitem__)
        chunks[chunk].append(i)
        loads[chunk] += costs[i]
        placed[owners[i], half] += 1
    return [sorted(chunk) for chunk in chunks]


def contiguous_chunks(costs: Sequence[float], count: int) -> list[list[int]]:
    """The numbers of the items of up to `count` chunks of neighbours, with about equal costs."""
    chunks: list[list[int]] = [[] for _ in range(count)]
    total = sum(costs)
    before = 0.0
    for i, cost in enumerate(costs):
        middle = before + cost / 2
        chunks[min(count - 1, int(middle * count / total))].append(i)
        before += cost
    return [chunk for chunk in chunks if chunk]
