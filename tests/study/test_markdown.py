"""A study as Markdown and for a terminal."""

from io import StringIO

from rich.console import Console

from docendo.study.markdown import render_markdown, render_terminal
from docendo.study.regimes import RegimeResults
from docendo.study.results import StudyResults
from docendo.study.sentences import write_headline
from docendo.study.study_page import study_page
from tests.study.test_study_page import flat


def test_page_markdown_and_terminal_report_the_same_results(
    toy: tuple[StudyResults, list[RegimeResults]],
):
    study, found = toy
    page, told = study_page(study, found), render_markdown(study, found)
    console = Console(width=400, record=True, file=StringIO())
    console.print(render_terminal(study, found))
    shown = console.export_text()
    for regime in found:
        mean = regime.bootstrap.measures("teaching")["mean"].estimate("mean")
        for text in (flat(page), told, shown):
            assert regime.name in text
            assert f"{100 * mean.mean:.1f}" in text
    for text in (flat(page), told, shown):
        assert write_headline(found) in text
