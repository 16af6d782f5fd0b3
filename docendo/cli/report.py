"""`docendo report`."""

from pathlib import Path
from typing import Annotated

import typer

from docendo.cli.options import AsJson, RunPath
from docendo.cli.output import show, show_json
from docendo.cli.runs import check_page

__all__ = ["report"]


def report(
    path: RunPath,
    as_json: AsJson = False,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="The page; without it, RUN/report.html.")] = None,
) -> None:
    """Show what a run came to.

    The run need not be finished. The report is written as one HTML page too;
    with --json nothing is written but what --html asks for.
    """
    from docendo.report import summary, terminal_report, write_page
    from docendo.store import RunDirectory

    check_page(html)
    with RunDirectory.open(path) as run:
        page = html or (None if as_json else path / "report.html")
        if as_json:
            show_json(summary(run))
        else:
            show(terminal_report(run))
        if page:
            write_page(run, page)
            if not as_json:
                show(f"{page}")
