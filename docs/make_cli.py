"""Writes docs/cli.md from the commands' help; with --check, exits with 1 where it is stale."""

import sys
from pathlib import Path

from typer.testing import CliRunner
from write_page import write_or_check

from docendo.cli.app import COMMANDS, app

PAGE = Path(__file__).with_name("cli.md")
HEAD = """# Command line

This page is made from the commands' own `--help` by `python docs/make_cli.py`.

Exit codes: 0 done, 1 failed, 2 wrong use, 3 stopped by an alarm, 130 interrupted. Wrong use is one line on standard
error and leaves nothing behind. Progress goes to standard error; `--json` prints one JSON document on standard output
and nothing else.
"""


def make_page() -> str:
    """The help of `docendo`, and then that of every command."""
    sections = [_make_section()]
    for command in COMMANDS:
        sections.append(_make_section(command.name))
    return "\n".join([HEAD, *sections])


def _make_section(*words: str) -> str:
    result = CliRunner().invoke(
        app, [*words, "--help"], prog_name="docendo", terminal_width=100
    )
    title = " ".join(["docendo", *words])
    return f"## {title}\n\n```text\n{result.output.strip()}\n```\n"


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, make_page(), __file__))
