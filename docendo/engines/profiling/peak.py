"""What this machine reaches at its best: operations of matrix products and bytes per second.

On a processor both are measured two ways, one job on all threads and a job on each thread, since
an engine may work either way. The better way counts, and its best time: a ceiling is what nothing
exceeds.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import torch

from docendo.engines.profiling.roofline import Ceiling

__all__ = ["measure_ceiling", "synchronize"]

_Job = Callable[[], object]

_SIZES = {"cpu": (1024, 2048)}
_LARGE = (4096, 8192)
"""Sides of the square matrices, on a processor and elsewhere."""
_BYTES = 2**28
"""More than caches hold."""
_REPEATS = 10
_JOBS_AT_ONCE = 10
"""Jobs that an accelerator gets at once, so that starting them costs nothing."""


def measure_ceiling(dtype: torch.dtype, device: torch.device) -> Ceiling:
    """Takes a few seconds on a processor. Uses as many threads as torch does."""
    sizes = _SIZES.get(device.type, _LARGE)
    flops = max(_measure_flops(size, dtype, device) for size in sizes)
    size = _BYTES if device.type == "cpu" else 4 * _BYTES
    return Ceiling(flops, _measure_bandwidth(size, device))


def synchronize(device: torch.device) -> None:
    """Returns once the device has done all its work."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    elif device.type == "mps":
        torch.mps.synchronize()


def _measure_flops(size: int, dtype: torch.dtype, device: torch.device) -> float:
    """Operations per second in products of two square matrices."""
    # numbers that differ: where bits do not change, an accelerator saves power and is faster
    x = _ramp(1, size, dtype, device)
    w = _ramp(2, size, dtype, device)
    jobs = []
    for _ in range(_count_workers(device)):
        out = torch.empty_like(x)
        jobs.append(partial(torch.mm, x, w.T, out=out))

    flops = 2.0 * size**3
    one_at_a_time = flops / _time_one(jobs[0], device)
    together = len(jobs) * flops / _time_concurrent(jobs)
    return max(one_at_a_time, together)


def _ramp(end: float, size: int, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    numbers = torch.linspace(-1, end, size * size, device=device)
    return numbers.to(dtype).view(size, size)


def _measure_bandwidth(size: int, device: torch.device) -> float:
    """Bytes per second: of those that a sum reads, or those that a copy reads and writes."""
    source = torch.ones(size // 4, device=device)
    target = torch.zeros_like(source)
    workers = _count_workers(device)
    source_chunks = source.chunk(workers)
    target_chunks = target.chunk(workers)
    sums = []
    copies = []
    for source_chunk, target_chunk in zip(source_chunks, target_chunks, strict=True):
        sums.append(partial(torch.sum, source_chunk))
        copies.append(partial(target_chunk.copy_, source_chunk))

    sum_seconds = _time_one(partial(torch.sum, source), device)
    sum_seconds = min(sum_seconds, _time_concurrent(sums))
    copy_seconds = _time_one(partial(target.copy_, source), device)
    copy_seconds = min(copy_seconds, _time_concurrent(copies))
    return max(size / sum_seconds, 2 * size / copy_seconds)


def _count_workers(device: torch.device) -> int:
    return torch.get_num_threads() if device.type == "cpu" else 1


def _time_one(job: _Job, device: torch.device) -> float:
    """Seconds of one job that has all threads."""
    count = 1 if device.type == "cpu" else _JOBS_AT_ONCE

    def run_jobs() -> None:
        for _ in range(count):
            job()
        synchronize(device)

    return _best_time(run_jobs) / count


def _time_concurrent(jobs: Sequence[_Job]) -> float:
    """Seconds of all jobs at once, each on a thread of its own; infinite for a single one."""
    if len(jobs) == 1:
        return float("inf")

    threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(len(jobs), initializer=torch.set_num_threads, initargs=(1,))
    with pool:
        best = _best_time(lambda: list(pool.map(lambda job: job(), jobs)))
    torch.set_num_threads(threads)
    return best


def _best_time(run: _Job) -> float:
    """Seconds of the fastest of several runs, after one that does not count."""
    run()
    times = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)
