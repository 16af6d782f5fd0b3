"""Where docendo keeps what it converts and compiles once."""

import os
from pathlib import Path

__all__ = ["cache_folder"]


def cache_folder() -> Path:
    """The folder that ``DOCENDO_CACHE`` names, or docendo's part of the user's cache folder."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "docendo"
    return Path(os.environ.get("DOCENDO_CACHE") or default)
