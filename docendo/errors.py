"""Errors that are a person's to fix. Anything else that is raised is a bug and shows its traceback.

`UserError` is wrong input: the command line prints one line and exits with 2.
`RunError` is a failure while running that is nobody's bug (a full disk, say): one line, exit 1.
"""

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from importlib.util import find_spec

__all__ = [
    "RunError",
    "UserError",
    "closest_hint",
    "require_package",
    "suggestion",
]


class UserError(ValueError):
    """Wrong input. The message says what was got, what was wanted, where, and the nearest right thing."""


class RunError(RuntimeError):
    """A run cannot go on through no fault of the input; what was committed is safe."""


def require_package(module: str, purpose: str, extra: str) -> None:
    """Raises UserError with the command that installs it where a package of an extra is missing.

    `module` is its name in Python; `purpose` is what needs it, as the message begins.
    """
    # looked for, not imported: some take seconds
    if find_spec(module) is None:
        raise UserError(
            f"{purpose}: the package {module} is missing; run: pip install 'docendo[{extra}]'"
        )


def closest_hint(
    word: str,
    candidates: Iterable[str],
    cutoff: float = 0.6,
    describe: Callable[[str], str] = str,
) -> str:
    """``; did you mean 'x'?`` for the closest candidate, as `describe` writes it.

    Empty where no candidate is as close as `cutoff` (0 to 1).
    """
    close = get_close_matches(word, list(candidates), n=1, cutoff=cutoff)
    return f"; did you mean {describe(close[0])!r}?" if close else ""


def suggestion(word: str, candidates: Iterable[str]) -> str:
    """``; did you mean 'x'?`` for the closest candidate, or all of them where none is close."""
    # Sorted, so that the message is the same in every process: sets have no order of their own.
    names = sorted(candidates)
    return closest_hint(word, names) or f"; known: {', '.join(names)}"
