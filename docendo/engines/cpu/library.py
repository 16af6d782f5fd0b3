"""The C functions beside this file, compiled on this machine on first use and then cached.

A compiler is never required. Where there is none, or it fails, PyTorch does the same work.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from ctypes import CDLL, POINTER, c_float, c_int64, c_void_p
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch

from docendo.cache import cache_folder
from docendo.engines.cpu.structs import (
    Batch,
    Cache,
    HeadCalls,
    HeadSizes,
    LayerCall,
    Update,
)

__all__ = ["load_kernels"]

_FOLDER = Path(__file__).parent
_SOURCES, _HEADERS = sorted(_FOLDER.glob("*.c")), sorted(_FOLDER.glob("*.h"))
_LINKER_FLAGS = ("-Wl,-Bsymbolic",) if sys.platform == "linux" else ()
"""The functions call each other, not functions of the same name in other libraries."""
_FLAGS = ("-O3", "-march=native", "-shared", "-fPIC", *_LINKER_FLAGS)
_DTYPE_FLAGS = {torch.float32: (), torch.bfloat16: ("-DBFLOAT16",)}
_TIMEOUT = 120
"""Seconds for the compiler; usually it takes two for float32 and six for bfloat16."""

_BATCH, _UPDATE, _LAYERS = POINTER(Batch), POINTER(Update), POINTER(LayerCall)
_HEADS, _CALLS, _CACHE = POINTER(HeadSizes), POINTER(HeadCalls), POINTER(Cache)
_ARGUMENTS: dict[str, tuple[Any, ...]] = {
    # decoding, kernels.c
    "join": (_BATCH, _UPDATE, *[c_void_p] * 4, c_float, c_void_p, c_int64),
    "gate": (_BATCH, _UPDATE, *[c_void_p] * 3),
    "attend": (_BATCH, _UPDATE, *[c_void_p] * 4, _HEADS, _CALLS, _CACHE, c_void_p),
    "draw": (c_void_p, c_int64, c_int64, *[c_void_p] * 5),
    # elementwise operations, between.c
    "normalise": (c_int64, c_int64, c_void_p, c_void_p, c_float, c_void_p, c_void_p),
    "normalise_back": (c_int64, c_int64, *[c_void_p] * 5),
    "gated": (c_int64, c_int64, *[c_void_p] * 2),
    "gated_back": (c_int64, c_int64, *[c_void_p] * 3),
    "soften_rows": (c_int64, c_int64, c_void_p),
    "soften_back": (c_int64, c_int64, *[c_void_p] * 2),
    "totals": (c_int64, c_int64, *[c_void_p] * 2),
    "shares": (c_int64, c_int64, *[c_void_p] * 4),
}
_PRODUCT_ARGUMENTS: dict[str, tuple[Any, ...]] = {
    # products.c, where the processor has bfloat16 products
    "pack": (c_void_p, c_int64, c_int64, c_void_p),
    "multiply": (c_void_p, c_int64, c_int64, c_void_p, c_int64, c_void_p, c_void_p),
    "multiply_back": (c_void_p, c_int64, c_int64, c_void_p, c_int64, c_void_p),
    "run_layers": (_BATCH, _LAYERS, c_int64, *[c_void_p] * 2, _HEADS, *[c_void_p] * 4),
}


def load_kernels(dtype: torch.dtype) -> CDLL | None:
    """The functions for this number format; None where they cannot be compiled or loaded."""
    compiler = _find_compiler()
    if compiler is None or dtype not in _DTYPE_FLAGS:
        return None
    try:
        library = CDLL(str(_compile(shlex.split(compiler), _DTYPE_FLAGS[dtype])))
    except (OSError, subprocess.SubprocessError):
        return None

    # without declared types ctypes would pass addresses as 32-bit integers
    for name, arguments in _ARGUMENTS.items():
        getattr(library, name).argtypes = arguments
    library.panel_width.restype = c_int64
    if library.panel_width():
        for name, arguments in _PRODUCT_ARGUMENTS.items():
            getattr(library, name).argtypes = arguments
    return library


def _find_compiler() -> str | None:
    """The command that ``CC`` names, or a usual one that is installed."""
    command = os.environ.get("CC")
    if command:
        return command
    for name in ("cc", "gcc", "clang"):
        path = shutil.which(name)
        if path:
            return path
    return None


def _compile(compiler: Sequence[str], dtype_flags: tuple[str, ...]) -> Path:
    """The library's file, from the cache or compiled now.

    The cache has one for each source, compiler and processor.
    """
    flags = (*_FLAGS, *dtype_flags)
    # predefined macros say which version the compiler has and what the processor can do
    macros = _run(*compiler, *flags, "-dM", "-E", "-x", "c", os.devnull)
    sources = b"".join(path.read_bytes() for path in [*_SOURCES, *_HEADERS])
    key = blake2b(macros + sources + repr(flags).encode(), digest_size=12).hexdigest()

    target = cache_folder() / "kernels" / f"{key}.so"
    if not target.exists():
        # beside the target, then renamed: two processes may compile at once, and none may load
        # half a file
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            unfinished = Path(folder) / target.name
            _run(*compiler, *flags, "-o", str(unfinished), *map(str, _SOURCES), "-lm")
            unfinished.replace(target)
    return target


def _run(*command: str) -> bytes:
    return subprocess.run(command, capture_output=True, check=True, timeout=_TIMEOUT).stdout  # noqa: S603
