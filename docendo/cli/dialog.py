"""Asking a person at the terminal, line by line."""

import getpass
import sys
from typing import TYPE_CHECKING

from docendo.cli.output import safe

if TYPE_CHECKING:
    from rich.padding import Padding

__all__ = ["get_user_name", "indent_quote", "read_line"]


def read_line(prompt: str) -> str | None:
    """The next line without spaces around it; None at the end of the input."""
    sys.stdout.write(prompt)
    # a prompt without a line end stays in the buffer otherwise
    sys.stdout.flush()
    # not input(), which raises at the end of the input
    line = sys.stdin.readline()
    return line.strip() if line else None


def indent_quote(text: str) -> "Padding":
    """Somebody's text, indented wherever it wraps, so that it cannot pass for a line of ours."""
    from rich.padding import Padding

    quote = safe(text if text.strip() else "(nothing)")
    return Padding(quote, (0, 0, 0, 2), expand=False)


def get_user_name() -> str:
    """The name of whoever is logged in."""
    try:
        return getpass.getuser()
    # a container may have no entry for its user
    except (OSError, KeyError):
        return "somebody"
