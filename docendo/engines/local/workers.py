"""Several workers, each a thread that computes on its own share of the rows with its own share of the cores.

Where the products are small, as in decoding, two cores that work on rows of their own are faster by half than two that
share every product and wait for each other after it.
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

_Made = TypeVar("_Made")

_MOST = 4
"""Python runs one thread at a time between products, so more workers would wait for that."""


@dataclass
class Workers:
    count: int = 1
    threads: int = 1
    """Of each worker."""
    stop: threading.Event = field(default_factory=threading.Event)
    """Set when a job failed, cannot go on or the user interrupted: long jobs look at it and return early."""
    pool: ThreadPoolExecutor | None = None
    pending: list[Future[Any]] = field(default_factory=list)

    @staticmethod
    def for_device(device: torch.device) -> "Workers":
        """As many as there are threads, which ``OMP_NUM_THREADS`` sets, up to four; one on an accelerator."""
        threads = torch.get_num_threads()
        count = min(threads, _MOST) if device.type == "cpu" else 1
        return Workers(count, threads // count)

    @property
    def parts(self) -> int:
        """Of the rows of a training step: an even number, of which every worker has as many."""
        return self.count if self.count % 2 == 0 else 2 * self.count

    def run(self, jobs: Sequence[Callable[[], _Made]]) -> list[_Made]:
        """The results in order. The first error is raised when all jobs have returned.

        Even a single job runs in a worker: with another number of threads its sums would run in another order.
        """
        if self.count == 1 or not jobs:
            self.stop.clear()
            return [job() for job in jobs]
        if self.pool is None:
            self.pool = ThreadPoolExecutor(
                self.count, "worker", partial(torch.set_num_threads, self.threads)
            )
        wait(self.pending)  # what an impatient user may have left running
        self.stop.clear()
        futures: list[Future[_Made]] = []
        try:
            for job in jobs:
                futures.append(self.pool.submit(job))
                self.pending.append(futures[-1])
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:  # one failed, or the user interrupted
            if not all(future.done() for future in futures):
                self.stop.set()
                wait(futures)
            self.pending.clear()
        return [future.result() for future in futures]


def balanced_chunks(
    costs: Sequence[float], owners: Sequence[Hashable], count: int
) -> list[list[int]]:
    """Numbers of the pieces of each part, of about the same cost; `count` is even.

    The even parts are one half, the odd ones the other: of every owner's pieces they have equally many, or one more.
    The dearest piece is placed first, where least is so far.
    """
    parts, loads = [list[int]() for _ in range(count)], [0.0] * count
    placed = Counter[tuple[Hashable, int]]()
    for i in sorted(range(len(costs)), key=lambda i: (-costs[i], i)):
        of_half = [(placed[owners[i], half], sum(loads[half::2])) for half in (0, 1)]
        half = of_half.index(min(of_half))
        part = min(range(half, count, 2), key=loads.__getitem__)
        parts[part].append(i)
        loads[part] += costs[i]
        placed[owners[i], half] += 1
    return [sorted(part) for part in parts]


def contiguous_chunks(costs: Sequence[float], count: int) -> list[list[int]]:
    """Numbers of the pieces of each chunk, none empty: neighbours together, all of about the same cost."""
    workers, done, total = [list[int]() for _ in range(count)], 0.0, sum(costs)
    for i, cost in enumerate(costs):
        workers[min(count - 1, int((done + cost / 2) * count / total))].append(i)
        done += cost
    return [worker for worker in workers if worker]
