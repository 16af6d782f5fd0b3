"""Writes docs/cli.md from the commands' help; with --check only tells whether it is up to date, exit 1 if not."""

import sys
from pathlib import Path

from typer.main import get_command
from typer.testing import CliRunner

from docendo.cli.app import app

PAGE = Path(__file__).with_name("cli.md")
HEAD = """# Command line

This page is made from the commands' own `--help` by `python docs/make_cli.py`.

Exit codes: 0 done, 1 failed, 2 wrong use, 130 interrupted. Wrong use is one line on standard error and leaves nothing
behind. Progress goes to standard error; `--json` prints one JSON document on standard output and nothing else.
"""


def page() -> str:
    """The whole page."""
    names = list(get_command(app).commands)  # type: ignore[attr-defined]
    return "\n".join([HEAD, _section([]), *(_section([name]) for name in names)])


def _section(words: list[str]) -> str:
    shown = CliRunner().invoke(
        app, [*words, "--help"], prog_name="docendo", terminal_width=100
    )
    title = " ".join(["docendo", *words])
    return f"## {title}\n\n```text\n{shown.output.strip()}\n```\n"


def main() -> int:
    wanted = page()
    if "--check" not in sys.argv:
        PAGE.write_text(wanted, encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == wanted:
        return 0
    sys.stderr.write(f"{PAGE} is stale; run: python docs/make_cli.py\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
