"""What this machine reaches at its best: matrix products per second, and bytes of memory per second.

On a processor both are measured two ways, one job on all threads and a job on each thread, since an engine may work
either way. The better way counts, and of it the best time: a ceiling is what nothing can exceed.
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
_BURST = 10
"""Jobs that an accelerator is given at once, so that starting them costs nothing."""


def measure_ceiling(dtype: torch.dtype, device: torch.device) -> Ceiling:
    """Takes a few seconds on a processor. Uses as many threads as torch does."""
    sizes = _SIZES.get(device.type, _LARGE)
    flops = max(_matrices(size, dtype, device) for size in sizes)
    return Ceiling(flops, _memory(_BYTES if device.type == "cpu" else 4 * _BYTES, device))


def synchronize(device: torch.device) -> None:
    """Returns once the device has done all it was asked to."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    elif device.type == "mps":
        torch.mps.synchronize()


def _matrices(size: int, dtype: torch.dtype, device: torch.device) -> float:
    """Operations per second in products of two square matrices."""
    # not all alike: an accelerator saves power, and so is faster, where bits do not change
    x, w = (
        torch.linspace(-1, end, size * size, device=device).to(dtype).view(size, size)
        for end in (1, 2)
    )
    outs = [torch.empty_like(x) for _ in range(_lanes(device))]
    jobs = [partial(torch.mm, x, w.T, out=out) for out in outs]
    flops = 2.0 * size**3
    return max(flops / _alone(jobs[0], device), len(jobs) * flops / _abreast(jobs))


def _memory(size: int, device: torch.device) -> float:
    """Bytes per second: of those that a sum reads, or those that a copy reads and writes."""
    source = torch.ones(size // 4, device=device)
    target = torch.zeros_like(source)
    parts = [x.chunk(_lanes(device)) for x in (source, target)]
    sums: list[_Job] = [partial(torch.sum, part) for part in parts[0]]
    copies: list[_Job] = [partial(to.copy_, part) for part, to in zip(*parts, strict=True)]
    read = min(_alone(partial(torch.sum, source), device), _abreast(sums))
    copied = min(_alone(partial(target.copy_, source), device), _abreast(copies))
    return max(size / read, 2 * size / copied)


def _lanes(device: torch.device) -> int:
    return torch.get_num_threads() if device.type == "cpu" else 1


def _alone(job: _Job, device: torch.device) -> float:
    """Seconds of one job that has all threads."""
    burst = 1 if device.type == "cpu" else _BURST

    def several() -> None:
        for _ in range(burst):
            job()
        synchronize(device)

    return _fastest(several) / burst


def _abreast(jobs: Sequence[_Job]) -> float:
    """Seconds of all jobs at once, each on a single thread of its own; without end where there is only one."""
    threads = torch.get_num_threads()
    if len(jobs) == 1:
        return float("inf")
    with ThreadPoolExecutor(
        len(jobs), initializer=torch.set_num_threads, initargs=(1,)
    ) as pool:
        best = _fastest(lambda: list(pool.map(lambda job: job(), jobs)))
    torch.set_num_threads(threads)
    return best


def _fastest(run: _Job) -> float:
    """After one that does not count."""
    run()
    times = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)
