"""Regular expressions, in a process that can be ended: some take longer than the world lasts (`errand.py` calls it)."""

import re

__all__ = ["fits"]


def fits(pattern: str, text: str) -> bool:
    """Whether all of the text matches."""
    return re.fullmatch(pattern, text) is not None
