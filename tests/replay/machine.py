"""What a replay depends on besides the code: processor, libraries, threads."""

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["machine"]


def machine() -> dict[str, str]:
    """What the last bits depend on."""
    return {
        "processor": _processor(),
        "python": platform.python_version(),
        "compiler": _first_line("cc", "--version"),
        **{
            name: _version(name)
            for name in ("torch", "transformers", "numpy", "reasoning-gym")
        },
    }


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    lines = told.read_text().split("\n\n")[0].splitlines() if told.is_file() else []
    known = {
        key.strip(): value.strip()
        for key, _, value in (line.partition(":") for line in lines)
    }
    wide = sorted(
        flag for flag in known.get("flags", "").split() if flag.startswith(("avx", "amx"))
    )
    return " ".join(
        (known.get("model name", platform.machine()), known.get("model", ""), *wide)
    )


def _first_line(*command: str) -> str:
    """What compiled functions are made with; empty where there is no compiler and they cannot be in use."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.partition("\n")[0]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
