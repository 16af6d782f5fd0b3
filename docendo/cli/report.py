"""`docendo report`: the results of a run or of a study."""

from pathlib import Path
from typing import Annotated

import typer

from docendo.cli.options import AsJson
from docendo.cli.output import show, show_json
from docendo.cli.runs import check_html_path
from docendo.store import RunDirectory

__all__ = ["report", "report_study"]

_PATH = typer.Argument(
    metavar="RUN", help="A run directory, or a study's folder.", show_default=False
)
_HTML_HELP = "The page. Default: report.html in that folder."


def report(
    path: Annotated[Path, _PATH],
    as_json: AsJson = False,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help=_HTML_HELP)] = None,
) -> None:
    """Show the results of a run or a study.

    Neither need be finished. The report is written as one HTML page too; with --json only
    where --html asks for it.
    """
    from docendo.study.result_files import STUDY_FILE

    check_html_path(html)
    page = html
    if html is None and not as_json:
        page = path / "report.html"

    is_study = (path / STUDY_FILE).exists() or (path / "results").is_dir()
    # a run may hold a folder of that name
    if is_study and not (path / "run.db").exists():
        report_study(path, page, as_json)
    else:
        _report_run(path, page, as_json)


def _report_run(path: Path, page: Path | None, as_json: bool) -> None:
    from docendo.report import summary, terminal_report, write_page

    with RunDirectory.open(path) as run:
        if as_json:
            show_json(summary(run))
        else:
            show(terminal_report(run))
        if page:
            write_page(run, page)
    # with --json nothing else may be on standard output
    if page and not as_json:
        show(f"{page}")


def report_study(folder: Path, page: Path | None, as_json: bool = False) -> None:
    """Show a study's results so far, and write its page.

    Raises UserError where nothing is finished.
    """
    from docendo.study.markdown import render_terminal
    from docendo.study.regimes import split_by_regime
    from docendo.study.result_files import load_study
    from docendo.study.study_page import write_report
    from docendo.study.summary import summarize_study

    study = load_study(folder)
    regimes = split_by_regime(study)
    if as_json:
        show_json(summarize_study(study, regimes))
    else:
        show(render_terminal(study, regimes))
    if page:
        write_report(study, regimes, page)
        if not as_json:
            show(f"{page}")
