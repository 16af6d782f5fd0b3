"""The version of the package, and the commit of its code."""

import json
import subprocess
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

__all__ = ["VERSION", "find_commit"]

VERSION = "0.1.0"


def find_commit() -> str:
    """The commit of docendo's code in its repository; empty where that is not known."""
    root = Path(__file__).parents[1]
    if (root / ".git").exists():
        command = ["git", "-C", str(root), "rev-parse", "HEAD"]
        with suppress(OSError):
            return subprocess.run(command, capture_output=True, text=True).stdout.strip()  # noqa: S603
    with suppress(PackageNotFoundError):
        # as pip writes it for what it installs from a repository
        origin = json.loads(distribution("docendo").read_text("direct_url.json") or "{}")
        return str(origin.get("vcs_info", {}).get("commit_id", ""))
    return ""
