"""Everything that reaches the terminal. Text of models and files goes through `safe` first."""

import json
import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from docendo.formatting import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

__all__ = [
    "amount",
    "complain",
    "notice",
    "safe",
    "show",
    "show_json",
    "standard_error",
    "table",
    "title",
]

_PIPE_WIDTH = 120
"""Columns of tables that go into a file or a pipe."""


def complain(message: str) -> None:
    """``docendo: message`` as one line on standard error."""
    notice(f"docendo: {message}")


def notice(message: str) -> None:
    """`message` as one line on standard error, whatever it holds."""
    sys.stderr.write(" ".join(visible(message).splitlines()) + "\n")
    sys.stderr.flush()


def safe(text: str, style: str = "") -> "Text":
    """Anybody's text: no character of it drives the terminal, no bracket of it is markup."""
    from rich.text import Text

    return Text(visible(text), style)


def title(text: str) -> "Text":
    """A heading. `show` leaves it on one line, as it does plain strings."""
    heading = safe(text, "bold")
    heading.no_wrap = True
    return heading


def show(*parts: Any) -> None:
    """Print tables and rich renderables to standard output; strings as they are, as by `safe`."""
    from rich.table import Table as RichTable

    from docendo.report.render.tables import Table, terminal_table
    from docendo.report.render.terminal_table import TerminalTable

    console = _open_console(sys.stdout)
    for part in parts:
        if isinstance(part, str):
            console.print(safe(part), soft_wrap=True)
        elif isinstance(part, Table):
            console.print(terminal_table(part))
        elif isinstance(part, RichTable):
            # in as many parts below each other as the width needs
            console.print(TerminalTable(part))
        else:
            console.print(part, soft_wrap=bool(getattr(part, "no_wrap", False)))


def show_json(value: Any) -> None:
    """One JSON document on standard output, in ASCII."""
    # ASCII, and no NaN: whatever reads it may be strict
    sys.stdout.write(json.dumps(value, indent=2, allow_nan=False) + "\n")


def table(names: Iterable[str], numbers: Iterable[str] = ()) -> "Table":
    """An empty table with left-aligned columns, then right-aligned ones."""
    from docendo.report.render.terminal_table import new_table

    return new_table(names, numbers)


def standard_error() -> "Console":
    """The console that progress goes to."""
    return _open_console(sys.stderr)


def _open_console(stream: Any) -> "Console":
    from rich.console import Console

    # without a terminal rich would assume 80 columns and fold tables in log files
    width = None if stream.isatty() or "COLUMNS" in os.environ else _PIPE_WIDTH
    return Console(file=stream, width=width, highlight=False, markup=False)


def amount(size: int) -> str:
    """Bytes as a person reads them."""
    if size >= 2**30:
        return f"{size / 2**30:.1f} GiB"
    return f"{size / 2**20:.1f} MiB"
