"""The command line. `main` is the boundary where errors that are a person's to fix become one line."""

import io
import os
import sys

from docendo.cli.app import app
from docendo.cli.output import complain
from docendo.errors import RunError, UseError

__all__ = ["app", "main"]


def main() -> None:
    """Run the command that the arguments name, and exit: 0 done, 1 failed, 2 wrong use, 130 interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if not sys.stderr.isatty():
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    try:
        app(prog_name="docendo")
    except (UseError, RunError) as error:
        complain(str(error))
        sys.exit(2 if isinstance(error, UseError) else 1)
