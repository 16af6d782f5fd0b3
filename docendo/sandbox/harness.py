"""Runs inside the sandbox: an answer's program first, then calls into it, and writes what each call gives.

Standard input holds a JSON object: `code`, `calls` (expressions) and `mark`, a word that nobody could
know before. Each value goes to standard output as one line: the mark, and a JSON string with the
value's ``repr``. What the program prints goes nowhere. The program shares this interpreter and can
forge lines. But a line only claims what a value is, and the expected value is not known here.
"""

import json
import os
import random
import sys
from typing import Any

__all__ = ["main"]

_PLAIN_TYPES = (int, float, str, bytes, bool, type(None), complex, type(...))
_MAX_LENGTH = 10_000


def main() -> None:
    """Answer the request on standard input. An exception of the program ends this process with its traceback."""
    request = json.load(sys.stdin)
    channel = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    random.seed(0)

    # Bound to locals before the program runs and can replace them in their modules.
    to_text = repr
    write = os.write
    to_json = json.dumps

    namespace: dict[str, Any] = {"__name__": "answer"}
    exec(compile(request["code"], "answer", "exec"), namespace)  # noqa: S102
    for call in request["calls"]:
        value = eval(call, namespace)  # noqa: S307
        if not _is_plain(value):
            raise TypeError(f"the value of {call[:60]} is not made of Python's own types")
        text = to_text(value)
        if len(text) > _MAX_LENGTH:
            raise ValueError(
                f"the value of {call[:60]} is longer than {_MAX_LENGTH} characters"
            )
        write(channel, f"{request['mark']} {to_json(text)}\n".encode())


def _is_plain(value: object) -> bool:
    """Whether no class of the program's own is in it: its ``__repr__`` could say anything."""
    if type(value) in _PLAIN_TYPES:
        return True
    if type(value) is dict:
        return all(_is_plain(part) for pair in value.items() for part in pair)
    return type(value) in (list, tuple) and all(map(_is_plain, value))  # type: ignore[call-overload]


if __name__ == "__main__":
    main()
