"""Settings of this process that make PyTorch faster and keep its memory from growing.

Nothing here changes a result.
"""

import ctypes
import os
import sys
from typing import Any

__all__ = ["prepare_process", "trim_memory"]

_ENVIRONMENT = {
    # PyTorch and oneDNN keep what they prepared for each shape of a product, by default for a
    # thousand shapes and thread. Shapes of answers hardly ever come again: that was gigabytes
    # within hours. With these a batch of 64 rows finds all that it needs again as it shrinks.
    "LRU_CACHE_CAPACITY": "32",
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "256",
    # Threads that spin while they wait take the core from another program that wants it: every
    # small operation then waits for a time slice, and a tenth of the speed is left.
    "OMP_WAIT_POLICY": "passive",
    # large pages
    "THP_MEM_ALLOC_ENABLE": "1",
}

# settings of glibc's malloc.h
_TRIM_THRESHOLD = -1
_TOP_PAD = -2
_MMAP_THRESHOLD = -3
_ARENA_MAX = -8


def prepare_process() -> None:
    """Sets environment variables that are not set yet, and how glibc manages memory.

    Call it before torch is imported: its threads read the environment once. Later it does no
    harm, and only a part of the speed is gained.

    By default the C library returns large blocks to the system at once, and every pass pays for
    the first touch of each page. In virtual machines that took a tenth of the time.
    """
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)

    set_option = _glibc_function("mallopt")
    if set_option is not None:
        set_option(_TRIM_THRESHOLD, 2**31 - 1)
        set_option(_TOP_PAD, 2**26)
        set_option(_MMAP_THRESHOLD, 2**25)
        set_option(_ARENA_MAX, 1)


def trim_memory() -> None:
    """Returns free memory to the system.

    Between rounds, or holes between what stays would add up over hours.
    """
    trim = _glibc_function("malloc_trim")
    if trim is not None:
        trim(0)


def _glibc_function(name: str) -> Any:
    """A function of the C library; None where it has none of that name."""
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), name, None)
