"""The command line. `main` is the boundary where errors that are a person's to fix become one line."""

import errno
import io
import os
import sys
from typing import cast

import typer

from docendo.cli.app import app, reject_old_names
from docendo.cli.output import complain
from docendo.errors import RunError, UserError

__all__ = ["app", "main"]

_Mistyped = cast("type[typer.BadParameter]", typer.BadParameter.__mro__[2])
"""What typer raises for words that are no command line; it has no public name."""


def main() -> None:
    """Run the command that the arguments name, and exit.

    0 done, 1 failed, 2 wrong use, 3 stopped by an alarm, 130 interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if not sys.stderr.isatty():
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    try:
        reject_old_names(sys.argv[1:])
        sys.exit(app(prog_name="docendo", standalone_mode=False))
    except (UserError, RunError) as error:
        complain(str(error))
        sys.exit(2 if isinstance(error, UserError) else 1)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        complain(f"{str(error.filename)[:60]}...: no file can have a name as long as that")
        sys.exit(2)
    except _Mistyped as error:  # typer's message quotes what was typed as it is
        from docendo.formatting import visible

        told = io.StringIO()
        error.show(told)
        sys.stderr.write(visible(told.getvalue()))
        sys.exit(error.exit_code)
    except typer.Abort:
        sys.exit(1)
