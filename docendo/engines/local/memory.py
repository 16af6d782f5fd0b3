"""Memory that a pass frees stays with the process until the round ends: the next pass needs the same again.

By default the C library hands large blocks back at once, and every pass pays for the first touch of each of their
pages: where page faults are dear, as in virtual machines, a tenth of the time.
"""

import ctypes
import gc
import os
import sys
from traceback import clear_frames
from typing import Any

from docendo.errors import RunError

__all__ = ["give_back", "keep_memory", "out_of_memory", "recover"]

_TRIM, _TOP_PAD, _MAPPED, _ARENAS = -1, -2, -3, -8
"""Names of glibc's settings, from malloc.h."""


def keep_memory() -> None:
    """Asks glibc to keep what is freed, and PyTorch for large pages. Elsewhere nothing happens."""
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    setting = _of_glibc("mallopt")
    if setting is not None:
        for name, value in (
            (_TRIM, 2**31 - 1),
            (_TOP_PAD, 2**26),
            (_MAPPED, 2**25),
            (_ARENAS, 1),
        ):
            setting(name, value)


def give_back() -> None:
    """Asks glibc to return what is free: between rounds, or holes between what stays would add up over hours."""
    trim = _of_glibc("malloc_trim")
    if trim is not None:
        trim(0)


def _of_glibc(name: str) -> Any:
    """A function of the C library; None where it has none of that name."""
    return (
        getattr(ctypes.CDLL(None), name, None) if sys.platform.startswith("linux") else None
    )


def out_of_memory(error: BaseException) -> bool:
    """Whether an allocator gave up; on the CPU PyTorch says so in words alone."""
    told = ("can't allocate memory", "not enough memory", "out of memory", "bad_alloc")
    if isinstance(error, RunError):
        return False
    return isinstance(error, MemoryError) or any(words in str(error) for words in told)


def recover(error: BaseException) -> None:
    """Gives back what was allocated on the way to an allocator's failure; any other error is raised again."""
    if not out_of_memory(error):
        raise error
    clear_frames(error.__traceback__)
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        gc.collect()  # recorded steps are in cycles
        torch.cuda.empty_cache()
