"""Which device and number format to compute in, and with what, chosen by measuring where the user does not say."""

import time

import torch

from docendo.engines.cpu.library import load_kernels
from docendo.engines.cpu.selfcheck import is_faster
from docendo.engines.local.workers import Workers
from docendo.errors import UserError

__all__ = ["choose_device", "choose_dtype", "choose_kernels"]

_WORTH = 1.3
"""bfloat16 is chosen from this speed-up on; below it, float32 is the more exact for nearly nothing."""
_ROUNDS = 30
"""The two formats take turns on one thread and the best time of each counts, so that other programs do not decide."""


def choose_device(wanted: str) -> str:
    """``cuda``, ``mps`` or ``cpu``. Raises UseError for one that this machine lacks."""
    here = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if wanted == "auto":
        return next(d for d in ("cuda", "mps", "cpu") if here[d])
    if not here[wanted]:
        raise UserError(
            f"[engine] device: {wanted!r} is not available here; available: {[d for d in here if here[d]]}"
        )
    return wanted


def choose_dtype(wanted: str, device: str) -> str:
    """``float32`` or ``bfloat16``: on processors without bfloat16 arithmetic the latter is several times slower."""
    if wanted != "auto":
        return wanted
    seconds = {torch.float32: float("inf"), torch.bfloat16: float("inf")}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for _ in range(_ROUNDS):
        for dtype in seconds:
            seconds[dtype] = min(seconds[dtype], _seconds(dtype, device))
    torch.set_num_threads(threads)
    return (
        "bfloat16"
        if seconds[torch.float32] > _WORTH * seconds[torch.bfloat16]
        else "float32"
    )


def choose_kernels(wanted: str, device: str, dtype: str) -> str:
    """``compiled`` or ``torch``: where there is a C compiler, whichever decodes one layer faster.

    Raises UseError where compiled functions are wanted and cannot be had.
    """
    if wanted == "torch" or (wanted == "auto" and device != "cpu"):
        return "torch"
    if device != "cpu":
        raise UserError(
            f"[engine] kernels: 'compiled' is for processors, not for {device}; use 'auto'"
        )
    number = getattr(torch, dtype)
    library = load_kernels(number)
    if wanted == "compiled":
        if library is None:
            raise UserError(
                "[engine] kernels: 'compiled' needs a C compiler that works; install gcc, or use 'auto'"
            )
        return wanted
    threads = Workers.for_device(torch.device(device)).threads
    fast = library is not None and is_faster(library, number, threads)
    return "compiled" if fast else "torch"


def _seconds(dtype: torch.dtype, device: str) -> float:
    """The time of a matrix product of the size that training does."""
    x, w = (torch.ones(512, 1024, dtype=dtype, device=device) for _ in range(2))
    start = time.perf_counter()
    product = x @ w.T
    product.sum().item()
    return time.perf_counter() - start
