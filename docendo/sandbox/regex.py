"""Regular expressions, run in a process that can be ended: matching may take exponential time."""

import re

__all__ = ["fits"]


def fits(pattern: str, text: str) -> bool:
    """Whether all of the text matches."""
    return re.fullmatch(pattern, text) is not None
