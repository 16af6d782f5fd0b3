"""Runs inside the sandbox: an answer's program first, then calls into it, and writes what each call gives.

Standard input holds a JSON object: `code`, `calls` (expressions) and `mark`, a word that nobody could
know before. Each value goes to standard output as one line: the mark, and a JSON string with the
value's ``repr``. A last line has what was printed. The program shares this interpreter and can
forge lines. But a line only claims what a value is, and the expected value is not known here.
"""

import io
import json
import os
import random
import sys
from typing import Any

__all__ = ["main"]

_ATOMS: tuple[Any, ...] = (bool, int, float, str, bytes, complex, type(None), type(...))
_CONTAINERS: tuple[Any, ...] = (list, tuple, set, frozenset)
_NUMBERS = ("decimal.Decimal", "fractions.Fraction")
_MAX_LENGTH = 10_000


def main() -> None:
    """Answer the request on standard input. An exception of the program ends this process with its traceback."""
    request = json.load(sys.stdin)
    channel = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.stdout = printed = io.StringIO()
    random.seed(0)

    # Bound to locals before the program runs and can replace them in their modules.
    to_text = repr
    copy = _copy
    write = os.write
    to_json = json.dumps

    namespace: dict[str, Any] = {"__name__": "answer"}
    exec(compile(request["code"], "answer", "exec"), namespace)  # noqa: S102
    for call in request["calls"]:
        try:
            text = to_text(copy(eval(call, namespace)))  # noqa: S307
        except _NotPlainError as error:
            message = f"the value of {call[:60]} is not made of Python's own types"
            raise TypeError(message) from error
        if len(text) > _MAX_LENGTH:
            raise ValueError(
                f"the value of {call[:60]} is longer than {_MAX_LENGTH} characters"
            )
        write(channel, f"{request['mark']} {to_json(text)}\n".encode())
    text = printed.getvalue()[:_MAX_LENGTH]
    write(channel, f"{request['mark']} {to_json(text)}\n".encode())


class _NotPlainError(Exception):
    """No value that a literal could be equal to."""


class _Text(str):
    """The ``repr`` of a part, which is that of this, too."""

    __repr__ = str.__str__


def _copy(value: object) -> object:
    """A value whose ``repr`` is by Python's own classes alone: one of a subclass counts as what it extends."""
    for kind in _ATOMS:
        if isinstance(value, kind):
            return _Text(kind.__repr__(value))
    if isinstance(value, dict):
        return {_copy(key): _copy(part) for key, part in dict.items(value)}
    for kind in _CONTAINERS:
        if isinstance(value, kind):
            return kind(map(_copy, kind.__iter__(value)))
    # Imported by the program, if at all.
    if f"{type(value).__module__}.{type(value).__name__}" in _NUMBERS:
        return _Text(type(value).__repr__(value))
    raise _NotPlainError


if __name__ == "__main__":
    main()
