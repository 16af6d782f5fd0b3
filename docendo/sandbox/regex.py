"""Regular expressions, run in a process that can be ended: matching may take exponential time."""

import re

__all__ = ["find_last", "fits"]


def fits(pattern: str, text: str) -> bool:
    """Whether all of the text matches."""
    return re.fullmatch(pattern, text) is not None


def find_last(pattern: str, text: str) -> str | None:
    """The last match, or its first group; None where nothing matches or the group has no part in it."""
    last = None
    for match in re.finditer(pattern, text, re.MULTILINE):
        last = match[min(1, match.re.groups)]
    return last
