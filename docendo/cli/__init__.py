"""The command line. `main` turns errors that a person can fix into one line."""

import errno
import io
import os
import sys
from typing import cast

import typer

from docendo.cli.app import app, reject_old_names
from docendo.cli.output import complain
from docendo.engines.local.process import prepare_process
from docendo.errors import RunError, UserError
from docendo.formatting import visible

__all__ = ["app", "main"]

_UsageError = cast("type[typer.BadParameter]", typer.BadParameter.__mro__[2])
"""What typer raises for words that are no command line; it has no public name."""
_LOCAL_PACKAGES = {"torch", "transformers", "safetensors"}
_INSTALL_LOCAL = "pip install 'docendo[local]'"


def main() -> None:
    """Run the command that the arguments name, and exit.

    0 done, 1 failed, 2 wrong use, 3 stopped by an alarm, 130 interrupted.
    """
    # a terminal's encoding may lack a character that a model wrote
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    _quiet_libraries()
    prepare_process()

    try:
        reject_old_names(sys.argv[1:])
        sys.exit(app(prog_name="docendo", standalone_mode=False))
    except (UserError, RunError) as error:
        complain(str(error))
        sys.exit(2 if isinstance(error, UserError) else 1)
    except ModuleNotFoundError as error:
        # every other package is asked for by name where it is used
        if error.name not in _LOCAL_PACKAGES:
            raise
        complain(
            f"a local model: the package {error.name} is missing; run: {_INSTALL_LOCAL}"
        )
        sys.exit(2)
    except OSError as error:
        # any other OSError that arrives here is a bug, and shows its traceback
        if error.errno != errno.ENAMETOOLONG:
            raise
        complain(f"{str(error.filename)[:60]}...: no file can have a name as long as that")
        sys.exit(2)
    except _UsageError as error:
        # typer's message quotes what was typed, whatever characters it holds
        message = io.StringIO()
        error.show(message)
        sys.stderr.write(visible(message.getvalue()))
        sys.exit(error.exit_code)
    except typer.Abort:
        sys.exit(1)


def _quiet_libraries() -> None:
    """Keep Hugging Face's libraries from writing between our lines; a set variable stays.

    Without a network they warn five times before the error that says so too.
    """
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    # progress bars of downloads fill log files with carriage returns
    if not sys.stderr.isatty():
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
