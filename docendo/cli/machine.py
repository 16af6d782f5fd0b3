"""What `docendo doctor` looks at besides packages: sandboxes, disk, memory, processors."""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Literal, NamedTuple

from docendo.errors import RunError, UserError
from docendo.store.atomic import nearest_existing

__all__ = ["DoctorFinding", "Status", "check_machine"]

Status = Literal["ok", "missing", "optional"]
"""``optional``: not here, and not needed by the embedded league."""

_GIB = 2**30
_DISK_GIB = 2.0
_MEMORY_GIB = 2.0
"""What the embedded league needs."""


class DoctorFinding(NamedTuple):
    """One line of the report."""

    name: str
    status: Status
    detail: str
    """What is here, such as a version; or why it is not."""
    purpose: str = ""
    fix: str = ""
    """The command or step that would make it ok."""


class _State(NamedTuple):
    """What one check came to, as in `DoctorFinding`."""

    detail: str
    status: Status = "ok"
    fix: str = ""


def check_machine() -> Iterator[DoctorFinding]:
    """Every check, in the order in which things are needed."""
    for name, purpose, check in _CHECKS:
        # each check imports what it needs: a missing package must not hide the others
        try:
            state = check()
        except ImportError:
            state = _State("unknown without torch", "optional", "pip install 'torch>=2.5'")
        yield DoctorFinding(name, state.status, state.detail, purpose, state.fix)


def _check_python() -> _State:
    return _State(".".join(map(str, sys.version_info[:3])))


def _check_sandbox() -> _State:
    from docendo.sandbox.monty import build_strict_monty

    fix = "pip install 'pydantic-monty>=1.4,<2'"
    try:
        outcome = build_strict_monty()("def f(x):\n    return x + 1\n", ["f(41)"])
    except (UserError, RunError) as error:
        return _State(str(error), "optional", fix)

    if outcome.values != ("42",):
        result = f"41 + 1 gave {outcome.values}: {outcome.reason}"
        return _State(result, "missing", fix)
    return _State(f"pydantic-monty {metadata.version('pydantic-monty')}, ran a snippet")


def _check_isolation() -> _State:
    from docendo.graders.compilers import installed_languages
    from docendo.sandbox.isolated import strongest_isolation

    strongest = strongest_isolation()
    # not required: only answers in compiled languages need it
    if strongest.isolation is None:
        fix = "install bubblewrap, or allow unprivileged user namespaces: docs/sandbox.md"
        return _State("; ".join(strongest.failures), "optional", fix)

    tool = strongest.bubblewrap or strongest.isolation
    return _State(f"{tool}, tried out; compiles {', '.join(installed_languages())}")


def _check_cache() -> _State:
    from docendo.cache import cache_folder

    folder = cache_folder()
    parent = nearest_existing(folder)
    if parent.is_dir() and os.access(parent, os.W_OK):
        return _State(f"{folder}")
    fix = "export DOCENDO_CACHE=/a/folder/you/can/write"
    return _State(f"{folder} cannot be written", "missing", fix)


def _check_disk() -> _State:
    free = shutil.disk_usage(Path.cwd()).free / _GIB
    status: Status = "ok" if free >= _DISK_GIB else "missing"
    fix = f"free {_DISK_GIB:.0f} GiB, or give --out on another disk"
    return _State(f"{free:.1f} GiB here", status, fix)


def _check_processors() -> _State:
    count = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        # a container may use fewer cores than the machine has
        count = len(os.sched_getaffinity(0))
    return _State(f"{count}")


def _check_memory() -> _State:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB
    # Windows has no sysconf
    except (AttributeError, ValueError, OSError):
        return _State("unknown on this system", "optional")
    status: Status = "ok" if total >= _MEMORY_GIB else "missing"
    return _State(
        f"{total:.1f} GiB", status, f"a machine with {_MEMORY_GIB:.0f} GiB or more"
    )


def _check_bfloat16() -> _State:
    import torch

    from docendo.engines.local.autoselect import choose_dtype
    from docendo.engines.lora.batch_invariant import is_batch_invariant, pack_for_onednn

    def measure_seconds(dtype: torch.dtype) -> float:
        matrix = torch.ones(512, 1024, dtype=dtype)
        return _time_fastest(lambda: matrix @ matrix.T)

    # many processors emulate bfloat16, at a fraction of the speed
    ratio = measure_seconds(torch.float32) / measure_seconds(torch.bfloat16)
    dtype = choose_dtype("auto", "cpu")
    detail = f"{ratio:.2g} times as fast as float32; {dtype} is used"
    # as wide as the embedded model
    weight = torch.linspace(0, 900, 576 * 576).sin().view(576, 576).bfloat16()
    if not is_batch_invariant(weight, pack_for_onednn(weight)):
        detail += "; with it an answer's rounding depends on its batch"
    return _State(detail)


def _time_fastest(run: Callable[[], object]) -> float:
    """Seconds of the fastest of five: the others were disturbed."""
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def _check_cuda() -> _State:
    import torch

    if torch.cuda.is_available():
        return _State(torch.cuda.get_device_name())
    return _State("no GPU for torch; the processor is used", "optional")


_CHECKS: tuple[tuple[str, str, Callable[[], _State]], ...] = (
    ("python", "runs everything", _check_python),
    ("sandbox", "unit tests of answers in Python", _check_sandbox),
    (
        "sandbox for real programs",
        "answers in compiled languages and CPython",
        _check_isolation,
    ),
    ("model cache", "converted models and measurements", _check_cache),
    ("free disk", "runs", _check_disk),
    ("cores", "sample and train", _check_processors),
    ("memory", "holds the model", _check_memory),
    ("bfloat16", "smaller weights", _check_bfloat16),
    ("cuda", "faster training", _check_cuda),
)
