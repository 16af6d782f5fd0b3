"""Chooses device, number format and kernels by measuring, where the user does not."""

import time

import torch

from docendo.engines.cpu.library import load_kernels
from docendo.engines.cpu.selfcheck import is_faster
from docendo.engines.local.workers import Workers
from docendo.errors import UserError

__all__ = ["choose_device", "choose_dtype", "choose_kernels"]

_MIN_SPEEDUP = 1.3
"""bfloat16 is chosen from here on; float32 is more exact."""
_ROUNDS = 30
"""The formats take turns and the best time counts, so that other programs do not decide."""


def choose_device(setting: str) -> str:
    """``cuda``, ``mps`` or ``cpu``. Raises UserError for one that this machine lacks."""
    available = ["cpu"]
    if torch.backends.mps.is_available():
        available.insert(0, "mps")
    if torch.cuda.is_available():
        available.insert(0, "cuda")
    if setting == "auto":
        return available[0]
    if setting not in available:
        raise UserError(
            f"[engine] device: {setting!r} is not available here; "
            f"available: {sorted(available)}"
        )
    return setting


def choose_dtype(setting: str, device: str) -> str:
    """``float32`` or ``bfloat16``.

    On processors without bfloat16 arithmetic the latter is several times slower.
    """
    if setting != "auto":
        return setting
    float32_seconds = bfloat16_seconds = float("inf")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for _ in range(_ROUNDS):
        float32_seconds = min(float32_seconds, _time_product(torch.float32, device))
        bfloat16_seconds = min(bfloat16_seconds, _time_product(torch.bfloat16, device))
    torch.set_num_threads(threads)
    is_worth_it = float32_seconds > _MIN_SPEEDUP * bfloat16_seconds
    return "bfloat16" if is_worth_it else "float32"


def choose_kernels(setting: str, device: str, dtype: str) -> str:
    """``compiled`` or ``torch``: whichever decodes one layer faster.

    Raises UserError where compiled kernels are demanded and cannot be had.
    """
    if setting == "torch" or (setting == "auto" and device != "cpu"):
        return "torch"
    if device != "cpu":
        raise UserError(
            f"[engine] kernels: 'compiled' is for processors, not for {device}; use 'auto'"
        )
    torch_dtype = getattr(torch, dtype)
    library = load_kernels(torch_dtype)
    if setting == "compiled":
        if library is None:
            raise UserError(
                "[engine] kernels: 'compiled' needs a C compiler that works; "
                "install gcc, or use 'auto'"
            )
        return setting
    threads = Workers.for_device(torch.device(device)).threads
    if library is not None and is_faster(library, torch_dtype, threads):
        return "compiled"
    return "torch"


def _time_product(dtype: torch.dtype, device: str) -> float:
    """Seconds of a matrix product of the size that training does."""
    x = torch.ones(512, 1024, dtype=dtype, device=device)
    weight = torch.ones(512, 1024, dtype=dtype, device=device)
    start = time.perf_counter()
    product = x @ weight.T
    product.sum().item()  # an accelerator is waited for
    return time.perf_counter() - start
