"""The functions of the C files beside this one, compiled on this machine when they are first wanted, then kept.

A compiler is never required: where there is none, or it fails, the same work is done by PyTorch's operations.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from ctypes import CDLL, POINTER, Structure, c_float, c_int64, c_void_p
from hashlib import blake2b
from pathlib import Path

import torch

from docendo.cache import cache_folder

__all__ = [
    "Batch",
    "Cache",
    "HeadSizes",
    "LayerCall",
    "ProjectionCall",
    "Update",
    "load_kernels",
]

_FOLDER = Path(__file__).parent
_SOURCES, _HEADERS = sorted(_FOLDER.glob("*.c")), sorted(_FOLDER.glob("*.h"))
_OWN = ("-Wl,-Bsymbolic",) if sys.platform == "linux" else ()
"""Our functions call each other, and not what other libraries may have of the same name."""
_FLAGS = ("-O3", "-march=native", "-shared", "-fPIC", *_OWN)
_NUMBERS = {torch.float32: (), torch.bfloat16: ("-DBFLOAT16",)}
_SECONDS = 120
"""A compiler that takes longer than this is not waited for; two seconds are usual for float32, and six for bfloat16."""


class Update(Structure):
    """The adapters of a projection."""

    _fields_ = (
        ("a", c_void_p),
        ("b", c_void_p),
        ("inputs", c_int64),
        ("members", c_int64),
        ("rank", c_int64),
        ("ends", c_int64 * 4),
    )


class Batch(Structure):
    _fields_ = (("rows", c_int64), ("slots", c_void_p), ("scratch", c_void_p))


class HeadSizes(Structure):
    _fields_ = (
        ("query_heads", c_int64),
        ("key_heads", c_int64),
        ("size", c_int64),
        ("scale", c_float),
    )


class Cache(Structure):
    """Keys and values of one layer, and which of them each row sees."""

    _fields_ = (
        ("prompts", c_void_p),
        ("answers", c_void_p),
        ("place", c_void_p),
        ("length", c_void_p),
        ("column", c_void_p),
        ("number_of_prompts", c_int64),
        ("prompt_columns", c_int64),
        ("answer_columns", c_int64),
    )


class ProjectionCall(Structure):
    """A projection's matrix in panels, its bias where it has one, and its updates."""

    _fields_ = (("panels", c_void_p), ("bias", c_void_p), ("update", Update))


class LayerCall(Structure):
    _fields_ = (
        ("qkv", ProjectionCall),
        ("out", ProjectionCall),
        ("gate_up", ProjectionCall),
        ("down", ProjectionCall),
        ("middle", c_void_p),
        ("after", c_void_p),
        ("middle_epsilon", c_float),
        ("after_epsilon", c_float),
        ("cache", Cache),
    )


def load_kernels(dtype: torch.dtype) -> CDLL | None:
    """The functions for this number format; None where they cannot be had."""
    compiler = (
        os.environ.get("CC")
        or shutil.which("cc")
        or shutil.which("gcc")
        or shutil.which("clang")
    )
    if not compiler or dtype not in _NUMBERS:
        return None
    try:
        library = CDLL(str(_compiled(shlex.split(compiler), _NUMBERS[dtype])))
    except (OSError, subprocess.SubprocessError):
        return None
    pointer, batch, update = c_void_p, POINTER(Batch), POINTER(Update)
    library.join.argtypes = [
        batch,
        update,
        pointer,
        pointer,
        pointer,
        pointer,
        c_float,
        pointer,
        c_int64,
    ]
    library.gate.argtypes = [batch, update, pointer, pointer, pointer]
    heads, cache = POINTER(HeadSizes), POINTER(Cache)
    library.attend.argtypes = [
        batch,
        update,
        pointer,
        pointer,
        pointer,
        pointer,
        heads,
        cache,
        pointer,
    ]
    library.draw.argtypes = [pointer, c_int64, c_int64, *[pointer] * 5]
    library.normalise.argtypes = [
        c_int64,
        c_int64,
        pointer,
        pointer,
        c_float,
        pointer,
        pointer,
    ]
    library.normalise_back.argtypes = [c_int64, c_int64, *[pointer] * 5]
    library.gated.argtypes = [c_int64, c_int64, pointer, pointer]
    library.gated_back.argtypes = [c_int64, c_int64, *[pointer] * 3]
    library.soften_rows.argtypes = [c_int64, c_int64, pointer]
    library.soften_back.argtypes = [c_int64, c_int64, pointer, pointer]
    library.totals.argtypes = [c_int64, c_int64, pointer, pointer]
    library.shares.argtypes = [c_int64, c_int64, *[pointer] * 4]
    library.panel_width.restype = c_int64
    if library.panel_width():
        library.pack.argtypes = [pointer, c_int64, c_int64, pointer]
        library.multiply.argtypes = [
            pointer,
            c_int64,
            c_int64,
            pointer,
            c_int64,
            pointer,
            pointer,
        ]
        library.multiply_back.argtypes = [
            pointer,
            c_int64,
            c_int64,
            pointer,
            c_int64,
            pointer,
        ]
        layers = POINTER(LayerCall), c_int64
        library.run_layers.argtypes = [
            batch,
            *layers,
            pointer,
            pointer,
            heads,
            *[pointer] * 4,
        ]
    return library


def _compiled(compiler: Sequence[str], numbers: tuple[str, ...]) -> Path:
    """The library, made unless the cache has it for this source, compiler and processor."""
    flags = (*_FLAGS, *numbers)
    # the macros that the compiler predefines tell its version and what the processor can do
    about = _run(*compiler, *flags, "-dM", "-E", "-x", "c", os.devnull)
    text = (
        about
        + b"".join(path.read_bytes() for path in [*_SOURCES, *_HEADERS])
        + repr(flags).encode()
    )
    target = cache_folder() / "kernels" / f"{blake2b(text, digest_size=12).hexdigest()}.so"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            fresh = Path(folder) / target.name
            _run(*compiler, *flags, "-o", str(fresh), *map(str, _SOURCES), "-lm")
            fresh.replace(target)
    return target


def _run(*command: str) -> bytes:
    return subprocess.run(command, capture_output=True, check=True, timeout=_SECONDS).stdout  # noqa: S603
