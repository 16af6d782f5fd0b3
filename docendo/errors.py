"""Errors that are a person's to fix. Anything else that is raised is a bug and shows its traceback.

`UserError` is wrong input: the command line prints one line and exits with 2.
`RunError` is a failure while running that is nobody's bug (a full disk, say): one line, exit 1.
"""

from collections.abc import Callable, Iterable
from difflib import get_close_matches

__all__ = [
    "RunError",
    "UserError",
    "closest_hint",
    "suggestion",
]


class UserError(ValueError):
    """Wrong input. The message says what was got, what was wanted, where, and the nearest right thing."""


class RunError(RuntimeError):
    """A run cannot go on through no fault of the input; what was committed is safe."""


def closest_hint(
    word: str, known: Iterable[str], cutoff: float = 0.6, shown: Callable[[str], str] = str
) -> str:
    """``; did you mean 'x'?`` for the closest of `known`, as `shown` writes it, or nothing where none is as close as
    `cutoff` (0 to 1).
    """
    close = get_close_matches(word, list(known), n=1, cutoff=cutoff)
    return f"; did you mean {shown(close[0])!r}?" if close else ""


def suggestion(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'x'?`` for the closest of `known`, or a list of all of them where nothing is close."""
    names = sorted(known)
    return closest_hint(word, names) or f"; known: {', '.join(names)}"
